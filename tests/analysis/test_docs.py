"""The examples of docs/python.md run as they are written."""

import re
from pathlib import Path

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


# rdflib warns of what it calls itself.
@pytest.mark.filterwarnings("ignore:Dataset:DeprecationWarning")
def test_the_examples_run(recorded, monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setenv("KPROV_HOME", str(recorded.path))
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102
    plt.close("all")
    assert capsys.readouterr().out == "Adam 0.7 0.95\n"
    written = {path.name for path in tmp_path.iterdir()}
    assert {"run.png", "losses.csv", "all.parquet"} <= written
    assert len(blocks) == 6
