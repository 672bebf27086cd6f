"""A question without SPARQL, as one model: what both languages are compiled from.

Data sets and attributes are named as the dataflow names them (``otrainingmodel.val_loss``).
The rows of a question are the combinations of elements of its data sets that are joined along
the dataflow; a data set that only lies on the way connects its neighbours and multiplies
nothing. What is missing is null, and so is a number that is not finite, since the tables of
the mirror hold none. Conditions have the three truth values of SQL. Rows have a total order:
nulls come last, and ties are broken by the columns from left to right.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

Plain = str | int | float | bool
"""A literal. A time is written as a text (ISO 8601) and read where it meets an attribute."""

ALIAS = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}", re.ASCII)
"""What a column may be called."""

MAX_CONDITIONS = 200
MAX_VALUES = 500
MAX_DEPTH = 30
MAX_NAMES = 100
OPERATORS = ("=", "<>", "<=", ">=", "<", ">")
FUNCTIONS = ("count", "sum", "avg", "min", "max")


class Mapping(StrEnum):
    """How the elements of neighbouring data sets are joined.

    PHYSICAL: one activity used the one and generated the other; LOGICAL: equal values of all
    attributes of one name and type; HYBRID: both. RUN: of the same run, whatever the dataflow.
    """

    PHYSICAL = "PHYSICAL"
    LOGICAL = "LOGICAL"
    HYBRID = "HYBRID"
    RUN = "RUN"


@dataclass(frozen=True)
class Attribute:
    dataset: str
    name: str

    def __str__(self) -> str:
        return f"{self.dataset}.{self.name}"


@dataclass(frozen=True)
class Parameter:
    """A value that is given when the question is asked."""

    name: str


Operand = Plain | Parameter
"""What an attribute is compared with, beside other attributes."""


@dataclass(frozen=True)
class Comparison:
    left: Attribute
    operator: str
    right: Operand | Attribute


@dataclass(frozen=True)
class In:
    attribute: Attribute
    values: tuple[Operand, ...]


@dataclass(frozen=True)
class Like:
    """``%`` stands for any characters, ``_`` for one; there is no escape."""

    attribute: Attribute
    pattern: Operand


@dataclass(frozen=True)
class IsNull:
    attribute: Attribute


@dataclass(frozen=True)
class Not:
    part: "Condition"


@dataclass(frozen=True)
class And:
    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Or:
    parts: tuple["Condition", ...]


Condition = Comparison | In | Like | IsNull | Not | And | Or


@dataclass(frozen=True)
class Column:
    """A projected attribute, and what its column is called if not as the attribute is."""

    attribute: Attribute
    alias: str | None = None


@dataclass(frozen=True)
class Aggregate:
    """``attribute`` is None for ``count(*)``, which counts rows. Nulls are passed over."""

    function: str
    attribute: Attribute | None
    alias: str
    distinct: bool = False


@dataclass(frozen=True)
class Order:
    """``key`` is an attribute, or the alias of a column or an aggregate."""

    key: Attribute | str
    descending: bool = False


@dataclass(frozen=True)
class Runs:
    """Which runs are asked of. Empty or None: all.

    ``tags`` are of dataflows; ``ids`` name runs as ``kprov show`` takes them. ``after`` and
    ``before`` bound the start (ISO 8601; the first is included, the second is not).
    """

    tags: tuple[Operand, ...] = ()
    ids: tuple[Operand, ...] = ()
    after: Operand | None = None
    before: Operand | None = None
    statuses: tuple[Operand, ...] = ()


@dataclass(frozen=True)
class Query:
    """The question. With aggregates, rows are grouped by ``group``, else by the projections."""

    mapping: Mapping = Mapping.PHYSICAL
    source: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    projection: tuple[Column, ...] = ()
    selection: Condition | None = None
    aggregate: tuple[Aggregate, ...] = ()
    group: tuple[Attribute, ...] = ()
    order: tuple[Order, ...] = ()
    distinct: bool = False
    limit: int | None = None
    offset: int = 0
    runs: Runs = Runs()
    parameters: tuple[tuple[str, Plain], ...] = ()
    """Values of parameters where none are given, by name."""


def default_alias(function: str, attribute: Attribute | None) -> str:
    """What the column of an aggregate is called where nothing is said."""
    said = function if attribute is None else f"{function}_{attribute.name}"
    return re.sub(r"\W", "_", said, flags=re.ASCII)[:60]


def all_of(parts: Iterable[Condition]) -> Condition:
    """The parts joined by AND; those that are themselves so joined are not nested."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, And) else (part,))]
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(parts: Iterable[Condition]) -> Condition:
    """The parts joined by OR; those that are themselves so joined are not nested."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, Or) else (part,))]
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def conditions(condition: Condition | None) -> Iterator[Condition]:
    """A condition and all within it."""
    if condition is None:
        return
    yield condition
    if isinstance(condition, Not):
        yield from conditions(condition.part)
    elif isinstance(condition, And | Or):
        for part in condition.parts:
            yield from conditions(part)


def attributes(query: Query) -> Iterator[Attribute]:
    """All attributes that a question names, some of them more than once."""
    yield from (one.attribute for one in query.projection)
    yield from query.group
    yield from (one.attribute for one in query.aggregate if one.attribute)
    yield from (one.key for one in query.order if isinstance(one.key, Attribute))
    for found in conditions(query.selection):
        if isinstance(found, Comparison):
            yield found.left
            if isinstance(found.right, Attribute):
                yield found.right
        elif isinstance(found, In | Like | IsNull):
            yield found.attribute
