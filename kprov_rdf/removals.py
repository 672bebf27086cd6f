"""Records that were removed: whose journals are not loaded, and what the catalog tells of them.

A removal is a finished journal, ``removal-<record>.nq``, where ``<record>`` is the UUID of a run
or ``import-sha256-…``. It has what the catalog said of the record, who removed it, when and why
(PROV-DM, section 5.1.8). Who owns the store obeys it, whatever is loaded first: the graphs that
the record's journal filled leave the store, and its journals go to ``removed/``. A store that is
built anew gets the same from the journals that are left.
"""

import gzip
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyoxigraph as ox

from kprov_capture.home import Home
from kprov_capture.journal import SUFFIX
from kprov_capture.terms import Prov
from kprov_rdf import journal, summaries
from kprov_rdf.errors import JournalDamagedError, RefusedError
from kprov_rdf.store import Bindings, LocalStore, Store, select

PREFIX = "removal-"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_STEM = rf"(?:{_UUID}|import-sha256-[0-9a-f]{{64}})"
_END = re.escape(SUFFIX) + r"(?:\.gz)?"
_OWN = re.compile(rf"({_STEM}){_END}").fullmatch
_VALIDATION = re.compile(rf"validation-({_STEM})-.*{_END}").fullmatch
_LINKS = re.compile(rf"links-(sha256-[0-9a-f]{{64}}){_END}").fullmatch
_REMOVAL = re.compile(rf"{PREFIX}({_STEM}){_END}").fullmatch
_RECORD = re.compile(rf"[^#]*/(?:run/({_UUID})|import/(sha256-[0-9a-f]{{64}}))(?:#.*)?").fullmatch
_INVALIDATED = re.compile(
    rf"^<([^>]+)> <{re.escape(Prov.wasInvalidatedBy)}> ".encode(), re.MULTILINE
)
_REMOVED = """
SELECT ?record ?at ?by ?reason ?label ?created ?size ?sha256 ?removal {
  GRAPH ?catalog {
    ?removal a dnnprov:Removal ; prov:endedAtTime ?at .
    ?record prov:wasInvalidatedBy ?removal .
    OPTIONAL { ?removal prov:wasAssociatedWith ?person . ?person a prov:Person ; rdfs:label ?by }
    OPTIONAL { ?removal rdfs:comment ?reason }
    OPTIONAL { ?record rdfs:label ?label }
    OPTIONAL { ?record dcterms:created ?created }
    OPTIONAL { ?record prov:specializationOf ?content .
               ?content dnnprov:byteSize ?size ; dnnprov:sha256 ?sha256 }
  }
  # Nothing but kprov names a part of a catalog: what a record says of itself does not count.
  FILTER (STRENDS(STR(?catalog), "/catalog")
          && STRSTARTS(STR(?removal), CONCAT(STR(?catalog), "#removal-"))
          && DATATYPE(?at) = xsd:dateTime && TZ(?at) != "")
}
ORDER BY DESC(?at) ?record
"""
_POINTS = ("subject", "object")


@dataclass(frozen=True)
class Removed:
    """A record that was removed: its IRI, and what the catalog kept of it.

    ``size`` and ``sha256`` are those of its journal, unpacked.
    """

    record: str
    at: datetime
    by: str | None
    reason: str | None
    label: str | None
    created: datetime | None
    size: int | None
    sha256: str | None

    def __str__(self) -> str:
        by = f" by {self.by}" if self.by else ""
        why = f": {self.reason}" if self.reason else ""
        return f"{self.record} was removed on {self.at.astimezone():%Y-%m-%d %H:%M:%S}{by}{why}"


# -- names of journals


def stem(record: str) -> str | None:
    """The name of the journals of a record, or of the record that an IRI is a part of."""
    found = _RECORD(record)
    return found and (found[1] or f"import-{found[2]}")


def stem_of(name: str) -> str | None:
    """The record to which a journal of this name belongs; None for a removal, and for others."""
    found = _OWN(name) or _VALIDATION(name)
    if found:
        return found[1]
    links = _LINKS(name)
    return f"import-{links[1]}" if links else None


def of_removal(name: str) -> str | None:
    """The record that a journal of this name removes."""
    found = _REMOVAL(name)
    return found[1] if found else None


