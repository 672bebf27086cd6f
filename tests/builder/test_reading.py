"""Specifications as text and as plain data: what is read, written, and refused."""

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_rdf import builder
from kprov_rdf.builder import model as m
from kprov_rdf.builder.plaindata import from_data, to_data
from kprov_rdf.errors import InputError

LOSS = m.Attribute("otrainingmodel", "loss")
FIG4 = """mapping(physical)
source(otrainingmodel)
target(otrainingmodel)
projection(otrainingmodel.epoch_id;otrainingmodel.accuracy;otrainingmodel.loss;otrainingmodel.val_loss)
selection(otrainingmodel.val_loss<0.5)"""


def test_the_papers_example_is_read_as_it_stands() -> None:
    names = ("epoch_id", "accuracy", "loss", "val_loss")
    of = [m.Attribute("otrainingmodel", name) for name in names]
    assert builder.read(FIG4) == m.Query(
        source=("otrainingmodel",),
        target=("otrainingmodel",),
        projection=tuple(map(m.Column, of)),
        selection=m.Comparison(of[3], "<", 0.5),
    )
    # As its page writes what is left empty, and lists.
    loose = FIG4.replace("val_loss)", "val_loss;)").replace("mapping", "MAPPING") + "\ninclude()"
    assert builder.read(loose) == builder.read(FIG4)


def selection(text: str) -> m.Condition | None:
    return builder.read(f"selection({text})").selection


def test_conditions_bind_as_in_sql() -> None:
    a, b, c = (m.Comparison(LOSS, "=", n) for n in (1, 2, 3))
    ds = "otrainingmodel.loss"
    assert selection(f"{ds} = 1 OR {ds} = 2 and {ds} = 3") == m.Or((a, m.And((b, c))))
    assert selection(f"({ds}=1 or {ds}=2) AND {ds}=3") == m.And((m.Or((a, b)), c))
    assert selection(f"not {ds}=1 and {ds}=2") == m.And((m.Not(a), b))
    assert selection(f"{ds}=1 ; {ds}=2 AND {ds}=3") == m.And((a, b, c))
    assert selection(f"1 < {ds}") == m.Comparison(LOSS, ">", 1)
    assert selection(f"{ds} != :x") == m.Comparison(LOSS, "<>", m.Parameter("x"))
    assert selection(f"{ds} NOT IN (1, -2.5e3, 'it''s')") == m.Not(m.In(LOSS, (1, -2500.0, "it's")))
    assert selection(f"{ds} is not null") == m.Not(m.IsNull(LOSS))
    assert selection('ds."a ""b"".c" like \'%_\'') == m.Like(m.Attribute("ds", 'a "b".c'), "%_")


def test_what_goes_beyond_the_original() -> None:
    said = """
        # comments, and functions of any case
        AGGREGATE(avg(otrainingmodel.loss) as mean; count(*); count(distinct run.iri))
        Group(run.tag) order(mean desc; otrainingmodel.loss) limit(3) offset(1) distinct()
        parameter(tag = 'a'; n = -1) execution(:tag; my-tag_2) run(@latest; 'x y') status(FINISHED)
        after(2026-11-20T12:00:00Z) before(:until)"""
    assert builder.read(said) == m.Query(
        aggregate=(
            m.Aggregate("avg", LOSS, "mean"),
            m.Aggregate("count", None, "count"),
            m.Aggregate("count", m.Attribute("run", "iri"), "count_iri", distinct=True),
        ),
        group=(m.Attribute("run", "tag"),),
        order=(m.Order("mean", descending=True), m.Order(LOSS)),
        limit=3,
        offset=1,
        distinct=True,
        parameters=(("tag", "a"), ("n", -1)),
        runs=m.Runs(
            tags=(m.Parameter("tag"), "my-tag_2"),
            ids=("@latest", "x y"),
            after="2026-11-20T12:00:00Z",
            before=m.Parameter("until"),
            statuses=("FINISHED",),
        ),
    )


