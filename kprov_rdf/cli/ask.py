"""Commands that read runs and answer questions."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kprov_capture.home import HomeError, find, open_home
from kprov_rdf.cli import specification
from kprov_rdf.cli.context import RUN_HELP, Context, pass_context, tell
from kprov_rdf.errors import InputError

if TYPE_CHECKING:
    from kprov_rdf.store import Store


@click.command(epilog=RUN_HELP, short_help="Show one run, from its settings to its files.")
@click.argument("run", default="@latest")
@pass_context
def show(context: Context, run: str) -> None:
    """Show one run: its settings, layers, epochs, adaptations, tests and files.

    \b
        kprov show 2e40e764
        kprov show model.keras

    Of a run that was removed it shows who removed it, when and why.

    RUN is also the file of a model, which has the provenance of its run in it, or
    beside it (model.h5.prov.nq). No state folder is needed then.

    Exit status: 0; of a model 1 where it is not the one that the provenance is
    about (its SHA-256 is another), 2 where it has none.
    """
    is_file = os.path.isfile(run)
    if is_file and _show_carried(Path(run)):
        return
    from kprov_rdf.errors import NotFoundError
    from kprov_rdf.runs import find as find_run
    from kprov_rdf.show import show as show_run

    try:
        with context.reading() as store:
            try:
                found = find_run(store, store.living, run)
            except NotFoundError:
                if _show_removed(store, run):
                    return
                _refuse_import(store, run)
                raise
            show_run(store, found)
    except (NotFoundError, HomeError) as error:
        if is_file:
            raise NotFoundError(_no_document(run)) from error
        if _is_path(run):
            raise NotFoundError(
                f"There is no file {run}, and no run has that name. 'kprov runs' lists the runs."
            ) from error
        raise


def _show_removed(store: "Store", name: str) -> bool:
    """Tell of a record that was removed; whether there is one of that name."""
    from kprov_rdf import removals
    from kprov_rdf.cli.context import tell

    found = removals.named(store, name)
    if found is None:
        return False
    tell(f"{found}.")
    if found.created:
        label = f"{found.label}, " if found.label else ""
        tell(f"{label}begun on {found.created.astimezone():%Y-%m-%d %H:%M:%S}")
    if found.size is not None:
        tell(f"Its journal had {found.size:,} bytes, SHA-256 {found.sha256}")
    return True


def _refuse_import(store: "Store", name: str) -> None:
    """Raise ``InputError`` where this names an import, which is no run."""
    from kprov_rdf.errors import NotFoundError
    from kprov_rdf.exchange import selection

    try:
        selection.find(store, [name])
    except NotFoundError:
        return
    raise InputError(
        f"{name} is an import, and show is for runs. 'kprov query imports' tells of it, "
        f"'kprov export {name} -o FILE' writes what is in it, and 'kprov serve' shows it."
    )


def _is_path(name: str) -> bool:
    """Whether a name looks like that of a file that is not there; the IRI of a run does not."""
    looks = Path(name).suffix or "/" in name or os.sep in name
    return bool(looks) and "://" not in name and not os.path.exists(name)


def _show_carried(path: Path) -> bool:
    """Show what came with the file of a model; False where nothing did."""
    from kprov_rdf import travel
    from kprov_rdf.show import show as show_run
    from kprov_rdf.tables import printable

    found = travel.find(path)
    if found is None:
        return False
    show_run(found.store, found.run)
    name = printable(str(found.path))
    if found.problems:
        for problem in found.problems:
            click.echo(f"kprov: {name}: {printable(problem)}.", err=True)
        click.echo("kprov: this is not the model that the provenance above is about.", err=True)
        raise SystemExit(1)
    click.echo(f"{name} is the model that this is about: its SHA-256 is the one told.")
    return True


def _no_document(name: str) -> str:
    from kprov_capture.archive import BESIDE, DOCUMENT

    return (
        f"{name} has no provenance with it: neither {DOCUMENT} in it nor {name}{BESIDE} beside "
        "it; and no run has that name. model.save(…) after a fit with the callback embeds it in "
        "a .keras file, kprov_capture.travel.beside(run, path) writes it beside any other."
    )


@click.command(epilog=RUN_HELP, short_help="Ask a question, by name, in SPARQL or in SQL.")
@click.argument("name", required=False, metavar="[NAME | FILE.rq]")
@click.option("-e", "text", metavar="TEXT", help="The query itself.")
@click.option("--param", "params", multiple=True, metavar="K=V", help="A parameter of the query.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "xml", "csv", "tsv"]),
    default="table",
    help="json, xml, csv and tsv are the result formats of SPARQL 1.1.",
)
@click.option("--store", "url", metavar="URL", help="Ask this SPARQL endpoint instead.")
@click.option(
    "--list", "listing_", is_flag=True, help="Explain the questions that have a name, or this one."
)
@click.option("--sql", is_flag=True, help="Ask the mirror that was made last; TEXT is SQL.")
@click.option("--spec", metavar="FILE", help="A specification, of no SPARQL; - reads it.")
@click.option("--show", "shown", is_flag=True, help="Print what the specification becomes.")
@click.option(
    "--sets", metavar="[TAG]", is_flag=False, flag_value="", help="List data sets and attributes."
)
@pass_context
def query(
    context: Context,
    name: str | None,
    text: str | None,
    params: tuple[str, ...],
    form: str,
    url: str | None,
    listing_: bool,
    sql: bool,
    spec: str | None,
    shown: bool,
    sets: str | None,
) -> None:
    """Ask a question: one that has a name, a file, or a text in SPARQL 1.1.

    \b
        kprov query --list
        kprov query leaderboard --param metric=val_accuracy
        kprov query effects --param run=@latest
        kprov query -e 'SELECT ?run ?loss { GRAPH ?run { ?m dnnprov:epoch 0; dnnprov:loss ?loss } }'
        kprov query --sql -e 'SELECT optimizer_name, learning_rate FROM kprov.runs'
        kprov query --spec fig4 --show

    The prefixes prov, dnnprov, summary, rdf, rdfs, xsd and dcterms need no declaration,
    and the default graph is the union of all runs; with --store it is what that
    endpoint makes it. SQL is answered by the tables that 'kprov mirror' made; what
    it changes is rolled back.

    A specification names data sets and attributes, as DfAnalyzer has them, or JSON
    that says the same; 'kprov query --sets' lists what it may name:

    \b
        echo 'projection(otrainingmodel.epoch_id; otrainingmodel.val_loss)
              selection(itrainingmodel.optimizer_name = :optimizer)
              order(otrainingmodel.val_loss) limit(3)' |
            kprov query --spec - --param optimizer=Adam
    """
    if listing_:
        from kprov_rdf.cli import questions

        questions.show_one(name) if name else questions.show_list()
        return
    if sets is not None:
        specification.list_sets(_asked(context, url), sets)
        return
    if spec is not None:
        if name or text:
            raise click.UsageError("Give a specification or a query, not both.")
        given = _given(params)
        specification.ask(context, _asked(context, url), spec, given, form, sql, shown)
        return
    if shown:
        raise click.UsageError("--show goes with --spec FILE.")
    if sql:
        if text is None or name or params or url:
            raise click.UsageError("Give the SQL as --sql -e TEXT, with no name and no --param.")
        _ask_sql(context, text, form)
        return
    if (name is None) == (text is None):
        raise click.UsageError(
            "Give the name of a question, a file, or -e TEXT"
            + (", not both." if name else ". 'kprov query --list' has the names.")
        )
    given = _given(params)
    from kprov_rdf import query as queries
    from kprov_rdf.asked import assumed, named, why_none
    from kprov_rdf.tables import write

    question = queries.find(name) if name else queries.Question("the command line", text or "")
    with _asked(context, url) as store:
        asked = named(store, question, given)
        answer = queries.table(store, question, asked)
        for note in assumed(store, question, given, asked):
            tell(f"kprov: {note}", err=True)
        first = next(answer.rows, None)
        answer.rows = answer.rows if first is None else chain([first], answer.rows)
        write(answer, form, sys.stdout)
        if first is None and question.inputs:
            tell(f"kprov: {why_none(store, question, given)}", err=True)


def _ask_sql(context: Context, text: str, form: str) -> None:
    from kprov_rdf.mirror.ask import ask, last, newer
    from kprov_rdf.tables import write_sql

    home = open_home(find(context.asked))
    with last(home) as url:
        answer = ask(url, text)
    write_sql(answer.columns, answer.rows, form, sys.stdout)
    made = newer(home)
    if made:
        click.echo(
            f"kprov: the mirror is of {made}, and runs were recorded since. 'kprov mirror' makes "
            "it anew.",
            err=True,
        )


@contextmanager
def _asked(context: Context, url: str | None) -> "Iterator[Store]":
    if url is None:
        with context.reading() as store:
            yield store
    else:
        from kprov_rdf.remote import RemoteStore

        yield RemoteStore(url)


def _given(params: tuple[str, ...]) -> dict[str, str]:
    given = dict(_split(param) for param in params)
    if len(given) < len(params):
        raise click.UsageError("A parameter is given twice.")
    return given


def _split(param: str) -> tuple[str, str]:
    key, equals, value = param.partition("=")
    if not equals or not key:
        raise click.UsageError(f"A parameter is written NAME=VALUE; found {param!r}.")
    return key, value
