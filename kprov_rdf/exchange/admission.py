"""What of a document is taken, so that none can add to what kprov recorded.

A record of kprov's, a run or an import, keeps its name in each document that has it. What was
recorded here does not grow. What came with a document may come again with a later one that says
more, since a run that was saved twice is then here as it was the second time; what says something
else is refused. Of a catalog, which kprov's exports have, only what is about the records of the
same document is taken.
"""

import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pyoxigraph as ox

from kprov_capture.home import Home
from kprov_capture.identity import ImportNames
from kprov_capture.journal import SUFFIX
from kprov_capture.terms import RDF_TYPE, RDFS_LABEL, Dnnprov, Prov
from kprov_rdf import journal, removals
from kprov_rdf.errors import InputError
from kprov_rdf.exchange.scope import is_record
from kprov_rdf.store import PREFIXES, LocalStore

# What kprov says of a run in its catalog, and all that is taken from one.
_CATALOG_TERMS = {
    PREFIXES["dcterms"] + "created",
    RDFS_LABEL,
    Prov.generatedAtTime,
    Prov.wasAttributedTo,
}
_RECORD_TYPES = {ox.NamedNode(kind) for kind in (Prov.Bundle, Prov.Entity)}
_LONGEST_LINE = 100_000
_AGENT_TYPES = {
    ox.NamedNode(kind)
    for kind in (Prov.Agent, Prov.SoftwareAgent, Prov.Person, Dnnprov.CaptureLibrary)
}


class Known(Protocol):
    """Where it is looked up what is there already."""

    def recorded(self, record: str) -> bool:
        """Whether this is a record that was made here."""

    def graphs(self, records: set[str], others: set[str]) -> LocalStore:
        """What is there in these records, and what came with them in other graphs.

        Raises ``RefusedError`` for a record that was removed.
        """


class Together:
    """What documents say that are put together without a folder."""

    def __init__(self) -> None:
        self._taken = LocalStore()
        self._made: set[str] = set()

    def add(self, graph: str, nquads: bytes) -> None:
        """Note that this was taken, of the document that has this graph."""
        self._taken.load(nquads)
        self._made.add(graph)

    def recorded(self, record: str) -> bool:
        return record.partition("#")[0] in self._made

    def graphs(self, records: set[str], others: set[str]) -> LocalStore:
        found = LocalStore()
        for name in records | others:
            found.load(nquads_of(name, self._taken.graph(name)))
        return found


