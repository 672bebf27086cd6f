"""What capture adds to a training: the design of the Keras-Prov paper, on real digits.

Epochs, learning rate, decay, momentum and optimizer as in section 4 of the IPAW 2020 paper;
nine of their combinations, in which each two levels of two factors meet (the orthogonal
array L9), each five times, always with a new state folder. An application is a process: it
builds a network, fits it, and ends. Two run side by side, one with capture and one without,
each on a core of its own, so that nothing hides on an idle core; which is which is a throw
of dice. There are two figures:

Ours, the one with a limit: the CPU time of our hooks, of the wrapper of fit, of the import,
of our threads, and of the programs they start, as a part of all CPU time of the application.

A/B: by how much more CPU time the application with capture took. Pairs in which both are
without capture (A/A) say how much of that is noise.
"""

import os
import random
import resource
import statistics
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

import keras
from common import Row, quick, report
from fits import TRAIN, Child, Stopwatch, convolutional, digits

OPTIMIZERS = ("SGD", "RMSprop", "Adam")
IMPORTED = time.process_time()  # what an application pays before it begins


@dataclass(frozen=True)
class Settings:
    """One configuration of the application."""

    epochs: int
    rate: float
    optimizer: str
    decay: float
    momentum: float

    @property
    def label(self) -> str:
        return (
            f"{self.epochs} epochs, {self.optimizer}, rate {self.rate:g}, "
            f"decay {self.decay:g}, momentum {self.momentum:g}"
        )

    def compiled(self) -> keras.Model:
        # What `decay` was is a schedule object in Keras 3; Adam's momentum is its beta_1.
        rate = keras.optimizers.schedules.InverseTimeDecay(self.rate, 1, self.decay)
        name = "beta_1" if self.optimizer == "Adam" else "momentum"
        kind = getattr(keras.optimizers, self.optimizer)
        return convolutional(kind(rate, **{name: self.momentum}))


def design() -> list[Settings]:
    epochs, rates = (20, 50, 100), (0.0005, 0.001, 0.002)
    rest = ((1e-4, 0.9), (1e-6, 0.9), (1e-4, 0.5))
    return [
        Settings(epochs[i], rates[j], OPTIMIZERS[(i + j) % 3], *rest[(i + 2 * j) % 3])
        for i in range(3)
        for j in range(3)
    ]


def thread_seconds(prefix: str) -> float:
    """CPU seconds so far of the threads whose names begin so."""
    return sum(
        time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
        for thread in threading.enumerate()
        if thread.name.startswith(prefix) and thread.ident
    )


def application(settings: Settings, folder: str | None) -> dict[str, float]:
    """Train; with a state folder under capture. Finds the CPU seconds that were ours."""
    keras.utils.set_random_seed(0)
    x, y = digits()
    model = settings.compiled()
    hooks, original, whole, other = Stopwatch(), Stopwatch(), Stopwatch(), Stopwatch()
    keras.Model.fit = original.timed(keras.Model.fit)
    callbacks: list[Any] = []
    if folder:
        callbacks = [other.timed(prepare)(folder)]
    with hooks.callbacks(lambda callback: type(callback).__module__.startswith("kprov_capture")):
        whole.timed(model.fit)(
            x[:TRAIN], y[:TRAIN], validation_data=(x[TRAIN:], y[TRAIN:]),
            epochs=settings.epochs, verbose=0, callbacks=callbacks,
        )  # fmt: skip
    if not folder:
        return {}
    other.timed(callbacks[0].run.close)()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    wrapper = sum(whole.seconds) - sum(original.seconds)
    return {
        "import and construction": other.seconds[0],
        "training thread": sum(hooks.seconds) + wrapper + other.seconds[1],
        "our threads": thread_seconds("kprov"),
        "git": children.ru_utime + children.ru_stime,
    }


def prepare(folder: str) -> Any:
    import kprov_capture.keras as kprov

    # Its one line on standard error would stand here 45 times.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    return kprov.Provenance("bench", home=folder)


@dataclass(frozen=True)
class Pair:
    """Two applications side by side: the second one with capture, unless it is an A/A pair."""

    settings: Settings
    ours: dict[str, float]
    cpu: tuple[float, float]
    wall: tuple[float, float]

    @property
    def part(self) -> float:
        """Ours in percent of the application without it."""
        return 100 * sum(self.ours.values()) / (self.cpu[1] - sum(self.ours.values()))

    @property
    def more(self) -> float:
        return 100 * (self.cpu[1] / self.cpu[0] - 1)

    @property
    def longer(self) -> float:
        return 100 * (self.wall[1] / self.wall[0] - 1)


def pair(settings: Settings, capture: bool, dice: random.Random) -> Pair:
    cores = sorted(os.sched_getaffinity(0))
    cores = [cores[0], cores[-1]]
    dice.shuffle(cores)
    with tempfile.TemporaryDirectory() as folder:
        arms = [(0, None), (1, folder if capture else None)]
        dice.shuffle(arms)
        children = {n: Child(application, settings, home, core=cores[n]) for n, home in arms}
        (_, *bare), (ours, *with_it) = (children[n].result() for n in (0, 1))
    return Pair(settings, ours, (bare[0], with_it[0]), (bare[1], with_it[1]))
