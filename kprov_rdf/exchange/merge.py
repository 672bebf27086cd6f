"""Merging documents of other tools: each into a graph of its own, with where it came from.

A merge does not touch the store. It writes a finished journal, which ingest loads
and keeps like that of a run: so it works while another process owns the store, and
survives a rebuild. The journals are also where it looks for what is there already.

No document can add to what kprov recorded. A graph that is there already must not
grow, names under kprov's base are kprov's, and of a catalog, which kprov's exports
have, only what is about the graphs of the same document is taken.
"""

import gzip
import hashlib
import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from kprov_capture import __version__
from kprov_capture.home import Home
from kprov_capture.identity import DEFAULT_BASE, ImportNames
from kprov_capture.journal import SUFFIX
from kprov_capture.nquads import Graph, Iri, instant
from kprov_capture.terms import RDF_TYPE, RDFS_LABEL, Dnnprov, Prov
from kprov_rdf import journal
from kprov_rdf.errors import InputError, NotFoundError, StorageError
from kprov_rdf.exchange import read
from kprov_rdf.exchange.scope import Scope
from kprov_rdf.store import PREFIXES, LocalStore

MAX_BYTES = 1 << 28
# The IRI of a run of kprov's, and the base in it.
RUN = re.compile(r"(.*/)run/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\Z")


# What kprov says of a run in its catalog, and all that is taken from one.
_CATALOG_TERMS = {
    PREFIXES["dcterms"] + "created",
    RDFS_LABEL,
    Prov.generatedAtTime,
    Prov.wasAttributedTo,
}
_RECORD_TYPES = {ox.NamedNode(kind) for kind in (Prov.Bundle, Prov.Entity)}
_AGENT_TYPES = {
    ox.NamedNode(kind)
    for kind in (Prov.Agent, Prov.SoftwareAgent, Prov.Person, Dnnprov.CaptureLibrary)
}
_RUN_CLASS = ox.NamedNode(Dnnprov.ExecuteDataflow)


@dataclass(frozen=True)
class Merged:
    """What became of one document.

    ``graph`` is where its own statements stand, ``graphs`` are the named graphs that
    it brought, ``statements`` how many were added. ``already``: the same bytes were
    merged before, and nothing was written.
    """

    name: str
    graph: str
    already: bool = False
    form: str = ""
    records: int | None = None
    statements: int = 0
    graphs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Admitted:
    """The statements to take, by graph; ``left_out`` counts those of catalogs that are not.

    A graph that is there already comes with no statements.
    """

    graphs: dict[str, list[ox.Triple]]
    catalogs: dict[str, list[ox.Triple]]
    left_out: int


