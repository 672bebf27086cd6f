"""``kprov validate``: what it checks, what it prints, and with which status it ends."""

import contextlib
import hashlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pyoxigraph as ox
import pytest

from kprov_capture.home import Home
from kprov_rdf import cli
from tests import recording

PROV = "@prefix prov: <http://www.w3.org/ns/prov#> . @prefix e: <http://e/> .\n"
VALID = PROV + "e:a a prov:Activity ; prov:used e:e . e:e a prov:Entity .\n"
# Constraint 55, which the shapes have as well; 42, which they have not.
BOTH = PROV + "e:x a prov:Entity , prov:Activity .\n"
CYCLE = PROV + (
    "e:x a prov:Entity ; prov:wasDerivedFrom e:y . e:y a prov:Entity ; prov:wasDerivedFrom e:x .\n"
)
OWN = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix prov: <http://www.w3.org/ns/prov#> .
<http://e/Used> sh:targetClass prov:Activity ; sh:property [
  sh:path prov:used ; sh:maxCount 0 ; sh:message "Nothing is used here." ] .
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def validate(home: Home, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Validate files, by name and text, with options."""

    def call(*options: str, **named: str) -> tuple[int, str, str]:
        paths = []
        for name, text in named.items():
            paths.append(tmp_path / name.replace("_", "."))
            paths[-1].write_text(text)
        arguments = ["--home", str(home.path), "validate", *map(str, paths), *options]
        status = cli.run(arguments)
        return status, *capfd.readouterr()

    return call


def test_the_constraints_find_what_no_shape_can(validate: Run, tmp_path: Path) -> None:
    status, out, _ = validate(x_ttl=CYCLE)
    assert status == 1
    assert "constraint 42, derivation-generation-generation-ordering" in out
    assert "REC-prov-constraints-20130430/#derivation-generation-generation-ordering" in out
    assert out.splitlines()[-1].startswith("1 graph checked: INVALID, ")


def test_rules_are_chosen(validate: Run) -> None:
    assert validate("--rules", "shacl", x_ttl=CYCLE)[0] == 0
    status, out, _ = validate("--rules", "constraints", "--format", "json", x_ttl=BOTH)
    found = json.loads(out)
    assert (status, found["violations"], found["profiles"]) == (1, [], {})
    assert [one["constraint"] for one in found["constraints"][0]["violations"]] == [55]
    status, out, _ = validate("--rules", "shacl", "--format", "json", x_ttl=BOTH)
    assert (status, json.loads(out)["constraints"]) == (1, [])
    status, _, err = validate("--rules", "shacl,owl", x_ttl=VALID)
    assert status == 2
    assert "'owl'" in err


def test_each_bundle_is_checked_by_itself(validate: Run) -> None:
    half = "{} {{ e:{} a prov:Entity ; prov:wasDerivedFrom e:{} }}\n"
    apart = PROV + half.format("e:g", "x", "y") + half.format("e:h", "y", "x")
    assert validate(x_trig=apart)[:2] == (0, "2 graphs checked: valid (in the lenient profile)\n")
    together = PROV + half.format("e:g", "x", "y") + half.format("e:g", "y", "x")
    status, out, _ = validate(x_trig=together)
    assert status == 1
    assert "  in http://e/g\n" in out


def test_a_union_is_one_instance(validate: Run) -> None:
    one, two = (
        PROV + f"e:{a} a prov:Entity ; prov:wasDerivedFrom e:{b} .\n" for a, b in ("xy", "yx")
    )
    assert validate(a_ttl=one, b_ttl=two)[0] == 0
    status, out, _ = validate("--union", a_ttl=one, b_ttl=two)
    assert status == 1
    assert "constraint 42" in out
    assert re.search(r"\n    \S+/b\.ttl  wasDerivedFrom\(e:y, e:x", out), "each has its file"
    assert out.splitlines()[-1].startswith("1 graph checked: INVALID, ")


def test_a_union_that_lacks_a_part_is_not_judged(validate: Run) -> None:
    one, two = (
        PROV + f"e:{a} a prov:Entity ; prov:wasDerivedFrom e:{b} .\n" for a, b in ("xy", "yx")
    )
    status, out, err = validate("--union", "none.ttl", a_ttl=one, b_ttl=two)
    assert status == 2
    assert "none.ttl cannot be read" in err
    assert "the constraints were not applied: a part could not be read" in out


@pytest.mark.parametrize("form", ["text", "json", "turtle", "sarif", "junit"])
def test_the_worst_of_several_targets_is_the_status(form: str, validate: Run) -> None:
    assert validate("--format", form, a_ttl=VALID, b_ttl=BOTH)[0] == 1
    status, out, err = validate("--format", form, "none.ttl", a_ttl=VALID, b_ttl=BOTH)
    assert status == 2
    assert "none.ttl" in (err if form == "text" else out)


def test_a_malformed_document_is_invalid(validate: Run, tmp_path: Path) -> None:
    text = VALID + "e:a prov:used ."
    for form in ("text", "json", "turtle", "sarif", "junit"):
        status, out, err = validate("--format", form, x_ttl=text)
        assert (status, err) == (1, ""), form
        assert "x.ttl" in out
    assert validate(x_ttl=text)[1].startswith(f"{tmp_path / 'x.ttl'}:3")


@pytest.mark.parametrize("form", ["json", "turtle", "sarif", "junit"])
def test_the_report_goes_to_a_file(form: str, validate: Run, tmp_path: Path) -> None:
    path = tmp_path / "report"
    status, out, err = validate("--format", form, "-o", str(path), x_ttl=BOTH)
    assert (status, out, err) == (1, "", "")
    text = path.read_text("utf-8")
    if form == "turtle":
        assert len(list(ox.parse(text, ox.RdfFormat.TURTLE))) > 10
    elif form == "junit":
        assert ElementTree.fromstring(text.encode()).get("failures") == "2"
    else:
        assert json.loads(text)


def test_the_text_goes_to_a_file(validate: Run, tmp_path: Path) -> None:
    assert validate("-o", str(tmp_path / "report"), x_ttl=VALID)[:2] == (0, "")
    assert (tmp_path / "report").read_text().startswith("1 graph checked: valid")


def test_standard_input_needs_no_name(validate: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(CYCLE.encode())))
    status, out, _ = validate("-")
    assert status == 1
    assert "constraint 42" in out


def test_runs_and_files_together(validate: Run, home: Home) -> None:
    run = recording.record(home.path)
    status, out, _ = validate(run.id, run.names.run, x_ttl=VALID)
    assert (status, out.split(":")[0]) == (0, "3 graphs checked")


def test_rdf_that_tells_of_no_provenance(validate: Run) -> None:
    status, out, _ = validate(x_ttl="<http://e/s> <http://e/p> <http://e/o> .")
    assert status == 0
    assert "no statement of PROV" in out
    status, _, err = validate("--rules", "constraints", x_ttl="<http://e/s> <http://e/p> 1 .")
    assert status == 2
    assert "no statement of PROV" in err
    status, _, err = validate(x_ttl="# nothing")
    assert status == 2
    assert "nothing to check" in err


def test_an_import_is_named_as_export_names_it(validate: Run, home: Home, tmp_path: Path) -> None:
    (tmp_path / "a.provn").write_text(
        "document\nprefix e <http://e.org/>\nentity(e:a)\nendDocument"
    )
    assert cli.run(["--home", str(home.path), "merge", str(tmp_path / "a.provn")]) == 0
    digits = hashlib.sha256((tmp_path / "a.provn").read_bytes()).hexdigest()
    for name in (digits[:8], f"http://localhost:8642/import/sha256-{digits}"):
        status, out, _ = validate(name)
        assert (status, out.splitlines()[-1].split(":")[0]) == (0, "1 graph checked")
    assert f"there is {digits[:8]}" in validate("report")[2]


def test_a_name_of_nothing_may_be_meant_as_that_of_a_file(
    validate: Run, home: Home, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert "'report' is no file. There is no run 'report'" in validate("report")[2]
    assert cli.run(["--home", str(tmp_path / "none"), "validate", "report"]) == 2
    assert "'report' is no file. There is no kprov folder" in capfd.readouterr().err


def test_signs_that_a_terminal_obeys_are_shown(validate: Run) -> None:
    _, out, _ = validate(x_ttl=PROV + 'e:a prov:used "\\u001b[2J" .')
    assert "\x1b" not in out


# -- shapes of the user's own


def test_own_shapes_stand_beside_ours(validate: Run, tmp_path: Path) -> None:
    (tmp_path / "own.ttl").write_text(OWN)
    (tmp_path / "more.ttl").write_text(OWN.replace("Nothing is", "Nothing more is"))
    assert validate(x_ttl=VALID)[0] == 0
    own = ("--shapes", str(tmp_path / "own.ttl"), "--shapes", str(tmp_path / "more.ttl"))
    status, out, _ = validate(*own, x_ttl=VALID)
    assert status == 1
    assert "Nothing is used here." in out
    assert "Nothing more is used here." in out
    status, out, _ = validate(*own, "--format", "json", x_ttl=BOTH)
    shapes = {one["shape"] for one in json.loads(out)["violations"]}
    assert any(one.startswith("https://w3id.org/dnnprov/shapes#") for one in shapes)


@pytest.mark.parametrize("form", ["text", "json"])
def test_shapes_that_are_not_evaluated_are_no_verdict(
    form: str, validate: Run, tmp_path: Path
) -> None:
    (tmp_path / "own.ttl").write_text(OWN.replace("sh:maxCount", "sh:maxCnt"))
    own = str(tmp_path / "own.ttl")
    status, out, err = validate("--shapes", own, "--format", form, x_ttl=VALID)
    assert status == 2
    assert "Did you mean sh:maxCount?" in (err if form == "text" else out)


def test_shapes_that_are_missing_or_not_asked(validate: Run) -> None:
    status, _, err = validate("--shapes", "none.ttl", x_ttl=VALID)
    assert status == 2
    assert "none.ttl cannot be read" in err
    status, _, err = validate("--shapes", "x.ttl", "--rules", "constraints", x_ttl=VALID)
    assert status == 2
    assert "add shacl to --rules" in err


# -- PROV-N, PROV-JSON, PROV-XML


DOCUMENT = "document\n  prefix e <http://e/>\n  {}\nendDocument\n"


def test_the_shapes_see_prov_n_as_prov_o(validate: Run) -> None:
    status, out, _ = validate(
        "--format", "json", x_provn=DOCUMENT.format("entity(e:x)\n  activity(e:x, -, -)")
    )
    found = json.loads(out)
    assert status == 1
    assert {one["node"] for one in found["violations"]} == {"http://e/x"}
    assert [one["constraint"] for one in found["constraints"][0]["violations"]] == [55]


def test_an_empty_document_is_valid(validate: Run) -> None:
    assert validate(x_provn="document\nendDocument\n")[:2] == (0, "1 graph checked: valid\n")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_gets_colours_and_a_pipe_none(validate: Run, tmp_path: Path) -> None:
    assert "\x1b" not in validate(x_ttl=CYCLE)[1]
    leader, follower = os.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "kprov_rdf", "validate", str(tmp_path / "x.ttl")]
    with subprocess.Popen(command, stdout=follower, env=environment) as child:
        os.close(follower)
        out = b""
        with contextlib.suppress(OSError):  # Linux's word for the end
            while more := os.read(leader, 1 << 16):
                out += more
    os.close(leader)
    assert child.returncode == 1
    assert b"\x1b[1;31m  constraint 42" in out
    assert b"#derivation-generation-generation-ordering\x1b" in out, "a link is not broken"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    ("rest", "written"), [("| true", ""), (">&-", ""), ("-o /dev/fd/1 | cat", "1 graph checked")]
)
def test_the_status_is_the_verdict_wherever_the_output_goes(
    tmp_path: Path, rest: str, written: str
) -> None:
    (tmp_path / "x.ttl").write_text(CYCLE)
    command = f"{sys.executable} -m kprov_rdf validate {tmp_path / 'x.ttl'} {rest}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert written in done.stdout


def test_closed_standard_input_is_empty(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m kprov_rdf validate - <&-"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr[:18]) == (2, "kprov: - is empty:")
