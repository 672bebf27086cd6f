"""Dumps of Keras-Prov's database: the authors' own, and one of the later kind that is made here."""

import contextlib
import json
import math
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_rdf.errors import KprovError
from kprov_rdf.exchange.foreign import kerasprov
from kprov_rdf.exchange.sources import Source
from tests.conftest import SHARED
from tests.exchange.made_dump import PUBLIC, TRIALS
from tests.exchange.said import Said, empty, read

DUMP = SHARED / "data" / "keras-prov" / "dump.sql"
needs_dump = pytest.mark.skipif(not DUMP.exists(), reason=f"there is no {DUMP}")


def dump() -> Said:
    return read(Source(str(DUMP)), kerasprov.read)


def of(text: str) -> Said:
    return read(Source("dump.sql", text.encode()), kerasprov.read)


@pytest.fixture(scope="module")
def rows() -> sqlite3.Connection:
    """The rows of the authors' dump as a database, read from the file by nothing of kprov's."""
    if not DUMP.exists():
        pytest.skip(f"there is no {DUMP}")
    found = sqlite3.connect(":memory:")
    text = DUMP.read_text()
    for match in re.finditer(r'COPY (\d+) RECORDS INTO "([^"]+)"\."([^"]+)".*\n', text):
        lines = text[match.end() :].split("\n")[: int(match[1])]
        cells = [[cell.strip().strip('"') for cell in line.split("|")] for line in lines]
        columns = re.findall(r'^"(\w+)"', _definition(text, match[2], match[3]), re.MULTILINE)
        table = f'"{match[2]}.{match[3]}"'
        found.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
        found.executemany(
            f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})",  # noqa: S608
            [[_cell(one) for one in row] for row in cells],
        )
    return found


def _definition(text: str, schema: str, table: str) -> str:
    start = text.index(f'CREATE TABLE "{schema}"."{table}"')
    return text[start : text.index(");\n", start)]


def _cell(text: str) -> Any:
    try:
        return None if text == "NULL" else float(text)
    except ValueError:
        return text


def each_trial(columns: str) -> str:
    """A SELECT of both tables of each trial, one after the other."""
    return " UNION ALL ".join(
        f'SELECT {columns} FROM "alexnet-df-{n}.ds_itrainingmodel" i, '  # noqa: S608
        f'"alexnet-df-{n}.ds_otrainingmodel" o'
        for n in range(1, 5)
    )


@needs_dump
@pytest.mark.parametrize("rate", [0.10000000149011612, 0.0010000000474974513])
def test_q1_answers_as_the_rows_of_the_dump_do(rate: float, rows: sqlite3.Connection) -> None:
    wanted = rows.execute(
        f"SELECT opt, loss, val_loss FROM ({each_trial('i.optimizer_name opt, i.learning_rate lr, o.*')})"  # noqa: E501, S608
        " WHERE lr = ? AND epoch = 30 ORDER BY opt",
        [rate],
    ).fetchall()
    found = dump().ask("q1", epoch="30", rate=repr(rate))
    assert [(row["optimizer"], row["loss"], row["valLoss"]) for row in found] == wanted
    assert len(wanted) == 2


@needs_dump
def test_q3_answers_as_the_rows_of_the_dump_do(rows: sqlite3.Connection) -> None:
    wanted = rows.execute(
        "SELECT optimizer_name, avg(elapsed_time), avg(loss), count(*) FROM "  # noqa: S608
        f"({each_trial('i.optimizer_name, o.elapsed_time, o.loss')}) GROUP BY optimizer_name "
        "ORDER BY optimizer_name"
    ).fetchall()
    found = dump().ask("q3")
    assert len(found) == len(wanted) == 2
    for row, (optimizer, time, loss, epochs) in zip(found, wanted, strict=True):
        assert (row["optimizer"], row["epochs"]) == (optimizer, epochs)
        assert math.isclose(row["meanTime"], time, rel_tol=1e-12)
        assert math.isclose(row["meanLoss"], loss, rel_tol=1e-12)


