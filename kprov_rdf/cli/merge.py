"""The command that takes in what other tools wrote."""

import shlex
import sys
import zipfile
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kprov_rdf.cli.context import Context, brief, pass_context, tell
from kprov_rdf.errors import InputError, KprovError, StorageError, StoreLockedError

if TYPE_CHECKING:
    from kprov_rdf.exchange.links import Link
    from kprov_rdf.exchange.merge import Merged, Options
    from kprov_rdf.exchange.sources import Source

_SHOWN_NOTES = 3
_SHOWN_GRAPHS = 10
_SHOWN_LINKS = 60  # lines
# Formats of one graph, and of a part of what was recorded.
_ONE_GRAPH = ("ttl", "nt", "rdf", "rocrate", "croissant", "modelcard", "modelcard-md",
              "openlineage", "csv", "parquet")  # fmt: skip


@click.command(short_help="Take in the provenance that other tools wrote.")
@click.argument("files", required=True, nargs=-1, metavar="FILE...")
@click.option(
    "--format",
    "form",
    metavar="FORMAT",
    help="Default: what the name of the file says, else what it begins with.",
)
@click.option("--strict", is_flag=True, help="Refuse a FILE with a defect instead of mending it.")
@click.option(
    "--context",
    "contexts",
    multiple=True,
    metavar="URL=FILE",
    help="The @context of JSON-LD at URL: nothing is fetched.",
)
@click.option("--rules", metavar="FILE", help="Rules of your own for links: see docs/exchange.md.")
@click.option("--dry-run", is_flag=True, help="Show what would be added and joined, and why.")
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    help="Write all into one file, of TriG, N-Quads or another format of several graphs; the store "
    "stays as it is.",
)
@pass_context
def merge(
    context: Context,
    files: tuple[str, ...],
    form: str | None,
    strict: bool,
    contexts: tuple[str, ...],
    rules: str | None,
    dry_run: bool,
    output: str | None,
) -> None:
    """Take in the provenance of other tools, each FILE into a named graph of its own.

    FILE is PROV-JSON, PROV-N, PROV-XML, PROV-JSONLD, or RDF as Turtle, TriG, N-Triples,
    N-Quads, RDF/XML or JSON-LD; or a file or a folder as one of the tools of docs/exchange.md
    leaves it: MLflow, W&B, TensorBoard, RO-Crate, OpenLineage and others. - is standard input. Or
    it is the file of a model that has the provenance of its run with it.

    \b
        kprov merge mlruns ro-crate-metadata.json       into the store
        kprov merge a.provn b.json -o both.trig         into one file, without a store
        kprov merge --dry-run a.provn                   what would be added, joined, mended

    Names that mean something only in a FILE are kept apart from those of others; known defects
    are mended, and each is told. Nothing is fetched, and no FILE can change what is there already.
    Merging the same bytes again changes nothing. What two graphs have in common is said in a
    graph of links: 'kprov links' shows it, and takes it away.

    Exit status: 0 all are merged, 2 at least one is not; the others are then.
    """
    options = _options(form, strict, contexts, rules)
    if output is not None:
        _to_file(files, options, output, dry_run)
        return
    from kprov_capture.home import create, find, open_home
    from kprov_rdf.exchange import merge as merging

    place = find(context.asked)
    merged: list[Merged] = []
    for name in files:
        try:
            source, chosen = _source(name, options)
            if dry_run:
                one = merging.plan(open_home(place) if _is_home(place) else None, source, chosen)
            else:
                _ = source.sha256  # that is read before anything is made for it
                if not _is_home(place):
                    click.echo(f"{create(place).path} created.")
                one = merging.merge(open_home(place), source, options=chosen)
        except StorageError:
            raise
        except KprovError as error:
            tell(f"kprov: {error}", err=True)
            continue
        _report(one)
        merged.append(one)
    if dry_run:
        _joins(merged, _there(context, merged))
    elif any(not one.already for one in merged):
        _load(context, merged)
    if len(merged) < len(files):
        if merged:
            done = "can be" if dry_run else "are"
            click.echo(f"kprov: {len(merged)} of {len(files)} files {done} merged.", err=True)
        raise SystemExit(2)


