"""A question checked against what there is: its data sets, joins, columns and order.

What both languages have in common is decided here, so that they cannot differ in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kprov_rdf.builder import values
from kprov_rdf.builder.catalogue import Catalogue, attribute_named, dataset_named, plain
from kprov_rdf.builder.datasets import BUILT_IN, RUN, Info, Kind
from kprov_rdf.builder.model import (
    ALIAS,
    Aggregate,
    Attribute,
    Column,
    Comparison,
    Condition,
    In,
    Like,
    Mapping,
    Query,
    attributes,
    conditions,
)
from kprov_rdf.builder.paths import Way, connect, find_way
from kprov_rdf.errors import InputError


@dataclass(frozen=True)
class Runs:
    """Which runs are asked of, with values: see ``model.Runs``."""

    tags: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    after: datetime | None = None
    before: datetime | None = None
    statuses: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self != Runs()


@dataclass(frozen=True)
class Ordered:
    """A key of the order: the name of a column, or an attribute that has none."""

    key: str | Attribute
    descending: bool


@dataclass(frozen=True)
class Plan:
    """What is to be compiled; attributes are spelt as the catalogue has them.

    ``columns`` are the attributes of the answer by the name of their column, ``aggregates``
    follow them. ``keys`` is None where nothing is grouped. ``same`` are the attributes on which
    LOGICAL joins rest. ``given`` are the values of parameters.
    """

    query: Query
    way: Way
    info: dict[Attribute, Info]
    columns: dict[str, Attribute]
    aggregates: tuple[Aggregate, ...]
    keys: tuple[Attribute, ...] | None
    order: tuple[Ordered, ...]
    same: tuple[tuple[Attribute, Attribute], ...]
    runs: Runs
    given: values.Given

    @property
    def names(self) -> list[str]:
        """The columns of the answer."""
        return [*self.columns, *(one.alias for one in self.aggregates)]

    @property
    def one_run(self) -> bool:
        """Whether the elements of a row are all of one run."""
        return self.query.mapping is not Mapping.LOGICAL

    @property
    def told_apart(self) -> set[Attribute]:
        """The attributes of whose values it counts which are equal: 1 and 1.0 are, 0 and -0."""
        found = set(self.keys or ())
        found |= {one.attribute for one in self.aggregates if one.distinct and one.attribute}
        return found | (set(self.columns.values()) if self.query.distinct else set())

    @property
    def asks_of_runs(self) -> bool:
        """Whether attributes of the run are needed."""
        return any(one.dataset == RUN for one in self.info)


def selected(query: Query, given: values.Given) -> Runs:
    """Which runs are asked of. Raises ``InputError`` for parameters that have no value."""
    of = query.runs
    given = values.all_given(query, given)

    def text(operands: Sequence[object], where: str) -> tuple[str, ...]:
        found = [values.resolve(one, Kind.TEXT, where, given) for one in operands]  # type: ignore[arg-type]
        return tuple(dict.fromkeys(str(one) for one in found))

    times = [
        None if one is None else values.resolve(one, Kind.TIME, "The start of a run", given)
        for one in (of.after, of.before)
    ]
    after, before = (one if isinstance(one, datetime) else None for one in times)
    return Runs(
        text(of.tags, "The tag of a dataflow"),
        text(of.ids, "A run"),
        after,
        before,
        text(of.statuses, "A status"),
    )


def plan(query: Query, catalogue: Catalogue, given: values.Given) -> Plan:
    """Check a question. Raises ``InputError`` with what is wrong and what there is."""
    given = values.all_given(query, given)
    query, info = _spelt(query, catalogue)
    used = dict.fromkeys(one.dataset for one in attributes(query) if one.dataset != RUN)
    if not used and info and not query.source:
        way = Way(())  # of the runs alone
    elif query.mapping is Mapping.RUN:
        way = connect(query, list(used))
    else:
        way = find_way(query, list(used), catalogue.transformations())
    if not (query.projection or query.aggregate or query.group):
        every = {
            Attribute(dataset, found.name): found
            for dataset in way.asked
            for found in catalogue.attributes(dataset).values()
        }
        info |= every
        everything = tuple(map(Column, every))
        query = replace(query, projection=everything)
    grouped = bool(query.aggregate or query.group)
    shown = query.projection or tuple(Column(one) for one in query.group)
    keys = (query.group or tuple(one.attribute for one in shown)) if grouped else None
    columns, aggregates = _named(shown, query.aggregate)
    _check(query, info, keys)
    made = Plan(
        query=query,
        way=way,
        info=info,
        columns=columns,
        aggregates=aggregates,
        keys=keys,
        order=_order(query, columns, aggregates, keys),
        same=_same(query, way, catalogue, info),
        runs=selected(query, given),
        given=given,
    )
    if not made.one_run and made.asks_of_runs and len(way.asked) > 1:
        raise InputError(
            "With mapping(LOGICAL) elements of several runs meet in one row, so that the data set "
            "run has no one run to tell of. Use mapping(HYBRID), which stays within a run."
        )
    return made


def _spelt(query: Query, catalogue: Catalogue) -> tuple[Query, dict[Attribute, Info]]:
    """The question with names as the catalogue has them, and its attributes."""
    sets: dict[str, str] = {}
    for names in (query.source, query.target, query.include, query.exclude):
        for name in names:
            sets.setdefault(name, dataset_named(catalogue, name))
    info: dict[Attribute, Info] = {}
    of: dict[Attribute, Attribute] = {}
    for one in attributes(query):
        if one not in of:
            dataset = sets.setdefault(one.dataset, dataset_named(catalogue, one.dataset))
            found = attribute_named(catalogue, Attribute(dataset, one.name))
            of[one] = Attribute(dataset, found.name)
            info[of[one]] = found

    def named(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(sets[name] for name in names))

    return replace(
        query,
        source=named(query.source),
        target=named(query.target),
        include=named(query.include),
        exclude=named(query.exclude),
        projection=tuple(replace(one, attribute=of[one.attribute]) for one in query.projection),
        selection=query.selection and values.rebuilt(query.selection, of),
        aggregate=tuple(
            replace(one, attribute=one.attribute and of[one.attribute]) for one in query.aggregate
        ),
        group=tuple(dict.fromkeys(of[one] for one in query.group)),
        order=tuple(
            replace(one, key=of[one.key] if isinstance(one.key, Attribute) else one.key)
            for one in query.order
        ),
    ), info


def _named(
    shown: Sequence[Column], aggregate: Sequence[Aggregate]
) -> tuple[dict[str, Attribute], tuple[Aggregate, ...]]:
    """The columns with names of which none is twice."""
    short = [one.alias or plain(one.attribute.name) for one in shown]
    taken = [*short, *(one.alias for one in aggregate)]
    found: dict[str, Attribute] = {}
    for one, wanted in zip(shown, short, strict=True):
        name = one.alias or _free(one.attribute, wanted, taken.count(wanted) > 1, found)
        if found.setdefault(name, one.attribute) != one.attribute or (
            one.alias and taken.count(name) > 1
        ):
            raise _twice(name)
    for each in aggregate:
        if taken.count(each.alias) > 1 or each.alias in found:
            raise _twice(each.alias)
    return found, tuple(aggregate)


def _free(of: Attribute, wanted: str, met: bool, found: dict[str, Attribute]) -> str:
    """A name for a column that was given none; with the data set's where two are alike."""
    name = plain(f"{of.dataset}_{wanted}") if met else wanted
    name = name if ALIAS.fullmatch(name) else f"n_{name}"
    while found.get(name, of) != of:
        name += "_"
    return name


