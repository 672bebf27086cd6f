"""Questions: headers, parameters, and answers that equal what was recorded."""

import io
import json
import math
import re

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_capture.home import Home
from kprov_rdf import ingest, query, tables
from kprov_rdf.errors import InputError, NotFoundError
from kprov_rdf.store import LocalStore
from tests import recording


def answer(home: Home, name: str, **given: str) -> list[dict[str, object]]:
    with ingest.open_snapshot(home) as snapshot:
        found = query.table(snapshot, query.find(name), given)
        return [dict(zip(found.columns, map(query.value, row), strict=True)) for row in found.rows]


def test_every_question_has_a_header_that_is_true() -> None:
    for question in query.catalogue().values():
        assert question.question.endswith("?"), question.name
        projected = {v.value for v in LocalStore().query(question.text).variables}
        inputs = {one.name for one in question.inputs if one.type != "limit"}
        assert inputs <= projected, question.name
        assert projected - (inputs - question.outputs.keys()) == question.outputs.keys()
        assert "PREFIX " in question.text
        assert question.group in query.GROUPS, question.name


def test_q1_loss_of_one_epoch_by_optimizer(home: Home) -> None:
    recording.record(home.path, optimizer="SGD", losses=(0.9, 0.5))
    recording.record(home.path, optimizer="Adam", losses=(0.8, 0.1 + 0.2))
    recording.record(home.path, optimizer="Nadam", losses=(0.8, 0.3), rate=0.01)
    rows = answer(home, "q1", epoch="1", rate="0.001")
    assert [(r["optimizer"], r["loss"], r["valLoss"]) for r in rows] == [
        ("Adam", 0.1 + 0.2, 0.1 + 0.2 + 0.25),
        ("SGD", 0.5, 0.75),
    ]
    assert [r["optimizer"] for r in answer(home, "q1", epoch="1", rate="1E-2")] == ["Nadam"]
    assert answer(home, "q1") == []


def test_q2_activations_and_dropouts_in_the_order_of_the_model(home: Home) -> None:
    run = recording.record(home.path)
    rows = answer(home, "q2", run=run.names.run)
    assert [tuple(row.values()) for row in rows] == [
        ("dense", "activation", "relu"), ("drop", "dropout", 0.4), ("out", "activation", "softmax")
    ]  # fmt: skip


def test_layers_in_the_order_of_the_model(home: Home) -> None:
    run = recording.record(home.path)
    rows = answer(home, "layers", run=run.names.run)
    assert [(r["name"], r["type"], r["activation"], r["dropout"], r["within"]) for r in rows] == [
        ("dense", "Dense", "relu", None, None),
        ("drop", "Dropout", None, 0.4, None),
        ("inner", "Sequential", None, None, None),
        ("out", "Dense", "softmax", None, "inner"),
    ]


def test_q3_means_over_all_epochs_of_each_optimizer(home: Home) -> None:
    recording.record(home.path, optimizer="SGD", losses=(0.9, 0.5))
    recording.record(home.path, optimizer="SGD", losses=(0.1, 0.1, 0.1))
    recording.record(home.path, optimizer="Adam", losses=(1.0,))
    rows = answer(home, "q3")
    assert [(r["optimizer"], r["epochs"]) for r in rows] == [("Adam", 1), ("SGD", 5)]
    assert rows[1]["meanLoss"] == pytest.approx(math.fsum((0.9, 0.5, 0.1, 0.1, 0.1)) / 5)
    assert rows[1]["meanTime"] == pytest.approx((0.5 + 1.5 + 0.5 + 1.5 + 2.5) / 5)


def test_questions_are_answered_while_the_training_runs(home: Home) -> None:
    run = recording.begin(home.path)
    recording.epoch(run, 0, 0.9)
    assert run.settle(10)
    assert [r["loss"] for r in answer(home, "q1", epoch="0")] == [0.9]
    assert [r["epochs"] for r in answer(home, "q3")] == [1]
    run.close()


