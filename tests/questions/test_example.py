"""The example that the papers' questions on the dense encoder-decoder are asked of."""

import subprocess
import sys
from pathlib import Path

from kprov_capture.home import Home
from kprov_rdf import query
from tests.captured import reader
from tests.conftest import child_environment

EXAMPLE = Path(__file__).resolve().parent.parent.parent / "examples/densed.py"


def test_the_dense_encoder_decoder_answers_the_papers_questions(home: Home) -> None:
    few = ["--epochs", "2", "--samples", "32", "--k", "2", "3", "--l", "1"]
    done = subprocess.run(
        [sys.executable, EXAMPLE, *few],
        capture_output=True, text=True, env=child_environment(home.path), cwd=home.path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = reader(home)()
    assert [one.tag for one in found.runs] == [*["densed"] * 3, "densed-data"]
    assert {one.status for one in found.runs} == {"FINISHED"}
    assert found.violations() == []
    rows = {
        name: [[query.value(cell) for cell in row]
               for row in query.table(found.store, query.find(name), given).rows]
        for name, given in (
            ("q5", {}), ("q7", {}), ("filters", {}), ("same-settings", {}), ("one-parameter", {})
        )
    }  # fmt: skip
    told = [line.rpartition(" ")[2] for line in done.stdout.splitlines() if "R²" in line]
    assert sorted(f"{row[1]:.4f}" for row in rows["q5"]) == sorted(told)
    assert sorted(row[1:] for row in rows["q7"]) in (
        [[2, 1, 4], [3, 1, 2]], [[2, 1, 2], [3, 1, 4]]
    )  # fmt: skip
    assert {row[1] for row in rows["filters"]} == {"simulate", "standardize"}
    assert [row[0] for row in rows["same-settings"]] == [2]
    assert {row[0] for row in rows["one-parameter"]} == {"k"}
