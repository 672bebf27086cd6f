"""kprov_capture.run.Run, without a framework."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyoxigraph as ox
import pytest

from kprov_capture import guard, terms
from kprov_capture import record as record_module
from kprov_capture.facts import Change, Dataset, Layer
from kprov_capture.home import Home
from kprov_capture.journal import Journal
from kprov_capture.run import Run
from kprov_rdf import journal as reader
from kprov_rdf.validate import shacl
from tests import recording
from tests.conftest import child_environment


def quads(home: Home) -> list[ox.Quad]:
    (path,) = home.journal.glob("*.nq")
    return list(ox.parse(reader.read(path).text, ox.RdfFormat.N_QUADS))


def test_a_run_is_whole_when_it_is_closed(home: Home) -> None:
    run = recording.record(home.path)
    (path,) = home.journal.glob("*.nq")
    assert path.stem == run.id
    assert reader.read(path).ended


def test_nothing_has_a_blank_node_or_stands_in_the_default_graph(home: Home) -> None:
    run = recording.record(home.path)
    found = quads(home)
    assert {quad.graph_name.value for quad in found} == {run.names.run, run.names.catalog}
    assert not any(
        isinstance(term, ox.BlankNode) for quad in found for term in (quad.subject, quad.object)
    )


def test_an_epoch_with_four_metrics_costs_17_statements(home: Home) -> None:
    run = recording.begin(home.path)
    recording.epoch(run, 0, 0.9)
    assert run.settle(10)
    (path,) = home.journal.glob("*.nq")
    last_batch = reader.read(path).text.split(b"# commit")
    counted = [part for part in last_batch if b"#metrics-0>" in part]
    assert sum(row.startswith(b"<") for row in counted[0].splitlines()) == 17
    run.close()


def test_a_clock_that_is_set_back_makes_no_time_go_back(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run("flow", home=home.path)
    before = run.now()
    monkeypatch.setattr(record_module.time, "time", lambda: 0.0)
    assert run.now() >= before
    run.close()


def test_runs_of_one_process_and_user_share_the_agents(home: Home) -> None:
    recording.record(home.path)
    recording.record(home.path)
    agents = set()
    for path in home.journal.glob("*.nq"):
        for quad in ox.parse(reader.read(path).text, ox.RdfFormat.N_QUADS):
            if isinstance(quad.object, ox.NamedNode) and quad.object.value.endswith("#Scientist"):
                agents.add(quad.subject.value)
    assert len(agents) == 1


def test_the_first_run_says_where_it_is_in_one_line(home: Home) -> None:
    script = "from tests import recording as r; import sys; [r.record(sys.argv[1]) for _ in 'ab']"
    done = subprocess.run(
        [sys.executable, "-c", script, str(home.path)],
        capture_output=True,
        text=True,
        env=child_environment(home.path),
    )
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("kprov: recording run ")
    assert "(kprov show " in line


def test_a_disk_that_fails_is_told_once_and_the_run_goes_on(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KPROV_STRICT", "0")
    real = Journal._write

    def broken(self: Journal, sync: bool) -> None:
        raise OSError(28, "No space left on device")

    run = recording.begin(home.path)
    assert run.settle(10)
    monkeypatch.setattr(Journal, "_write", broken)
    with caplog.at_level(logging.WARNING, "kprov"):
        recording.epoch(run, 0, 0.9)
        recording.epoch(run, 1, 0.8)
        assert run.settle(10)
    assert len(caplog.records) == 1
    assert "No space left" in caplog.text
    assert "write epoch" in caplog.text
    monkeypatch.setattr(Journal, "_write", real)
    run.end_training("FINISHED")
    run.close()
    (path,) = home.journal.glob("*.nq")
    text = reader.read(path).text
    assert b"#epoch-0>" in text
    assert b"#epoch-1>" in text


def test_under_strict_an_error_of_the_background_is_raised_at_the_next_call(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = recording.begin(home.path)
    run._put(lambda: 1 / 0)
    run.settle(10)

    @guard.guarded("do nothing")
    def next_call() -> None:
        pass

    with pytest.raises(ZeroDivisionError):
        next_call()
    run.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_writes_nothing_into_the_run(home: Home) -> None:
    run = recording.begin(home.path)
    assert run.settle(10)
    (path,) = home.journal.glob("*.nq")
    size = path.stat().st_size
    child = os.fork()
    if child == 0:
        recording.epoch(run, 7, 0.1)
        run.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert path.stat().st_size == size
    recording.epoch(run, 0, 0.1)
    run.close()
    assert reader.read(path).ended
    assert b"#epoch-7>" not in path.read_bytes()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(record_module.homes.HomeError, match="cannot be created"):
        Run("flow", home=tmp_path / "file" / "home")


def test_the_base_of_the_settings_is_used(home: Home) -> None:
    (home.path / "kprov.toml").write_text('base = "https://example.com/runs/"\n')
    with Run("flow", home=home.path) as run:
        assert run.names.run.startswith("https://example.com/runs/run/")


def test_a_setting_that_cannot_be_used_names_the_file(home: Home) -> None:
    (home.path / "kprov.toml").write_text('base = "nonsense"\n')
    with pytest.raises(record_module.homes.HomeError, match=r"kprov\.toml cannot be used"):
        Run("flow", home=home.path)


def test_data_that_was_released_before_it_was_hashed_has_no_hash(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It might have been changed by then: no hash is better than one of other data."""
    import threading

    import numpy as np

    from kprov_capture.facts import Dataset

    go_on = threading.Event()
    real = record_module.fingerprint.of_arrays

    def slow(arrays: dict[str, np.ndarray]) -> object:
        go_on.wait(10)
        return real(arrays)

    monkeypatch.setattr(record_module.fingerprint, "of_arrays", slow)
    run = Run("flow", home=home.path)
    run.dataset("train", Dataset("train-set", "train", "numpy.ndarray"), {"x": np.zeros(4)})
    run.release_data(0.01)
    go_on.set()
    run.dataset("test", Dataset("test-set", "test", "numpy.ndarray"), {"x": np.zeros(4)})
    run.release_data()
    run.close()
    text = {str(quad.subject): str(quad) for quad in quads(home) if "unhashed" in str(quad)}
    assert list(text) == [f"<{run.names('train-set')}>"]
    hashed = [q for q in quads(home) if q.predicate.value.endswith("#specializationOf")]
    assert {q.subject.value for q in hashed} == {run.names("test-set"), run.names("test-set-x")}


