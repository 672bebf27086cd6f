"""Commands that check records and hand them on."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kprov_capture.home import find, open_home
from kprov_rdf.cli.context import RUN_HELP, Context, pass_context
from kprov_rdf.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from kprov_rdf.validate.shacl import Finding


# Of what is wrong, in text; the rest is counted.
_MOST_SHOWN = 100
_MANY = 200_000


@click.command(epilog=RUN_HELP, short_help="Check runs or files against the SHACL shapes.")
@click.argument("target", required=False, metavar="[RUN | PATH | -]")
@click.option(
    "--profile",
    type=click.Choice(["strict", "lenient"]),
    help="Default: strict where something has a class of DNNProv, else lenient.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@pass_context
def validate(context: Context, target: str | None, profile: str | None, form: str) -> None:
    """Check against the SHACL shapes: a run, a file, standard input, or the whole store.

    A file may be Turtle, TriG, N-Triples or N-Quads; each graph in it is checked
    by itself. Of the store that is the runs and their catalog; a graph that was
    merged from another tool is checked when its IRI is given.

    The lenient profile asks for what PROV-O demands of anyone: untyped nodes are fine, nodes
    of two disjoint classes are not. The strict profile asks for what kprov records.

    Exit status: 0 valid (there may be warnings), 1 invalid, 2 it cannot be read.
    """
    from kprov_rdf.validate import shacl

    checked: Counter[str] = Counter()
    found: list[Finding] = []
    for name, triples in _targets(context, target):
        if len(triples) > _MANY:  # the engine takes more than twice as long for twice as many
            click.echo(f"Checking {len(triples):,} statements of {name} …", err=True)
        text = shacl.ntriples(triples)
        chosen = profile or shacl.profile_for(text)
        checked[chosen] += 1
        found += shacl.validate_text(name, text, chosen)
    if not checked:
        raise InputError("There was nothing to check: no graph with a statement in it.")
    violations = [one for one in found if one.severity == "Violation"]
    others = [one for one in found if one.severity != "Violation"]
    if form == "json":
        _tell_json(checked, violations, others)
    else:
        _tell(checked, violations, others)
    if violations:
        raise SystemExit(1)


def _tell_json(checked: Counter[str], violations: list["Finding"], others: list["Finding"]) -> None:
    import dataclasses
    import json

    told = {
        "conforms": not violations,
        "graphs": checked.total(),
        "profiles": dict(checked),
        "violations": [dataclasses.asdict(one) for one in violations],
        "warnings": [dataclasses.asdict(one) for one in others],
    }
    click.echo(json.dumps(told))


def _tell(checked: Counter[str], violations: list["Finding"], others: list["Finding"]) -> None:
    found = [*violations, *others]
    for one in found[:_MOST_SHOWN]:
        mark = "" if one.severity == "Violation" else f"{one.severity}: "
        guards = f" (guards {', '.join(one.guards)})" if one.guards else ""
        more = [f"  at {one.where}\n"] if one.where else []
        more += [f"  property {one.path}\n"] if one.path else []
        more += [f"  found {one.value[:200]}\n"] if one.value and one.value != one.node else []
        click.echo(
            f"{one.graph}\n  {one.node}\n  {mark}{one.message}\n{''.join(more)}"
            f"  shape {one.shape}{guards}\n"
        )
    if found:
        click.echo("docs/shapes.md explains the shapes, and the numbers of what they guard.")
    if len(found) > _MOST_SHOWN:
        left = Counter(one.shape for one in found[_MOST_SHOWN:])
        click.echo(f"and {len(found) - _MOST_SHOWN:,} more (--format json has all):")
        for shape, count in left.most_common():
            click.echo(f"  {count:,} of shape {shape}")
        click.echo()
    said = [f"INVALID, {_count(violations, 'violation')}" if violations else "valid"]
    said += [_count(others, "warning")] if others else []
    total, lenient = checked.total(), checked["lenient"]
    noun = "graph" if total == 1 else "graphs"
    part = "" if lenient == total else f"{lenient} of them "
    profile = f" ({part}in the lenient profile)" if lenient else ""
    click.echo(f"{total} {noun} checked: {', '.join(said)}{profile}")


def _count(findings: list["Finding"], noun: str) -> str:
    return f"{len(findings):,} {noun}{'' if len(findings) == 1 else 's'}"


def _targets(context: Context, target: str | None) -> Iterator[tuple[str, list]]:  # type: ignore[type-arg]
    """The graphs to check, by name: of a file where there is one of that name, else of a run."""
    from kprov_rdf.validate import files

    if target == "-":
        yield from files.graphs(sys.stdin.buffer.read(), "-").items()
        return
    if target is not None and (Path(target).is_file() or Path(target).suffix in files.SUFFIXES):
        yield from files.from_path(Path(target)).items()
        return
    from kprov_rdf.runs import is_ours, listing, resolve

    with context.reading() as store:
        graphs = store.graphs()
        if target is None:
            names = [name for name in graphs if is_ours(name)]
            if len(names) < len(graphs):
                merged = len(graphs) - len(names)
                what = "graph that was merged is" if merged == 1 else "graphs that were merged are"
                click.echo(
                    f"{merged} {what} not checked; give the IRI of one to check it.", err=True
                )
        elif target in graphs:
            names = [target]
        else:
            try:
                names = [resolve(target, listing(store, store.living)).iri]
            except NotFoundError as error:
                raise NotFoundError(f"{error} There is no file of that name, either.") from None
        for name in names:
            yield name, store.graph(name)


@click.command(epilog=RUN_HELP, short_help="Write one run as RDF or PROV.")
@click.argument("run", default="@latest")
@click.option(
    "--format",
    "form",
    type=click.Choice(["ttl", "trig", "nq", "jsonld", "provn", "provjson"]),
    help="Default: what the name of the file says, else ttl.",
)
@click.option("-o", "--output", metavar="FILE", help="Default: standard output.")
@pass_context
def export(context: Context, run: str, form: str | None, output: str | None) -> None:
    """Write one run as Turtle, TriG, N-Quads, JSON-LD, PROV-N or PROV-JSON."""
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
