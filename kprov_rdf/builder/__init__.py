"""Questions without SPARQL: a model as plain data, or a specification as DfAnalyzer has it.

    query = builder.read("projection(otrainingmodel.epoch_id;otrainingmodel.loss)")
    builder.sparql(query, store).text      the query, to read and to run by hand
    builder.ask(store, query)              its answer, a ``query.Table``

The same model is compiled to SQL for the mirror: ``kprov_rdf.builder.mirrored``.
"""

from collections.abc import Mapping
from dataclasses import replace

from kprov_rdf import query as queries
from kprov_rdf.builder import plan, values
from kprov_rdf.builder.catalogue import StoreCatalogue
from kprov_rdf.builder.generated import Generated
from kprov_rdf.builder.model import Query
from kprov_rdf.builder.parser import parse
from kprov_rdf.builder.to_sparql import compile_sparql
from kprov_rdf.store import Store

__all__ = ["Generated", "Query", "ask", "parse", "sparql"]


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
