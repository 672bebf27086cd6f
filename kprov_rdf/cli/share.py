"""Commands that hand records on."""

from pathlib import Path

import click

from kprov_capture.home import find, open_home
from kprov_rdf.cli.context import Context, pass_context


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