def test_a_process_that_ends_writes_what_is_under_way(home: Home) -> None:
    """Whether the run was closed or not, also when the model is collected at the end."""
    script = (
        "import sys; from tests import recording as r; run = r.begin(sys.argv[1]); "
        "[r.epoch(run, n, 0.5) for n in range(50)]; run.end_training('FINISHED')"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(home.path)],
        check=True,
        env=child_environment(home.path),
        capture_output=True,
    )
    (path,) = home.journal.glob("*.nq")
    reading = reader.read(path)
    assert reading.ended
    assert b"#epoch-49>" in reading.text
    assert b"#environment>" in reading.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_nothing_that_a_forked_child_does_reaches_the_journal(home: Home, tmp_path: Path) -> None:
    """What is hashed goes by way of another thread, which the child has of its own."""
    import numpy as np

    from kprov_capture.facts import Dataset

    run = recording.begin(home.path)
    assert run.settle(10)
    (tmp_path / "file").write_text("x")
    child = os.fork()
    if child == 0:
        run.dataset("test", Dataset("t", "test", "x"), {"x": np.zeros(4)})
        run.model_file(0.0, 0.0, str(tmp_path / "file"))
        run.release_data(5)
        run.settle(5)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    recording.epoch(run, 0, 0.1)
    run.close()
    (path,) = home.journal.glob("*.nq")
    assert reader.read(path).ended


_WORKER = """
import multiprocessing, sys
from tests import recording

def train(home):
    run = recording.begin(home)
    recording.epoch(run, 0, 0.5)
    run.end_training("FINISHED")

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[2])
    workers = [context.Process(target=train, args=(sys.argv[1],)) for _ in range(3)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
"""


@pytest.mark.skipif(os.name != "posix", reason="needs fork")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_of_multiprocessing_write_all_and_end_their_runs(
    method: str, home: Home, tmp_path: Path
) -> None:
    """They leave without atexit."""
    (tmp_path / "work.py").write_text(_WORKER)
    subprocess.run(
        [sys.executable, str(tmp_path / "work.py"), str(home.path), method],
        check=True,
        capture_output=True,
        env=child_environment(home.path, PYTHONPATH=os.getcwd()),
    )
    paths = list(home.journal.glob("*.nq"))
    assert len(paths) == 3
    for path in paths:
        reading = reader.read(path)
        assert b"#epoch-0>" in reading.text
        assert reading.ended


def test_a_user_without_a_home_is_recorded_all_the_same(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "USER", "LOGNAME"):
        monkeypatch.delenv(name, raising=False)

    def nobody(_: int) -> None:
        raise KeyError("getpwuid(): uid not found")

    import pwd

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.chdir(home.path)
    recording.record(home.path)
    told = {q.object.value for q in quads(home) if "rdf-schema#label" in q.predicate.value}
    assert "unknown user" in told


