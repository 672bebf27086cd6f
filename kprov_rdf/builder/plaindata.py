"""The model as plain data, for JSON.

    {"mapping": "PHYSICAL",                      or LOGICAL, HYBRID, RUN
     "source": ["itrainingmodel"], "target": ["otrainingmodel"], "include": [], "exclude": [],
     "projection": ["itrainingmodel.optimizer_name",
                    {"attribute": "otrainingmodel.loss", "as": "x"}],
     "selection": CONDITION,
     "aggregate": [{"function": "avg", "attribute": "otrainingmodel.loss", "as": "mean"},
                   {"function": "count"}],       with "distinct": true for count
     "group": ["itrainingmodel.optimizer_name"],
     "order": ["mean", {"by": "otrainingmodel.loss", "descending": true}],
     "parameters": {"epoch": 30},                where none is given
     "distinct": false, "limit": 10, "offset": 0,
     "runs": {"tags": [VALUE], "ids": [VALUE], "after": VALUE, "before": VALUE,
              "statuses": [VALUE]}}

    CONDITION  {"and": [CONDITION, …]}  {"or": [CONDITION, …]}  {"not": CONDITION}
               {"attribute": A, "op": "<", "value": VALUE}    = <> < <= > >=
               {"attribute": A, "op": "<", "other": A}        two attributes
               {"attribute": A, "in": [VALUE, …]}
               {"attribute": A, "like": VALUE}
               {"attribute": A, "null": true}
    VALUE      a text, a number, true, false, or {"parameter": "name"}
    A          "dataset.attribute"; in double quotes what is no word: 'ds."f1 of all"'

Every key may be left out. What is not of this form is refused, with the place where it stands.
"""

import difflib
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from kprov_rdf.builder import model as m
from kprov_rdf.builder.scan import Scanner
from kprov_rdf.builder.text import attribute_text
from kprov_rdf.errors import InputError

_T = TypeVar("_T")
_LARGEST = 2**63 - 1
_MOST = 2**31


