"""What capture adds to a training: the design of the Keras-Prov paper, on real digits.

Epochs, learning rate, decay, momentum and optimizer as in section 4 of the IPAW 2020 paper;
nine of their combinations, in which each two levels of two factors meet (the orthogonal
array L9), each five times, always with a new state folder. An application is a process: it
builds a network, fits it, and ends. The network has the shape of AlexNet, which the papers
train, but an epoch of it takes less time than any that they report (3.1 to 44 s). Two
applications run side by side, each on a core of its own, so that nothing hides on an idle core.

There are two figures:

Ours, the one with a limit: the CPU time of our hooks, of the wrapper of fit, of the import,
of our threads, and of the programs they start, in percent of all other CPU time of the
application. It hardly varies, and misses what capture makes others do.

A/B: by how much more CPU time, and time by the clock, an application with capture took than
one without, on the other core at the same time; which core is a throw of dice. It misses
nothing, and varies: pairs in which both are without capture (A/A) say how much. The network is
a tiny one here, and the epochs are few, so that what is added shows best.
"""

import itertools
import math
import os
import random
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import keras
from child import Child
from common import Row, quick, report
from fits import TRAIN, Stopwatch, alexnet, convolutional, digits

OPTIMIZERS = ("SGD", "RMSprop", "Adam")
REPEATS = 2 if quick() else 5
IMPORTED = time.process_time()  # what each application would pay before it begins


@dataclass(frozen=True)
class Settings:
    """One configuration of the application."""

    epochs: int
    rate: float
    optimizer: str
    decay: float
    momentum: float
    alexnet: bool = True

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
        optimizer = kind(rate, **{name: self.momentum})
        return alexnet(optimizer) if self.alexnet else convolutional(optimizer, 16)


def design() -> list[Settings]:
    epochs, rates = (20, 50, 100), (0.0005, 0.001, 0.002)
    rest = ((1e-4, 0.9), (1e-6, 0.9), (1e-4, 0.5))
    return [
        Settings(epochs[i], rates[j], OPTIMIZERS[(i + j) % 3], *rest[(i + 2 * j) % 3])
        for i in range(2 if quick() else 3)
        for j in range(1 if quick() else 3)
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
class Job:
    """An application to run."""

    settings: Settings
    capture: bool = True


@dataclass(frozen=True)
class Done:
    """What it took: seconds of our CPU time by kind, of all CPU time, and by the clock."""

    job: Job
    ours: dict[str, float]
    cpu: float
    wall: float

    def part(self, imported: float) -> float:
        """Ours in percent of the rest."""
        ours = sum(self.ours.values())
        return 100 * ours / (imported + self.cpu - ours)


def side_by_side(jobs: list[Job], dice: random.Random) -> list[Done]:
    """Run one or two, each on a core of its own; which core, and which first, is by chance."""
    allowed = sorted(os.sched_getaffinity(0))
    cores = [allowed[0], allowed[-1]]
    dice.shuffle(cores)
    order = list(enumerate(jobs))
    dice.shuffle(order)
    with tempfile.TemporaryDirectory() as folder:
        children = {
            n: Child(
                application,
                job.settings,
                os.path.join(folder, str(n)) if job.capture else None,
                core=cores[n],
            )
            for n, job in order
        }
        return [Done(job, *children[n].result()) for n, job in enumerate(jobs)]


def in_pairs(jobs: list[Job], dice: random.Random) -> list[Done]:
    """Run all, those of as many epochs side by side."""
    dice.shuffle(jobs)
    jobs.sort(key=lambda job: job.settings.epochs)
    return [
        done
        for _, group in itertools.groupby(jobs, key=lambda job: job.settings.epochs)
        for alike in [list(group)]
        for first in range(0, len(alike), 2)
        for done in side_by_side(alike[first : first + 2], dice)
    ]


def interval(name: str, pairs: list[list[Done]], of: Callable[[Done], float]) -> Row:
    """By how many percent the second of each pair is more, in the mean."""
    more = [100 * (of(second) / of(first) - 1) for first, second in pairs]
    middle = statistics.fmean(more)
    half = 1.96 * statistics.stdev(more) / math.sqrt(len(more))
    what = f"{name}, {len(more)} pairs (95 %: {middle - half:.1f} to {middle + half:.1f})"
    return Row(what, middle, "%")


def lines(done: list[Done]) -> tuple[float, float, str, str]:
    """Ours in ms as so much once, and so much for each epoch; and both by kind."""
    epochs = [d.job.settings.epochs for d in done]
    found = {
        kind: statistics.linear_regression(epochs, [d.ours[kind] * 1e3 for d in done])
        for kind in done[0].ours
    }
    once = ", ".join(f"{kind} {line.intercept:.1f}" for kind, line in found.items())
    each = ", ".join(f"{k} {line.slope:.2f}" for k, line in found.items() if line.slope > 0.01)
    intercepts, slopes = ([line[i] for line in found.values()] for i in (1, 0))
    return sum(intercepts), sum(slopes), once, each


def rows(done: list[Done], small: list[list[Done]], controls: list[list[Done]]) -> list[Row]:
    every = {job.settings: [d for d in done if d.job == job] for job in {d.job for d in done}}
    parts = {s: statistics.fmean(d.part(IMPORTED) for d in of) for s, of in every.items()}
    worst = max(parts, key=lambda settings: parts[settings])
    seconds = IMPORTED + statistics.fmean(d.cpu for d in every[worst])
    once, each, of_once, of_each = lines(done)
    tiny = [second for _, second in small]
    tiny_seconds = IMPORTED + statistics.fmean(d.cpu for d in tiny)
    return [
        Row(f"ours, of an application of {seconds:.0f} s CPU (the worst of {len(parts)}: "
            f"{worst.label})", parts[worst], "%", 0.5),
        Row("ours, the mean of all configurations", statistics.fmean(parts.values()), "%"),
        Row(f"ours, once ({of_once})", once, "ms CPU"),
        Row(f"ours, each epoch ({of_each})", each, "ms CPU"),
        *(
            Row(f"ours is 0.5 % of an application of {epochs} epochs that takes",
                (once + epochs * each) / 1e3 / 0.005, "s CPU")
            for epochs in (20, 100)
        ),
        Row(f"a tiny network, 20 epochs: ours, of {tiny_seconds:.1f} s CPU",
            statistics.fmean(d.part(IMPORTED) for d in tiny), "%"),
        interval("the same, A/B: more CPU with capture", small, lambda d: d.cpu),
        interval("A/A: more CPU, neither with capture", controls, lambda d: d.cpu),
        interval("A/B: longer by the clock with capture", small, lambda d: d.wall),
        interval("A/A: longer by the clock, neither", controls, lambda d: d.wall),
    ]  # fmt: skip


def main() -> None:
    dice = random.Random(0)
    nine = design()
    short = [replace(s, alexnet=False) for s in nine if s.epochs == nine[0].epochs] * REPEATS
    # The first ones pay for caches of the system.
    side_by_side([Job(short[0]), Job(short[0], capture=False)], dice)
    trials = [(Job(s, capture=False), Job(s, capture)) for s in short for capture in (True, False)]
    dice.shuffle(trials)
    pairs = [(trial, side_by_side(list(trial), dice)) for trial in trials]
    report(
        "overhead",
        rows(
            in_pairs([Job(settings) for settings in nine * REPEATS], dice),
            [pair for (_, second), pair in pairs if second.capture],
            [pair for (_, second), pair in pairs if not second.capture],
        ),
    )


if __name__ == "__main__":
    main()
