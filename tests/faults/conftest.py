"""Faults: what goes wrong around a training, and what is recorded all the same.

Here errors of ours are not raised but logged, as users have it.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import kprov_capture.keras as kprov
from kprov_capture.home import Home
from kprov_rdf import ingest, query, runs
from kprov_rdf.store import LocalStore
from kprov_rdf.validate import shacl

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def as_users_have_it(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KPROV_STRICT")


@dataclass
class Child:
    """A process that the nursery forked."""

    pid: int
    folder: Path
    nursery: "Nursery"

    def wait(self) -> int:
        """Its exit status; that of a signal is negative."""
        return int(self.nursery.ask({"wait": self.pid}))

    @property
    def out(self) -> str:
        return (self.folder / "out").read_text("utf-8", "replace")

    @property
    def err(self) -> str:
        return (self.folder / "err").read_text("utf-8", "replace")


class Nursery:
    """See :mod:`tests.faults.nursery`."""

    def __init__(self) -> None:
        self._count = 0
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.faults.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        assert self._read() == "ready"

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def ask(self, order: Mapping[str, Any]) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._read()

    def start(
        self,
        script: str,
        folder: Path,
        *argv: str,
        env: Mapping[str, str | None] | None = None,
    ) -> Child:
        """Run ``script`` in ``folder``, with changes of the environment; None removes."""
        self._count += 1
        place = folder / f"child-{self._count}"
        place.mkdir(parents=True)
        for name in ("out", "err"):
            (place / name).touch()
        given = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **(env or {})}
        told = {
            os.fsencode(name).decode("latin-1"): os.fsencode(value).decode("latin-1")
            for name, value in given.items()
            if value is not None
        }
        order = {
            "script": script,
            "folder": str(folder),
            "out": str(place / "out"),
            "err": str(place / "err"),
            "env": told,
            "argv": argv,
        }
        return Child(int(self.ask(order)), place, self)

    def run(
        self,
        script: str,
        folder: Path,
        *argv: str,
        env: Mapping[str, str | None] | None = None,
    ) -> Child:
        """Like :meth:`start`, and wait for its end, which must be a good one."""
        made = self.start(script, folder, *argv, env=env)
        assert made.wait() == 0, made.err
        return made

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    if not hasattr(os, "fork"):
        pytest.skip("there is no fork on this system")
    made = Nursery()
    yield made
    made.close()


class Found:
    """What a reader finds in a state folder: every run that is there must be valid."""

    def __init__(self, home: Path) -> None:
        place = Home(home)
        self.store = LocalStore()
        ingest.catch_up(place, self.store)
        self.runs = runs.listing(self.store, ingest.alive(place))
        for run in self.runs:
            assert shacl.validate(run.iri, self.store.graph(run.iri)) == []

    def rows(self, pattern: str, *names: str) -> list[tuple[Any, ...]]:
        """The values of the variables for a SPARQL pattern, ordered by the first."""
        text = f"SELECT {' '.join('?' + n for n in names)} {{ {pattern} }} ORDER BY ?{names[0]}"
        answer = query.table(self.store, query.Question("test", text), {})
        return [tuple(query.value(term) for term in row) for row in answer.rows]

    def losses(self) -> list[float]:
        """The loss of each epoch of the only run."""
        pattern = "?m a dnnprov:oTraining ; dnnprov:epoch ?epoch ; dnnprov:loss ?loss"
        return [row[1] for row in self.rows(pattern, "epoch", "loss")]

    @property
    def outline(self) -> list[tuple[str, int]]:
        """Status and number of epochs of each run."""
        return sorted((run.status, run.epochs) for run in self.runs)


@pytest.fixture
def found(tmp_path: Path) -> Callable[[], Found]:
    """Reads the state folder of the test."""
    return lambda: Found(tmp_path / "home")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state folder of the test, which is not there yet."""
    return tmp_path / "home"


@pytest.fixture
def ours(state) -> kprov.Provenance:
    return kprov.Provenance("objects", home=state)


@pytest.fixture
def told(caplog) -> Callable[[], str]:
    """What the logger ``kprov`` said."""

    def text() -> str:
        lines = [one.getMessage() for one in caplog.records if one.name == "kprov"]
        assert len(lines) == len(set(lines)), "each once"
        return "\n".join(lines)

    return text


def until(reached: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for what another process does."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.005)
