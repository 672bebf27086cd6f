"""The command kprov diff: what it compares, what it prints, and with which status."""

import io
import json
import sys
from pathlib import Path

import pytest

from kprov_capture.home import Home
from kprov_rdf import cli
from kprov_rdf.exchange.writing import FORMATS
from tests import recording
from tests.validate.rules import document

Capture = pytest.CaptureFixture[str]
TURTLE = """@prefix prov: <http://www.w3.org/ns/prov#> . @prefix ex: <http://example.org/> .
ex:e a prov:Entity ; ex:k "v" ; prov:wasGeneratedBy ex:a .
"""


@pytest.fixture
def kprov(home: Home, capfd: Capture):
    """Run a command on the folder; gives status, standard output, standard error."""

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        status = cli.run(["--home", str(home.path), *map(str, arguments)])
        out, err = capfd.readouterr()
        return status, out, err

    return call


@pytest.fixture
def a(tmp_path: Path) -> Path:
    path = tmp_path / "a.provn"
    path.write_bytes(document('entity(ex:e, [ex:k="v"]) wasGeneratedBy(ex:e, ex:a, -)'))
    return path


@pytest.fixture
def b(tmp_path: Path) -> Path:
    path = tmp_path / "b.ttl"
    path.write_text(TURTLE)
    return path


def test_two_formats_of_one_document(kprov, a: Path, b: Path) -> None:
    assert kprov("diff", a, b) == (0, f"{a} and {b} say the same.\n", "")


def test_standard_input(kprov, a: Path, monkeypatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(TURTLE.encode()))
    monkeypatch.setattr(sys, "stdin", stream)
    assert kprov("diff", "-", a)[0] == 0
    status, _, err = kprov("diff", "-", "-")
    assert status == 2
    assert "Only one" in err


def test_what_differs_with_its_line(kprov, a: Path, b: Path) -> None:
    b.write_text(TURTLE.replace('"v"', '"w"') + "ex:g { ex:f a prov:Entity . }\n")
    b = b.rename(b.with_suffix(".trig"))
    status, out, err = kprov("diff", a, b)
    assert (status, err) == (1, "")
    assert f'Only in {a}:\n  line 3: entity(ex:e, [ex:k="v"])\n' in out
    assert 'entity(ex:e, [ex:k="w"])\n  in the bundle http://example.org/g\n' in out
    assert "3 statements differ" in out
    found = json.loads(kprov("diff", a, b, "--format", "json")[1])
    assert found["equivalent"] is False
    assert found["only_a"] == [{"instance": None, "text": 'entity(ex:e, [ex:k="v"])', "line": 3}]
    assert [one["instance"] for one in found["only_b"]] == [None, "http://example.org/g"]
    assert (found["a"]["format"], found["a"]["statements"]) == ("PROV-N", 2)


def test_an_invalid_document_is_not_compared(kprov, a: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.provn"
    wrong.write_bytes(document("entity(ex:x) activity(ex:x)"))
    status, out, err = kprov("diff", a, wrong)
    assert (status, out) == (2, "")
    assert "constraint 55" in err
    assert f"kprov validate {wrong}" in err
    status, out, _ = kprov("diff", wrong, a, "--format", "json")
    assert (status, json.loads(out)["equivalent"]) == (2, None)
    assert [one["constraint"] for one in json.loads(out)["a"]["violations"]] == [55]


def test_what_cannot_be_read(kprov, a: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.provn"
    broken.write_text("document\nentity(")
    for name, said in ((broken, "broken.provn:2"), ("missing.ttl", "missing.ttl cannot be read")):
        status, out, err = kprov("diff", a, name)
        assert (status, out) == (2, "")
        assert said in err
    assert "no run" in kprov("diff", a, "nothing-like-that")[2]


def test_a_run_and_its_export(kprov, home: Home, tmp_path: Path) -> None:
    run = recording.record(home.path)
    recording.record(home.path, tag="another")
    for form in FORMATS:
        path = tmp_path / f"run.{'json' if form == 'provjson' else form}"
        assert kprov("export", run.id, "--format", form, "-o", path)[0] == 0
        status, out, err = kprov("diff", run.id, path)
        assert (status, out) == (0, f"{run.id} and {path} say the same.\n")
        # But for Turtle they also say that the bundle is one.
        assert ("beside it" in err) == (form != "ttl")
        assert kprov("diff", path, run.names.run)[0] == 0
    assert kprov("diff", run.id, "another")[0] == 1