def from_path(path: Path) -> bytes:
    """The bytes of a file. Raises ``NotFoundError`` or ``InputError`` where it is too large."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise NotFoundError(
            f"{path} cannot be read: {error.strerror}. Name a file, or - for standard input."
        ) from error
    if len(data) > MAX_BYTES:
        raise InputError(f"{path} is larger than {MAX_BYTES >> 20} MiB; split it and try again.")
    return data


def merge(home: Home, data: bytes, name: str, form: str | None = None) -> Merged:
    """Write the journal of the import of one document; ``name`` is its path, and says the format.

    Raises ``InputError`` or ``UnsupportedError`` for a document that cannot be read or
    would change what is there, and ``StorageError`` where the journal cannot be written.
    """
    started = time.time()
    names = ImportNames(hashlib.sha256(data).hexdigest(), home.base())
    with alone(home):
        path = home.journal / f"import-sha256-{names.sha256}{SUFFIX}"
        if path.exists() or (home.done / f"{path.name}.gz").exists():
            return Merged(name, names.graph, already=True)
        document = read.parse(data, name, Scope(names.graph), form)
        found = _admit(home, names, _loaded(document.quads, name), name)
        if not found.graphs:
            raise InputError(f"There is nothing to merge in {name}: no record and no statement.")
        taken = found.graphs | found.catalogs
        parts = tuple(iri for iri in found.graphs if iri != names.graph)
        told = _provenance(names, name, document, parts, started)
        told += _source(names, name, document.form.media_type, len(data))
        _write(path, names.graph, [*(_nquads(iri, taken[iri]) for iri in taken), told.encode()])
    return Merged(
        name,
        names.graph,
        form=document.form.label,
        records=document.records,
        statements=sum(map(len, taken.values())),
        graphs=parts,
        notes=(*document.notes, *_notes(found, names)),
    )


def _write(path: Path, graph: str, texts: list[bytes]) -> None:
    try:
        journal.write(path, {"import": graph}, b"".join(texts))
    except OSError as error:
        raise StorageError(
            f"The journal {path} cannot be written: {error.strerror or error}. Free some "
            "space, or make the folder writable, and try again: nothing was written."
        ) from error


def _notes(found: _Admitted, names: ImportNames) -> Iterator[str]:
    if found.left_out:
        yield f"{found.left_out} statements of its catalog are about other things, and left out"
    if any(one.object == _RUN_CLASS for one in found.graphs.get(names.graph, ())):
        yield (
            "it is a run without the name of its graph, and stands beside the run itself where "
            "that is here too; the exports .trig and .nq keep the name"
        )


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """One at a time adds a graph to a folder, so that what was looked up stays true (POSIX)."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(home.journal, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _loaded(quads: Iterable[ox.Quad], name: str) -> LocalStore:
    """The statements as a store has them: it keeps values, so 01 and 1 become one there."""
    store = LocalStore()
    try:
        store.load(ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b"")
    except InputError as error:
        raise InputError(f"{name} holds something that cannot be stored: {error}") from error
    return store


def _nquads(graph: str, triples: Iterable[ox.Triple]) -> bytes:
    name = ox.NamedNode(graph)
    quads = [ox.Quad(t.subject, t.predicate, t.object, name) for t in triples]
    return ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b""


def _known(home: Home, graphs: set[str]) -> LocalStore:
    """What the journals say in these graphs: that of a run of this name, and all imports."""
    runs = {match[2] for match in map(RUN.match, graphs) if match}
    names = {f"{run}{SUFFIX}" for run in runs} | {
        path.name.removesuffix(".gz")
        for folder in (home.journal, home.done)
        for path in folder.glob(f"import-sha256-*{SUFFIX}*")
        if path.name.endswith((SUFFIX, f"{SUFFIX}.gz"))
    }
    ends = tuple(f" <{graph}> .\n".encode() for graph in graphs)
    store = LocalStore()
    for name in sorted(names):
        lines = _text(home, name).splitlines(keepends=True)
        store.load(b"".join(line for line in lines if line.endswith(ends)))
    return store


def is_there(home: Home, graph: str) -> bool:
    """Whether the journals have anything in this graph."""
    return bool(_known(home, {graph}).graph(graph))


def _text(home: Home, name: str) -> bytes:
    """A journal, wherever it is: ingest may move it between two looks."""
    for _ in range(2):
        path = home.journal / name
        if path.exists():
            return journal.read(path).text
        if (home.done / f"{name}.gz").exists():
            return gzip.decompress((home.done / f"{name}.gz").read_bytes())
    return b""


def _admit(home: Home, names: ImportNames, brought: LocalStore, name: str) -> _Admitted:
    """What to take of a document.

    Raises ``InputError`` where it would change what is there.
    """
    own = set(brought.graphs())
    matches = filter(None, map(RUN.match, own))
    catalogs = {names.catalog, f"{DEFAULT_BASE}catalog"}
    catalogs |= {f"{match[1]}catalog" for match in matches}
    named = own - catalogs
    _check_names(names, named, name)
    foreign = named - {names.graph}
    known = _known(home, foreign | catalogs) if foreign else LocalStore()
    taken: dict[str, list[ox.Triple]] = {}
    for iri in sorted(named):
        mine, there = brought.graph(iri), set(known.graph(iri))
        if there and not there.issuperset(mine):
            raise InputError(
                f"{name} says something else of the graph {iri} than what is there: "
                f"{len(set(mine) - there)} of its {len(mine)} statements are new. A graph that "
                "is there is not changed; nothing of this file was merged. (Of a run of kprov's, "
                "its .trig and .nq say the same as it does; PROV-N and PROV-JSON say more.)"
            )
        taken[iri] = [] if there else mine
    fresh = {iri for iri in foreign if taken[iri]}
    left_out = 0
    accepted: dict[str, list[ox.Triple]] = {}
    for catalog in sorted(own & catalogs):
        whole, there = brought.graph(catalog), set(known.graph(catalog))
        accepted[catalog] = list(_about(whole, fresh))
        left_out += len(set(whole) - set(accepted[catalog]) - there)
    return _Admitted(taken, accepted, left_out)


