"""Which documents there are, and what stands in each.

A record (a run, an import, the catalog, the links) is a document: its IRI names a graph. What
is no document (content, an agent, a dataflow, a metric) has one that describes it,
under ``doc/`` (Cool URIs for the Semantic Web, section 4.2). IRIs are found by their
path, whatever the host and port, since the paths are unique.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import pyoxigraph as ox

from kprov_capture.identity import DEFAULT_BASE
from kprov_capture.terms import Prov
from kprov_rdf import removals
from kprov_rdf.exchange.writing import about
from kprov_rdf.store import PREFIXES, Store, select

RECORDS = ("run", "import", "catalog", "links")
THINGS = ("content", "dataflow", "agent", "metric", "setting", "attribute")
# A data set may be used by every run there is; a page lists that many of them.
MAX_INCOMING = 1000
_MOST_BASES = 20
_HAS_PART = ox.NamedNode(PREFIXES["dcterms"] + "hasPart")
_INVALIDATED = ox.NamedNode(Prov.wasInvalidatedBy)
_RUN = re.compile(r"(https?://.*/)run/[0-9a-f-]{36}").fullmatch
_FILE = re.compile(r"(?!\.{1,2}\Z)(?!index\.html\Z)[^/\x00\\]+").fullmatch
# What a file system takes of a name, with room for a suffix, and of a path.
_MOST_BYTES, _MOST_IN_ALL = 200, 1000


@dataclass(frozen=True)
class Document:
    """A document: where it is under the base, the IRI that it is about, its statements.

    ``about`` is what the catalog says of a record; ``incoming`` are statements of others
    that name what is described, and ``cut`` says that there are more of them.
    ``base`` is what the paths are under. ``gone`` tells how a record was removed.
    """

    path: str
    subject: str
    base: str
    triples: list[ox.Triple]
    about: list[ox.Triple] = field(default_factory=list)
    incoming: list[ox.Triple] = field(default_factory=list)
    cut: bool = False
    gone: str = ""

    @property
    def statements(self) -> list[ox.Triple]:
        """All of them, each once."""
        return list(dict.fromkeys([*self.triples, *self.about, *self.incoming]))

    @property
    def kind(self) -> str:
        return self.path.removeprefix("doc/").partition("/")[0]


def bases(store: Store, preferred: str, path: str) -> Iterator[str]:
    """The bases under which ``path`` may be, the likeliest first; at most a few."""
    yield preferred
    if preferred != DEFAULT_BASE:
        yield DEFAULT_BASE
    told = {preferred, DEFAULT_BASE}
    record = f"/{path}" if path.startswith("run/") else None
    for graph in store.graphs():
        found = _RUN(graph)
        if found and found[1] not in told and (record is None or graph.endswith(record)):
            told.add(found[1])
            yield found[1]
        if len(told) > _MOST_BASES:
            return


def find(store: Store, preferred: str, path: str) -> Document | None:
    """The document at ``path`` (``run/…``, ``doc/agent/…``); None where there is none."""
    kind = path.removeprefix("doc/").partition("/")[0]
    thing = path.startswith("doc/")
    if kind not in (THINGS if thing else RECORDS):
        return None
    for base in bases(store, preferred, path.removeprefix("doc/")):
        try:
            name = ox.NamedNode(base + path.removeprefix("doc/"))
        except ValueError:
            return None  # no IRI has this path
        found = _thing(store, name, base, path) if thing else _record(store, name, base, path)
        if found:
            return found
    return None


def removed(store: Store, path: str) -> Document | None:
    """What the catalog kept of the record that was at ``path``; None where none was removed."""
    found = removals.at_path(store, path)
    if found is None:
        return None
    base, said = found.record.removesuffix(path), about(store, found.record)
    return Document(path, found.record, base, [], said, gone=str(found))


def _record(store: Store, name: ox.NamedNode, base: str, path: str) -> Document | None:
    said = [] if path in ("catalog", "links") else about(store, name.value)
    if any(one.predicate == _INVALIDATED and one.subject == name for one in said):
        return None
    triples = store.graph(name.value)
    # A bundle of an import, or one of its trainings, has a graph whose name is a fragment.
    for part in sorted(_parts(name.value, said)):
        triples += store.graph(part)
    # An import may have brought nothing but a run, which stands in a graph of its own.
    if not triples and not (said and path.startswith("import/")):
        return None
    return Document(path, name.value, base, triples, said)


def _parts(record: str, said: Sequence[ox.Triple]) -> set[str]:
    return {
        t.object.value
        for t in said
        if t.predicate == _HAS_PART
        and isinstance(t.object, ox.NamedNode)
        and t.object.value.startswith(f"{record}#")
    }


def _statements(store: Store, **bound: ox.NamedNode) -> Iterator[ox.Triple]:
    found = select(store, "SELECT ?s ?p ?o { ?s ?p ?o }", bound)
    for row in found:
        yield ox.Triple(row["s"], row["p"], row["o"])


def _thing(store: Store, name: ox.NamedNode, base: str, path: str) -> Document | None:
    mine = list(_statements(store, s=name))
    # Its parts, which a fragment of its IRI names (the transformations of a dataflow).
    for part in sorted({t.object.value for t in mine if isinstance(t.object, ox.NamedNode)}):
        if part.startswith(f"{name.value}#"):
            mine += _statements(store, s=ox.NamedNode(part))
    others = list(islice(_statements(store, o=name), MAX_INCOMING + 1))
    # A property is described by its declaration; where it is used is no description.
    if not mine and not others:
        return None
    shown = others[:MAX_INCOMING]
    return Document(path, name.value, base, mine, [], shown, len(others) > MAX_INCOMING)


def all_paths(store: Store, base: str) -> Sequence[str]:
    """The paths of all documents under ``base``, sorted, that can be those of files too."""
    paths = {
        graph.removeprefix(base).partition("#")[0]
        for graph in store.graphs()
        if graph.startswith(base) and graph.removeprefix(base).partition("/")[0] in RECORDS
    }
    for variable in "so":
        text = f"SELECT DISTINCT ?{variable} {{ ?s ?p ?o }}"
        for row in select(store, text):
            term = row[variable]
            if isinstance(term, ox.NamedNode) and term.value.startswith(base):
                path = term.value.removeprefix(base).partition("#")[0]
                if path.partition("/")[0] in THINGS:
                    paths.add(f"doc/{path}")
    return sorted(path for path in paths if _fits_files(path))


def _fits_files(path: str) -> bool:
    """Whether a path can be one of files: no way up, and not too long."""
    parts = path.split("/")
    sizes = [len(part.encode("utf-8", "replace")) for part in parts]
    return all(map(_FILE, parts)) and max(sizes) <= _MOST_BYTES and sum(sizes) <= _MOST_IN_ALL
