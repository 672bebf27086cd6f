"""From journals into the store: idempotent, following, and nothing lost."""

import gzip
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kprov_capture import record as record_module
from kprov_capture.home import Home
from kprov_rdf import ingest, runs
from kprov_rdf import store as stores
from kprov_rdf.errors import (
    JournalDamagedError,
    KprovError,
    NotFoundError,
    StorageError,
    StoreLockedError,
)
from tests import recording
from tests.conftest import child_environment


def count(home: Home) -> int:
    with ingest.open_snapshot(home) as snapshot:
        (row,) = snapshot.query("SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }")
        return int(row["n"].value)


def states(home: Home) -> list[tuple[str, int]]:
    with ingest.open_snapshot(home) as snapshot:
        return [(run.status, run.epochs) for run in runs.listing(snapshot, snapshot.living)]


def test_a_finished_journal_is_loaded_once_and_put_away(home: Home) -> None:
    recording.record(home.path)
    first = count(home)
    assert list(home.journal.glob("*.nq")) == []
    (done,) = home.done.iterdir()
    assert b"# commit" in gzip.decompress(done.read_bytes())
    assert count(home) == first


def test_loading_again_from_the_start_changes_nothing(home: Home) -> None:
    """As after a crash between the load and the note of how far it went."""
    run = recording.begin(home.path)
    recording.epoch(run, 0, 0.9)
    assert run.settle(10)
    first = count(home)
    (note,) = home.journal.glob("*.position")
    note.unlink()
    assert count(home) == first
    note.write_text("{torn")
    assert count(home) == first
    run.close()


def test_a_run_is_followed_while_it_trains(home: Home) -> None:
    run = recording.begin(home.path)
    for number in range(3):
        recording.epoch(run, number, 0.9)
        assert run.settle(10)
        assert states(home) == [("RUNNING", number + 1)]
    run.end_training("FINISHED")
    run.close()
    assert states(home) == [("FINISHED", 3)]


def test_the_store_is_built_again_from_the_journals(home: Home) -> None:
    import shutil

    recording.record(home.path)
    open_run = recording.begin(home.path)
    assert open_run.settle(10)
    first = count(home)
    shutil.rmtree(home.store)
    assert count(home) == first
    open_run.close()


def test_several_processes_may_read_at_once(home: Home) -> None:
    recording.record(home.path)
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(count(home))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


def test_an_open_result_of_a_reader_blocks_nobody(home: Home) -> None:
    """As in a notebook, which holds its results for hours."""
    recording.record(home.path)
    reader = ingest.open_snapshot(home)
    result = reader.query("SELECT * { ?s ?p ?o }")
    next(result)
    recording.record(home.path)
    assert len(states(home)) == 2
    assert len(runs.listing(reader, reader.living)) == 1, "a snapshot stays as it was"
    assert next(result) is not None
    reader.close()


def test_snapshots_of_readers_that_are_gone_are_removed(home: Home) -> None:
    recording.record(home.path)
    script = (
        "import os, sys; from pathlib import Path; from kprov_capture.home import Home; "
        "from kprov_rdf.ingest import open_snapshot; open_snapshot(Home(Path(sys.argv[1]))); "
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(home.path)], check=True)
    assert len(list(home.snapshots.iterdir())) == 1
    count(home)
    assert list(home.snapshots.iterdir()) == []


def test_a_damaged_journal_is_named_and_the_others_are_loaded(home: Home) -> None:
    first = recording.begin(home.path)
    recording.epoch(first, 0, 0.9)
    first.settle(10)
    path = first._journal.path
    path.write_bytes(path.read_bytes().replace(b"#training>", b"#draining>"))
    recording.record(home.path)
    with pytest.raises(JournalDamagedError, match=path.name):
        count(home)
    path.rename(path.with_suffix(".nq.damaged"))
    record_module._open.discard(first)  # there is no file any more that it could end
    assert states(home) == [("FINISHED", 3)]


