"""Asks an opened store, and gives the answer in the form that the question has."""

from collections.abc import Mapping
from typing import TypeVar

import pyoxigraph as ox

from kprov_rdf import query
from kprov_rdf.analysis.parameters import Asked, bindings, question
from kprov_rdf.analysis.result import Result, Triples
from kprov_rdf.analysis.snapshot import Opened
from kprov_rdf.query import Question, Table
from kprov_rdf.runs import resolve
from kprov_rdf.sparql import in_order

Answer = Result | Triples | bool
T = TypeVar("T")


def ask(opened: Opened, asked: Asked, given: Mapping[str, object]) -> Answer:
    """Rows for a SELECT, whether it is so for an ASK, triples for CONSTRUCT and DESCRIBE.

    Raises ``InputError`` for what is no query and a parameter that it does not take,
    ``NotFoundError`` for an unknown question or run, ``RemoteError``.
    """
    found = question(asked)
    terms = bindings(found, given, lambda name: resolve(name, opened.listed))
    bound = query.bind(found, terms)
    first = opened.store.query(found.text, bound)
    if isinstance(first, ox.QueryBoolean):
        return bool(first)
    if not isinstance(first, ox.QuerySolutions):
        return Triples(list(first))
    told = {one.name: given.get(one.name, one.default) for one in found.inputs} or dict(given)
    # The answer to the question that was just asked is the first one that is read.
    waiting = [first]

    def again() -> Table:
        answer = waiting.pop() if waiting else opened.store.query(found.text, bound)
        return _table(found, answer)  # type: ignore[arg-type]

    return Result(again, ", ".join(f"{name}={value}" for name, value in told.items()))


def rows(opened: Opened, asked: Question, run: str) -> Result:
    """The answer to a SELECT about one run, whose IRI is given."""
    answer = ask(opened, asked, {"run": ox.NamedNode(run)})
    if not isinstance(answer, Result):
        raise TypeError(f"{asked.name} is no SELECT")
    answer.nothing = ""  # which run it is of is known
    return answer


def _table(found: Question, answer: ox.QuerySolutions) -> Table:
    """The columns that are no parameters, in the order in which the question names them."""
    names = in_order(found.text, [variable.value for variable in answer.variables])
    hidden = {one.name for one in found.inputs} - set(found.outputs)
    shown = [name for name in names if name not in hidden]
    return Table(shown, (tuple(row[name] for name in shown) for row in answer))
