"""A checked question as SPARQL 1.1.

Elements are joined by the graph that they stand in: a run has a graph of its own. An attribute
that a condition needs is a pattern that must match, any other is OPTIONAL. Where equality with
a number is asked for, its forms are listed, so that the store finds the element by its index.
"""

import re
from collections.abc import Iterator, Sequence, Set
from datetime import datetime
from decimal import Decimal

import pyoxigraph as ox

from kprov_rdf.builder import values
from kprov_rdf.builder.catalogue import StoreCatalogue, run_iris
from kprov_rdf.builder.datasets import BUILT_IN, RUN, Info, Kind
from kprov_rdf.builder.generated import WIDTH, Generated
from kprov_rdf.builder.model import (
    Aggregate,
    And,
    Attribute,
    Comparison,
    Condition,
    In,
    IsNull,
    Like,
    Not,
    Or,
)
from kprov_rdf.builder.plan import Plan, Runs
from kprov_rdf.builder.sparql_runs import run_block
from kprov_rdf.store import PREFIXES

_OPERATORS = {"<>": "!="}
_EPOCH = '"1970-01-01T00:00:00Z"^^xsd:dateTime'
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
# What stands for a missing value in a minimum and a maximum: it is never the answer, since
# groups without any value are told apart by their count.
_BOUNDS = {
    ("min", Kind.NUMBER): '"INF"^^xsd:double',
    ("max", Kind.NUMBER): '"-INF"^^xsd:double',
    ("min", Kind.TEXT): '"\\U0010FFFF"',
    ("max", Kind.TEXT): '""',
    ("min", Kind.TIME): '"9999-12-31T23:59:59Z"^^xsd:dateTime',
    ("max", Kind.TIME): '"0001-01-01T00:00:00Z"^^xsd:dateTime',
}


def literal(value: values.Value) -> str:
    """A value as SPARQL writes it."""
    if isinstance(value, datetime):
        return f'"{value.isoformat().replace("+00:00", "Z")}"^^xsd:dateTime'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        text = repr(value)
        return text if "e" in text else f"{text}e0"
    return str(value) if isinstance(value, int) else str(ox.Literal(value))


