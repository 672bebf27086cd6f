"""What is new in a run, as plain data, as it happens.

Asked again and again while the training runs. So only the journal of this run is read, from
where it was read before; the store is asked for what the name of the run means, and for what
has no journal: a training that another tool logged.
"""

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pyoxigraph as ox

from kprov_capture.home import Home, HomeError, open_home
from kprov_capture.home import find as find_home
from kprov_capture.journal import SUFFIX
from kprov_capture.redaction import IN_ARCHIVE
from kprov_capture.terms import SETTINGS, Dnnprov
from kprov_rdf import epochs, query
from kprov_rdf.errors import JournalDamagedError, NotFoundError, StorageError, StoreLockedError
from kprov_rdf.ingest import open_snapshot
from kprov_rdf.runs import CRASHED, RUNNING, UNKNOWN, RunInfo, listing, resolve
from kprov_rdf.runs import find as find_run
from kprov_rdf.store import Store, select
from kprov_rdf.watch.records import Records

Value = str | int | float | bool
# How a run ends as it was meant to; UNKNOWN, since another tool did not say.
PLANNED = ("FINISHED", UNKNOWN)
# Tests and files follow a training. A notebook leaves its run open, which may be for days.
GRACE_SECONDS = 10.0
# Where the store cannot be asked, the journals can.
_UNASKABLE = (StoreLockedError, StorageError, JournalDamagedError)
# Imports, links and validations have journals too.
_RUN = re.compile("[0-9a-f-]{36}")
_LEAST = 4  # digits of an id that may stand for it
# Which question is worth asking again, by what the new text speaks of.
_ABOUT = {
    "adaptations": (Dnnprov.oldValue,),
    "decisions": (
        Dnnprov.EarlyTermination,
        Dnnprov.ModelRestoration,
        Dnnprov.FineTuning,
        Dnnprov.resumedFrom,
    ),
    "errors": (Dnnprov.error,),
    "tests": (Dnnprov.oTesting,),
    "files": (Dnnprov.File,),
}
_OF_RUN = (Dnnprov.status, Dnnprov.Dataflow, Dnnprov.Training, Dnnprov.initialEpoch)
_ENDS = """
SELECT ?epoch ?ended { GRAPH ?run {
  ?metrics dnnprov:epoch ?epoch ; prov:wasGeneratedBy ?activity .
  ?activity a dnnprov:EpochExecution ; prov:endedAtTime ?ended } }
"""
_SETTINGS = {iri.rpartition("#")[2]: name for name, iri in SETTINGS.items()}


@dataclass(frozen=True)
class Epoch:
    """One epoch: its number from 0, duration in seconds, learning rate, metrics by Keras' names.

    A metric may be NaN or infinite. ``ended`` is when it ended, in seconds since 1970.
    """

    number: int
    seconds: float | None
    rate: float | None
    metrics: Mapping[str, float]
    ended: float | None = None


@dataclass(frozen=True)
class Event:
    """What happened beside the epochs.

    ``kind`` is adaptation, EarlyTermination, ModelRestoration, FineTuning, resumedFrom, error,
    test or file; ``epoch`` that in which it happened, where there is one; ``values`` what the
    question of that name tells of it; ``metrics`` those of a test, by Keras' names.
    """

    kind: str
    epoch: int | None
    values: Mapping[str, Value]
    metrics: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Update:
    """What is new. ``run`` is as it is now; ``over``: nothing will follow."""

    run: RunInfo
    epochs: tuple[Epoch, ...] = ()
    events: tuple[Event, ...] = ()
    over: bool = False


def find(home: Home, name: str) -> RunInfo:
    """The run that ``name`` means, as everywhere.

    Where the store cannot be asked, as while another process has it or on a read-only disk, what
    the journals say: of those that were put away, only by id. Raises ``NotFoundError``, or why the
    store cannot be asked.
    """
    try:
        with open_snapshot(home) as store:
            return find_run(store, store.living, name)
    except _UNASKABLE as error:
        try:
            return resolve(name, _from_journals(home, name))
        except NotFoundError:
            raise error from None


