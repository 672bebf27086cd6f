"""Runs as people speak of them: a list with their state, and the names that mean one."""

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime

import pyoxigraph as ox

from kprov_rdf import query
from kprov_rdf.errors import NotFoundError
from kprov_rdf.store import Bindings, Store

_OURS = re.compile(r".*/(run/[0-9a-f-]{36}|catalog)").fullmatch
RUNNING = "RUNNING"
CRASHED = "CRASHED"
UNKNOWN = "UNKNOWN"
_MANY_CATALOGS = 20


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


def listing(store: Store, living: Set[str], only: str | None = None) -> list[RunInfo]:
    """All runs of the store, the newest first; ``living`` are those whose process runs.

    ``only`` is the IRI of a run, for that one alone.
    """
    given: Bindings = {} if only is None else {"run": ox.NamedNode(only)}
    answer = query.table(store, query.find("runs"), given)
    rows = list(answer.rows)
    verdicts = _verdicts(store, given, {str(query.value(one[0])) for one in rows})
    found = []
    for cells in rows:
        row: Mapping[str, query.Term] = dict(zip(answer.columns, cells, strict=True))
        iri = str(query.value(row["run"]))
        status = query.value(row["status"]) or _unsaid(iri, living)
        rate, planned = query.value(row["rate"]), query.value(row["planned"])
        first = query.value(row["first"])
        optimizer = query.value(row["optimizer"])
        found.append(
            RunInfo(
                iri=iri,
                tag=str(query.value(row["tag"])),
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


def _unsaid(iri: str, living: Set[str]) -> str:
    """The state of a run that says none."""
    if iri in living:
        return RUNNING
    # What another tool logged may lack it, however it ended.
    return UNKNOWN if "/import/" in iri else CRASHED


def _verdicts(store: Store, given: Bindings, listed: Set[str]) -> dict[str, Verdict]:
    """The latest verdict on each of the runs ``listed`` that was validated."""
    found: dict[str, Verdict] = {}
    # A catalog that is named costs a third of the time. Merged runs may have any number of them.
    bases = {iri.rpartition("run/")[0] for iri in listed} - {""}
    catalogs = {f"{base}catalog" for base in bases}
    asked = [{"catalog": ox.NamedNode(one)} for one in sorted(catalogs)]
    for named in asked if len(asked) < _MANY_CATALOGS else [{}]:
        answer = query.table(store, query.find("validations"), {**given, **named})
        _read_verdicts(answer, found)
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


def is_ours(graph: str) -> bool:
    """Whether a graph is a record of kprov's: a run, or a catalog; the others were merged."""
    return _OURS(graph) is not None


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
    known = ", ".join(f"{run.short} ({run.tag})" for run in runs[:3])
    raise NotFoundError(
        f"There is no run {name!r}. The latest are {known}; 'kprov runs' lists all. A run is named "
        "by the last 8 digits of its id, a tag, or @latest."
    )
