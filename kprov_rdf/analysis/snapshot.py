"""What is opened: a snapshot of a state folder, an endpoint, or a file that was read.

A snapshot is a folder on the disk. It is removed when nothing refers to it any more, and at
the end of the process; what a killed process leaves, the next reader of the folder removes.
"""

import os
import warnings
import weakref
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from kprov_capture.home import Home, find, open_home
from kprov_rdf import runs
from kprov_rdf.errors import NotFoundError
from kprov_rdf.store import LocalStore, Snapshot, Store

Where = str | os.PathLike[str] | Home | None


class Opened:
    """A store that stays as it is for as long as somebody refers to this.

    ``living`` holds the IRIs of the runs whose process ran then, None where that is not known;
    ``home`` is the state folder, where there is one.
    """

    def __init__(self, store: Store, living: Set[str] | None, home: Home | None = None) -> None:
        self.store, self.living, self.home = store, living, home
        self._listed: list[runs.RunInfo] | None = None
        if isinstance(store, Snapshot):
            # Of the store, and not of self: what is called may not keep alive what it waits for.
            weakref.finalize(self, _remove, store, os.getpid())

    @property
    def listed(self) -> list[runs.RunInfo]:
        """The runs, the newest first. Where nobody knows who lives, none is called crashed."""
        if self._listed is None:
            found = runs.listing(self.store, self.living or frozenset())
            self._listed = found if self.living is not None else [_unsure(run) for run in found]
        return self._listed

    def find(self, name: str) -> runs.RunInfo:
        """The run that a name means, as the command finds it. Raises ``NotFoundError``."""
        found = runs.find(self.store, self.living or frozenset(), name)
        return found if self.living is not None else _unsure(found)


def _unsure(run: runs.RunInfo) -> runs.RunInfo:
    from dataclasses import replace

    return replace(run, status=runs.UNKNOWN) if run.status == runs.CRASHED else run


def _remove(snapshot: Snapshot, owner: int) -> None:
    # A process that was forked has this too, and may end before the one whose snapshot it is.
    if os.getpid() == owner:
        snapshot.close()


@dataclass(frozen=True)
class Place:
    """Where a store is opened, again and again: ``name`` is for people."""

    name: str
    home: Home | None = None
    url: str | None = None
    file: Path | None = None

    def opened(self) -> Opened:
        """The store as it is now. Raises ``KprovError``."""
        if self.url is not None:
            from kprov_rdf.remote import RemoteStore

            return Opened(RemoteStore(self.url), None)
        if self.file is not None:
            return _of_file(self.file)
        if self.home is None:
            raise NotFoundError("There is nothing to open.")
        from kprov_rdf.ingest import open_snapshot

        taken = open_snapshot(self.home)
        return Opened(taken, taken.living, self.home)


def place(where: Where) -> Place:
    """What ``where`` means: see :func:`kprov_rdf.open`.

    Raises ``HomeError`` where there is no state folder, ``NotFoundError`` for a file that is
    not there.
    """
    if isinstance(where, Home):
        return Place(str(where.path), home=open_home(where.path))
    if isinstance(where, str) and where.startswith(("http://", "https://")):
        # The root of a kprov server is its page for people; beside it is its endpoint.
        root = where.rstrip("/").count("/") == 2
        url = f"{where.rstrip('/')}/sparql" if root else where
        return Place(url, url=url)
    if where is not None and Path(where).expanduser().is_file():
        return Place(str(where), file=Path(where).expanduser())
    path = find(where)
    if where is not None and path.suffix and not path.exists():
        raise NotFoundError(f"There is no file and no kprov folder {path}.")
    if not (path / "journal").is_dir() and (path / ".kprov" / "journal").is_dir():
        path = path / ".kprov"
    return Place(str(path), home=open_home(path))


def _of_file(path: Path) -> Opened:
    """What a file says, in memory: the provenance of a model, or any document that merge takes."""
    from kprov_rdf import travel
    from kprov_rdf.exchange import read

    carried = travel.find(path)
    if carried is not None:
        if carried.problems:
            told = (
                f"The provenance in {path} is not about this file: {'; '.join(carried.problems)}."
            )
            warnings.warn(told, stacklevel=5)
        # Saved while its run went on, so it does not end in there; that is no crash.
        return Opened(carried.store, {carried.run.iri})
    store = LocalStore()
    store.load(read(path).text)
    return Opened(store, None)
