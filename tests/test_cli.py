"""The command line: what it prints, where, and with which status."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kprov_capture.dataflow import Attribute, Dataflow, DataSet, Transformation
from kprov_capture.home import Home
from kprov_capture.run import Run
from kprov_rdf import cli
from tests import recording

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def kprov(home: Home, capfd: Capture):
    """Run a command on the folder; gives status, standard output, standard error."""

    def call(*arguments: str, home: Path = home.path) -> tuple[int, str, str]:
        status = cli.run(["--home", str(home), *arguments])
        out, err = capfd.readouterr()
        return status, out, err

    return call


def test_runs_lists_them_newest_first(kprov, home: Home) -> None:
    recording.record(home.path, tag="older")
    run = recording.record(home.path, tag="newer", optimizer="SGD")
    status, out, err = kprov("runs")
    lines = [line for line in out.splitlines() if "FINISHED" in line]
    assert (status, err, len(lines)) == (0, "", 2)
    assert run.id[-8:] in lines[0]
    assert lines[0].split()[1:6] == ["newer", "FINISHED", "SGD", "0.001", "3/3"]


def test_runs_as_json(kprov, home: Home) -> None:
    run = recording.record(home.path)
    (found,) = json.loads(kprov("runs", "--format", "json")[1])
    assert (found["run"], found["epochs"], found["status"]) == (run.names.run, 3, "FINISHED")


def test_an_empty_folder_says_what_to_do(kprov) -> None:
    status, out, _ = kprov("runs")
    assert status == 0
    assert "kprov demo" in out


def test_init_needs_no_argument(tmp_path: Path, monkeypatch, capsys: Capture) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["init"]) == 0
    assert "created" in capsys.readouterr().out
    assert (tmp_path / ".kprov" / "journal").is_dir()
    assert cli.run(["init"]) == 0
    assert "there already" in capsys.readouterr().out


def test_show_tells_the_whole_run(kprov, home: Home) -> None:
    run = recording.record(home.path)
    status, out, _ = kprov("show", run.id[-8:])
    assert status == 0
    assert ["optimizerName", "Adam"] in [line.split() for line in out.splitlines()]
    for part in (
        "test-flow: FINISHED, 3 epochs",
        "Layers",
        "softmax",
        "0.6",
        "ReduceLROnPlateau",
        "val_loss did not improve",
        "testing-1",
    ):
        assert part in out
    assert kprov("show")[1] == out, "@latest is the default"


def test_merge_creates_the_folder_once_there_is_something_to_read(kprov, tmp_path: Path) -> None:
    place = tmp_path / "none"
    assert kprov("merge", str(tmp_path / "missing.ttl"), home=place)[0] == 2
    assert not place.exists()
    (tmp_path / "a.ttl").write_text("<http://e/a> a <http://www.w3.org/ns/prov#Entity> .")
    status, out, _ = kprov("merge", str(tmp_path / "a.ttl"), home=place)
    assert (status, out.splitlines()[0]) == (0, f"{place} created.")
    assert "created" not in kprov("merge", str(tmp_path / "a.ttl"), home=place)[1]


def test_show_tells_why_a_run_failed(kprov, home: Home) -> None:
    run = recording.begin(home.path)
    with pytest.raises(OSError, match="disk"), run.transformation("load"):
        raise OSError("the disk is gone")
    run.end_training("FINISHED_WITH_ERROR", "ValueError: no such shape")
    run.close()
    out = kprov("show", run.id)[1]
    lines = [line.split() for line in out.splitlines()]
    assert ["preparation-1", "load", "OSError:", "the", "disk", "is", "gone"] in lines
    assert ["training", "ValueError:", "no", "such", "shape"] in lines


def test_show_tells_the_tasks_and_their_values(kprov, home: Home) -> None:
    block = DataSet("block", [Attribute("k", "NUMERIC"), Attribute("kind")])
    dense = DataSet("dense", [Attribute("features", "NUMERIC")])
    flow = Dataflow("flow", [Transformation("grow", [block], [dense]), Transformation("rest")])
    with Run(flow, home=home.path) as run:
        run.task("grow", {"block": {"k": 24, "kind": "wide"}}, {"dense": [{"features": 96}]})
        run.task("rest")
    lines = [line.split() for line in kprov("show", run.id)[1].splitlines()]
    assert [line for line in lines if line and line[0].startswith("task-")] == [
        ["task-1", "grow", "input", "block", "element-1", "k", "24"],
        ["task-1", "grow", "input", "block", "element-1", "kind", "wide"],
        ["task-1", "grow", "output", "dense", "element-2", "features", "96"],
        ["task-2", "rest"],
    ]


def test_query_by_name_file_and_text(kprov, home: Home, tmp_path: Path) -> None:
    run = recording.record(home.path)
    (tmp_path / "own.rq").write_text(
        "# question: Which?\n# input: n xsd:integer 1 -- an epoch\n# output: loss -- the loss\n"
        "SELECT ?n ?loss { ?m dnnprov:epoch ?n ; dnnprov:loss ?loss }"
    )
    by_name = kprov("query", "q1", "--param", "epoch=1", "--format", "csv")
    assert by_name[1].splitlines() == [
        "optimizer,loss,valLoss,run",
        f"Adam,0.7,0.95,{run.names.run}",
    ]
    assert kprov("query", str(tmp_path / "own.rq"), "--format", "tsv")[1] == "?loss\n" + (
        '"0.7"^^<http://www.w3.org/2001/XMLSchema#double>\n'
    )
    text = "SELECT ?m ?n { ?m dnnprov:epoch ?n ; a dnnprov:oTraining }"
    found = json.loads(kprov("query", "-e", text, "--param", "n=2", "--format", "json")[1])
    assert [row["m"]["value"] for row in found["results"]["bindings"]] == [run.names("metrics-2")]


def test_a_run_as_parameter_is_named_as_people_name_it(kprov, home: Home) -> None:
    recording.record(home.path)
    assert "softmax" in kprov("query", "q2", "--param", "run=@latest")[1]


def test_ask_and_construct(kprov, home: Home) -> None:
    recording.record(home.path)
    assert "true" in kprov("query", "-e", "ASK { ?t a dnnprov:Training }", "--format", "csv")[1]
    text = "CONSTRUCT { ?t a prov:Plan } { ?t a dnnprov:Dataflow }"
    assert kprov("query", "-e", text, "--format", "csv")[1].startswith("subject,predicate,object")


def test_the_questions_are_explained(kprov) -> None:
    out = kprov("query", "--list")[1]
    assert "q3" in out
    assert "average time of an epoch" in out


def test_no_rows_says_so(kprov, home: Home) -> None:
    recording.record(home.path)
    assert kprov("query", "q1")[1] == "no rows\n"


def test_validate_a_store_a_run_a_file_and_standard_input(
    kprov, home: Home, tmp_path: Path, monkeypatch
) -> None:
    run = recording.record(home.path)
    assert kprov("validate")[:2] == (0, "2 graphs checked: valid\n"), "the run and the catalog"
    for name in ("@latest", run.id):
        assert kprov("validate", name)[:2] == (0, "1 graph checked: valid\n")
    path = tmp_path / "run.trig"
    assert kprov("export", "@latest", "-o", str(path))[0] == 0
    assert kprov("validate", str(path))[0] == 0

    # The model is moved to before the start of the activity that generated it.
    text = path.read_text()
    model = re.search(r"r:model (?:[^.]|\.\d)*? \.", text)
    assert model
    moved = re.sub(
        r'prov:generatedAtTime "[^"]*"', 'prov:generatedAtTime "1999-01-01T00:00:00Z"', model[0]
    )
    path.write_text(text.replace(model[0], moved))
    status, out, _ = kprov("validate", str(path))
    assert status == 1
    assert "generated before the activity that generated it started" in out
    assert f"{run.names.run}#model" in out
    status, out, _ = kprov("validate", str(path), "--format", "json")
    assert status == 1
    (violation,) = json.loads(out)["violations"]
    assert violation["node"] == f"{run.names.run}#model"

    done = subprocess.run(
        [sys.executable, "-m", "kprov_rdf", "validate", "-"],
        input=path.read_bytes(),
        capture_output=True,
    )
    assert done.returncode == 1


def test_what_is_wrong_is_told_with_its_place_and_value(kprov, tmp_path: Path) -> None:
    prov = "http://www.w3.org/ns/prov#"
    path = tmp_path / "wrong.nt"
    path.write_text(
        f'<urn:a> <{prov}used> "file.csv" .\n<urn:a> <{prov}startedAtTime> "2020-01-01" .\n'
    )
    status, out, _ = kprov("validate", str(path))
    assert status == 1
    assert '"file.csv"\n  PROV wants an entity here' in out
    assert f"  at <urn:a> <{prov}used>\n" in out
    assert f"  property {prov}startedAtTime\n  found 2020-01-01\n" in out
    assert "docs/shapes.md explains" in out


def test_a_flood_of_findings_is_counted(kprov, tmp_path: Path) -> None:
    path = tmp_path / "many.nt"
    path.write_text(
        "".join(f'<urn:a{n}> <http://www.w3.org/ns/prov#used> "x{n}" .\n' for n in range(250))
    )
    status, out, _ = kprov("validate", str(path), "--rules", "shacl")
    assert status == 1
    assert out.count("PROV wants an entity here") == 100
    assert "and 150 more (--format json has all):\n  150 of shape " in out
    assert out.endswith("1 graph checked: INVALID, 250 violations (in the lenient profile)\n")
    status, out, _ = kprov("validate", str(path), "--rules", "shacl", "--format", "json")
    assert len(json.loads(out)["violations"]) == 250
    assert json.loads(out)["profiles"] == {"lenient": 1}


def test_a_store_with_an_invalid_run_is_invalid(kprov, home: Home) -> None:
    """The issue's own case: a copy of the store in which the model's time was moved."""
    from kprov_rdf.ingest import open_snapshot
    from kprov_rdf.store import owned

    run = recording.record(home.path)
    open_snapshot(home).close()
    with owned(home) as store:
        store._store.update(
            "PREFIX prov: <http://www.w3.org/ns/prov#> "
            "DELETE { GRAPH ?g { ?m prov:generatedAtTime ?t } } "
            'INSERT { GRAPH ?g { ?m prov:generatedAtTime "2001-01-01T00:00:00Z"^^'
            "<http://www.w3.org/2001/XMLSchema#dateTime> } } "
            f"WHERE {{ GRAPH ?g {{ ?m prov:generatedAtTime ?t }} "
            f"FILTER (?m = <{run.names.model}>) }}"
        )
    status, out, _ = kprov("validate")
    assert status == 1
    assert "INVALID, 1 violation\n" in out


@pytest.mark.parametrize("form", ["ttl", "trig", "nq", "jsonld", "provn", "provjson"])
def test_export_to_a_file_or_standard_output(form: str, kprov, home: Home, tmp_path: Path) -> None:
    recording.record(home.path)
    path = tmp_path / "run.out"
    assert kprov("export", "@latest", "--format", form, "-o", str(path))[0] == 0
    assert kprov("export", "@latest", "--format", form)[1] == path.read_text("utf-8")


def test_the_name_of_the_file_says_the_format(kprov, home: Home, tmp_path: Path) -> None:
    recording.record(home.path)
    assert kprov("export", "-o", str(tmp_path / "run.provn"))[0] == 0
    assert (tmp_path / "run.provn").read_text().startswith("document")
    assert kprov("export", "-o", str(tmp_path / "run.jsonld"))[0] == 0
    assert '"@context"' in (tmp_path / "run.jsonld").read_text()


# -- what cannot be done: one paragraph, the file and the next step, status 2, nothing written


def refused(result: tuple[int, str, str], *said: str) -> None:
    status, out, err = result
    assert (status, out) == (2, "")
    assert err.startswith(("kprov: ", "Usage: "))
    assert "Traceback" not in err
    for one in said:
        assert one in err, err


def test_a_folder_that_is_not_there(kprov, tmp_path: Path) -> None:
    refused(kprov("runs", home=tmp_path / "none"), str(tmp_path / "none"), "kprov init")
    assert not (tmp_path / "none").exists()


def test_an_unknown_run(kprov, home: Home) -> None:
    recording.record(home.path)
    for command in ("show", "export", "validate"):
        refused(kprov(command, "nothing"), "'nothing'", "kprov runs")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT ?x {", "line 1"),
        ("DROP ALL", "an update"),
        ("LOAD <file:///etc/passwd>", "an update"),
        ("", "empty"),
    ],
)
def test_a_query_that_is_none(text: str, said: str, kprov, home: Home) -> None:
    refused(kprov("query", "-e", text), said)


def test_columns_stand_as_the_query_names_them(kprov, home: Home) -> None:
    recording.record(home.path)
    for text, columns in (
        ("SELECT * { ?s ?p ?o }", "s,p,o"),
        ("SELECT DISTINCT * { ?run ?b ?a BIND(1 AS ?z) }", "run,b,a,z"),
        ("SELECT ?o ?s { ?s ?p ?o }", "o,s"),
    ):
        _, out, _ = kprov("query", "--format", "csv", "-e", f"{text} LIMIT 1")
        assert out.splitlines()[0] == columns


def test_no_rows_are_no_riddle(kprov, home: Home) -> None:
    recording.record(home.path)
    code, out, err = kprov("query", "q1")
    assert (code, out) == (0, "no rows\n")
    assert "epoch=30, rate=0.001; --param" in err


def test_what_was_merged_does_not_make_the_runs_invalid(kprov, home: Home, tmp_path: Path) -> None:
    """Nobody can change the documents of others; they are checked when they are named."""
    recording.record(home.path)
    turtle = "@prefix prov: <http://www.w3.org/ns/prov#> . <#x> a prov:Entity, prov:Activity ."
    (tmp_path / "other.ttl").write_text(turtle)
    graph = kprov("merge", str(tmp_path / "other.ttl"))[1].splitlines()[1].strip()
    code, out, err = kprov("validate")
    assert (code, out) == (0, "2 graphs checked: valid\n")
    assert "1 graph that was merged is not checked" in err
    code, out, _ = kprov("validate", graph)
    assert code == 1
    assert "INVALID" in out


@pytest.mark.parametrize("bracket", ["{", "(", "["])
def test_a_query_that_would_end_the_process(bracket: str, kprov, home: Home) -> None:
    refused(kprov("query", "-e", "SELECT * " + bracket * 20_000), "nested more than")


def test_a_value_that_is_not_what_it_is_called(kprov, home: Home) -> None:
    text = "SELECT ?x { BIND (STRDT('abc', xsd:integer) AS ?x) }"
    assert kprov("query", "-e", text)[1].split()[-1] == "abc"


def test_a_bug_of_ours_is_no_verdict(kprov, home: Home, monkeypatch) -> None:
    """Status 1 of an interpreter that gives up would read as "invalid"."""
    from kprov_rdf.validate import shacl

    recording.record(home.path)
    monkeypatch.setattr(shacl, "validate_text", lambda *_: 1 / 0)
    status, _, err = kprov("validate")
    assert status == 2
    assert "bug of kprov" in err


@pytest.mark.parametrize("tag", ["v1.0", "a/b c", "best.keras", "tests"])
def test_a_run_is_found_by_any_tag_and_by_its_iri(tag: str, kprov, home: Home) -> None:
    run = recording.record(home.path, tag=tag)
    for name in (tag, run.names.run):
        for command in ("show", "validate", "export"):
            assert kprov(command, name)[0] == 0, (command, name)


def test_latest_as_a_parameter_of_a_query_without_a_header(
    kprov, home: Home, tmp_path: Path
) -> None:
    recording.record(home.path)
    run = recording.record(home.path)
    text = "SELECT ?run ?t { GRAPH ?run { ?t a dnnprov:Training } }"
    out = kprov("query", "-e", text, "--param", "run=@latest", "--format", "csv")[1]
    assert out.splitlines()[1:] == [f"{run.names.run},{run.names.training}"]
    (tmp_path / "own.rq").write_text(
        "# input: run run @latest -- the run\n# output: t -- its training\n" + text
    )
    out = kprov("query", str(tmp_path / "own.rq"), "--format", "csv")[1]
    assert out.split() == ["t", run.names.training]


def test_a_query_that_is_missing_or_double(kprov) -> None:
    refused(kprov("query", "q1", "--param", "epoch=1", "--param", "epoch=2"), "twice")
    refused(kprov("query"), "--list")
    refused(kprov("query", "q1", "-e", "ASK {}"), "not both")
    refused(kprov("query", "q1", "--param", "epoch"), "NAME=VALUE")
    refused(kprov("query", "q77"), "Did you mean q7")


def test_a_damaged_journal(kprov, home: Home) -> None:
    run = recording.begin(home.path)
    run.settle(10)
    path = run._journal.path
    path.write_bytes(path.read_bytes().replace(b"trainingmodel", b"trainingm0del"))
    refused(kprov("runs"), path.name, "is damaged", f"mv {path}")


def test_a_file_that_is_no_rdf(kprov, tmp_path: Path) -> None:
    refused(kprov("validate", str(tmp_path / "none.ttl")), "none.ttl", "cannot be read")
    refused(kprov("validate", str(tmp_path)), "is no file. There is no run")
    (tmp_path / "empty.ttl").write_text("")
    status, _, err = kprov("validate", str(tmp_path / "empty.ttl"))
    assert status == 2
    assert "no provenance in it" in err


def test_an_output_that_cannot_be_written(kprov, home: Home, tmp_path: Path) -> None:
    recording.record(home.path)
    refused(kprov("export", "-o", str(tmp_path / "none" / "r.ttl")), "r.ttl", "nothing was written")
    refused(kprov("export", "-o", str(tmp_path / "run.docx")), "run.docx", "provjson")


def test_settings_that_cannot_be_read(kprov, home: Home) -> None:
    (home.path / "store").write_text("a file where the store should be")
    refused(kprov("runs"), str(home.store))


# -- as a program


def program(*arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kprov_rdf", *arguments]
    return subprocess.run(command, capture_output=True, text=True, **more)  # type: ignore[call-overload, no-any-return]


def test_help_loads_nothing_that_costs() -> None:
    script = (
        "import sys; sys.argv = ['kprov', '--help']\n"
        "from kprov_rdf.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "costly = {'rdflib', 'scipy', 'flask', 'pyshacl', 'prov', 'pyoxigraph', 'rich', 'numpy',"
        " 'pymonetdb'}\n"
        "print(sorted(costly & sys.modules.keys()), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr.strip() == "[]"
    assert "Provenance of deep-learning training" in done.stdout


def test_without_its_packages_the_command_says_what_to_install(tmp_path: Path) -> None:
    """As after `pip install kprov-rdf` without extras."""
    done = subprocess.run(
        [sys.executable, "-S", "-m", "kprov_rdf", "runs"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), "capture"])},
    )
    assert done.returncode == 2
    assert "pip install '.[store]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_has_enough_is_no_error(home: Home) -> None:
    recording.record(home.path)
    text = "SELECT ?s ?p ?o { ?s ?p ?o }"
    command = f"{sys.executable} -m kprov_rdf --home {home.path} query -e '{text}'"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} --format csv | head -n 1"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == "s,p,o"


def test_every_command_has_help() -> None:
    for name, command in cli.cli.commands.items():
        assert command.help, name
        done = program(name, "--help")
        assert done.returncode == 0
        assert "Usage: kprov " + name in done.stdout


@pytest.mark.parametrize(
    ("missing", "arguments", "extra"),
    [
        ("flask", ["serve"], "server"),
        ("jinja2", ["publish", "x", "--base", "http://e.org/"], "server"),
    ],
)
def test_without_an_extra_its_commands_say_which(
    missing: str, arguments: list[str], extra: str, home: Home
) -> None:
    script = (
        f"import sys; sys.modules[{missing!r}] = None; sys.argv[0] = 'kprov'; "
        "from kprov_rdf.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "--home", str(home.path), *arguments],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert f"pip install '.[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_show_says_what_to_do_with_an_import(kprov, home: Home, tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text("<http://e/a> a <http://www.w3.org/ns/prov#Entity> .")
    out = kprov("merge", str(tmp_path / "a.ttl"), home=home.path)[1]
    digits = out.partition("sha256-")[2][:8]
    status, _, err = kprov("show", digits, home=home.path)
    assert (status, f"'kprov export {digits} -o FILE'" in err) == (2, True)
    assert "There is no run" in kprov("show", "ffff", home=home.path)[2]
