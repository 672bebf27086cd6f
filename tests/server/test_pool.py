"""Processes that answer queries: their start is no part of a query."""

from contextlib import closing
from pathlib import Path

import pytest

from kprov_capture.home import Home
from kprov_rdf.errors import BusyError
from kprov_rdf.ingest import open_snapshot
from kprov_rdf.server import pool
from kprov_rdf.server.pool import Limits, Pool
from tests import recording

ASKED = {"query": "ASK { ?m a dnnprov:oTraining }", "solutions": "json", "graphs": "ttl",
         "default_graphs": [], "named_graphs": []}  # fmt: skip


@pytest.fixture
def store(home: Home) -> Path:
    recording.record(home.path)
    open_snapshot(home).close()
    return home.store


def test_the_time_of_a_query_begins_when_its_process_has_started(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_START", f"import time; time.sleep(6); {pool._START}")
    with closing(Pool(Limits(seconds=5.0))) as answers:
        told, data = answers.answer(store, ASKED)
    assert told["status"] == 200
    assert b"true" in data


def test_a_process_that_does_not_start_is_not_waited_for(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_START", "import time; time.sleep(60)")
    monkeypatch.setattr(pool, "_START_SECONDS", 0.2)
    with closing(Pool(Limits())) as answers, pytest.raises(BusyError, match="start"):
        answers.answer(store, ASKED)
