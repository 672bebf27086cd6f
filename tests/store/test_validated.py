"""Runs are validated once, when they have ended, and what came of it is provenance."""

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyoxigraph as ox
import pytest

from kprov_capture.home import Home, create
from kprov_capture.journal import HEADER
from kprov_capture.run import Run
from kprov_capture.terms import PROV_NAMESPACE, RDF_TYPE, RDFS_LABEL, Dnnprov, Prov
from kprov_rdf import cli, ingest, journal, runs
from kprov_rdf.dm import provo
from kprov_rdf.dm.model import Document
from kprov_rdf.exchange import merge, writing
from kprov_rdf.validate import constraints, finished, shacl
from kprov_rdf.validate.finished import Validator
from tests import recording

CATALOG = "http://localhost:8642/catalog"


@pytest.fixture(autouse=True)
def however_slow_the_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finished, "PORTION_SECONDS", 60.0)


def validate(home: Home, **limits: float) -> list[str]:
    """As a command does; gives what it tells."""
    told: list[str] = []
    ingest.open_snapshot(home).close()
    Validator(home, told.append, **limits).catch_up()
    return told


def verdicts(home: Home) -> dict[str, str]:
    """What the list of runs says, by the ids of the runs."""
    with ingest.open_snapshot(home) as store:
        return {run.id: run.validated for run in runs.listing(store, store.living)}


def catalog(home: Home) -> set[str]:
    with ingest.open_snapshot(home) as store:
        return set(map(str, store.graph(CATALOG)))


def alter(home: Home, run: Run, old: str, new: str) -> None:
    """Write the finished journal of a run anew, with other statements and right digests."""
    ingest.open_snapshot(home).close()
    done = home.done / f"{run.id}.nq.gz"
    lines = gzip.decompress(done.read_bytes()).splitlines(keepends=True)
    text = b"".join(line for line in lines if not line.startswith(b"#")).decode()
    assert old in text
    beside = done.with_suffix("")
    journal.write(beside, {"run": run.names.run}, text.replace(old, new).encode())
    done.write_bytes(gzip.compress(beside.read_bytes()))
    beside.unlink()
    shutil.rmtree(home.store)


def test_a_run_that_has_ended_is_validated_and_the_catalog_says_by_what(home: Home) -> None:
    run = recording.record(home.path)
    assert verdicts(home) == {run.id: "–"}
    with ingest.open_snapshot(home) as store:
        before = set(store.graph(run.names.run))
    assert validate(home) == []
    with ingest.open_snapshot(home) as store:
        (info,) = runs.listing(store, store.living)
        assert set(store.graph(run.names.run)) == before, "the record does not change"
        (row,) = store.query(
            "SELECT ?run ?catalog ?report ?began ?ended ?at { GRAPH ?catalog {"
            " ?v a dnnprov:RecordValidation ; prov:used ?run ; prov:startedAtTime ?began ;"
            " prov:endedAtTime ?ended ; prov:wasAssociatedWith ?kprov . ?kprov a"
            " prov:SoftwareAgent . ?report prov:wasGeneratedBy ?v ; prov:generatedAtTime ?at } }",
            {"run": ox.NamedNode(run.names.run), "catalog": ox.NamedNode(CATALOG)},
        )
    assert row["began"].value <= row["ended"].value == row["at"].value
    verdict = info.verdict
    assert verdict
    assert (verdict.conforms, verdict.violations, verdict.warnings) == (True, 0, 0)
    assert verdict.rules == ("prov-constraints", "shacl-strict")
    assert verdict.by.startswith("kprov ")
    assert verdict.iri.startswith(f"{CATALOG}#")


def test_the_catalog_itself_stays_valid(home: Home) -> None:
    for _ in range(2):
        recording.record(home.path)
    validate(home)
    with ingest.open_snapshot(home) as store:
        triples = store.graph(CATALOG)
        assert shacl.validate(CATALOG, triples, "strict") == []
        outcomes = constraints.check(provo.triples(triples, Document("catalog", "RDF"), None))
        assert [one.violations for one in outcomes] == [()]


