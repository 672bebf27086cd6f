"""The part of YAML that trackers write; what could become large or an object is refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.errors import InputError, KprovError
from kprov_rdf.exchange.foreign import flatyaml

# What PyYAML's safe_dump makes of such values, as MLflow writes its files.
WRITTEN = r"""
artifact_uri: file:///tmp/digits/1
empty: ''
end_time: 1795295661480
float: 1.0e-07
folded: 'a text that is longer than eighty characters, so that it goes on in the next
  line, it''s so'
list:
- 1
- a: true
  b: null
- - x
  - y
nested:
  deep:
    er: {}
  list: []
number_text: '0'
quoted: "tab\t, \u263a, \U0001F600, \x07 and a long text that has to be broken somewhere\
  \ by a backslash"
spread: 'one

  two


  three'
"""
VALUES = {
    "artifact_uri": "file:///tmp/digits/1",
    "empty": "",
    "end_time": 1795295661480,
    "float": 1e-07,
    "folded": "a text that is longer than eighty characters, so that it goes on in the next "
    "line, it's so",
    "list": [1, {"a": True, "b": None}, ["x", "y"]],
    "nested": {"deep": {"er": {}}, "list": []},
    "number_text": "0",
    "quoted": "tab\t, ☺, 😀, \x07 and a long text that has to be broken somewhere by a backslash",
    "spread": "one\ntwo\n\nthree",
}


def load(text: str) -> object:
    return flatyaml.load(text.encode(), "x.yaml")


def test_what_trackers_write() -> None:
    assert load(WRITTEN) == VALUES
    assert load(WRITTEN.replace("\n", "\r\n")) == VALUES
    assert load("---\n# a comment\n" + WRITTEN) == VALUES


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# nothing\n", None),
        ("a: .inf\nb: -.inf\n", {"a": math.inf, "b": -math.inf}),
        ("a:\nb: ~\n", {"a": None, "b": None}),
        ("a: b # c\n'x y': z\n", {"a": "b", "x y": "z"}),
        ("a: |\n  one\n   two\n\n  three\nb: |-\n  x\n", {"a": "one\n two\n\nthree\n", "b": "x"}),
        ("a: http://x/#y\n", {"a": "http://x/#y"}),
        ('a: ["x", 1]\n', {"a": ["x", 1]}),
        ("a: 1\n  2\n", {"a": "1 2"}),
        ("- a\n-\n- - b\n", ["a", None, ["b"]]),
        ('"\\ud83d\\ude00": 1\n', {"😀": 1}),
        ("-1: x\n", {"-1": "x"}),
    ],
)
def test_scalars_and_blocks(text: str, value: object) -> None:
    assert load(text) == value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: &x [1]\n", "x.yaml:1: It has an anchor"),
        ("a: 1\nb: *x\n", "x.yaml:2: It has an alias"),
        ("a: !!python/object:os.system x\n", "a tag"),
        ("<<: 1\n", "merge key"),
        ("%TAG ! x\n", "a directive"),
        ("a: 1\n---\nb: 2\n", "more than one document"),
        ("a: 1\na: 2\n", "x.yaml:2: It has the key 'a' twice"),
        ("a: >\n  x\n", "a folded text"),
        ("? a\n: b\n", "a compound key"),
        ("a: {b: c}\n", "read as JSON only"),
        ("a: " + "[" * 100_000 + "\n", "read as JSON only"),
        ("a: 'x\n", "does not end"),
        ("a: 'x' y\n", "behind a quoted text"),
        ('a: "\\q"\n', "no escape"),
        ('a: "\\ud800"\n', "no character"),
        ("\ta: 1\n", "a tab"),
        ("a:\n    b: 1\n  c: 2\n", "indented wrong"),
    ],
)
def test_the_rest_is_refused_with_its_line(text: str, told: str) -> None:
    with pytest.raises(MalformedError) as raised:
        load(text)
    assert told in str(raised.value)


def test_depth_and_size_have_limits() -> None:
    deep = "\n".join(" " * at + "a:" for at in range(100))
    with pytest.raises(MalformedError, match="30 levels"):
        load(deep)
    with pytest.raises(MalformedError, match="30 levels"):
        load("- " * 5000 + "x")
    with pytest.raises(InputError, match="8 MiB"):
        flatyaml.load(bytes((8 << 20) + 1), "x.yaml")
    with pytest.raises(InputError, match="not UTF-8"):
        flatyaml.load(b"a: \xff", "x.yaml")


@pytest.mark.parametrize(
    "text",
    ["a" * 1_000_000, "'" * 999_999, "a: '" + "\n" * 999_999, " :" * 500_000, "a" + " " * 999_999,
     '"' + "\\" * 999_999, "- " * 25 + "'" + "''" * 499_999],
)  # fmt: skip
def test_long_lines_take_no_longer_than_they_are_long(text: str) -> None:
    # With a cost that grows with the square these would not end.
    try:
        load(text)
    except KprovError as error:
        assert "x.yaml" in str(error)


@given(st.text(alphabet="ab:-# '\"\n\\[]{}&*!|>%0.~\t", max_size=80))
def test_garbage_gives_a_value_or_a_clear_error(text: str) -> None:
    try:
        load(text)
    except KprovError as error:
        assert "x.yaml" in str(error)
