"""What capture adds to a training: the design of the Keras-Prov paper, on real digits.

Epochs, learning rate, decay, momentum and optimizer as in section 4 of the IPAW 2020 paper;
nine of their combinations, in which each two levels of two factors meet (the orthogonal
array L9), each five times, always with a new state folder. An application is a process: it
builds a network, fits it, and ends. The network is so small that all this takes minutes, and a
training seconds; the first configuration comes once more with a network of the shape of AlexNet,
which the papers train. Two run side by side, one with capture and one without, each on a core of
its own, so that nothing hides on an idle core; which is which is a throw of dice.

There are two figures:

Ours, the one with a limit: the CPU time of our hooks, of the wrapper of fit, of the import,
of our threads, and of the programs they start, in percent of all other CPU time of the
application. It hardly varies, and misses what capture makes others do.

A/B: by how much more CPU time, and time by the clock, the application with capture took. It
misses nothing, and varies: pairs in which both are without capture (A/A) say how much.
"""

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
from common import Row, quick, report
from fits import TRAIN, Child, Stopwatch, alexnet, convolutional, digits

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
    alexnet: bool = False

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
class Pair:
    """Two applications side by side; the second one is with capture, unless the pair is A/A."""

    settings: Settings
    ours: dict[str, float]
    cpu: tuple[float, float]
    wall: tuple[float, float]

    def part(self, imported: float) -> float:
        """Ours in percent of the rest."""
        ours = sum(self.ours.values())
        return 100 * ours / (imported + self.cpu[1] - ours)


def pair(settings: Settings, capture: bool, dice: random.Random) -> Pair:
    allowed = sorted(os.sched_getaffinity(0))
    cores = [allowed[0], allowed[-1]]
    dice.shuffle(cores)
    with tempfile.TemporaryDirectory() as folder:
        arms: list[tuple[int, str | None]] = [(0, None), (1, folder if capture else None)]
        dice.shuffle(arms)
        children = {n: Child(application, settings, home, core=cores[n]) for n, home in arms}
        (_, *bare), (ours, *second) = (children[n].result() for n in (0, 1))
    return Pair(settings, ours, (bare[0], second[0]), (bare[1], second[1]))


def interval(name: str, pairs: list[Pair], of: Callable[[Pair], tuple[float, float]]) -> Row:
    """By how many percent the second of each pair is more, in the mean."""
    more = [100 * (second / first - 1) for first, second in map(of, pairs)]
    middle = statistics.fmean(more)
    half = 1.96 * statistics.stdev(more) / math.sqrt(len(more))
    what = f"{name}, {len(more)} pairs (95 %: {middle - half:.1f} to {middle + half:.1f})"
    return Row(what, middle, "%")


def means(pairs: list[Pair], imported: float) -> dict[Settings, float]:
    """Ours in percent of the rest, for each configuration."""
    return {
        settings: statistics.fmean(p.part(imported) for p in pairs if p.settings == settings)
        for settings in dict.fromkeys(p.settings for p in pairs)
    }


def lines(pairs: list[Pair]) -> tuple[float, float, str, str]:
    """Ours in ms as so much once, and so much for each epoch; and both by kind."""
    epochs = [p.settings.epochs for p in pairs]
    found = {
        kind: statistics.linear_regression(epochs, [p.ours[kind] * 1e3 for p in pairs])
        for kind in pairs[0].ours
    }
    once = ", ".join(f"{kind} {line.intercept:.1f}" for kind, line in found.items())
    each = ", ".join(f"{k} {line.slope:.2f}" for k, line in found.items() if line.slope > 0.01)
    intercepts, slopes = ([line[i] for line in found.values()] for i in (1, 0))
    return sum(intercepts), sum(slopes), once, each


def rows(small: list[Pair], large: list[Pair], controls: list[Pair]) -> list[Row]:
    whole, alone = means(small, IMPORTED), means(small, 0.0)
    worst = max(whole, key=lambda settings: whole[settings])
    once, each, of_once, of_each = lines(small)
    seconds = IMPORTED + statistics.fmean(p.cpu[0] for p in small if p.settings == worst)
    longer = IMPORTED + statistics.fmean(p.cpu[0] for p in large)
    return [
        Row(f"ours, of an application of {longer:.1f} s CPU (20 epochs, the shape of AlexNet)",
            *means(large, IMPORTED).values(), "%", 0.5),
        Row(f"ours, of an application of {seconds:.1f} s CPU (the worst of nine: {worst.label})",
            whole[worst], "%", 0.5),
        Row("the same, without the import of Keras", alone[worst], "%"),
        Row(f"ours, once ({of_once})", once, "ms CPU"),
        Row(f"ours, each epoch ({of_each})", each, "ms CPU"),
        *(
            Row(f"ours is 0.5 % of an application of {epochs} epochs that takes",
                (once + epochs * each) / 1e3 / 0.005, "s CPU")
            for epochs in (20, 100)
        ),
        interval("A/B: more CPU with capture", small, lambda pair: pair.cpu),
        interval("A/A: more CPU, neither with capture", controls, lambda pair: pair.cpu),
        interval("A/B: longer by the clock with capture", small, lambda pair: pair.wall),
        interval("A/A: longer by the clock, neither", controls, lambda pair: pair.wall),
    ]  # fmt: skip


def main() -> None:
    dice = random.Random(0)
    first = design()[0]
    large = replace(first, alexnet=True)
    shortest = [settings for settings in design() if settings.epochs == first.epochs]
    todo = [(s, True) for s in (*design(), large)] * REPEATS
    todo += [(s, False) for s in shortest] * REPEATS
    dice.shuffle(todo)
    pair(first, True, dice)  # the first one pays for caches of the system
    done = [(capture, pair(settings, capture, dice)) for settings, capture in todo]
    recorded = [p for capture, p in done if capture]
    report(
        "overhead",
        rows(
            [p for p in recorded if p.settings != large],
            [p for p in recorded if p.settings == large],
            [p for capture, p in done if not capture],
        ),
    )


if __name__ == "__main__":
    main()