class _Reader:
    """Reads one object; ``where`` names the place in messages."""

    def __init__(self) -> None:
        self.count = 0

    def query(self, data: object) -> m.Query:
        given = self.members(data, "the specification", _READERS)
        if not given:
            raise InputError(f"The specification is empty. Its keys are {', '.join(_READERS)}.")
        return m.Query(**{key: _READERS[key](self, given[key], key) for key in given})

    def members(self, data: object, where: str, known: Mapping[str, object]) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise _wrong(where, "an object", data)
        for key in data:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, n=1)
                meant = f"; did you mean {near[0]!r}?" if near else ""
                raise InputError(
                    f"{where} has no key {key!r}; its keys are {', '.join(known)}{meant}"
                )
        return data

    def entries(
        self, data: object, where: str, read: Callable[[object, str], _T], most: int = m.MAX_NAMES
    ) -> tuple[_T, ...]:
        if not isinstance(data, list | tuple):
            raise _wrong(where, "a list", data)
        if len(data) > most:
            raise InputError(f"{where} has {len(data)} entries; at most {most} are read.")
        return tuple(read(one, f"{where}[{at}]") for at, one in enumerate(data))

    def text(self, data: object, where: str) -> str:
        if not isinstance(data, str) or not data:
            raise _wrong(where, "a text", data)
        try:
            data.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"{where} is not Unicode text: {error}.") from error
        return data

    def truth(self, data: object, where: str) -> bool:
        if not isinstance(data, bool):
            raise _wrong(where, "true or false", data)
        return data

    def whole(self, data: object, where: str, least: int = 0) -> int:
        if isinstance(data, bool) or not isinstance(data, int) or not least <= data < _MOST:
            raise _wrong(where, f"a whole number from {least}", data)
        return data

    def word(self, data: object, where: str, known: Any) -> str:
        if not isinstance(data, str) or data not in known:
            raise _wrong(where, f"one of {', '.join(known)}", data)
        return data

    def attribute(self, data: object, where: str) -> m.Attribute:
        scan = Scanner(self.text(data, where))
        try:
            found = scan.attribute()
        except InputError as error:
            raise _wrong(where, "dataset.attribute", data) from error
        if not scan.ended:
            raise _wrong(where, "dataset.attribute", data)
        return found

    def alias(self, data: object, where: str) -> str:
        text = self.text(data, where)
        if not m.ALIAS.fullmatch(text):
            wanted = "the name of a column (letters, digits and underscores, at most 60)"
            raise _wrong(where, wanted, data)
        return text

    def column(self, data: object, where: str) -> m.Column:
        if isinstance(data, str):
            return m.Column(self.attribute(data, where))
        given = self.members(data, where, dict.fromkeys(("attribute", "as")))
        alias = self.alias(given["as"], f"{where}.as") if "as" in given else None
        return m.Column(self.attribute(_needed(given, "attribute", where), where), alias)

    def aggregate(self, data: object, where: str) -> m.Aggregate:
        keys = ("function", "attribute", "as", "distinct")
        given = self.members(data, where, dict.fromkeys(keys))
        function = self.word(_needed(given, "function", where), f"{where}.function", m.FUNCTIONS)
        attribute = None
        if "attribute" in given:
            attribute = self.attribute(given["attribute"], f"{where}.attribute")
        elif function != "count":
            raise InputError(f"{where} lacks the key 'attribute', which {function} needs.")
        distinct = self.truth(given.get("distinct", False), f"{where}.distinct")
        if distinct and (function != "count" or attribute is None):
            raise InputError(f"{where}.distinct goes with count of an attribute only.")
        alias = given.get("as", m.default_alias(function, attribute))
        return m.Aggregate(function, attribute, self.alias(alias, f"{where}.as"), distinct)

    def order(self, data: object, where: str) -> m.Order:
        descending = False
        if isinstance(data, dict):
            given = self.members(data, where, dict.fromkeys(("by", "descending")))
            descending = self.truth(given.get("descending", False), f"{where}.descending")
            data = _needed(given, "by", where)
        text = self.text(data, where)
        key = text if m.ALIAS.fullmatch(text) else self.attribute(text, where)
        return m.Order(key, descending)

    def operand(self, data: object, where: str) -> m.Operand:
        if isinstance(data, dict):
            given = self.members(data, where, {"parameter": None})
            name = self.text(_needed(given, "parameter", where), f"{where}.parameter")
            if not name.isidentifier():
                raise _wrong(f"{where}.parameter", "a word", name)
            return m.Parameter(name)
        if isinstance(data, str):
            return self.text(data, where) if data else data
        if isinstance(data, float) and not math.isfinite(data):
            raise _wrong(where, "a finite number", data)
        if isinstance(data, int) and not isinstance(data, bool) and abs(data) > _LARGEST:
            raise InputError(f"{where} is a number that is too large.")
        if not isinstance(data, bool | int | float):
            raise _wrong(where, "a text, a number, true, false or a parameter", data)
        return data

    def defaults(self, data: object, where: str) -> tuple[tuple[str, m.Plain], ...]:
        if not isinstance(data, dict):
            raise _wrong(where, "an object", data)
        found = []
        for name, value in data.items():
            read = self.operand(value, f"{where}.{name}")
            if isinstance(read, m.Parameter) or not str(name).isidentifier():
                raise _wrong(f"{where}.{name}", "a word with a value", value)
            found.append((name, read))
        return tuple(found)

    def runs(self, data: object, where: str) -> m.Runs:
        lists, single = ("tags", "ids", "statuses"), ("after", "before")
        given = self.members(data, where, dict.fromkeys((*lists, *single)))
        found: dict[str, Any] = {}
        for key, value in given.items():
            place = f"{where}.{key}"
            found[key] = (
                self.entries(value, place, self.operand)
                if key in lists
                else self.operand(value, place)
            )
            each = found[key] if key in lists else (found[key],)
            if not all(
                isinstance(one, m.Parameter) or (one and isinstance(one, str)) for one in each
            ):
                raise _wrong(place, "texts or parameters", value)
        return m.Runs(**found)

    def condition(self, data: object, where: str, depth: int = 1) -> m.Condition:
        self.count += 1
        if depth > m.MAX_DEPTH:
            raise InputError(f"{where}: conditions are nested at most {m.MAX_DEPTH} deep.")
        if self.count > m.MAX_CONDITIONS:
            raise InputError(f"{where}: at most {m.MAX_CONDITIONS} conditions are read.")
        keys = ("and", "or", "not", "attribute", "op", "value", "other", "in", "like", "null")
        given = self.members(data, where, dict.fromkeys(keys))
        if len(given) == 1 and "not" in given:
            return m.Not(self.condition(given["not"], f"{where}.not", depth + 1))
        for key, join in (("and", m.all_of), ("or", m.any_of)):
            if len(given) == 1 and key in given:
                parts = self.entries(
                    given[key],
                    f"{where}.{key}",
                    lambda one, at: self.condition(one, at, depth + 1),
                    m.MAX_CONDITIONS,
                )
                if not parts:
                    raise _wrong(f"{where}.{key}", "a condition or more", given[key])
                return join(parts)
        return self.simple(given, where)

    def simple(self, given: dict[str, Any], where: str) -> m.Condition:
        attribute = self.attribute(_needed(given, "attribute", where), f"{where}.attribute")
        rest = set(given) - {"attribute"}
        if rest == {"null"} and given["null"] is True:
            return m.IsNull(attribute)
        if rest == {"like"}:
            return m.Like(attribute, self.operand(given["like"], f"{where}.like"))
        if rest == {"in"}:
            values = self.entries(given["in"], f"{where}.in", self.operand, m.MAX_VALUES)
            if not values:
                raise _wrong(f"{where}.in", "a value or more", given["in"])
            return m.In(attribute, values)
        if rest in ({"op", "value"}, {"op", "other"}):
            sign = self.word(given["op"], f"{where}.op", m.OPERATORS)
            right: m.Operand | m.Attribute = (
                self.operand(given["value"], f"{where}.value") if "value" in rest
                else self.attribute(given["other"], f"{where}.other")
            )  # fmt: skip
            return m.Comparison(attribute, sign, right)
        beside = ", ".join(sorted(rest)) or "nothing"
        raise InputError(
            f"{where} is no condition: beside 'attribute' it has {beside}, "
            "and 'op' with 'value' or 'other', 'in', 'like', or 'null': true was wanted."
        )


