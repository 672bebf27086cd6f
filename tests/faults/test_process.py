"""Forks, threads, and poor surroundings of the process that trains."""

import os
from pathlib import Path

import pytest

TRAIN = """
import logging, os, signal, sys, threading
import keras
import kprov_capture.keras as kprov
from tests.faults.networks import X, Y, fit, network

logging.basicConfig(format="%(name)s %(levelname)s %(message)s")
place = sys.argv[1]
ours = kprov.Provenance("process", home=place)
"""


def test_forks_in_mid_training(nursery, found, state, tmp_path: Path) -> None:
    """A child that leaves at once, and one that leaves as an exception does."""
    script = (
        TRAIN
        + """
class Forks(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        pid = os.fork()
        if pid == 0:
            ours.on_epoch_end(99, {"loss": 1.0})
            if epoch == 0:
                os._exit(0)
            sys.exit(0)
        assert os.waitpid(pid, 0)[1] == 0

plain = fit(network())
try:
    again = fit(network(), ours, Forks())
except SystemExit:
    os._exit(0)  # TensorFlow waits at its end for threads that a fork does not have
assert again == plain
"""
    )
    nursery.run(script, tmp_path, str(state))
    assert found().outline == [("FINISHED", 3)]


def test_workers_that_load_data_by_fork(nursery, found, state, tmp_path) -> None:
    script = (
        TRAIN
        + """
import multiprocessing
from tests.faults.networks import load

class Loads(keras.utils.PyDataset):
    def __len__(self):
        return 4
    def __getitem__(self, index):
        return pool.apply(load, (index,))

with multiprocessing.get_context("fork").Pool(2) as pool:
    plain = fit(network(), x=Loads(), y=None, shuffle=False)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        again = fit(network(), ours, x=Loads(), y=None, shuffle=False)
assert again == plain
"""
    )
    nursery.run(script, tmp_path, str(state))
    assert found().outline == [("FINISHED", 3)]


def test_fits_in_threads_and_a_process_that_ends_meanwhile(nursery, found, state, tmp_path) -> None:
    """Three end before the process, which waits for them; it does not wait for the fourth."""
    script = (
        TRAIN
        + """
kprov.autolog("threads", home=place)
fits = [threading.Thread(target=fit, args=(network(),), kwargs={"epochs": 4}) for _ in range(3)]
told = threading.Event()

class Tells(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        told.set()

endless = {"epochs": 1_000_000}
threading.Thread(target=fit, args=(network(), Tells()), kwargs=endless, daemon=True).start()
for one in fits:
    one.start()
for one in fits:
    one.join()
told.wait(60)
"""
    )
    nursery.start(script, tmp_path, str(state)).wait()  # TensorFlow may not like to end so
    found_statuses = [status for status, _ in found().outline]
    assert sorted(found_statuses) in (
        ["FINISHED"] * 3 + ["INTERRUPTED"],
        ["CRASHED"] + ["FINISHED"] * 3,
    )


STDERR = {
    "None": "sys.stderr = None",
    "closed": "sys.stderr.close()",
    "raising": "sys.stderr = type('S', (), {'write': lambda *_: 1 / 0})()",
    "full": "sys.stderr = open('/dev/full', 'w', buffering=1)",
}


@pytest.mark.parametrize("kind", STDERR)
def test_a_standard_error_that_is(kind: str, nursery, found, state, tmp_path) -> None:
    """Nothing of ours goes to standard output instead."""
    script = f"""
import os, sys
{STDERR[kind]}
from tests import recording
recording.record(sys.argv[1])
os._exit(0)
"""
    assert nursery.run(script, tmp_path, str(state)).out == ""
    assert found().outline == [("FINISHED", 3)]


def test_a_log_handler_that_raises(nursery, found, state, tmp_path) -> None:
    """On the thread that trains, and on the one that writes, which must live on."""
    script = (
        TRAIN
        + """
class Raises(logging.Handler):
    def emit(self, record):
        raise RuntimeError("no log")

logging.getLogger("kprov").addHandler(Raises())

class Faults(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        ours.on_epoch_end("not a number", {"loss": []})
        ours.run._put(lambda: 1 / 0)

plain = fit(network())
assert fit(network(), ours, Faults()) == plain
ours.run.close()
"""
    )
    nursery.run(script, tmp_path, str(state))
    assert found().outline == [("FINISHED", 3)]


