"""The command that says whether a document is valid provenance."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kprov_rdf.cli.context import RUN_HELP, Context, hang_up, pass_context
from kprov_rdf.errors import InputError

if TYPE_CHECKING:
    from kprov_rdf.validate.reports.found import Target

RULES = ("constraints", "shacl")
_FORMATS = ("text", "json", "turtle", "sarif", "junit")


def _rules(_: click.Context, __: click.Parameter, given: str) -> frozenset[str]:
    found = [one.strip() for one in given.split(",")]
    unknown = [one for one in found if one not in RULES]
    if unknown:
        raise click.BadParameter(f"there are no rules {unknown[0]!r}; take {' or '.join(RULES)}.")
    return frozenset(found)


@click.command(epilog=RUN_HELP, short_help="Check against PROV-CONSTRAINTS and the SHACL shapes.")
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option(
    "--rules",
    callback=_rules,
    default=",".join(RULES),
    show_default=True,
    metavar="RULES",
    help="constraints, shacl, or both with a comma between.",
)
@click.option(
    "--profile",
    type=click.Choice(["strict", "lenient"]),
    help="Of the shapes. Default: strict where something has a class of DNNProv, else lenient.",
)
@click.option(
    "--shapes", multiple=True, metavar="FILE", help="Shapes of your own, beside ours. Repeatable."
)
@click.option("--union", is_flag=True, help="Apply the constraints to all targets as one instance.")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True)
@click.option("-o", "--output", metavar="FILE", help="Default: standard output.")
@pass_context
def validate(
    context: Context,
    targets: tuple[str, ...],
    rules: frozenset[str],
    profile: str | None,
    shapes: tuple[str, ...],
    union: bool,
    form: str,
    output: str | None,
) -> None:
    """Check provenance against W3C PROV-CONSTRAINTS and the SHACL shapes.

    A TARGET is a run or an import, a file, - for standard input, or the IRI of a graph in the
    store; without one, all runs and their catalog are checked. A file is PROV-N, PROV-JSON,
    PROV-XML, PROV-JSONLD, or PROV-O as Turtle, TriG, N-Triples, N-Quads, RDF/XML or JSON-LD;
    where its name does not say which, its content does. Nothing is fetched.

    Each bundle, or named graph, is checked by itself (PROV-CONSTRAINTS, section 7.2). With
    --union, the constraints see all targets as one; the shapes still see graph by graph.

    The lenient profile asks for what PROV-O demands of anyone, the strict one for what kprov
    records. Shapes of your own are Turtle, N-Triples, RDF/XML or JSON-LD.

    Exit status: 0 valid (there may be warnings), 1 invalid or malformed, 2 something could not
    be read. Of several targets it is the highest.
    """
    if shapes and "shacl" not in rules:
        raise InputError("--shapes is about SHACL: add shacl to --rules.")
    from kprov_rdf.cli.checking import Checker
    from kprov_rdf.validate.reports.found import status

    with Checker(rules, profile, shapes) as checker:
        found = checker.check(context, targets, union)
    try:
        _write(found, form, output)
    except BrokenPipeError:  # whoever reads it has enough; the verdict stays what it is
        hang_up()
    if status(found):
        raise SystemExit(status(found))


def _write(found: Sequence["Target"], form: str, output: str | None) -> None:
    if form == "text":
        _write_text(found, output)
        return
    text = _clean(_rendered(found, form))
    text += "" if text.endswith("\n") else "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        _to_file(text, output)


def _rendered(found: Sequence["Target"], form: str) -> str:
    from kprov_rdf.validate.reports import junit, machine, sarif, turtle

    if form == "json":
        return machine.text(found)
    if form == "turtle":
        return turtle.text(found)
    return sarif.text(found) if form == "sarif" else junit.text(found)


def _to_file(text: str, output: str) -> None:
    from kprov_rdf.exchange import writing

    writing.to_file(text.encode(), Path(output))


def _clean(text: str) -> str:
    """Without what no encoding holds: the name of a file may be any bytes."""
    return text.encode("utf-8", "replace").decode()


def _write_text(found: Sequence["Target"], output: str | None) -> None:
    """What could not be read goes to standard error, as with every command."""
    from kprov_rdf.tables import printable
    from kprov_rdf.validate.reports import plain
    from kprov_rdf.validate.reports.found import UNREAD

    for said in plain.unread(found):
        click.echo(f"kprov: {printable(_clean(said))}", err=True)
    if all(one.status == UNREAD and not one.instances() for one in found):
        return
    lines = [(printable(_clean(text)), style) for text, style in plain.lines(found)]
    if output is not None:
        _to_file("".join(f"{text}\n" for text, _ in lines), output)
    elif sys.stdout.isatty():
        from rich.console import Console
        from rich.text import Text

        console = Console(highlight=False, soft_wrap=True)
        for text, style in lines:
            console.print(Text(text, style))
    else:
        for text, _ in lines:
            click.echo(text)