def test_it_is_done_once(home: Home) -> None:
    recording.record(home.path)
    validate(home)
    first = catalog(home)
    files = sorted(path.name for path in home.done.iterdir())
    assert len(files) == 2
    assert finished.waiting(home) == []
    validate(home)
    assert (catalog(home), sorted(path.name for path in home.done.iterdir())) == (first, files)


def test_what_came_of_it_survives_a_rebuild(home: Home) -> None:
    recording.record(home.path)
    validate(home)
    first = catalog(home)
    shutil.rmtree(home.store)
    assert catalog(home) == first


def test_what_an_older_version_found_stays_and_is_not_found_again(home: Home, monkeypatch) -> None:
    run = recording.record(home.path)
    monkeypatch.setattr(finished, "__version__", "0.0.9+odd build")
    validate(home)
    monkeypatch.undo()
    first = catalog(home)
    assert validate(home) == []
    assert catalog(home) == first
    assert verdicts(home) == {run.id: "valid"}
    with ingest.open_snapshot(home) as store:
        assert shacl.validate(CATALOG, store.graph(CATALOG), "strict") == []


def test_a_run_that_still_runs_or_crashed_is_not_validated(home: Home) -> None:
    run = recording.begin(home.path)
    recording.epoch(run, 0, 0.9)
    run.settle(10)
    validate(home)
    assert verdicts(home) == {run.id: "–"}
    run.end_training("FINISHED")
    run.close()
    validate(home)
    assert verdicts(home) == {run.id: "valid"}


@pytest.mark.parametrize(
    ("old", "new", "shapes", "told"),
    [
        (
            "<{run}#config-1> <{prov}wasDerivedFrom> <{run}#config-0> <{run}> .",
            "<{run}#config-1> <{prov}wasDerivedFrom> <{run}#config-0> <{run}> .\n"
            "<{run}#config-0> <{prov}wasDerivedFrom> <{run}#config-1> <{run}> .",
            0,
            1,
        ),
        ('"FINISHED"', '"RUNNING"', 2, 2),
    ],
    ids=["constraints", "shapes"],
)
def test_a_run_that_is_not_as_it_must_be_is_invalid(
    old: str, new: str, shapes: int, told: int, home: Home
) -> None:
    run, good = recording.record(home.path), recording.record(home.path)
    names = {"run": run.names.run, "prov": PROV_NAMESPACE}
    alter(home, run, old.format(**names), new.format(**names))
    validate(home)
    with ingest.open_snapshot(home) as store:
        assert len(shacl.validate(run.names.run, store.graph(run.names.run))) == shapes
    assert verdicts(home) == {run.id: f"invalid ({told})", good.id: "valid"}


def test_two_processes_at_once_write_one_result(home: Home) -> None:
    for _ in range(3):
        recording.record(home.path)
    ingest.open_snapshot(home).close()
    script = (
        "import sys; from pathlib import Path; from kprov_capture.home import Home; "
        "from kprov_rdf.validate.finished import Validator; "
        "sys.stdin.readline(); Validator(Home(Path(sys.argv[1])), print).catch_up()"
    )
    command = [sys.executable, "-c", script, str(home.path)]
    both = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for one in both:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    assert [one.communicate()[0] for one in both] == ["", ""]
    validate(home)
    assert set(verdicts(home).values()) == {"valid"}
    with ingest.open_snapshot(home) as store:
        (row,) = store.query("SELECT (COUNT(*) AS ?n) { ?v a dnnprov:RecordValidation }")
        assert int(row["n"].value) == 3
        assert shacl.validate(CATALOG, store.graph(CATALOG), "strict") == []


def test_while_another_process_validates_nobody_waits(home: Home) -> None:
    recording.record(home.path)
    ingest.open_snapshot(home).close()
    with finished._alone(home) as mine:
        assert mine
        assert not Validator(home, print).catch_up()
    assert Validator(home, print).catch_up()


