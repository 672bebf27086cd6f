"""Commands that hand records on."""

import sys
from pathlib import Path

import click

from kprov_capture.home import find, open_home
from kprov_rdf.cli.context import RUN_HELP, Context, pass_context
from kprov_rdf.errors import InputError


@click.command(epilog=RUN_HELP, short_help="Write one run as RDF or PROV.")
@click.argument("run", default="@latest")
@click.option(
    "--format",
    "form",
    type=click.Choice(
        ["ttl", "trig", "nq", "jsonld", "provn", "provjson", "provxml", "provjsonld"]
    ),
    help="Default: what the name of the file says, else ttl.",
)
@click.option("-o", "--output", metavar="FILE", help="Default: standard output.")
@pass_context
def export(context: Context, run: str, form: str | None, output: str | None) -> None:
    """Write one run as RDF, or in a format of PROV."""
    from kprov_rdf.exchange import write
    from kprov_rdf.runs import listing, resolve

    suffix = Path(output or "").suffix.lstrip(".")
    chosen = form or {"json": "provjson", "xml": "provxml"}.get(suffix, suffix) or "ttl"
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


@click.command(short_help="Write everything as static files of linked data.")
@click.argument("out", metavar="OUT")
@click.option(
    "--base", required=True, metavar="URL", help="Where the files will stand, ending in '/'."
)
@pass_context
def publish(context: Context, out: str, base: str) -> None:
    """Write everything below the folder OUT, as files for a web host at URL.

    \b
        kprov publish site --base https://example.org/provenance/

    Each document is there as a page, Turtle, JSON-LD, N-Triples, RDF/XML, and each run as
    PROV-N; with a description of the whole (VoID) and a dump. IRIs get the new base, so that
    they resolve there. A folder that was published before is replaced.
    """
    from kprov_rdf.publish import publish as write
    from kprov_rdf.tables import count

    home = open_home(find(context.asked))
    with context.reading() as store:
        done = write(store, home.base(), Path(out), base)
    told = {"run": done.runs, "document": done.documents, "file": done.files}
    click.echo(f"{', '.join(count(number, noun) for noun, number in told.items())} in {out}.")
    click.echo(f"Next: copy the folder's content to where {base} is served.")