def _from_journals(home: Home, name: str) -> list[RunInfo]:
    """The runs that are not put away, and those that are and may be meant, the newest first."""
    ids = _ids(home.journal.glob(f"*{SUFFIX}"))
    done = _ids(home.done.glob(f"*{SUFFIX}.gz"))
    short = name.rpartition("/")[2]
    if len(short) >= _LEAST:
        ids += [one for one in done if one.startswith(short) or one.endswith(short)]
    if name == "@latest":
        ids += done[:1]
    found = []
    for one in sorted(set(ids), reverse=True):
        records = Records(home, one)
        try:
            iri = records.iri()
            if iri:
                records.news()
                living = {iri} if records.alive() else set()
                found += listing(records.store, living, iri)
        except (JournalDamagedError, StorageError, NotFoundError):
            continue  # it is another that is wanted, or none
    return found


def _ids(journals: Iterable[Path]) -> list[str]:
    """The runs that have these journals, the newest first: the first digits are the time."""
    names = (path.name.partition(".")[0] for path in journals)
    return sorted(filter(_RUN.fullmatch, names), reverse=True)


def wait_for(
    asked: str | os.PathLike[str] | None, name: str, interval: float
) -> tuple[Home, RunInfo]:
    """Wait for a run of that name; gives the state folder, which may not be there yet, and the run.

    Where the name is a tag or @latest, a run that had ended before does not count: it waits
    for the next. Looks every ``interval`` seconds, and asks only where a journal changed.
    Raises ``HomeError`` where the folder is none, ``StorageError``, ``JournalDamagedError``.
    """
    since, folder = time.time(), find_home(asked)
    seen: list[tuple[str, int]] | None = None
    while True:
        try:
            home = open_home(folder)
            now = _look(home)
            if now != seen:
                seen = now
                run = find(home, name)
                by_id = run.tag != name != "@latest"
                begun = run.started is not None and run.started.timestamp() >= since
                if by_id or begun or run.status == RUNNING:
                    return home, run
        except HomeError:
            if folder.exists() and not folder.is_dir():
                raise
        except NotFoundError:
            pass
        except StoreLockedError:
            seen = None
        time.sleep(interval)


def _look(home: Home) -> list[tuple[str, int]]:
    """Names and sizes of the journals: cheaper than asking."""
    found = []
    for path in home.journal.glob(f"*{SUFFIX}"):
        try:
            found.append((path.name, path.stat().st_size))
        except FileNotFoundError:
            continue
    return sorted(found)


@dataclass
class _Told:
    """What was told of a run, so that nothing is told twice."""

    run: RunInfo
    epochs: int = 0
    rows: set[tuple[str, int | None, str, str]] = field(default_factory=set)

    def update(self, store: Store, new: Store | None, text: bytes | None) -> Update:
        """What ``store`` has that was not told; ``new`` has its new epochs and no others.

        ``text`` is what is new in it; None where all of it is.
        """
        iri = self.run.iri
        known = epochs.names(store, iri)
        read = epochs.read(new, iri, known=known) if new else []
        ends = _ends(new) if new and read else {}
        found = tuple(replace(_epoch(*one), ended=ends.get(one[0])) for one in read)
        self.epochs += len(found)
        events: list[Event] = []
        for question, terms in _ABOUT.items():
            if text is None or any(term.encode() in text for term in terms):
                events += self._events(store, question, known)
        return Update(replace(self.run, epochs=self.epochs), found, tuple(events))

    def _events(self, store: Store, question: str, known: Mapping[str, str]) -> Iterator[Event]:
        answer = query.table(store, query.find(question), {"run": ox.NamedNode(self.run.iri)})
        rows = [
            {name: query.value(term) for name, term in zip(answer.columns, row, strict=True)}
            for row in answer.rows
        ]
        for event in _tests(rows, known) if question == "tests" else map(_EVENTS[question], rows):
            # What is in an archive came with it.
            if IN_ARCHIVE in str(event.values.get("path", "")):
                continue
            # The hash of a file may be told later than the file.
            values = {k: v for k, v in event.values.items() if k != "sha256"}
            one = (event.kind, event.epoch, repr(values), repr(event.metrics))
            if one not in self.rows:
                self.rows.add(one)
                yield event


