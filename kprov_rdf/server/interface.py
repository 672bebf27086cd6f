"""The route of DfAnalyzer's query interface: specifications in, rows out.

``POST /query_interface/TAG/VERSION`` with the form field ``message``, as its page sends it, or
with the specification as the body (``text/plain``, ``application/json``). Values of parameters
stand in the address: ``?epoch=9``. Without an Accept header the answer is what it was there:
the query that was generated, and how long it took; rows come as JSON, XML, CSV or TSV.
"""

import time
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import (
    BadRequest,
    NotAcceptable,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from kprov_rdf.builder import MAX_BYTES
from kprov_rdf.linked.forms import Form
from kprov_rdf.server.negotiate import best
from kprov_rdf.server.sparql import SOLUTIONS, refusal
from kprov_rdf.server.state import State

TEXT = Form("txt", "text", ("text/plain",))
_FORM = "application/x-www-form-urlencoded"
_TEXTS = ("text/plain", "application/json")

blueprint = Blueprint("interface", __name__)


@blueprint.post("/query_interface/<tag>/<int:version>")
@blueprint.post("//query_interface/<tag>/<int:version>", merge_slashes=False)
def query(tag: str, version: int) -> Response:  # noqa: ARG001
    """Answer a specification about the runs of one dataflow, unless it names others itself.

    There the version was that of the dataflow; here a run says which one it followed.
    """
    state: State = current_app.extensions["kprov"]
    form = best(request.accept_mimetypes, (TEXT, *SOLUTIONS))
    if form is None:
        listed = ", ".join(one.types[0] for one in (TEXT, *SOLUTIONS))
        raise NotAcceptable(f"The answer can be had as {listed}.")
    asked: dict[str, Any] = {
        "specification": _message(),
        "tag": tag,
        "given": dict(request.args.items()),
        "living": sorted(state.keeper.living),
        "query": "",
        "solutions": "csv" if form is TEXT else form.suffix,
        "graphs": None,
        "default_graphs": [],
        "named_graphs": [],
    }
    began = time.monotonic()
    with state.keeper.copy() as store:
        told, data = state.pool.answer(store, asked)
    if told["status"] != HTTPStatus.OK:
        raise refusal(state, told["status"], told["error"])
    if form is TEXT:
        rows = f"{told['rows']}{' or more' if told['cut'] else ''}"
        data = (
            f"{told['query']}\nQuery elapsed time (generation + execution): "
            f"{(time.monotonic() - began) * 1000:.0f} ms\n"
            f"Rows: {rows}; they come as Accept: text/csv or application/json\n"
        ).encode()
    response = Response(data, content_type=f"{form.types[0]}; charset=utf-8")
    response.vary.add("Accept")
    if told["cut"]:
        response.headers["X-KProv-Truncated"] = f"rows={told['rows']}"
    return response


def _message() -> str:
    """The specification that was sent."""
    body = request.get_data(cache=False)
    if len(body) > MAX_BYTES:
        raise RequestEntityTooLarge(f"A specification may have at most {MAX_BYTES >> 10} KiB.")
    if request.content_encoding and request.content_encoding != "identity":
        raise UnsupportedMediaType("A specification is sent as it is, with no Content-Encoding.")
    try:
        text = body.decode()
        if request.mimetype in _TEXTS:
            return text
        if request.mimetype and request.mimetype != _FORM:
            raise UnsupportedMediaType(
                f"A specification is sent as {_FORM} with the field 'message', or as "
                f"{' or '.join(_TEXTS)}; found {request.mimetype!r}."
            )
        messages = parse_qs(text, keep_blank_values=True, errors="strict").get("message", [])
    except ValueError as error:
        raise BadRequest(f"The specification must be in UTF-8: {error}.") from error
    if len(messages) != 1:
        raise BadRequest(
            f"The request needs one field 'message' with a specification, found {len(messages)}. "
            "Try: curl --data-urlencode 'message=projection(otrainingmodel.epoch_id)'"
        )
    return messages[0]
