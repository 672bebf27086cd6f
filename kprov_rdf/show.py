"""One run in the terminal."""

from kprov_rdf.report import sections, settings
from kprov_rdf.runs import RunInfo, Verdict
from kprov_rdf.store import Store
from kprov_rdf.tables import count, print_table, printable

# Of more epochs than this, the middle is left out.
_EPOCHS = 20


def show(store: Store, run: RunInfo) -> None:
    """Print the run: what it is, its settings, and a table for each thing that happened."""
    print(f"run {run.short} of {printable(run.tag)}: {run.status}, {count(run.epochs, 'epoch')}")
    print(f"{run.iri}")
    if run.verdict:
        print(_verdict(run.verdict))
    print()
    told = settings(store, run.iri)
    if told:
        print_table(["setting", "value"], told, "Settings")
    for section in sections(store, run.iri):
        title, rows = section.title, section.rows
        if section.question == "metrics" and len(rows) > _EPOCHS:
            title += (
                f" ({len(rows) - _EPOCHS} in the middle left out: "
                f"kprov query metrics --param run={run.short})"
            )
            rows = rows[: _EPOCHS // 2] + rows[-_EPOCHS // 2 :]
        print_table(section.columns, rows, title)


def _verdict(verdict: Verdict) -> str:
    """What came of its validation, in a line."""
    when = f", {verdict.at.astimezone():%Y-%m-%d %H:%M:%S}" if verdict.at else ""
    by = f"({printable(verdict.by)}{when})"
    if verdict.conforms is None:
        return f"record not validated {by}: {printable(verdict.error or '')}"
    warnings = f", {count(verdict.warnings, 'warning')}" if verdict.warnings else ""
    told = "valid" if verdict.conforms else f"INVALID, {count(verdict.violations, 'violation')}"
    return f"record {told}{warnings} by {' and '.join(verdict.rules)} {by}"
