"""``kprov gc`` and ``kprov optimize``: what nobody uses goes, what somebody uses stays."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kprov_capture.home import Home
from kprov_rdf import ingest
from kprov_rdf import store as stores
from kprov_rdf.cli import run as command
from kprov_rdf.errors import StorageError
from kprov_rdf.store import LocalStore
from kprov_rdf.upkeep import compaction
from kprov_rdf.upkeep.collection import collect
from tests import recording
from tests.conftest import child_environment
from tests.upkeep.folders import content, rebuilt, rm, runs


def with_series(home: Home) -> Path:
    """A run with a series of values, whose process has ended; the file of the series."""
    script = (
        "import sys; from tests import recording\n"
        "from kprov_capture.series_file import SeriesFile\n"
        "run = recording.begin(sys.argv[1])\n"
        "series = SeriesFile(run, 'batches', [('step', '<i8')])\n"
        "series.add([[0, 1]], [{'loss': 0.5}, {'loss': 0.25}])\n"
        "series.end(); run.end_training('FINISHED'); run.close()"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(home.path)],
        env=child_environment(home.path),
        check=True,
    )
    (file,) = home.series.glob("*/*.npy")
    return file


def test_the_series_of_a_removed_run_goes_with_it_and_gc_frees_it(home: Home) -> None:
    file = with_series(home)
    size = file.stat().st_size
    (planned,) = rm(home, ["@latest"])
    assert file in planned.files
    assert not home.series.exists() or not any(home.series.iterdir())
    aside = home.removed / "series" / file.parent.name / file.name
    assert aside.stat().st_size == size
    before = content(home)
    would, nothing = collect(home, dry_run=True)
    assert nothing is None
    assert aside.exists()
    freed, compacted = collect(home)
    assert would == freed
    assert freed[0].files == 2
    assert freed[0].bytes > size
    assert compacted is not None
    assert [p for p in home.removed.rglob("*") if p.is_file()] == []
    assert content(home) == before
    assert rebuilt(home) == before
    assert all(one.files == 0 for one in collect(home)[0]), "again there is nothing"


def test_what_a_living_process_uses_stays(home: Home) -> None:
    run = recording.begin(home.path)
    recording.epoch(run, 0, 0.9)
    assert run.settle(10)
    reader = ingest.open_snapshot(home)
    fresh = home.journal / "validation-x.nq.new"  # somebody writes it just now
    fresh.touch()
    before = content(home)
    freed, _ = collect(home)
    assert all(one.files == 0 for one in freed)
    assert fresh.exists()
    assert list(home.journal.glob("*.position"))
    assert len(list(reader.query("SELECT * { ?s ?p ?o }"))) > 0
    reader.close()
    assert content(home) == before
    run.close()


def test_what_interrupted_work_left_goes(home: Home) -> None:
    recording.record(home.path)
    before = content(home)
    old = time.time() - 7200
    left = [
        home.journal / "import-x.nq.new",
        home.done / "x.nq.gz.new",
        home.path / "owner.abcd1234",
        home.journal / "01a200b8-3cca-7fcd-afa3-19401b0fbfbd.position",
        home.journal / "01a200b8-3cca-7fcd-afa3-19401b0fbfbd.received",
    ]
    for path in left:
        path.write_text("{}")
        os.utime(path, (old, old))
    kept = home.journal / "mine.txt"
    kept.write_text("of the user")
    os.utime(kept, (old, old))
    script = (
        "import os, sys; from pathlib import Path; from kprov_capture.home import Home; "
        "from kprov_rdf.ingest import open_snapshot; open_snapshot(Home(Path(sys.argv[1]))); "
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(home.path)], check=True)
    collect(home)
    assert [path for path in left if path.exists()] == []
    assert kept.exists()
    assert list(home.snapshots.iterdir()) == []
    assert content(home) == before


def test_a_link_in_the_place_of_the_folder_is_not_followed(home: Home, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    home.removed.symlink_to(outside)
    with pytest.raises(StorageError, match="is a link"):
        collect(home)
    assert (outside / "precious").exists()
    home.removed.unlink()
    home.removed.mkdir()
    (home.removed / "series").symlink_to(outside)
    collect(home)
    assert (outside / "precious").exists(), "the link goes, not what it leads to"


def test_the_commands_say_what_they_freed(home: Home, capsys) -> None:
    recording.record(home.path)
    rm(home, ["@latest"])
    assert command(["--home", str(home.path), "gc", "--dry-run"]) == 0
    assert "removed records: 1 file, " in capsys.readouterr().out
    assert command(["--home", str(home.path), "gc"]) == 0
    assert "removed records: 1 file, " in capsys.readouterr().out
    assert command(["--home", str(home.path), "optimize"]) == 0
    assert "write-ahead log: 0 bytes" in capsys.readouterr().out


# -- the write-ahead log


def many(store: LocalStore, count: int) -> None:
    """So many statements in batches of 50, as online runs bring them."""
    for start in range(0, count, 50):
        lines = [
            f'<e:s{n}> <e:p{n % 7}> "{n}" <e:g{n // 999}> .\n' for n in range(start, start + 50)
        ]
        store.load("".join(lines).encode())


def test_a_load_leaves_no_long_log(home: Home) -> None:
    with stores.owned(home) as store:
        many(store, 60_000)
        assert store.log_bytes() > stores.LOG_BYTES
    assert compaction.size(home.store.glob("*.log")) <= stores.LOG_BYTES
    assert list(home.store.glob("LOG.old.*")) == []
    with ingest.open_snapshot(home) as reader:
        (row,) = reader.query("SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s <e:p0> ?o } }")
        assert int(row["n"].value) == len(range(0, 60_000, 7))


def test_the_log_of_a_store_that_stays_open_is_bounded(home: Home) -> None:
    with stores.owned(home) as store:
        sizes = []
        for _ in range(4):
            many(store, 40_000)
            store.drop("e:g1")
            sizes.append(store.log_bytes())
        # One that is written, and one that is kept to be written over.
        assert max(sizes) < 32 << 20


def test_compaction_frees_what_was_removed(home: Home) -> None:
    for number in range(10):
        recording.record(home.path, f"run-{number}", losses=(0.5,) * 100)
    compaction.compact(home)
    before = compaction.size([home.store])
    rm(home, runs(home)[:9])
    done = compaction.compact(home)
    assert done.after < before / 3
    assert done.log == 0
    assert len(runs(home)) == 1