@pytest.mark.parametrize(
    ("text", "where", "told"),
    [
        ("", "line 1, column 1", "a function was wanted"),
        ("select(a.b)", "line 1, column 1", "one of the functions mapping"),
        ("source(a)\n  target(b", "line 2, column 11", "')' was wanted; it ends"),
        ("mapping(sideways)", "line 1, column 9", "PHYSICAL, LOGICAL, HYBRID, RUN"),
        ("projection(loss)", "line 1, column 12", "dataset.attribute"),
        ("source(a) source(b)", "line 1, column 11", "a second time"),
        ("selection(a.b = )", "line 1, column 17", "found ')'"),
        ("selection(a.b = 'c)", "line 1, column 17", 'found "\'c)"'),
        ("selection(a.b = 1 or)", "line 1, column 21", "an attribute or a value"),
        ("selection(1 = 1)", "line 1, column 11", "needs an attribute"),
        ("selection(a.b = 1e999)", "line 1, column 17", "too large"),
        ("selection(a.b = 1x)", "line 1, column 17", "wanted"),
        ("selection(a.b = 1 -- c\n)", "line 1, column 19", "')' was wanted"),
        ("selection(a.b = 1 /* c */)", "line 1, column 19", "')' was wanted"),
        ("selection(a.b = a.c.d)", "line 1, column 20", "')' was wanted"),
        ("limit(0)", "line 1, column 7", "a number from 1"),
        ("limit(1.5)", "line 1, column 7", "a whole number"),
        ("limit(٣)", "line 1, column 7", "a whole number"),
        ("projection(a.b as x;y)", "line 1, column 21", "dataset.attribute"),
        ("projection(a.b as ñ)", "line 1, column 19", "letters, digits and underscores"),
        ("aggregate(median(a.b))", "line 1, column 11", "count, sum, avg, min, max"),
        ("aggregate(sum(*))", "line 1, column 15", "the name of a data set"),
        ("order(select * from x)", "line 1, column 14", "')' was wanted"),
    ],
)
def test_a_slip_is_told_with_its_place(text: str, where: str, told: str) -> None:
    with pytest.raises(InputError) as error:
        builder.read(text)
    assert where in str(error.value)
    assert told in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "selection(" + "(" * 5000 + "a.b=1" + ")" * 5000 + ")",
        "selection(" + "not " * 5000 + "a.b=1)",
        "selection(" + " or ".join(["a.b=1"] * 500) + ")",
        "selection(a.b in (" + ",".join(["1"] * 5000) + "))",
        "source(" + ";".join(["a"] * 500) + ")",
        "projection(" + "a" * 100_000 + ".b)",
        "selection(a.b = '" + "'" * 70_000 + ")",
        "selection(a.b = '\ud800')",
        '{"selection":' + '{"not":' * 5000 + "1" + "}" * 5001,
        '{"selection":' + '{"not":' * 100 + '{"attribute":"a.b","null":true}' + "}" * 101,
        "[" * 100_000,
        '{"source": ["a"], "source": ["b"]}',
        '{"limit": 1e400}',
        '{"limit": NaN}',
        '{"source": ["\\ud800"]}',
    ],
    ids=lambda text: text[:30].encode("ascii", "replace").decode(),
)
def test_what_is_too_deep_too_long_or_no_text_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        builder.read(text)


