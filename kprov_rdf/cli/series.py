"""The command that reads series of values."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kprov_capture.home import find, open_home
from kprov_rdf.cli.context import RUN_HELP, Context, pass_context
from kprov_rdf.errors import InputError

if TYPE_CHECKING:
    from kprov_rdf.npy import Npy


@click.command(epilog=RUN_HELP, short_help="Write the values per batch, or of the system's load.")
@click.argument("run", default="@latest")
@click.argument("name", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "parquet"]),
    help="Default: what the name of the file says, else csv.",
)
@click.option("-o", "--output", metavar="FILE", help="Default: standard output.")
@pass_context
def series(
    context: Context, run: str, name: str | None, form: str | None, output: str | None
) -> None:
    """Write a series of a run: the metrics of each batch, or samples of the system's load.

    \b
        kprov series @latest
        kprov series digits-cnn system -o load.csv
        kprov series digits-cnn batches -o batches.parquet

    NAME is batches or system; default: batches, or the only one. An empty cell is a value that
    was not reported. Parquet needs the package pyarrow, and -o. The file itself is NumPy's:
    numpy.load reads it, also while the training goes on.

    Exit status: 1 where the file is not what was recorded, 2 where it cannot be read.
    """
    from kprov_rdf import npy
    from kprov_rdf import series as files
    from kprov_rdf.runs import find as find_run

    suffix = Path(output or "").suffix.lstrip(".")
    chosen = form or suffix or "csv"
    if chosen not in files.FORMATS:
        raise InputError(f"The name {output} does not say a format; add --format csv or parquet.")
    if chosen == "parquet" and output is None:
        raise InputError("Parquet is written to a file: add -o FILE.")
    home = open_home(find(context.asked))
    with context.reading() as store:
        iri = find_run(store, store.living, run).iri
        found = files.find(store, iri, home.path, name)
    file = npy.read(found.path)
    same = found.as_recorded()
    _write(file, chosen, output)
    if not same:
        click.echo(f"kprov: {found.path} is not what was recorded: its hash differs.", err=True)
    if file.missing:
        click.echo(
            f"kprov: {found.path} was cut: it counts {file.missing:,} rows more than it has.",
            err=True,
        )
    if file.missing or not same:
        raise SystemExit(1)


def _write(file: "Npy", form: str, output: str | None) -> None:
    from kprov_rdf import series as files

    if output is None:
        files.write_csv(file, sys.stdout)
        return
    from kprov_rdf.exchange.writing import replacing

    with replacing(Path(output)) as new:
        if form == "parquet":
            files.write_parquet(file, new)
        else:
            with open(new, "w", encoding="utf-8", newline="") as out:
                files.write_csv(file, out)