@needs_dump
def test_the_three_best_epochs_with_their_settings_are_those_of_the_rows(
    rows: sqlite3.Connection,
) -> None:
    """The form of the papers' Q5: the best of a metric, beside a setting."""
    wanted = rows.execute(
        "SELECT val_accuracy, val_loss, epoch, opt, lr FROM "  # noqa: S608
        f"({each_trial('o.*, i.optimizer_name opt, i.learning_rate lr')}) "
        "ORDER BY val_accuracy DESC, val_loss LIMIT 3"
    ).fetchall()
    found = dump().select(
        "SELECT ?best ?loss ?epoch ?optimizer ?rate { GRAPH ?g { "
        "?t a dnnprov:Training ; dnnprov:optimizerName ?optimizer ; dnnprov:learningRate ?rate . "
        "?m dnnprov:valAccuracy ?best ; dnnprov:valLoss ?loss ; dnnprov:epoch ?epoch } } "
        "ORDER BY DESC(?best) ?loss LIMIT 3"
    )
    assert [tuple(row.values()) for row in found] == wanted


@needs_dump
def test_the_mean_times_of_the_trials_are_those_of_the_rows(rows: sqlite3.Connection) -> None:
    """The form of the papers' Q7: an average of each trial, in order."""
    wanted = rows.execute(
        "SELECT opt, lr, avg(elapsed_time) AS mean FROM "  # noqa: S608
        f"({each_trial('i.optimizer_name opt, i.learning_rate lr, o.elapsed_time')}) "
        "GROUP BY opt, lr ORDER BY mean"
    ).fetchall()
    found = dump().select(
        "SELECT ?optimizer ?rate (AVG(?seconds) AS ?mean) { GRAPH ?g { ?t a dnnprov:Training ; "
        "dnnprov:optimizerName ?optimizer ; dnnprov:learningRate ?rate . "
        "?m a dnnprov:oTraining ; dnnprov:elapsedTime ?seconds } } "
        "GROUP BY ?optimizer ?rate ORDER BY ?mean"
    )
    assert [(row["optimizer"], row["rate"]) for row in found] == [row[:2] for row in wanted]
    for row, (_, _, mean) in zip(found, wanted, strict=True):
        assert math.isclose(row["mean"], mean, rel_tol=1e-12)


@needs_dump
def test_only_the_rates_that_changed_are_adaptations_and_no_row_is_lost(
    rows: sqlite3.Connection,
) -> None:
    said = dump()
    assert len(said.runs) == 4
    for tag, run in said.runs.items():
        given = rows.execute(
            f'SELECT epoch_id, new_lrate FROM "{tag}.ds_oadaptation" ORDER BY id'  # noqa: S608
        ).fetchall()
        assert len(given) in (155, 173)
        found = said.ask("adaptations", run=run)
        assert [(row["epoch"], row["new"]) for row in found] == [
            (9 + 10 * n, found[0]["old"].__round__(5) / 2 ** (n + 1)) for n in range(20)
        ]
        assert {row["technique"] for row in found} == {"LearningRateScheduler"}
        kept = said.select(
            f"SELECT ?row {{ GRAPH <{run}> {{ ?s <http://localhost:8642/attribute/ds_oadaptation> "
            "?row } }"
        )
        assert len(kept) == len(given)
        epochs = said.ask("epochs", run=run)
        assert len(epochs) == 200
        assert epochs[8]["rate"] == found[0]["old"]
        assert [row["rate"] for row in epochs[9:12]] == [found[0]["new"]] * 3
        assert f"{len(given) - 20} of the {len(given)} adaptations of {tag}" in "".join(
            said.says.notes
        )


@needs_dump
def test_each_row_of_an_epoch_can_be_told_from_the_graph(rows: sqlite3.Connection) -> None:
    said = dump()
    columns = ("id", "trainingmodel_task_id", "adaptation_task_id", "timestamp")
    for tag, run in said.runs.items():
        found = said.select(
            f"SELECT ?row ?seconds ?loss ?accuracy ?valLoss ?valAccuracy ?epoch {{ "
            f"GRAPH <{run}> {{ ?a <http://localhost:8642/attribute/ds_otrainingmodel> ?row . "
            "?m prov:wasGeneratedBy ?a ; dnnprov:epoch ?epoch ; dnnprov:elapsedTime ?seconds ; "
            "dnnprov:loss ?loss ; dnnprov:accuracy ?accuracy ; dnnprov:valLoss ?valLoss ; "
            "dnnprov:valAccuracy ?valAccuracy } } ORDER BY ?epoch"
        )
        wanted = rows.execute(f'SELECT * FROM "{tag}.ds_otrainingmodel" ORDER BY id').fetchall()  # noqa: S608
        for one, row in zip(found, wanted, strict=True):
            kept = json.loads(one.pop("row"))
            told = [float(kept[name]) for name in columns]
            assert (*told, *one.values()) == row


