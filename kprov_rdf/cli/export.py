"""The command that writes records for others."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kprov_capture.home import find, open_home
from kprov_rdf.cli.context import RUN_HELP, Context, pass_context, tell
from kprov_rdf.errors import InputError

if TYPE_CHECKING:
    from kprov_rdf.exchange.selection import Selection
    from kprov_rdf.store import Snapshot

# As in exchange.formats.FORMATS, which is not imported for --help.
FORMATS = (
    "ttl", "trig", "nq", "nt", "rdf", "jsonld", "provn", "provjson", "provxml", "provjsonld",
    "dot", "svg", "png", "pdf", "rocrate", "croissant", "modelcard", "modelcard-md",
    "openlineage", "csv", "parquet",
)  # fmt: skip


@click.command(epilog=RUN_HELP, short_help="Write runs and imports in another format.")
@click.argument("records", nargs=-1, metavar="[RUN]...")
@click.option("--all", "everything", is_flag=True, help="The whole store, with what was merged.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    metavar="FORMAT",
    help="Default: what the name of the file says, else ttl; of several graphs trig.",
)
@click.option("-o", "--output", metavar="FILE", help="Default: standard output.")
@click.option("--base", metavar="URL", help="Let IRIs of kprov's begin with URL instead.")
@click.option("--redact", is_flag=True, help="Leave out persons, hosts and paths.")
@click.option(
    "--lineage",
    metavar="NAME",
    help="Only how one thing came to be, also in other graphs: its IRI, or the end of it.",
)
@click.option(
    "--depth",
    type=click.IntRange(0),
    metavar="N",
    help="Only what is N relations or fewer from the execution or a model.",
)
@click.option(
    "--summary/--no-summary",
    default=None,
    help="Fold the epochs of a training into one, and its adaptations. Default: in pictures of "
    "more than 12 epochs.",
)
@pass_context
def export(
    context: Context,
    records: tuple[str, ...],
    everything: bool,
    form: str | None,
    output: str | None,
    base: str | None,
    redact: bool,
    lineage: str | None,
    depth: int | None,
    summary: bool | None,
) -> None:
    """Write runs, and what was merged, in another format. Default: the latest run.

    \b
        kprov export -o run.provn
        kprov export digits-cnn -o run.svg
        kprov export --all --redact --base https://example.org/provenance/ -o all.trig
        kprov export --all --lineage digits.keras -o lineage.svg
        kprov export --format rocrate -o crate.zip

    \b
    ttl nt rdf             RDF of one graph: Turtle, N-Triples, RDF/XML
    trig nq jsonld         RDF of several, with what the catalog says of them
    provn provjson         PROV-N, PROV-JSON, PROV-XML and PROV-JSONLD: the catalog, and each
    provxml provjsonld     graph as a bundle
    dot svg png pdf        a picture as W3C PROV draws it; all but dot need Graphviz
    rocrate                Process Run Crate: a folder or .zip, with the files still there
    croissant              the data sets, as Croissant
    modelcard              the models, as FAIR4ML and schema.org; modelcard-md for people
    openlineage            events of the runs, a line each
    csv parquet            tables of runs, epochs, layers and more: a folder or .zip

    The options apply in the order lineage, depth, summary, base, redact. What is left out with
    --redact is anonymous afterwards (#person-1), and gone from texts, too; names of files stay.

    An import is named by its IRI, or by the first digits of its SHA-256.
    """
    from kprov_rdf.exchange import export as exporting
    from kprov_rdf.exchange import formats

    if everything and records:
        raise InputError("--all is everything: name no run with it.")
    with context.reading() as store:
        chosen = _chosen(context, store, records, everything)
        several = len(chosen.about_records) > 1
        form = form or _by_name(output) or ("trig" if several else "ttl")
        options = exporting.Options(depth, summary, redact, base, lineage)
        found, notes = exporting.written(chosen, form, options)
    if output is not None:
        exporting.save(found, Path(output))
    elif isinstance(found, bytes):
        sys.stdout.buffer.write(found)
    else:
        raise InputError(
            f"{formats.FORMATS[form].label} is several files. Name a folder or a .zip with -o."
        )
    for note in notes:
        tell(f"kprov: {note}", err=True)


def _chosen(
    context: Context, store: "Snapshot", records: tuple[str, ...], everything: bool
) -> "Selection":
    from kprov_rdf.exchange import selection

    base = open_home(find(context.asked)).base()
    if everything:
        return selection.everything(store, base, store.living)
    names = selection.find(store, records or ("@latest",), store.living)
    return selection.of_records(store, names, base, store.living)


def _by_name(output: str | None) -> str | None:
    """The format that the name of the file says. Raises ``InputError`` where it says none."""
    from kprov_rdf.exchange import formats

    if output is None:
        return None
    found = formats.by_suffix(output)
    if found is None:
        raise InputError(
            f"The name {output} does not say a format; add --format with one of "
            f"{', '.join(formats.FORMATS)}."
        )
    return found
