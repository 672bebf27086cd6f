"""The Store seam, and its local kind on Oxigraph.

One process at a time owns the store; the others wait. Readers never hold it:
they read a snapshot, which costs hard links and blocks nobody, since a
pyoxigraph store stays open for as long as one result of it is being read.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, cast

import pyoxigraph as ox

from kprov_capture.home import Home
from kprov_capture.process import describe
from kprov_capture.terms import DNNPROV_NAMESPACE, PROV_NAMESPACE, XSD_NAMESPACE
from kprov_rdf import owner
from kprov_rdf.errors import InputError, StorageError, StoreLockedError
from kprov_rdf.owner import Address
from kprov_rdf.readers import sweep
from kprov_rdf.sparql import failure_message, names_dataset, refuse_deep, syntax_message

PREFIXES = {
    "prov": PROV_NAMESPACE,
    "dnnprov": DNNPROV_NAMESPACE,
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xsd": XSD_NAMESPACE,
    "dcterms": "http://purl.org/dc/terms/",
}
# What the runs come to (kprov_rdf.summaries): an index in a graph of its own.
SUMMARY_GRAPH = DNNPROV_NAMESPACE.rstrip("#") + "/summary"
SUMMARY_NAMESPACE = f"{SUMMARY_GRAPH}#"
_SUMMARIES = ox.NamedNode(SUMMARY_GRAPH)
QUERY_PREFIXES = PREFIXES | {"summary": SUMMARY_NAMESPACE}
"""The prefixes that a query need not declare."""
LOCK_SECONDS = 5.0
# Beyond this many bytes a load goes past the transaction log. It is then not
# atomic, which ingest does not need: what was cut short is loaded again.
_BULK_BYTES = 8 * 1024 * 1024
_BULK_THREADS = 2
# After so many statements what is in memory is written out, so that the write-ahead log begins
# anew: it takes 500 to 700 bytes a statement.
_FLUSH_STATEMENTS = 16_000
# A store that is closed with a longer log is opened once more, which is what removes it.
LOG_BYTES = 8 * 1024 * 1024

Answer = ox.QuerySolutions | ox.QueryBoolean | Iterator[ox.Triple]
Bindings = Mapping[str, ox.NamedNode | ox.Literal]
Node = ox.NamedNode | ox.BlankNode
Value = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


class Store(Protocol):
    """What the rest of kprov needs of a store. Terms are pyoxigraph's.

    Loading is idempotent: statements are a set. Bindings replace variables
    before the query is evaluated; nothing is ever pasted into its text.
    """

    def load(self, nquads: bytes) -> None:
        """Add the statements of N-Quads text. Raises ``InputError`` or ``StorageError``."""

    def query(self, text: str, bindings: Bindings | None = None) -> Answer:
        """Answer a SPARQL 1.1 query; the default graph is the union of all graphs.

        Where the query names a dataset (FROM), that counts.

        Raises ``InputError`` for a query that is not SPARQL or a binding it does not take.
        """

    def graphs(self) -> list[str]:
        """The IRIs of the named graphs that are records, sorted: all but the index of the runs."""

    def graph(self, iri: str) -> list[ox.Triple]:
        """The statements of one named graph; none where there is no such graph."""

    def quads(
        self, subject: Node | None, predicate: ox.NamedNode | None, value: Value | None
    ) -> Iterator[ox.Quad]:
        """The statements of the named graphs with these terms; None stands for any.

        One index is read, with no query to parse: for the steps of a walk. What the summaries
        say is not among them. Where blank nodes have no names, as at an endpoint,
        nothing is found of them.
        """


def select(store: Store, text: str, bindings: Bindings | None = None) -> ox.QuerySolutions:
    """The rows of a SELECT."""
    return cast(ox.QuerySolutions, store.query(text, bindings))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _parts(nquads: bytes) -> Iterator[bytes]:
    """N-Quads text in parts of about ``_BULK_BYTES``, cut at the ends of lines."""
    start = 0
    while start < len(nquads):
        end = nquads.find(b"\n", start + _BULK_BYTES)
        end = len(nquads) if end < 0 else end + 1
        yield nquads[start:end]
        start = end


class LocalStore:
    """Oxigraph, in memory (no ``folder``), on disk, or a folder that is only read."""

    def __init__(self, folder: Path | None = None, *, read_only: bool = False) -> None:
        self._path = folder
        self._unflushed = 0
        if folder is None:
            self._store = ox.Store()
        elif read_only:
            self._store = ox.Store.read_only(str(folder))
        else:
            self._store = ox.Store(str(folder))

    def load(self, nquads: bytes) -> None:
        try:
            if len(nquads) > _BULK_BYTES:
                # The loader works on one core and slows down with size: parts side by side.
                with ThreadPoolExecutor(_BULK_THREADS) as pool:
                    list(pool.map(self._bulk_load, _parts(nquads)))
            else:
                self._store.load(nquads, ox.RdfFormat.N_QUADS)
                self._wrote(nquads.count(b"\n"))
        except SyntaxError as error:
            raise InputError(f"The statements are not N-Quads: {error}.") from error
        except (OSError, RuntimeError) as error:
            raise StorageError(
                f"The store cannot be written: {error}. Free some space, or make the folder "
                "writable, and try again. If it says that files are damaged, take the store's "
                "folder away: it is built again from the journals."
            ) from error

    def _bulk_load(self, part: bytes) -> None:
        self._store.bulk_load(part, ox.RdfFormat.N_QUADS)

    def query(self, text: str, bindings: Bindings | None = None) -> Answer:
        refuse_deep(text)
        substitutions: dict[ox.Variable, ox.NamedNode | ox.Literal | ox.BlankNode | ox.Triple] = {
            ox.Variable(name): value for name, value in (bindings or {}).items()
        }
        try:
            return self._store.query(
                text,
                prefixes=QUERY_PREFIXES,
                use_default_graph_as_union=not names_dataset(text),
                substitutions=substitutions or None,
            )
        except SyntaxError as error:
            raise InputError(syntax_message(text, str(error), QUERY_PREFIXES)) from error
        except (RuntimeError, UnicodeEncodeError) as error:
            raise InputError(failure_message(str(error))) from error

    def graphs(self) -> list[str]:
        named = (graph for graph in self._store.named_graphs() if isinstance(graph, ox.NamedNode))
        return sorted(graph.value for graph in named if graph.value != SUMMARY_GRAPH)

    def graph(self, iri: str) -> list[ox.Triple]:
        quads = self._store.quads_for_pattern(None, None, None, ox.NamedNode(iri))
        return [quad.triple for quad in quads]

    def about(
        self, subject: ox.NamedNode, graph: ox.NamedNode, predicate: ox.NamedNode | None = None
    ) -> Iterator[ox.Quad]:
        """What a graph says of a subject, by this property or by any."""
        return self._store.quads_for_pattern(subject, predicate, None, graph)

    def change(self, removed: Iterable[ox.Quad], added: Iterable[ox.Quad]) -> None:
        """Take statements out and put others in."""
        gone, new = list(removed), list(added)
        for quad in gone:
            self._store.remove(quad)
        self._store.extend(new)
        self._wrote(len(gone) + len(new))

    def quads(
        self,
        subject: Node | None,
        predicate: ox.NamedNode | None,
        value: Value | None,
        graph: Node | None = None,
    ) -> Iterator[ox.Quad]:
        """The statements of records that match; None matches anything, and any named graph."""
        found = self._store.quads_for_pattern(subject, predicate, value, graph)
        if graph or (predicate and not predicate.value.startswith(SUMMARY_NAMESPACE)):
            return found  # summaries have properties of their own
        return (quad for quad in found if quad.graph_name != _SUMMARIES)

    def drop(self, iri: str) -> None:
        """Take a graph out."""
        self._store.remove_graph(ox.NamedNode(iri))

    def clear(self) -> None:
        """Take out all that there is."""
        self._store.clear()

    def remove(self, lines: Iterable[bytes]) -> None:
        """Take out the statements of these lines of N-Quads, as far as they are there.

        A graph of which nothing is left goes.
        """
        graphs = set()
        for quad in ox.parse(b"\n".join(lines), ox.RdfFormat.N_QUADS):
            self._store.remove(quad)
            graphs.add(quad.graph_name)
        for name in graphs:
            if next(self._store.quads_for_pattern(None, None, None, name), None) is None:
                self._store.remove_graph(name)

    def compact(self) -> None:
        """Rewrite all files without what was removed, and in as few as it takes.

        Raises ``StorageError``.
        """
        try:
            self.flush()
            self._store.optimize()
        except (OSError, RuntimeError) as error:
            raise StorageError(
                f"The store cannot be compacted: {error}. It needs as much free space as it takes; "
                "nothing was lost."
            ) from error

    def backup(self, folder: Path) -> None:
        """Copy the store, by hard links where the file system has them."""
        self._store.backup(str(folder))

    def flush(self) -> None:
        """Write out what is in memory. The log begins anew, and keeps its file."""
        self._store.flush()
        self._unflushed = 0

    def _wrote(self, statements: int) -> None:
        self._unflushed += statements
        if self._unflushed > _FLUSH_STATEMENTS:
            self.flush()

    def log_bytes(self) -> int:
        """The size of the write-ahead log; it stays until the store is opened again."""
        return sum(_size(path) for path in self._files("*.log"))

    def tidy(self) -> None:
        """Remove the diaries of RocksDB that are over: each time it is opened leaves one."""
        for path in self._files("LOG.old.*"):
            path.unlink(missing_ok=True)

    def _files(self, pattern: str) -> Iterator[Path]:
        return iter(()) if self._path is None else self._path.glob(pattern)

    def reopen(self) -> None:
        """Close and open a store on disk: after a failed write Oxigraph takes no other.

        Raises ``OSError`` where it cannot be opened, as while a result of it is read.
        """
        self.close()
        self._store = ox.Store(str(self._path))

    def close(self) -> None:
        """Give the store up. An open result of it still holds it (pyoxigraph has no close)."""
        self.__dict__.pop("_store", None)


class Snapshot(LocalStore):
    """A copy of the store that is only read. Close it, or use it with ``with``.

    ``living`` holds the IRIs of the runs whose process lived when it was taken.
    """

    def __init__(self, folder: Path, living: Set[str] = frozenset()) -> None:
        super().__init__(folder / "store", read_only=True)
        self._folder = folder
        self.living = living

    def close(self) -> None:
        """Remove the copy. A result that is still being read stays readable (POSIX)."""
        super().close()
        # Who reads it goes last: what is cut short here is swept up by the next reader.
        shutil.rmtree(self._folder / "store", ignore_errors=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> "Snapshot":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _open_store(home: Home) -> LocalStore:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return LocalStore(home.store)
        except (OSError, RuntimeError) as error:  # RuntimeError: its files are damaged
            if "lock" not in str(error).lower():
                raise StorageError(
                    f"The store {home.store} cannot be opened: {error}. If the disk is full or "
                    "read-only, mend that; otherwise take the folder away and run 'kprov runs': "
                    "the store is built again from the journals."
                ) from error
            if time.monotonic() > deadline:
                raise StoreLockedError(
                    f"The store {home.store} is in use by {owner.name(home)}, and was for the last "
                    f"{LOCK_SECONDS:.0f} seconds. Wait for that process or end it, and try again."
                ) from error
        time.sleep(0.02)


@contextmanager
def owned(home: Home, address: Address | None = None) -> Iterator[LocalStore]:
    """The store itself, for as long as the block lasts; waits for it at most five seconds.

    ``address`` is where a server gives snapshots of it meanwhile.
    """
    _check_writable(home)
    store = _open_store(home)
    try:
        owner.announce(home, address)
        yield store
    except OSError as error:
        raise _unwritable(home, error) from error
    finally:
        # Not left to the last reference: a traceback that somebody keeps holds one.
        _close(store)
        owner.withdraw(home)


def _close(store: LocalStore) -> None:
    """Close the store, and leave no long log behind."""
    try:
        if store.log_bytes() > LOG_BYTES:
            store.flush()
            store.reopen()
        store.tidy()
    except (OSError, RuntimeError):
        pass  # a full disk, or a result is being read still: the next one does it
    finally:
        store.close()


def _unwritable(home: Home, error: OSError | RuntimeError) -> StorageError:
    return StorageError(
        f"The folder {home.path} cannot be written: {getattr(error, 'strerror', None) or error}. "
        "Free some space, or make it writable, and try again: nothing was lost."
    )


def _check_writable(home: Home) -> None:
    if not os.access(home.path, os.W_OK):
        raise StorageError(
            f"The folder {home.path} is read-only, and kprov needs to write there even to read: "
            f"it takes a lock and a snapshot. Copy it to a place that you may write to and name "
            f"that with --home: cp -r {home.path} /tmp/kprov && kprov --home /tmp/kprov runs"
        )


def lend(home: Home, store: LocalStore, reader: Mapping[str, object]) -> Path:
    """A folder with a copy of the owned ``store`` for the process ``reader``, who removes it.

    On the same disk, so that it can be hard links.
    """
    if home.snapshots.is_symlink():
        raise StorageError(
            f"{home.snapshots} is a link, and not the folder that kprov makes and clears. Remove "
            "the link and try again."
        )
    folder = None
    try:
        home.snapshots.mkdir(exist_ok=True)
        sweep(home)
        folder = Path(tempfile.mkdtemp(dir=home.snapshots, prefix=f"{os.getpid()}-"))
        (folder / "reader.json").write_text(json.dumps(reader), "utf-8")
        store.backup(folder / "store")
    except (OSError, RuntimeError) as error:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
        raise _unwritable(home, error) from error
    return folder


def snapshot(home: Home, store: LocalStore, living: Set[str] = frozenset()) -> Snapshot:
    """A snapshot of the owned ``store`` for this process."""
    return Snapshot(lend(home, store, describe()), living)
