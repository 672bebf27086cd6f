"""Streams of server-sent events (HTML standard, section 9.2): a run's epochs, the list of runs.

The id of an event is the number of the last epoch that it tells, so that a page that
was cut off goes on after it, whatever happened to the server meanwhile.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from flask import Blueprint, Response, abort, current_app, request, stream_with_context
from werkzeug.exceptions import NotFound

from kprov_rdf.linked import html, series
from kprov_rdf.linked.documents import bases
from kprov_rdf.runs import RUNNING, RunInfo, listing
from kprov_rdf.server.keeper import Keeper
from kprov_rdf.server.negotiate import newest
from kprov_rdf.server.state import State

# A stream that says nothing for longer is taken for dead by what is between.
HEARTBEAT_SECONDS = 15.0
# How soon the place of a page that was closed is free again.
_GONE_SECONDS = 1.0
_RETRY_SECONDS = 5
_STREAM = "text/event-stream"

blueprint = Blueprint("live", __name__)
Told = tuple[str, Any, int | None]


def _state() -> State:
    return current_app.extensions["kprov"]  # type: ignore[no-any-return]


def _event(name: str, data: Any, number: int | None) -> str:
    """One event; JSON has no line ends, which would end the field."""
    line = f"id: {number}\n" if number is not None else ""
    return f"event: {name}\n{line}data: {json.dumps(data)}\n\n"


def _stream(state: State, turn: Callable[[], Iterator[Told]], pause: float) -> Response:
    """A stream that takes a turn whenever something changed; 503 when there are too many.

    ``pause`` is the least time in seconds between two turns.
    """
    if not state.streams.acquire(blocking=False):
        response = Response("Too many pages follow this server. Ask now and then.\n", 503)
        response.headers["Retry-After"] = str(_RETRY_SECONDS)
        return response

    keeper, gone = state.keeper, request.environ.get("waitress.client_disconnected", bool)

    def events() -> Iterator[str]:
        yield "retry: 2000\n\n"
        while not (keeper.stopping or gone()):
            version = keeper.version
            for name, data, number in turn():
                yield _event(name, data, number)
                if name == "end":
                    return
            keeper.pause(pause)
            silent = 0.0
            while keeper.wait(version, _GONE_SECONDS) == version and not (
                keeper.stopping or gone()
            ):
                silent += _GONE_SECONDS
                if silent >= HEARTBEAT_SECONDS:
                    yield ": still here\n\n"
                    silent = 0.0

    response = Response(stream_with_context(events()), mimetype=_STREAM)
    # Called however the stream ends; also where it was never begun.
    response.call_on_close(state.streams.release)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _streamed() -> bool:
    """Whether a stream is wanted: an EventSource says so; everything else gets what is there."""
    return any(value == _STREAM for value, _ in request.accept_mimetypes)


@blueprint.get("/live")
def runs() -> Response:
    """The list of runs, whenever it changed."""
    state = _state()
    keeper, limit = state.keeper, newest()

    def rows() -> list[dict[str, Any]]:
        return [html.row(run) for run in keeper.runs(limit)]

    if not _streamed():
        return Response(json.dumps(rows()), mimetype="application/json")
    before: list[Any] = []

    def turn() -> Iterator[Told]:
        found = rows()
        if found != before:
            before[:] = found
            yield "runs", found, None

    return _stream(state, turn, pause=1.0)


def _run(keeper: Keeper, run_id: str) -> RunInfo:
    for base in bases(keeper.store, keeper.base, f"run/{run_id}"):
        try:
            found = listing(keeper.store, keeper.living, f"{base}run/{run_id}")
        except ValueError:
            break  # no IRI has this id
        if found:
            return found[0]
    raise NotFound(f"There is no run {run_id!r}.")


@blueprint.get("/live/<run_id>")
def run(run_id: str) -> Response:
    """The epochs of one run: those after ``after`` or the last event's id, then each new one."""
    state = _state()
    keeper = state.keeper
    known = _run(keeper, run_id)
    given = request.headers.get("Last-Event-ID") or request.args.get("after") or "-1"
    try:
        last = [max(-1, min(int(given), 1 << 53))]
    except ValueError:
        abort(400, f"The number of an epoch was wanted, found {given!r}.")
    told: list[Any] = []

    def news() -> dict[str, Any] | None:
        """What is new since the last time; None where nothing is."""
        found = series.epochs(keeper.store, known.iri, last[0])
        state_now = listing(keeper.store, keeper.living, known.iri)[0]
        now = [state_now.status, state_now.epochs]
        if not found and now == told:
            return None
        told[:] = now
        if found:
            last[0] = found[-1]["epoch"]
        return {"epochs": found, "status": now[0], "count": now[1]}

    if not _streamed():
        return Response(json.dumps(news()), mimetype="application/json")

    def turn() -> Iterator[Told]:
        data = news()
        if data:
            yield "epochs", data, last[0]
        if told and told[0] != RUNNING:
            yield "end", told[0], last[0]

    return _stream(state, turn, pause=0.2)
