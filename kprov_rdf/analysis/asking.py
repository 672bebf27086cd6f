"""Asks an opened store, and gives the answer in the form that the question has."""

from collections.abc import Mapping
from typing import cast

import pyoxigraph as ox

from kprov_rdf import builder, query
from kprov_rdf.analysis.parameters import Asked, bindings, question, specification
from kprov_rdf.analysis.result import FIRST, Result, Triples
from kprov_rdf.analysis.snapshot import Opened
from kprov_rdf.builder import Query
from kprov_rdf.errors import InputError
from kprov_rdf.parameters import ANY
from kprov_rdf.query import Question, Table
from kprov_rdf.store import LocalStore

Answer = Result | Triples | bool


def ask(opened: Opened, asked: Asked, given: Mapping[str, object]) -> Answer:
    """Rows for a SELECT, whether it is so for an ASK, triples for CONSTRUCT and DESCRIBE.

    Raises ``InputError`` for what is no query and a parameter that it does not take,
    ``NotFoundError`` for an unknown question or run, ``RemoteError``.
    """
    specified = specification(asked)
    if specified is not None:
        return _specified(opened, specified, given)
    found = question(asked)
    terms = bindings(found, given, opened.find)
    first = query.ask(opened.store, found, terms)
    if isinstance(first, bool):
        return first
    if not isinstance(first, Table):
        return Triples(list(first))
    # The answer to the question that was just asked is the first one that is read.
    waiting = [first]

    def again() -> Table:
        return waiting.pop() if waiting else query.table(opened.store, found, terms)

    told = {one.name: given.get(one.name, one.default) for one in found.inputs} or given
    named = ", ".join(f"{name}={value}" for name, value in told.items() if _said(value))
    # An endpoint may answer otherwise the next time, and its answer is here whole anyway.
    return Result(again, named, FIRST if isinstance(opened.store, LocalStore) else None)


def _specified(opened: Opened, asked: Query, given: Mapping[str, object]) -> Result:
    """The answer to a specification, whose parameters are texts, numbers and booleans."""
    for name, value in given.items():
        if not isinstance(value, (str, int, float, bool)):
            raise InputError(
                f"The parameter {name} of a specification is a text, a number or a boolean; found "
                f"a {type(value).__name__}."
            )
    plain = cast(Mapping[str, str | int | float | bool], given)
    waiting = [builder.ask(opened.store, asked, plain)]

    def again() -> Table:
        return waiting.pop() if waiting else builder.ask(opened.store, asked, plain)

    named = ", ".join(f"{name}={value}" for name, value in given.items())
    return Result(again, named, FIRST if isinstance(opened.store, LocalStore) else None)


def _said(value: object) -> bool:
    """Whether this parameter left anything out."""
    return value is not None and value != ANY


def rows(opened: Opened, asked: Question, run: str) -> Result:
    """The answer to a SELECT about one run, whose IRI is given."""
    answer = ask(opened, asked, {"run": ox.NamedNode(run)})
    if not isinstance(answer, Result):
        raise TypeError(f"{asked.name} is no SELECT")
    answer.nothing = ""  # which run it is of is known
    return answer