def pending(home: Home, which: str) -> Path:
    """Where the journal of a removal stands until it is obeyed."""
    return home.journal / f"{PREFIX}{which}{SUFFIX}"


def is_removed(home: Home, which: str) -> bool:
    """Whether there is a removal of this record, obeyed or not."""
    return pending(home, which).exists() or (home.done / f"{pending(home, which).name}.gz").exists()


def all_of(home: Home) -> frozenset[str]:
    """The names of the journals of all removed records."""
    paths = [p for one in (home.journal, home.done) for p in one.glob(f"{PREFIX}*")]
    return frozenset(found for found in (of_removal(path.name) for path in paths) if found)


def invalidated(home: Home) -> frozenset[str]:
    """The IRIs of all graphs that were removed, whether or not the store knows it yet."""
    found: set[str] = set()
    for folder in (home.journal, home.done):
        for path in sorted(folder.glob(f"{PREFIX}*")):
            if of_removal(path.name):
                found |= {iri.decode() for iri in _INVALIDATED.findall(text_of(path))}
    return frozenset(found)


# -- journals of a record, wherever they are


def journals(home: Home, which: str) -> Iterator[Path]:
    """The journals of a record: its own, its links, its validations; put aside or not."""
    known = [f"{which}{SUFFIX}"]
    if which.startswith("import-"):
        known.append(f"links-{which.removeprefix('import-')}{SUFFIX}")
    for folder in (home.journal, home.done, home.removed):
        paths = [folder / f"{name}{packed}" for name in known for packed in ("", ".gz")]
        yield from (path for path in paths if path.is_file())
        for path in sorted(folder.glob(f"validation-{which}-*")):
            if stem_of(path.name) == which:
                yield path


def text_of(path: Path) -> bytes:
    """The N-Quads of a journal: its whole batches. Nothing where it is gone.

    Raises ``JournalDamagedError`` where an archive cannot be unpacked.
    """
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            return gzip.decompress(data)
    except FileNotFoundError:
        return b""
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise JournalDamagedError(
            f"The finished journal {path} is damaged: {error}. Put back an intact copy."
        ) from error
    # Cut where the last whole batch ends; not checked: it is read to know what goes.
    last = data.rfind(b"\n# commit ")
    return data[: data.find(b"\n", last + 1) + 1] if last >= 0 else b""


# -- obeying


def obey(home: Home, store: LocalStore, which: str) -> set[str]:
    """Take what the journals of a removed record say out of the store; its removal is loaded after.

    Gives the graphs that went. Harmless when repeated, also when it was cut short before.
    """
    others: set[bytes] | None = None
    gone: set[str] = set()
    for path in journals(home, which):
        text = text_of(path)
        if _OWN(path.name):
            graphs = journal.graphs_in(text)
            gone |= graphs
            with summaries.unsaying(store, text):
                for name in sorted(graphs):
                    with summaries.unsaying_graph(store, name):
                        store.drop(name)
        elif _VALIDATION(path.name):
            # Its agents may be those of others: what only this validation has is a part of the
            # catalog.
            store.remove(line for line in text.splitlines() if b"/catalog#" in line.split(b" ")[0])
        else:
            others = _links_of_others(home, which) if others is None else others
            with summaries.unsaying(store, text):
                store.remove(line for line in text.splitlines() if line not in others)
    return gone


def _links_of_others(home: Home, which: str) -> set[bytes]:
    """The lines of the links that stay."""
    paths = [p for one in (home.journal, home.done) for p in one.glob(f"links-*{SUFFIX}*")]
    kept = (path for path in paths if stem_of(path.name) != which)
    return {line for path in kept for line in text_of(path).splitlines()}


def put_aside(home: Home, which: str) -> None:
    """Move the journals and the series of a removed record to ``removed/``."""
    home.removed.mkdir(exist_ok=True)
    for path in list(journals(home, which)):
        if path.parent == home.removed:
            continue
        os.replace(path, home.removed / path.name)
        for note in (".position", ".received"):
            if path.suffix == SUFFIX:
                path.with_suffix(note).unlink(missing_ok=True)
    series, aside = home.series / which, home.removed / "series" / which
    if series.is_dir() and not series.is_symlink():
        aside.mkdir(parents=True, exist_ok=True)
        for file in series.iterdir():
            os.replace(file, aside / file.name)
        series.rmdir()