@needs_dump
def test_the_trials_of_the_dump_are_valid_and_ran_when_their_tasks_say() -> None:
    said = dump()
    # The last epoch of one trial has the number 19912 in the dump.
    (wrong,) = said.wrong()
    assert "Epochs are missing: from 0 to 19912 there are 200" in wrong
    assert any("alexnet-df-2 go from 198 to 19912" in note for note in said.says.notes)
    (first,) = (row for row in said.ask("runs") if row["tag"] == "alexnet-df-1")
    assert str(first["started"]).startswith("2020-11-09T00:18:59")
    assert str(first["ended"]).startswith("2020-11-09T00:53:22")
    assert (first["status"], first["epochs"], first["planned"]) == ("FINISHED", 200, 200)


def test_trials_of_one_task_are_told_apart_by_time() -> None:
    said = of(PUBLIC + TRIALS)
    assert said.wrong() == []
    runs = {row["optimizer"]: row for row in said.ask("runs")}
    assert {name: (row["epochs"], row["status"]) for name, row in runs.items()} == {
        "Adam": (2, "FINISHED"),
        "SGD": (2, None),  # it ended early, and the task says RUNNING for ever
    }
    adam, sgd = runs["Adam"]["run"], runs["SGD"]["run"]
    assert next(row["loss"] for row in said.ask("epochs", run=adam)) == 0.5
    assert math.isnan(said.ask("epochs", run=adam)[1]["loss"])
    assert said.metrics(sgd)[0]["r2"] == 0.3
    assert "r2" not in said.metrics(sgd)[1]
    assert [(r["name"], r["activation"], r["dropout"]) for r in said.ask("layers", run=adam)] == [
        ("activation_1", "relu", None),
        ("dropout_1", None, 0.5),
    ]
    assert [r["activation"] for r in said.ask("layers", run=sgd)] == ["softplus"]
    assert said.ask("adaptations", run=adam) == []  # 0.001 is what it had, in 32 bits
    assert [(r["old"], r["new"], r["epoch"]) for r in said.ask("adaptations", run=sgd)] == [
        (0.1, 0.05, 1)
    ]
    tests = {row["metric"].rpartition("#")[2]: row["value"] for row in said.ask("tests", run=adam)}
    assert tests == {"loss": 0.75, "accuracy": 0.5}
    settings = {r["setting"].rpartition("/")[2]: r["value"] for r in said.ask("settings", run=adam)}
    assert settings["k"] == "24"


def test_the_users_own_sets_and_tables_are_kept() -> None:
    said = of(PUBLIC + TRIALS)
    elements = said.select(
        "SELECT ?g ?name ?value { GRAPH ?g { ?e a dnnprov:DataElement ; ?p ?value . "
        "?p a dnnprov:Attribute ; dnnprov:reportedName ?name } } ORDER BY ?g ?name"
    )
    found = [(row["name"], row["value"]) for row in elements]
    assert found == [
        ("FILTER_NAME", "resize"),
        ("dataset_name", 'flowers "17"'),
        ("k", 24),
        ("dataset_name", "flow|ers"),
    ]
    assert said.select(
        "SELECT ?path { GRAPH ?g { ?t dnnprov:taskIdentifier 4 ; "
        "<http://www.w3.org/ns/prov#wasInfluencedBy> ?f . ?f dnnprov:path ?path } }"
    )[0] == {"path": "/data/flowers.npz"}
    # The training used what the filter made.
    assert said.select(
        "SELECT ?t { GRAPH ?g { ?t a dnnprov:Training ; prov:used ?e . ?e prov:wasGeneratedBy ?f . "
        "?f a dnnprov:Execution } }"
    )
    (kept,) = said.select(
        "SELECT ?rows { GRAPH ?g { ?t <http://localhost:8642/attribute/rows> ?rows } }"
    )
    assert kept["rows"] == '[{"gpus": "it\'s a \\"T4\\"", "id": 1}]'
    assert any("1 CREATE FUNCTION" in note for note in said.says.notes)


def test_a_schema_without_a_plan_is_a_dataflow_of_its_own() -> None:
    said = of(TRIALS)
    assert said.wrong() == []
    assert set(said.runs) == {"densenet"}
    assert len(said.ask("runs")) == 2


