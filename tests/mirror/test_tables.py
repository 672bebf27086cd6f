"""What stands in the tables, asked of a real MonetDB."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from kprov_capture.home import Home
from kprov_rdf import query
from kprov_rdf.ingest import open_snapshot
from kprov_rdf.mirror.columns import NUL, Mirror
from kprov_rdf.store import LocalStore
from tests import recording
from tests.mirror.conftest import Sql

Make = Callable[..., Mirror]
# Their average is exact in every way of computing it: MonetDB's differs in the last digit else.
LOSSES = (0.75, 0.5, 0.25)
RUN = "http://example.org/run"
NEW_YEAR = '"2026-01-01T00:00:00Z"^^xsd:dateTime'


def rows(home: Home, name: str, **given: str) -> list[tuple[object, ...]]:
    """The answer to a named question in SPARQL, as values."""
    with open_snapshot(home) as store:
        found = query.table(store, query.find(name), given).rows
        return [tuple(query.value(term) for term in row) for row in found]


def foreign(text: str) -> LocalStore:
    """A store with a run that kprov did not record: ``text`` is of its graph."""
    store = LocalStore()
    triples = f"""
        <{RUN}#x> a dnnprov:ExecuteDataflow ; prov:startedAtTime {NEW_YEAR} .
        <{RUN}#d> a dnnprov:Dataflow ; dnnprov:tag "foreign" . {text}"""
    store._store.update(
        "PREFIX dnnprov: <https://w3id.org/dnnprov#> PREFIX prov: <http://www.w3.org/ns/prov#> "
        "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> "
        f"INSERT DATA {{ GRAPH <{RUN}> {{ {triples} }} }}"
    )
    return store


def test_sql_and_sparql_answer_q1_and_q3_alike(home: Home, mirror: Make, sql: Sql) -> None:
    recording.record(home.path, "all_100epoc", "Adam", LOSSES)
    recording.record(home.path, "digits-cnn", "SGD", (0.1, 0.7, 1 / 3))
    recording.record(home.path, "digits-cnn", "RMSprop", LOSSES, rate=0.01)
    mirror()
    first = sql(
        "SELECT r.optimizer_name, e.loss, e.val_loss, r.iri FROM kprov.epochs e "
        "JOIN kprov.runs r ON e.run_id = r.id "
        "WHERE e.epoch_id = 2 AND r.learning_rate = 0.001 ORDER BY 1, 4"
    )
    assert first == rows(home, "q1", epoch="2")
    assert len(first) == 2
    third = (
        "SELECT optimizer_name, avg(elapsed_time), avg({0}loss), count(elapsed_time) FROM {1} "
        "WHERE optimizer_name <> 'SGD' GROUP BY optimizer_name ORDER BY 1"
    )
    of_all = sql(third.format("", "(SELECT e.*, r.optimizer_name FROM kprov.epochs e "
                                  "JOIN kprov.runs r ON e.run_id = r.id) t"))  # fmt: skip
    assert of_all == [row for row in rows(home, "q3") if row[0] != "SGD"]
    of_tag = sql(third.format("", "all_100epoc.otrainingmodel JOIN all_100epoc.itrainingmodel "
                                  "USING (trainingmodel_task_id)"))  # fmt: skip
    assert of_tag == of_all[:1], "and from the papers' tables alone"


def test_the_papers_names_need_no_quotes(home: Home, mirror: Make, sql: Sql) -> None:
    run = recording.record(home.path, "all_100epoc", losses=LOSSES)
    mirror()
    assert sql(
        "SELECT id, trainingmodel_task_id, adaptation_task_id, testingmodel_task_id, epoch_id, "
        "elapsed_time, loss, accuracy, val_loss, val_accuracy FROM all_100epoc.ds_otrainingmodel"
    ) == [
        (n, 1, 2, 3, float(n - 1), n - 0.5, loss, 0.5, loss + 0.25, 0.25)
        for n, loss in enumerate(LOSSES, 1)
    ]
    assert sql("SELECT * FROM all_100epoc.otrainingmodel") == sql(
        "SELECT * FROM all_100epoc.ds_otrainingmodel"
    )
    assert sql(
        "SELECT id, trainingmodel_task_id, optimizer_name, learning_rate, decay, momentum, "
        "num_epochs, batch_size, num_layers FROM all_100epoc.ds_itrainingmodel"
    ) == [(1, 1, "Adam", 0.001, None, None, 3.0, 4.0, None)]
    assert sql(
        "SELECT adaptation_task_id, new_lrate, epoch_id, adaptation_id, technique "
        "FROM all_100epoc.oadaptation"
    ) == [(2, 0.0005, 0.0, 1.0, "ReduceLROnPlateau")]
    assert sql(
        "SELECT testingmodel_task_id, otest_loss, otest_accuracy, otest_f1_of_all "
        "FROM all_100epoc.otestingmodel"
    ) == [(3, 0.8, None, 0.5)]
    assert sql(
        "SELECT name, value FROM all_100epoc.ilayers WHERE attribute_type = 'type' ORDER BY id"
    ) == [(layer.name, layer.type) for layer in recording.LAYERS]
    iris = sql("SELECT iri FROM kprov.iri_map WHERE kind = 'otrainingmodel' ORDER BY id")
    assert iris == [(run.names(f"metrics-{n}"),) for n in range(3)]
    assert sql("SELECT iri FROM kprov.iri_map WHERE kind = 'trainingmodel' AND id = 1") == [
        (run.names.training,)
    ]