def _forms(value: values.Value) -> list[str]:
    """The terms that have this value; those of other types are not found by an index."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return [literal(value)]
    found = [literal(float(value))]
    if isinstance(value, int) or (value.is_integer() and abs(value) < 2**53):
        found += [literal(-0.0)] if value == 0 else []
        return [str(int(value)), f"{int(value)}.0", *found]
    exact = format(Decimal(repr(value)), "f")
    # A decimal of Oxigraph has 18 digits after the point, and about as many before it.
    fits = abs(value) < 10**15 and len(exact.partition(".")[2]) <= 18
    return [exact, *found] if fits and "." in exact else found


def _indented(lines: Sequence[str], by: str = "  ") -> list[str]:
    return [by + line for text in lines for line in text.split("\n")]


class _Compiler:
    def __init__(self, plan: Plan, catalogue: StoreCatalogue, living: Set[str]) -> None:
        self._plan = plan
        self._catalogue = catalogue
        self._living = living
        self._taken: set[str] = set(plan.names)
        self._graphs: dict[str, str] = {}
        self._iris = run_iris(catalogue.store, plan.runs.ids)
        shared = self._only_graph() or self._new("run")
        for name in (*plan.way.asked, *plan.way.silent, RUN):
            own = plan.one_run or len(plan.way.asked) == 1 or name == RUN
            self._graphs[name] = shared if own else self._new(f"run_{name}")
        self._nodes = {name: self._new(name) for name in (*plan.way.asked, *plan.way.silent)}
        by_attribute = {of: name for name, of in reversed(plan.columns.items())}
        self._values = {
            one: f"?{by_attribute[one]}" if one in by_attribute
            else self._new(f"{one.dataset}_{one.name}")
            for one in plan.info
        }  # fmt: skip
        self._exact: dict[Attribute, list[str]] = {}
        self._required: set[Attribute] = set()
        self._filters = self._sort_conditions()

    def _new(self, wanted: str) -> str:
        """A variable that is not taken, and none of those that patterns make of a node's name."""
        name = re.sub(r"\W", "_", wanted, flags=re.ASCII)
        helped = tuple(one.partition("__")[0] for one in self._plan.names if "__" in one)
        while name in self._taken or "__" in name or name in helped:
            name = f"v{name.replace('__', '_')}"
        self._taken.add(name)
        return f"?{name}"

    def _only_graph(self) -> str | None:
        """The graph, where one run is asked of: the engine need not look for others."""
        plan = self._plan
        apart = any("{run}" in info.pattern for info in plan.info.values())
        alone = plan.runs == Runs(ids=plan.runs.ids) and not plan.asks_of_runs and not apart
        one = len(self._iris) == 1 and bool(plan.way.asked)
        return str(ox.NamedNode(self._iris[0])) if one and alone and plan.one_run else None

    # -- conditions

    def _sort_conditions(self) -> list[Condition]:
        """Finds which attributes a row must have; gives the conditions that are left."""
        selection = self._plan.query.selection
        parts = selection.parts if isinstance(selection, And) else (selection,)
        left: list[Condition] = []
        for part in parts:
            if part is None:
                continue
            known = [part.left, part.right] if isinstance(part, Comparison) else []
            if isinstance(part, In | Like):
                known = [part.attribute]
            self._required.update(one for one in known if isinstance(one, Attribute))
            if not self._listed(part):
                left.append(part)
        for pair in self._plan.same:
            self._required.update(pair)
        return left

    def _listed(self, part: Condition) -> bool:
        """Whether the condition is that an attribute has one of some values, which are listed."""
        operands: tuple[object, ...]
        if isinstance(part, Comparison) and part.operator == "=":
            attribute, operands = part.left, (part.right,)
        elif isinstance(part, In):
            attribute, operands = part.attribute, part.values
        else:
            return False
        info = self._plan.info[attribute]
        constant = not any(isinstance(one, Attribute) for one in operands)
        plain = info.properties and not info.mixed and info.kind is not Kind.TIME
        if not (constant and plain) or attribute in self._exact or attribute.dataset == RUN:
            return False
        found = [self._value(one, attribute) for one in operands]
        self._exact[attribute] = list(dict.fromkeys(form for one in found for form in _forms(one)))
        return True

    def _value(self, operand: object, attribute: Attribute) -> values.Value:
        kind = self._plan.info[attribute].kind
        return values.resolve(operand, kind, str(attribute), self._plan.given)  # type: ignore[arg-type]

    def _condition(self, condition: Condition) -> str:
        if isinstance(condition, And | Or):
            sign = " && " if isinstance(condition, And) else " || "
            return "(" + sign.join(map(self._condition, condition.parts)) + ")"
        if isinstance(condition, Not):
            return f"(!{self._condition(condition.part)})"
        if isinstance(condition, IsNull):
            return f"(!BOUND({self._values[condition.attribute]}))"
        if isinstance(condition, Comparison):
            left, right = self._values[condition.left], condition.right
            sign = _OPERATORS.get(condition.operator, condition.operator)
            other = (
                self._values[right] if isinstance(right, Attribute)
                else literal(self._value(right, condition.left))
            )  # fmt: skip
            return f"({left} {sign} {other})"
        variable = self._values[condition.attribute]
        if isinstance(condition, In):
            listed = ", ".join(
                literal(self._value(v, condition.attribute)) for v in condition.values
            )
            return f"({variable} IN ({listed}))"
        pattern = str(self._value(condition.pattern, condition.attribute))
        regex = "".join(
            {"%": ".*", "_": "."}.get(sign) or _SPECIAL.sub(r"\\\g<0>", sign) for sign in pattern
        )
        return f'REGEX({variable}, {literal(f"^{regex}$")}, "s")'

    # -- patterns

    def _element(self, name: str) -> list[str]:
        node = self._nodes[name]
        return self._catalogue.dataset(name).pattern.format(node=node).split("\n")

    def _links(self, among: Sequence[str]) -> Iterator[str]:
        """What joins neighbours within a graph: the activity between them, for users' own sets."""
        if self._plan.query.mapping.name not in ("PHYSICAL", "HYBRID"):
            return
        for left, right in self._plan.way.pairs:
            if left in BUILT_IN or right in BUILT_IN:
                continue  # one training, one graph
            if {left, right} & set(among):
                task = self._new(f"task_{left}_{right}")
                yield f"{task} prov:used {self._nodes[left]} ."
                yield f"{self._nodes[right]} prov:wasGeneratedBy {task} ."

    def _attribute(self, one: Attribute, info: Info, made: bool) -> list[str]:
        """What binds the value of an attribute. ``made``: equal numbers become equal terms."""
        node, value = self._nodes[one.dataset], self._values[one]
        if info.pattern:
            text = info.pattern.format(node=node, value=value, run=self._graphs[one.dataset])
            return text.split("\n")
        raw, after = value, []
        if info.mixed or (made and info.kind is Kind.NUMBER):
            raw = self._new(f"{value[1:]}_said")
            made_of = f"STR({raw})" if info.mixed else _number(raw)
            after = [f"BIND ({made_of} AS {value})"]
        path = "|".join(map(_iri, info.properties))
        lines = [f"{node} {path} {raw} ."]
        if one in self._exact:
            lines.insert(0, f"VALUES {raw} {{ {' '.join(self._exact[one])} }}")
        elif info.kind is Kind.NUMBER:
            # Neither NaN nor an infinity, nor a text that somebody else said.
            lines.append(f"FILTER ({raw} * 0 = 0)")
        lines += after
        if one in self._required:
            return lines
        return ["OPTIONAL { " + " ".join(lines) + " }"]

    def _where(self) -> list[str]:
        plan, made = self._plan, self._plan.told_apart
        lines: list[str] = []
        of_runs = {one.name: self._values[one] for one in plan.info if one.dataset == RUN}
        graphs = dict.fromkeys(self._graphs[name] for name in plan.way.asked or (RUN,))
        for graph in graphs:
            asked = of_runs if graph == self._graphs[RUN] else {}
            if (asked or plan.runs) and graph.startswith("?"):
                lines += run_block(graph, asked, plan.runs, self._iris, self._living, self._new)
        apart: list[str] = []
        for graph in graphs if plan.way.asked else ():
            here = [name for name in plan.way.asked if self._graphs[name] == graph]
            inner = [line for name in here for line in self._element(name)]
            if not plan.way.silent:
                inner += self._links(here)
            attributes = [one for one in plan.info if one.dataset in here]
            for one in sorted(attributes, key=lambda one: one not in self._required):
                info = plan.info[one]
                found = self._attribute(one, info, one in made)
                (apart if "{run}" in info.pattern else inner).extend(found)
            lines += [f"GRAPH {graph} {{", *_indented(inner), "}"]
        lines += apart
        lines += [f"FILTER ({self._values[a]} = {self._values[b]})" for a, b in self._seen_pairs()]
        if plan.way.silent:
            lines += self._between()
        return lines + [f"FILTER {_bracketed(self._condition(part))}" for part in self._filters]

    def _seen_pairs(self) -> list[tuple[Attribute, Attribute]]:
        asked = set(self._plan.way.asked)
        return [pair for pair in self._plan.same if {one.dataset for one in pair} <= asked]

    def _between(self) -> list[str]:
        """That elements of the silent data sets connect the others."""
        plan, inner = self._plan, []
        for name in plan.way.silent:
            inner += self._element(name)
        inner += self._links((*plan.way.asked, *plan.way.silent))
        for one in dict.fromkeys(attribute for pair in plan.same for attribute in pair):
            if one.dataset in plan.way.silent:
                inner += self._attribute(one, plan.info[one], made=False)
        seen = self._seen_pairs()
        equal = [
            f"FILTER ({self._values[a]} = {self._values[b]})"
            for a, b in plan.same
            if (a, b) not in seen
        ]
        graph = self._graphs[plan.way.silent[0]]
        return [
            "FILTER EXISTS {",
            *_indented([f"GRAPH {graph} {{", *_indented(inner), "}", *equal]),
            "}",
        ]

    # -- the whole

    def _aggregate(self, one: Aggregate) -> str:
        if one.attribute is None:
            return "COUNT(*)"
        value, kind = self._values[one.attribute], self._plan.info[one.attribute].kind
        if one.function == "count":
            return f"COUNT({'DISTINCT ' if one.distinct else ''}{value})"
        number = f"xsd:double({value})" if one.function in ("sum", "avg") else value
        if one.attribute in self._required and self._plan.keys:
            return f"{one.function.upper()}({number})"
        # A value that is missing would make the whole of it unbound.
        if one.function in ("sum", "avg"):
            found = f"SUM(COALESCE({number}, 0e0))"
            found += f" / COUNT({value})" if one.function == "avg" else ""
        else:
            bound = _BOUNDS[one.function, kind]
            found = f"{one.function.upper()}(COALESCE({number}, {bound}))"
        return f"IF(COUNT({value}) > 0, {found}, 1/0)"

    def text(self) -> str:
        plan = self._plan
        shown = [
            self._values[of]
            if self._values[of] == f"?{name}"
            else f"({self._values[of]} AS ?{name})"
            for name, of in plan.columns.items()
        ]
        shown += [f"({self._aggregate(one)} AS ?{one.alias})" for one in plan.aggregates]
        distinct = "DISTINCT " if plan.query.distinct else ""
        between = " " if sum(map(len, shown)) < WIDTH else "\n  "
        lines = [f"SELECT {distinct}".rstrip() + between + between.join(shown) + " WHERE {"]
        lines += [*_indented(self._where()), "}"]
        if plan.keys:
            lines.append(f"GROUP BY {' '.join(self._values[one] for one in plan.keys)}")
        lines.append(f"ORDER BY {' '.join(self._orders())}")
        if plan.query.limit is not None:
            lines.append(f"LIMIT {plan.query.limit}")
        if plan.query.offset:
            lines.append(f"OFFSET {plan.query.offset}")
        body = "\n".join(lines) + "\n"
        used = [name for name in PREFIXES if re.search(rf"\b{name}:", body)]
        return "".join(f"PREFIX {name}: <{PREFIXES[name]}>\n" for name in used) + body

    def _orders(self) -> Iterator[str]:
        for one in self._plan.order:
            variable = f"?{one.key}" if isinstance(one.key, str) else self._values[one.key]
            # Nulls come last in either direction; SPARQL has them first.
            if self._may_be_null(one.key):
                yield f"(!BOUND({variable}))"
            key = _sorted_by(variable, self._kind(one.key))
            yield f"DESC({key})" if one.descending else key

    def _kind(self, key: str | Attribute) -> Kind:
        """What the values are that are ordered by."""
        of = self._plan.columns.get(key) if isinstance(key, str) else key
        if of is None:
            made = next(one for one in self._plan.aggregates if one.alias == key)
            of = made.attribute if made.function in ("min", "max") else None
        return self._plan.info[of].kind if of else Kind.NUMBER

    def _may_be_null(self, key: str | Attribute) -> bool:
        attribute = self._plan.columns.get(key) if isinstance(key, str) else key
        if attribute is None:
            return (
                next(one.function for one in self._plan.aggregates if one.alias == key) != "count"
            )
        return attribute not in self._required and attribute != Attribute(RUN, "iri")


