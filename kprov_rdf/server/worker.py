"""Answers queries in a process that may be killed: the child of ``pool``.

Requests and answers go over its standard input and output: a line of JSON, and after
the answer's line as many bytes as it says. An empty line says that it has started.
"""

import contextlib
import io
import json
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kprov_rdf import builder, results, sparql
from kprov_rdf.errors import InputError, RefusedError
from kprov_rdf.linked.forms import rdf
from kprov_rdf.sparql import syntax_message
from kprov_rdf.store import QUERY_PREFIXES, LocalStore


class _TooLongError(Exception):
    pass


class _Bounded(io.StringIO):
    """Text up to a number of characters."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._left = limit

    def write(self, text: str) -> int:
        self._left -= len(text)
        if self._left < 0:
            raise _TooLongError
        return super().write(text)


def limit_memory(more: int) -> None:
    """Let this process take at most so many bytes of address space beyond what it has (Linux)."""
    try:
        import resource

        has = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (has + more, most))
    except (ImportError, OSError, ValueError):
        return  # elsewhere time and length are limited all the same


def _alarm(seconds: float) -> None:
    """Let this process end by itself after so long, should its parent be gone (POSIX)."""
    with contextlib.suppress(AttributeError):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def answer(store: ox.Store, asked: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Answer one request: what is said of the answer, and its bytes.

    ``asked`` has query (or a specification, with its tag, the values of its parameters, and the
    runs that go on), the form wanted of solutions and of graphs (None: not acceptable),
    graphs of the dataset, and the limits on rows and bytes.
    """
    text = asked["query"]
    try:
        if "specification" in asked:
            text = _compiled(store, asked)
        sparql.refuse_deep(text)
        sparql.refuse_service(text)
        default = [ox.NamedNode(name) for name in asked["default_graphs"]]
        named = [ox.NamedNode(name) for name in asked["named_graphs"]]
        # What the protocol names is the whole dataset; else what the query names; else all.
        given = bool(default or named)
        ask = partial(
            store.query,
            prefixes=QUERY_PREFIXES,
            use_default_graph_as_union=not (given or sparql.names_dataset(text)),
            default_graph=[*default] if given else None,
            named_graphs=[*named] if given else None,
        )
        try:
            found = ask(sparql.in_kinds(text))
        except SyntaxError:
            found = ask(text)  # for the place of the error
        if isinstance(found, (ox.QuerySolutions, ox.QueryBoolean)):
            return _solutions(found, {**asked, "query": text})
        return _triples(found, asked)
    except SyntaxError as error:
        return {"status": 400, "error": syntax_message(text, str(error), QUERY_PREFIXES)}, b""
    except InputError as error:
        status = 403 if isinstance(error, RefusedError) else 400
        return {"status": status, "error": str(error)}, b""
    except (RuntimeError, ValueError, OSError) as error:
        return {"status": 400, "error": f"The query cannot be answered: {error}."}, b""
    except MemoryError:
        return {"status": 503, "error": "memory"}, b""


class _Opened(LocalStore):
    """The store that is open already, and the runs that go on."""

    def __init__(self, store: ox.Store, living: Iterable[str]) -> None:
        self._store = store
        self.living = frozenset(living)


def _compiled(store: ox.Store, asked: Mapping[str, Any]) -> str:
    """The query that a specification becomes; its tag counts where it names none itself."""
    said = builder.read(asked["specification"])
    if not said.runs.tags:
        said = replace(said, runs=replace(said.runs, tags=(asked["tag"],)))
    return builder.sparql(said, _Opened(store, asked["living"]), asked["given"]).text


def _solutions(
    found: ox.QuerySolutions | ox.QueryBoolean, asked: Mapping[str, Any]
) -> tuple[dict[str, Any], bytes]:
    form = asked["solutions"]
    if form is None:
        return {"status": 406, "error": "solutions"}, b""
    out = _Bounded(asked["bytes"])
    if isinstance(found, ox.QueryBoolean):
        results.write_boolean(bool(found), form, out)
        return {"status": 200, "form": form, "rows": 1, "cut": False}, out.getvalue().encode()
    names = sparql.in_order(asked["query"], [variable.value for variable in found.variables])
    rows = _Rows(([row[name] for name in names] for row in found), asked["rows"])
    try:
        results.write(names, rows, form, out)
    except _TooLongError:
        return {"status": 503, "error": "bytes"}, b""
    told = {"status": 200, "form": form, "rows": rows.count, "cut": rows.cut}
    if "specification" in asked:
        told["query"] = asked["query"]
    return told, out.getvalue().encode("utf-8", "replace")


def _triples(found: Iterator[ox.Triple], asked: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    form = asked["graphs"]
    if form is None:
        return {"status": 406, "error": "graphs"}, b""
    triples = list(islice(found, asked["rows"] + 1))
    cut = len(triples) > asked["rows"]
    data = rdf(triples[: asked["rows"]], form)
    if len(data) > asked["bytes"]:
        return {"status": 503, "error": "bytes"}, b""
    told = {"status": 200, "form": form, "rows": len(triples) - cut, "cut": cut}
    return told, data


class _Rows:
    """Rows up to a number; ``cut`` says whether there were more."""

    def __init__(self, rows: Iterator[list[Any]], limit: int) -> None:
        self._rows = rows
        self._limit = limit
        self.count = 0
        self.cut = False

    def __iter__(self) -> Iterator[list[Any]]:
        for row in self._rows:
            if self.count >= self._limit:
                self.cut = True
                return
            self.count += 1
            yield row


def main() -> None:
    """Answer what comes in until it ends."""
    read, write = sys.stdin.buffer, sys.stdout.buffer
    write.write(b"\n")
    write.flush()
    opened: tuple[str, ox.Store] | None = None
    for line in read:
        asked = json.loads(line)
        if opened is None or opened[0] != asked["store"]:
            opened = None  # two stores at once would need twice the memory
            opened = (asked["store"], ox.Store.read_only(asked["store"]))
        limit_memory(asked["memory"])
        _alarm(asked["seconds"] + 2)
        try:
            told, data = answer(opened[1], asked)
        except Exception as error:  # told, and not taken for what ended the process
            told, data = {"status": 500, "error": f"This is a bug of kprov: {error!r}"}, b""
        _alarm(0)
        limit_memory(1 << 40)  # none, while the next store is opened
        write.write(json.dumps(told | {"length": len(data)}).encode() + b"\n" + data)
        write.flush()


if __name__ == "__main__":
    main()
