"""The table of the papers' claims names tests that are there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_ROW = re.compile(r"^\| C(\d+) \| (.*) \| (.*) \|$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`|`(bench/\w+\.py)`")


def test_every_claim_of_capture_is_shown_by_tests_that_exist() -> None:
    rows = _ROW.findall((ROOT / "docs" / "capture.md").read_text("utf-8"))
    assert [int(number) for number, _, _ in rows] == list(range(1, 32))
    for number, _, shown in rows:
        named = _TEST.findall(shown)
        assert named, f"C{number} names no test"
        for path, name, script in named:
            tree = ast.parse((ROOT / (path or script)).read_text("utf-8"))
            names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
            assert script or name in names, f"C{number}: {path}::{name}"
