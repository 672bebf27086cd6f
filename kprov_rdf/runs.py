"""Runs as people speak of them: a list with their state, and the names that mean one."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

import pyoxigraph as ox

from kprov_rdf import query, removals, summaries
from kprov_rdf.errors import NotFoundError
from kprov_rdf.store import Bindings, Store

_OURS = re.compile(r".*/(run/[0-9a-f-]{36}|catalog)").fullmatch
RUNNING = "RUNNING"
CRASHED = "CRASHED"
UNKNOWN = "UNKNOWN"
_MANY_CATALOGS = 20
_TOLD = 3


@dataclass(frozen=True)
class Verdict:
    """What came of the validation of a run that had ended; ``conforms`` is None where it failed.

    ``iri`` is the validation, ``by`` the program with its version, ``rules`` are the names of
    the sets of rules.
    """

    iri: str
    conforms: bool | None
    violations: int
    warnings: int
    rules: tuple[str, ...]
    by: str
    at: datetime | None
    error: str | None

    def __str__(self) -> str:
        if self.conforms is None:
            return "not done"
        return "valid" if self.conforms else f"invalid ({self.violations})"


@dataclass(frozen=True)
class RunInfo:
    """One run. ``status`` is its training's; RUNNING and CRASHED are found out, not stored.

    UNKNOWN is that of a training of which another tool did not log how it ended.
    """

    iri: str
    tag: str
    status: str
    started: datetime | None
    ended: datetime | None
    optimizer: str | None
    rate: float | None
    epochs: int
    planned: int | None
    verdict: Verdict | None = None

    @property
    def validated(self) -> str:
        """valid, invalid (number of violations), not done, or – where nobody validated it yet."""
        return str(self.verdict or "–")

    @property
    def seconds(self) -> float | None:
        """How long it took; None where its start or its end is not known."""
        return (self.ended - self.started).total_seconds() if self.started and self.ended else None

    @property
    def id(self) -> str:
        return re.split("/|#run-", self.iri)[-1]

    @property
    def short(self) -> str:
        """The last 8 digits: the first ones of a UUIDv7 are the time, and much alike."""
        return self.id[-8:] if len(self.id) > _LONGEST_SHORT else self.id


_LONGEST_SHORT = 16  # of what other tools call their runs


def _time(term: query.Term) -> datetime | None:
    """A time with a zone; None for what is none, which a merged run may have."""
    try:
        found = datetime.fromisoformat(term.value) if isinstance(term, ox.Literal) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)


def listing(
    store: Store,
    living: Set[str],
    only: str | Sequence[str] | None = None,
    limit: int | None = None,
) -> list[RunInfo]:
    """The runs of the store, the newest first; ``living`` are those whose process runs.

    ``only`` is the IRI of a run, or several, for those alone and in their order; ``limit`` how
    many at most.
    """
    wanted = [only] if isinstance(only, str) else only
    told = list((_summed if summaries.are_in(store) else _read)(store, wanted, limit))
    verdicts = _verdicts(store, [iri for iri, _ in told], wanted is None and limit is None)
    found = []
    for iri, row in told:
        status = query.value(row["status"]) or _unsaid(iri, living)
        rate, planned = query.value(row["rate"]), query.value(row["planned"])
        first = query.value(row["first"])
        optimizer = query.value(row["optimizer"])
        found.append(
            RunInfo(
                iri=iri,
                tag=str(query.value(row["tag"]) or ""),
                status=str(status),
                started=_time(row["started"]),
                ended=_time(row["ended"]),
                optimizer=None if optimizer is None else str(optimizer),
                rate=rate if isinstance(rate, float) else None,
                epochs=int(query.value(row["epochs"]) or 0),
                planned=max(0, planned - (first if isinstance(first, int) else 0))
                if isinstance(planned, int)
                else None,
                verdict=verdicts.get(iri),
            )
        )
    return found


# What the list shows, by the name that the query ``runs`` has for it.
_SHOWN = {
    "tag": "tag", "started": "started", "ended": "ended", "status": "status",
    "optimizer": "setting-optimizerName", "rate": "setting-learningRate",
    "planned": "setting-numEpochs", "first": "setting-initialEpoch", "epochs": "epochs",
}  # fmt: skip
_Row = Mapping[str, query.Term]


def _read(
    store: Store, only: Sequence[str] | None, limit: int | None
) -> Iterator[tuple[str, _Row]]:
    """The runs as the query ``runs`` reads them from the records."""
    for iri in [None] if only is None else only:
        answer = query.table(
            store, query.find("runs"), {} if iri is None else {"run": ox.NamedNode(iri)}
        )
        for cells in islice(answer.rows, limit):
            row = dict(zip(answer.columns, cells, strict=True))
            yield str(query.value(row["run"])), row


def _summed(
    store: Store, only: Sequence[str] | None, limit: int | None
) -> Iterator[tuple[str, _Row]]:
    """The same from the summaries, which is fast for many runs."""
    order = summaries.newest(store, limit) if only is None else only
    told = summaries.rows(store, _SHOWN, order if limit or only else None)
    nothing = dict.fromkeys(_SHOWN)
    return ((iri, {**nothing, **told[iri]}) for iri in order if iri in told)


def _unsaid(iri: str, living: Set[str]) -> str:
    """The state of a run that says none."""
    if iri in living:
        return RUNNING
    # What another tool logged may lack it, however it ended.
    return UNKNOWN if "/import/" in iri else CRASHED


def _verdicts(store: Store, listed: Sequence[str], every: bool) -> dict[str, Verdict]:
    """The latest verdict on each of the runs ``listed`` that was validated.

    ``every`` says that these are all runs: one question for all then costs less than one each.
    """
    found: dict[str, Verdict] = {}
    # A catalog that is named costs a third of the time. Merged runs may have any number of them.
    catalogs = {iri: f"{iri.rpartition('run/')[0]}catalog" for iri in listed if "run/" in iri}
    asked: list[Bindings]
    if not every:
        asked = [
            {"run": ox.NamedNode(iri), "catalog": ox.NamedNode(catalog)}
            for iri, catalog in catalogs.items()
        ]
    else:
        asked = [{"catalog": ox.NamedNode(one)} for one in sorted(set(catalogs.values()))]
        asked = asked if len(asked) < _MANY_CATALOGS else [{}]
    question = query.find("validations")
    for given in asked:
        _read_verdicts(query.table(store, question, given), found)
    return found


def _read_verdicts(answer: query.Table, found: dict[str, Verdict]) -> None:
    for cells in answer.rows:
        row: Mapping[str, query.Term] = dict(zip(answer.columns, cells, strict=True))
        conforms, error = query.value(row["conforms"]), query.value(row["error"])
        verdict = Verdict(
            str(query.value(row["validation"])),
            conforms if isinstance(conforms, bool) else None,
            int(query.value(row["violations"]) or 0),
            int(query.value(row["warnings"]) or 0),
            tuple(sorted(str(query.value(row["rules"]) or "").split())),
            str(query.value(row["by"])),
            _time(row["at"]),
            None if error is None else str(error),
        )
        found.setdefault(str(query.value(row["run"])), verdict)


def count(store: Store) -> int:
    """How many runs there are."""
    if summaries.are_in(store):
        return summaries.count(store)
    return len(listing(store, frozenset()))


def is_ours(graph: str) -> bool:
    """Whether a graph is a record of kprov's: a run, or a catalog; the others were merged."""
    return _OURS(graph) is not None