def test_a_validator_that_dies_is_written_down_told_once_and_not_asked_again(
    home: Home, monkeypatch
) -> None:
    run = recording.record(home.path)
    monkeypatch.setattr(finished, "_START", "import os, sys; sys.stdin.readline(); os.abort()")
    (told,) = validate(home)
    assert run.id[-8:] in told
    assert "status -6" in told
    monkeypatch.undo()
    assert validate(home) == []
    assert verdicts(home) == {run.id: "not done"}
    with ingest.open_snapshot(home) as store:
        (info,) = runs.listing(store, store.living)
        assert info.verdict
        assert "status -6" in (info.verdict.error or "")
        assert shacl.validate(CATALOG, store.graph(CATALOG), "strict") == []


def test_an_error_of_the_rules_is_written_down_too(home: Home) -> None:
    """Of a run as a stranger may have made it: a text that no parser takes."""
    run = recording.record(home.path)
    ingest.open_snapshot(home).close()
    done = home.done / f"{run.id}.nq.gz"
    done.write_bytes(done.read_bytes()[:-20])
    (told,) = validate(home)
    assert "EOFError" in told
    assert verdicts(home) == {run.id: "not done"}
    assert validate(home) == []


def test_one_that_takes_too_long_is_given_up(home: Home, monkeypatch) -> None:
    run = recording.record(home.path)
    monkeypatch.setattr(finished, "_START", "import time; time.sleep(60)")
    (told,) = validate(home, longest=0.2)
    assert "longer than 0.2 s" in told
    assert verdicts(home) == {run.id: "not done"}


def test_old_runs_are_validated_a_portion_at_a_time_the_newest_first(home: Home) -> None:
    made = [recording.record(home.path) for _ in range(3)]
    ids = sorted((run.id for run in made), reverse=True)
    for done in range(1, 4):
        validate(home, portion=0.0)
        found = verdicts(home)
        assert [found[one] for one in ids] == ["valid"] * done + ["–"] * (3 - done)