class Journals:
    """A folder: what its journals say, whether or not the store has it yet."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def recorded(self, record: str) -> bool:
        # A run that was exported with --base has the same UUID, and is another record.
        told = self._first(_journal(record))
        if told is None:
            return False
        made = told.get("run") or told.get("import")
        return made is None or made == record.partition("#")[0]

    def graphs(self, records: set[str], others: set[str]) -> LocalStore:
        removals.refuse(self._home, records, "The document")
        journals = {_journal(record) for record in records} | {
            path.name.removesuffix(".gz")
            for folder in (self._home.journal, self._home.done)
            for path in folder.glob(f"import-sha256-*{SUFFIX}*")
            if path.name.endswith((SUFFIX, f"{SUFFIX}.gz"))
        }
        ends = tuple(f" <{name}> .\n".encode() for name in records | others)
        store = LocalStore()
        for name in sorted(journals):
            lines = self._text(name, records).splitlines(keepends=True)
            store.load(b"".join(line for line in lines if line.endswith(ends)))
        return store

    def _first(self, name: str) -> Mapping[str, Any] | None:
        """What the first line of a journal says, wherever it is; None where there is none."""
        path, archive = self._home.journal / name, self._home.done / f"{name}.gz"
        if path.exists():
            return journal.describe(path)
        if archive.exists():
            with gzip.open(archive, "rb") as file:
                return journal.told(file.readline(_LONGEST_LINE), archive)
        return None

    def _text(self, name: str, records: set[str]) -> bytes:
        """A journal, wherever it is: ingest may move it between two looks.

        Nothing of an import whose first line says that it has none of the records.
        """
        for _ in range(2):
            path = self._home.journal / name
            archive = self._home.done / f"{name}.gz"
            if path.exists():
                return (
                    journal.read(path).text if _may_have(journal.describe(path), records) else b""
                )
            if archive.exists():
                with gzip.open(archive, "rb") as file:
                    first = file.readline(_LONGEST_LINE)
                    if not _may_have(journal.told(first, archive), records):
                        return b""
                    return first + file.read()
        return b""


def _journal(record: str) -> str:
    """The name of the journal of a record."""
    kind, _, local = record.partition("#")[0].rpartition("/")
    return f"{'import-' if kind.endswith('/import') else ''}{local}{SUFFIX}"


def _may_have(told: Mapping[str, Any], records: set[str]) -> bool:
    listed = told.get("records")
    if not isinstance(listed, list) or not records.isdisjoint(listed):
        return True
    return told.get("import") in {one.partition("#")[0] for one in records}


@dataclass(frozen=True)
class Admitted:
    """The statements to take, by graph; ``left_out`` counts those of catalogs that are not.

    A record that is there already comes with the statements that are new.
    """

    graphs: dict[str, list[ox.Triple]]
    catalogs: dict[str, list[ox.Triple]]
    left_out: int


def admit(known: Known, names: ImportNames, brought: LocalStore, name: str) -> Admitted:
    """What to take of a document. Raises ``InputError`` where it would change what is there."""
    own = set(brought.graphs())
    parts = {names.graph, *(iri for iri in own if iri.startswith(f"{names.graph}#"))}
    records = {iri for iri in own - parts if is_record(iri)}
    catalogs = {iri for iri in own if iri.endswith("/catalog") and "#" not in iri}
    there = known.graphs(records | parts, catalogs)
    for iri in sorted(parts):
        _check_own(iri, set(brought.graph(iri)), set(there.graph(iri)), name)
    taken = {
        iri: brought.graph(iri)
        if iri not in records
        else _new(iri, brought.graph(iri), set(there.graph(iri)), known.recorded(iri), name)
        for iri in sorted(own - catalogs)
    }
    imported = {iri for iri in records if not known.recorded(iri)}
    left_out = 0
    accepted: dict[str, list[ox.Triple]] = {}
    for catalog in sorted(catalogs):
        whole = brought.graph(catalog)
        before = there.graph(catalog)
        mine, theirs = _by_subject(whole), _by_subject(before)
        said = {iri: _about(mine, iri) for iri in imported}
        # It grows with the record, and does not say something else of what did not.
        fresh = [said[iri] for iri in imported if taken[iri] or _about(theirs, iri) <= said[iri]]
        accepted[catalog] = list(set[ox.Triple]().union(*fresh))
        left_out += len(set(whole) - set(accepted[catalog]) - set(before))
    return Admitted(taken, accepted, left_out)


def _check_own(iri: str, mine: set[ox.Triple], there: set[ox.Triple], name: str) -> None:
    """Refuse a document whose graph is there with statements that it does not have.

    Another document can bring the graph of an import, since exports of kprov's have them.
    """
    if other := len(there - mine):
        raise InputError(
            f"{name} cannot be merged here: its graph {iri} came with another document, and "
            f"{other} of the statements in it are not those of this file. Merge it into a folder "
            "of its own, with --home, and compare the two; nothing of it was merged."
        )


def _new(
    iri: str, mine: list[ox.Triple], there: set[ox.Triple], recorded: bool, name: str
) -> list[ox.Triple]:
    """The statements of a record that are new."""
    fresh = [one for one in mine if one not in there]
    if not fresh or (not recorded and there.issubset(mine)):
        return fresh
    raise InputError(
        f"{name} says something else of the graph {iri} than what is there: "
        f"{len(fresh)} of its {len(mine)} statements are new"
        + (", and it was recorded here. " if recorded else ", and others are missing. ")
        + "A record is not changed; nothing of this file was merged. (Of a run of kprov's, "
        "every export without --redact, --depth or --summary says the same as it does.)"
    )


def _by_subject(catalog: Iterable[ox.Triple]) -> Mapping[Any, list[ox.Triple]]:
    found: dict[Any, list[ox.Triple]] = {}
    for one in catalog:
        found.setdefault(one.subject, []).append(one)
    return found


def _about(catalog: Mapping[Any, list[ox.Triple]], record: str) -> set[ox.Triple]:
    """What a catalog of kprov's says of a record, and that what made it are agents."""

    def typed(one: ox.Triple, kinds: set[ox.NamedNode]) -> bool:
        return one.predicate.value == RDF_TYPE and one.object in kinds

    found = {
        one
        for one in catalog.get(ox.NamedNode(record), ())
        if one.predicate.value in _CATALOG_TERMS or typed(one, _RECORD_TYPES)
    }
    agents = {one.object for one in found if one.predicate.value == Prov.wasAttributedTo}
    return found | {
        one for agent in agents for one in catalog.get(agent, ()) if typed(one, _AGENT_TYPES)
    }


def nquads_of(graph: str, triples: Iterable[ox.Triple]) -> bytes:
    """The triples as N-Quads in this graph."""
    name = ox.NamedNode(graph)
    quads = [ox.Quad(t.subject, t.predicate, t.object, name) for t in triples]
    return ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b""
