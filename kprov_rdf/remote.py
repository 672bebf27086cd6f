"""The remote kind of the Store seam: a SPARQL 1.1 Protocol endpoint, through SPARQLWrapper.

What the default graph is, the endpoint decides. Loading is by INSERT DATA, in
requests of a size that every store takes; a load that was cut short is repeated.
"""

import ast
import http.client
import json
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from itertools import pairwise
from typing import IO, cast
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pyoxigraph as ox
from SPARQLWrapper import INSERT, POST, SELECT, SPARQLExceptions, SPARQLWrapper

from kprov_rdf.errors import InputError, RemoteError
from kprov_rdf.sparql import MAX_DEPTH, Token, syntax_message, tokens
from kprov_rdf.store import (
    QUERY_PREFIXES,
    SUMMARY_GRAPH,
    Answer,
    Bindings,
    Node,
    Value,
    select,
)

# Virtuoso 7 takes about 5,000 quads in one request, and not many more.
_BATCH = 3000
_SECONDS = 60
_MOST = 256 << 20  # bytes of an answer
_NESTED = re.compile(rb'"(?:[^"\\]|\\.)*+"?|<<\(|\)>>|[\[{\]}]', re.DOTALL)
_PLACE = re.compile(r"error at (\d+):(\d+): ([^\n]*)")


def _close(error: BaseException) -> None:
    """Close the answer of HTTP that led to this error, which SPARQLWrapper leaves open."""
    cause = error.__context__
    if isinstance(cause, HTTPError):
        cause.close()


def _whole(response: IO[bytes]) -> bytes:
    """The body of an answer. Raises ``ValueError`` where it is too long, or too slow."""
    parts, length, until = [], 0, time.monotonic() + _SECONDS
    while part := response.read(1 << 16):
        parts.append(part)
        length += len(part)
        if length > _MOST or time.monotonic() > until:
            raise ValueError(f"its answer has more than {_MOST >> 20} MiB, or takes too long")
    return b"".join(parts)


def _answer(data: bytes) -> ox.QuerySolutions | ox.QueryBoolean:
    return ox.parse_query_results(data, ox.QueryResultsFormat.JSON)


def _depth(data: bytes) -> int:
    """How deep brackets, and triple terms, nest: the parsers recurse over them."""
    depth = deepest = 0
    for found in _NESTED.finditer(data):
        depth += 1 if found[0] in (b"{", b"[", b"<<(") else -1 if found[0][:1] != b'"' else 0
        deepest = max(deepest, depth)
    return deepest


def _bound(text: str, bindings: Bindings) -> str:
    """The query with its bindings as VALUES, first in the outermost WHERE.

    There every filter of that group sees them; a sub-select is evaluated before, and has those
    that it projects. What is written is a term in N-Triples form, in which nothing can end the
    term early.
    """
    text = _bound_within(text, bindings)
    found = list(tokens(text))
    at = _where(found)
    values = _values(bindings, bindings)
    after = next((token.text.upper() for token in found if token.start >= at), "")
    if after != "SELECT":
        return text[:at] + values + text[at:]
    end = max(token.start for token in found if token.text == "}")
    return f"{text[:at]}{values}{{{text[at:end]}}}{text[end:]}"  # a sub-select stands alone


def _bound_within(text: str, bindings: Bindings) -> str:
    """The query with VALUES first in each sub-select, of the variables that it projects."""
    found = list(tokens(text))
    selects = [i for i, token in enumerate(found) if token.text.upper() == "SELECT"]
    for at in reversed(selects[1:]):
        names: list[str] = []
        depth = 0
        for place in range(at + 1, len(found)):
            token = found[place]
            if depth == 0 and token.text == "{":
                if found[place + 1].text.upper() != "SELECT":
                    start = token.start + 1
                    text = f"{text[:start]}{_values(names, bindings)}{text[start:]}"
                break
            depth += (token.kind == "open") - (token.kind == "close")
            if depth == 0 and token.kind == "variable" and token.text[1:] in bindings:
                names.append(token.text[1:])
    return text


def _values(names: Iterable[str], bindings: Bindings) -> str:
    chosen = list(names)
    if not chosen:
        return ""
    variables = " ".join(f"?{name}" for name in chosen)
    return f" VALUES ({variables}) {{ ({' '.join(str(bindings[one]) for one in chosen)}) }} "


def _where(found: list[Token]) -> int:
    """The place after the bracket that opens the outermost WHERE.

    A template of CONSTRUCT comes before it, and so may EXISTS in a projection,
    which stands in parentheses.
    """
    depth = opened = 0
    forms = [token.text.upper() for token in found]
    # CONSTRUCT WHERE {…} has no template of its own.
    template = any(pair[0] == "CONSTRUCT" and pair[1] == "{" for pair in pairwise(forms))
    for token in found:
        if token.text == "{" and depth == 0:
            opened += 1
            if opened == 1 + template:
                return token.start + 1
        depth += (token.kind == "open") - (token.kind == "close")
    raise InputError("The query has no WHERE that a parameter could be bound in.")


def _body(error: Exception) -> str:
    """What the endpoint said, which SPARQLWrapper packs into its message as a Python literal."""
    said = str(error).rpartition("Response:\n")[2]
    try:
        return bytes(ast.literal_eval(said)).decode("utf-8", "replace")[:1000]
    except (ValueError, SyntaxError, TypeError):
        return said[:1000]


