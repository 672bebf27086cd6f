"""What the server tells of itself, and what it hands to commands on the same machine."""

from typing import Any

from flask import Blueprint, abort, current_app, request

from kprov_rdf.errors import BusyError, JournalDamagedError, KprovError
from kprov_rdf.server.state import State
from kprov_rdf.server.tokens import authorised

blueprint = Blueprint("service", __name__)


@blueprint.get("/health")
def health() -> tuple[dict[str, Any], int]:
    """Whether the journals that exist are loaded; and what keeps one from it."""
    keeper = current_app.extensions["kprov"].keeper
    status = "loading" if not keeper.loaded else "degraded" if keeper.problem else "ok"
    told = {"status": status, "problem": keeper.problem or None}
    return told, 200 if keeper.loaded else 503


@blueprint.post("/snapshot")
def snapshot() -> tuple[dict[str, Any], int]:
    """A snapshot folder for a command on this machine, with all that the journals hold."""
    state: State = current_app.extensions["kprov"]
    if not authorised(request):
        abort(401, "A snapshot is given only to who shows the token of this server.")
    reader = request.get_json()
    if not isinstance(reader, dict):
        abort(400, "The process that reads was wanted, as a JSON object.")
    try:
        folder, living = state.keeper.lend(reader)
    except KprovError as error:
        return _refusal(error)
    return {"snapshot": str(folder), "living": sorted(living)}, 200


@blueprint.post("/compaction")
def compaction() -> tuple[dict[str, Any], int]:
    """Compact the store, for a command on this machine. Answers wait until that is done."""
    state: State = current_app.extensions["kprov"]
    if not authorised(request):
        abort(401, "The store is compacted only for who shows the token of this server.")
    try:
        state.keeper.compact()
    except KprovError as error:
        return _refusal(error)
    return {}, 200


def _refusal(error: KprovError) -> tuple[dict[str, Any], int]:
    kinds = {JournalDamagedError: 409, BusyError: 503}
    status = next((code for kind, code in kinds.items() if isinstance(error, kind)), 507)
    return {"error": str(error)}, status