def _sorted_by(variable: str, kind: Kind) -> str:
    """What has a total order, whatever stands where a value of the kind was wanted.

    Oxigraph ends the process where it sorts terms that have none, such as times with a zone and
    without, or a number, a text and a time. The patterns leave nothing but numbers of numbers.
    """
    if kind is Kind.TEXT:
        return f"STR({variable})"
    if kind is Kind.TIME:
        return f"({variable} - {_EPOCH})"
    return f"({variable} = true)" if kind is Kind.BOOLEAN else variable


def _number(raw: str) -> str:
    """One term for each number: an integer where it is whole and not too large, else a double."""
    whole = f"xsd:integer({raw})"
    return f"COALESCE(IF({whole} = {raw}, {whole}, 1/0), xsd:double({raw}))"


def _iri(iri: str) -> str:
    for prefix in ("dnnprov", "prov"):
        local = iri.removeprefix(PREFIXES[prefix])
        if local != iri and re.fullmatch(r"[A-Za-z]\w*", local, re.ASCII):
            return f"{prefix}:{local}"
    return str(ox.NamedNode(iri))


def _bracketed(text: str) -> str:
    return text if text.startswith("(") else f"({text})"


def compile_sparql(plan: Plan, catalogue: StoreCatalogue, living: Set[str]) -> Generated:
    """The query, legal as it stands; ``living`` are the IRIs of runs that go on."""
    text = _Compiler(plan, catalogue, living).text()
    return Generated(text, plan.names)
