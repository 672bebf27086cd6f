"""kprov_capture.nquads: what is written is what is read, by value."""

import math
from datetime import UTC, datetime

import pyoxigraph as ox
from hypothesis import given
from hypothesis import strategies as st

from kprov_capture.nquads import Graph, term

XSD = "http://www.w3.org/2001/XMLSchema#"


def read_back(value: object) -> ox.Literal:
    graph = Graph("http://e/g")
    graph.node("http://e/s", (), ("http://e/p", value))  # type: ignore[arg-type]
    (quad,) = ox.parse(graph.text().encode(), ox.RdfFormat.N_QUADS)
    assert isinstance(quad.object, ox.Literal)
    return quad.object


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text(text: str) -> None:
    assert read_back(text).value == text


def test_a_lone_surrogate_is_written_as_its_escape() -> None:
    assert read_back("a\udc80b").value == r"a\udc80b"


@given(st.floats(allow_nan=False))
def test_doubles_are_exact(number: float) -> None:
    literal = read_back(number)
    assert literal.datatype.value == XSD + "double"
    assert float(literal.value.replace("INF", "inf")) == number


def test_nan_and_infinities_are_values() -> None:
    assert [term(x).split("^^")[0] for x in (math.nan, math.inf, -math.inf)] == [
        '"NaN"',
        '"INF"',
        '"-INF"',
    ]


@given(st.integers())
def test_integers(number: int) -> None:
    assert read_back(number) == ox.Literal(str(number), datatype=ox.NamedNode(XSD + "integer"))


def test_a_boolean_is_no_integer() -> None:
    assert read_back(True).datatype.value == XSD + "boolean"


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1, 1, 1)))
def test_times_have_a_zone(time: datetime) -> None:
    assert datetime.fromisoformat(read_back(time).value) == time
    assert read_back(time).value.endswith("Z")


def test_none_says_nothing() -> None:
    graph = Graph("http://e/g")
    graph.node("http://e/s", (), ("http://e/p", None))
    assert graph.text() == ""