def test_a_dump_of_one_schema_is_read_too() -> None:
    whole = (PUBLIC + TRIALS).replace('SET SCHEMA "densenet";', "")
    said = of(whole.replace('"densenet".', "").replace('"public".', ""))
    assert sorted(row["epochs"] for row in said.ask("runs")) == [2, 2]


def test_each_execution_has_its_own_tag_and_status() -> None:
    """As later versions of Keras-Prov have it: a task for each."""
    text = PUBLIC + TRIALS
    text = text.replace(
        "(2, 1, 1, 'densenet 2020-11-09', 2,",
        "(9, 1, 1, 'second', 2, 'FINISHED', ''), (2, 1, 1, 'first', 2,",
    )
    text = text.replace("(2, 2, '2000.0', 'SGD'", "(2, 9, '2000.0', 'SGD'")
    text = text.replace('3|2|3|"2010.0"', '3|9|3|"2010.0"').replace(
        '4|2|3|"2020.0"', '4|9|3|"2020.0"'
    )
    said = of(text)
    rows = said.select(
        "SELECT ?tag ?o ?status { GRAPH ?g { ?e dnnprov:execTag ?tag . "
        "?t dnnprov:optimizerName ?o ; "
        "a dnnprov:Training . OPTIONAL { ?t dnnprov:status ?status } } } ORDER BY ?tag"
    )
    assert [(row["tag"], row["o"], row["status"]) for row in rows] == [
        ("first", "Adam", "FINISHED"),
        ("second", "SGD", "FINISHED"),
    ]


def test_a_task_without_rows_is_kept() -> None:
    said = of(
        PUBLIC.replace(
            "INSERT INTO task VALUES", "INSERT INTO task VALUES (7, 8, 1, 'x', 1, 'READY', '/w'),"
        )
        + TRIALS
    )
    (task,) = said.select(
        "SELECT ?w ?t { GRAPH ?g { ?a dnnprov:taskIdentifier 8 ; dnnprov:workspace ?w ; "
        "<http://localhost:8642/attribute/task> ?t } }"
    )
    assert (task["w"], '"status": "READY"' in task["t"]) == ("/w", True)


def test_trials_without_times_are_told_apart_by_their_epochs() -> None:
    text = """
    CREATE TABLE x.ds_otrainingmodel (id INT, trainingmodel_task_id INT, epoch DOUBLE, loss DOUBLE);
    INSERT INTO x.ds_otrainingmodel VALUES (1, 1, 0, 5.0), (2, 1, 1, 4.0), (3, 1, 0, 3.0);
    """
    said = of(text)
    found = said.select(
        "SELECT ?g (COUNT(?e) AS ?n) { GRAPH ?g { ?e a dnnprov:EpochExecution } } GROUP BY ?g"
    )
    assert sorted(row["n"] for row in found) == [1, 2]


def test_only_dumps_of_such_a_database_are_claimed(tmp_path: Path) -> None:
    def claimed(text: str) -> bool:
        return kerasprov.claims(Source("x.sql", text.encode()))

    assert claimed(PUBLIC)
    assert claimed(TRIALS)
    assert not claimed("CREATE TABLE runs (run_uuid VARCHAR(32), name VARCHAR(250));")
    assert not claimed("document\n  entity(e)\nendDocument\n")
    assert not kerasprov.claims(Source(str(tmp_path)))


# -- what means no good


@needs_dump
@given(st.data())
def test_a_cut_or_changed_dump_is_read_or_refused(data: st.DataObject) -> None:
    text = DUMP.read_text()[:60_000]
    at = data.draw(st.integers(0, len(text)))
    garbage = data.draw(st.text(max_size=20))
    for changed in (text[:at], text[:at] + garbage + text[at + len(garbage) :]):
        with contextlib.suppress(KprovError):
            kerasprov.read(Source("dump.sql", changed.encode("utf-8", "replace")), empty())


CELLS = ["NULL", "'x'", "-1", "1e999", "99999999999999999999999999", "''", "TRUE", "DATE '1'"]


@given(st.lists(st.sampled_from(CELLS), min_size=16, max_size=16))
def test_any_value_in_any_column_is_read_or_refused(cells: list[str]) -> None:
    values = iter(cells * 20)
    text = re.sub(
        r"VALUES ([^;]+);",
        lambda found: (
            "VALUES "
            + re.sub(r"'(?:[^']|'')*'|-?\d[\d.e]*|NULL", lambda _: next(values), found[1])
            + ";"
        ),
        PUBLIC + TRIALS,
    )
    with contextlib.suppress(KprovError):
        of(text)