_Row = dict[str, str | int | float | bool | None]


def _epoch(number: int, told: Mapping[str, float]) -> Epoch:
    metrics = {k: v for k, v in told.items() if k not in (epochs.SECONDS, epochs.RATE)}
    return Epoch(number, told.get(epochs.SECONDS), told.get(epochs.RATE), metrics)


def _ends(store: Store) -> dict[int, float]:
    """When each epoch ended: what callbacks do between two epochs is no part of their duration."""
    told = ((query.value(row["epoch"]), query.value(row["ended"])) for row in select(store, _ENDS))
    return {
        epoch: datetime.fromisoformat(str(ended)).timestamp()
        for epoch, ended in told
        if isinstance(epoch, int)
    }


def _event(kind: str, row: _Row) -> Event:
    epoch = row.pop("epoch", None)
    values = {key: value for key, value in row.items() if value is not None}
    return Event(kind, epoch if isinstance(epoch, int) else None, values)


def _adaptation(row: _Row) -> Event:
    row["setting"] = _SETTINGS.get(str(row["setting"]), row["setting"])
    return _event("adaptation", row)


def _file(row: _Row) -> Event:
    return _event("file", row)


def _error(row: _Row) -> Event:
    row["activity"] = str(row["activity"]).rpartition("#")[2]
    return _event("error", row)


def _decision(row: _Row) -> Event:
    return _event(str(row.pop("what")), row)


_EVENTS = {"adaptations": _adaptation, "decisions": _decision, "errors": _error, "files": _file}


def _tests(rows: list[_Row], known: Mapping[str, str]) -> Iterator[Event]:
    """One event a test, which has a row for each of its metrics."""
    found: dict[str, dict[str, Value]] = {}
    for row in rows:
        test = str(row["test"]).rpartition("#")[2]
        value = row["value"]
        if value is not None:
            name = known.get(str(row["metric"]), str(row["metric"]))
            found.setdefault(test, {})[name] = value
    for test, metrics in found.items():
        yield Event("test", None, {"test": test}, metrics)


def follow(home: Home, run: RunInfo, interval: float = 1.0) -> Iterator[Update]:
    """What happens in the run: first what there is, then what is new, until it ends.

    Looks every ``interval`` seconds, and gives an update where something is new. A run that has
    ended is told once. One that is going on ends with its record; where its process is gone, as
    CRASHED; or, when its training has ended, ten seconds after the last thing that followed.
    Raises ``JournalDamagedError``, ``StorageError``, or ``NotFoundError`` where it is taken away.
    """
    told, records = _Told(run), Records(home, run.id)
    if run.status != RUNNING or not records.there():
        yield replace(_whole(home, told, records), over=True)
        return
    last, first = time.monotonic(), True
    while True:
        living = records.alive()  # before reading: what it wrote at last is read then
        text, new = records.news()
        if first or any(term.encode() in text for term in _OF_RUN):
            told.run = _now(records, told.run, living)
        if not living and told.run.status == RUNNING and not records.ended:
            told.run = replace(told.run, status=CRASHED)
        over = records.ended or not living
        if text:
            last = time.monotonic()
        over |= told.run.status != RUNNING and time.monotonic() - last >= GRACE_SECONDS
        if text or first or over:
            first = False
            yield replace(told.update(records.store, new, text), over=over)
        if over:
            return
        time.sleep(interval)


def _now(records: Records, run: RunInfo, living: bool) -> RunInfo:
    """The run as it is now; as it was before where its first statements are not there yet."""
    found = listing(records.store, {run.iri} if living else frozenset(), run.iri)
    return found[0] if found else run


def _whole(home: Home, told: _Told, records: Records) -> Update:
    """All of a run that has ended: from its journal, where it has one, which nobody locks."""
    if records.there():
        try:
            records.news()
            return told.update(records.store, records.store, None)
        except JournalDamagedError:
            pass  # the store may have it from before
    with open_snapshot(home) as store:
        return told.update(store, store, None)
