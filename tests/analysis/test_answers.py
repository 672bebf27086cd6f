"""Answers: rows, parameters, types of columns, files."""

import csv
import gc
import pickle
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kprov_rdf
from kprov_capture.home import create
from kprov_capture.terms import XSD_NAMESPACE
from kprov_rdf import builder
from kprov_rdf.analysis.result import FIRST, Result, Triples
from kprov_rdf.analysis.rows import IRI, Row
from kprov_rdf.errors import InputError, NotFoundError
from kprov_rdf.ingest import make_whole, opened
from kprov_rdf.query import Table

TYPES = """SELECT ?int ?double ?bool ?time ?text ?iri ?none ?mixed ?number {
  VALUES (?order ?int ?double ?bool ?time ?text ?iri ?none ?mixed ?number) {
    (1 7 "1.5"^^xsd:double true "2026-11-22T01:02:03.5+01:00"^^xsd:dateTime "a" <urn:a> UNDEF 1 1)
    (2 UNDEF "NaN"^^xsd:double UNDEF UNDEF UNDEF UNDEF UNDEF "b" "2.5"^^xsd:double)
    (3 -1 UNDEF false "2026-11-22T00:00:00"^^xsd:dateTime "ü"@de <urn:b> UNDEF UNDEF UNDEF)
  } } ORDER BY ?order"""


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A store with 100,000 statements of two columns."""
    home = create(tmp_path_factory.mktemp("large") / "home")
    lines = (
        f'<urn:s{n}> <urn:value> "{n / 8}"^^<http://www.w3.org/2001/XMLSchema#double> <urn:g> .\n'
        for n in range(100_000)
    )
    with opened(home) as found:
        make_whole(home, found)  # so that no other opener builds it anew
        found.load("".join(lines).encode())
    with kprov_rdf.open(home) as store:
        yield store


def test_a_thing_is_named_by_its_run(store) -> None:
    run = store.run("test-flow")
    given = (f"{run.iri}#model", IRI(f"{run.iri}#model"), ox.NamedNode(f"{run.iri}#model"),
             "test-flow#model", f"{run.short}#model")  # fmt: skip
    answers = [[row.source for row in store.query("lineage", thing=one)] for one in given]
    assert f"{run.iri}#train-set" in answers[0]
    assert all(one == answers[0] for one in answers)
    latest = [row.source for row in store.query("lineage")]
    assert latest == [row.source for row in store.query("lineage", thing="@latest#model")]
    with pytest.raises(NotFoundError, match="no run 'nosuch'"):
        store.query("lineage", thing="nosuch#model")


def test_a_named_question_with_parameters_of_python(store) -> None:
    found = store.query("q1", epoch=np.int64(1), rate=0.001)
    assert found.columns == ["optimizer", "loss", "valLoss", "run"]
    assert len(found) == 1
    row = found[0]
    assert (row.loss, row["optimizer"], row[2]) == (0.7, "Adam", 0.95)
    assert row.run == store.run("test-flow").iri
    assert dict(row)["valLoss"] == 0.95
    optimizer, loss, *_ = row
    assert (optimizer, loss) == ("Adam", 0.7)
    assert pickle.loads(pickle.dumps(row)) == row
    assert pickle.loads(pickle.dumps(row)).loss == 0.7
    with pytest.raises(AttributeError, match="no column 'lss'; the columns are optimizer"):
        row.lss  # noqa: B018
    with pytest.raises(KeyError, match="lss"):
        row["lss"]


def test_wrong_parameters_unknown_names_and_empty_answers_say_so(store) -> None:
    with pytest.raises(InputError, match="no parameter 'epok'"):
        store.query("q1", epok=3)
    with pytest.raises(InputError, match="integer"):
        store.query("q1", epoch="three")
    with pytest.raises(InputError, match="integer"):
        store.query("q1", epoch=1.5)
    with pytest.raises(NotFoundError, match="no run 'nobody'"):
        store.query("q2", run="nobody")
    with pytest.raises(NotFoundError, match="no query named 'q99'"):
        store.query("q99")
    with pytest.raises(InputError, match="not SPARQL"):
        store.query("SELECT ?s { ?s ?p }")
    with pytest.raises(InputError, match="without a zone"):
        store.query("SELECT ?t { ?s ?p ?t }", t=datetime(2026, 1, 1))
    with pytest.raises(InputError, match="cannot be a list"):
        store.query("SELECT ?t { ?s ?p ?t }", t=[1])
    empty = store.query("q1", epoch=99)
    assert not empty
    assert list(empty) == []
    assert "no rows for epoch=99" in repr(empty)
    assert "no rows for epoch=99" in empty._repr_html_()
    assert len(empty.to_pandas()) == len(empty.to_arrow()) == 0


def test_a_run_is_a_parameter_by_itself_by_its_iri_and_by_its_name(store) -> None:
    run = store.run("test-flow")
    text = "SELECT ?run ?epoch { GRAPH ?run { ?m dnnprov:epoch ?epoch } } ORDER BY ?epoch"
    rows = [list(store.query("epochs", run=one)) for one in (run, run.iri, run.short, "test-flow")]
    assert [len(one) for one in rows] == [3] * 4
    assert all(one == rows[0] for one in rows)
    found = store.query(text, run=run)
    assert [row.epoch for row in found] == [0, 0, 1, 2]  # one adaptation, three metrics
    assert isinstance(found[0].run, IRI)
    assert list(store.query(text, run=found[0].run)) == list(found)
    assert list(store.query(text, run=f"<{run.iri}>")) == list(found)
    assert len(store.query(text, run="text")) == 0  # text, and no name of a run


@pytest.mark.parametrize(
    ("value", "term"),
    [
        (3, "3"), (np.int32(3), "3"), (True, "true"), (np.bool_(False), "false"),
        (0.5, '"0.5"^^xsd:double'), (float("inf"), '"INF"^^xsd:double'),
        ("a'\"b\n", '"a\'\\"b\\n"'),
        (datetime(2026, 1, 2, tzinfo=UTC), '"2026-01-02T00:00:00Z"^^xsd:dateTime'),
        (date(2026, 1, 2), '"2026-01-02"^^xsd:date'), (IRI("urn:x"), "<urn:x>"),
    ],
)  # fmt: skip
def test_values_of_python_are_terms(store, value, term) -> None:
    assert store.query(f"SELECT ?v {{ VALUES ?v {{ {term} }} }}", v=value)


def test_a_file_is_a_question(store, tmp_path) -> None:
    path = tmp_path / "my question.rq"
    path.write_text(
        "# input: least xsd:double 0.0 -- least loss\n# output: loss -- the loss\n"
        "SELECT ?least ?loss { ?m dnnprov:epoch ?e ; dnnprov:loss ?loss "
        "FILTER (?loss >= ?least) } ORDER BY ?loss"
    )
    assert [row.loss for row in store.query(path, least=0.65)] == [0.7, 0.9]
    assert len(store.query(str(path))) == 5


def test_each_column_has_one_type(store) -> None:
    found = store.query(TYPES)
    first, second, third = found
    assert first[:6] == (7, 1.5, True, datetime(2026, 11, 22, 0, 2, 3, 500000, UTC), "a", "urn:a")
    assert third.time == datetime(2026, 11, 22, tzinfo=UTC)
    assert second[:1] + second[2:7] == (None,) * 6
    frame = found.to_pandas()
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "int": "Int64", "double": "float64", "bool": "boolean",
        "time": "datetime64[us, UTC]", "text": "string", "iri": "string",
        "none": "float64", "mixed": "object", "number": "float64",
    }  # fmt: skip
    assert frame.isna().sum().to_dict() == {
        "int": 1, "double": 2, "bool": 1, "time": 1, "text": 1, "iri": 1,
        "none": 3, "mixed": 1, "number": 1,
    }  # fmt: skip
    assert frame["mixed"].tolist() == [1, "b", None]
    assert frame["int"].tolist()[0] == 7
    table = found.to_arrow()
    assert table.schema == pa.schema(
        [
            ("int", pa.int64()), ("double", pa.float64()), ("bool", pa.bool_()),
            ("time", pa.timestamp("us", "UTC")), ("text", pa.string()), ("iri", pa.string()),
            ("none", pa.null()), ("mixed", pa.string()), ("number", pa.float64()),
        ]
    )  # fmt: skip
    assert table["mixed"].to_pylist() == ["1", "b", None]
    by_interface = pa.table(found)  # the one that others use too
    assert by_interface.drop(["double"]).equals(table.drop(["double"]))
    # NaN is a value, and no missing one.
    assert [table["double"].null_count, np.isnan(table["double"][1].as_py())] == [1, True]


def test_whole_numbers_beyond_64_bits_stay_what_they_are(store) -> None:
    found = store.query(f"SELECT ?n {{ VALUES ?n {{ 1 {2**70} }} }}")
    assert found.to_pandas()["n"].tolist() == [1, 2**70]
    assert found.to_arrow()["n"].to_pylist() == ["1", str(2**70)]


def test_csv_reads_as_the_same_values(store, tmp_path) -> None:
    store.query(TYPES).to_csv(tmp_path / "types.csv")
    with open(tmp_path / "types.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["int"] for row in rows] == ["7", "", "-1"]
    assert [row["bool"] for row in rows] == ["true", "", "false"]
    assert rows[0]["time"] == "2026-11-22T00:02:03.500000+00:00"
    found = store.query("epochs", run="test-flow")
    found.to_csv(tmp_path / "epochs.csv")
    read = pd.read_csv(tmp_path / "epochs.csv")
    assert read["loss"].tolist() == found.column("loss")


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.none() | st.floats(),
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.text(st.characters(exclude_categories=["Cs"])),
        ),
        max_size=30,
    )
)
def test_values_come_through_every_form_as_they_are(tmp_path_factory, rows) -> None:
    terms = [tuple(map(_term, row)) for row in rows]
    found = Result(lambda: Table(["x", "n", "t"], iter(terms)))
    assert repr([tuple(row) for row in found]) == repr(rows)
    assert repr([tuple(one.values()) for one in found.to_arrow().to_pylist()]) == repr(rows)
    path = tmp_path_factory.mktemp("csv") / "rows.csv"
    found.to_csv(path)
    with open(path, encoding="utf-8", newline="") as file:
        read = [(x and float(x), n and int(n), t) for x, n, t in list(csv.reader(file))[1:]]
    assert repr(read) == repr([tuple("" if one is None else one for one in row) for row in rows])


def _term(value):
    if isinstance(value, float):
        text = repr(value).replace("inf", "INF").replace("nan", "NaN")
        return ox.Literal(text, datatype=ox.NamedNode(f"{XSD_NAMESPACE}double"))
    return None if value is None else ox.Literal(value)


def test_ask_is_a_bool_and_construct_a_graph(store) -> None:
    assert store.query("ASK { ?run a dnnprov:Training }") is True
    assert store.query("ASK { ?run a dnnprov:nothing }") is False
    found = store.query("CONSTRUCT { ?m dnnprov:loss ?l } { ?m dnnprov:epoch ?e; dnnprov:loss ?l }")
    assert isinstance(found, Triples)
    assert len(found) == len(found.graph()) == 5
    assert {row.object for row in found} == {0.9, 0.7, 0.6, 0.5, 0.4}
    assert "dnnprov:loss" in found.serialize("ttl")
    with pytest.raises(InputError, match="no RDF format 'doc'"):
        found.serialize("doc")
    iri = store.run("test-flow").iri
    assert {row.predicate.rpartition("#")[2] for row in store.query(f"DESCRIBE <{iri}>")} >= {
        "wasAttributedTo"
    }


def test_a_large_answer_is_read_when_it_is_wanted(large) -> None:
    found = large.query("SELECT ?s ?value { ?s <urn:value> ?value }")
    assert f"more than {FIRST:,} rows" in repr(found)
    assert found[:2] == found[0:2]
    assert len(found._rows) == FIRST
    assert sum(row.value for row in found) == sum(range(100_000)) / 8
    assert len(found) == 100_000
    assert found[-1] == found[99_999]
    assert found[99_998:] == found[-2:]
    assert "100,000 rows" in repr(found)


def test_batches_hold_little_at_a_time(large) -> None:
    found = large.query("SELECT ?s ?value { ?s <urn:value> ?value }")
    table = found.to_arrow()
    assert (table.num_rows, len(found._rows)) == (100_000, FIRST)
    total, rows, alive = 0.0, 0, 0
    for number, batch in enumerate(found.batches(5000)):
        assert batch.num_rows == 5000
        rows += batch.num_rows
        total += sum(batch["value"].to_pylist())
        if number == 10:
            alive = sum(isinstance(one, Row) for one in gc.get_objects())
    assert (rows, total) == (100_000, sum(range(100_000)) / 8)
    assert FIRST <= alive <= FIRST + 2 * 5000
    assert found.to_pandas()["value"].sum() == total


def test_an_answer_can_be_read_in_another_thread(large) -> None:
    found: Result = large.query("SELECT ?s ?value { ?s <urn:value> ?value }")
    read: list[int] = []
    thread = threading.Thread(target=lambda: read.append(len(found)))
    thread.start()
    thread.join()
    assert read == [100_000]
    stream = large.query("SELECT ?s ?value { ?s <urn:value> ?value }").stream()
    next(stream)
    refused: list[type] = []

    def go_on() -> None:
        try:
            next(stream)
        except InputError as error:
            refused.append(type(error))

    thread = threading.Thread(target=go_on)
    thread.start()
    thread.join()
    assert refused == [InputError]


def test_what_is_not_installed_is_told(store, monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(kprov_rdf.errors.UnsupportedError, match=r"pip install '\.\[analysis\]'"):
        store.query("q1", epoch=0).to_arrow()


def test_runs_are_chosen(store) -> None:
    assert [run.optimizer for run in store.runs()] == ["SGD", "Adam"]
    assert [run.optimizer for run in store.runs(tag="test-flow")] == ["Adam"]
    assert len(store.runs(status="finished", optimizer="SGD")) == 1
    assert store.runs(since=datetime(2100, 1, 1, tzinfo=UTC)) == []
    assert store.run("@latest") == store.run() == store.runs()[0]
    frame = store.runs().to_pandas()
    assert frame["epochs"].tolist() == [2, 3]
    assert str(frame["started"].dtype) == "datetime64[us, UTC]"
    with pytest.raises(NotFoundError, match="no run 'nobody'"):
        store.run("nobody")


def test_what_is_no_question_is_told(store) -> None:
    with pytest.raises(NotFoundError, match="nothing"):
        store.query(Path("nothing.rq"))
    with pytest.raises(InputError, match="found a list"):
        store.query(["q1"])
    names = store.questions().column("name")
    assert {"q1", "runs", "adaptations"} <= set(names)


def test_a_specification_is_a_question(store) -> None:
    text = (
        "projection(otrainingmodel.epoch_id; otrainingmodel.loss)\n"
        "selection(otrainingmodel.epoch_id < :before)\norder(otrainingmodel.epoch_id desc)"
    )
    found = store.query(text, before=2)
    assert found.columns == ["epoch_id", "loss"]
    assert [row.epoch_id for row in found] == [1, 1, 0, 0][-len(found) :]
    assert list(store.query(builder.to_data(builder.read(text)), before=2)) == list(found)
    with pytest.raises(InputError, match="is a text, a number or a boolean; found a list"):
        store.query(text, before=[2])
    with pytest.raises(InputError, match="otrainingmodel has no attribute"):
        store.query("projection(otrainingmodel.lost)")