def test_what_cannot_be_written_is_told_and_no_error(home: Home, monkeypatch) -> None:
    recording.record(home.path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    ingest.open_snapshot(home).close()
    monkeypatch.setattr(journal, "write", full)
    (told,) = validate(home)
    assert "No space left" in told
    monkeypatch.undo()
    assert len(finished.waiting(home)) == 1


# -- runs that came by another way


def test_a_run_that_was_merged_is_validated_and_other_graphs_are_not(
    home: Home, tmp_path: Path
) -> None:
    run = recording.record(home.path)
    with ingest.open_snapshot(home) as store:
        exported = writing.run(store, run.names.run, "nq")
    bare = b"".join(line for line in exported.splitlines(True) if b"/catalog>" not in line)
    for number, document in enumerate((exported, bare)):
        other = create(tmp_path / f"other-{number}")
        merge.merge(other, document, "run.nq")
        merge.merge(other, b"<http://e/x> a <http://www.w3.org/ns/prov#Entity> .", "x.ttl")
        assert validate(other) == []
        assert verdicts(other) == {run.id: "valid"}
        assert finished.waiting(other) == []
        with ingest.open_snapshot(other) as store:
            assert shacl.validate(CATALOG, store.graph(CATALOG), "strict") == []
            (row,) = store.query("SELECT (COUNT(*) AS ?n) { ?v a dnnprov:RecordValidation }")
            assert int(row["n"].value) == 1


def test_a_run_that_was_merged_while_it_went_on_has_no_result(home: Home, tmp_path: Path) -> None:
    run = recording.begin(home.path)
    run.settle(10)
    with ingest.open_snapshot(home) as store:
        exported = writing.run(store, run.names.run, "nq")
    run.close()
    other = create(tmp_path / "other")
    merge.merge(other, exported, "run.nq")
    validate(other)
    assert verdicts(other) == {run.id: "–"}


def test_what_a_record_says_of_its_own_validity_does_not_count(home: Home) -> None:
    run = recording.record(home.path)
    claims = "".join(
        f"<{run.names.run}#x> <{p}> {o} <{run.names.run}> .\n"
        for p, o in [
            (RDF_TYPE, f"<{Dnnprov.RecordValidation}>"),
            (Prov.used, f"<{run.names.run}>"),
            (Prov.endedAtTime, '"2030-01-01T00:00:00Z"'),
            (Prov.wasAssociatedWith, f"<{run.names.run}#x>"),
            (RDFS_LABEL, '"kprov"'),
        ]
    )
    about = claims.replace(f"<{run.names.run}#x>", f"<{run.names.run}>")
    about = about.replace(f" <{run.names.run}> .\n", f" <{CATALOG}> .\n")
    alter(home, run, "", "")
    path = home.journal / "00000000-0000-7000-8000-000000000000.nq"
    journal.write(path, {"run": run.names.run}, (claims + about).encode())
    assert verdicts(home) == {run.id: "–"}


def test_runs_of_many_bases_are_told_apart(home: Home, tmp_path: Path) -> None:
    """As merged ones may have: each is told of by the catalog of its own base."""
    run = recording.record(home.path)
    with ingest.open_snapshot(home) as store:
        exported = writing.run(store, run.names.run, "nq").decode()
    for number in range(25):
        other = exported.replace("http://localhost:8642/", f"http://e/{number}/")
        other = other.replace(run.id, f"{run.id[:-2]}{number:02}")
        merge.merge(home, other.encode(), "run.nq")
        if number in (0, 24):
            validate(home)
            assert set(verdicts(home).values()) == {"valid"}


def test_a_graph_that_only_resembles_a_run_keeps_nothing_from_being_validated(home: Home) -> None:
    run = recording.record(home.path)
    with ingest.open_snapshot(home) as store:
        exported = writing.run(store, run.names.run, "nq").decode()
    odd = exported.replace("http://localhost:8642/", "urn:odd/")
    merge.merge(home, odd.encode(), "run.nq")
    assert validate(home) == []
    assert finished.waiting(home) == []
    with ingest.open_snapshot(home) as store:
        (row,) = store.query("SELECT (COUNT(*) AS ?n) { ?v a dnnprov:RecordValidation }")
        assert int(row["n"].value) == 1


# -- what people see


@pytest.fixture
def kprov(home: Home, capfd: pytest.CaptureFixture[str]):
    def call(*arguments: str) -> tuple[int, str, str]:
        status = cli.run(["--home", str(home.path), *arguments])
        return (status, *capfd.readouterr())

    return call


def test_the_command_that_comes_first_shows_it(kprov, home: Home) -> None:
    good, bad = recording.record(home.path), recording.record(home.path)
    alter(home, bad, '"FINISHED"', '"RUNNING"')
    status, out, err = kprov("runs")
    assert (status, err) == (0, "")
    (line,) = (line for line in out.splitlines() if good.id[-8:] in line)
    assert line.split()[-1] == "valid"
    (line,) = (line for line in out.splitlines() if bad.id[-8:] in line)
    assert "invalid (" in line
    found = {
        one["run"]: one["validation"] for one in json.loads(kprov("runs", "--format", "json")[1])
    }
    assert found[good.names.run]["conforms"] is True
    assert found[bad.names.run]["conforms"] is False
    assert found[bad.names.run]["violations"] > 0
    assert found[good.names.run]["rules"] == ["prov-constraints", "shacl-strict"]
    assert "record valid by prov-constraints and shacl-strict (kprov " in kprov("show", good.id)[1]
    assert "record INVALID, " in kprov("show", bad.id)[1]
    assert kprov("query", "validations")[1].count("kprov 0") == 2


def test_a_mirror_is_not_behind_because_a_run_was_validated(home: Home) -> None:
    from kprov_rdf.mirror import ask

    recording.record(home.path)
    ingest.open_snapshot(home).close()
    ask.remember(home, None)
    validate(home)
    assert ask.newer(home) is None


def test_the_first_line_of_the_journal_says_what_was_validated(home: Home) -> None:
    run = recording.record(home.path)
    ingest.open_snapshot(home).close()
    Validator(home, print).catch_up()
    (path,) = home.journal.glob("*.nq")
    assert path.read_text().startswith(HEADER)
    assert journal.describe(path) == {"validation": run.id}