def test_a_standard_error_that_is_broken_is_no_reason_not_to_record(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_module, "_announced", False)
    monkeypatch.setattr(sys, "stderr", None)
    recording.record(home.path)
    (path,) = home.journal.glob("*.nq")
    assert reader.read(path).ended


def test_the_end_of_a_training_is_when_it_ended(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not when its data were hashed."""
    run = recording.begin(home.path)
    before = run.now()
    run.end_training("FINISHED")
    run.close()
    (end,) = {
        q.object.value
        for q in quads(home)
        if q.predicate.value.endswith("#endedAtTime") and q.subject.value == run.names.training
    }
    from datetime import datetime

    assert before <= datetime.fromisoformat(end).timestamp() + 1e-3 <= run.now()


def said_by(home: Home) -> set[tuple[str, str]]:
    return {(quad.predicate.value, str(quad.object)) for quad in quads(home)}


def test_a_setting_of_another_type_than_the_declared_one_is_kept_as_the_runs_own(
    home: Home,
) -> None:
    run = Run("types", home=home.path)
    run.start_training({"learning_rate": "cosine", "epochs": True, "batch_size": 8, "rho": True})
    run.close()
    said = said_by(home)
    declared = {terms.Dnnprov.learningRate, terms.Dnnprov.numEpochs, terms.Dnnprov.rho}
    assert {predicate for predicate, _ in said}.isdisjoint(declared)
    assert (terms.Dnnprov.reportedName, '"learning_rate"') in said
    assert (terms.Dnnprov.batchSize, f'"8"^^<{terms.XSD_NAMESPACE}integer>') in said


def test_numbers_have_the_type_that_the_ontology_declares(home: Home) -> None:
    """Keras and its users take 1 for 1.0, and NumPy's numbers."""
    run = Run("types", home=home.path)
    run.start_training(
        {
            "momentum": 1,
            "learning_rate": np.float32(0.5),
            "epochs": np.int64(3),
            "clipnorm": 10**400,
        }
    )
    run.architecture([Layer("d", None, "d", "Dropout", 0, None, 0, "None", 0)], 0)
    run.epoch(0, run.now(), run.now(), 1, 1, 0, {"loss": 1, "mine": 10**400})
    change = Change(1, 0, 0, run.now(), 1, 0, "rule", "Mine", factor=0, best=-(10**400))
    run.adaptation(change)
    run.end_training("FINISHED")
    run.dataset("test", Dataset("test-set", "test", "list", unhashed="no"))
    run.testing(run.now(), run.now(), {"loss": 2}, "test-set")
    run.close()
    said = said_by(home)
    number = f"^^<{terms.XSD_NAMESPACE}double>"
    for name, value in (
        ("momentum", "1.0"), ("learningRate", "0.5"), ("clipnorm", "INF"), ("dropoutRate", "0.0"),
        ("elapsedTime", "1.0"), ("learningRate", "1.0"), ("loss", "1.0"), ("oldValue", "1.0"),
        ("newValue", "0.0"), ("factor", "0.0"), ("bestValue", "-INF"), ("loss", "2.0"),
    ):  # fmt: skip
        assert (getattr(terms.Dnnprov, name), f'"{value}"{number}') in said, (name, value)
    assert (terms.Dnnprov.numEpochs, f'"3"^^<{terms.XSD_NAMESPACE}integer>') in said
    triples = [quad.triple for quad in quads(home) if quad.graph_name.value == run.names.run]
    found = shacl.validate("g", triples)
    assert [one for one in found if not one.shape.endswith("#OldValueWasThere")] == []


def test_a_rule_that_acted_within_the_first_epoch_is_a_plain_adaptation(home: Home) -> None:
    run = Run("early", home=home.path)
    run.start_training({"learning_rate": 0.5})
    run.adaptation(Change(1, 0, None, run.now(), 0.5, 0.25, "rule", "Mine", monitor="loss"))
    run.close()
    types = {name for predicate, name in said_by(home) if predicate == terms.RDF_TYPE}
    assert f"<{terms.Dnnprov.Adaptation}>" in types
    assert f"<{terms.Dnnprov.RuleAdaptation}>" not in types
    triples = [quad.triple for quad in quads(home) if quad.graph_name.value == run.names.run]
    assert shacl.validate("g", triples) == []


def test_an_epoch_that_has_no_number_is_refused(home: Home) -> None:
    run = recording.begin(home.path)
    with pytest.raises(TypeError):
        recording.epoch(run, "0> <x", 0.5)  # type: ignore[arg-type]
    recording.epoch(run, 0, 0.5)
    run.close()
