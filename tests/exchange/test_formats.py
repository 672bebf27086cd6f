"""What holds for every format that kprov writes."""

import json
import re
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pyoxigraph as ox
import pytest
from pyarrow import parquet

from kprov_capture.home import Home, create
from kprov_rdf import cli, ingest
from kprov_rdf.cli.export import FORMATS as NAMED
from kprov_rdf.errors import InputError, UnsupportedError
from kprov_rdf.exchange import export, formats, selection
from kprov_rdf.exchange.export import Options
from kprov_rdf.exchange.formats import FORMATS
from kprov_rdf.exchange.selection import Selection
from kprov_rdf.runs import listing
from kprov_rdf.store import LocalStore
from tests import recording
from tests.exchange import runs

_DRAWN = {"svg", "png", "pdf"}
_JSON = ("jsonld", "provjson", "provjsonld", "croissant", "modelcard")
EVERY = [
    pytest.param(form, marks=runs.needs_graphviz if form in _DRAWN else ())
    for form in FORMATS
    if form != "parquet"
]


def test_the_command_knows_every_format() -> None:
    assert tuple(FORMATS) == NAMED
    suffixes = [suffix for form in FORMATS.values() for suffix in form.suffixes]
    assert len(suffixes) == len(set(suffixes))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Selection]:
    """Runs of all sorts, by what they are."""
    home = create(tmp_path_factory.mktemp("formats") / "home")
    recorded = {"short": recording.record(home.path), "empty": runs.empty(home)}
    losses = tuple(1 / (n + 1) for n in range(200))
    recorded["long"] = recording.record(home.path, losses=losses)
    recorded |= {text: runs.hostile(home, text) for text in runs.HOSTILE}
    going_on = runs.running(home)
    recorded["running"] = going_on
    chosen = {name: runs.chosen(home, run.id) for name, run in recorded.items()}
    going_on.end_training("FINISHED")
    going_on.close()
    return chosen


@pytest.mark.parametrize("form", EVERY)
def test_the_same_run_is_the_same_file(form: str, found: dict[str, Selection]) -> None:
    data = export.write(found["short"], form)
    assert data
    turned = LocalStore()
    for name, told in reversed(found["short"].graphs.items()):
        for triple in reversed(told):
            turned.load(f"{triple} <{name}> .\n".encode())
    again = selection.of_records(turned, found["short"].records)
    assert export.write(again, form) == data


@pytest.mark.parametrize("form", EVERY)
def test_no_name_breaks_the_format(form: str, found: dict[str, Selection]) -> None:
    for text in runs.HOSTILE:
        try:
            data = export.write(found[text], form)
        except UnsupportedError as error:
            # Said, and not written: what has no form in XML, and what PROV-N cannot say.
            assert form in ("rdf", "provn", "provxml"), error
            continue
        _read(form, data)


@pytest.mark.parametrize("name", ["empty", "running", "long"])
@pytest.mark.parametrize("form", EVERY)
def test_runs_of_any_size_and_state_are_written(
    form: str, name: str, found: dict[str, Selection]
) -> None:
    data = export.write(found[name], form)
    _read(form, data)
    if (form, name) == ("svg", "long"):
        assert b"200 epochs, 0 to 199" in data


def _read(form: str, data: bytes) -> None:
    """Parse the text as what it is said to be."""
    kind = FORMATS[form]
    if form in ("ttl", "trig", "nq", "nt", "rdf"):
        known = ox.RdfFormat.from_media_type(kind.media_type)
        assert known
        assert list(ox.parse(data, known))
    elif form in _JSON:
        assert isinstance(json.loads(data, parse_constant=_refuse), dict)
    elif form == "openlineage":
        assert all(json.loads(line, parse_constant=_refuse) for line in data.splitlines())
    elif kind.folder:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            assert archive.testzip() is None
            for name in archive.namelist():
                assert ".." not in Path(name).parts
                assert not Path(name).is_absolute()
    else:
        assert data.startswith(_BEGINS[form])


_BEGINS = {
    "provn": b"document", "provxml": b"<?xml", "dot": b"digraph", "svg": b"<?xml",
    "png": b"\x89PNG", "pdf": b"%PDF", "modelcard-md": b"# ",
}  # fmt: skip


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not in JSON (RFC 8259, section 6)")


@pytest.mark.parametrize("form", ["rocrate", "croissant", "modelcard", "openlineage", "csv"])
def test_a_format_of_runs_says_where_there_is_none(form: str) -> None:
    triple = runs.triple("http://e/a", "http://e/b", "http://e/c")
    without = Selection({"http://e/g": [triple]}, ("http://e/g",), "http://localhost:8642/")
    with pytest.raises(UnsupportedError, match="there is none in what is to be exported"):
        formats.content(without, form)


@pytest.mark.parametrize("form", ["ttl", "nt", "rdf"])
def test_a_format_of_one_graph_says_what_holds_several(form: str, home: Home) -> None:
    first, second = recording.record(home.path), recording.record(home.path)
    with pytest.raises(UnsupportedError, match=r"these are 2\. Write TriG, N-Quads or JSON-LD"):
        export.write(runs.chosen(home, first.id, second.id), form)


def test_an_unknown_format_lists_the_known(home: Home) -> None:
    recording.record(home.path)
    with pytest.raises(InputError, match="ttl, trig, nq, nt"):
        export.write(runs.chosen(home), "docx")


