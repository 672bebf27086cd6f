"""Removing records: what would go, and the journal that says that it went (PROV-DM, 5.1.8).

Nothing but that journal is written here. Who owns the store, a command or a server, obeys it when
it looks at the journals next (``kprov_rdf.removals``).
"""

import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from kprov_capture import __version__
from kprov_capture.home import Home
from kprov_capture.identity import ImportNames, Names, ncname
from kprov_capture.nquads import Graph, Iri, instant
from kprov_capture.person import person
from kprov_capture.terms import RDFS_LABEL, Dnnprov, Prov
from kprov_rdf import ingest, journal, removals
from kprov_rdf.errors import NotFoundError, RefusedError, StorageError
from kprov_rdf.exchange import selection
from kprov_rdf.exchange.merge import alone
from kprov_rdf.exchange.selection import base_of
from kprov_rdf.store import PREFIXES, Snapshot, Store, select

_COMMENT = PREFIXES["rdfs"] + "comment"
_OWNERS = """
SELECT DISTINCT ?import ?graph { GRAPH ?catalog {
  ?import dcterms:hasPart ?graph FILTER NOT EXISTS { ?import prov:wasInvalidatedBy ?removal }
} }
"""


@dataclass(frozen=True)
class Planned:
    """A record that can be removed, and what would go: statements, files and their bytes.

    ``graphs`` are those that leave the store; ``stem`` is the name of its journals.
    """

    record: str
    stem: str
    graphs: tuple[str, ...]
    statements: int
    files: tuple[Path, ...]
    bytes: int


def plan(home: Home, store: Snapshot, names: Sequence[str]) -> list[Planned]:
    """What these names of runs and imports mean, and what their removal would take.

    Raises ``NotFoundError`` where there is no such record, or it was removed before, and
    ``RefusedError`` where it cannot be removed: a run that goes on, a part of an import, or an
    import of which another needs what it brought.
    """
    records = list(dict.fromkeys(selection.find(store, names, store.living)))
    living = ingest.alive(home)
    for record in records:
        if record in living:
            raise RefusedError(
                f"The run {record} still goes on: the process that writes it lives. End it first, "
                "or close the run (Run.close()), and try again."
            )
    found = [_planned(home, store, record) for record in records]
    _check_shared(store, found)
    return found


def _planned(home: Home, store: Snapshot, record: str) -> Planned:
    which = removals.stem(record)
    own = which and [one for one in removals.journals(home, which) if _is_own(one, which)]
    if which and not own and removals.is_removed(home, which):
        raise NotFoundError(f"{record} was removed just now, by another process.")
    if not own or "#" in record or _told(own[0]) != record:
        _refuse_part(store, record)
    assert which is not None and own  # noqa: S101
    graphs = sorted(journal.graphs_in(removals.text_of(own[0])))
    series = home.series / which
    files = [one for one in removals.journals(home, which) if one.parent != home.removed]
    files += sorted(one for one in series.glob("*") if one.is_file()) if series.is_dir() else []
    sizes = sum(one.stat().st_size for one in files)
    statements = sum(len(store.graph(name)) for name in graphs)
    return Planned(record, which, tuple(graphs), statements, tuple(files), sizes)


def _is_own(path: Path, which: str) -> bool:
    return path.name.startswith(which) and path.parent.name != "removed"


def _told(path: Path) -> str | None:
    """The record that the first line of a journal names."""
    told = journal.told(removals.text_of(path).partition(b"\n")[0] + b"\n", path)
    found = told.get("run") or told.get("import")
    return found if isinstance(found, str) else None


def _refuse_part(store: Store, record: str) -> None:
    if "#" in record:
        whole = record.partition("#")[0]
    else:
        rows = select(store, _OWNERS, {"graph": ox.NamedNode(record)})
        whole = " ".join(sorted(row["import"].value for row in rows))
    if not whole:
        raise NotFoundError(
            f"The journal of {record} is not there, so it cannot be removed. Put it back into "
            "journal/done, or take the folder store/ away: it is built again without this record."
        )
    raise RefusedError(f"{record} came with an import, and goes with it only: kprov rm {whole}")


def _check_shared(store: Store, planned: Sequence[Planned]) -> None:
    """Refuse an import that brought a graph of which another import has more, and stays."""
    going = {one.record for one in planned}
    for one in planned:
        if "/import/" not in one.record:
            continue
        for name in one.graphs:
            rows = select(store, _OWNERS, {"graph": ox.NamedNode(name)})
            others = sorted({row["import"].value for row in rows} - going)
            if others:
                raise RefusedError(
                    f"The graph {name} of {one.record} came also with {others[0]}, of which only "
                    "what was new was kept. Remove them together, and merge again what is to "
                    f"stay under other bytes: kprov rm {one.record} {' '.join(others)}"
                )


def remove(home: Home, planned: Iterable[Planned], reason: str | None = None) -> None:
    """Write the journal of each removal, which who owns the store obeys. Harmless when repeated.

    Raises ``StorageError`` where it cannot be written; those before are.
    """
    for one in planned:
        with alone(home):
            if removals.is_removed(home, one.stem):
                continue
            path = removals.pending(home, one.stem)
            try:
                journal.write(path, {"removal": one.record}, _statements(home, one, reason))
            except OSError as error:
                raise StorageError(
                    f"The journal {path} cannot be written: {error.strerror or error}. Free some "
                    f"space, or make the folder writable, and try again: {one.record} is as it was."
                ) from error


