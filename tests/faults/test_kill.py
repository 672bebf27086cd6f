"""kill -9 at fifty random moments: what was told of 50 ms before is there, once.

The moments lie between the start of the recording and some dozens of epochs later. Most of
the trainings are loops around ``Run``; eight are fits. No repair step comes before reading.
"""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import child_environment
from tests.faults.conftest import Child, until

SEED = 20_110_318
# An epoch that ended so long before is not lost.
SAFE_SECONDS = 0.05

LOOP = """
import sys, time
from tests import recording

print("begun", flush=True)
run = recording.begin(sys.argv[1])
print("run", run.id, flush=True)
number = 0
while True:
    recording.epoch(run, number, 1 / (number + 1))
    print(number, time.monotonic(), flush=True)
    number += 1
    time.sleep(0.004)
"""

FIT = """
import sys, time
import keras
import kprov_capture.keras as kprov
from tests.faults.networks import X, Y, network

class Tells(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        print("run", ours.run.id, flush=True)

    def on_epoch_end(self, epoch, logs=None):  # after ours
        print(epoch, time.monotonic(), flush=True)

ours = kprov.Provenance("killed", home=sys.argv[1])
model = network()
print("begun", flush=True)
model.fit(X, Y, epochs=100_000, verbose=0, callbacks=[ours, Tells()])
"""


@dataclass
class Killed:
    """What a training that was killed had told."""

    run: str | None = None
    told: list[tuple[int, float]] = field(default_factory=list)
    at: float = 0.0

    @property
    def safe(self) -> set[int]:
        """The epochs that must be there.

        A process that the system does not let run cannot write: the last line that it
        printed, and the time of one epoch, say until when it ran.
        """
        if not self.told:
            return set()
        ran_until = min(self.at, self.told[-1][1] + 0.02)
        return {number for number, at in self.told if at <= ran_until - SAFE_SECONDS}


def kill(child: Child, delay: float) -> Killed:
    until(lambda: child.out != "")
    time.sleep(delay)
    killed = Killed(at=time.monotonic())
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    for line in child.out.splitlines(keepends=True):
        first, _, rest = line.strip().partition(" ")
        if first == "run":
            killed.run = rest
        elif first.isdigit() and line.endswith("\n"):
            killed.told.append((int(first), float(rest)))
    return killed


def test_kill_9_at_fifty_random_moments(nursery, found, state: Path, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    print("seed", SEED)
    moments = [(LOOP, chance.uniform(0, 0.5)) for _ in range(42)]
    moments += [(FIT, chance.uniform(0, 2.0)) for _ in range(8)]
    killed = []
    for script, delay in moments:
        child = nursery.start(script, tmp_path, str(state))
        killed.append(kill(child, delay))
    read = found()  # which validates each
    assert {run.status for run in read.runs} == {"CRASHED"}
    epochs: dict[str, list[int]] = {}
    pattern = "GRAPH ?run { ?m a dnnprov:oTraining ; dnnprov:epoch ?epoch }"
    for run, epoch in read.rows(pattern, "run", "epoch"):
        epochs.setdefault(run.rpartition("/")[2], []).append(epoch)
    for one in killed:
        there = epochs.get(one.run or "", [])
        assert len(there) == len(set(there)), "each once"
        assert one.safe <= set(there), (SEED, one)
    assert sum(len(one.safe) for one in killed) > 100, "they did train"
    done = subprocess.run(
        [sys.executable, "-m", "kprov_rdf", "--home", str(state), "validate"],
        capture_output=True,
        text=True,
        env=child_environment(state),
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("way", ["os._exit(3)", "os.abort()", "os.kill(os.getpid(), 15)"])
def test_a_process_that_ends_without_a_word(way: str, nursery, found, state, tmp_path) -> None:
    """After an epoch whose hook returned a moment before."""
    script = (
        "import os, sys, time\nfrom tests import recording\nrun = recording.begin(sys.argv[1])\n"
        f"recording.epoch(run, 0, 0.5)\nrun.settle(20)\n{way}"
    )
    assert nursery.start(script, tmp_path, str(state)).wait() != 0
    assert found().outline == [("CRASHED", 1)]