class RemoteStore:
    """A store that answers at ``url``; updates go to ``update_url``, or there too."""

    def __init__(self, url: str, update_url: str | None = None) -> None:
        for one in (url, update_url or url):
            if urlsplit(one).scheme not in ("http", "https") or not urlsplit(one).hostname:
                raise InputError(
                    f"{one!r} is no address of a SPARQL endpoint; it is written like "
                    "http://localhost:7878/query."
                )
        self._url = url
        self._update_url = update_url or url

    def load(self, nquads: bytes) -> None:
        try:
            # Before anything is sent: what is no N-Quads is refused whole.
            quads = list(ox.parse(nquads, ox.RdfFormat.N_QUADS))
        except SyntaxError as error:
            raise InputError(f"The statements are not N-Quads: {error}.") from error
        for start in range(0, len(quads), _BATCH):
            lines = [
                f"GRAPH {quad.graph_name} {{ {quad.triple} }}"
                if isinstance(quad.graph_name, ox.NamedNode)
                else f"{quad.triple} ."
                for quad in quads[start : start + _BATCH]
            ]
            self._send("INSERT DATA {\n" + "\n".join(lines) + "\n}", update=True)

    def query(self, text: str, bindings: Bindings | None = None) -> Answer:
        declared = {token.text for token in tokens(text) if token.kind == "name"}
        prologue = "".join(
            f"PREFIX {prefix}: <{namespace}> "
            for prefix, namespace in QUERY_PREFIXES.items()
            if f"{prefix}:" not in declared  # the query declares it itself
        )
        body = _bound(text, bindings) if bindings else text
        kind, data = self._send(f"{prologue}\n{body}", shown=text)
        answer = self._parsed(kind, data)
        if bindings and isinstance(answer, ox.QuerySolutions):
            missing = set(bindings) - {variable.value for variable in answer.variables}
            if missing:
                del answer
                raise InputError(
                    f"The query cannot be answered: it does not select ?{', ?'.join(missing)}, "
                    "which was to be bound."
                )
        return answer

    def _parsed(self, kind: str, data: bytes) -> Answer:
        """What was answered, read whole, so that what is wrong with it shows here."""
        try:
            if "json" not in kind and "n-triples" not in kind:
                raise ValueError(f"its type is {kind[:100]}")
            if _depth(data) > MAX_DEPTH:
                raise ValueError("it is nested too deep")
            if "json" not in kind:
                return iter([quad.triple for quad in ox.parse(data, ox.RdfFormat.N_TRIPLES)])
            # No variable holds rows that raise: the traceback would keep them, until a thread
            # drops them that pyoxigraph does not let.
            if isinstance(_answer(data), ox.QuerySolutions):
                for _ in _answer(data):  # type: ignore[union-attr]  # rows are read when asked for
                    pass
            return _answer(data)
        except (SyntaxError, ValueError) as error:
            raise RemoteError(
                f"What {self._url} answers is no answer of SPARQL 1.1: {error}. Is it the address "
                "of a SPARQL endpoint?"
            ) from error

    def graphs(self) -> list[str]:
        text = "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }"
        answer = select(self, text)
        found = (row["g"].value for row in answer if isinstance(row["g"], ox.NamedNode))
        return sorted(name for name in found if name != SUMMARY_GRAPH)

    def graph(self, iri: str) -> list[ox.Triple]:
        name = ox.NamedNode(iri)
        answer = self.query(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH {name} {{ ?s ?p ?o }} }}")
        return list(cast(Iterator[ox.Triple], answer))

    def quads(
        self, subject: Node | None, predicate: ox.NamedNode | None, value: Value | None
    ) -> Iterator[ox.Quad]:
        given = {"s": subject, "p": predicate, "o": value}
        if any(isinstance(term, ox.BlankNode | ox.Triple) for term in given.values()):
            return
        bound = {name: term for name, term in given.items() if term is not None}
        for row in select(self, "SELECT * { GRAPH ?g { ?s ?p ?o } }", cast(Bindings, bound)):
            yield ox.Quad(*(cast(ox.NamedNode, row[name]) for name in "spog"))

    def _send(
        self, text: str, *, update: bool = False, shown: str | None = None
    ) -> tuple[str, bytes]:
        """Send a query or an update; the media type and the bytes of the answer."""
        client = SPARQLWrapper(self._url, self._update_url)
        client.setTimeout(_SECONDS)
        client.setMethod(POST)
        # Not setQuery(): it guesses from the text, and would send what looks like an
        # update as one.
        client.queryString = text
        client.queryType = INSERT if update else SELECT
        client.addCustomHttpHeader(
            "Accept", "application/sparql-results+json, application/n-triples;q=0.9"
        )
        try:
            with closing(client.query().response) as response:
                return str(response.headers.get("Content-Type")), _whole(response)
        except SPARQLExceptions.SPARQLWrapperException as error:
            _close(error)
            raise InputError(self._refusal(_body(error), shown)) from error
        except HTTPError as error:
            with error:
                told = error.read(1000).decode("utf-8", "replace")
            raise InputError(self._refusal(f"{error}. {told}", shown)) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            _close(error)
            raise RemoteError(
                f"The endpoint {self._url} does not answer: {error}. Is it the address of a "
                "SPARQL endpoint, and does the server run?"
            ) from error

    def _refusal(self, error: str, text: str | None) -> str:
        with suppress(ValueError, TypeError, KeyError):  # a problem of RFC 9457, as kprov's own
            error = str(json.loads(error)["detail"])
        place = _PLACE.search(error)
        if place and text is not None:
            # The prefixes stand in a line of their own before the text.
            moved = f"error at {int(place[1]) - 1}:{place[2]}: {place[3]}"
            return syntax_message(text, moved, QUERY_PREFIXES)
        return (
            f"The endpoint {self._url} refused it: {error.strip()} (If it is no endpoint at all: "
            "its address often ends in /sparql.)"
        )
