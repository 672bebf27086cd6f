"""The command that takes in what other tools wrote."""

import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kprov_rdf.cli.context import Context, pass_context
from kprov_rdf.errors import InputError, KprovError, StorageError, StoreLockedError

if TYPE_CHECKING:
    from kprov_rdf.exchange.merge import Merged

_SHOWN_NOTES = 3
_FORMATS = (
    "provjson", "provn", "provxml", "provjsonld", "ttl", "trig", "nt", "nq", "rdfxml", "jsonld",
)  # fmt: skip


@click.command(short_help="Take in the provenance that other tools wrote.")
@click.argument("files", required=True, nargs=-1, metavar="FILE...")
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    help="Default: what the name of the file says, else what it begins with.",
)
@pass_context
def merge(context: Context, files: tuple[str, ...], form: str | None) -> None:
    """Take in the provenance of other tools, each FILE into a named graph of its own.

    FILE is PROV-JSON, PROV-N, PROV-XML, PROV-JSONLD, or PROV-O as Turtle, TriG,
    N-Triples, N-Quads, RDF/XML or JSON-LD; - is standard input. Or it is the file of a
    model that has the provenance of its run with it. Bundles and named graphs keep their
    names. Nothing is fetched, and no FILE can change what is there already.
    Merging the same bytes again changes nothing.

    Exit status: 0 all are merged, 2 at least one is not; the others are then.
    """
    from kprov_capture.home import create, find, open_home
    from kprov_rdf.exchange import merge as merging

    place = find(context.asked)
    merged: list[Merged] = []
    for name in files:
        try:
            read = _read(name, form)
            if not (place / "journal").is_dir():
                click.echo(f"{create(place).path} created.")
            one = merging.merge(open_home(place), *read)
        except StorageError:
            raise
        except KprovError as error:
            click.echo(f"kprov: {error}", err=True)
            continue
        _report(one)
        merged.append(one)
    if any(not one.already for one in merged):
        _load(context, merged)
    if len(merged) < len(files):
        if merged:
            click.echo(f"kprov: {len(merged)} of {len(files)} files are merged.", err=True)
        raise SystemExit(2)


def _read(name: str, form: str | None) -> tuple[bytes, str, str | None]:
    """The bytes of a document, its name, and its format where that is known."""
    from kprov_capture.archive import BESIDE
    from kprov_rdf import travel
    from kprov_rdf.exchange import merge as merging

    if name == "-":
        return sys.stdin.buffer.read(merging.MAX_BYTES + 1), "standard input", form
    path = Path(name)
    carried = None if form or name.endswith(BESIDE) else travel.find(path)
    if carried is None:
        if path.suffix == ".keras" and path.is_file():
            raise InputError(
                f"{name} has no provenance with it: nothing to merge."
                if zipfile.is_zipfile(path)
                else f"{name} is a damaged archive: Keras saves a model as a ZIP archive."
            )
        return merging.from_path(path), name, form
    if carried.problems:
        raise InputError(
            f"{name} is not the model that its provenance is about: {carried.problems[0]}. "
            "Nothing of it was merged; 'kprov show' has more."
        )
    return carried.document, name, "nq"


def _report(one: "Merged") -> None:
    from kprov_rdf.tables import count

    if one.already:
        click.echo(f"{one.name}: merged already, nothing changed\n  {one.graph}")
        return
    counts = [] if one.records is None else [count(one.records, "record")]
    added = count(one.statements, "statement") if one.statements else "nothing new"
    told = ", ".join([one.form, *counts, added])
    click.echo(f"{one.name}: {told}\n  {one.graph}")
    for graph in one.graphs:
        click.echo(f"  {graph}")
    for note in one.notes[:_SHOWN_NOTES]:
        click.echo(f"kprov: {one.name}: {note}.", err=True)
    if len(one.notes) > _SHOWN_NOTES:
        more = len(one.notes) - _SHOWN_NOTES
        click.echo(f"kprov: {one.name}: {more} more of this kind.", err=True)


def _load(context: Context, merged: "list[Merged]") -> None:
    """Load it now, so that what is wrong shows at once."""
    try:
        with context.reading():
            pass
    except StoreLockedError as error:
        click.echo(f"What was merged is kept in the journal and loaded by the next reader. {error}")
        return
    graph = (merged[-1].graphs or (merged[-1].graph,))[0]
    click.echo(f"\nAsk it: kprov query -e 'SELECT ?s ?p ?o {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}'")
