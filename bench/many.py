"""Many runs as capture records them: a real record as a pattern, with other names and values.

Each run has its own settings, epochs with four metrics, and one test; all of it is made by
capture's own statements, so that a run has as many quads as a recorded one.
"""

import io
import re
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path

from formulas import DENSE, EPOCHS, TAGS, TESTED, elapsed, metrics, quality, settings, started

from kprov_capture.facts import Dataset, Ending, Layer
from kprov_capture.home import create
from kprov_capture.identity import Names, uuid7
from kprov_capture.nquads import instant
from kprov_capture.run import Run
from kprov_capture.series import Series
from kprov_capture.statements import epoch
from kprov_capture.statements_change import training_ended
from kprov_rdf import journal

_PLACES = {"optimizer_name": "OPTIMIZER", "learning_rate": 0.00123, "batch_size": 900,
           "epochs": 901, "K": 902, "L": 903}  # fmt: skip
_TIME = re.compile(r'"[^"]*T[^"]*Z"(?=\^\^<http://www.w3.org/2001/XMLSchema#dateTime>)')


def _pattern(tag: str) -> tuple[str, str]:
    """The record of a run of a dataflow without its epochs and times, and its id."""
    with tempfile.TemporaryDirectory() as folder, redirect_stderr(io.StringIO()):
        home = create(Path(folder))
        run = Run(tag, home=home.path)
        data = Dataset("train-set", "train", "numpy.ndarray", samples=1000, unhashed="no")
        run.dataset("train", data)
        run.start_training(_PLACES)
        run.architecture(
            [
                Layer(f"dense_{n}", None, f"dense_{n}", "Dense", n, "relu", None, "None,8", 40)
                for n in range(DENSE)
            ],
            480,
        )
        test = run.next_test_set()
        run.dataset("test", Dataset(test, "test", "numpy.ndarray", samples=5, unhashed="no"))
        run.testing(run.now(), run.now(), {"loss": TESTED, "r2": 0.123456789}, test)
        run.close()
        (path,) = home.journal.glob("*.nq")
        text = journal.read(path).text.decode()
    lines = (line for line in text.splitlines(keepends=True) if "#summary" not in line)
    return "".join(_TIME.sub("TIME", line) for line in lines if line[0] != "#"), run.id


def runs(count: int, epochs: int = EPOCHS, first: int = 0) -> Iterator[tuple[str, bytes]]:
    """The IRI of each run, and its N-Quads."""
    patterns = [_pattern(tag) for tag in TAGS]
    for number in range(first, first + count):
        text, old = patterns[number % len(TAGS)]
        names = Names(uuid7())
        at, rate = started(number), float(settings(number)["learning_rate"])
        for name, value in settings(number).items():
            text = text.replace(f'"{_PLACES[name]}"', f'"{value}"')
        text = text.replace("0.123456789", quality(number))
        text = text.replace("TIME", f'"{instant(at):%FT%TZ}"')
        parts = [text.replace(old, names.run.rpartition("/")[2])]
        series: dict[str, Series] = {}
        total = 0.0
        for one in range(epochs):
            told, took = metrics(number, one), elapsed(number, one)
            parts.append(epoch(names, one, at, at + took, took, rate, 0, told))
            at += took
            total += took
            for name, value in told.items():
                series.setdefault(name, Series()).add(value, one)
        summed = {name: one.summary() for name, one in series.items()}
        ending = Ending(at, "FINISHED")
        parts.append(training_ended(names, ending, epochs, total / epochs, summed, ["train-set"]))
        yield names.run, "".join(parts).encode()
