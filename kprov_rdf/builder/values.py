"""Literals and parameters, made values of the kind of the attribute that they meet."""

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from kprov_rdf.builder.datasets import Kind
from kprov_rdf.builder.model import (
    And,
    Attribute,
    Comparison,
    Condition,
    In,
    Like,
    Not,
    Operand,
    Or,
    Parameter,
    Plain,
    Query,
    conditions,
)
from kprov_rdf.errors import InputError

Value = Plain | datetime
Given = Mapping[str, Plain]
"""The values of parameters; a text stands for whatever its attribute is."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,19}\Z")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?\Z")
_LARGEST = 2**63 - 1


def time(text: str) -> datetime:
    """A time in UTC; one without a zone is taken for UTC. Raises ``ValueError``."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def number(text: str) -> int | float | None:
    """A finite number that a text says; None where it says none."""
    if _WHOLE.match(text) and abs(int(text)) <= _LARGEST:
        return int(text)
    if len(text) > 400 or not _NUMBER.match(text):
        return None
    found = float(text)
    return found if math.isfinite(found) else None


def typed(value: Plain, kind: Kind, where: str) -> Value:
    """A literal for an attribute of this kind; ``where`` says which. Raises ``InputError``."""
    if kind is Kind.TIME and isinstance(value, str):
        try:
            return time(value)
        except (ValueError, OverflowError):
            pass
    fits = {
        Kind.TEXT: isinstance(value, str),
        Kind.BOOLEAN: isinstance(value, bool),
        Kind.NUMBER: isinstance(value, int | float) and not isinstance(value, bool),
    }
    if fits.get(kind):
        # As a whole number it is compared exactly, also with those beyond 2**53.
        whole = isinstance(value, float) and value.is_integer() and abs(value) <= _LARGEST
        return int(value) if whole else value
    wanted = {
        Kind.TEXT: "a text in single quotes",
        Kind.BOOLEAN: "true or false",
        Kind.NUMBER: "a number without quotes",
        Kind.TIME: "a time in single quotes, as '2026-11-20T12:00:00Z'",
    }[kind]
    shown = repr(value) if len(repr(value)) < 60 else f"{repr(value)[:60]}…"
    raise InputError(f"{where} is {kind.value}: {wanted} was wanted, found {shown}.")


def _from_text(value: Plain, kind: Kind) -> Plain:
    """The value of a parameter that came as a text, as the command line has them."""
    if not isinstance(value, str):
        return value
    if kind is Kind.NUMBER:
        found = number(value)
        return value if found is None else found
    return {"true": True, "false": False}.get(value, value) if kind is Kind.BOOLEAN else value


def resolve(operand: Operand, kind: Kind, where: str, given: Given) -> Value:
    """The value of a literal or of a parameter. Raises ``InputError``."""
    if isinstance(operand, Parameter):
        if operand.name not in given:
            raise InputError(
                f"The parameter :{operand.name} has no value ({where} is {kind.value}). "
                f"Add --param {operand.name}=…"
            )
        where = f"The parameter {operand.name}: {where}"
        return typed(_from_text(given[operand.name], kind), kind, where)
    return typed(operand, kind, where)


def parameters(query: Query) -> list[str]:
    """The names of the parameters of a question, in their order."""
    found: list[Operand | Attribute | None] = [
        *query.runs.tags,
        *query.runs.ids,
        query.runs.after,
        query.runs.before,
        *query.runs.statuses,
    ]
    for one in conditions(query.selection):
        if isinstance(one, Comparison):
            found.append(one.right)
        elif isinstance(one, In):
            found += one.values
        elif isinstance(one, Like):
            found.append(one.pattern)
    return list(dict.fromkeys(one.name for one in found if isinstance(one, Parameter)))


def all_given(query: Query, given: Given) -> Given:
    """The values of parameters: those given, else those that the question brings.

    Raises ``InputError`` for a parameter that the question does not have.
    """
    known = parameters(query)
    for name in given:
        if name not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise InputError(f"The specification has no parameter {name!r}; {has}.")
    return {**dict(query.parameters), **given}


def rebuilt(condition: Condition, of: Mapping[Attribute, Attribute]) -> Condition:
    """The condition with other names of attributes."""
    if isinstance(condition, Not):
        return Not(rebuilt(condition.part, of))
    if isinstance(condition, And | Or):
        return type(condition)(tuple(rebuilt(part, of) for part in condition.parts))
    if isinstance(condition, Comparison):
        right = condition.right
        right = of[right] if isinstance(right, Attribute) else right
        return Comparison(of[condition.left], condition.operator, right)
    return replace(condition, attribute=of[condition.attribute])
