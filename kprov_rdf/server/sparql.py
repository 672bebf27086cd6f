"""``/sparql``: the query operation of the SPARQL 1.1 Protocol (section 2.1)."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import (
    BadRequest,
    Forbidden,
    HTTPException,
    NotAcceptable,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from kprov_rdf.errors import LimitError
from kprov_rdf.linked.forms import FORMS, HTML, Form
from kprov_rdf.linked.html import MAX_ROWS, Answer, query_page
from kprov_rdf.linked.view import Linker
from kprov_rdf.server.negotiate import best, open_to_all
from kprov_rdf.server.pool import memory_message
from kprov_rdf.server.state import State

SOLUTIONS = (
    Form("json", "JSON", ("application/sparql-results+json", "application/json", "text/json")),
    Form("xml", "XML", ("application/sparql-results+xml", "application/xml", "text/xml")),
    Form("csv", "CSV", ("text/csv",)),
    Form("tsv", "TSV", ("text/tab-separated-values",)),
)
# PROV-N is a form of a run's record, and not of any statements.
GRAPHS = FORMS[:-1]
_BY_NAME = {form.suffix: form for form in (*SOLUTIONS, *GRAPHS)}
_FORM = "application/x-www-form-urlencoded"
_QUERY = "application/sparql-query"
MAX_QUERY = 256 * 1024
# A page shows that many rows of an answer and no more text; programs get all of it.
_PAGE = {"rows": MAX_ROWS, "bytes": 4 << 20}

blueprint = Blueprint("sparql", __name__)


def _parameters() -> dict[str, list[str]]:
    """The parameters of the operation, whichever of its three ways the request took."""
    given = {name: request.args.getlist(name) for name in request.args}
    if request.method != "POST":
        return given
    body = request.get_data(cache=False)
    if len(body) > MAX_QUERY:
        raise RequestEntityTooLarge(f"A query may have at most {MAX_QUERY // 1024} KiB.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest(f"The query must be in UTF-8: {error}.") from error
    if request.content_encoding and request.content_encoding != "identity":
        raise UnsupportedMediaType("A query is sent as it is, with no Content-Encoding.")
    if request.mimetype == _QUERY:
        if "query" in given:
            raise BadRequest("The query is given twice: in the address and in the body.")
        return given | {"query": [text]}
    if request.mimetype == _FORM:
        for name, values in parse_qs(text, keep_blank_values=True).items():
            given.setdefault(name, []).extend(values)
        return given
    if not request.mimetype:
        raise BadRequest(f"The request needs a Content-Type: {_QUERY} or {_FORM}.")
    if request.mimetype == "application/sparql-update":
        raise Forbidden("This endpoint answers queries only; nothing can be changed through it.")
    raise UnsupportedMediaType(
        f"A query is sent as {_QUERY} or {_FORM}, found {request.mimetype!r}."
    )


def _wanted(given: dict[str, list[str]]) -> tuple[Form | None, Form | None]:
    """The forms for solutions and for graphs.

    The header decides; ``format`` only where it says nothing (or a browser says what it
    always says), since SPARQLWrapper sends both and means the header.
    """
    accept = request.accept_mimetypes
    names = given.get("format", [])
    if names and (open_to_all(accept) or accept.quality("text/html") > 0):
        chosen = _BY_NAME.get(names[0].lower())
        if chosen is None:
            raise NotAcceptable(
                f"There is no format {names[0]!r}; there are {', '.join(_BY_NAME)}."
            )
        return (
            chosen if chosen in SOLUTIONS else SOLUTIONS[0],
            chosen if chosen in GRAPHS else GRAPHS[0],
        )
    return best(accept, SOLUTIONS), best(accept, GRAPHS)


def _text(given: dict[str, list[str]]) -> str:
    if "update" in given:
        raise Forbidden("This endpoint answers queries only; nothing can be changed through it.")
    texts = given.get("query", [])
    if len(texts) != 1:
        found = "none" if not texts else str(len(texts))
        raise BadRequest(
            f"The request needs one parameter 'query' with a query in SPARQL 1.1, found {found}. "
            "Try ?query=SELECT+*+{?s+?p+?o}+LIMIT+10"
        )
    return texts[0]


@blueprint.route("/sparql", methods=["GET", "POST"])
def sparql() -> Response:
    """Answer a query, in a process of its own and over a snapshot; browsers get a page."""
    state: State = current_app.extensions["kprov"]
    given = _parameters()
    if _browser(given):
        return _page(state, given)
    solutions, graphs = _wanted(given)
    told, data = _ask(state, given, solutions, graphs)
    if told["status"] != HTTPStatus.OK:
        raise refusal(state, told["status"], told["error"])
    form = next(one for one in (*SOLUTIONS, *GRAPHS) if one.suffix == told["form"])
    response = Response(data, content_type=f"{form.types[0]}; charset=utf-8")
    response.vary.add("Accept")
    if told["cut"]:
        response.headers["X-KProv-Truncated"] = f"rows={told['rows']}"
    return response


def _ask(
    state: State,
    given: dict[str, list[str]],
    solutions: Form | None,
    graphs: Form | None,
    limits: Mapping[str, int] = MappingProxyType({}),
) -> tuple[dict[str, Any], bytes]:
    asked = {
        "query": _text(given),
        "solutions": solutions and solutions.suffix,
        "graphs": graphs and graphs.suffix,
        "default_graphs": given.get("default-graph-uri", []),
        "named_graphs": given.get("named-graph-uri", []),
        **limits,
    }
    with state.keeper.copy() as store:
        return state.pool.answer(store, asked)


def _browser(given: dict[str, list[str]]) -> bool:
    """Whether a page is wanted most, and no other form is named."""
    chosen = best(request.accept_mimetypes, (*SOLUTIONS, *GRAPHS, HTML))
    return chosen is HTML and "format" not in given


def _page(state: State, given: dict[str, list[str]]) -> Response:
    """The page on which a query is typed, with its answer or what is wrong with it."""
    status, answer, text = 200, None, given.get("query", [None])[0]
    problem = ""
    try:
        if text is not None:
            told, data = _ask(state, given, SOLUTIONS[0], GRAPHS[0], _PAGE)
            status = told["status"]
            if status == HTTPStatus.OK:
                answer = Answer.read(data, told["form"], told["rows"], told["cut"])
            else:
                problem = str(refusal(state, status, told["error"]).description)
    except LimitError as error:
        status, problem = 503, str(error)
    page = query_page(Linker("sparql", state.keeper.base), text, answer, problem)
    response = Response(page, status, mimetype="text/html")
    response.vary.add("Accept")
    return response


def refusal(state: State, status: int, said: str) -> HTTPException:
    """What the child would not do, as an error of HTTP."""
    limits = state.pool.limits
    if status == HTTPStatus.NOT_ACCEPTABLE:
        forms = SOLUTIONS if said == "solutions" else GRAPHS
        listed = ", ".join(form.types[0] for form in forms)
        return NotAcceptable(f"The answer can be had as {listed}.")
    if said == "memory":
        said = memory_message(limits)
    if said == "bytes":
        said = (
            f"The answer is longer than {limits.bytes >> 20} MiB, or than 4 MiB for a page. Add a "
            "LIMIT, or ask for less of each row."
        )
    error = HTTPException(said)
    error.code = status
    return error
