"""One real training that kprov and four trackers logged in the same fit: they say the same.

tools/trackers.py made the files, and says how.
"""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from kprov_capture.terms import OWL_DATATYPE_PROPERTY
from kprov_rdf.exchange.foreign import csvlogger, mlflow, wandb
from kprov_rdf.exchange.foreign.names import same_rate
from kprov_rdf.exchange.sources import Source
from kprov_rdf.exchange.statements import Statements
from tests.exchange.said import Said, empty, read

FIXTURES = Path(__file__).parent / "fixtures" / "trackers"
METRICS = ("loss", "accuracy", "valLoss", "valAccuracy")
Reader = Callable[[Source, Statements], None]
TRACKERS: dict[str, Reader] = {
    "mlruns": mlflow.read,
    "mlflow": mlflow.read,
    "wandb": wandb.read,
    "log.csv": csvlogger.read,
}


def ours() -> Said:
    """The run as kprov captured it."""
    found = Said(empty())
    found.store.load(gzip.decompress((FIXTURES / "kprov.nq.gz").read_bytes()))
    return found


def tracked(name: str) -> tuple[Said, str]:
    """What a tracker's files say, and the graph of the training."""
    found = read(Source(str(FIXTURES / name)), TRACKERS[name])
    runs = found.runs
    return found, runs["digits"] if len(runs) > 1 else found.run


@pytest.fixture(scope="module")
def captured() -> Said:
    return ours()


@pytest.mark.parametrize("name", TRACKERS)
def test_the_metrics_of_each_epoch_are_those_that_kprov_captured(name: str, captured: Said) -> None:
    found, run = tracked(name)
    theirs, own = found.metrics(run), captured.metrics(captured.run)
    assert theirs.keys() == own.keys() == set(range(5))
    for epoch, values in own.items():
        # Exactly: all of them keep the doubles that Keras reports.
        assert {one: theirs[epoch][one] for one in METRICS} == {one: values[one] for one in METRICS}
        # The trackers read the rate from the variable, which has 32 bits.
        assert same_rate(theirs[epoch]["learningRate"], values["learningRate"])


@pytest.mark.parametrize("name", ["mlruns", "mlflow", "wandb"])
def test_the_one_change_of_the_rate_is_found_at_its_epoch(name: str, captured: Said) -> None:
    found, run = tracked(name)
    (theirs,) = found.ask("adaptations", run=run)
    (own,) = captured.ask("adaptations", run=captured.run)
    for one in ("epoch", "setting"):
        assert theirs[one] == own[one]
    assert same_rate(theirs["old"], own["old"])
    assert same_rate(theirs["new"], own["new"])


@pytest.mark.parametrize("name", ["mlruns", "mlflow", "wandb"])
def test_the_hyperparameters_are_those_that_kprov_captured(name: str, captured: Said) -> None:
    found, run = tracked(name)
    theirs = {row["setting"]: row["value"] for row in found.ask("settings", run=run)}
    own = {row["setting"]: row["value"] for row in captured.ask("settings", run=captured.run)}
    for one in ("batchSize", "learningRate", "numEpochs", "optimizerName"):
        term = f"https://w3id.org/dnnprov#{one}"
        assert theirs[term] == own[term]


@pytest.mark.parametrize("name", ["mlruns", "mlflow", "wandb"])
def test_data_and_model_have_the_hashes_that_kprov_captured(name: str, captured: Said) -> None:
    found, run = tracked(name)
    rows = found.select(
        f"SELECT ?kind ?path ?sha256 {{ GRAPH <{run}> {{ ?f a ?kind ; dnnprov:path ?path ; "
        "dnnprov:sha256 ?sha256 ; dnnprov:byteSize ?size } "
        "FILTER (?kind IN (dnnprov:Dataset, dnnprov:TrainedModel)) }"
    )
    theirs = {(str(row["kind"]).rpartition("#")[2], row["sha256"]) for row in rows}
    own = {
        str(row["path"]): row["sha256"]
        for row in captured.select(
            "SELECT ?path ?sha256 { GRAPH ?g { ?f dnnprov:path ?path ; prov:specializationOf ?c . "
            "?c dnnprov:sha256 ?sha256 } }"
        )
    }
    assert theirs == {("Dataset", own["digits.npz"]), ("TrainedModel", own["digits.keras"])}


@pytest.mark.parametrize("name", ["mlruns", "mlflow", "wandb"])
def test_what_is_said_is_valid(name: str) -> None:
    found, run = tracked(name)
    assert found.wrong() == []
    (row,) = [one for one in found.ask("runs") if one["run"] == run]
    assert (row["status"], row["optimizer"], row["epochs"]) == ("FINISHED", "Adam", 5)
    assert len(found.ask("q1", epoch="3")) == 1


def test_without_times_only_times_are_missing() -> None:
    found, _ = tracked("log.csv")
    (row,) = found.select(
        "SELECT ?epoch ?old ?new { ?c dnnprov:epoch ?epoch ; dnnprov:oldValue ?old ; "
        "dnnprov:newValue ?new }"
    )
    assert row == {"epoch": 3, "old": 0.0010000000474974513, "new": 0.0005000000237487257}
    shapes = {one.split(" ")[0].rpartition("#")[2] for one in found.wrong()}
    assert shapes == {"ExecutionStart", "StepStart", "EpochEnd", "EpochDuration"}


@pytest.mark.parametrize("name", TRACKERS)
def test_a_format_is_claimed_by_its_own_reader_only(name: str) -> None:
    source = Source(str(FIXTURES / name))
    readers = {one.claims: one.read for one in (csvlogger, mlflow, wandb)}
    assert [reads for claims, reads in readers.items() if claims(source)] == [TRACKERS[name]]


def test_what_no_reader_knows_is_not_claimed(tmp_path: Path) -> None:
    (tmp_path / "meta.yaml").write_text("name: a photograph\n")
    (tmp_path / "notes.db").write_bytes(b"SQLite format 3\0 of another program")
    for name in ("", "meta.yaml", "notes.db"):
        source = Source(str(tmp_path / name))
        assert not any(one.claims(source) for one in (csvlogger, mlflow, wandb))


@pytest.mark.parametrize("name", TRACKERS)
def test_it_is_said_in_the_same_way_twice(name: str) -> None:
    one, other = empty(), empty()
    TRACKERS[name](Source(str(FIXTURES / name)), one)
    TRACKERS[name](Source(str(FIXTURES / name)), other)
    assert one.text() == other.text()


@pytest.mark.parametrize("name", TRACKERS)
def test_no_node_is_blank_and_each_has_a_class_of_prov(name: str) -> None:
    found, _ = tracked(name)
    assert not found.select(
        "SELECT ?s { GRAPH ?g { ?s ?p ?o FILTER (isBlank(?s) || isBlank(?o)) } }"
    )
    classes = "prov:Entity, prov:Activity, prov:Agent, prov:Association"
    bare = found.select(
        f"SELECT DISTINCT ?s {{ GRAPH ?g {{ ?s ?p ?o }} FILTER NOT EXISTS {{ GRAPH ?g {{ "
        f"?s a ?c }} FILTER (?c IN ({classes}, <{OWL_DATATYPE_PROPERTY}>)) }} }}"
    )
    assert bare == []