def test_parquet_is_a_table_of_numbers(home: Home) -> None:
    recording.record(home.path)
    files = export.content(runs.chosen(home), "parquet")
    assert isinstance(files, dict)
    epochs = parquet.read_table(BytesIO(bytes(files["epochs.parquet"])))
    assert epochs.column("loss").to_pylist() == [0.9, 0.7, 0.6]


def test_without_pyarrow_parquet_says_what_to_install(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording.record(home.path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # as import does where it is not installed
    with pytest.raises(UnsupportedError, match="pip install pyarrow"):
        export.write(runs.chosen(home), "parquet")


def test_several_files_are_a_folder_that_is_not_there_yet(home: Home, tmp_path: Path) -> None:
    recording.record(home.path)
    found = export.content(runs.chosen(home), "csv")
    export.save(found, tmp_path / "tables")
    assert (tmp_path / "tables" / "runs.csv").read_text("utf-8").startswith("run,tag,status")
    with pytest.raises(InputError, match="no empty folder; nothing was written"):
        export.save(found, tmp_path / "tables")
    export.save(found, tmp_path / "tables.zip")
    assert zipfile.is_zipfile(tmp_path / "tables.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("config", "home", "tables", "tables.zip")
    ]


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> list[Selection]:
    """Two runs that MLflow logged, each alone, and the import of both."""
    home = create(tmp_path_factory.mktemp("logged") / "home")
    there = Path(__file__).parent / "fixtures" / "trackers" / "mlflow"
    assert cli.run(["--home", str(home.path), "merge", str(there)]) == 0
    with ingest.open_snapshot(home) as store:
        records = [run.iri for run in listing(store, store.living)]
        records.append(records[0].partition("#")[0])
        return [selection.of_records(store, [record], home.base()) for record in records]


@pytest.mark.parametrize("redact", [False, True])
@pytest.mark.parametrize("form", EVERY)
def test_runs_of_other_tools_are_written(form: str, redact: bool, logged: list[Selection]) -> None:
    assert len(logged) == 3
    for chosen in logged:
        try:
            data = export.write(chosen, form, Options(redact=redact))
        except UnsupportedError as error:
            assert form in ("ttl", "nt", "rdf"), error
            assert len(chosen.about_records) > 1, error
            continue
        _read(form, data)
        if redact and form not in _DRAWN:
            left = re.findall(rb"/(?:root|home|tmp)/|\broot\b", _unpacked(data))
            assert left == []


def test_of_what_no_tool_logged_nothing_is_claimed(tmp_path: Path) -> None:
    """TensorBoard does not log how a training ended, and CSVLogger has no times at all."""
    home = create(tmp_path / "home")
    there = Path(__file__).parent / "fixtures" / "trackers"
    files = [str(there / name) for name in ("tensorboard", "log.csv")]
    assert cli.run(["--home", str(home.path), "merge", *files]) == 0
    with ingest.open_snapshot(home) as store:
        board, log = [
            selection.of_records(store, [run.iri], home.base())
            for run in listing(store, store.living)
        ]
    events = [json.loads(line) for line in export.write(board, "openlineage").splitlines()]
    assert [one["eventType"] for one in events] == ["START", "OTHER"]
    assert [[data["name"] for data in one["inputs"]] for one in events] == [["digits.npz"]] * 2
    card = export.write(board, "modelcard-md").decode()
    assert "Trained for 5 epochs; how it ended is not known." in card
    assert re.search(r"- Trained: \S+Z to an end that is not known", card)
    assert re.search(r"\| digits\.npz \| +\| [0-9a-f]{64} \|", card)
    assert "logged" not in card
    assert "- Trained" not in export.write(log, "modelcard-md").decode()


def _unpacked(data: bytes) -> bytes:
    if not zipfile.is_zipfile(BytesIO(data)):
        return data
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return b"".join(map(archive.read, archive.namelist()))


def test_the_whole_store_is_one_document(kprov, home: Home, tmp_path: Path) -> None:
    first, second = recording.record(home.path), recording.record(home.path, "other")
    (tmp_path / "in.provn").write_text(
        "document\nprefix e <http://example.com/>\nentity(e:a)\nendDocument\n", "utf-8"
    )
    assert kprov("merge", str(tmp_path / "in.provn"))[0] == 0
    status, _, _ = kprov("export", "--all", "-o", str(tmp_path / "all.trig"))
    assert status == 0
    quads = list(ox.parse((tmp_path / "all.trig").read_bytes(), ox.RdfFormat.TRIG))
    graphs = {quad.graph_name.value for quad in quads if isinstance(quad.graph_name, ox.NamedNode)}
    (merged,) = (name for name in graphs if "/import/" in name)
    base = home.base()
    assert graphs == {f"{base}catalog", first.names.run, second.names.run, merged}
    for name in (merged, merged.rpartition("-")[2][:8]):
        status, out, _ = kprov("export", name, "--format", "nq")
        assert (status, "http://example.com/a" in out) == (0, True)
        assert first.names.run not in out
    assert kprov("export", "--all", "x")[0] == 2
    status, out, _ = kprov("export", first.id, second.id)
    assert (status, out.count("dnnprov:ExecuteDataflow")) == (0, 2)  # TriG, without asking


@pytest.fixture
def kprov(capsys: pytest.CaptureFixture[str], home: Home):
    def run(*arguments: str) -> tuple[int, str, str]:
        status = cli.run(["--home", str(home.path), *arguments])
        return status, *capsys.readouterr()

    return run
