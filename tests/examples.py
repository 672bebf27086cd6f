"""Runs an example as its reader does, and says what holds for each of them."""

import subprocess
import sys
from pathlib import Path

from kprov_capture.home import Home
from tests.captured import Captured, reader
from tests.conftest import child_environment

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def run(name: str, home: Home) -> Captured:
    """What is recorded of an example: one valid run, with epochs, a good test and a file."""
    done = subprocess.run(
        [sys.executable, EXAMPLES / name],
        capture_output=True,
        text=True,
        cwd=home.path.parent,
        env=child_environment(home.path),
    )
    assert done.returncode == 0, done.stderr
    found = reader(home)()
    assert [one.status for one in found.runs] == ["FINISHED"]
    assert found.epochs("loss")
    ((accuracy,),) = found.rows("?m a dnnprov:oTesting ; dnnprov:accuracy ?a", "a")
    assert accuracy > 0.85
    ((path,),) = found.rows(
        "?e a dnnprov:ModelExport . ?f prov:wasGeneratedBy ?e ; dnnprov:path ?p ; "
        "prov:specializationOf ?c FILTER (!CONTAINS(?p, '!/'))",
        "p",
    )
    assert Path(path).exists()
    assert found.violations() == []
    return found
