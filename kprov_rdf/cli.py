"""The command line: a skin over the library. Whatever it does, a library call does.

Imports stand in the commands that need them, so that ``--help`` costs nothing.
"""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kprov_capture import __version__
from kprov_capture.home import HomeError, create, find, open_home
from kprov_rdf.errors import InputError, KprovError, NotFoundError

if TYPE_CHECKING:
    from kprov_rdf.runs import RunInfo
    from kprov_rdf.store import Snapshot
    from kprov_rdf.validate.shacl import Violation


class _Context:
    """What the commands share: the state folder that was asked for."""

    def __init__(self, home: str | None) -> None:
        self.asked = home

    @contextmanager
    def reading(self) -> "Iterator[Snapshot]":
        """A snapshot of the store, with all that the journals hold."""
        from kprov_rdf.ingest import open_snapshot

        with open_snapshot(open_home(find(self.asked))) as store:
            yield store


_pass = click.make_pass_decorator(_Context)
_RUN_HELP = "RUN is the last 8 digits of an id, a prefix of it, a tag (its latest run), or @latest."


class _InOrder(click.Group):
    """Lists its commands in the order in which a newcomer needs them, not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)


@click.group(
    cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--home",
    metavar="DIR",
    help="The state folder. Default: $KPROV_HOME, else the nearest .kprov upwards.",
)
@click.version_option(__version__, prog_name="kprov")
@click.pass_context
def cli(context: click.Context, home: str | None) -> None:
    """Provenance of deep-learning training as linked data.

    Trainings record themselves with one line:

    \b
        import kprov_capture.keras as kprov
        model.fit(x, y, callbacks=[kprov.Provenance("digits-cnn")])

    The commands below read what was recorded, also while a training runs.

    Exit status: 0 yes, 1 no (invalid), 2 it could not be done.
    """
    context.obj = _Context(home)


@cli.command()
@_pass
def init(context: _Context) -> None:
    """Create the state folder.

    Not needed before training: the first run creates it. It is $KPROV_HOME, or
    .kprov in the working folder.
    """
    path = find(context.asked)
    existed = (path / "journal").is_dir()
    home = create(path)
    click.echo(f"{home.path} {'is there already' if existed else 'created'}.")
    if not existed:
        click.echo("Next: train with the callback kprov.Provenance(…), or try 'kprov demo'.")


@cli.command(short_help="Train, capture, load, validate, ask, on real data.")
@click.option("--epochs", default=31, show_default=True, help="Epochs of each training.")
@_pass
def demo(context: _Context, epochs: int) -> None:
    """Train, capture, load, validate, ask: the whole way, on real data.

    Trains a small network on scikit-learn's handwritten digits with several
    optimizers, and then shows what kprov recorded. Takes a minute or two.
    """
    from kprov_rdf import demo as demonstration

    demonstration.run(create(find(context.asked)), epochs)


@cli.command()
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table")
@_pass
def runs(context: _Context, form: str) -> None:
    """List the runs, the newest first.

    A training whose process is gone before it ended is shown as CRASHED.
    """
    from kprov_rdf.runs import listing
    from kprov_rdf.tables import narrow, number, print_table

    with context.reading() as store:
        found = listing(store, store.living)
    if form == "json":
        import json

        click.echo(json.dumps([_as_json(run) for run in found], indent=2))
        return
    if not found:
        click.echo("There are no runs yet. Train with the callback, or try 'kprov demo'.")
        return
    when = "%m-%d %H:%M" if narrow() else "%Y-%m-%d %H:%M:%S"
    print_table(
        ["run", "dataflow", "status", "optimizer", "rate", "epochs", "started", "seconds"],
        [
            [
                run.short,
                run.tag,
                run.status,
                run.optimizer or "",
                "" if run.rate is None else number(run.rate),
                f"{run.epochs}/{run.planned}" if run.planned else str(run.epochs),
                run.started.astimezone().strftime(when),
                f"{(run.ended - run.started).total_seconds():.1f}" if run.ended else "",
            ]
            for run in found
        ],
    )


def _as_json(run: "RunInfo") -> dict[str, str | int | float | None]:
    return {
        "run": run.iri,
        "tag": run.tag,
        "status": run.status,
        "optimizer": run.optimizer,
        "learningRate": run.rate,
        "epochs": run.epochs,
        "plannedEpochs": run.planned,
        "started": run.started.isoformat(),
        "ended": run.ended.isoformat() if run.ended else None,
    }


@cli.command(epilog=_RUN_HELP, short_help="Show one run, from its settings to its files.")
@click.argument("run", default="@latest")
@_pass
def show(context: _Context, run: str) -> None:
    """Show one run: its settings, layers, epochs, adaptations, tests and files."""
    from kprov_rdf.runs import listing, resolve
    from kprov_rdf.show import show as show_run

    with context.reading() as store:
        show_run(store, resolve(run, listing(store, store.living)))


@cli.command(epilog=_RUN_HELP, short_help="Ask a question, by name or in SPARQL.")
@click.argument("name", required=False, metavar="[NAME | FILE.rq]")
@click.option("-e", "text", metavar="TEXT", help="The query itself.")
@click.option("--param", "params", multiple=True, metavar="K=V", help="A parameter of the query.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "tsv"]),
    default="table",
    help="json, csv and tsv are the result formats of SPARQL 1.1.",
)
@click.option("--list", "listing_", is_flag=True, help="Explain the questions that have a name.")
@_pass
def query(
    context: _Context,
    name: str | None,
    text: str | None,
    params: tuple[str, ...],
    form: str,
    listing_: bool,
) -> None:
    """Ask a question: one that has a name, a file, or a text in SPARQL 1.1.

    \b
        kprov query q1 --param epoch=9
        kprov query q2 --param run=@latest
        kprov query -e 'SELECT ?run ?loss { GRAPH ?run { ?m dnnprov:epoch 0; dnnprov:loss ?loss } }'

    The prefixes prov, dnnprov, rdf, rdfs, xsd and dcterms need no declaration,
    and the default graph is the union of all runs.
    """
    from kprov_rdf import query as queries
    from kprov_rdf.tables import print_table, write

    if listing_:
        rows = [
            [one.name, one.question, " ".join(i.name for i in one.inputs)]
            for one in queries.catalogue().values()
        ]
        print_table(["name", "question", "parameters"], rows)
        return
    if (name is None) == (text is None):
        raise click.UsageError(
            "Give the name of a question, a file, or -e TEXT. 'kprov query --list' has the names."
        )
    question = queries.find(name) if name else queries.Question("on the command line", text or "")
    given = dict(_split(param) for param in params)
    if len(given) < len(params):
        raise click.UsageError("A parameter is given twice.")
    with context.reading() as store:
        runs_ = {one.name: one.default for one in question.inputs if one.type == "run"}
        given = {key: value for key, value in runs_.items() if value} | given
        # Without a header nothing says that a parameter is a run; @latest can be nothing else.
        wanted = {key for key in given if key in runs_ or given[key] == "@latest"}
        if wanted:
            from kprov_rdf.runs import listing, resolve

            known = listing(store, store.living)
            found = {key: resolve(given[key], known).iri for key in wanted}
            given |= {key: iri if key in runs_ else f"<{iri}>" for key, iri in found.items()}
        write(queries.table(store, question, given), form, sys.stdout)


def _split(param: str) -> tuple[str, str]:
    key, equals, value = param.partition("=")
    if not equals or not key:
        raise click.UsageError(f"A parameter is written NAME=VALUE; found {param!r}.")
    return key, value


@cli.command(epilog=_RUN_HELP, short_help="Check runs or files against the SHACL shapes.")
@click.argument("target", required=False, metavar="[RUN | PATH | -]")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@_pass
def validate(context: _Context, target: str | None, form: str) -> None:
    """Check against the SHACL shapes: a run, a file, standard input, or the whole store.

    A file may be Turtle, TriG, N-Triples or N-Quads; each graph in it is checked
    by itself. Exit status: 0 valid, 1 invalid, 2 it cannot be read.
    """
    from kprov_rdf.validate import shacl

    checked = 0
    found: list[Violation] = []
    for name, triples in _targets(context, target):
        checked += 1
        found += shacl.validate(name, triples)
    if form == "json":
        import dataclasses
        import json

        told = [dataclasses.asdict(one) for one in found]
        click.echo(json.dumps({"conforms": not found, "graphs": checked, "violations": told}))
    else:
        for one in found:
            click.echo(f"{one.graph}\n  {one.node}\n  {one.message}\n  shape {one.shape}\n")
        noun = "graph" if checked == 1 else "graphs"
        said = "valid" if not found else f"INVALID, {len(found)} violations"
        click.echo(f"{checked} {noun} checked: {said}")
    if not checked:
        raise InputError("There was nothing to check: no graph with a statement in it.")
    if found:
        raise SystemExit(1)


def _targets(context: _Context, target: str | None) -> Iterator[tuple[str, list]]:  # type: ignore[type-arg]
    """The graphs to check, by name: of a file where there is one of that name, else of a run."""
    from kprov_rdf.validate import files

    if target == "-":
        yield from files.graphs(sys.stdin.buffer.read(), "-").items()
        return
    if target is not None and (Path(target).is_file() or Path(target).suffix in files.SUFFIXES):
        yield from files.from_path(Path(target)).items()
        return
    from kprov_rdf.runs import listing, resolve

    with context.reading() as store:
        if target is None:
            names = store.graphs()  # the runs, and the catalog that describes them
        else:
            try:
                names = [resolve(target, listing(store, store.living)).iri]
            except NotFoundError as error:
                raise NotFoundError(f"{error} There is no file of that name, either.") from None
        for name in names:
            yield name, store.graph(name)


@cli.command(epilog=_RUN_HELP, short_help="Write one run as RDF or PROV.")
@click.argument("run", default="@latest")
@click.option(
    "--format",
    "form",
    type=click.Choice(["ttl", "trig", "nq", "provn", "provjson"]),
    help="Default: what the name of the file says, else ttl.",
)
@click.option("-o", "--output", metavar="FILE", help="Default: standard output.")
@_pass
def export(context: _Context, run: str, form: str | None, output: str | None) -> None:
    """Write one run as Turtle, TriG, N-Quads, PROV-N or PROV-JSON."""
    from kprov_rdf.exchange import write
    from kprov_rdf.runs import listing, resolve

    suffix = Path(output or "").suffix.lstrip(".")
    chosen = form or {"json": "provjson"}.get(suffix, suffix) or "ttl"
    if chosen not in write.FORMATS:
        raise InputError(
            f"The name {output} does not say a format; add --format with one of "
            f"{', '.join(write.FORMATS)}."
        )
    with context.reading() as store:
        data = write.run(store, resolve(run, listing(store, store.living)).iri, chosen)
    if output is None:
        sys.stdout.buffer.write(data)
    else:
        write.to_file(data, Path(output))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line; gives the exit status, and prints errors as one paragraph."""
    try:
        # Not cli.main(): it turns a closed pipe into status 1, which means "invalid" here.
        given = sys.argv[1:] if arguments is None else list(arguments)
        with cli.make_context("kprov", given) as context:
            cli.invoke(context)
        sys.stdout.flush()
    except (click.exceptions.Exit, SystemExit) as stop:
        code = stop.exit_code if isinstance(stop, click.exceptions.Exit) else stop.code
        return code if isinstance(code, int) else 2
    except (click.Abort, KeyboardInterrupt):
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except BrokenPipeError:
        # The reader of the pipe has enough, and nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KprovError, HomeError) as error:
        click.echo(f"kprov: {error}", err=True)
        return 2
    except Exception as error:
        if not isinstance(error, OSError):
            # Not left to the interpreter, whose status 1 means "invalid" here.
            traceback.print_exc()
            click.echo("kprov: this is a bug of kprov; please report it with the above.", err=True)
            return 2
        where = f" {error.filename}" if error.filename else ""
        click.echo(f"kprov: cannot read or write{where}: {error.strerror or error}.", err=True)
        return 2
    return 0
