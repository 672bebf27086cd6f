"""What is exported: the graphs of some records, or of all, and what the catalog says of them."""

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

import pyoxigraph as ox

from kprov_capture.identity import DEFAULT_BASE
from kprov_capture.terms import Prov
from kprov_rdf import removals
from kprov_rdf.errors import NotFoundError
from kprov_rdf.exchange.writing import about, sorted_triples
from kprov_rdf.runs import RunInfo, listing
from kprov_rdf.runs import find as find_run
from kprov_rdf.store import PREFIXES, LocalStore, Store, select

_NO_TIME = datetime(1, 1, 1, tzinfo=UTC)
Graphs = Mapping[str, Sequence[ox.Triple]]
"""Statements by the IRI of the graph that they stand in."""

_HAS_PART = ox.NamedNode(PREFIXES["dcterms"] + "hasPart")
_IMPORT = re.compile(r".*/import/sha256-([0-9a-f]{64})").fullmatch
_DIGITS = re.compile(r"(?:sha256-)?([0-9a-f]{4,64})").fullmatch
_CATALOG = re.compile(r".*/catalog").fullmatch
_BASE = re.compile(r"(.*/)(?:run|import)/[^/]*").fullmatch
_BUNDLES = f"""
SELECT DISTINCT ?bundle {{
  ?bundle a <{Prov.Bundle}> FILTER NOT EXISTS {{ ?bundle <{Prov.wasInvalidatedBy}> ?removal }}
}}
"""


@dataclass(frozen=True)
class Selection:
    """The statements of one export.

    ``records`` are the IRIs of the runs and imports that it is about, in the order in which
    they were asked for; ``living`` those of the runs whose process lives. IRIs of kprov's
    begin with ``base``.
    """

    graphs: Graphs
    records: tuple[str, ...]
    base: str
    living: Set[str] = field(default_factory=frozenset)

    @property
    def about_records(self) -> dict[str, Sequence[ox.Triple]]:
        """The graphs but the catalogs."""
        return {name: told for name, told in self.graphs.items() if not _CATALOG(name)}

    @property
    def catalogs(self) -> dict[str, Sequence[ox.Triple]]:
        return {name: told for name, told in self.graphs.items() if _CATALOG(name)}

    @cached_property
    def store(self) -> LocalStore:
        """All of it in memory, to be asked."""
        found = LocalStore()
        for name, told in self.graphs.items():
            found.load("".join(f"{triple} <{name}> .\n" for triple in told).encode())
        return found

    @cached_property
    def runs(self) -> list[RunInfo]:
        """The runs in it, in the order of ``records``, the others after them by their start."""
        places = {iri: place for place, iri in enumerate(self.records)}
        found = listing(self.store, self.living)
        last = len(places)
        return sorted(
            found, key=lambda run: (places.get(run.iri, last), run.started or _NO_TIME, run.iri)
        )


def base_of(record: str, default: str = "") -> str:
    """What kprov's IRIs begin with in a record."""
    found = _BASE(record)
    return found[1] if found else default


def of_records(
    store: Store, records: Iterable[str], base: str = "", living: Set[str] = frozenset()
) -> Selection:
    """The graphs of these records, with the parts of those that were imported.

    Raises ``NotFoundError`` where one has no statement.
    """
    graphs: dict[str, list[ox.Triple]] = {}
    wanted = tuple(dict.fromkeys(records))
    for record in wanted:
        said = about(store, record)
        parts = [
            t.object.value
            for t in said
            if t.predicate == _HAS_PART and isinstance(t.object, ox.NamedNode)
        ]
        found = {name: store.graph(name) for name in dict.fromkeys([record, *sorted(parts)])}
        if not any(found.values()):
            raise NotFoundError(f"There is nothing in the graph {record}.")
        catalog = graphs.setdefault(f"{base_of(record, base)}catalog", [])
        catalog += said
        for part in parts:
            if part != record:
                catalog += about(store, part)
        graphs |= {name: told for name, told in found.items() if told}
    return Selection(_sorted(graphs), wanted, base or base_of(wanted[0]), living)


def everything(store: Store, base: str, living: Set[str] = frozenset()) -> Selection:
    """All graphs of the store. Raises ``NotFoundError`` where there is none."""
    graphs = {name: store.graph(name) for name in store.graphs()}
    if not graphs:
        raise NotFoundError(
            "There is nothing to export: the store is empty. Train with the callback, or try "
            "'kprov demo'."
        )
    known = [run.iri for run in listing(store, living)]
    imports = [name for name in graphs if _IMPORT(name)]
    return Selection(_sorted(graphs), (*known, *imports), base, living)


def of_quads(quads: Iterable[ox.Quad], toplevel: str = "") -> Selection:
    """These statements by their graphs; what is in none, or in ``toplevel``, in that of ``""``."""
    graphs: dict[str, list[ox.Triple]] = {}
    for quad in quads:
        name = "" if isinstance(quad.graph_name, ox.DefaultGraph) else quad.graph_name.value
        graphs.setdefault("" if name == toplevel else name, []).append(quad.triple)
    records = tuple(name for name in graphs if _BASE(name))
    return Selection(_sorted(graphs), records, base_of(records[0]) if records else DEFAULT_BASE)


def find(store: Store, names: Iterable[str], living: Set[str] = frozenset()) -> list[str]:
    """The IRIs of the records that ``names`` mean.

    A name is that of a run (see ``runs.resolve``), the IRI of an import, or the first digits
    of the SHA-256 of what was imported. Raises ``NotFoundError``.
    """
    return [_record(store, name, living) for name in names]


def _record(store: Store, name: str, living: Set[str]) -> str:
    imports = _imports(store)
    if name in imports:
        return name
    digits = _DIGITS(name)
    matching = [iri for iri in imports if digits and _sha256(iri).startswith(digits[1])]
    if len(matching) > 1:
        raise NotFoundError(
            f"{name!r} means {len(matching)} imports, among them {', '.join(matching[:3])}. Give "
            "more digits."
        )
    try:
        found = find_run(store, living, name).iri
    except NotFoundError as error:
        if matching:
            return matching[0]
        removed = removals.named(store, name)
        if removed:
            raise NotFoundError(f"There is no {name!r} any more: {removed}.") from error
        if imports:
            raise NotFoundError(
                f"{error} An import is named by its IRI, or by the first digits of its SHA-256; "
                f"there is {_short(imports)}."
            ) from error
        raise
    if matching:
        raise NotFoundError(
            f"{name!r} means the run {found} and the import {matching[0]}. Give the IRI."
        )
    return found


def _short(imports: Sequence[str]) -> str:
    shown = ", ".join(_sha256(iri)[:8] for iri in imports[:3])
    return f"{shown} …" if len(imports) > 3 else shown


def _imports(store: Store) -> list[str]:
    """The imports that the catalogs tell of, also those whose own graph is empty."""
    told = {row["bundle"].value for row in select(store, _BUNDLES) if _named(row["bundle"])}
    return sorted(iri for iri in {*told, *store.graphs()} if _IMPORT(iri))


def _sha256(iri: str) -> str:
    return iri.rpartition("sha256-")[2]


def _named(term: object) -> bool:
    return isinstance(term, ox.NamedNode)


def _sorted(graphs: Mapping[str, list[ox.Triple]]) -> dict[str, list[ox.Triple]]:
    """Each statement once, the catalogs first."""
    names = sorted(graphs, key=lambda name: _CATALOG(name) is None)
    return {name: sorted_triples(list(dict.fromkeys(graphs[name]))) for name in names}
