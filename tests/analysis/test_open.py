"""What can be opened, and how long a snapshot lives."""

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

import kprov_rdf
from kprov_capture.home import Home, HomeError, create
from kprov_rdf import exchange
from kprov_rdf.errors import InputError, NotFoundError, UnsupportedError
from kprov_rdf.ingest import open_snapshot
from kprov_rdf.remote import RemoteStore
from tests import recording
from tests.conftest import child_environment


def snapshots(home: Home) -> list[Path]:
    gc.collect()
    return list(home.snapshots.iterdir())


def python(code: str, home: Home) -> str:
    """What a process of its own prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=child_environment(home.path),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_kprov_rdf_imports_no_layer_and_no_package(home) -> None:
    code = (
        "import sys, kprov_rdf; kprov_rdf.open; "
        "print([m for m in sys.modules if m.startswith(('kprov_rdf.', 'pyoxigraph', 'rdflib', "
        "'numpy', 'pandas', 'pyarrow', 'matplotlib'))])"
    )
    assert python(code, home) == "[]\n"


def test_reading_rows_imports_none_of_the_packages_for_data_frames(recorded) -> None:
    code = (
        "import sys, kprov_rdf; s = kprov_rdf.open(); s.run().history; repr(s.run()); "
        "s.run()._repr_html_(); len(s.query('q1', epoch=0)); "
        "print([m for m in ('numpy', 'pandas', 'pyarrow', 'matplotlib', 'rdflib') "
        "if m in sys.modules])"
    )
    assert python(code, recorded) == "[]\n"


def test_a_folder_is_found_as_the_command_finds_it(recorded, monkeypatch, tmp_path) -> None:
    project = tmp_path / "project"
    (project / "notebooks").mkdir(parents=True)
    recorded.path.rename(project / ".kprov")
    for where in (project / ".kprov", str(project), Home(project / ".kprov")):
        with kprov_rdf.open(where) as store:
            assert len(store.runs()) == 2
    monkeypatch.chdir(project / "notebooks")
    with kprov_rdf.open() as store:
        assert len(store.runs()) == 2
    monkeypatch.setenv("KPROV_HOME", str(create(tmp_path / "empty").path))
    with kprov_rdf.open() as store:
        assert store.runs() == []
        assert "0 runs" in repr(store)


def test_where_there_is_nothing_it_says_what_to_do(tmp_path) -> None:
    with pytest.raises(HomeError, match=r"There is no kprov folder at .*kprov init"):
        kprov_rdf.open(tmp_path / "nothing")
    with pytest.raises(NotFoundError, match=r"no file and no kprov folder .*model\.keras"):
        kprov_rdf.open(tmp_path / "model.keras")


def test_a_closed_store_leaves_no_folder_and_says_that_it_is_closed(recorded) -> None:
    with kprov_rdf.open(recorded) as store:
        assert len(snapshots(recorded)) == 1
    assert snapshots(recorded) == []
    assert "closed" in repr(store)
    with pytest.raises(InputError, match="was closed"):
        store.runs()
    assert len(store.refresh().runs()) == 2


def test_what_was_had_from_a_closed_store_stays_good(recorded) -> None:
    with kprov_rdf.open(recorded) as store:
        run = store.run("test-flow")
        everything = store.query("SELECT ?s ?p ?o { ?s ?p ?o } ")
        small = store.query("q1", epoch=0)
    assert len(snapshots(recorded)) == 1  # of which the run and the long answer are read
    assert run.history["loss"] == [0.9, 0.7, 0.6]
    assert len(everything) > 100
    assert len(small) == 1
    del run, everything
    assert snapshots(recorded) == []


def test_a_forgotten_store_leaves_no_folder(recorded) -> None:
    store = kprov_rdf.open(recorded)
    assert len(snapshots(recorded)) == 1
    del store
    assert snapshots(recorded) == []
    assert python("import kprov_rdf; s = kprov_rdf.open(); print(len(s.runs()))", recorded) == "2\n"
    assert snapshots(recorded) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_reads_and_takes_nothing_away(recorded) -> None:
    code = (
        "import multiprocessing, kprov_rdf\n"
        "store = kprov_rdf.open()\n"
        "text = 'SELECT * { ?s ?p ?o }'\n"
        "def work():\n"
        "    global store\n"
        "    assert len(store.query(text)) > 100\n"
        "    store.close()\n"
        "    del store\n"
        "child = multiprocessing.get_context('fork').Process(target=work)\n"
        "child.start(); child.join()\n"
        "print(child.exitcode, len(list(store._opened.home.snapshots.iterdir())),\n"
        "      len(store.query(text)) > 100)\n"
    )
    assert python(code, recorded) == "0 1 True\n"
    assert snapshots(recorded) == []


def test_refresh_sees_what_a_running_training_did_meanwhile(home) -> None:
    run = recording.begin(home.path)
    recording.epoch(run, 0, 0.9)
    assert run.settle(20)
    with kprov_rdf.open(home) as store:
        before = store.run()
        assert (before.status, list(before.epochs)) == ("RUNNING", [0])
        rows = store.query("SELECT ?s ?p ?o { ?s ?p ?o }")
        recording.epoch(run, 1, 0.8)
        assert run.settle(20)
        assert list(store.run().epochs) == [0]
        assert store.refresh() is store
        assert store.run().history["loss"] == [0.9, 0.8]
        # What was had before is as it was.
        assert before.history["val_loss"] == [1.15]
        assert len(store.query("SELECT ?s ?p ?o { ?s ?p ?o }")) > len(rows)
        assert len(snapshots(home)) == 2
        del before, rows
        assert len(snapshots(home)) == 1
    run.end_training("FINISHED")
    run.close()


def test_an_export_is_read_as_a_store(recorded, tmp_path) -> None:
    with open_snapshot(recorded) as found:
        for name in ("runs.trig", "runs.nq"):
            exchange.write(found.quads(None, None, None, None), tmp_path / name)
    for name in ("runs.trig", "runs.nq"):
        with kprov_rdf.open(tmp_path / name) as store, kprov_rdf.open(recorded) as origin:
            assert [run.iri for run in store.runs()] == [run.iri for run in origin.runs()]
            assert store.run("test-flow").history == origin.run("test-flow").history
            assert str(tmp_path / name) in repr(store)


def test_the_log_of_another_tool_is_read_as_a_store(tmp_path) -> None:
    (tmp_path / "log.csv").write_text("epoch,loss,val_loss\n0,1.0,1.5\n1,0.1,\n")
    run = kprov_rdf.open(tmp_path / "log.csv").run()
    assert run.status == "UNKNOWN"
    assert run.history == {"loss": [1.0, 0.1], "val_loss": [1.5]}


def test_an_endpoint_of_another_make_answers_the_same(recorded, endpoint, remote) -> None:
    with open_snapshot(recorded) as found:
        lines = [f"{q.triple} {q.graph_name} ." for q in found.quads(None, None, None, None)]
    lines += [f"<urn:s{number}> <urn:p> <urn:o> <urn:g> ." for number in range(1000)]
    remote.load("\n".join(lines).encode())
    assert isinstance(remote, RemoteStore)
    with kprov_rdf.open(endpoint) as store, kprov_rdf.open(recorded) as origin:
        assert list(store.query("q1", epoch=0)) == list(origin.query("q1", epoch=0))
        assert store.run("test-flow").history == origin.run("test-flow").history
        everything = store.query("SELECT ?g ?s ?p ?o { GRAPH ?g { ?s ?p ?o } }")
        remote._send("DROP ALL", update=True)
        assert len(everything) == len(lines) > 1000  # read when it was asked
        with pytest.raises(UnsupportedError, match="SPARQLStore"):
            store.graph()


def test_a_server_of_kprov_is_opened_by_its_address(recorded, serve) -> None:
    server = serve()
    with kprov_rdf.open(server.url) as store:
        assert {run.optimizer for run in store.runs()} == {"Adam", "SGD"}
        assert store.run("test-flow").best().value == 0.85
    with kprov_rdf.open(recorded) as local:  # which that server owns, and lends
        assert len(local.runs()) == 2
