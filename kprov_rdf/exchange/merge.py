"""Merging documents of other tools: each into a graph of its own, with where it came from.

A merge does not touch the store. It writes a finished journal, which ingest loads and keeps like
that of a run: so it works while another process owns the store, and survives a rebuild. The
journals are also where it looks for what is there already. Links to what other graphs have are a
journal of their own.
"""

import itertools
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph as ox

from kprov_capture.home import Home
from kprov_capture.identity import DEFAULT_BASE, ImportNames
from kprov_capture.journal import SUFFIX
from kprov_capture.terms import Dnnprov
from kprov_rdf import journal, removals
from kprov_rdf.errors import InputError, StorageError
from kprov_rdf.exchange import links, origin, reading, streaming
from kprov_rdf.exchange.admission import Admitted, Journals, Known, Together, admit, nquads_of
from kprov_rdf.exchange.linkrules import Rule
from kprov_rdf.exchange.links import Link
from kprov_rdf.exchange.reading import Manner
from kprov_rdf.exchange.scope import RECORD, Scope, is_record
from kprov_rdf.exchange.sources import Source
from kprov_rdf.exchange.streaming import Stream
from kprov_rdf.store import LocalStore

_RUN_CLASS = ox.NamedNode(Dnnprov.ExecuteDataflow)
_MOST_RECORDS = 1000  # that the first line of a journal lists


@dataclass(frozen=True)
class Options:
    """How documents are read, and rules for links beside our own."""

    manner: Manner = field(default_factory=Manner)
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Merged:
    """What became of one document.

    ``graph`` is where its own statements stand, ``graphs`` are the named graphs that it brought,
    ``statements`` how many were added. ``already``: the same bytes were merged before, and
    nothing was written. ``repairs`` tell what was mended to read it, ``notes`` what was not taken.
    """

    name: str
    graph: str
    already: bool = False
    form: str = ""
    records: int | None = None
    statements: int = 0
    graphs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """A document as it would be merged: ``nquads`` with its origin, ``linked`` with its links.

    Both are whole lines; those of ``nquads`` can be had once.
    """

    merged: Merged
    nquads: Iterable[bytes]
    linked: bytes
    records: tuple[str, ...] = field(default=())


def from_path(path: Path) -> bytes:
    """The bytes of a file. Raises ``NotFoundError`` or ``InputError`` where it is too large."""
    return Source(str(path)).data


def merge(
    home: Home,
    data: bytes | Source,
    name: str = "",
    form: str | None = None,
    options: Options | None = None,
) -> Merged:
    """Write the journal of the import of one document, and that of its links.

    ``data`` is a ``Source``, or the bytes of a document that is called ``name``. Raises
    ``InputError`` or ``UnsupportedError`` for a document that cannot be read or would change what
    is there, and ``StorageError`` where a journal cannot be written.
    """
    source = data if isinstance(data, Source) else Source(name, data)
    chosen = options or Options(Manner(form))
    names = ImportNames(source.sha256, home.base())
    with alone(home):
        path = home.journal / f"import-sha256-{names.sha256}{SUFFIX}"
        removals.refuse(home, [names.graph], source.name)
        if Journals(home).recorded(names.graph):
            return _already(names, source, chosen)
        found = prepare(Journals(home), names, source, chosen)
        first: dict[str, object] = {"import": names.graph}
        if len(found.records) <= _MOST_RECORDS:
            first["records"] = list(found.records)
        _write(path, first, found.nquads)
        if found.linked:
            linked = home.journal / f"links-sha256-{names.sha256}{SUFFIX}"
            _write(linked, {"links": names.graph}, found.linked)
    return found.merged


def _already(names: ImportNames, source: Source, options: Options) -> Merged:
    """What becomes of bytes that were merged before, perhaps with what ``strict`` refuses."""
    if options.manner.strict:
        reading.parse(source, Scope(names.graph, names.base), options.manner)
    return Merged(source.name, names.graph, already=True)


def plan(home: Home | None, source: Source, options: Options) -> Merged:
    """What a merge into this folder, or a new one, would add. Nothing is written. Raises as it."""
    names = ImportNames(source.sha256, home.base() if home else DEFAULT_BASE)
    if home:
        removals.refuse(home, [names.graph], source.name)
    if home and Journals(home).recorded(names.graph):
        return _already(names, source, options)
    known = Journals(home) if home else Together()
    return prepare(known, names, source, options, origins=False).merged


