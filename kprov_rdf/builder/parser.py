"""The specification language of DfAnalyzer, and what it lacks.

    mapping(PHYSICAL|LOGICAL|HYBRID|RUN)
    source(ds;…)  target(ds;…)  include(ds;…)  exclude(ds;…)
    projection(ds.att;ds.att as x;…)
    selection(condition;condition)                 all of them
    aggregate(avg(ds.att) as x;count(*);count(distinct ds.att))
    group(ds.att;…)  order(ds.att desc;x)  limit(n)  offset(n)  distinct()
    parameter(name = value;…)                      where none is given
    execution(tag;…)  run(id;…)  after(time)  before(time)  status(FINISHED;…)

Names of functions are of any case. A condition compares attributes with = <> < <= > >=, IN,
LIKE, IS NULL; it has AND, OR, NOT and brackets; texts stand in single quotes, names that are no
words in double quotes, and ``:name`` is a parameter. ``#`` begins a comment.

Source: the query interface of DfAnalyzer, as Pina et al. 2022 show it in Fig. 4.
"""

import math
import re
from collections.abc import Callable
from typing import TypeVar

from kprov_rdf.builder.model import (
    ALIAS,
    FUNCTIONS,
    MAX_CONDITIONS,
    MAX_DEPTH,
    MAX_NAMES,
    MAX_VALUES,
    Aggregate,
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
    Order,
    Parameter,
    Plain,
    Query,
    Runs,
    all_of,
    any_of,
    default_alias,
)
from kprov_rdf.builder.scan import Scanner
from kprov_rdf.builder.text import RESERVED
from kprov_rdf.errors import InputError

_T = TypeVar("_T")
_OPERATOR = re.compile(r"<>|!=|<=|>=|=|<|>")
_MOST = 2**31