def _twice(name: str) -> InputError:
    return InputError(f"Two columns are called {name!r}. Give one another name: … as x")


def _check(query: Query, info: dict[Attribute, Info], keys: tuple[Attribute, ...] | None) -> None:
    for one in query.aggregate:
        kind = info[one.attribute].kind if one.attribute else None
        if one.function in ("sum", "avg") and kind is not Kind.NUMBER:
            raise InputError(f"{one.function}({one.attribute}) needs a number, not {_is(kind)}.")
        if one.function in ("min", "max") and kind is Kind.BOOLEAN:
            raise InputError(f"{one.function}({one.attribute}) has no order: {_is(kind)}.")
    for column in query.projection:
        if keys is not None and column.attribute not in keys:
            raise InputError(
                f"{column.attribute} is projected, but rows are grouped without it: add it to "
                "group(…), or take an aggregate of it."
            )
    for found in conditions(query.selection):
        _check_kinds(found, info)


def _is(kind: Kind | None) -> str:
    return "rows" if kind is None else kind.value


def _check_kinds(found: Condition, info: dict[Attribute, Info]) -> None:
    if isinstance(found, Comparison):
        left = info[found.left].kind
        if isinstance(found.right, Attribute) and info[found.right].kind is not left:
            raise InputError(
                f"{found.left} is {left.value} and {found.right} is "
                f"{info[found.right].kind.value}: they cannot be compared."
            )
        if left is Kind.BOOLEAN and found.operator not in ("=", "<>"):
            raise InputError(f"{found.left} is {left.value}: compare it with = or <>.")
    if isinstance(found, Like) and info[found.attribute].kind is not Kind.TEXT:
        raise InputError(
            f"LIKE needs a text; {found.attribute} is {info[found.attribute].kind.value}."
        )
    if isinstance(found, In) and not found.values:
        raise InputError(f"{found.attribute} IN () lists no value.")