def test_a_store_that_another_process_holds_is_waited_for_and_named(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording.record(home.path)
    script = (
        "import sys, time; from pathlib import Path; from kprov_capture.home import Home; "
        "from kprov_rdf.store import owned\n"
        "with owned(Home(Path(sys.argv[1]))): print('mine', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(home.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "mine\n"
        monkeypatch.setattr(stores, "LOCK_SECONDS", 0.2)
        with pytest.raises(StoreLockedError, match=f"process {owner.pid} "):
            count(home)
        monkeypatch.setattr(stores, "LOCK_SECONDS", 20.0)
        threading.Timer(0.5, owner.stdin.close).start()  # type: ignore[union-attr]
        assert count(home) > 0


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")
def test_a_disk_that_is_full_or_read_only_is_named_and_nothing_is_lost(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording.record(home.path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stores.LocalStore, "backup", full)
    with pytest.raises(StorageError, match="No space left"):
        count(home)
    monkeypatch.undo()
    monkeypatch.setattr(stores.os, "access", lambda *_: False)
    with pytest.raises(StorageError, match="read-only"):
        count(home)
    monkeypatch.undo()
    assert states(home) == [("FINISHED", 3)]


def test_two_runs_have_no_node_of_their_own_in_common(home: Home) -> None:
    recording.record(home.path)
    recording.record(home.path)
    with ingest.open_snapshot(home) as snapshot:
        answer = snapshot.query(
            "SELECT ?s { GRAPH ?a { ?s a ?t } GRAPH ?b { ?s a ?t } FILTER (STR(?a) < STR(?b)) "
            "FILTER (CONTAINS(STR(?s), '/run/') && CONTAINS(STR(?s), '#')) }"
        )
        assert list(answer) == []


# -- kill -9

_TRAINER = """
import sys, time
from tests import recording
run = recording.begin(sys.argv[1])
for number in range(100_000):
    recording.epoch(run, number, 0.5)
    print(number, time.monotonic(), flush=True)
    time.sleep(0.003)
"""


def test_kill_9_loses_no_epoch_older_than_50_ms_and_is_shown_as_crashed(home: Home) -> None:
    import time

    with subprocess.Popen(
        [sys.executable, "-c", _TRAINER, str(home.path)],
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment(home.path),
    ) as trainer:
        assert trainer.stdout is not None
        for _ in range(150):
            line = trainer.stdout.readline()
        assert states(home)[0][0] == "RUNNING"
        killed = time.monotonic()
        trainer.kill()
        lines = [line, *trainer.stdout.read().splitlines()]
    whole = [row.split() for row in lines if len(row.split()) == 2]
    # A process that the system does not let run cannot write: it ran until its last line, and the
    # time of some epochs.
    ran_until = min(killed, float(whole[-1][1]) + 0.02)
    must = max(int(number) for number, at in whole if float(at) <= ran_until - 0.05)
    ((status, epochs),) = states(home)
    assert status == "CRASHED"
    assert epochs >= must + 1
    with ingest.open_snapshot(home) as snapshot:
        from kprov_rdf.validate import shacl

        (run,) = runs.listing(snapshot, snapshot.living)
        assert shacl.validate(run.iri, snapshot.graph(run.iri)) == []


# -- names of runs


def test_the_names_of_a_run(home: Home) -> None:
    recording.record(home.path, tag="one")
    recording.record(home.path, tag="two")
    last = recording.record(home.path, tag="one")
    with ingest.open_snapshot(home) as snapshot:
        known = runs.listing(snapshot, snapshot.living)
    names = ["@latest", last.id, last.names.run, last.id[-8:], last.id[-4:], "one"]
    assert {runs.resolve(name, known).id for name in names} == {last.id}
    with pytest.raises(NotFoundError, match="means 3 runs"):
        runs.resolve(last.id[:4], known)
    with pytest.raises(NotFoundError, match="kprov runs"):
        runs.resolve("nothing", known)
    with pytest.raises(NotFoundError, match="no run at all"):
        runs.resolve("@latest", [])


def test_every_error_of_the_store_side_is_a_kprov_error() -> None:
    from kprov_rdf import errors

    classes = [one for one in vars(errors).values() if isinstance(one, type)]
    assert all(issubclass(one, KprovError) for one in classes)


def test_a_home_without_runs_is_empty(tmp_path: Path) -> None:
    from kprov_capture.home import create

    assert states(create(tmp_path / "new")) == []


# -- the store is built again


def test_a_rebuild_that_was_cut_short_is_begun_again(home: Home) -> None:
    import shutil

    for _ in range(3):
        recording.record(home.path)
    first = count(home)
    shutil.rmtree(home.store)
    damaged = sorted(home.done.iterdir())[0]
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[: len(whole) // 2])
    for _ in range(2):
        with pytest.raises(JournalDamagedError, match=damaged.name):
            count(home)
    damaged.write_bytes(whole[:50] + b"\0" * 50 + whole[100:])
    with pytest.raises(JournalDamagedError, match=damaged.name):
        count(home)
    moved = damaged.with_suffix(".gz.damaged")
    damaged.rename(moved)
    assert len(states(home)) == 2
    moved.rename(damaged)
    damaged.write_bytes(whole)
    shutil.rmtree(home.store)
    assert count(home) == first


def test_a_run_that_ends_while_it_is_read_did_not_crash(home: Home) -> None:
    run = recording.begin(home.path)
    run.settle(10)
    with ingest.open_snapshot(home) as snapshot:
        run.end_training("FINISHED")
        run.close()
        assert states(home) == [("FINISHED", 0)]
        assert [one.status for one in runs.listing(snapshot, snapshot.living)] == ["RUNNING"]


def test_a_run_without_a_training_has_the_status_of_its_execution(home: Home) -> None:
    from kprov_capture.run import Run

    with Run("flow", home=home.path):
        pass
    with pytest.raises(KeyboardInterrupt), Run("flow", home=home.path):
        raise KeyboardInterrupt
    with pytest.raises(RuntimeError), Run("flow", home=home.path):
        raise RuntimeError
    Run("flow", home=home.path).close()
    assert sorted(states(home)) == [
        ("FINISHED", 0), ("FINISHED_WITH_ERROR", 0), ("INTERRUPTED", 0), ("INTERRUPTED", 0),
    ]  # fmt: skip


_KILLED = """
import os, signal, sys
from pathlib import Path
from kprov_capture.home import Home
from kprov_rdf import ingest, journal, owner, store
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
modules = {"ingest": ingest, "journal": journal, "store": store, "owner": owner}
setattr(modules[sys.argv[2]], sys.argv[3], die)
ingest.open_snapshot(Home(Path(sys.argv[1])))
"""


@pytest.mark.skipif(os.name != "posix", reason="needs kill -9")
@pytest.mark.parametrize(
    ("module", "function"),
    [
        ("owner", "announce"),
        ("ingest", "_rebuild"),
        ("ingest", "_archive"),
        ("journal", "replace"),
        ("ingest", "snapshot"),
        ("store", "sweep"),
        ("store", "Snapshot"),
    ],
)
def test_a_reader_that_is_killed_loses_nothing_and_leaves_nothing(
    module: str, function: str, home: Home
) -> None:
    """At each step, while a store is built again and a finished journal is put away."""
    import shutil

    recording.record(home.path)
    first = states(home)
    recording.record(home.path)
    open_run = recording.begin(home.path)
    assert open_run.settle(10)
    shutil.rmtree(home.store)
    done = subprocess.run([sys.executable, "-c", _KILLED, str(home.path), module, function])
    assert done.returncode == -9
    assert [status for status, _ in states(home)] == ["RUNNING", "FINISHED", "FINISHED"]
    open_run.close()
    assert len(first) == 1
    states(home)
    assert [path.name for path in home.journal.iterdir()] == ["done"]
    assert len(list(home.done.iterdir())) == 3
    assert list(home.snapshots.iterdir()) == []


@pytest.mark.parametrize("name", ["CURRENT", "MANIFEST-*", "*.sst"])
def test_a_store_whose_files_are_damaged_says_how_to_build_it_again(name: str, home: Home) -> None:
    recording.record(home.path)
    recording.record(home.path)
    first = count(home)
    count(home)
    for path in list(home.store.glob(name)):
        path.write_bytes(path.read_bytes()[:10])
    with pytest.raises(StorageError, match="folder away"):
        count(home)
    import shutil

    shutil.rmtree(home.store)
    assert count(home) == first


# -- a disk that takes no more: a limit of the system on the size of files, as a full disk is

_LIMITED = """
import resource, sys
from tests import recording
run = recording.begin(sys.argv[1])
run.settle(10)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))
for number in range(100): recording.epoch(run, number, 0.5)
run.settle(10)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
run.end_training("FINISHED")
run.close()
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
def test_epochs_that_found_no_room_are_made_up_for_when_there_is_some(home: Home) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(home.path)],
        capture_output=True,
        text=True,
        env=child_environment(home.path, KPROV_STRICT="0"),
    )
    assert done.returncode == 0, done.stderr
    assert "File too large" in done.stderr
    assert states(home) == [("FINISHED", 100)]


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
def test_a_store_that_cannot_grow_is_told_and_nothing_is_lost(home: Home) -> None:
    recording.record(home.path)
    command = f"ulimit -f 1; exec {sys.executable} -m kprov_rdf --home {home.path} runs"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("kprov: The ")
    assert str(home.path) in done.stderr
    assert states(home) == [("FINISHED", 3)]