_READERS: dict[str, Callable[[_Reader, object, str], Any]] = {
    "mapping": lambda r, data, at: m.Mapping(r.word(data, at, list(m.Mapping))),
    **{
        name: (lambda r, data, at: r.entries(data, at, r.text))
        for name in ("source", "target", "include", "exclude")
    },
    "projection": lambda r, data, at: r.entries(data, at, r.column),
    "selection": lambda r, data, at: None if data is None else r.condition(data, at),
    "aggregate": lambda r, data, at: r.entries(data, at, r.aggregate),
    "group": lambda r, data, at: r.entries(data, at, r.attribute),
    "order": lambda r, data, at: r.entries(data, at, r.order),
    "distinct": lambda r, data, at: r.truth(data, at),
    "limit": lambda r, data, at: None if data is None else r.whole(data, at, 1),
    "offset": lambda r, data, at: r.whole(data, at),
    "parameters": lambda r, data, at: r.defaults(data, at),
    "runs": lambda r, data, at: r.runs(data, at),
}


def _needed(given: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in given:
        raise InputError(f"{where} lacks the key {key!r}.")
    return given[key]


def _wrong(where: str, wanted: str, found: object) -> InputError:
    shown = repr(found)
    return InputError(f"{where}: {wanted} was wanted, found {shown[:80]}{'…' * (len(shown) > 80)}.")


def from_data(data: object) -> m.Query:
    """The question that plain data state. Raises ``InputError`` that names the key."""
    return _Reader().query(data)


def to_data(query: m.Query) -> dict[str, Any]:
    """The question as plain data; what is as it is by default is left out."""
    default = m.Query()
    found: dict[str, Any] = {}
    if query.mapping is not default.mapping:
        found["mapping"] = str(query.mapping)
    for name in ("source", "target", "include", "exclude"):
        found[name] = list(getattr(query, name))
    found["projection"] = [
        {"attribute": attribute_text(one.attribute), "as": one.alias}
        if one.alias
        else attribute_text(one.attribute)
        for one in query.projection
    ]
    found["selection"] = query.selection and _condition(query.selection)
    found["aggregate"] = [_aggregate(one) for one in query.aggregate]
    found["group"] = [attribute_text(one) for one in query.group]
    found["order"] = [
        {"by": attribute_text(one.key) if isinstance(one.key, m.Attribute) else one.key,
         "descending": one.descending}
        for one in query.order
    ]  # fmt: skip
    found |= {"distinct": query.distinct, "offset": query.offset}
    runs = {
        name: [_operand(one) for one in value] if isinstance(value, tuple) else _operand(value)
        for name in ("tags", "ids", "after", "before", "statuses")
        if (value := getattr(query.runs, name)) is not None and value != ()
    }
    found["runs"] = runs
    found["parameters"] = dict(query.parameters)
    kept = {key: value for key, value in found.items() if value}
    return kept if query.limit is None else {**kept, "limit": query.limit}


def _aggregate(one: m.Aggregate) -> dict[str, Any]:
    found: dict[str, Any] = {"function": one.function, "as": one.alias}
    if one.attribute:
        found["attribute"] = attribute_text(one.attribute)
    return {**found, "distinct": True} if one.distinct else found


def _operand(value: m.Operand) -> Any:
    return {"parameter": value.name} if isinstance(value, m.Parameter) else value


def _condition(condition: m.Condition) -> dict[str, Any]:
    if isinstance(condition, m.Not):
        return {"not": _condition(condition.part)}
    if isinstance(condition, m.And | m.Or):
        key = "and" if isinstance(condition, m.And) else "or"
        return {key: [_condition(part) for part in condition.parts]}
    if isinstance(condition, m.Comparison):
        found: dict[str, Any] = {
            "attribute": attribute_text(condition.left),
            "op": condition.operator,
        }
        if isinstance(condition.right, m.Attribute):
            return {**found, "other": attribute_text(condition.right)}
        return {**found, "value": _operand(condition.right)}
    found = {"attribute": attribute_text(condition.attribute)}
    if isinstance(condition, m.IsNull):
        return {**found, "null": True}
    if isinstance(condition, m.Like):
        return {**found, "like": _operand(condition.pattern)}
    return {**found, "in": [_operand(one) for one in condition.values]}