def _order(
    query: Query,
    columns: dict[str, Attribute],
    aggregates: Sequence[Aggregate],
    keys: tuple[Attribute, ...] | None,
) -> tuple[Ordered, ...]:
    """The keys that were asked for, and then all columns: so the order is total."""
    names = [*columns, *(one.alias for one in aggregates)]
    by_attribute = {attribute: name for name, attribute in reversed(columns.items())}
    found: dict[str | Attribute, bool] = {}
    for one in query.order:
        key = by_attribute.get(one.key, one.key) if isinstance(one.key, Attribute) else one.key
        if isinstance(key, str) and key not in names:
            raise InputError(f"order({key}): no column is called so; there are {', '.join(names)}.")
        if isinstance(key, Attribute) and (
            query.distinct or (keys is not None and key not in keys)
        ):
            raise InputError(
                f"order({key}): rows that are grouped or distinct are ordered by what they show. "
                "Project it, or name the column of an aggregate."
            )
        found.setdefault(key, one.descending)
    for name in names:
        found.setdefault(name, False)
    return tuple(Ordered(key, descending) for key, descending in found.items())


def _same(
    query: Query, way: Way, catalogue: Catalogue, info: dict[Attribute, Info]
) -> tuple[tuple[Attribute, Attribute], ...]:
    """The attributes that neighbours must have equal, where the mapping asks for it."""
    if query.mapping not in (Mapping.LOGICAL, Mapping.HYBRID):
        return ()
    found = []
    for left, right in way.pairs:
        sets = [
            BUILT_IN[name].attributes if name in BUILT_IN else catalogue.attributes(name)
            for name in (left, right)
        ]
        both = [n for n in sets[0] if n in sets[1] and sets[0][n].kind is sets[1][n].kind]
        if not both:
            raise InputError(
                f"mapping({query.mapping}): {left} and {right} have no attribute of the same name "
                "and type. Use mapping(PHYSICAL), which follows the activities."
            )
        for name in both:
            pair = Attribute(left, name), Attribute(right, name)
            for one in pair:
                known = catalogue.find(one.dataset, name)
                if known is not None:
                    info.setdefault(one, known)
            found.append(pair)
    return tuple(found)