def test_poor_surroundings(nursery, found, state, tmp_path) -> None:
    """No home, no git, an environment and a command line of any bytes, no working folder."""
    gone = tmp_path / "gone"
    gone.mkdir()
    script = (
        TRAIN
        + """
sys.argv += ["x" * 50_000, "\\udcff", 5, None]
plain = fit(network())
os.chdir("gone")
os.rmdir(os.getcwd())
assert fit(network(), ours) == plain
relative = kprov.Provenance("relative")
assert fit(network(), relative) == plain
assert relative.run is None
"""
    )
    nothing = dict.fromkeys(("HOME", "USER", "LOGNAME", "XDG_CONFIG_HOME", "KPROV_HOME"))
    bytes_of_any_kind = {"ODD": "\udcff\udcfe", "LOGNAME": "name \udcff"}
    surroundings = {**nothing, **bytes_of_any_kind, "PATH": "/nowhere"}
    child = nursery.run(script, tmp_path, str(state), env=surroundings)
    assert "No such file" in child.err
    read = found()
    assert read.outline == [("FINISHED", 3)]
    ((line,),) = read.rows("?c dnnprov:commandLine ?line", "line")
    assert line.endswith("x" * 1000 + " \\udcff 5 None")
    assert read.rows("?c dnnprov:gitCommit ?commit", "commit") == []


def test_a_state_folder_whose_name_is_no_text(nursery, tmp_path) -> None:
    from tests.faults.conftest import Found

    place = tmp_path / "name \udcff"
    script = "import os\nfrom tests import recording\nrecording.record(os.environ['KPROV_HOME'])"
    nursery.run(script, tmp_path, env={"KPROV_HOME": str(place)})
    assert Found(place).outline == [("FINISHED", 3)]


@pytest.mark.parametrize(
    ("behaviour", "commit"),
    [
        ("exec sleep 30", None),
        ("sleep 30 & wait", None),
        ("printf '\\377\\376'", "\ufffd\ufffd"),
    ],
    ids=["hangs", "has a child that hangs", "prints no text"],
)
def test_a_git_that(behaviour: str, commit: str | None, nursery, found, state, tmp_path) -> None:
    """The process waits a bounded time for it, and a training none."""
    (tmp_path / "bin").mkdir()
    git = tmp_path / "bin" / "git"
    git.write_text(f"#!/bin/sh\n{behaviour}\n")
    git.chmod(0o755)
    script = (
        "import sys\nfrom kprov_capture import environment\nenvironment._GIT_SECONDS = 1\n"
        "from tests import recording\nrecording.record(sys.argv[1])"
    )
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    nursery.run(script, tmp_path, str(state), env={"PATH": path})
    read = found()
    assert read.outline == [("FINISHED", 3)]
    assert len(read.rows("?c dnnprov:commandLine ?line", "line")) == 1
    assert read.rows("?c dnnprov:gitCommit ?c1", "c1") == ([(commit,)] if commit else [])


def test_a_system_that_gives_no_more_threads(nursery, state, tmp_path) -> None:
    """Each call that is made meanwhile returns at once, and so does the end of the process."""
    script = (
        TRAIN
        + """
plain = fit(network())
threading.stack_size(1 << 46)  # no thread can have so much
assert fit(network(), ours) == plain
"""
    )
    child = nursery.run(script, tmp_path, str(state))
    assert "can't start new thread" in child.err
    assert "Traceback" not in child.err


def test_a_model_that_is_collected_while_a_run_is_opened(nursery, found, state, tmp_path) -> None:
    """Python collects when it likes; the run of the model is closed on whatever thread that is."""
    script = """
import gc, sys, weakref
from kprov_capture import record
from tests import recording

class Model:
    def __init__(self):
        self.me = self

class Collects(set):
    def add(self, one):  # the lock is held here
        gc.collect()
        super().add(one)

gc.disable()
weakref.finalize(Model(), recording.begin(sys.argv[1]).close, wait=False).atexit = False
record._open = Collects(record._open)
recording.record(sys.argv[1])
"""
    nursery.run(script, tmp_path, str(state))
    assert sorted(status for status, _ in found().outline) == ["FINISHED", "INTERRUPTED"]


def test_what_a_settings_folder_of_an_earlier_full_disk_left(nursery, state, tmp_path) -> None:
    """An empty file of the id is no id; and without a home none is made in the working folder."""
    script = "import sys\nfrom tests import recording\nrecording.record(sys.argv[1])"
    nursery.run(script, tmp_path, str(state), env={"XDG_CONFIG_HOME": "relative", "HOME": "~"})
    assert not (tmp_path / "relative").exists()
    assert not (tmp_path / "~").exists()