@given(text=st.text(alphabet=string.printable + "é\u2028\x00", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for said in (text, f"selection({text})", f"projection({text})", f"execution({text})"):
        try:
            builder.read(said)
        except InputError as error:
            assert str(error)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, "is empty"),
        ([], "an object was wanted"),
        ({"sources": []}, "has no key 'sources'; its keys are mapping, source"),
        ({"sources": []}, "did you mean 'source'?"),
        ({"mapping": "physical"}, "mapping: one of PHYSICAL"),
        ({"source": "a"}, "source: a list was wanted"),
        ({"projection": ["loss"]}, "projection[0]: dataset.attribute was wanted, found 'loss'"),
        ({"projection": [{"attribute": "a.b", "as": "a b"}]}, "projection[0].as: the name"),
        ({"projection": [{"as": "a"}]}, "projection[0] lacks the key 'attribute'"),
        ({"aggregate": [{"function": "avg"}]}, "aggregate[0] lacks the key 'attribute'"),
        ({"aggregate": [{"function": "sum", "attribute": "a.b", "distinct": True}]}, "distinct"),
        ({"limit": True}, "limit: a whole number from 1"),
        ({"limit": 0}, "limit: a whole number from 1"),
        ({"order": [{"by": "a.b", "descend": True}]}, "did you mean 'descending'?"),
        ({"selection": {"attribute": "a.b", "op": "==", "value": 1}}, "selection.op: one of ="),
        ({"selection": {"attribute": "a.b", "op": "=", "value": None}}, "selection.value: a text"),
        ({"selection": {"attribute": "a.b", "in": []}}, "selection.in: a value or more"),
        ({"selection": {"and": [{"not": {"attribute": "a"}}]}}, "selection.and[0].not.attribute"),
        ({"selection": {"attribute": "a.b", "null": False}}, "selection is no condition"),
        ({"selection": {"attribute": "a.b", "op": "=", "value": {"parameter": "a b"}}}, "a word"),
        ({"selection": {"attribute": "a.b", "op": "=", "value": 10**30}}, "too large"),
        ({"runs": {"tags": [1]}}, "runs.tags: texts or parameters"),
        ({"parameters": {"a": {"parameter": "b"}}}, "parameters.a: a word with a value"),
    ],
)
def test_a_wrong_key_is_named(data: object, told: str) -> None:
    with pytest.raises(InputError) as error:
        from_data(data)
    assert told in str(error.value)


# -- what is written is read as the same

texts = st.text(max_size=8).filter(lambda text: text.encode("utf-8", "ignore").decode() == text)
names = st.one_of(
    st.sampled_from(
        ["otrainingmodel", "and", "NULL", "true", "été", "a b", 'q"', "x.y", "1a", "#"]
    ),
    texts.filter(bool),
)
attributes = st.builds(m.Attribute, names, names)
aliases = st.from_regex(m.ALIAS, fullmatch=True)
plain = st.one_of(
    st.booleans(),
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)  # fmt: skip
parameters = st.builds(m.Parameter, st.sampled_from(["x", "until", "größe", "_1"]))
operands = plain | parameters
said = st.one_of(texts.filter(bool), parameters)
condition: st.SearchStrategy[m.Condition] = st.recursive(
    st.one_of(
        st.builds(m.Comparison, attributes, st.sampled_from(m.OPERATORS), operands | attributes),
        st.builds(m.In, attributes, st.lists(operands, min_size=1, max_size=3).map(tuple)),
        st.builds(m.Like, attributes, operands),
        st.builds(m.IsNull, attributes),
    ),
    lambda inner: st.one_of(
        st.builds(m.Not, inner),
        st.lists(inner, min_size=2, max_size=3).map(m.all_of),
        st.lists(inner, min_size=2, max_size=3).map(m.any_of),
    ),
    max_leaves=6,
)
aggregates = st.one_of(
    st.builds(m.Aggregate, st.sampled_from(m.FUNCTIONS), attributes, aliases),
    st.builds(m.Aggregate, st.just("count"), st.none(), aliases),
    st.builds(m.Aggregate, st.just("count"), attributes, aliases, st.just(True)),
)


def many(of: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, max_size=3).map(tuple)


models = st.builds(
    m.Query,
    mapping=st.sampled_from(m.Mapping),
    source=many(names),
    target=many(names),
    include=many(names),
    exclude=many(names),
    projection=many(st.builds(m.Column, attributes, st.none() | aliases)),
    selection=st.none() | condition,
    aggregate=many(aggregates),
    group=many(attributes),
    order=many(st.builds(m.Order, aliases | attributes, st.booleans())),
    distinct=st.booleans(),
    limit=st.none() | st.integers(1, 2**31 - 1),
    offset=st.integers(0, 2**31 - 1),
    runs=st.builds(m.Runs, many(said), many(said), st.none() | said, st.none() | said, many(said)),
    parameters=st.dictionaries(st.sampled_from(["x", "until", "é"]), plain).map(
        lambda found: tuple(found.items())
    ),
).filter(lambda query: query != m.Query())


@given(query=models)
def test_what_is_written_is_read_as_the_same(query: m.Query) -> None:
    assert builder.read(builder.write(query)) == query
    assert from_data(to_data(query)) == query
    assert builder.read(json.dumps(to_data(query))) == query
