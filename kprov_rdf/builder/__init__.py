"""Questions without SPARQL: a model as plain data, or a specification as DfAnalyzer has it.

    query = builder.read("projection(otrainingmodel.epoch_id;otrainingmodel.loss)")
    builder.sparql(query, store).text      the query, to read and to run by hand
    builder.ask(store, query)              its answer, a ``query.Table``
    builder.sets(store)                    which data sets and attributes there are

The same model is compiled to SQL for the mirror: ``kprov_rdf.builder.mirrored``.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from kprov_rdf import query as queries
from kprov_rdf import resources
from kprov_rdf.builder import plan, values
from kprov_rdf.builder.catalogue import StoreCatalogue
from kprov_rdf.builder.datasets import RUN
from kprov_rdf.builder.generated import Generated
from kprov_rdf.builder.model import Query
from kprov_rdf.builder.parser import parse
from kprov_rdf.builder.plaindata import from_data, to_data
from kprov_rdf.builder.scan import MAX_LENGTH
from kprov_rdf.builder.text import write
from kprov_rdf.builder.to_sparql import compile_sparql
from kprov_rdf.errors import InputError
from kprov_rdf.store import Store

__all__ = ["Generated", "Query", "ask", "papers", "read", "sets", "sparql", "to_data", "write"]

MAX_BYTES = 4 * MAX_LENGTH


def read(said: str | Mapping[str, Any]) -> Query:
    """A question from a specification, from JSON text, or from plain data.

    Raises ``InputError`` with the line and column, or the key, that is wrong.
    """
    if not isinstance(said, str):
        return from_data(said)
    if not said.lstrip().startswith(("{", "[")):
        return parse(said)
    if len(said) > MAX_LENGTH:
        raise InputError(f"The specification has more than {MAX_LENGTH:,} characters.")
    try:
        return from_data(json.loads(said, object_pairs_hook=_once))
    except RecursionError as error:
        raise InputError("The JSON is nested too deeply.") from error
    except ValueError as error:
        raise InputError(f"The specification is no JSON: {error}.") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def sparql(query: Query, store: Store, given: values.Given | None = None) -> Generated:
    """The question in SPARQL; ``given`` are the values of its parameters.

    What names mean is looked up in the store. Raises ``InputError`` for what is not there.
    """
    given = given or {}
    catalogue = StoreCatalogue(store, plan.selected(query, given).tags)
    made = plan.plan(query, catalogue, given)
    return compile_sparql(made, catalogue, getattr(store, "living", frozenset()))


def ask(store: Store, query: Query, given: values.Given | None = None) -> queries.Table:
    """The answer to the question, its rows read lazily."""
    made = sparql(query, store, given)
    return queries.table(store, queries.Question("specification", made.text), {})


def sets(store: Store, tag: str | None = None) -> Iterator[tuple[str, str, str, str]]:
    """Data set, attribute, its kind, and the transformations that read and write the set.

    ``tag`` is that of a dataflow; None means all.
    """
    catalogue = StoreCatalogue(store, [tag] if tag else [])
    steps = catalogue.transformations()
    for dataset in [*catalogue.datasets(), RUN]:
        said = [f"{name} reads" for name, (reads, _) in steps.items() if dataset in reads]
        said += [f"{name} writes" for name, (_, writes) in steps.items() if dataset in writes]
        for name, info in catalogue.attributes(dataset).items():
            yield dataset, name, info.kind.value, ", ".join(said)


def papers() -> dict[str, str]:
    """The specifications of the papers' questions, by name."""
    texts = resources.texts("builder/papers", ".dfq")
    return {name.removesuffix(".dfq"): text for name, text in texts.items()}