def put_back(home: Home, which: str) -> None:
    """The opposite of ``put_aside``; the removal itself goes last, and is put aside.

    The store has to be built anew then. Harmless when repeated after it was cut short.
    """
    for path in list(journals(home, which)):
        if path.parent == home.removed:
            finished = path.suffix == ".gz"
            os.replace(path, (home.done if finished else home.journal) / path.name)
    aside, series = home.removed / "series" / which, home.series / which
    if aside.is_dir() and not aside.is_symlink():
        series.mkdir(parents=True, exist_ok=True)
        for file in aside.iterdir():
            os.replace(file, series / file.name)
        aside.rmdir()
    home.removed.mkdir(exist_ok=True)
    removal = home.done / f"{pending(home, which).name}.gz"
    os.replace(removal, home.removed / removal.name)


def prune_links(store: LocalStore) -> None:
    """Take out of the graphs of links what joins something that was removed."""
    gone = {one.record for one in listing(store)}
    if not gone:
        return
    for name in store.graphs():
        if name.endswith("/links"):
            dangling = _dangling(store.graph(name), gone)
            lines = "".join(f"{one} <{name}> .\n" for one in dangling).encode()
            with summaries.unsaying(store, lines):
                store.remove(lines.splitlines())


def _dangling(triples: Iterable[ox.Triple], gone: set[str]) -> list[ox.Triple]:
    """The links from or to a removed record or its parts, and the nodes that tell why."""
    told, found = list(triples), []
    reasons = set()
    for one in told:
        if any(_belongs(term, gone) for term in (one.subject, one.object)):
            found.append(one)
            if one.predicate.value.rpartition("#")[2] in _POINTS:
                reasons.add(one.subject)
    return [*found, *(one for one in told if one.subject in reasons)]


def _belongs(term: object, gone: set[str]) -> bool:
    if not isinstance(term, ox.NamedNode):
        return False
    return term.value in gone or term.value.partition("#")[0] in gone


# -- what the catalog tells


def listing(store: Store, record: str | None = None) -> list[Removed]:
    """The removed records, the latest first; or the one with this IRI."""
    given: Bindings = {} if record is None else {"record": ox.NamedNode(record)}
    found: dict[str, Removed] = {}
    for row in select(store, _REMOVED, given):
        iri = record if record is not None else row["record"].value
        told = {name: row[name] and row[name].value for name in _TEXTS}
        size, at = told["size"] or "", _time(row["at"].value)
        if at is None:
            continue
        found.setdefault(
            iri,
            Removed(
                iri,
                at,
                told["by"],
                told["reason"],
                told["label"],
                _time(told["created"]),
                int(size) if size.isdecimal() else None,
                told["sha256"],
            ),
        )
    return list(found.values())


def _time(text: str | None) -> datetime | None:
    """A time; None for what is none, which a merged record may say of itself."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


_TEXTS = ("by", "reason", "label", "created", "size", "sha256")
_SHORTEST = 4


def named(store: Store, name: str) -> Removed | None:
    """The removed record that ``name`` means: an IRI, an id, or a part of an id as of a run."""
    found = listing(store)
    for one in found:
        if one.record == name:
            return one
    digits = name.removeprefix("sha256-")
    meant = []
    for one in found:
        which = (stem(one.record) or "").removeprefix("import-sha256-")
        if "#" not in one.record and len(digits) >= _SHORTEST:
            meant += [one] * (which.startswith(digits) or which.endswith(digits))
    return meant[0] if len(meant) == 1 else None


def at_path(store: Store, path: str) -> Removed | None:
    """The removed record whose IRI ends in this path, ``run/…`` or ``import/…``."""
    return next((one for one in listing(store) if one.record.endswith(f"/{path}")), None)


def refuse(home: Home, records: Iterable[str], name: str) -> None:
    """Raise ``RefusedError`` where one of the records that ``name`` brings was removed here."""
    removed = all_of(home)
    if not removed:
        return
    gone = invalidated(home)
    for record in sorted(records):
        if record in gone or record.partition("#")[0] in gone:
            raise RefusedError(
                f"{name} is not taken: the record {record} was removed from this folder, and its "
                "removal is part of the provenance here ('kprov show' tells of it). Merge it into "
                "a folder of its own, with --home."
            )