def test_adaptations_and_summary(home: Home) -> None:
    run = recording.record(home.path)
    (change,) = answer(home, "adaptations", run=run.names.run)
    assert (change["old"], change["new"], change["epoch"]) == (0.001, 0.0005, 0)
    assert change["setting"] == "learningRate"
    with ingest.open_snapshot(home) as snapshot:
        text = (
            "SELECT ?min ?at ?max ?mean ?last { ?s dnnprov:ofMetric dnnprov:loss ; "
            "dnnprov:minimum ?min ; dnnprov:minimumEpoch ?at ; dnnprov:maximum ?max ; "
            "dnnprov:mean ?mean ; dnnprov:last ?last }"
        )
        (row,) = query.table(snapshot, query.Question("s", text), {}).rows
    assert [query.value(term) for term in row] == [0.6, 2, 0.9, pytest.approx(2.2 / 3), 0.6]


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"epoch": "third"}, "parameter epoch of q1: an xsd:integer was wanted, found 'third'"),
        ({"rate": "1,5"}, "an xsd:double was wanted"),
        ({"epochs": "3"}, "no parameter 'epochs'; it has epoch, rate"),
    ],
)
def test_a_wrong_parameter_says_what_was_wanted(given_: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        query.bind(query.find("q1"), given_)


@pytest.mark.parametrize(
    ("name", "given_", "said"),
    [
        ("leaderboard", {"metric": "*"}, "parameter metric of leaderboard: one was wanted"),
        (
            "best",
            {"best": "*"},
            "parameter best of best: one of auto, min, max was wanted, found .",
        ),
        ("lineage", {"thing": "*"}, "such as @latest#model was wanted, found ."),
        ("leaderboard", {"limit": "0"}, "a number >= 1 was wanted"),
        ("leaderboard", {"limit": "1 OFFSET 0 } #"}, "an xsd:integer was wanted"),
    ],
)
def test_what_cannot_be_any_says_so(
    home: Home, name: str, given_: dict[str, str], said: str
) -> None:
    recording.record(home.path)
    with ingest.open_snapshot(home) as store, pytest.raises(InputError, match=said):
        query.table(store, query.find(name), given_)


@pytest.mark.parametrize("digits", [18, 30, 6000])
def test_any_limit_is_one(home: Home, digits: int) -> None:
    recording.record(home.path)
    with ingest.open_snapshot(home) as store:
        answer = query.table(store, query.find("leaderboard"), {"limit": "9" * digits})
        assert len(list(answer.rows)) == 1


@pytest.mark.parametrize("name", ["x?", "x y", "", "x} #"])
def test_a_parameter_that_names_no_variable_is_told(name: str) -> None:
    question = query.Question("the command line", "SELECT ?x { ?x ?y ?z }")
    with pytest.raises(InputError, match="called as a variable"):
        query.table(LocalStore(), question, {name: "3"})


@pytest.mark.parametrize("kind", ["xsd:dateTime>=3 2020-01-01T00:00:00Z", "xsd:string>=3 abc"])
def test_a_range_of_what_is_no_number_is_told(kind: str) -> None:
    question = query.parse("x", f"# input: s {kind} -- a thing\nSELECT ?s {{ ?s ?p ?o }}")
    with pytest.raises(InputError, match="a number >= 3 was wanted"):
        query.bind(question, {})


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(InputError, match="needs the parameter run"):
        query.bind(query.find("q2"), {})


def test_an_unknown_question_is_told_what_is_like_it() -> None:
    with pytest.raises(NotFoundError, match="Did you mean leaderboard"):
        query.find("leadersboard")
    with pytest.raises(NotFoundError, match="query --list"):
        query.find("q99")


def test_a_header_that_cannot_be_read_is_named() -> None:
    with pytest.raises(InputError, match="input: epoch"):
        query.parse("x", "# input: epoch\nSELECT * {}")
    with pytest.raises(InputError, match="input: epoch"):
        query.parse("x", "# input: epoch xsd:double>=3.3.3 4 -- it\nSELECT * {}")


@given(st.floats(allow_nan=False) | st.integers() | st.booleans())
def test_a_value_is_bound_as_what_it_is(value: float) -> None:
    text = str(value).lower() if isinstance(value, bool) else str(value).replace("inf", "INF")
    assert query.value(query.guess(text)) == value


@pytest.mark.parametrize("text", ["<a b>", "<http://e/x> } DROP ALL <x>"])
def test_an_iri_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not an IRI"):
        query.guess(text)


ROW = (
    ox.NamedNode("http://e/a"),
    ox.Literal('q"\t\n,[b]'),
    ox.Literal("NaN", datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#double")),
    None,
)


def formatted(form: str) -> str:
    out = io.StringIO()
    tables.write(query.Table(["a", "b", "c", "d"], iter([ROW])), form, out)
    return out.getvalue()


def test_json_is_that_of_sparql() -> None:
    found = json.loads(formatted("json"))
    assert found["head"]["vars"] == ["a", "b", "c", "d"]
    (row,) = found["results"]["bindings"]
    assert row["a"] == {"type": "uri", "value": "http://e/a"}
    assert row["b"]["value"] == 'q"\t\n,[b]'
    assert row["c"]["datatype"].endswith("#double")
    assert "d" not in row
    parsed = ox.parse_query_results(formatted("json"), ox.QueryResultsFormat.JSON)
    assert [row["b"] for row in parsed] == [ROW[1]]


def test_csv_and_tsv_are_those_of_sparql() -> None:
    import csv

    rows = list(csv.reader(io.StringIO(formatted("csv"))))
    assert rows == [["a", "b", "c", "d"], ["http://e/a", 'q"\t\n,[b]', "NaN", ""]]
    parsed = ox.parse_query_results(formatted("tsv"), ox.QueryResultsFormat.TSV)
    assert [[row[n] for n in "abcd"] for row in parsed] == [list(ROW)]


def test_a_table_on_a_pipe_is_neither_wrapped_nor_cut(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 500 + "[bold]"
    tables.print_table(["name"], [[long]])
    assert long in capsys.readouterr().out


@pytest.mark.parametrize("columns", [50, 80, 200])
def test_a_table_on_a_terminal_loses_no_character(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """However narrow it is, cells are folded and not cut."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(tables.sys.stdout, "isatty", lambda: True, raising=False)
    names = ["name", "type", "activation", "shape", "parameters", "run"]
    rows = [["convolution", "MaxPooling2D", "relu", "None,6,6,16", "160", "http://e/" + "x" * 60]]
    tables.print_table(names, rows)
    out = re.sub(r"\x1b\[[0-9;]*m|[\s─]", "", capsys.readouterr().out)
    assert sorted(out) == sorted("".join(names + rows[0]))


@pytest.mark.parametrize("text", ["SELECT ?x { ?x ?p '\udc80' }", "SELECT ?x { ?x ?p ?o }"])
def test_what_is_not_unicode_is_told(text: str) -> None:
    with pytest.raises(InputError, match=r"surrogates|not one in Unicode"):
        query.table(
            LocalStore(),
            query.Question("the command line", text),
            {"x": "\udc80"} if "?o" in text else {},
        )
