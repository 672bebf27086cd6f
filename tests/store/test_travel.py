"""Reading what came with the file of a model, from anyone: shown, merged, or refused."""

import contextlib
import json
import shutil
import warnings
import zipfile
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_capture import archive, travel
from kprov_capture.home import Home, create
from kprov_capture.journal import NO_DIGEST, chain
from kprov_capture.run import Run
from kprov_rdf import cli, ingest
from kprov_rdf import travel as reading
from kprov_rdf.errors import InputError, KprovError
from tests import recording
from tests.capture.test_travel import keras_file, members, save

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def run(home: Home) -> Run:
    made = recording.begin(home.path)
    recording.epoch(made, 0, 0.9)
    made.end_training("FINISHED")
    return made


@pytest.fixture
def model(run: Run, tmp_path: Path) -> Path:
    """The file of a model that a run saved, in a folder that has no other."""
    folder = tmp_path / "sent"
    folder.mkdir()
    path = keras_file(folder / "model.keras")
    save(run, path)
    run.close()
    return path


@pytest.fixture
def kprov(tmp_path: Path, capfd: Capture):
    """Run a command where there is no state folder; gives status, standard output and error."""

    def call(*arguments: object, home: Path = tmp_path / "none") -> tuple[int, str, str]:
        status = cli.run(["--home", str(home), *map(str, arguments)])
        out, err = capfd.readouterr()
        return status, out, err

    return call


def rewritten(path: Path, **changed: bytes | None) -> None:
    """The archive with other members in the place of some, or without them."""
    found = {**members(path), **{k.replace("__", "/"): v for k, v in changed.items()}}
    with zipfile.ZipFile(path, "w") as written:
        for name, data in found.items():
            if data is not None:
                written.writestr(name, data)


def test_a_model_shows_its_run_without_any_folder(kprov, model: Path, run: Run, home) -> None:
    status, out, err = kprov("show", model)
    assert (status, err) == (0, "")
    assert f"run {run.id[-8:]} of test-flow: FINISHED, 1 epoch" in out
    assert "optimizerName" in out
    assert out.endswith("is the model that this is about: its SHA-256 is the one told.\n")
    assert not (model.parent.parent / "none").exists()
    # The same as of the store, but for what was recorded after the model was saved.
    there = kprov("show", run.id, home=home.path)[1]
    told = [one for one in there.splitlines() if not one.startswith("record valid by ")]
    assert out.split("Files")[0].splitlines() == "\n".join(told).split("Files")[0].splitlines()


def test_renamed_and_copied_it_is_the_same(kprov, model: Path) -> None:
    copy = shutil.copy(model, model.parent / "best of all.zip")
    assert kprov("show", copy)[0] == 0


def test_other_weights_are_not_this_model(kprov, model: Path) -> None:
    rewritten(model, **{"model.weights.h5": b"others"})
    status, out, err = kprov("show", model)
    assert status == 1
    assert "test-flow: FINISHED" in out, "it is shown all the same"
    assert "its model.weights.h5 has the SHA-256" in err
    assert "this is not the model" in err
    merged, _, err = kprov("merge", model, home=create(model.parent / "mine").path)
    assert merged == 2
    assert "is not the model that its provenance is about: its model.weights.h5" in err


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"config.json": None}, "it has no config.json"),
        ({"assets__words.txt": b"a"}, "it has assets/words.txt, of which"),
    ],
)
def test_a_part_less_or_more_is_told(model: Path, change, problem: str) -> None:
    rewritten(model, **change)
    found = reading.find(model)
    assert found is not None
    assert any(problem in one for one in found.problems)


def manifest(path: Path, **changed: object) -> None:
    told = json.loads(members(path)[archive.MANIFEST])
    rewritten(path, kprov__manifest_json=None)
    rewritten(path, **{archive.MANIFEST: json.dumps({**told, **changed}).encode()})


@pytest.mark.parametrize(
    ("lie", "problem"),
    [
        ({"run": "http://localhost:8642/run/other"}, "names another run"),
        ({"document": {"sha256": "0" * 64}}, "another SHA-256 of the provenance"),
        ({"members": {"model.weights.h5": {"sha256": "0" * 64}}}, "other SHA-256s of the parts"),
        ({"members": [], "document": 3, "run": None}, "names another run"),
    ],
)
def test_a_manifest_that_lies_is_told(model: Path, lie: dict[str, object], problem: str) -> None:
    manifest(model, **lie)
    found = reading.find(model)
    assert found is not None
    assert any(problem in one for one in found.problems)


def batches(*texts: bytes, header: dict[str, object]) -> bytes:
    """A journal whose digests are right, whatever it says."""
    whole, digest = b"", NO_DIGEST
    first = f"# kprov journal 1 {json.dumps(header)}\n".encode()
    for number, text in enumerate(texts, 1):
        batch = first * (number == 1) + text
        digest = chain(digest, batch)
        whole += batch + f"# commit {number} {digest.hex()}\n".encode()
    return whole


