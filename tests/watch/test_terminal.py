"""The command, on a real pseudo-terminal and in a pipe, beside a real training."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kprov_capture.home import Home
from tests import recording
from tests.conftest import child_environment

KERAS = """
import time
import keras
import kprov_capture.keras as kprov
from tests.faults.networks import X, Y, network

class Slow(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        time.sleep(0.1)

model = network()
model.fit(X, Y, epochs=1000, verbose=0, callbacks=[
    kprov.Provenance("shown"),
    keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=2, min_delta=10, cooldown=99),
    keras.callbacks.EarlyStopping("loss", patience=12, min_delta=10),
    Slow(),
])
model.evaluate(X, Y, verbose=0)
model.save("shown.keras")
"""
LOOP = """
import time
from pathlib import Path
from tests import recording
run = recording.begin(Path({home!r}), tag="loop")
for number in range(3000):
    recording.epoch(run, number, 1 / (number + 1))
    time.sleep(0.05)
"""
KPROV = [sys.executable, "-m", "kprov_rdf"]
SECONDS = 60.0


class Terminal:
    """A command on a pseudo-terminal; what it wrote is in ``out``."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.out = ""
        parent, child = pty.openpty()
        self.before = termios.tcgetattr(child)
        self._parent, self._child = parent, child
        self.resize(24, 80)
        self.process = subprocess.Popen(
            [*KPROV, *arguments],
            stdin=child,
            stdout=child,
            stderr=child,
            start_new_session=True,
            env={**environment, "TERM": "xterm-256color"},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._parent, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        os.write(self._parent, keys)

    def read(self, until: Callable[[str], object]) -> None:
        """Read until the text is as wanted, or the command ended."""
        end = time.monotonic() + SECONDS
        while not until(self.out):
            assert time.monotonic() < end, self.out[-2000:]
            if select.select([self._parent], [], [], 0.1)[0]:
                self.out += os.read(self._parent, 65536).decode("utf-8", "replace")
            elif self.process.poll() is not None:
                return

    def wait(self) -> int:
        """Its exit status, when all that it wrote is read."""
        self.read(lambda _: False)
        return self.process.wait(SECONDS)

    def restored(self) -> bool:
        """Whether the terminal is as it was: its modes, its screen, its cursor."""
        return (
            termios.tcgetattr(self._child) == self.before
            and self.out.count("\x1b[?1049h") == self.out.count("\x1b[?1049l")
            and self.out.rfind("\x1b[?25h") >= self.out.rfind("\x1b[?25l")
        )

    def frames(self) -> list[str]:
        """What was drawn, without styles."""
        return [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", one) for one in self.out.split("\x1b[H")]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._parent)
        os.close(self._child)


@pytest.fixture
def terminal(home: Home) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def start(*arguments: str) -> Terminal:
        environment = child_environment(home.path)
        opened.append(Terminal(["--home", str(home.path), *arguments], environment))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def train(home: Home, tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Start a training in a process of its own."""
    started: list[subprocess.Popen[bytes]] = []

    def start(script: str) -> subprocess.Popen[bytes]:
        root = Path(__file__).resolve().parents[2]
        paths = os.pathsep.join(
            [str(root), str(root / "capture"), os.environ.get("PYTHONPATH", "")]
        )
        environment = child_environment(home.path, PYTHONPATH=paths)
        with (tmp_path / "training.err").open("wb") as errors:
            child = subprocess.Popen(
                [sys.executable, "-c", script], cwd=tmp_path, env=environment, stderr=errors
            )
        started.append(child)
        return child

    yield start
    for one in started:
        one.kill()
        one.wait()


def loop(home: Home) -> str:
    return LOOP.format(home=str(home.path))


def test_a_training_with_keras_is_shown_from_before_it_begins(home: Home, terminal, train) -> None:
    shown = terminal("watch", "--wait", "shown", "--interval", "0.1")
    shown.read(lambda text: "waiting for a run shown" in text)
    training = train(KERAS)
    status = shown.wait()
    assert training.wait(SECONDS) == 0
    assert (status, shown.restored()) == (0, True)
    frames = shown.frames()
    assert any("RUNNING" in one and "left" in one and "▁" in one for one in frames)
    assert any("adaptation in epoch" in one and "EarlyTermination" not in one for one in frames)
    last = frames[-1]
    for part in (
        "FINISHED",
        "of 1000 epochs",
        "learning_rate 0.001 -> 0.0005 by ReduceLROnPlateau",
        "EarlyTermination in epoch",
        "by EarlyStopping",
        "testing-1: loss",
        "shown.keras",
    ):
        assert part in last


def test_ctrl_c_ends_the_watching_alone(home: Home, terminal, train) -> None:
    training = train(loop(home))
    shown = terminal("watch", "--wait", "loop", "--interval", "0.1")
    shown.read(lambda text: "\x1b[?1049h" in text and "val_loss" in text)
    shown.type(b"\x03")
    assert shown.wait() == 130
    assert shown.restored()
    assert "The training goes on" in shown.out
    assert training.poll() is None


def test_another_size_is_drawn(home: Home, terminal, train) -> None:
    train(loop(home))
    shown = terminal("watch", "--wait", "loop", "--interval", "0.1")
    shown.read(lambda text: "val_loss" in text)
    shown.resize(40, 120)
    shown.read(lambda _: any(len(one.splitlines()) == 40 for one in shown.frames()))
    shown.process.send_signal(signal.SIGTERM)
    assert shown.wait() == 128 + signal.SIGTERM
    assert shown.restored()


def test_kill_9_of_the_training_is_shown(home: Home, terminal, train) -> None:
    training = train(loop(home))
    shown = terminal("watch", "--wait", "loop", "--interval", "0.1")
    shown.read(lambda text: "val_loss" in text)
    training.kill()
    training.wait()
    assert shown.wait() == 1
    assert "CRASHED" in shown.frames()[-1]
    assert shown.restored()


def test_in_a_pipe_each_epoch_is_a_line_at_once(home: Home, train) -> None:
    train(loop(home))
    watching = subprocess.Popen(
        [*KPROV, "--home", str(home.path), "watch", "--wait", "loop", "--interval", "0.1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=child_environment(home.path),
    )
    assert watching.stdout
    assert watching.stderr
    found = [watching.stdout.readline() for _ in range(6)]
    watching.send_signal(signal.SIGINT)
    rest, told = watching.communicate(timeout=SECONDS)
    assert watching.returncode == 130
    assert found[0].split(":")[0].endswith("of loop")
    numbers = [int(line.split()[1]) for line in found[1:]]
    assert numbers == [0, 1, 2, 3, 4]
    assert "\x1b" not in "".join(found) + rest + told
    assert "The training goes on" in told


def run(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*KPROV, "--home", str(home.path), "watch", *arguments],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=child_environment(home.path),
    )


def test_what_is_written_of_runs_that_have_ended(home: Home) -> None:
    recorded = recording.record(home.path)
    found = run(home, "--format", "json")
    told = [json.loads(line) for line in found.stdout.splitlines()]
    assert (found.returncode, found.stderr) == (0, "")
    assert [one["event"] for one in told] == [
        "run", "epoch", "adaptation", "epoch", "epoch", "test", "end",
    ]  # fmt: skip
    assert told[0]["run"] == recorded.names.run
    failed = recording.begin(home.path)
    failed.end_training("FINISHED_WITH_ERROR", "no memory")
    failed.close()
    found = run(home, failed.id[-8:])
    assert found.returncode == 1
    assert "error of training: no memory" in found.stdout
    assert run(home, recorded.id).returncode == 0


def test_a_run_that_is_not_there_says_so(home: Home) -> None:
    recording.record(home.path)
    found = run(home, "nobody")
    assert found.returncode == 2
    assert "There is no run 'nobody'" in found.stderr
    assert "--wait" in found.stderr


def test_a_reader_that_has_enough_ends_it(home: Home, train) -> None:
    train(loop(home))
    watching = subprocess.Popen(
        f"{sys.executable} -m kprov_rdf --home {home.path} watch --wait loop --interval 0.1 "
        "| head -2; exit ${PIPESTATUS[0]}",
        shell=True,
        executable="/bin/bash",
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=child_environment(home.path),
    )
    out, _ = watching.communicate(timeout=SECONDS)
    assert (watching.returncode, len(out.splitlines())) == (0, 2)


READ_ONLY = """
import ctypes, os, sys
from kprov_rdf import cli
if os.geteuid() == 0:  # without its capabilities (capset(2), version 3), root obeys permissions
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None, use_errno=True).capset(header, none) == 0
sys.exit(cli.run(sys.argv[1:]))
"""


@pytest.fixture
def read_only(home: Home) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Run a command on the folder, of which nothing can be written."""
    folders = [home.path, home.journal, home.done]

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        for folder in folders:
            folder.chmod(0o555)
        return subprocess.run(
            [sys.executable, "-c", READ_ONLY, "--home", str(home.path), *arguments],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=child_environment(home.path),
        )

    yield call
    for folder in folders:
        folder.chmod(0o755)


def test_a_folder_that_is_read_only_is_read_all_the_same(home: Home, read_only) -> None:
    recorded = recording.record(home.path, tag="ended")
    subprocess.run([*KPROV, "--home", str(home.path), "runs"], capture_output=True, check=True)
    for name in ("@latest", recorded.id[-8:], recorded.names.run):
        found = read_only("watch", name)
        assert (found.returncode, found.stderr) == (0, ""), name
        assert "end: FINISHED after 3 epochs" in found.stdout
    found = read_only("watch", "ended")  # the tags of ended runs stand in the store alone
    assert found.returncode == 2
    assert "read-only" in found.stderr
