"""MLflow's files and its database: what is kept, and what a stranger's may not do."""

import json
import math
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.errors import InputError, KprovError, LimitError
from kprov_rdf.exchange.foreign import mlflow, mlflow_files, sqlite
from kprov_rdf.exchange.sources import Source
from tests.exchange.said import Said, empty, read

FIXTURES = Path(__file__).parent / "fixtures" / "trackers"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the store of files."""
    return Path(shutil.copytree(FIXTURES / "mlruns", tmp_path / "mlruns"))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return Path(shutil.copy(FIXTURES / "mlflow" / "mlflow.db", tmp_path / "mlflow.db"))


def said(path: Path) -> Said:
    assert mlflow.claims(Source(str(path)))
    return read(Source(str(path)), mlflow.read)


def run_folder(folder: Path) -> Path:
    """The folder of the training, which has epochs."""
    (found,) = (one.parent.parent for one in folder.glob("*/*/metrics/val_loss"))
    return found


def attribute(found: Said, label: str) -> list[str]:
    rows = found.select(f"SELECT DISTINCT ?s ?o {{ ?p rdfs:label {json.dumps(label)} . ?s ?p ?o }}")
    return sorted(str(row["o"]) for row in rows)


def test_any_folder_of_the_store_can_be_given(folder: Path) -> None:
    run = run_folder(folder)
    assert set(said(folder).runs) == {"digits", "evaluation"}
    assert set(said(folder.parent).runs) == {"digits", "evaluation"}
    assert set(said(run.parent).runs) == {"digits", "evaluation"}
    assert set(said(run).runs) == {"digits"}
    values = [one.metrics(one.runs["digits"]) for one in (said(folder), said(run))]
    assert values[0] == values[1]


@pytest.mark.parametrize("name", ["mlruns", "mlflow"])
def test_a_nested_run_is_part_of_its_parent(name: str) -> None:
    found = said(FIXTURES / name)
    (row,) = found.select(
        "SELECT ?child ?parent { GRAPH ?child { ?e a dnnprov:ExecuteDataflow ; "
        "prov:wasInformedBy ?of } GRAPH ?parent { ?of a dnnprov:ExecuteDataflow } }"
    )
    assert row == {"child": found.runs["evaluation"], "parent": found.runs["digits"]}
    (loss,) = found.select(
        'SELECT ?loss { ?r rdfs:label "Values that belong to no step" ; dnnprov:loss ?loss }'
    )
    assert 2 < float(loss["loss"]) < 3


@pytest.mark.parametrize("name", ["mlruns", "mlflow"])
def test_data_models_tags_and_experiments_are_kept(name: str) -> None:
    found = said(FIXTURES / name)
    assert attribute(found, "digest mlflow") == ["bd6bf3ea"]
    assert attribute(found, "model_type") == ["keras"]
    assert any('"units": "8"' in one for one in attribute(found, "params"))
    assert attribute(found, "tag mlflow.source.name") == ["train.py", "train.py"]
    (row,) = found.select(
        "SELECT ?name (COUNT(DISTINCT ?run) AS ?runs) { ?run dnnprov:partOfCampaign ?c . "
        "?c rdfs:label ?name } GROUP BY ?name"
    )
    assert row == {"name": "digits", "runs": 2}


def test_a_deleted_run_is_kept_and_marked(folder: Path) -> None:
    meta = run_folder(folder) / "meta.yaml"
    meta.write_text(meta.read_text().replace("lifecycle_stage: active", "lifecycle_stage: deleted"))
    found = said(folder)
    assert "digits" in found.runs
    assert "deleted" in attribute(found, "lifecycle_stage")
    assert "1 of the runs are deleted" in found.says.notes[0]


def test_values_of_metrics_as_mlflow_1_to_3_wrote_them(folder: Path) -> None:
    run = run_folder(folder)
    (run / "metrics" / "loss").write_text("1795295704253 nan 0\n1795295704353 -inf 1\n")
    (run / "metrics" / "old").write_text("1795295704253 0.5\n1795295704254 0.25\n")
    found = said(run)
    metrics = found.metrics(found.run)
    assert math.isnan(metrics[0]["loss"])
    assert metrics[1]["loss"] == -math.inf
    # Before 1.0 there were no steps: the values stand at step 0, and all are kept.
    assert metrics[0]["old"] == 0.25
    (kept,) = attribute(found, "logged before")
    assert json.loads(kept)["old"]["values"] == [0.5]


def test_values_by_batches_are_no_epochs(folder: Path) -> None:
    run = run_folder(folder)
    shutil.rmtree(run / "metrics")
    (run / "metrics").mkdir()
    lines = (f"{1795295700000 + at} {at / 2} {at}\n" for at in range(0, 5000, 10))
    (run / "metrics" / "loss").write_text("".join(lines))
    found = said(run)
    assert found.ask("runs")[0]["epochs"] == 0
    (series,) = attribute(found, "series")
    assert json.loads(series)["steps"] == list(range(0, 5000, 10))
    assert found.wrong() == []


def test_names_with_slashes_are_folders(folder: Path) -> None:
    run = run_folder(folder)
    (run / "params" / "opt").mkdir()
    (run / "params" / "opt" / "eps").write_text("1e-7")
    found = said(run)
    rows = found.select('SELECT ?v { ?p dnnprov:reportedName "opt/eps" . ?c ?p ?v }')
    assert rows == [{"v": "1e-7"}]


def test_links_out_of_the_folder_and_other_addresses_are_not_followed(folder: Path) -> None:
    run = run_folder(folder)
    secret = folder.parent / "secret.keras"
    secret.write_text("not yours")
    (run / "artifacts" / "model" / "other.keras").symlink_to(secret)
    (run / "params" / "stolen").symlink_to(secret)
    meta = run / "meta.yaml"
    lines = meta.read_text().splitlines()
    lines[0] = f"artifact_uri: file://{folder.parent}"
    meta.write_text("\n".join(lines))
    found = said(folder)
    assert "not yours" not in found.says.text()
    assert "other.keras" not in found.says.text()


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("metrics/loss", "yesterday 0.5 0", "It is no value of a metric: 'yesterday 0.5 0'"),
        ("metrics/loss", "1795295704253", "It is no value of a metric"),
        ("metrics/loss", f"1 0.5 {'9' * 5000}", "It is no value of a metric"),
        ("meta.yaml", "run_id: &a [1]\n", "It has an anchor"),
        ("meta.yaml", "- artifact_uri: x\n", "It is no mapping"),
        ("meta.yaml", "run_id: !!python/object:os.system x\n", "It has a tag"),
        ("meta.yaml", 'run_id: "x\n', "A quoted text does not end"),
    ],
)
def test_damaged_files_are_told(folder: Path, file: str, text: str, told: str) -> None:
    run = run_folder(folder)
    (run / file).write_text(text)
    with pytest.raises(MalformedError) as raised:
        read(Source(str(folder)), mlflow.read)
    assert told in str(raised.value)
    assert file in str(raised.value)


@pytest.mark.parametrize(
    "meta",
    [
        "run_id: {}\nartifact_uri: 3\nstart_time: x\nend_time: []\nstatus: 99\n",
        "run_id: a\nartifact_uri:\n  a: 1\nstart_time: 99999999999999999999\nstatus: null\n",
        "run_id: a\nartifact_uri: file://[::\nexperiment_id:\n- 1\nend_time: -5\nstart_time: 1\n",
        "run_id: a\nartifact_uri: x\nstart_time: true\nend_time: .nan\nrun_name: {}\ntags: 7\n",
    ],
)
def test_values_of_wrong_types_are_kept_and_break_nothing(folder: Path, meta: str) -> None:
    run = run_folder(folder)
    (run / "meta.yaml").write_text(meta)
    found = said(folder)
    assert len(found.runs) == 2


def test_too_many_values_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlflow_files, "MAX_POINTS", 20)
    with pytest.raises(InputError, match="more than 20 values"):
        read(Source(str(folder)), mlflow.read)


def test_a_parameter_that_is_too_large_is_refused(folder: Path) -> None:
    with (run_folder(folder) / "params" / "epochs").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(InputError, match="1,073,741,824 bytes"):
        read(Source(str(folder)), mlflow.read)


def test_a_database_alone_has_no_files_and_one_beside_artifacts_has(database: Path) -> None:
    alone = said(database)
    assert alone.select("SELECT ?s { ?s dnnprov:sha256 ?x }") == []
    beside = said(FIXTURES / "mlflow")
    assert len(beside.select("SELECT ?s { ?s dnnprov:sha256 ?x }")) == 2
    assert database.read_bytes() == (FIXTURES / "mlflow" / "mlflow.db").read_bytes()
    assert [one.name for one in database.parent.iterdir()] == ["mlflow.db"]


def change(database: Path, *statements: str) -> None:
    connection = sqlite3.connect(database)
    connection.executescript(";".join(statements))
    connection.commit()
    connection.close()


def test_a_database_with_a_log_beside_it_is_read_without(database: Path) -> None:
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("UPDATE runs SET name = 'later' WHERE name = 'digits'")
    connection.commit()
    found = said(database.parent)
    connection.close()
    assert set(found.runs) == {"digits", "evaluation"}
    assert "mlflow.db-wal" in found.says.notes[0]


def test_nan_has_a_column_and_steps_are_in_order(database: Path) -> None:
    change(
        database,
        "UPDATE metrics SET is_nan = 1, value = 0 WHERE key = 'loss' AND step = 2",
        "UPDATE runs SET lifecycle_stage = 'deleted', status = 'KILLED' WHERE name = 'digits'",
    )
    found = said(database)
    assert math.isnan(found.metrics(found.runs["digits"])[2]["loss"])
    states = {row["tag"]: row["status"] for row in found.ask("runs")}
    assert states == {"digits": "INTERRUPTED", "evaluation": "FINISHED"}
    assert "deleted" in attribute(found, "lifecycle_stage")


LOOP = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (["DROP TABLE runs", f"CREATE VIEW runs AS {LOOP}"], "It has no tables runs"),
        (["DROP TABLE runs", "CREATE VIRTUAL TABLE runs USING fts5(x)"], "It has no tables runs"),
        (["DROP TABLE experiments"], "It has no tables runs and experiments"),
        (["UPDATE metrics SET value = 'much' WHERE step = 1"], "a value that is no number: 'much'"),
    ],
)
def test_a_hostile_schema_is_refused(database: Path, statements: list[str], told: str) -> None:
    change(database, "PRAGMA foreign_keys = OFF", *statements)
    with pytest.raises(MalformedError) as raised:
        read(Source(str(database)), mlflow.read)
    assert told in str(raised.value)


def test_views_triggers_and_computed_columns_are_not_touched(database: Path) -> None:
    change(
        database,
        "DROP TABLE params",
        f"CREATE VIEW params AS {LOOP}",
        "ALTER TABLE tags ADD COLUMN big AS (hex(zeroblob(500000000)))",
        "CREATE TRIGGER t AFTER UPDATE ON runs BEGIN DELETE FROM runs; END",
    )
    found = said(database)
    settings = {row["setting"] for row in found.ask("settings", run=found.runs["digits"])}
    # Of the series, since the parameters are not there.
    assert settings == {"https://w3id.org/dnnprov#learningRate"}


def test_other_types_than_the_columns_have(database: Path) -> None:
    change(
        database,
        "UPDATE runs SET start_time = 'x', end_time = x'00ff', name = x'ff'",
        "UPDATE tags SET value = NULL",
        "UPDATE metrics SET timestamp = 1e300, step = 'b' WHERE step = 3",
        "UPDATE logged_models SET artifact_location = 5, name = 7",
    )
    assert len(said(database).says.text()) > 1000


def test_reading_for_too_long_is_ended(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(database, *["INSERT INTO tags SELECT random(), '', run_uuid FROM tags"] * 8)
    monkeypatch.setattr(sqlite, "MAX_SECONDS", -1)
    with pytest.raises(LimitError, match="took more than"):
        read(Source(str(database)), mlflow.read)


def test_too_many_rows_are_refused(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kprov_rdf.exchange.foreign.mlflow_database.MAX_ROWS", 5)
    with pytest.raises(InputError, match="more than 5 rows"):
        read(Source(str(database)), mlflow.read)


@pytest.mark.parametrize("cut", [16, 100, 511, 512, 5_000, 60_000, 179_000])
def test_a_database_that_is_cut_short_gives_a_clear_error(database: Path, cut: int) -> None:
    data = database.read_bytes()[:cut]
    with pytest.raises(InputError) as raised:
        mlflow.read(Source("mlflow.db", data), empty())
    assert "mlflow.db" in str(raised.value)


@given(st.lists(st.tuples(st.integers(0, 179_000), st.integers(0, 255)), min_size=1, max_size=40))
def test_a_damaged_database_gives_a_clear_error_or_what_is_left(
    changes: list[tuple[int, int]],
) -> None:
    data = bytearray((FIXTURES / "mlflow" / "mlflow.db").read_bytes())
    for at, value in changes:
        data[at] = value
    try:
        mlflow.read(Source("mlflow.db", bytes(data)), empty())
    except KprovError as error:
        assert "mlflow.db" in str(error)


def test_a_database_that_is_too_large_is_told_and_the_rest_is_read(folder: Path) -> None:
    with (folder / "large.db").open("wb") as file:
        file.truncate((1 << 28) + 1)
    found = said(folder)
    assert found.says.notes == ["large.db is larger than 256 MiB, and is not read."]
    assert set(found.runs) == {"digits", "evaluation"}


def test_what_is_neither_is_told(tmp_path: Path) -> None:
    for data in (b"", b"SQLite format 3\0", b"garbage"):
        with pytest.raises(InputError, match=r"x\.db"):
            mlflow.read(Source("x.db", data), empty())
    with pytest.raises(InputError, match="no run and no experiment"):
        mlflow.read(Source(str(tmp_path)), empty())


def test_a_run_in_files_and_in_a_database_is_said_twice_apart(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / "mlruns", tmp_path / "a")
    shutil.copytree(FIXTURES / "mlruns", tmp_path / "b")
    found = said(tmp_path)
    rows = found.select("SELECT ?g { GRAPH ?g { ?e a dnnprov:ExecuteDataflow } }")
    assert len({row["g"] for row in rows}) == 4
    assert found.wrong() == []