RUN = "http://localhost:8642/run/01a1fe94-3ad0-7644-ac21-208526dc958d"
OTHER = b"<http://e/s> <http://e/p> <http://e/o> <http://e/g> .\n"
DEFAULT = b"<http://e/s> <http://e/p> <http://e/o> .\n"
DEEP = b"<http://e/s> <http://e/p> " + b"<<( " * 3000 + b"\n"


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b"", "does not begin as the journal of a run"),
        (b"\x00\xff" * 100, "does not begin as the journal of a run"),
        (b"# kprov journal 1 " + b"[" * 90_000 + b"\n", "does not begin as the journal"),
        (batches(OTHER, header={"run": RUN}), "also says something in <http://e/g>"),
        (batches(DEFAULT, header={"run": RUN}), "also says something"),
        (batches(b"no quads\n", header={"run": RUN}), "is not N-Quads"),
        (batches(b"\xff\xfe\n", header={"run": RUN}), "is not N-Quads"),
        (batches(DEEP, header={"run": RUN}), "nested"),
        (batches(b"", header={"run": RUN}), "tells nothing of the run"),
        (batches(b"", header={"run": "http://e/x y/run/" + RUN[-36:]}), "does not name a run"),
        (batches(b"", header={"run": "http://e/catalog"}), "does not name a run"),
        (batches(b"", header={"run": RUN}) + b"# commit 2 " + b"0" * 64 + b"\n", "was changed"),
        (batches(b"", header={"run": RUN}) + b"<http://e/s>", "was changed or cut"),
    ],
    ids=range(13),
)  # fmt: skip
def test_a_document_that_is_none_is_refused(kprov, model: Path, document: bytes, why: str) -> None:
    rewritten(model, **{archive.DOCUMENT: document})
    status, out, err = kprov("show", model)
    assert (status, out) == (2, "")
    assert why in err
    assert kprov("merge", model, home=create(model.parent / "mine").path)[0] == 2
    Path(f"{model}.prov.nq").write_bytes(document)
    rewritten(model, **{archive.DOCUMENT: None, archive.MANIFEST: None})
    assert kprov("show", model)[0] == 2, "nor beside it"


def test_a_document_that_was_changed_is_refused(kprov, model: Path) -> None:
    document = members(model)[archive.DOCUMENT]
    rewritten(model, **{archive.DOCUMENT: document.replace(b"0.9", b"0.1")})
    status, _, err = kprov("show", model)
    assert status == 2
    assert "does not match its digest" in err


@pytest.mark.parametrize("name", [archive.DOCUMENT, archive.MANIFEST, "model.weights.h5"])
def test_two_members_of_one_name_are_refused(kprov, model: Path, name: str) -> None:
    with zipfile.ZipFile(model, "a") as opened, pytest.warns(UserWarning, match="Duplicate"):
        opened.writestr(name, b"another")
    status, _, err = kprov("show", model)
    assert status == 2
    assert "more than one of a name" in err


