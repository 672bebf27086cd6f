"""The command that lists runs."""

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from kprov_rdf.cli.context import Context, pass_context

if TYPE_CHECKING:
    from kprov_rdf.runs import RunInfo, Verdict

# What a person looks at; programs get all.
_PAGE = 50
_STATUSES = ("RUNNING", "FINISHED", "INTERRUPTED", "FINISHED_WITH_ERROR", "CRASHED", "UNKNOWN")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _moment(_: click.Context, __: click.Parameter, text: str | None) -> datetime | None:
    """A time, or how long ago; without a zone it is local time."""
    if text is None:
        return None
    try:
        if text[-1:] in _UNITS:
            return datetime.now(UTC) - timedelta(**{_UNITS[text[-1]]: float(text[:-1])})
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r} is no time. Write 2026-11-22, 2026-11-22T14:30, or how long ago: "
            "90m, 12h, 7d, 2w."
        ) from None


@click.command()
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only of this dataflow.")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(_STATUSES, case_sensitive=False),
    metavar="STATUS",
    help=f"Only with this status: {', '.join(_STATUSES)}.",
)
@click.option(
    "--since", callback=_moment, metavar="WHEN", help="Begun since 2026-11-22T14:30, 90m, 12h, 7d."
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"At most N of them, 0 for all. Default: {_PAGE} in a terminal, all elsewhere.",
)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table")
@pass_context
def runs(
    context: Context,
    tags: tuple[str, ...],
    statuses: tuple[str, ...],
    since: datetime | None,
    limit: int | None,
    form: str,
) -> None:
    """List the runs, the newest first.

    \b
        kprov runs --status running
        kprov runs --tag digits-cnn --tag digits-mlp --since 7d --limit 0

    A tag or a status given twice means either. A training whose process is gone before it ended
    is shown as CRASHED. A run is validated once, when it has ended: against the SHACL shapes and
    the constraints of PROV. 'kprov validate' says what is wrong with one that is invalid.
    """
    from kprov_rdf.runs import listing, selected

    if limit is None:
        limit = _PAGE if form == "table" and sys.stdout.isatty() else 0
    chosen = bool(tags or statuses or since)
    with context.reading() as store:
        # One more than is shown tells whether there are more.
        known = listing(store, store.living, limit=limit + 1 if limit and not chosen else None)
    found = selected(known, tags=tags, statuses=statuses, since=since)
    page = found[:limit] if limit else found
    if form == "json":
        import json

        click.echo(json.dumps([_as_json(run) for run in page], indent=2))
    elif not known and not chosen:
        click.echo("There are no runs yet. Train with the callback, or try 'kprov demo'.")
    elif found:
        _print(page)
        if len(page) < len(found):
            more = f"{len(found) - len(page):,} more" if chosen else "there are more"
            click.echo(f"… {more}; --limit 0 shows all.", err=True)
    if not found and chosen:
        _say_none(known, tags, statuses)


def _say_none(known: "list[RunInfo]", tags: tuple[str, ...], statuses: tuple[str, ...]) -> None:
    """Say what is not there, and what is."""
    from kprov_rdf.cli.context import tell
    from kprov_rdf.runs import selected

    there = sorted({run.status for run in known})
    if not known:
        told = "there are no runs yet"
    elif tags and not selected(known, tags=tags):
        told = f"no run has the tag {tags[0]}; the latest has the tag {known[0].tag}"
    elif statuses and not selected(known, statuses=statuses):
        told = f"no run is {' or '.join(statuses)}; there are {', '.join(there)}"
    else:
        told = "no run is all of that"
    tell(f"kprov: {told}.", err=True)


def _print(page: "list[RunInfo]") -> None:
    from kprov_rdf.tables import narrow, number, print_table

    when = "%m-%d %H:%M" if narrow() else "%Y-%m-%d %H:%M:%S"
    print_table(
        [
            "run",
            "dataflow",
            "status",
            "optimizer",
            "rate",
            "epochs",
            "started",
            "seconds",
            "record",
        ],
        [
            [
                run.short,
                run.tag,
                run.status,
                run.optimizer or "",
                "" if run.rate is None else number(run.rate),
                f"{run.epochs}/{run.planned}" if run.planned else str(run.epochs),
                run.started.astimezone().strftime(when) if run.started else "–",
                "" if run.seconds is None else f"{run.seconds:.1f}",
                run.validated,
            ]
            for run in page
        ],
    )


def _as_json(run: "RunInfo") -> dict[str, object]:
    return {
        "run": run.iri,
        "tag": run.tag,
        "status": run.status,
        "optimizer": run.optimizer,
        "learningRate": run.rate,
        "epochs": run.epochs,
        "plannedEpochs": run.planned,
        "started": run.started and run.started.isoformat(),
        "ended": run.ended.isoformat() if run.ended else None,
        "validation": _verdict_as_json(run.verdict) if run.verdict else None,
    }


def _verdict_as_json(verdict: "Verdict") -> dict[str, object]:
    return {
        "conforms": verdict.conforms,
        "violations": verdict.violations,
        "warnings": verdict.warnings,
        "rules": list(verdict.rules),
        "by": verdict.by,
        "at": verdict.at.isoformat() if verdict.at else None,
        "error": verdict.error,
    }
