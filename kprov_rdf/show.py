"""One run in the terminal."""

from kprov_rdf.report import sections, settings
from kprov_rdf.runs import RunInfo
from kprov_rdf.store import Store
from kprov_rdf.tables import count, print_table, printable

# Of more epochs than this, the middle is left out.
_EPOCHS = 20


def show(store: Store, run: RunInfo) -> None:
    """Print the run: what it is, its settings, and a table for each thing that happened."""
    print(f"run {run.short} of {printable(run.tag)}: {run.status}, {count(run.epochs, 'epoch')}")
    print(f"{run.iri}\n")
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
