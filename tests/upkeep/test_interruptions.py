"""kill -9 in the midst of it: nothing half done, and the same command ends it."""

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kprov_capture.home import Home
from kprov_rdf.upkeep import removal
from kprov_rdf.upkeep.backup import backup
from kprov_rdf.upkeep.collection import collect
from kprov_rdf.upkeep.restore import restore
from tests import recording
from tests.conftest import child_environment
from tests.tuning import chain
from tests.upkeep.folders import content, rebuilt, rm, runs

SEED = 20_261_122
# What is called, one after the other; each stands where a kill may leave a different state.
PLACES = [
    ("kprov_rdf.journal.write", 1),
    ("kprov_rdf.removals.obey", 1),
    ("kprov_rdf.store.LocalStore.drop", 1),
    ("kprov_rdf.store.LocalStore.change", 1),
    ("kprov_rdf.summaries.related.tell_again", 1),
    ("kprov_rdf.store.LocalStore.load", 1),
    ("kprov_rdf.removals.prune_links", 1),
    ("kprov_rdf.store.LocalStore.flush", 1),
    ("os.replace", 1),
    ("os.replace", 2),
    ("kprov_rdf.ingest._archive", 1),
]
KILLED = """
import importlib, os, sys
from kprov_rdf import ingest, removals, journal
from kprov_rdf.cli import run
place, before, count = sys.argv[1], sys.argv[2] == "before", int(sys.argv[3])
name, _, last = place.rpartition(".")
try:
    owner = importlib.import_module(name)
except ModuleNotFoundError:
    module, _, kind = name.rpartition(".")
    owner = getattr(importlib.import_module(module), kind)
original = getattr(owner, last)
def killed(*args, **kwargs):
    global count
    count -= 1
    if count == 0 and before:
        os.kill(os.getpid(), 9)
    found = original(*args, **kwargs)
    if count == 0:
        os.kill(os.getpid(), 9)
    return found
setattr(owner, last, killed)
sys.exit(run(sys.argv[4:]))
"""


def killed(home: Home, place: str, when: str, count: int, *arguments: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, place, when, str(count), "--home", home.path, *arguments],
        env=child_environment(home.path),
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_removal_that_is_killed_is_none_or_is_ended_by_the_next_command(
    when: str, home: Home, tmp_path: Path
) -> None:
    chain(home, tmp_path, 2)  # the second tells of the file of the first
    gone, kept = runs(home)
    whole = content(home)
    shutil.copytree(home.path, tmp_path / "master")
    kills = 0
    for place, count in PLACES:
        shutil.rmtree(home.path)
        shutil.copytree(tmp_path / "master", home.path)
        kills += killed(home, place, when, count, "rm", "--yes", gone) != 0
        after = content(home)
        assert rebuilt(home) == after, (place, count)
        if gone in after:
            assert after == whole
            rm(home, [gone])
        assert runs(home) == [kept]
        collect(home)
        assert rebuilt(home) == content(home)
    assert kills > len(PLACES) / 2


def test_an_undoing_that_is_killed_is_none_or_whole(home: Home, tmp_path: Path) -> None:
    recording.record(home.path)
    (gone,) = runs(home)
    rm(home, [gone])
    shutil.copytree(home.path, tmp_path / "master")
    for place, count in (
        ("kprov_rdf.journal.write", 1),
        ("os.replace", 2),
        ("os.replace", 3),
        ("kprov_rdf.store.LocalStore.clear", 1),
    ):
        shutil.rmtree(home.path)
        shutil.copytree(tmp_path / "master", home.path)
        assert killed(home, place, "after", count, "rm", "--undo", gone) != 0
        after = content(home)
        assert rebuilt(home) == after, (place, count)
        if gone not in after:
            collect(home, dry_run=True)
            removal.undo(home, gone)
        assert runs(home) == [gone]
        assert rebuilt(home) == content(home)


def test_a_collection_that_is_killed_is_ended_by_the_next(home: Home) -> None:
    for number in range(3):
        recording.record(home.path, f"run-{number}")
    rm(home, runs(home)[:2])
    before = content(home)
    assert killed(home, "pathlib.Path.unlink", "after", 1, "gc") != 0
    assert content(home) == before
    assert killed(home, "kprov_rdf.store.LocalStore.compact", "after", 1, "gc") != 0
    assert content(home) == before
    collect(home)
    assert not [p for p in home.removed.rglob("*") if p.is_file()]
    assert rebuilt(home) == before


def test_backup_and_restore_that_are_killed_leave_nothing_half(home: Home, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    for number in range(5):
        recording.record(home.path, f"run-{number}")
    whole = content(home)
    folder = tmp_path / "backups"
    folder.mkdir()
    good = backup(home, folder / "good.tar.gz").path
    for number in range(6):
        target, new = tmp_path / f"restored-{number}", folder / f"b-{number}.tar.gz"
        script = (
            "import sys; from pathlib import Path; from kprov_capture.home import Home\n"
            "from kprov_rdf.upkeep.backup import backup\n"
            "from kprov_rdf.upkeep.restore import restore\n"
            "print('begun', flush=True)\n"
            "backup(Home(Path(sys.argv[1])), Path(sys.argv[2]))\n"
            "restore(Path(sys.argv[3]), Path(sys.argv[4]))"
        )
        with subprocess.Popen(
            [sys.executable, "-c", script, *map(str, (home.path, new, good, target))],
            stdout=subprocess.PIPE,
            env=child_environment(home.path),
        ) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(chance.uniform(0, 0.03))
            child.kill()
        if new.exists():
            restore(new, tmp_path / f"of-{number}")
            assert content(Home(tmp_path / f"of-{number}")) == whole
        if target.exists():
            assert content(Home(target)) == whole
    assert content(home) == whole