def _is_home(place: Path) -> bool:
    return (place / "journal").is_dir()


def _options(
    form: str | None, strict: bool, contexts: tuple[str, ...], rules: str | None
) -> "Options":
    from kprov_rdf.exchange import foreign, linkrules, sniff
    from kprov_rdf.exchange.merge import Options, from_path
    from kprov_rdf.exchange.reading import Manner

    known = (*sniff.FORMATS, *foreign.MODULES)
    form = "rdfxml" if form == "rdf" else form  # as 'kprov export' calls it
    if form is not None and form not in known:
        near = get_close_matches(form, known, 1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise InputError(f"There is no format {form!r}.{meant} The formats are {', '.join(known)}.")
    given = {}
    for one in contexts:
        url, equals, file = one.rpartition("=")
        if not equals or "://" not in url:
            raise InputError(
                f"--context wants URL=FILE, as in http://x/y.jsonld=y.json; found {one!r}."
            )
        given[url] = from_path(Path(file))
    own = tuple(linkrules.read(from_path(Path(rules)), rules)) if rules else ()
    return Options(Manner(form, strict, given), own)


def _to_file(files: tuple[str, ...], options: "Options", output: str, dry_run: bool) -> None:
    """All documents in one file, or none."""
    from kprov_capture.identity import DEFAULT_BASE
    from kprov_rdf.exchange import export, formats, selection
    from kprov_rdf.exchange import merge as merging

    form = formats.by_suffix(output)
    if form is None or form in _ONE_GRAPH:
        known = ", ".join(
            f".{suffix}"
            for key, one in formats.FORMATS.items()
            for suffix in one.suffixes[:1]
            if key not in _ONE_GRAPH
        )
        raise InputError(
            f"The name {output} does not say a format that holds several graphs. End it in one of "
            f"{known}."
        )
    sources = []
    for name in files:
        source, chosen = _source(name, options)
        if chosen.manner.form != options.manner.form:
            raise InputError(f"{name} is a model. Merge it into a store, without -o.")
        sources.append(source)
    store, merged = merging.together(sources, options, origins=not dry_run)
    for one in merged:
        _report(one)
    if dry_run:
        _joins(merged, {})
        return
    everything = selection.everything(store, DEFAULT_BASE)
    written = export.written(everything, form)
    export.save(written.content, Path(output))
    sizes = [len(told) for told in everything.graphs.values()]
    tell(f"{output}: {sum(sizes):,} statements in {len(sizes):,} graphs.")
    for note in written.notes:
        tell(f"kprov: {note}", err=True)


def _source(name: str, options: "Options") -> "tuple[Source, Options]":
    """A document to read, and how."""
    from dataclasses import replace

    from kprov_capture.archive import BESIDE
    from kprov_rdf import travel
    from kprov_rdf.exchange.sources import MAX_BYTES, Source

    if name == "-":
        return Source("standard input", sys.stdin.buffer.read(MAX_BYTES + 1)), options
    path = Path(name)
    if options.manner.form or name.endswith(BESIDE) or path.is_dir():
        return Source(name), options
    carried = travel.find(path)
    if carried is None:
        if path.suffix == ".keras" and path.is_file():
            raise InputError(
                f"{name} has no provenance with it: nothing to merge."
                if zipfile.is_zipfile(path)
                else f"{name} is a damaged archive: Keras saves a model as a ZIP archive."
            )
        return Source(name), options
    if carried.problems:
        raise InputError(
            f"{name} is not the model that its provenance is about: {carried.problems[0]}. "
            "Nothing of it was merged; 'kprov show' has more."
        )
    return Source(name, carried.document), replace(
        options, manner=replace(options.manner, form="nq")
    )


def _report(one: "Merged") -> None:
    from kprov_rdf.tables import count

    if one.already:
        tell(f"{one.name}: merged already, nothing changed")
        tell(f"  {one.graph}")
        return
    counts = [] if one.records is None else [count(one.records, "record")]
    added = count(one.statements, "statement") if one.statements else "nothing new"
    linked = [count(len(one.links), "link")] if one.links else []
    told = ", ".join([one.form, *counts, added, *linked])
    tell(f"{one.name}: {told}")
    for graph in (one.graph, *one.graphs[:_SHOWN_GRAPHS]):
        tell(f"  {graph}")
    if len(one.graphs) > _SHOWN_GRAPHS:
        tell(f"  and {len(one.graphs) - _SHOWN_GRAPHS:,} more graphs")
    for repair in one.repairs:
        tell(f"  mended: {repair}")
    for note in one.notes[:_SHOWN_NOTES]:
        tell(f"kprov: {one.name}: {note}.", err=True)
    if len(one.notes) > _SHOWN_NOTES:
        more = len(one.notes) - _SHOWN_NOTES
        tell(f"kprov: {one.name}: {more} more of this kind.", err=True)


def _there(context: Context, merged: "list[Merged]") -> dict[str, list[str]]:
    """What is linked already to what the documents would be linked to."""
    from kprov_capture.home import find
    from kprov_rdf.exchange.links import meeting

    targets = {link.target for one in merged for link in one.links}
    if not targets or not _is_home(find(context.asked)):
        return {}
    with context.reading() as store:
        return meeting(store, targets)


def _joins(merged: "list[Merged]", there: Mapping[str, list[str]]) -> None:
    """What the documents would be joined with, and why."""
    links = sorted({link for one in merged for link in one.links})
    if not links:
        if merged:
            click.echo("\nNothing would be joined.")
        return
    click.echo("\nWould be joined:")
    told = list(_told(links, there))
    for line in told[:_SHOWN_LINKS]:
        tell(f"  {line}")
    if len(told) > _SHOWN_LINKS:
        click.echo(f"  and {len(told) - _SHOWN_LINKS:,} more.")


def _told(links: "list[Link]", there: Mapping[str, list[str]]) -> Iterator[str]:
    """What is joined, a target each, with the reason and what is there already."""
    from kprov_rdf.tables import count

    joined: dict[tuple[str, str, str], list[str]] = {}
    for link in links:
        joined.setdefault((link.target, link.how, link.rule), []).append(link.subject)
    whys = {(link.target, link.rule): link.why for link in links}
    alone = 0
    for (target, how, rule), subjects in joined.items():
        met = sorted(set(there.get(target, ())) - set(subjects), key=lambda one: "/run/" not in one)
        if not met and len(subjects) == 1:
            alone += 1
            continue
        yield f"{brief(target)}  ({rule}: {brief(whys[target, rule])})"
        yield from (f"    {brief(one)} {how.rpartition('#')[2]} it" for one in subjects)
        if met:
            more = f" and {len(met) - _SHOWN_NOTES} more" if len(met) > _SHOWN_NOTES else ""
            yield f"    so is {', so is '.join(map(brief, met[:_SHOWN_NOTES]))}{more}, already"
    if alone:
        yield f"{count(alone, 'thing')} linked to what nothing else is linked to yet"


def _load(context: Context, merged: "list[Merged]") -> None:
    """Load it now, so that what is wrong shows at once."""
    try:
        with context.reading():
            pass
    except StoreLockedError as error:
        click.echo(f"What was merged is kept in the journal and loaded by the next reader. {error}")
        return
    last = next((one for one in reversed(merged) if one.statements), None)
    if last:
        graph = (last.graphs or (last.graph,))[0]
        question = f"SELECT ?s ?p ?o {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}"
        # Quoted, since a document may choose the name.
        click.echo()
        tell(f"Ask it: kprov query -e {shlex.quote(question)}")