def _statements(home: Home, planned: Planned, reason: str | None) -> bytes:
    """What the catalog keeps of the record, and its removal."""
    base = base_of(planned.record)
    catalog = Graph(f"{base}catalog")
    own = b""
    kept: dict[bytes, None] = {}
    for path in removals.journals(home, planned.stem):
        text = removals.text_of(path)
        if _is_own(path, planned.stem):
            own = own or text
        for line in text.splitlines(keepends=True):
            if line.endswith(b"/catalog> .\n") and b"/catalog#" not in line.split(b" ")[0]:
                kept[line] = None
    _removal(catalog, base, planned, reason)
    sha256 = hashlib.sha256(own).hexdigest()
    content = ImportNames(sha256, base).content
    catalog.link(planned.record, Prov.specializationOf, content)
    catalog.node(
        content,
        (Dnnprov.Content, Prov.Entity),
        (Dnnprov.sha256, sha256),
        (Dnnprov.byteSize, len(own)),
    )
    return b"".join(kept) + catalog.text().encode()


def _removal(catalog: Graph, base: str, planned: Planned, reason: str | None) -> None:
    local = planned.stem.removeprefix("import-")
    removal = f"{base}catalog#{ncname(f'removal-{local}')}"
    at = instant(time.time())
    by, program = _agents(catalog, Names(local, base))
    catalog.node(
        removal,
        (Dnnprov.Removal, Prov.Activity),
        (Prov.startedAtTime, at),
        (Prov.endedAtTime, at),
        (_COMMENT, reason),
    )
    catalog.link(removal, Prov.wasAssociatedWith, by, program)
    for number, name in enumerate(dict.fromkeys((planned.record, *planned.graphs))):
        event = f"{base}catalog#{ncname(f'invalidation-{local}-{number}')}"
        catalog.node(
            name,
            (Prov.Bundle, Prov.Entity),
            (Prov.wasInvalidatedBy, Iri(removal)),
            (Prov.invalidatedAtTime, at),
            (Prov.qualifiedInvalidation, Iri(event)),
        )
        catalog.node(event, (Prov.Invalidation,), (Prov.activity, Iri(removal)), (Prov.atTime, at))


def undo(home: Home, record: str, reason: str | None = None) -> None:
    """Bring a removed record back, whose archive is there still; the store is built anew.

    That it was done stays in the catalog. Raises ``NotFoundError`` where the record was not
    removed, or its archive was freed, and ``StoreLockedError`` while a server owns the store.
    """
    which = removals.stem(record)
    with alone(home), ingest.opened(home) as store:
        ingest.make_whole(home, store)
        ingest.catch_up(home, store)
        told = which and any(one.record == record for one in removals.listing(store))
        if not which or not told or not removals.is_removed(home, which):
            raise NotFoundError(f"{record} was not removed, or it came with an import that was.")
        if not any(removals.stem_of(one.name) == which for one in _archives(home, which)):
            raise NotFoundError(
                f"What {record} said was freed by 'kprov gc', and cannot be brought back; a backup "
                "may have it."
            )
        ingest.anew(home)
        try:
            journal.write(
                home.journal / f"undone-{which}-{time.time_ns()}.nq",
                {"undone": record},
                _undone(record, which, reason),
            )
            removals.put_back(home, which)
        except OSError as error:
            raise StorageError(
                f"{record} cannot be brought back: {error.strerror or error}. Free some space, or "
                "make the folder writable, and try again."
            ) from error
        ingest.make_whole(home, store)
        ingest.catch_up(home, store)


def _archives(home: Home, which: str) -> list[Path]:
    """The journals of the record itself."""
    return [path for path in removals.journals(home, which) if path.name.startswith(which)]


def _undone(record: str, which: str, reason: str | None) -> bytes:
    """That a removal was undone: the record is not invalid any more."""
    base = base_of(record)
    catalog = Graph(f"{base}catalog")
    at = instant(time.time())
    agents = _agents(catalog, Names(which, base))
    activity = f"{base}catalog#{ncname(f'undone-{which}-{time.time_ns()}')}"
    catalog.node(
        activity,
        (Prov.Activity,),
        (RDFS_LABEL, f"Undoing of the removal of {record}"),
        (Prov.startedAtTime, at),
        (Prov.endedAtTime, at),
        (_COMMENT, reason),
    )
    catalog.link(activity, Prov.wasAssociatedWith, *agents)
    return catalog.text().encode()


def _agents(catalog: Graph, names: Names) -> tuple[str, str]:
    """The user and this program, of which the catalog says what they are."""
    user = person()
    by, program = names.agent(user.kind, user.name), names.agent("kprov", __version__)
    catalog.node(by, (Prov.Person, Prov.Agent), (RDFS_LABEL, user.label))
    catalog.node(program, (Prov.SoftwareAgent, Prov.Agent), (RDFS_LABEL, f"kprov {__version__}"))
    return by, program