def test_what_unpacks_to_far_more_is_refused(
    kprov, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_EXPANSION_FLOOR", 1 << 20)
    with zipfile.ZipFile(model, "a", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("assets/zeros", bytes(1 << 23))
    assert "would unpack to 8 MiB" in kprov("show", model)[2]


@pytest.mark.parametrize("limit", ["MAX_BYTES", "_MAX_MANIFEST"])
def test_what_is_too_large_is_refused(
    kprov, model: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(reading, limit, 100)
    assert "it is not read" in kprov("show", model)[2]
    monkeypatch.setattr(reading, "MAX_BYTES", 100)
    with pytest.raises(KprovError, match="not read"):
        reading.find(model)


def test_names_in_an_archive_are_no_paths(kprov, model: Path) -> None:
    for name in ("../../outside", "/etc/outside", "kprov/../../outside", "\x1b[2J"):
        with zipfile.ZipFile(model, "a") as opened:
            opened.writestr(name, b"x")
    before = sorted(model.parent.parent.rglob("*"))
    status, _, err = kprov("show", model)
    assert status == 1
    assert "it has ../../outside, of which its provenance tells nothing" in err
    assert "\x1b" not in err
    assert sorted(model.parent.parent.rglob("*")) == before


# Where it is damaged, as parts of a thousand: most of it is the document, and the directory
# at the end is what a reader trusts.
PLACES = st.integers(0, 999) | st.integers(880, 999)


@given(st.lists(st.tuples(PLACES, st.integers(0, 9), st.integers(0, 255)), min_size=1))
def test_no_damage_to_an_archive_is_a_bug(model: Path, damage: list[tuple[int, int, int]]) -> None:
    whole = bytearray(model.read_bytes())
    for place, offset, byte in damage:
        whole[min(len(whole) - 1, len(whole) * place // 1000 + offset)] = byte
    path = model.with_name("damaged.keras")
    path.write_bytes(whole)
    with warnings.catch_warnings(), contextlib.suppress(KprovError):
        warnings.simplefilter("ignore")
        reading.find(path)


def test_a_file_without_provenance_says_what_to_do(kprov, tmp_path: Path, home: Home) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(b"weights")
    for where in (home.path, tmp_path / "none"):
        status, out, err = kprov("show", path, home=where)
        assert (status, out) == (2, "")
        assert "has no provenance with it" in err
        assert "travel.beside(run, path)" in err
    keras = keras_file(tmp_path / "model.keras")
    assert "has no provenance with it" in kprov("show", keras)[2]


def test_a_file_that_is_not_there_is_told(kprov, tmp_path: Path, home: Home) -> None:
    recording.record(home.path)
    for where in (home.path, tmp_path / "none"):
        for name in ("none.keras", tmp_path / "none"):
            status, _, err = kprov("show", name, home=where)
            assert status == 2
            assert f"There is no file {name}" in err
    assert "There is no run 'none'" in kprov("show", "none", home=home.path)[2]


def test_a_damaged_archive_is_told(kprov, model: Path) -> None:
    mine = create(model.parent / "mine").path
    whole = model.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"weights"):
        model.write_bytes(damaged)
        status, out, err = kprov("merge", model, home=mine)
        assert (status, out) == (2, "")
        assert "is a damaged archive" in err
    model.write_bytes(whole[: len(whole) // 2])
    assert "is a damaged archive" in kprov("show", model)[2]


def test_a_run_may_be_called_as_a_file(
    kprov, tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "best.keras").touch()
    recording.record(home.path, "best.keras")
    assert "of best.keras: FINISHED" in kprov("show", "best.keras", home=home.path)[1]


def test_beside_any_file(kprov, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(b"weights")
    travel.beside(run, path)
    for name in (path, f"{path}.prov.nq"):
        status, out, _ = kprov("show", name)
        assert status == 0
        assert "of test-flow: FINISHED" in out
    path.write_bytes(b"other weights")
    status, _, err = kprov("show", path)
    assert status == 1
    assert "its SHA-256 is" in err
    path.unlink()
    status, _, err = kprov("show", f"{path}.prov.nq")
    assert status == 1
    assert "is not there" in err
    run.close()


def test_saved_while_it_ran_is_no_crash(kprov, home: Home, tmp_path: Path) -> None:
    run = recording.begin(home.path)
    path = keras_file(tmp_path / "model.keras")
    save(run, path)
    assert "of test-flow: RUNNING" in kprov("show", path)[1]
    run.close()


def stored(home: Home) -> dict[str, set[ox.Triple]]:
    with ingest.open_snapshot(home) as snapshot:
        return {iri: set(snapshot.graph(iri)) for iri in snapshot.graphs()}


def test_merging_a_model_brings_its_run(kprov, model: Path, run: Run) -> None:
    mine = create(model.parent / "mine")
    status, out, err = kprov("merge", model, home=mine.path)
    assert (status, err) == (0, "")
    assert f"  {run.names.run}" in out.splitlines()
    assert "of test-flow: FINISHED" in kprov("show", run.id, home=mine.path)[1]
    before = stored(mine)
    copy = shutil.copy(model, model.parent / "copy.keras")
    assert "merged already" in kprov("merge", copy, home=mine.path)[1]
    assert stored(mine) == before


def test_merging_a_model_of_a_run_that_is_here_doubles_nothing(
    kprov, model: Path, run: Run, home: Home
) -> None:
    before = stored(home)
    status, out, _ = kprov("merge", model, home=home.path)
    assert status == 0
    assert "nothing new" in out
    assert stored(home)[run.names.run] == before[run.names.run]
    assert kprov("runs", home=home.path)[1].count("test-flow") == 1


def test_what_lies_beside_is_merged_too(kprov, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(b"weights")
    travel.beside(run, path)
    run.close()
    mine = create(tmp_path / "mine")
    assert kprov("merge", path, home=mine.path)[0] == 0
    assert "of test-flow: FINISHED" in kprov("show", run.id, home=mine.path)[1]


def test_a_pipe_or_folder_of_that_name_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "model.keras").mkdir()
    assert reading.find(tmp_path / "model.keras") is None
    assert reading.find(tmp_path / "model.keras.prov.nq") is None


def test_the_layout_of_a_newer_kprov_is_told(model: Path) -> None:
    manifest(model, layout=2)
    with pytest.raises(InputError, match="Upgrade kprov"):
        reading.find(model)
