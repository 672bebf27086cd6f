"""Two recorded runs, and the store that Python opens on them."""

from collections.abc import Iterator

import pytest

import kprov_rdf
from kprov_capture.home import Home
from kprov_rdf.analysis.store import ProvenanceStore
from tests import recording
from tests.server.conftest import serve  # noqa: F401
from tests.store.conftest import endpoint, remote  # noqa: F401

HOSTILE = '<img src=x onerror=alert(1)> & "it\'s"'


@pytest.fixture
def recorded(home: Home) -> Home:
    """Adam with three epochs and a change of the rate, then SGD with two and a hostile tag."""
    recording.record(home.path)
    recording.record(home.path, HOSTILE, "SGD", (0.5, 0.4), 0.01)
    return home


@pytest.fixture
def store(recorded: Home) -> Iterator[ProvenanceStore]:
    with kprov_rdf.open(recorded) as found:
        yield found


@pytest.fixture
def hostile(home: Home) -> Iterator[ProvenanceStore]:
    """A run whose tag, metric, reason and setting are hostile."""
    run = recording.begin(home.path, HOSTILE, optimizer=HOSTILE)
    for number in range(3):
        now = run.now()
        metrics = {HOSTILE: 1.0 / (number + 1), "$\\frac{": 0.5, "_hidden": float(number)}
        run.epoch(number, now, run.now(), 1.0, 0.001, 0, metrics)
    run.end_training("FINISHED")
    run.close()
    with kprov_rdf.open(home) as store:
        yield store