def find(store: Store, living: Set[str], name: str) -> RunInfo:
    """The run of the store that ``name`` means: :func:`resolve` without a list of all of them.

    Raises ``NotFoundError``, also for a run that was removed, of which it tells.
    """
    name = name.encode("utf-8", "replace").decode()  # no term holds what is not in Unicode
    if not summaries.are_in(store):
        return resolve(name, listing(store, living))
    if name == "@latest":
        return resolve(name, listing(store, living, limit=1))
    matching = listing(store, living, summaries.named(store, name) if name else [])
    newest = listing(store, living, limit=_TOLD) if not matching else []
    try:
        return resolve(name, matching or newest)
    except NotFoundError as error:
        removed = removals.named(store, name) if name else None
        if removed is None:
            raise
        raise NotFoundError(f"There is no run {name!r} any more: {removed}.") from error


def resolve(name: str, runs: list[RunInfo]) -> RunInfo:
    """The run that ``name`` means.

    ``@latest``; the IRI or id; a prefix or suffix of the id that only one run
    has; or a dataflow tag, which means its latest run. ``runs`` come newest
    first. Raises ``NotFoundError`` where it means none or several.
    """
    if not runs:
        raise NotFoundError(
            f"There is no run {name!r}: the store has no run at all. Train with the callback, "
            "or see one made with 'kprov demo'."
        )
    if name == "@latest":
        return runs[0]
    for run in runs:
        if name in (run.iri, run.id):
            return run
    matching = [
        r for r in runs if len(name) >= 4 and (r.id.startswith(name) or r.id.endswith(name))
    ]
    if len(matching) == 1:
        return matching[0]
    if len(matching) > 1:
        listed = ", ".join(run.short for run in matching[:5])
        raise NotFoundError(
            f"{name!r} means {len(matching)} runs, among them {listed}. Name one of them."
        )
    for run in runs:
        if run.tag == name:
            return run
    known = ", ".join(f"{run.short} ({run.tag})" for run in runs[:_TOLD])
    raise NotFoundError(
        f"There is no run {name!r}. The latest are {known}; 'kprov runs' lists all. A run is named "
        "by the last 8 digits of its id, a tag, or @latest."
    )


def selected(
    found: Sequence[RunInfo],
    *,
    tags: Collection[str] = (),
    statuses: Collection[str] = (),
    since: datetime | None = None,
) -> list[RunInfo]:
    """Those of the runs that have one of the tags, one of the statuses, and began no earlier.

    What is not given does not matter. A run whose start is not known began at no time that is
    asked for.
    """
    return [
        run
        for run in found
        if (not tags or run.tag in tags)
        and (not statuses or run.status in statuses)
        and (since is None or (run.started is not None and run.started >= since))
    ]
