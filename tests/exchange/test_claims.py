"""Whose a document or a folder is, and what is told of the rest of it."""

import json
import shutil
from pathlib import Path

import pytest

from kprov_rdf.errors import UnsupportedError
from kprov_rdf.exchange import foreign
from kprov_rdf.exchange import merge as merging
from kprov_rdf.exchange.merge import Options
from kprov_rdf.exchange.sources import Source
from tests.exchange.logged import LOGGED


def test_prov_json_is_that_whatever_its_attributes_are_called() -> None:
    task = {"task_id": "t", "workflow_id": "w", "campaign_id": "c", "used": 1}
    event = {"eventTime": "t", "schemaURL": "u", "producer": "p", "run": {}, "job": {}}
    document = {"prefix": {"e": "http://e.org/"}, "activity": {"e:a": task, "e:b": event}}
    assert foreign.claiming(Source("a.json", json.dumps(document).encode())) is None


def test_what_other_tools_left_in_a_folder_is_told(tmp_path: Path) -> None:
    for name in ("mlruns", "wandb"):
        shutil.copytree(LOGGED / name, tmp_path / name)
    found = merging.plan(None, Source(str(tmp_path)), Options())
    assert found.form == "MLflow"
    assert any(note.startswith("Weights & Biases left something") for note in found.notes)


def test_a_folder_of_documents_is_to_be_read_file_by_file(tmp_path: Path) -> None:
    for name in ("b.ttl", "a.provn", "notes.txt"):
        (tmp_path / name).write_text("x")
    with pytest.raises(UnsupportedError, match=r"such as .*/a\.provn \(there are 2\)"):
        merging.plan(None, Source(str(tmp_path)), Options())
