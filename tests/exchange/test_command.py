"""``kprov merge``: what each option does, what is left as it was, and the exit status."""

import csv
import hashlib
import io
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pytest

from kprov_capture.home import Home
from kprov_rdf import cli, ingest
from kprov_rdf.dm import provjson
from kprov_rdf.exchange import merge as merging
from kprov_rdf.exchange import sources
from kprov_rdf.exchange.formats import by_suffix
from kprov_rdf.validate import finished
from tests import recording
from tests.exchange.logged import LOGGED

HASH = hashlib.sha256(b"model").hexdigest()
PROVN = "document\nprefix e <http://e.org/>\nentity(e:data, [e:n=1])\nendDocument\n"
TRIG = "@prefix e: <http://e.org/> . e:g { e:a e:p e:b } e:a e:p [] ."
HASHED = f"""@prefix prov: <http://www.w3.org/ns/prov#> .
  <http://e.org/m> a prov:Entity ; <https://w3id.org/dnnprov#sha256> "{HASH}" ;
    <http://e.org/barcode> "7" ."""
DEFECT = json.dumps({"entity": {"undeclared:x": {}}})
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder of documents, outside the state folder."""
    place = tmp_path / "files"
    place.mkdir()
    for name, text in {
        "a.provn": PROVN, "b.trig": TRIG, "h.ttl": HASHED, "defect.json": DEFECT,
        "bad.ttl": "<http://a> <http://b>\n x", "other.ttl": HASHED.replace("/m>", "/n>"),
        "rules.toml": '[[rule]]\nname = "sample"\nproperty = "http://e.org/barcode"\n',
    }.items():  # fmt: skip
        (place / name).write_text(text)
    return place


@pytest.fixture
def run(
    home: Home, files: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    def merge(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.chdir(files)
        status = cli.run(["--home", str(home.path), "merge", *arguments])
        return status, *capfd.readouterr()

    return merge


def tree(place: Path) -> dict[str, bytes]:
    """Each file, byte for byte."""
    return {
        str(path.relative_to(place)): path.read_bytes() if path.is_file() else b"/"
        for path in place.rglob("*")
    }


def graphs(home: Home) -> set[str]:
    with ingest.open_snapshot(home) as store:
        return {iri for iri in store.graphs() if store.graph(iri)}


RDF = {"trig": ox.RdfFormat.TRIG, "nq": ox.RdfFormat.N_QUADS, "jsonld": ox.RdfFormat.JSON_LD}


@pytest.mark.parametrize("suffix", ["trig", "nq", "jsonld"])
def test_documents_become_one_file_without_a_store(
    suffix: str, run: Run, home: Home, files: Path
) -> None:
    before = tree(home.path)
    status, out, err = run("a.provn", "b.trig", "h.ttl", "-o", f"out.{suffix}")
    assert (status, err) == (0, "")
    assert f"out.{suffix}: " in out
    assert "statements in 6 graphs" in out  # three, one of them with a part, catalog and links
    assert tree(home.path) == before
    store, _ = merging.together([sources.Source(name) for name in ("a.provn", "b.trig", "h.ttl")])
    quads = set(ox.parse((files / f"out.{suffix}").read_bytes(), RDF[suffix]))
    expected = {
        str(ox.Quad(t.subject, t.predicate, t.object, ox.NamedNode(iri)))
        for iri in store.graphs()
        for t in store.graph(iri)
        if not iri.endswith("/catalog")
    }
    assert {str(one) for one in quads if not str(one.graph_name).endswith("/catalog>")} == expected


def test_the_file_in_prov_json_has_a_bundle_for_each_graph(run: Run, files: Path) -> None:
    assert run("a.provn", "h.ttl", "-o", "out.json")[0] == 0
    document = provjson.read((files / "out.json").read_bytes(), "out.json", None)
    assert len(document.bundles) >= 2


def test_each_suffix_of_a_format_of_several_graphs_can_be_written(run: Run, files: Path) -> None:
    for suffix in ("trig", "nq", "jsonld", "json", "provn", "xml"):
        assert by_suffix(f"x.{suffix}") is not None
        status, _, err = run("a.provn", "-o", f"out.{suffix}")
        assert (status, (files / f"out.{suffix}").stat().st_size > 0) == (0, True), err


@pytest.mark.parametrize("name", ["out.ttl", "out.nt", "out.rdf", "out.xyz", "out", "out.csv"])
def test_a_file_that_cannot_hold_several_graphs_is_refused(
    name: str, run: Run, files: Path
) -> None:
    before = tree(files)
    status, out, err = run("a.provn", "-o", name)
    assert (status, out) == (2, "")
    assert f"The name {name} does not say a format that holds several graphs" in err
    assert ".trig" in err
    assert tree(files) == before


def test_of_a_file_with_one_bad_document_nothing_is_written(run: Run, files: Path) -> None:
    (files / "out.trig").write_text("as it was")
    status, _, err = run("a.provn", "bad.ttl", "-o", "out.trig")
    assert (status, (files / "out.trig").read_text()) == (2, "as it was")
    assert "bad.ttl is no Turtle that can be read" in err


def test_what_is_merged_into_one_file_can_be_merged_into_a_store(run: Run, home: Home) -> None:
    assert run("a.provn", "b.trig", "-o", "out.trig")[0] == 0
    assert run("out.trig")[0] == 0
    once = graphs(home)
    assert run("a.provn", "b.trig")[0] == 0
    assert {iri for iri in graphs(home) if "#" in iri} == {iri for iri in once if "#" in iri}


def test_a_dry_run_writes_nothing_at_all(
    run: Run, home: Home, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finished, "PORTION_SECONDS", 60.0)  # nothing is left to validate
    recording.record(home.path)
    assert run("h.ttl")[0] == 0
    before, beside, there = tree(home.journal), tree(files), graphs(home)
    status, out, err = run("--dry-run", "other.ttl", "bad.ttl", "defect.json", "h.ttl")
    assert status == 2
    assert "other.ttl: Turtle, 3 statements, 1 link" in out
    assert "mended: undeclared-prefix" in out
    assert "h.ttl: merged already" in out
    joined = out.partition("Would be joined:\n")[2].splitlines()
    assert joined[:3] == [
        f"  content/sha256-{HASH[:8]}…  (content: its SHA-256 is {HASH[:8]}…)",
        "      http://e.org/n specializationOf it",
        "      so is http://e.org/m, already",
    ]
    assert "3 of 4 files can be merged" in err
    assert (tree(home.journal), tree(files), graphs(home)) == (before, beside, there)


def test_a_dry_run_of_one_file_tells_what_would_be_joined(run: Run, files: Path) -> None:
    before = tree(files)
    status, out, err = run("h.ttl", "other.ttl", "--dry-run", "-o", "out.trig")
    assert (status, err) == (0, "")
    joined = out.partition("Would be joined:\n")[2].splitlines()
    assert [line.strip() for line in joined[1:]] == [
        "http://e.org/m specializationOf it", "http://e.org/n specializationOf it",
    ]  # fmt: skip
    assert tree(files) == before


def test_a_dry_run_of_what_cannot_be_read_tells_nothing_else(run: Run) -> None:
    status, out, _ = run("--dry-run", "bad.ttl")
    assert (status, out) == (2, "")


def test_a_format_is_named_as_export_names_it_and_a_misspelt_one_is_told(
    run: Run, files: Path
) -> None:
    rdf = "<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:e='http://e.org/'>"
    (files / "x").write_text(f"{rdf}<r:Description r:about='http://e.org/x' e:p='1'/></r:RDF>")
    assert "x: RDF/XML, 1 statement" in run("x", "--format", "rdf")[1]
    status, _, err = run("x", "--format", "provjsn")
    assert status == 2
    assert "There is no format 'provjsn'. Did you mean provjson? The formats are " in err


def test_what_was_merged_is_listed_with_its_file_and_how_often_it_was_mended(
    run: Run, home: Home, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("a.provn", "defect.json")[0] == 0
    assert cli.run(["--home", str(home.path), "query", "imports", "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capfd.readouterr().out)))
    found = {row["file"]: (row["format"], row["bytes"], row["mended"]) for row in rows}
    assert found == {
        "a.provn": ("text/provenance-notation", str(len(PROVN)), "0"),
        "defect.json": ("application/json", str(len(DEFECT)), "1"),
    }
    assert {row["import"] for row in rows} == {iri for iri in graphs(home) if "/import/" in iri}


def test_a_dry_run_makes_no_folder(
    run: Run, home: Home, files: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    none = home.path.parent / "none"
    before = tree(home.path.parent)
    assert run("a.provn", "--dry-run", "-o", "out.trig")[0] == 0
    assert cli.run(["--home", str(none), "merge", "--dry-run", str(files / "h.ttl")]) == 0
    assert "1 thing linked to what nothing else is linked to yet" in capfd.readouterr().out
    assert cli.run(["--home", str(none), "merge", "--dry-run", str(files / "a.provn")]) == 0
    assert "Nothing would be joined." in capfd.readouterr().out
    assert tree(home.path.parent) == before


@pytest.mark.parametrize("arguments", [
    ["bad.ttl"], ["--strict", "defect.json"], ["none.provn"], ["a.provn", "--format", "xyz"],
    ["a.provn", "--format", "ttl"], ["a.provn", "--context", "x"], ["a.provn", "--rules", "."],
    ["a.provn", "--rules", "a.provn"], ["a.provn", "--rules", "none.toml"], ["."],
    ["a.provn", "--context", "http://x/y=none.json"],
])  # fmt: skip
def test_a_document_that_is_refused_leaves_the_folder_byte_for_byte(
    arguments: list[str], run: Run, home: Home
) -> None:
    recording.record(home.path)
    graphs(home)
    before = tree(home.path)
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("kprov: ")
    assert tree(home.path) == before


def test_defects_are_mended_told_and_recorded_or_refused(run: Run, home: Home) -> None:
    status, _, err = run("--strict", "defect.json", "a.provn")
    assert status == 2
    assert "defect.json has defects: undeclared-prefix" in err
    assert "without --strict" in err
    status, out, err = run("defect.json")
    assert (status, err) == (0, "")
    assert "mended: undeclared-prefix: " in out
    with ingest.open_snapshot(home) as store:
        (row,) = store.query("SELECT ?r { ?i a dnnprov:Import ; dnnprov:repair ?r }")  # type: ignore[misc]
    assert row["r"].value.startswith("undeclared-prefix")  # type: ignore[index]
    # What is there already is looked at again.
    status, _, err = run("--strict", "defect.json")
    assert (status, "without --strict" in err) == (2, True)


def test_a_context_is_taken_from_a_file_and_never_fetched(run: Run, files: Path) -> None:
    url = "https://lab.example.net/v1/context.jsonld"
    document = {"@context": url, "@id": "http://e.org/x", "name": "y"}
    (files / "x.jsonld").write_text(json.dumps(document))
    (files / "c=1.json").write_text(json.dumps({"@context": {"name": "http://e.org/name"}}))
    status, _, err = run("x.jsonld")
    assert status == 2
    assert f"at {url}, and kprov fetches nothing" in err
    status, out, _ = run("x.jsonld", "--context", f"{url}=c1.json")
    assert status == 2
    (files / "c=1.json").rename(files / "c1.json")
    status, out, _ = run("x.jsonld", "--context", f"{url}=c1.json")
    assert status == 0
    assert "x.jsonld: JSON-LD, 1 statement" in out


def test_rules_of_a_user_link_what_is_merged(run: Run) -> None:
    status, out, _ = run("--rules", "rules.toml", "--dry-run", "h.ttl", "other.ttl")
    assert status == 0
    said = out.partition("(sample: its <http://e.org/barcode> is 7)\n")[2].splitlines()
    assert [line.strip() for line in said[:2]] == [
        f"http://e.org/{name} specializationOf it" for name in "mn"
    ]
    assert "h.ttl: Turtle, 3 statements, 2 links" in run("--rules", "rules.toml", "h.ttl")[1]


def test_standard_input_is_a_document(
    run: Run, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def given(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    given(PROVN.encode())
    status, out, _ = run("-")
    assert (status, out.splitlines()[0]) == (0, "standard input: PROV-N, 1 record, 2 statements")
    given(TRIG.encode())
    assert run("-", "-o", "out.nq")[0] == 0
    # What is cut off for its size must not pass for the whole.
    monkeypatch.setattr(sources, "MAX_BYTES", len(TRIG))
    before = graphs(home)
    given(TRIG.encode() + b"\n<http://e.org/more> <http://e.org/p> 1 .")
    status, _, err = run("-")
    assert status == 2
    assert "standard input is larger than" in err
    assert graphs(home) == before


def test_a_folder_is_what_a_tool_left_or_is_refused(run: Run, files: Path, home: Home) -> None:
    shutil.copytree(LOGGED / "mlruns", files / "mlruns")
    status, out, _ = run("mlruns")
    assert status == 0
    assert out.startswith("mlruns: ")
    before = graphs(home)
    status, out, _ = run("mlruns")
    assert (status, "merged already" in out) == (0, True)
    (files / "empty").mkdir()
    status, _, err = run("empty")
    assert status == 2
    assert "is a folder that no tool that is known has left" in err
    assert graphs(home) == before


def test_a_model_that_is_none_has_no_provenance(run: Run, files: Path) -> None:
    (files / "m.keras").write_bytes(b"no archive")
    status, _, err = run("m.keras")
    assert status == 2
    assert "is a damaged archive" in err
    import zipfile

    with zipfile.ZipFile(files / "m.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    status, _, err = run("m.keras")
    assert status == 2
    assert "has no provenance with it" in err


def test_the_command_does_each_file_for_itself(
    home: Home, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.provn").write_text(PROVN)
    (tmp_path / "bad.ttl").write_text("<http://a> <http://b>\n x")
    (tmp_path / "c.nt").write_text('<http://e.org/c> <http://e.org/p> "1" .')
    files = [str(tmp_path / name) for name in ("a.provn", "bad.ttl", "none.ttl", "c.nt", "")]
    status = cli.run(["--home", str(home.path), "merge", *files])
    out, err = capfd.readouterr()
    assert status == 2
    assert f"{files[0]}: PROV-N, 1 record, 2 statements\n" in out
    assert f"{files[3]}: N-Triples, 1 statement\n" in out
    assert "bad.ttl is no Turtle that can be read: at line 2 column 2" in err
    assert "none.ttl cannot be read: No such file" in err
    assert "is a folder that no tool that is known has left" in err
    assert "2 of 5 files are merged" in err
    question = re.search(r"kprov query -e '(.*)'", out)
    assert question is not None
    assert cli.run(["--home", str(home.path), "query", "-e", question[1], "--format", "csv"]) == 0
    assert "http://e.org/c" in capfd.readouterr().out
    assert cli.run(["--home", str(home.path), "merge", files[0]]) == 0
    assert "merged already" in capfd.readouterr().out


def test_each_file_is_for_itself_and_one_that_fails_is_status_2(run: Run, home: Home) -> None:
    status, out, err = run("bad.ttl", "a.provn", "a.provn", "none", "b.trig")
    assert status == 2
    assert out.count("merged already") == 1
    assert "3 of 5 files are merged" in err
    assert sum("/import/" in iri for iri in graphs(home)) == 3
    assert run("a.provn", "b.trig")[0] == 0
