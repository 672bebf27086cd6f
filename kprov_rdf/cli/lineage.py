"""The command that tells how one thing came to be, and what was made of it."""

import sys
from pathlib import Path

import click

from kprov_rdf.cli.context import RUN_HELP, Context, pass_context, tell

FORMATS = ("tree", "json", "dot", "svg")


@click.command(epilog=RUN_HELP, short_help="Tell how a model or file came to be, or what of it.")
@click.argument("name", metavar="IRI")
@click.option(
    "--up/--down",
    "up",
    default=True,
    help="To where it came from (default), or to what came of it.",
)
@click.option(
    "--depth", type=click.IntRange(0), metavar="N", help="Only what is N relations away or fewer."
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    metavar="N",
    help="At most N things, the nearest first.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="Default: what the name of the file says, else tree.",
)
@click.option("-o", "--output", metavar="FILE", help="Default: standard output.")
@pass_context
def lineage(
    context: Context,
    name: str,
    up: bool,
    depth: int | None,
    limit: int,
    form: str | None,
    output: str | None,
) -> None:
    """Tell how one thing came to be, or with --down what was made of it, across all records.

    \b
        kprov lineage digits-adam.keras           the model in a file: its training, data, code
        kprov lineage @latest#testing-1-metrics   how a test came to its metrics
        kprov lineage --down digits.csv           the models trained on it, their tests, and so on
        kprov lineage @latest -o lineage.svg

    IRI is an IRI, the end of one (#model), a run and the end of one (2e40e764#model), a file (by
    its SHA-256 where it is on this disk, else by the path that was recorded), sha256:… with 8 or
    more digits, or a run, which means its models.

    It goes from run to run, by fine-tuning, checkpoints and resumed trainings, and from tool to
    tool, by equal content and links. What had equal content without having made it is not part of
    how another thing came to be.

    \b
    tree    a line for each thing; below it, after ←, what it came of (→ what came of it)
    json    nodes and edges, as docs/json.md describes them
    dot     a picture as W3C PROV draws it; svg needs Graphviz
    """
    from kprov_rdf.lineage import forms, meant, steps, told, tree, walk

    form = form or _by_name(output)
    with context.reading() as store:
        found = meant.find(store, name)
        direction = steps.UP if up else steps.DOWN
        traced = walk.trace(store, found.iris, direction, depth, limit)
        if form in ("tree", "json"):
            words = told.tell(store, traced)
            if form == "tree" and output is None:
                tree.show(traced, words)
                data = None
            else:
                text = tree.text(traced, words) if form == "tree" else forms.as_json(traced, words)
                data = text.encode("utf-8", "replace")
        else:
            data = forms.as_picture(store, traced, form)
    if data is not None:
        _write(data, output)
    for note in found.notes:
        tell(f"kprov: {note}", err=True)


def _by_name(output: str | None) -> str:
    suffix = Path(output or "").suffix.lower().removeprefix(".")
    return suffix if suffix in FORMATS else "tree"


def _write(data: bytes, output: str | None) -> None:
    if output is None:
        sys.stdout.buffer.write(data)
    else:
        from kprov_rdf.exchange import export

        export.save(data, Path(output))
