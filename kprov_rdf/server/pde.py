"""The routes of DfAnalyzer that its clients send dataflows and tasks to.

Unlike there, an answer of 200 says that what was sent stands in a journal.
"""

import ipaddress
import json
import re
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, request

from kprov_rdf.server import tokens
from kprov_rdf.server.relay import Relay

blueprint = Blueprint("pde", __name__)
_PORT = re.compile(r":\d*\Z")
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def check_writer() -> None:
    """Who may write: a program of this machine, or who shows the token; no page of a browser.

    A page of another site cannot send JSON without being asked first, which is never
    allowed; what tells of one is refused all the same.
    """
    if request.mimetype != "application/json":
        abort(415, "Send JSON, with the header Content-Type: application/json.")
    origin = request.headers.get("Origin")
    fetched = request.headers.get("Sec-Fetch-Site", "none")
    if fetched not in ("none", "same-origin") or (
        origin is not None and urlsplit(origin).netloc != request.host
    ):
        abort(403, "Pages of other sites may not write.")
    if tokens.authorised(request):
        return
    shown = request.headers.get("Authorization")
    if shown or not (_is_loopback() and _PORT.sub("", request.host).lower() in _LOOPBACK):
        abort(401, "Only programs on this machine write without the token of this server.")


def _is_loopback() -> bool:
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


@blueprint.post("/pde/dataflow/json")
@blueprint.post("//pde/dataflow/json", merge_slashes=False)
def dataflow() -> Response:
    """The specification of a dataflow, which takes the place of an earlier one with its tag."""
    check_writer()
    message = _message()
    _relay().dataflow(message)
    return _echo(message)


@blueprint.post("/pde/task/json")
@blueprint.post("//pde/task/json", merge_slashes=False)
def task() -> Response:
    """That a task began, read, wrote, or ended."""
    check_writer()
    message = _message()
    _relay().task(message)
    return _echo(message)


def _relay() -> Relay:
    return current_app.extensions["kprov-relay"]  # type: ignore[no-any-return]


def _message() -> Any:
    try:
        return json.loads(request.get_data(), object_pairs_hook=_once)
    except RecursionError:
        abort(400, "The JSON is nested too deeply.")
    except ValueError as error:
        abort(400, f"That is no JSON: {error}.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _echo(message: Any) -> Response:
    return Response(json.dumps(message), mimetype="application/json")
