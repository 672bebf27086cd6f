"""The command that shows what links the graphs."""

import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kprov_capture.home import find as find_home
from kprov_capture.home import open_home
from kprov_capture.terms import PROV_NAMESPACE
from kprov_rdf.cli.context import Context, brief, pass_context
from kprov_rdf.errors import InputError

if TYPE_CHECKING:
    from kprov_rdf.query import Term

_OWL = "http://www.w3.org/2002/07/owl#"


def _brief(term: "Term") -> "Term":
    import pyoxigraph as ox

    if term is None:
        return None
    value = brief(str(getattr(term, "value", term)))
    return ox.Literal(value.removeprefix(PROV_NAMESPACE).removeprefix(_OWL))


@click.command(short_help="Show what two documents have in common, and why.")
@click.option(
    "--find", "search", is_flag=True, help="Look for links again, in all that was merged."
)
@click.option("--rules", metavar="FILE", help="With rules of your own, in all graphs.")
@click.option("--remove", is_flag=True, help="Take all links away; what they link stays.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
)
@pass_context
def links(context: Context, search: bool, rules: str | None, remove: bool, form: str) -> None:
    """Show what two documents have in common, and why.

    \b
        kprov links                      what was linked, by which rule, on which evidence
        kprov links --find --rules my.toml
        kprov links --remove

    'kprov merge' never makes two things one. It links them, in a graph of its own: files with the
    same SHA-256 to their content, agents to their ORCID, what kprov named under two bases, and
    what your own rules say (docs/exchange.md).
    """
    from kprov_rdf import query as queries
    from kprov_rdf.exchange import linking, linkrules
    from kprov_rdf.exchange.merge import from_path
    from kprov_rdf.tables import write

    home = open_home(find_home(context.asked))
    if remove:
        if search or rules:
            raise InputError("--remove stands alone: it takes all links away.")
        size = linking.remove(home)
        click.echo(f"{size:,} statements of links removed." if size else "There are no links.")
        return
    if search or rules:
        own = linkrules.read(from_path(Path(rules)), rules) if rules else []
        with context.reading() as store:
            linking.find(home, store, own)
    with context.reading() as store:
        answer = queries.table(store, queries.find("links"), {})
        first = next(answer.rows, None)
        answer.rows = answer.rows if first is None else chain([first], answer.rows)
        if form == "table":  # whose columns are as wide as what stands in them
            answer.rows = (tuple(map(_brief, row)) for row in answer.rows)
        write(answer, form, sys.stdout)
    if first is None:
        click.echo("kprov: nothing is linked yet; 'kprov links --find' looks again.", err=True)
