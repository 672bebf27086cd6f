"""A checked question as SQL for the mirror in MonetDB.

Each data set is a table expression over the schemas of the tags asked for, with the number of
the run; so dataflows of several tags can be asked at once.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from pymonetdb.sql.monetize import convert

from kprov_rdf.builder import values
from kprov_rdf.builder.catalogue import plain
from kprov_rdf.builder.datasets import RUN, Kind
from kprov_rdf.builder.generated import WIDTH, Generated
from kprov_rdf.builder.mirrored import MirrorCatalogue, Schema
from kprov_rdf.builder.model import (
    Aggregate,
    And,
    Attribute,
    Comparison,
    Condition,
    In,
    IsNull,
    Mapping,
    Not,
    Or,
)
from kprov_rdf.builder.plan import Plan
from kprov_rdf.errors import InputError
from kprov_rdf.mirror.columns import NUL
from kprov_rdf.mirror.names import quoted

_TYPES = {Kind.NUMBER: "DOUBLE", Kind.TEXT: "TEXT", Kind.BOOLEAN: "BOOLEAN"}
# Times of the papers' tables are texts of seconds since 1970.
_SECONDS = "DECIMAL(18,6)"
_TASKS = {
    "ilayers": "trainingmodel",
    "itrainingmodel": "trainingmodel",
    "otrainingmodel": "trainingmodel",
    "oadaptation": "adaptation",
    "otestingmodel": "testingmodel",
}
_TAKEN = re.compile(r"[^%\x00-\x1f\x7f][^\x00-\x1f\x7f]{0,99}")
_PLACES = ("position", "within", "place")
# A layer has a row for each thing that is known of it: position and nested model are two of them.
_LAYER = """(
      SELECT m.iri, l.trainingmodel_task_id AS task, l.name,
        CAST(max(CASE WHEN l.attribute_type = 'position' THEN l.value END) AS DOUBLE) AS "position",
        max(CASE WHEN l.attribute_type = 'within' THEN l.value END) AS "within"
      FROM {0} l JOIN kprov.iri_map m ON m.kind = 'ilayers' AND m.id = l.id
      GROUP BY m.iri, l.trainingmodel_task_id, l.name
    )"""
_LAYERS = f"""  JOIN kprov.iri_map i ON i.kind = 'ilayers' AND i.id = d.id
  JOIN (
    SELECT inner_.iri, min(inner_."position") AS "position", min(inner_."within") AS "within",
      min(COALESCE(outer_."position", inner_."position")) AS "place"
    FROM {_LAYER} inner_ LEFT JOIN {_LAYER} outer_
      ON outer_.task = inner_.task AND outer_.name = inner_."within"
    GROUP BY inner_.iri
  ) p ON p.iri = i.iri"""  # noqa: S608


def literal(value: values.Value, of: Attribute | None = None) -> str:
    """A value as MonetDB reads it; ``of`` is the attribute that it is compared with."""
    if isinstance(value, datetime):
        at = value.astimezone(UTC)
        if of is None or of.dataset == RUN:
            return f"TIMESTAMP '{at.replace(tzinfo=None).isoformat(' ', 'microseconds')}'"
        since = at - datetime.fromtimestamp(0, UTC)
        seconds = since.days * 86400 + since.seconds
        return f"CAST('{_decimal(seconds, since.microseconds)}' AS {_SECONDS})"
    if isinstance(value, float):
        text = repr(value)
        return text if "e" in text else f"{text}e0"
    if isinstance(value, str):
        value = value.replace("\0", NUL)
    return str(convert(value))


def _decimal(seconds: int, micro: int) -> str:
    if seconds < 0 and micro:  # as -0.5 is a second before plus half a second
        seconds, micro = seconds + 1, 1_000_000 - micro
        return f"{'-' if seconds == 0 else ''}{seconds}.{micro:06}"
    return f"{seconds}.{micro:06}"


class _Compiler:
    def __init__(self, plan: Plan, catalogue: MirrorCatalogue) -> None:
        self._plan = plan
        self._catalogue = catalogue
        self._iris = catalogue.run_iris(plan.runs.ids)

    def _value(self, operand: object, attribute: Attribute) -> str:
        kind = self._plan.info[attribute].kind
        found = values.resolve(operand, kind, str(attribute), self._plan.given)  # type: ignore[arg-type]
        return literal(found, attribute)

    def _condition(self, condition: Condition) -> str:
        if isinstance(condition, And | Or):
            sign = " AND " if isinstance(condition, And) else " OR "
            return "(" + sign.join(map(self._condition, condition.parts)) + ")"
        if isinstance(condition, Not):
            return f"(NOT {self._condition(condition.part)})"
        if isinstance(condition, IsNull):
            return f"({_column(condition.attribute)} IS NULL)"
        if isinstance(condition, Comparison):
            right = condition.right
            other = (
                _column(right) if isinstance(right, Attribute)
                else self._value(right, condition.left)
            )  # fmt: skip
            return f"({_column(condition.left)} {condition.operator} {other})"
        column = _column(condition.attribute)
        if isinstance(condition, In):
            found = [self._value(one, condition.attribute) for one in condition.values]
            # MonetDB makes all of a list doubles where one is: whole numbers apart stay exact.
            lists = [one for one in _parted(found) if one]
            return "(" + " OR ".join(f"{column} IN ({', '.join(one)})" for one in lists) + ")"
        return f"({column} LIKE {self._value(condition.pattern, condition.attribute)})"

    # -- table expressions

    def _of_runs(self) -> list[str]:
        """Which runs are asked of, of the table ``r``."""
        runs = self._plan.runs
        found = [
            f"r.{name} IN ({', '.join(map(literal, one))})"
            for name, one in (("tag", runs.tags), ("iri", self._iris), ("status", runs.statuses))
            if one
        ]
        found += [f"r.started >= {literal(runs.after)}"] if runs.after else []
        return found + ([f"r.started < {literal(runs.before)}"] if runs.before else [])

    def _where(self, conditions: list[str], by: str) -> list[str]:
        lines = [f"{'WHERE' if not at else '  AND'} {one}" for at, one in enumerate(conditions)]
        return [by + line for line in lines]

    def _expressions(self) -> Iterator[str]:
        plan = self._plan
        for name in (*plan.way.asked, *plan.way.silent):
            needed = [one for one in plan.info if one.dataset == name]
            schemas = self._catalogue.schemas
            parts = [self._part(name, schema, needed) for schema in schemas]
            if not parts:  # no run at all
                nothing = [f"CAST(NULL AS {self._type(one)}) AS {_name(one)}" for one in needed]
                parts = ["  SELECT " + ", ".join(["0 AS run_id", *nothing]) + " WHERE false"]
            yield f"{quoted(name)} AS (\n" + "\n  UNION ALL\n".join(parts) + "\n)"
        if plan.asks_of_runs or not plan.way.asked:
            names = [quoted(one.name) for one in plan.info if one.dataset == RUN]
            shown = ", ".join(["id AS run_id", *names])
            lines = [f"  SELECT {shown} FROM kprov.runs r", *self._where(self._of_runs(), "  ")]  # noqa: S608
            yield f"{quoted(RUN)} AS (\n" + "\n".join(lines) + "\n)"

    def _type(self, one: Attribute) -> str:
        kind = self._plan.info[one].kind
        return _SECONDS if kind is Kind.TIME else _TYPES[kind]

    def _column_type(self, one: Attribute) -> str:
        """The type of its column; where schemas differ in that of a number, DOUBLE."""
        column = str(self._plan.info[one].column)
        tables = [schema.tables.get(f"ds_{one.dataset}", {}) for schema in self._catalogue.schemas]
        found = {table[column] for table in tables if column in table}
        return "BIGINT" if found == {"bigint"} else self._type(one)

    def _part(self, name: str, schema: Schema, needed: list[Attribute]) -> str:
        """The rows of one schema."""
        has = schema.tables.get(f"ds_{name}", {})
        shown = ["r.id AS run_id"]
        for one in needed:
            info, kind = self._plan.info[one], self._column_type(one)
            if info.mixed:
                raise InputError(
                    f"{one} is not of one type in all dataflows of the mirror. Ask without --sql."
                )
            column = "" if info.column is None else f"d.{quoted(info.column)}"
            if name == "ilayers" and one.name in _PLACES:
                column = f"p.{quoted(one.name)}"
            elif info.column not in has:
                column = f"CAST(NULL AS {kind})"
            elif info.kind in (Kind.TIME, Kind.NUMBER) and has[str(info.column)] != kind.lower():
                column = f"CAST({column} AS {kind})"
            if kind == "DOUBLE" and one in self._plan.told_apart:
                # MonetDB groups -0 apart, and takes + 0 for nothing.
                column = f"CASE WHEN {column} = 0 THEN 0e0 ELSE {column} END"
            shown.append(f"{column} AS {_name(one)}")
        task = f"{_TASKS[name]}_task_id"
        lines = [
            f"  SELECT {', '.join(shown)}",
            f"  FROM {quoted(schema.name, name)} d JOIN kprov.runs r ON r.{task} = d.{task}",
        ]
        if name == "ilayers" and any(one.name in _PLACES for one in needed):
            lines.append(_LAYERS.format(quoted(schema.name, name)))
        lines += self._where(self._of_runs(), "  ")
        return "\n".join(lines)

    def _from(self) -> list[str]:
        plan = self._plan
        tables = [*plan.way.asked]
        if plan.asks_of_runs or not tables:
            tables.append(RUN)
        lines = [f"FROM {quoted(tables[0])}"]
        for name in tables[1:]:
            join = f"{quoted(tables[0], 'run_id')} = {quoted(name, 'run_id')}"
            one_run = plan.one_run or name == RUN
            lines.append(
                f"JOIN {quoted(name)} ON {join}" if one_run else f"CROSS JOIN {quoted(name)}"
            )
        return lines

    def _conditions(self) -> list[str]:
        plan = self._plan
        asked = set(plan.way.asked)
        equal = [(a, b, f"({_column(a)} = {_column(b)})") for a, b in plan.same]
        seen = [text for a, b, text in equal if {a.dataset, b.dataset} <= asked]
        found = list(seen)
        first = quoted(plan.way.asked[0], "run_id") if plan.way.asked else ""
        if plan.way.silent and plan.query.mapping is Mapping.PHYSICAL:
            found += [
                f"{first} IN (SELECT run_id FROM {quoted(name)})"  # noqa: S608
                for name in plan.way.silent
            ]  # fmt: skip
        elif plan.way.silent:
            within = [text for _, _, text in equal if text not in seen]
            if plan.one_run:
                within += [f"{quoted(name, 'run_id')} = {first}" for name in plan.way.silent]
            tables = ", ".join(map(quoted, plan.way.silent))
            found.append(f"EXISTS (SELECT 1 FROM {tables} WHERE {' AND '.join(within)})")  # noqa: S608
        selection = plan.query.selection
        parts = selection.parts if isinstance(selection, And) else (selection,) if selection else ()
        return found + [self._condition(part) for part in parts]

    # -- the whole

    def _aggregate(self, one: Aggregate) -> str:
        if one.attribute is None:
            return "count(*)"
        column = _column(one.attribute)
        if one.function in ("sum", "avg"):
            column = f"CAST({column} AS DOUBLE)"
        return f"{one.function}({'DISTINCT ' if one.distinct else ''}{column})"

    def text(self) -> str:
        """Rows are made first and ordered then.

        MonetDB 11.41 forgets NULLS LAST where there is a LIMIT, and knows no name of a column
        in an expression to order by.
        """
        plan = self._plan
        shown = [f"{_column(of)} AS {quoted(name)}" for name, of in plan.columns.items()]
        shown += [f"{self._aggregate(one)} AS {quoted(one.alias)}" for one in plan.aggregates]
        orders = []
        for number, one in enumerate(plan.order):
            key = quoted(one.key if isinstance(one.key, str) else f"order {number}")
            if isinstance(one.key, Attribute):
                shown.append(f"{_column(one.key)} AS {key}")
            orders += [f"{key} IS NULL", f"{key}{' DESC' if one.descending else ''}"]
        distinct = "DISTINCT " if plan.query.distinct else ""
        between = ", " if sum(map(len, shown)) < WIDTH else ",\n    "
        made = [f"SELECT {distinct}{between.join(shown)}"]
        made += self._from()
        made += self._where(self._conditions(), "")
        if plan.keys:
            made.append(f"GROUP BY {', '.join(map(_column, plan.keys))}")
        answer = "\n".join(f"  {line}" for line in made)
        lines = ["WITH " + ",\n".join([*self._expressions(), f'"answer" AS (\n{answer}\n)'])]
        lines.append(f'SELECT {", ".join(map(quoted, plan.names))} FROM "answer"')  # noqa: S608
        lines.append(f"ORDER BY {', '.join(orders)}")
        if plan.query.limit is not None:
            lines.append(f"LIMIT {plan.query.limit}")
        if plan.query.offset:
            lines.append(f"OFFSET {plan.query.offset}")
        return "\n".join(lines) + "\n"


def _parted(literals: list[str]) -> tuple[list[str], list[str]]:
    whole = [one for one in literals if one.lstrip("-").isdecimal()]
    return whole, [one for one in literals if one not in whole]


def _column(attribute: Attribute) -> str:
    return f"{quoted(attribute.dataset)}.{_name(attribute)}"


def _name(attribute: Attribute) -> str:
    """Its name, or what MonetDB takes for one: not every text is a name there."""
    name = attribute.name
    if not _TAKEN.fullmatch(name):
        name = f"{plain(name)[:50]} {hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return quoted(name)


def compile_sql(plan: Plan, catalogue: MirrorCatalogue) -> Generated:
    """The statement, for the mirror as it is now."""
    return Generated(_Compiler(plan, catalogue).text(), plan.names)
