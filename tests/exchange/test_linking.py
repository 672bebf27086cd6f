"""The graph of links of a folder, by the commands: shown, looked for again, taken away."""

import csv
import hashlib
import io
import json
import shutil
from pathlib import Path

import pytest

from kprov_capture.home import Home
from kprov_rdf import cli, ingest
from kprov_rdf.exchange import linking
from kprov_rdf.exchange import merge as merging
from tests import recording

HASH = hashlib.sha256(b"model").hexdigest()
CONTENT = f"http://localhost:8642/content/sha256-{HASH}"
ONE = f"""@prefix prov: <http://www.w3.org/ns/prov#> .
  <http://one.org/m> a prov:Entity ; <https://w3id.org/dnnprov#sha256> "{HASH}" ;
    <http://e.org/barcode> "7" .""".encode()
OTHER = ONE.replace(b"one.org", b"other.org")
RULES = '[[rule]]\nname = "sample"\nproperty = "http://e.org/barcode"\n'
LINKS = "http://localhost:8642/links"


def graphs(home: Home) -> dict[str, set[str]]:
    with ingest.open_snapshot(home) as store:
        found = {iri: set(map(str, store.graph(iri))) for iri in store.graphs()}
    return {iri: told for iri, told in found.items() if told}


@pytest.fixture
def merged(home: Home) -> Home:
    """A run, and two documents that speak of one file."""
    recording.record(home.path)
    merging.merge(home, ONE, "one.ttl")
    merging.merge(home, OTHER, "other.ttl")
    return home


def run(home: Home, *arguments: str) -> int:
    return cli.run(["--home", str(home.path), "links", *arguments])


def test_two_documents_that_have_one_file_meet_in_its_content(
    merged: Home, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(merged, "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capfd.readouterr().out)))
    assert [(row["rule"], row["subject"], row["target"]) for row in rows] == [
        ("content", "http://one.org/m", CONTENT),
        ("content", "http://other.org/m", CONTENT),
    ]
    assert {row["why"] for row in rows} == {f"its SHA-256 is {HASH}"}
    assert run(merged) == 0
    said = [line.split() for line in capfd.readouterr().out.splitlines() if "one.org" in line]
    short = f"{HASH[:8]}…"
    why = ["its", "SHA-256", "is", short]
    assert said == [
        ["content", "http://one.org/m", "specializationOf", f"content/sha256-{short}", *why]
    ]
    assert run(merged, "--format", "json") == 0
    assert HASH in json.dumps(json.loads(capfd.readouterr().out))


@pytest.mark.parametrize("found", [False, True])
def test_links_are_taken_away_as_one_and_data_stay(
    found: bool, merged: Home, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also those that were looked for later, and not by a rebuild from journals."""
    if found:
        (tmp_path / "r.toml").write_text(RULES)
        assert run(merged, "--rules", str(tmp_path / "r.toml")) == 0
        merging.merge(merged, ONE + b"# more", "again.ttl")  # its links are not loaded yet
    before = graphs(merged)
    assert before.pop(LINKS)
    capfd.readouterr()
    assert run(merged, "--remove") == 0
    assert "statements of links removed" in capfd.readouterr().out
    assert graphs(merged) == before
    shutil.rmtree(merged.store)
    assert graphs(merged) == before
    assert not list(merged.path.rglob("links-*"))
    assert run(merged, "--remove") == 0
    assert "There are no links" in capfd.readouterr().out
    assert run(merged) == 0
    assert "nothing is linked yet" in capfd.readouterr().err


def test_links_are_found_again_as_they_were(merged: Home) -> None:
    before = graphs(merged)[LINKS]
    assert run(merged, "--remove") == 0
    assert merging.merge(merged, ONE, "one.ttl").already, "which looks for no links"
    assert run(merged, "--find") == 0
    assert graphs(merged)[LINKS] == before
    assert run(merged, "--find") == 0
    assert graphs(merged)[LINKS] == before


def test_rules_look_in_all_graphs_and_add_to_what_is_linked(
    merged: Home, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = graphs(merged)
    rules = tmp_path / "r.toml"
    rules.write_text(
        RULES + '[[rule]]\nname = "runs of a tag"\nlink = "sameAs"\n'
        'property = "https://w3id.org/dnnprov#tag"\nclass = "https://w3id.org/dnnprov#Dataflow"\n'
    )
    assert run(merged, "--find", "--rules", str(rules), "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capfd.readouterr().out)))
    assert [row["rule"] for row in rows].count("sample") == 2
    assert "runs of a tag" in {row["rule"] for row in rows}
    after = graphs(merged)
    assert after.pop(LINKS) > before.pop(LINKS)
    for one in (before, after):
        del one["http://localhost:8642/catalog"]  # runs that have ended were validated meanwhile
    assert after == before


def test_what_cannot_be_done_is_told_with_what_to_do(
    merged: Home, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("[[rule]]\nname = 5")
    for arguments, said in (
        (["--remove", "--find"], "--remove stands alone"),
        (["--remove", "--rules", "x"], "--remove stands alone"),
        (["--rules", str(tmp_path / "none.toml")], "none.toml cannot be read: No such file"),
        (["--rules", str(bad)], "[[rule]] number 1 has no name"),
    ):
        assert run(merged, *arguments) == 2
        assert said in capfd.readouterr().err

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    run(merged, "--remove")
    graphs(merged)
    monkeypatch.setattr("kprov_rdf.journal.os.fsync", full)
    with ingest.open_snapshot(merged) as store, pytest.raises(Exception, match="nothing was writ"):
        linking.find(merged, store)
    assert not list(merged.path.rglob("links-*"))
