"""Questions to the mirror: which data sets its tables hold, and their answers.

The mirror has the data sets of Keras-Prov and ``run``; users' own data sets and the person are
in the store alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyoxigraph as ox

from kprov_capture.terms import XSD_NAMESPACE
from kprov_rdf.builder import datasets, plan, values
from kprov_rdf.builder.catalogue import Transformations, by_name, check_tags, plain
from kprov_rdf.builder.datasets import BUILT_IN, RUN, RUN_ATTRIBUTES, Info, Kind
from kprov_rdf.builder.generated import Generated
from kprov_rdf.builder.model import Query
from kprov_rdf.errors import InputError
from kprov_rdf.mirror.ask import Answer
from kprov_rdf.mirror.names import RESERVED
from kprov_rdf.query import Table, Term
from kprov_rdf.runs import RunInfo, resolve

Ask = Callable[[str], Answer]
"""Answers a statement in SQL, as ``mirror.ask.ask`` does with a URL."""

_NUMBERS = ("double", "bigint", "int", "hugeint", "smallint", "tinyint", "decimal", "real")
_RUNS = (
    "SELECT iri, tag, schema_name, status, started FROM kprov.runs ORDER BY started DESC, id DESC"
)
_COLUMNS = """SELECT s.name, t.name, c.name, c.type FROM sys.columns c
JOIN sys.tables t ON c.table_id = t.id JOIN sys.schemas s ON t.schema_id = s.id
WHERE s.name IN (SELECT schema_name FROM kprov.runs) AND t.name LIKE 'ds%' ORDER BY c.number"""


@dataclass(frozen=True)
class Schema:
    """The tables of one tag: the types of columns, by table and name."""

    tag: str
    name: str
    tables: Mapping[str, Mapping[str, str]]


class MirrorCatalogue:
    """What the tables of the mirror hold. ``tags`` are the dataflows asked of; none means all."""

    lacks = (
        "The mirror has the data sets of Keras-Prov; users' own are in the store alone: ask "
        "without --sql. "
    )

    def __init__(self, ask: Ask, tags: Sequence[str] = ()) -> None:
        self._runs = list(ask(_RUNS).rows)
        found: dict[str, dict[str, dict[str, str]]] = {}
        for schema, table, column, kind in ask(_COLUMNS).rows:
            of = found.setdefault(str(schema), {}).setdefault(str(table), {})
            of[str(column)] = str(kind)
        schemas = dict.fromkeys((str(run[1]), str(run[2])) for run in self._runs)
        self.all = [Schema(tag, name, found.get(name, {})) for tag, name in sorted(schemas)]
        check_tags((one.tag for one in self.all), tags)
        self.schemas = [one for one in self.all if not tags or one.tag in tags]

    def datasets(self) -> list[str]:
        return list(BUILT_IN)

    def transformations(self) -> Transformations:
        return datasets.TRANSFORMATIONS

    def attributes(self, dataset: str) -> dict[str, Info]:
        if dataset == RUN:
            return {n: info for n, info in RUN_ATTRIBUTES.items() if n != "person"}
        own = {n: replace(info, column=n) for n, info in BUILT_IN[dataset].attributes.items()}
        # Of layers, what ``to_sql`` makes of several rows.
        return {**own, **dict(sorted(self._further(dataset).items()))}

    def find(self, dataset: str, name: str) -> Info | None:
        if dataset == RUN:
            if name.casefold() == "person":
                raise InputError(
                    "The mirror does not say who ran it (run.person). Ask without --sql."
                )
            return RUN_ATTRIBUTES.get(name.casefold())
        own = BUILT_IN[dataset]
        known = self.attributes(dataset)
        for given in (name, name.casefold()):
            wanted = datasets.ALIASES.get(f"{dataset}.{given}", given)
            if wanted in own.attributes:
                return known[wanted]
            spelt = plain(wanted)
            met = [n for n in known if n.startswith(f"{spelt}_") and _hashed(n)]
            if met:
                listed = ", ".join(met)
                raise InputError(f"{dataset}.{name} may be any of {listed}: name one of them.")
            found = by_name(known, spelt)
            if found is not None:
                return replace(found, name=wanted)
            declared = wanted.removeprefix(own.prefix) in own.declared
            if declared and wanted.startswith(own.prefix) and dataset != "itrainingmodel":
                return Info(wanted, Kind.NUMBER)  # no run has it, so that no table does
        return None

    def _further(self, dataset: str) -> dict[str, Info]:
        """The columns beyond those of the papers, in any schema."""
        own = set(BUILT_IN[dataset].attributes)
        kinds: dict[str, set[Kind]] = {}
        for schema in self.all:
            for column, kind in schema.tables.get(f"ds_{dataset}", {}).items():
                if column not in own and column != "id" and not column.endswith("_task_id"):
                    kinds.setdefault(column, set()).add(_kind(kind))
        made = {}
        for column, all_kinds in kinds.items():
            if dataset != "itrainingmodel" and all_kinds == {Kind.TEXT}:
                continue  # no metric, but what a tracker says of them
            # A word of SQL's own has an underscore there.
            bare = column.removesuffix("_")
            name = bare if bare in RESERVED else column
            mixed = len(all_kinds) > 1
            of = Kind.TEXT if mixed else next(iter(all_kinds))
            made[name] = Info(name, of, mixed=mixed, column=column)
        return made

    def run_iris(self, names: Sequence[str]) -> list[str]:
        """The runs that are meant, as ``kprov show`` takes names."""
        listed = [
            RunInfo(str(iri), str(tag), str(status), None, None, None, None, 0, None)
            for iri, tag, _, status, _ in self._runs
        ]
        return [resolve(name, listed).iri for name in names]


def _hashed(column: str) -> bool:
    """Whether a column's name ends with what tells it from one of the same spelling."""
    end = column.rpartition("_")[2]
    return len(end) == 8 and all(sign in "0123456789abcdef" for sign in end)


