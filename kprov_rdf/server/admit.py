"""What is taken of a journal that a trainer sends, and what is refused.

Who sends may be mistaken or mean harm. So a journal may say things in the graph of its
own run, and in the catalog of that run only; and what the parser might not stand, or
ingest could not load, never gets into the folder.
"""

import json
import re

import pyoxigraph as ox

from kprov_capture.identity import Names
from kprov_capture.journal import HEADER
from kprov_capture.terms import RDF_TYPE, Dnnprov, Prov
from kprov_rdf import journal
from kprov_rdf.errors import RefusedError
from kprov_rdf.journal import Position, Reading

_LONGEST_HEADER = 4096
_RUN = re.compile(r"(.*/)run/([^/]*)\Z", re.DOTALL)
_COMMIT = re.compile(rb"# commit [0-9]+ [0-9a-f]{64}(?: end)?")
# One statement as kprov writes it: no blank nodes, no triple terms (which the parser
# recurses into), nothing in the default graph.
_IRI = rb'<([^<>"{}|^`\x00-\x20]*)>'
_LITERAL = (
    rb'"(?:[^"\\\x00-\x1f]|\\.)*+"(?:\^\^<[^<>"{}|^`\x00-\x20]*>|@[A-Za-z]+(?:-[A-Za-z0-9]+)*)?'
)
_STATEMENT = re.compile(
    _IRI + b" " + _IRI + b" (?:" + _IRI + b"|" + _LITERAL + b") " + _IRI + b" \\."
)
_AGENTS = {
    kind.encode() for kind in (Prov.Agent, Prov.SoftwareAgent, Prov.Person, Dnnprov.CaptureLibrary)
}


def head(run_id: str, line: bytes) -> Names:
    """The names of the run, from the first line of its journal. Raises ``RefusedError``."""
    if not line.startswith(HEADER.encode()) or len(line) > _LONGEST_HEADER:
        raise RefusedError(f"This does not begin as a journal does ({HEADER.strip()!r}).")
    try:
        told = json.loads(line.decode().removeprefix(HEADER))
        found = _RUN.match(told["run"])
        process = told["process"]
        plain = all(isinstance(one, str | int | None) for one in process.values())
        names = Names(run_id, found[1]) if found and found[2] == run_id else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RefusedError("The first line of the journal cannot be understood.") from error
    if names is None:
        raise RefusedError(f"The journal is not that of run {run_id}, as its first line says.")
    if set(told) != {"run", "process"} or not plain:
        raise RefusedError("The first line of the journal says something else than of a run.")
    return names


def whole(body: bytes, start: Position) -> Reading:
    """The whole batches of ``body``, which follow ``start``. Raises ``RefusedError``."""
    try:
        return journal.whole(body, start)
    except ValueError as error:
        raise RefusedError(f"The journal is damaged: {error}. Nothing of it was taken.") from error


def check(names: Names, text: bytes, first: bool) -> None:
    """Look at the statements of whole batches; ``first``: they begin with the first line.

    Raises ``RefusedError``.
    """
    lines = text.split(b"\n")[int(first) : -1]
    kept = [line for line in lines if not _COMMIT.fullmatch(line)]
    for line in kept:
        _check_line(names, line)
    try:
        for _ in ox.parse(b"\n".join(kept), ox.RdfFormat.N_QUADS):
            pass
    except SyntaxError as error:
        raise RefusedError(f"The journal holds something else than N-Quads: {error}.") from error


def _check_line(names: Names, line: bytes) -> None:
    found = _STATEMENT.fullmatch(line)
    if found is None:
        shown = line[:80].decode("utf-8", "replace")
        raise RefusedError(f"The journal has a line that is no statement of kprov's: {shown!r}.")
    subject, predicate, what, graph = found.groups()
    if graph == names.run.encode():
        return
    about_run = subject == names.run.encode()
    about_agent = (
        subject.startswith(f"{names.base}agent/".encode())
        and predicate == RDF_TYPE.encode()
        and what in _AGENTS
    )
    if graph != names.catalog.encode():
        where = graph[:200].decode("utf-8", "replace")
        raise RefusedError(f"The journal of {names.run} says something in the graph {where}.")
    if not (about_run or about_agent):
        raise RefusedError("The journal says something of other things in the catalog.")
