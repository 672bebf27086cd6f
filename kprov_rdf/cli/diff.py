"""The command that tells what differs in two runs, or whether two documents say the same."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kprov_capture.home import HomeError
from kprov_rdf.cli.context import RUN_HELP, Context, pass_context
from kprov_rdf.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from kprov_rdf.comparison import Comparison
    from kprov_rdf.dm.model import Document
    from kprov_rdf.validate.equivalence import Difference, Told
    from kprov_rdf.validate.violations import Outcome

# Statements of each document in text; the rest is counted.
_MOST_SHOWN = 100
_MOST_VIOLATIONS = 3


@click.command(epilog=RUN_HELP, short_help="Tell what differs in two runs, or two documents.")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option(
    "--records", is_flag=True, help="Compare runs as PROV records, statement by statement."
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0),
    metavar="X",
    help="Metrics that differ by X or less are the same. Default: 0.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "text", "json"]),
    help="Default: table for runs, text for documents, which are one.",
)
@pass_context
def diff(
    context: Context, a: str, b: str, records: bool, tolerance: float | None, form: str | None
) -> None:
    """Tell what differs between two runs, or whether two PROV documents say the same.

    \b
        kprov diff 2e40e764 @latest
        kprov diff run.provn run.ttl

    Of two runs: their parameters, layers, data, code, environment, packages, adaptations and
    outcome, and from which epoch on each metric differs, at full precision. When they ran and how
    long it took is no difference.

    Where A or B is a file in any format of PROV (PROV-N, PROV-JSON, PROV-XML, PROV-JSONLD, PROV-O
    in RDF), - for standard input, or a graph of the store that is no run, and with --records, the
    two are compared as documents. The format, the order, the names of blank nodes, and whether
    something is said outright or follows by the inferences of PROV-CONSTRAINTS make no difference
    then; attributes and times do. Of RDF, what is not PROV-O is compared as attributes of what is.
    A run or a graph of the store is compared with the bundle of its name where the other document
    has one.

    Exit status: 0 the same, 1 not, 2 one cannot be read, or is not valid.
    """
    if a == b == "-":
        raise InputError("Only one of the two documents can come from standard input.")
    if not records:
        found = _runs(context, a, b, tolerance or 0.0)
        if found is not None:
            from kprov_rdf.cli import compared

            compared.show(found, form or "table")
            if not found.same:
                raise SystemExit(1)
            return
    if tolerance is not None:
        raise InputError(
            "--tolerance is of the metrics of two runs; these are compared as records."
        )
    _documents(context, a, b, form)


def _runs(context: Context, a: str, b: str, tolerance: float) -> "Comparison | None":
    """The comparison of two runs; None where one of the two is something else."""
    from kprov_rdf.cli.checking import is_file
    from kprov_rdf.comparison import compare
    from kprov_rdf.runs import listing, resolve

    if any(name == "-" or is_file(name) for name in (a, b)):
        return None
    try:
        with context.reading() as store:
            runs = listing(store, store.living)
            named = {run.iri for run in runs}
            if any(name in store.graphs() and name not in named for name in (a, b)):
                return None
            one, other = (resolve(name, runs).iri for name in (a, b))
            return compare(store, one, other, tolerance, store.living)
    except (NotFoundError, HomeError):
        return None  # an import, or nothing: then it is said of what all there is none


def _documents(context: Context, a: str, b: str, form: str | None) -> None:
    from kprov_rdf.validate.equivalence import compare

    (one, first), (other, second) = _document(context, a), _document(context, b)
    one, other = _part(one, second), _part(other, first)
    found = compare(one, other)
    if form == "json":
        _tell_json(one, other, found)
    elif found.valid:
        _tell(one, other, found)
    else:
        _tell_invalid(one, found.invalid_a)
        _tell_invalid(other, found.invalid_b)
    if not found.equivalent:
        raise SystemExit(1 if found.valid else 2)


def _document(context: Context, target: str) -> "tuple[Document, str | None]":
    """The document that an argument means: a file where there is one of that name, else a graph.

    With the IRI of the graph, or None.
    """
    from kprov_rdf.cli.checking import is_file, stored
    from kprov_rdf.dm import provo
    from kprov_rdf.dm.model import Document
    from kprov_rdf.validate import files, inputs

    if target == "-":
        data = files.limited(sys.stdin.buffer, target)
    elif is_file(target):
        data = files.content(Path(target))
    else:
        name, triples = stored(context, target)
        document = Document(target, "graph of the store")
        return provo.triples(triples, document, None, attributes=True), name
    return inputs.read(data, target, attributes=True), None


def _part(document: "Document", graph: str | None) -> "Document":
    """What is compared with a graph of the store: the bundle of its name, where there is one."""
    if graph is None or graph not in document.bundles:
        return document
    others = [one for one in document.instances() if one.name != graph and len(one)]
    if others:
        document.notes.append(
            f"only its bundle {graph} is compared; beside it there are "
            f"{sum(map(len, others)):,} statements"
        )
    bundle = document.bundles[graph]
    bundle.name = None
    document.toplevel, document.bundles = bundle, {}
    return document


def _statements(told: "tuple[Told, ...]") -> "list[dict[str, object]]":
    return [
        {"instance": one.instance, "text": one.written(), "line": one.line or None} for one in told
    ]


def _tell_json(one: "Document", other: "Document", found: "Difference") -> None:
    import json

    told = {
        "equivalent": found.equivalent if found.valid else None,
        "a": _described(one, found.invalid_a),
        "b": _described(other, found.invalid_b),
        "only_a": _statements(found.only_a),
        "only_b": _statements(found.only_b),
    }
    click.echo(json.dumps(told))


def _described(document: "Document", invalid: "tuple[Outcome, ...]") -> dict[str, object]:
    return {
        "name": document.name,
        "format": document.form,
        "statements": sum(map(len, document.instances())),
        "notes": document.notes,
        "violations": [
            {"instance": at.instance, "constraint": one.constraint, "message": one.message}
            for at in invalid
            for one in at.violations
        ],
    }


def _say(text: str = "", err: bool = False) -> None:
    from kprov_rdf.tables import printable

    # The name of a file may be any bytes.
    click.echo(printable(text.encode("utf-8", "replace").decode()), err=err)


def _tell(one: "Document", other: "Document", found: "Difference") -> None:
    for document in (one, other):
        for note in document.notes:
            _say(f"{document.name}: {note}", err=True)
    if found.equivalent:
        _say(f"{one.name} and {other.name} say the same.")
        return
    for document, told, others in (
        (one, found.only_a, found.only_b),
        (other, found.only_b, found.only_a),
    ):
        if told:
            _say(f"Only in {document.name}:")
            _tell_statements(told, others)
            _say()
    total = len(found.only_a) + len(found.only_b)
    what = "statement differs" if total == 1 else "statements differ"
    _say(f"{one.name} and {other.name} do not say the same: {total:,} {what}.")


def _tell_statements(told: "tuple[Told, ...]", others: "tuple[Told, ...]") -> None:
    """Of a statement that differs in its attributes alone, those that differ."""
    twins = {(one.instance, one.text): one.attributes for one in others}
    bundle: str | None = None
    for one in told[:_MOST_SHOWN]:
        if one.instance != bundle:
            bundle = one.instance
            _say(f"  in the bundle {bundle}")
        text = one.written(but=twins.get((one.instance, one.text), ()))
        _say(f"  {f'line {one.line}: ' if one.line else ''}{text}")
    if len(told) > _MOST_SHOWN:
        _say(f"  and {len(told) - _MOST_SHOWN:,} more (--format json has all)")


def _tell_invalid(document: "Document", invalid: "tuple[Outcome, ...]") -> None:
    if not invalid:
        return
    _say(
        f"{document.name} is not valid, and only what is valid can be compared "
        "(PROV-CONSTRAINTS, section 7):",
        err=True,
    )
    for outcome in invalid:
        where = f"in the bundle {outcome.instance}: " if outcome.instance else ""
        for one in outcome.violations[:_MOST_VIOLATIONS]:
            number = f"constraint {one.constraint} ({one.title})" if one.constraint else one.title
            _say(f"  {where}{number}: {one.message}", err=True)
    _say(f"'kprov validate {document.name}' tells more.", err=True)
