"""What is to be validated: a file that is not there, and runs as they really are."""

from pathlib import Path

import pytest

from kprov_capture.home import Home
from kprov_rdf import ingest, runs
from kprov_rdf.errors import NotFoundError
from kprov_rdf.validate import files, shacl
from tests import recording


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="cannot be read"):
        files.content(tmp_path / "none.ttl")


def test_a_run_that_crashed_is_valid(home: Home) -> None:
    run = recording.begin(home.path)
    recording.epoch(run, 0, 0.9)
    run.settle(10)
    with ingest.open_snapshot(home) as snapshot:
        (info,) = runs.listing(snapshot, snapshot.living)
        assert shacl.validate(info.iri, snapshot.graph(info.iri)) == []
    run.close()
