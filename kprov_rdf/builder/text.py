"""The model written as a specification, which the parser reads as the same model."""

import re
from collections.abc import Iterator

from kprov_rdf.builder.model import (
    Aggregate,
    And,
    Attribute,
    Column,
    Comparison,
    Condition,
    In,
    IsNull,
    Like,
    Mapping,
    Not,
    Operand,
    Or,
    Order,
    Parameter,
    Query,
)

_WORD = re.compile(r"[^\W\d]\w*")
RESERVED = ("AND", "OR", "NOT", "IN", "LIKE", "IS", "NULL", "AS", "ASC", "DESC", "TRUE", "FALSE")


def name_text(name: str) -> str:
    """A name, in double quotes where it is no word."""
    if _WORD.fullmatch(name) and name.upper() not in RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def attribute_text(attribute: Attribute) -> str:
    return f"{name_text(attribute.dataset)}.{name_text(attribute.name)}"


def operand_text(value: Operand | Attribute) -> str:
    """A literal, a parameter or an attribute."""
    if isinstance(value, Attribute):
        return attribute_text(value)
    if isinstance(value, Parameter):
        return f":{value.name}"
    if isinstance(value, bool):
        return str(value).lower()
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def _condition(condition: Condition) -> str:
    if isinstance(condition, And | Or):
        sign = " AND " if isinstance(condition, And) else " OR "
        return "(" + sign.join(map(_condition, condition.parts)) + ")"
    if isinstance(condition, Not):
        return f"NOT {_condition(condition.part)}"
    if isinstance(condition, Comparison):
        right = operand_text(condition.right)
        return f"{attribute_text(condition.left)} {condition.operator} {right}"
    attribute = attribute_text(condition.attribute)
    if isinstance(condition, IsNull):
        return f"{attribute} IS NULL"
    if isinstance(condition, Like):
        return f"{attribute} LIKE {operand_text(condition.pattern)}"
    if isinstance(condition, In):
        return f"{attribute} IN ({', '.join(map(operand_text, condition.values))})"
    raise TypeError(f"no condition: {condition!r}")


def _column(one: Column) -> str:
    return attribute_text(one.attribute) + (f" as {one.alias}" if one.alias else "")


def _aggregate(one: Aggregate) -> str:
    of = "distinct " * one.distinct + (attribute_text(one.attribute) if one.attribute else "*")
    return f"{one.function}({of}) as {one.alias}"


def _order(one: Order) -> str:
    key = one.key if isinstance(one.key, str) else attribute_text(one.key)
    return f"{key}{' desc' if one.descending else ''}"


def _functions(query: Query) -> Iterator[tuple[str, list[str]]]:
    yield "mapping", [query.mapping] if query.mapping is not Mapping.PHYSICAL else []
    for name in ("source", "target", "include", "exclude"):
        yield name, [name_text(one) for one in getattr(query, name)]
    yield "parameter", [f"{name} = {operand_text(value)}" for name, value in query.parameters]
    yield "execution", list(map(operand_text, query.runs.tags))
    yield "run", list(map(operand_text, query.runs.ids))
    yield "after", [operand_text(query.runs.after)] if query.runs.after is not None else []
    yield "before", [operand_text(query.runs.before)] if query.runs.before is not None else []
    yield "status", list(map(operand_text, query.runs.statuses))
    yield "projection", list(map(_column, query.projection))
    parts = query.selection.parts if isinstance(query.selection, And) else (query.selection,)
    yield "selection", [_condition(part) for part in parts if part is not None]
    yield "aggregate", list(map(_aggregate, query.aggregate))
    yield "group", list(map(attribute_text, query.group))
    yield "order", list(map(_order, query.order))
    yield "limit", [str(query.limit)] if query.limit is not None else []
    yield "offset", [str(query.offset)] if query.offset else []


def write(query: Query) -> str:
    """The question as a specification, a function a line."""
    lines = [f"{name}({'; '.join(said)})\n" for name, said in _functions(query) if said]
    return "".join([*lines, "distinct()\n" if query.distinct else ""])