class _Parser:
    def __init__(self, text: str) -> None:
        self.scan = Scanner(text)
        self.found: dict[str, object] = {}
        self.runs: dict[str, object] = {}
        self.depth = self.count = 0
        sets: dict[str, Callable[[], object]] = {
            name: lambda: self.listed(lambda: self.scan.name("a data set"))
            for name in ("source", "target", "include", "exclude")
        }
        self.functions: dict[str, Callable[[], object]] = {
            "mapping": self.mapping,
            **sets,
            "projection": lambda: self.listed(self.column),
            "selection": self.selection,
            "aggregate": lambda: self.listed(self.aggregate),
            "group": lambda: self.listed(self.scan.attribute),
            "order": lambda: self.listed(self.ordered),
            "limit": lambda: self.whole(1),
            "offset": self.whole,
            "distinct": lambda: True,
            "parameter": lambda: self.listed(self.default),
        }
        self.of_runs: dict[str, tuple[str, Callable[[], object]]] = {
            "execution": ("tags", lambda: self.listed(self.bare)),
            "run": ("ids", lambda: self.listed(self.bare)),
            "status": ("statuses", lambda: self.listed(self.bare)),
            "after": ("after", self.bare),
            "before": ("before", self.bare),
        }

    def query(self) -> Query:
        while not self.scan.ended:
            self.function()
        if not (self.found or self.runs):
            raise self.scan.error("a function was wanted, such as source(otrainingmodel)")
        if "parameter" in self.found:
            self.found["parameters"] = self.found.pop("parameter")
        return Query(**self.found, runs=Runs(**self.runs))  # type: ignore[arg-type]

    def function(self) -> None:
        at = self.scan.at
        name = (self.scan.word() or "").lower()
        if name not in self.functions and name not in self.of_runs:
            known = ", ".join([*self.functions, *self.of_runs])
            raise self.scan.error(f"one of the functions {known} was wanted", at)
        self.scan.want("(")
        key, read = self.of_runs.get(name) or (name, self.functions.get(name, self.bare))
        into = self.runs if name in self.of_runs else self.found
        if key in into:
            raise self.scan.error(f"{name}(…) stands here a second time", at)
        into[key] = read()
        self.scan.want(")")
        self.scan.take(";")

    def listed(self, read: Callable[[], _T]) -> tuple[_T, ...]:
        """What stands between semicolons; nothing, as the original's interface writes it."""
        if self.scan.sees(")"):
            return ()
        found = [read()]
        while self.scan.take(";") and not self.scan.sees(")"):
            found.append(read())
            if len(found) > MAX_NAMES:
                raise self.scan.error(f"at most {MAX_NAMES} arguments are read")
        return tuple(found)

    def mapping(self) -> Mapping:
        at = self.scan.at
        word = (self.scan.word() or "").upper()
        if word not in Mapping.__members__:
            raise self.scan.error(f"one of {', '.join(Mapping)} was wanted", at)
        return Mapping(word)

    def whole(self, least: int = 0) -> int:
        at = self.scan.at
        text = self.scan.number() or ""
        if not text.isdecimal() or not text.isascii() or len(text) > 10 or int(text) >= _MOST:
            raise self.scan.error("a whole number was wanted", at)
        if int(text) < least:
            raise self.scan.error(f"a number from {least} was wanted", at)
        return int(text)

    def bare(self) -> Operand:
        """A tag, the name of a run, a time, a status; or a parameter."""
        found = self.parameter() or self.scan.string() or self.scan.bare()
        if not found:
            raise self.scan.error("a value was wanted")
        return found

    def parameter(self) -> Parameter | None:
        at = self.scan.at
        if not self.scan.take(":"):
            return None
        word = self.scan.word()
        if word is None:
            raise self.scan.error("the name of a parameter was wanted", at)
        return Parameter(word)

    def default(self) -> tuple[str, Plain]:
        at = self.scan.at
        word = self.scan.word()
        if word is None:
            raise self.scan.error("the name of a parameter was wanted", at)
        self.scan.want("=")
        at = self.scan.at
        value = self.constant()
        if isinstance(value, Parameter):
            raise self.scan.error("a value was wanted, and no parameter", at)
        return word, value

    def alias(self) -> str | None:
        if not self.scan.keyword("AS"):
            return None
        at = self.scan.at
        word = self.scan.word() or ""
        if not ALIAS.fullmatch(word):
            raise self.scan.error(
                "the name of a column was wanted: letters, digits and underscores, at most 60", at
            )
        return word

    def column(self) -> Column:
        return Column(self.scan.attribute(), self.alias())

    def aggregate(self) -> Aggregate:
        at = self.scan.at
        function = (self.scan.word() or "").lower()
        if function not in FUNCTIONS:
            raise self.scan.error(f"one of {', '.join(FUNCTIONS)} was wanted", at)
        self.scan.want("(")
        attribute: Attribute | None = None
        distinct = False
        if function != "count" or not self.scan.take("*"):
            distinct = function == "count" and self.scan.keyword("DISTINCT") is not None
            attribute = self.scan.attribute()
        self.scan.want(")")
        alias = self.alias() or default_alias(function, attribute)
        return Aggregate(function, attribute, alias, distinct)

    def ordered(self) -> Order:
        at = self.scan.at
        key: Attribute | str = self.scan.name("a column")
        if self.scan.sees("."):
            self.scan.at = at
            key = self.scan.attribute()
        return Order(key, self.scan.keyword("ASC", "DESC") == "DESC")

    # -- conditions

    def selection(self) -> Condition | None:
        parts = self.listed(self.either)
        return all_of(parts) if parts else None

    def either(self) -> Condition:
        parts = [self.both()]
        while self.scan.keyword("OR"):
            parts.append(self.both())
        return any_of(parts)

    def both(self) -> Condition:
        parts = [self.negated()]
        while self.scan.keyword("AND"):
            parts.append(self.negated())
        return all_of(parts)

    def negated(self) -> Condition:
        self.depth += 1
        self.count += 1
        if self.depth > MAX_DEPTH:
            raise self.scan.error(f"conditions are nested at most {MAX_DEPTH} deep")
        if self.count > MAX_CONDITIONS:
            raise self.scan.error(f"at most {MAX_CONDITIONS} conditions are read")
        try:
            if self.scan.keyword("NOT"):
                return Not(self.negated())
            if self.scan.take("("):
                inner = self.either()
                self.scan.want(")")
                return inner
            return self.simple()
        finally:
            self.depth -= 1

    def simple(self) -> Condition:
        at = self.scan.at
        left = self.operand()
        negative = self.scan.keyword("NOT") is not None
        word = self.scan.keyword("IN", "LIKE", *(() if negative else ("IS",)))
        if word:
            if not isinstance(left, Attribute):
                raise self.scan.error(f"{word} needs an attribute before it", at)
            found: Condition
            if word == "IS":
                negative = self.scan.keyword("NOT") is not None
                if not self.scan.keyword("NULL"):
                    raise self.scan.error("NULL was wanted")
                found = IsNull(left)
            elif word == "LIKE":
                found = Like(left, self.constant())
            else:
                found = In(left, self.values())
            return Not(found) if negative else found
        operator = None if negative else self.scan.match(_OPERATOR)
        if operator is None:
            raise self.scan.error("one of = <> < <= > >= IN LIKE IS was wanted")
        sign = "<>" if operator[0] == "!=" else operator[0]
        right = self.operand()
        if isinstance(left, Attribute):
            return Comparison(left, sign, right)
        if not isinstance(right, Attribute):
            raise self.scan.error("a condition needs an attribute, as dataset.attribute", at)
        turned = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(sign, sign)
        return Comparison(right, turned, left)

    def values(self) -> tuple[Operand, ...]:
        self.scan.want("(")
        found = [self.constant()]
        while self.scan.take(","):
            found.append(self.constant())
            if len(found) > MAX_VALUES:
                raise self.scan.error(f"IN lists at most {MAX_VALUES} values")
        self.scan.want(")")
        return tuple(found)

    def constant(self) -> Operand:
        at = self.scan.at
        found = self.operand()
        if isinstance(found, Attribute):
            raise self.scan.error("a value was wanted, and no attribute", at)
        return found

    def operand(self) -> Operand | Attribute:
        at = self.scan.at
        parameter = self.parameter()
        if parameter:
            return parameter
        text = self.scan.string()
        if text is not None:
            return text
        number = self.scan.number()
        if number is not None:
            return self.real(number, at)
        start = self.scan.at
        truth = self.scan.keyword("TRUE", "FALSE")
        if truth and not self.scan.sees("."):
            return truth == "TRUE"
        self.scan.at = start
        if self.scan.keyword(*RESERVED) or not self.scan.sees_name():
            raise self.scan.error("an attribute or a value was wanted", start)
        return self.scan.attribute()

    def real(self, text: str, at: int) -> int | float:
        if re.fullmatch(r"[+-]?[0-9]+", text) and len(text) < 20 and abs(int(text)) < 2**63:
            return int(text)
        found = float(text)
        if not math.isfinite(found):
            raise self.scan.error("that number is too large", at)
        return found


def parse(text: str) -> Query:
    """The question that a specification states. Raises ``InputError`` with line and column."""
    try:
        return _Parser(text).query()
    except RecursionError as error:
        raise InputError("The specification is nested too deeply.") from error