def test_a_metric_of_any_name_has_a_column(home: Home, mirror: Make, sql: Sql) -> None:
    run = recording.begin(home.path, "t")
    metrics = {'f1 of "all"': 0.25, "F1_of_all": 0.5, "select": 0.75, "epoch_id": 9.0, "auc": 1.0}
    run.epoch(0, run.now(), run.now(), 0.5, 0.001, 0, metrics)
    run.close()
    mirror()
    (row,) = sql("SELECT * FROM t.ds_otrainingmodel")
    assert {*metrics.values()} <= set(row)
    assert sql("SELECT auc, epoch_id FROM t.ds_otrainingmodel") == [(1.0, 0.0)]


def test_what_monetdb_cannot_hold_is_null_and_counted(home: Home, mirror: Make, sql: Sql) -> None:
    run = recording.begin(home.path, "t", optimizer="a\0b")
    metrics = {
        "loss": math.nan,
        "accuracy": math.inf,
        "val_loss": -math.inf,
        "val_accuracy": 5e-324,
    }
    run.epoch(0, run.now(), run.now(), 0.5, None, 0, metrics)
    run.close()
    assert mirror().unfit == 4
    assert sql("SELECT loss, accuracy, val_loss, val_accuracy FROM t.ds_otrainingmodel") == [
        (None, None, None, 5e-324)
    ]
    assert sql("SELECT optimizer_name FROM t.itrainingmodel") == [(f"a{NUL}b",)]


def test_a_further_setting_has_the_type_of_its_values(home: Home, mirror: Make, sql: Sql) -> None:
    for number, mixed in enumerate((1, "two")):
        run = recording.Run("t", home=home.path)
        run.start_training({"seed": 2**62 + number, "shuffle": True, "mixed": mixed, "share": 0.5})
        run.close()
    mirror()
    assert sql("SELECT seed_, shuffle, mixed, share FROM t.itrainingmodel ORDER BY id") == [
        (2**62, True, "1", 0.5),
        (2**62 + 1, True, "two", 0.5),
    ]


def test_the_same_store_gives_the_same_rows(
    home: Home, mirror: Make, sql: Sql, tmp_path: Path
) -> None:
    for tag in ("b", "a", "b"):
        recording.record(home.path, tag)
    first = mirror()
    with open_snapshot(home):
        home.store.rename(tmp_path / "away")  # it is built again from the journals
    assert mirror().tables == first.tables
    assert sql("SELECT id, tag, trainingmodel_task_id FROM kprov.runs ORDER BY id") == [
        (1, "b", 1), (2, "a", 4), (3, "b", 7)
    ]  # fmt: skip
    for table in first.tables:
        assert len(sql(f"SELECT * FROM {table.schema}.{table.name}")) == len(table.rows)  # noqa: S608


def test_an_empty_store_and_a_run_without_a_training(home: Home, mirror: Make, sql: Sql) -> None:
    assert mirror().schemas == {}
    assert sql("SELECT * FROM kprov.runs") == sql("SELECT * FROM kprov.epochs") == []
    recording.Run("t", home=home.path).close()
    mirror()
    assert sql("SELECT tag, trainingmodel_task_id FROM kprov.runs") == [("t", None)]
    assert sql("SELECT * FROM t.ds_otrainingmodel") == []


@pytest.mark.parametrize(
    "text",
    [
        f'<{RUN}#e> a dnnprov:Dataflow ; dnnprov:tag "zwei" .',
        f'<{RUN}#x> prov:startedAtTime "yesterday" .',
        f"<{RUN}#y> a dnnprov:ExecuteDataflow ; prov:startedAtTime "
        '"2025-01-01T00:00:00"^^xsd:dateTime .',
        f"<{RUN}#t> a dnnprov:Training . <{RUN}#u> a dnnprov:Training .",
        f'<{RUN}#t> a dnnprov:Training ; prov:startedAtTime "yesterday" .',
        f'<{RUN}#m> a dnnprov:oTraining ; dnnprov:loss 0.5, 0.25, "low"@en ; dnnprov:epoch "one" .',
        f'<{RUN}#m> a dnnprov:oTraining ; dnnprov:loss 1e0 ; <urn:x> "2026-01-01"^^xsd:date .',
        f"<{RUN}#m> a dnnprov:oTraining ; <urn:x> {10**400} ; dnnprov:loss {10**400} .",
        f'<{RUN}#l> a dnnprov:Layer ; dnnprov:position "first" .',
        f"<{RUN}#c> prov:wasGeneratedBy <{RUN}#a> ; dnnprov:oldValue 1, 2 ; dnnprov:newValue 1 . "
        f'<{RUN}#a> dnnprov:technique "t" ; prov:startedAtTime {NEW_YEAR} .',
        f"}} GRAPH <{RUN}/none> {{ <{RUN}#m> a dnnprov:oTraining ; dnnprov:loss 0.5 .",
    ],
)
def test_a_foreign_graph_breaks_nothing(text: str, mirror: Make, sql: Sql) -> None:
    store = foreign(text)
    first = mirror(store)
    assert list(first.schemas) in (["foreign"], ["zwei"])
    assert len(sql("SELECT * FROM kprov.runs")) == 1
    assert mirror(store).tables == first.tables
