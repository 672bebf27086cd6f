"""The Python of the documents runs, block after block, and what it records is valid."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kprov_capture.home import Home
from kprov_rdf import ingest, runs
from kprov_rdf.store import LocalStore
from kprov_rdf.validate import shacl
from tests.conftest import child_environment

ROOT = Path(__file__).resolve().parent.parent.parent
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", ["capture.md"])
def test_the_blocks_of_a_document_run(name: str, home: Home, tmp_path: Path) -> None:
    blocks = _BLOCK.findall((ROOT / "docs" / name).read_text("utf-8"))
    script = tmp_path / "document.py"
    script.write_text("\n".join(blocks))
    done = subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        env=child_environment(home.path, PYTHONWARNINGS="default"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    store = LocalStore()
    ingest.catch_up(home, store)
    found = runs.listing(store, ingest.alive(home))
    assert found
    assert [one for run in found for one in shacl.validate(run.iri, store.graph(run.iri))] == []