def _check_names(names: ImportNames, graphs: Iterable[str], name: str) -> None:
    for iri in graphs:
        mine = iri == names.graph or iri.startswith(f"{names.graph}#")
        run = RUN.match(iri)
        base = next((b for b in (names.base, DEFAULT_BASE) if iri.startswith(b)), None)
        if base and not mine and not (run and run[1] == base):
            raise InputError(
                f"{name} has a graph of the name {iri}. Names under {base} are kprov's, and "
                "only runs are merged under them; nothing of this file was merged."
            )


def _about(catalog: Iterable[ox.Triple], graphs: Iterable[str]) -> set[ox.Triple]:
    """What a catalog of kprov's says of these graphs, and that what made them are agents."""
    wanted = set(map(ox.NamedNode, graphs))

    def typed(one: ox.Triple, kinds: set[ox.NamedNode]) -> bool:
        return one.predicate.value == RDF_TYPE and one.object in kinds

    found = {
        one
        for one in catalog
        if one.subject in wanted
        and (one.predicate.value in _CATALOG_TERMS or typed(one, _RECORD_TYPES))
    }
    agents = {one.object for one in found if one.predicate.value == Prov.wasAttributedTo}
    return found | {one for one in catalog if one.subject in agents and typed(one, _AGENT_TYPES)}


def _provenance(
    names: ImportNames, name: str, document: read.Document, parts: Iterable[str], started: float
) -> str:
    """What the catalog says of the import: what it made, when, and by which programs."""
    ended = time.time()
    catalog = Graph(names.catalog)
    reader, version = document.reader
    agents = [
        (names.agent("kprov", __version__), f"kprov {__version__}"),
        (names.agent(reader, version), f"{reader} {version}"),
    ]
    for iri, label in agents:
        catalog.node(iri, (Prov.SoftwareAgent, Prov.Agent), (RDFS_LABEL, label))
    catalog.node(
        names.graph,
        (Prov.Bundle, Prov.Entity),
        (RDFS_LABEL, f"Import of {name}"),
        (Prov.wasGeneratedBy, Iri(names.activity)),
        (Prov.generatedAtTime, instant(ended)),
    )
    catalog.link(names.graph, PREFIXES["dcterms"] + "hasPart", *parts)
    catalog.node(
        names.activity,
        (Dnnprov.Import, Prov.Activity),
        (Prov.startedAtTime, instant(started)),
        (Prov.endedAtTime, instant(ended)),
        (Prov.used, Iri(names.source)),
    )
    catalog.link(names.activity, Prov.wasAssociatedWith, *(iri for iri, _ in agents))
    return catalog.text()


def _source(names: ImportNames, name: str, media_type: str, size: int) -> str:
    """What the catalog says of the file, and of the bytes that it had."""
    catalog = Graph(names.catalog)
    catalog.node(
        names.source,
        (Dnnprov.File, Prov.Entity),
        (Dnnprov.path, name),
        (PREFIXES["dcterms"] + "format", media_type),
        (Prov.specializationOf, Iri(names.content)),
    )
    catalog.node(
        names.content,
        (Dnnprov.Content, Prov.Entity),
        (Dnnprov.sha256, names.sha256),
        (Dnnprov.byteSize, size),
    )
    return catalog.text()
