"""SPARQL, SQL and plain Python answer the same question with the same rows."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kprov_rdf import builder, query
from kprov_rdf.builder import mirrored
from kprov_rdf.builder import model as m
from kprov_rdf.builder.datasets import BUILT_IN
from kprov_rdf.builder.mirrored import Ask
from kprov_rdf.mirror import columns
from kprov_rdf.store import LocalStore
from tests.builder.made import Made, alike, answer

NUMBERS = {
    "itrainingmodel": ["learning_rate", "k", "l", "momentum", "batch_size"],
    "otrainingmodel": ["epoch_id", "elapsed_time", "loss", "val_loss", "accuracy", "learning_rate",
                       'f1 of "all"'],
    "otestingmodel": ["otest_loss", "otest_accuracy", "otest_r2_score"],
    "oadaptation": ["new_lrate", "old_lrate", "epoch_id", "adaptation_id"],
    "ilayers": ["position", "place"],
}  # fmt: skip
TEXTS = {
    "itrainingmodel": ["optimizer_name", "activation"],
    "oadaptation": ["technique", "reason"],
    "ilayers": ["name", "attribute_type", "value", "within"],
    "run": ["tag", "iri", "status"],
}
COMBINED = [
    *([one] for one in NUMBERS),
    ["itrainingmodel", "otrainingmodel"],
    ["ilayers", "otrainingmodel"],
    ["otrainingmodel", "oadaptation"],
    ["otrainingmodel", "otestingmodel"],
    ["itrainingmodel", "oadaptation"],
    ["itrainingmodel", "otestingmodel"],
    ["itrainingmodel", "otrainingmodel", "otestingmodel"],
]
WORDS = ["Adam", "SGD", "it's 50% \\ \"new\"", "relu", "tanh", "alexnet", "FINISHED", "step", "",
         "dense",
         "activation", "softmax"]  # fmt: skip
PATTERNS = ["%", "A%", "_dam", "%'%", "%\\%", "%50\\% %", "%new%", "", "re_u", "%e%n%"]
FIGURES = [0, 1, 2, 24, 4.0, 0.001, 0.5, 0.7, 1 / 3, 0.75, -1, 1e-300, 0.2, 0.25]


def of(dataset: str, name: str) -> m.Attribute:
    return m.Attribute(dataset, name)


def conditions(
    numbers: list[m.Attribute], texts: list[m.Attribute]
) -> st.SearchStrategy[m.Condition]:
    number, figure = st.sampled_from(numbers), st.sampled_from(FIGURES)
    sign = st.sampled_from(m.OPERATORS)
    simple: list[st.SearchStrategy[m.Condition]] = [
        st.builds(m.Comparison, number, sign, figure),
        st.builds(m.Comparison, number, sign, number),
        st.builds(m.In, number, st.lists(figure, min_size=1, max_size=3).map(tuple)),
        st.builds(m.IsNull, st.sampled_from([*numbers, *texts])),
    ]
    if texts:
        text, word = st.sampled_from(texts), st.sampled_from(WORDS)
        simple += [
            st.builds(m.Comparison, text, sign, word),
            st.builds(m.In, text, st.lists(word, min_size=1, max_size=3).map(tuple)),
            st.builds(m.Like, text, st.sampled_from(PATTERNS)),
        ]
    return st.recursive(
        st.one_of(simple),
        lambda inner: st.one_of(
            st.builds(m.Not, inner),
            st.lists(inner, min_size=2, max_size=3).map(m.all_of),
            st.lists(inner, min_size=2, max_size=3).map(m.any_of),
        ),
        max_leaves=4,
    )


@st.composite
def queries(draw: st.DrawFn) -> m.Query:
    """Questions over the runs: of each data set that is joined at least one attribute is shown."""
    sets = draw(st.sampled_from(COMBINED))
    mapping = draw(st.sampled_from([*m.Mapping, m.Mapping.PHYSICAL, m.Mapping.PHYSICAL]))
    if mapping in (m.Mapping.LOGICAL, m.Mapping.HYBRID) and len(sets) > 1:
        sets = draw(st.sampled_from([["itrainingmodel", "otrainingmodel"],
                                     ["otrainingmodel", "oadaptation"],
                                     ["itrainingmodel", "oadaptation"]]))  # fmt: skip
    told = [] if mapping is m.Mapping.LOGICAL and len(sets) > 1 else ["run"]
    numbers = [of(one, name) for one in sets for name in NUMBERS[one]]
    texts = [of(one, name) for one in [*sets, *told] for name in TEXTS.get(one, [])]
    each = [draw(st.sampled_from([of(one, n) for n in NUMBERS[one]])) for one in sets]
    more = draw(st.lists(st.sampled_from([*numbers, *texts]), max_size=2))
    shown = list(dict.fromkeys([*each, *more]))
    selection = draw(st.none() | conditions(numbers, texts))
    columns = tuple(m.Column(one, f"c{n}") for n, one in enumerate(shown))
    limit, offset = draw(st.none() | st.integers(1, 4)), draw(st.integers(0, 2))
    tags = draw(st.sampled_from([(), (), ("alexnet",), ("densenet", "empty")]))
    base = m.Query(mapping, projection=columns, selection=selection, limit=limit, offset=offset,
                   runs=m.Runs(tags=tags))  # fmt: skip
    if draw(st.booleans()):
        return _grouped(draw, base, shown, numbers)
    distinct = draw(st.booleans())
    orders = shown if distinct else [*shown, *numbers]
    keys: list[Any] = [*orders, *(one.alias for one in columns)]
    order = draw(st.lists(st.builds(m.Order, st.sampled_from(keys), st.booleans()), max_size=2))
    return m.Query(**{**vars(base), "distinct": distinct, "order": _once(order, base)})


def _once(order: list[m.Order], base: m.Query) -> tuple[m.Order, ...]:
    """Each key once: a column and its attribute are the same key."""
    by = {one.attribute: one.alias for one in base.projection}
    found: dict[Any, m.Order] = {}
    for one in order:
        found.setdefault(
            by.get(one.key, one.key) if isinstance(one.key, m.Attribute) else one.key, one
        )
    return tuple(found.values())


def _grouped(
    draw: st.DrawFn, base: m.Query, shown: list[m.Attribute], numbers: list[m.Attribute]
) -> m.Query:
    each = draw(st.lists(st.tuples(st.sampled_from(m.FUNCTIONS), st.sampled_from(numbers),
                                   st.booleans()), min_size=1, max_size=3))  # fmt: skip
    aggregates = [
        m.Aggregate(function, one, f"a{n}", distinct and function == "count")
        for n, (function, one, distinct) in enumerate(each)
    ]
    aggregates.append(m.Aggregate("count", None, "rows"))
    keys = draw(st.sampled_from([shown[:1], shown, []]))
    # All sets stay in the question, whatever the keys are.
    aggregates += [m.Aggregate("count", one, f"n{n}") for n, one in enumerate(shown)]
    projection = base.projection[: len(keys)]
    order = draw(st.lists(st.sampled_from(aggregates), max_size=2, unique=True))
    orders = tuple(
        m.Order(one.alias, draw(st.booleans())) for one in order if one.function != "avg"
    )
    return m.Query(**{**vars(base), "projection": projection, "aggregate": tuple(aggregates),
                      "order": orders})  # fmt: skip


def values(table: query.Table) -> list[tuple[Any, ...]]:
    return [tuple(query.value(cell) for cell in row) for row in table.rows]


@settings(max_examples=400)
@given(asked=queries())
def test_sparql_answers_as_python_does(
    store: LocalStore, known: list[Made], asked: m.Query
) -> None:
    found = values(builder.ask(store, asked))
    wanted = answer(known, asked)
    assert alike(found, wanted), (found, wanted, builder.sparql(asked, store).text)


@settings(max_examples=100)
@given(asked=queries())
def test_sql_answers_as_sparql_does(store: LocalStore, tables: Ask, asked: m.Query) -> None:
    mine, theirs = builder.ask(store, asked), mirrored.ask_mirror(tables, asked)
    assert mine.columns == theirs.columns
    left, right = values(mine), values(theirs)
    assert alike(left, right), (left, right, mirrored.sql(asked, tables).text)


@pytest.mark.parametrize("sign", ["", " desc"])
def test_nulls_are_last_where_rows_are_cut(store: LocalStore, tables: Ask, sign: str) -> None:
    text = f"projection(itrainingmodel.learning_rate as x) order(x{sign}) limit(1)"
    wanted = [(0.01 if sign else 0.001,)]
    assert values(builder.ask(store, builder.read(text))) == wanted
    assert values(mirrored.ask_mirror(tables, builder.read(text))) == wanted


def test_attributes_are_called_as_the_mirror_calls_its_columns() -> None:
    for one in (columns.SETTINGS, columns.EPOCHS, columns.TESTS):
        known = BUILT_IN[one.name].attributes
        assert list(known) == [one.timestamp, *one.known.values()]
        of_property = {p: name for name, info in known.items() for p in info.properties}
        assert of_property == dict(one.known)
    for name, of in (("oadaptation", columns.ADAPTATIONS), ("ilayers", columns.LAYERS)):
        assert {column for column, _ in of[2:]} <= set(BUILT_IN[name].attributes)


@pytest.mark.parametrize("dataset", [*NUMBERS, "run"])
def test_everything_of_a_data_set(store: LocalStore, tables: Ask, dataset: str) -> None:
    names = TEXTS["run"] + ["started", "ended", "optimizer_name", "learning_rate"]
    shown = tuple(m.Column(of("run", name)) for name in names) if dataset == "run" else ()
    asked = m.Query(source=(dataset,), target=(dataset,), projection=shown)
    asked = m.Query(projection=shown) if shown else asked
    mine, theirs = builder.ask(store, asked), mirrored.ask_mirror(tables, asked)
    assert mine.columns == theirs.columns
    assert values(mine) == values(theirs) != []