def together(
    sources: Iterable[Source],
    options: Options | None = None,
    base: str = DEFAULT_BASE,
    origins: bool = True,
) -> tuple[LocalStore, list[Merged]]:
    """Documents in one dataset, with their links, and ``origins``, without a folder.

    Raises as ``merge`` does, for the first document that cannot be merged.
    """
    store, known = LocalStore(), Together()
    done: list[Merged] = []
    for source in sources:
        names = ImportNames(source.sha256, base)
        if known.recorded(names.graph):
            done.append(Merged(source.name, names.graph, already=True))
            continue
        found = prepare(known, names, source, options or Options(), origins)
        text = b"".join(found.nquads)
        for one in (text, found.linked):
            store.load(one)
        known.add(names.graph, text)
        done.append(found.merged)
    return store, done


def prepare(
    known: Known, names: ImportNames, source: Source, options: Options, origins: bool = True
) -> Prepared:
    """Read one document, and say what a merge of it would add. Raises as ``merge`` does.

    Without ``origins`` it is not said where it comes from, by whom: to say so may give the user
    an id, which is kept.
    """
    started = time.time()
    name = source.name
    scope = Scope(names.graph, names.base)
    stream = streaming.find(source, scope, options.manner.form)
    if stream and not known.graphs({names.graph, *stream.parts}, set()).graphs():
        return _streamed(names, source, scope, stream, options, origins)
    document = reading.parse(source, scope, options.manner)
    brought = _loaded(document.text, name)
    found = admit(known, names, brought, name)
    if not found.graphs:
        raise InputError(f"There is nothing to merge in {name}: no record and no statement.")
    taken = found.graphs | found.catalogs
    parts = tuple(iri for iri in found.graphs if iri != names.graph)
    told = origin.text(names, source, document, parts, scope.graphs, started) if origins else ""
    # Of all that it says, also what is there already: what is linked depends on it alone.
    joined = links.find(map(brought.graph, found.graphs), names.base, options.rules)
    merged = Merged(
        name,
        names.graph,
        form=document.form.label,
        records=document.records,
        statements=sum(map(len, taken.values())),
        graphs=parts,
        notes=(*document.notes, *_notes(found, names)),
        repairs=tuple(document.repairs),
        links=tuple(joined),
    )
    return Prepared(
        merged,
        [*(nquads_of(iri, taken[iri]) for iri in taken), told.encode()],
        links.text(joined, names.base).encode(),
        tuple(iri for iri in parts if is_record(iri) and not iri.startswith(f"{names.graph}#")),
    )


def _streamed(
    names: ImportNames,
    source: Source,
    scope: Scope,
    stream: Stream,
    options: Options,
    origins: bool,
) -> Prepared:
    """As ``prepare``, of a document whose statements are not held in memory."""
    started = time.time()
    joined = links.find([stream.about(links.matters(options.rules))], names.base, options.rules)
    document = stream.document()
    told = (
        origin.text(names, source, document, stream.parts, scope.graphs, started) if origins else ""
    )
    merged = Merged(
        source.name,
        names.graph,
        form=document.form.label,
        statements=stream.statements,
        graphs=stream.parts,
        links=tuple(joined),
    )
    text = itertools.chain(stream.text(), [told.encode()])
    return Prepared(merged, text, links.text(joined, names.base).encode())


def _write(path: Path, first: dict[str, object], nquads: bytes | Iterable[bytes]) -> None:
    try:
        journal.write(path, first, nquads)
    except OSError as error:
        raise StorageError(
            f"The journal {path} cannot be written: {error.strerror or error}. Free some "
            "space, or make the folder writable, and try again: nothing was written."
        ) from error


def _notes(found: Admitted, names: ImportNames) -> Iterator[str]:
    if found.left_out:
        yield f"{found.left_out} statements of its catalog are about other things, and left out"
    mine = found.graphs.get(names.graph, ())
    if any(one.object == _RUN_CLASS and RECORD.match(str(one.subject)[1:]) for one in mine):
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


def is_there(home: Home, record: str) -> bool:
    """Whether the journals have anything of this record."""
    return bool(Journals(home).graphs({record}, set()).graph(record))


def _loaded(nquads: bytes, name: str) -> LocalStore:
    """The statements as a store has them: it keeps values, so 01 and 1 become one there."""
    store = LocalStore()
    try:
        store.load(nquads)
    except InputError as error:
        raise InputError(f"{name} holds something that cannot be stored: {error}") from error
    return store
