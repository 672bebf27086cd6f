"""Questions as they are asked in Python, and values of Python as their parameters."""

import os
from collections.abc import Callable, Mapping
from datetime import date, datetime
from numbers import Integral, Real
from typing import Any

import pyoxigraph as ox

from kprov_capture.terms import XSD_NAMESPACE
from kprov_rdf import builder, query
from kprov_rdf.analysis.rows import IRI
from kprov_rdf.asked import thing
from kprov_rdf.builder import Query
from kprov_rdf.errors import InputError
from kprov_rdf.parameters import ANY
from kprov_rdf.query import Question
from kprov_rdf.runs import RunInfo

Asked = str | os.PathLike[str] | Question | Mapping[str, Any] | Query
LATEST = "@latest"
Resolve = Callable[[str], RunInfo]


def question(asked: Asked) -> Question:
    """The question that was meant: its name in the catalogue, a file, or SPARQL itself.

    Raises ``NotFoundError`` for a name that there is not, ``InputError`` for what is none of
    these.
    """
    if isinstance(asked, Question):
        return asked
    if not isinstance(asked, (str, os.PathLike)):
        raise InputError(
            "A question is a name, a file, SPARQL or a specification; found a "
            f"{type(asked).__name__}."
        )
    name = os.fspath(asked)
    if isinstance(asked, str) and ("{" in name or (" " in name and not name.endswith(".rq"))):
        return Question("of this text", name)
    return query.find(name)


def specification(asked: Asked) -> Query | None:
    """What a specification asks, as text, as plain data, or read already; None of anything else.

    Raises ``InputError`` for one that cannot be read.
    """
    if isinstance(asked, Query):
        return asked
    # No name has a bracket in it, and no SPARQL is without braces.
    if isinstance(asked, Mapping) or (isinstance(asked, str) and "(" in asked and "{" not in asked):
        return builder.read(asked)
    return None


def bindings(
    asked: Question, given: Mapping[str, object], resolve: Resolve
) -> dict[str, str | ox.NamedNode | ox.Literal]:
    """The parameters as :func:`kprov_rdf.query.bind` takes them.

    ``resolve`` finds the run that a name means; None leaves a parameter unbound that may be.
    Raises ``InputError`` for a value that is none of a parameter, ``NotFoundError`` for an
    unknown run.
    """
    declared = {one.name: one.type for one in asked.inputs}
    # As on the command line, a run that is not given is the latest.
    defaults = {one.name: one.default or LATEST for one in asked.inputs if one.type == "run"}
    defaults |= {one.name: one.default for one in asked.inputs if one.type == "iri" and one.default}
    found: dict[str, str | ox.NamedNode | ox.Literal] = {}
    for name, value in {**defaults, **given}.items():
        wanted = declared.get(name)
        if wanted is not None and (value is None or value == ANY):
            found[name] = ANY
        elif isinstance(value, str) and (wanted == "run" or value == LATEST):
            found[name] = ox.NamedNode(resolve(value).iri)
        elif isinstance(value, str) and wanted == "iri":
            found[name] = thing(value, resolve)
        elif wanted in (None, "value"):
            found[name] = _term(name, value)
        else:
            # As text: the check of its type is the same as on the command line.
            found[name] = _text(name, value)
    return found


def _text(name: str, value: object) -> str | ox.NamedNode | ox.Literal:
    if isinstance(value, str):
        return str(value)
    term = _term(name, value)
    return term.value if isinstance(term, ox.Literal) else term


def _term(name: str, value: object) -> ox.NamedNode | ox.Literal:
    iri = getattr(value, "iri", None)
    if isinstance(value, (ox.NamedNode, ox.Literal)):
        return value
    if isinstance(value, IRI) or isinstance(iri, str):
        return ox.NamedNode(str(value) if isinstance(value, IRI) else str(iri))
    if isinstance(value, str):
        # Text is text; only what is written as an IRI is in SPARQL is one.
        return query.guess(value) if value.startswith("<") else ox.Literal(value)
    if type(value).__name__ in ("bool", "bool_"):
        return _typed("true" if value else "false", "boolean")
    if isinstance(value, Integral):
        return _typed(str(int(value)), "integer")
    if isinstance(value, Real):
        return _typed(_double(float(value)), "double")
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InputError(
                f"The parameter {name} is a time without a zone, {value}. Say which: "
                "datetime(…, tzinfo=UTC), or .astimezone() for the zone of this machine."
            )
        return _typed(value.isoformat(), "dateTime")
    if isinstance(value, date):
        return _typed(value.isoformat(), "date")
    raise InputError(
        f"The parameter {name} cannot be a {type(value).__name__}; it may be a number, text, a "
        "boolean, a time, a Run or an IRI."
    )


def _double(value: float) -> str:
    """The lexical form of an xsd:double (XML Schema 1.1 part 2, section 3.3.5)."""
    return repr(value).replace("inf", "INF").replace("nan", "NaN")


def _typed(text: str, kind: str) -> ox.Literal:
    return ox.Literal(text, datatype=ox.NamedNode(XSD_NAMESPACE + kind))