def _kind(sql: str) -> Kind:
    if sql == "boolean":
        return Kind.BOOLEAN
    return Kind.NUMBER if sql in _NUMBERS else Kind.TEXT


def sql(query: Query, ask: Ask, given: values.Given | None = None) -> Generated:
    """The question in SQL for the mirror that ``ask`` asks. Raises ``InputError``."""
    from kprov_rdf.builder.to_sql import compile_sql

    given = given or {}
    catalogue = MirrorCatalogue(ask, plan.selected(query, given).tags)
    return compile_sql(plan.plan(query, catalogue, given), catalogue)


def ask_mirror(ask: Ask, query: Query, given: values.Given | None = None) -> Table:
    """The answer of the mirror, with the columns, rows and order of that of the store."""
    made = sql(query, ask, given)
    return Table(made.columns, _rows(ask(made.text).rows))


def _rows(rows: Sequence[Sequence[object]]) -> Iterator[tuple[Term, ...]]:
    for row in rows:
        yield tuple(_term(cell) for cell in row)


def _term(cell: object) -> Term:
    if isinstance(cell, Decimal):  # seconds since 1970, as the tables have times
        return _time(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(cell * 1_000_000)))
    if isinstance(cell, datetime):
        return _time(cell.replace(tzinfo=UTC))
    if cell is None or isinstance(cell, bool | int | float | str):
        return None if cell is None else ox.Literal(cell)
    raise TypeError(f"The mirror gave {cell!r}, which no column of it holds.")


def _time(at: datetime) -> ox.Literal:
    text = at.isoformat().replace("+00:00", "Z")
    if "." in text:  # as the store writes it
        text = text.removesuffix("Z").rstrip("0") + "Z"
    return ox.Literal(text, datatype=ox.NamedNode(XSD_NAMESPACE + "dateTime"))
