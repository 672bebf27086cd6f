"""The provenance that goes with the file of a model, as it is written."""

import errno
import hashlib
import json
import os
import stat
import zipfile
from pathlib import Path

import pyoxigraph as ox
import pytest

from kprov_capture import archive, record, travel
from kprov_capture.home import Home
from kprov_capture.run import Run
from kprov_rdf import ingest, journal
from kprov_rdf.store import LocalStore
from kprov_rdf.validate import shacl
from tests import recording

PARTS = {"metadata.json": b"{}", "config.json": b'{"a": 1}', "model.weights.h5": bytes(5000)}


@pytest.fixture
def run(home: Home) -> Run:
    """A run that has been trained and is open."""
    made = recording.begin(home.path)
    recording.epoch(made, 0, 0.9)
    made.end_training("FINISHED")
    return made


def keras_file(path: Path, weights: bytes = PARTS["model.weights.h5"]) -> Path:
    """An archive with the parts of one, as Keras writes it: stored, not compressed."""
    with zipfile.ZipFile(path, "w") as written:
        for name, data in {**PARTS, "model.weights.h5": weights}.items():
            written.writestr(name, data)
    return path


def save(run: Run, path: Path) -> None:
    """What the wrapper of model.save does afterwards."""
    travel.model_file(run, run.now(), run.now(), str(path))


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as found:
        assert found.testzip() is None
        assert len(set(found.namelist())) == len(found.namelist())
        return {name: found.read(name) for name in found.namelist()}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def told(run: Run) -> LocalStore:
    run.close()
    store = LocalStore()
    ingest.catch_up(Home(run.home), store)
    assert shacl.validate(run.names.run, store.graph(run.names.run)) == []
    return store


def hashes(run: Run, store: LocalStore) -> dict[str, str]:
    """The SHA-256 of each thing of the run that has one, by its local name."""
    rows = store.query("SELECT ?s ?sha { ?s prov:specializationOf ?c . ?c dnnprov:sha256 ?sha }")
    assert isinstance(rows, ox.QuerySolutions)
    return {row["s"].value.removeprefix(f"{run.names.run}#"): row["sha"].value for row in rows}


def test_the_hashes_lead_both_ways(run: Run, tmp_path: Path) -> None:
    path = keras_file(tmp_path / "model.keras")
    save(run, path)
    found = members(path)
    document = found[archive.DOCUMENT]
    manifest = json.loads(found[archive.MANIFEST])
    # The archive tells of the run, the document, and its own parts.
    assert (manifest["layout"], manifest["run"], manifest["tag"]) == (1, run.names.run, run.tag)
    assert manifest["document"]["sha256"] == sha256(document)
    assert {k: v["sha256"] for k, v in manifest["members"].items()} == {
        name: sha256(data) for name, data in PARTS.items()
    }
    # The document is the journal as it was, whole batches with their digests, and tells of
    # the parts of the model.
    assert journal.copied(document, "it")[0] == run.names.run
    for data in PARTS.values():
        assert sha256(data).encode() in document
    # The run tells of the finished archive, and of the document in it.
    store = told(run)
    there = hashes(run, store)
    assert there["file-1"] == sha256(path.read_bytes())
    assert there["document-1"] == sha256(document)
    assert there["file-1-model.weights.h5"] == sha256(PARTS["model.weights.h5"])
    part_of = f"ASK {{ <{run.names('file-1')}> prov:hadMember <{run.names('document-1')}> }}"
    assert store.query(part_of)
    whole = (run.home / "journal" / "done" / f"{run.id}.nq.gz").exists()
    assert whole, "nothing of it kept the journal from being put away"


def test_the_parts_of_the_model_stay_as_they_were(run: Run, tmp_path: Path) -> None:
    path = keras_file(tmp_path / "model.keras")
    path.chmod(0o640)
    before = path.read_bytes()
    save(run, path)
    assert {name: members(path)[name] for name in PARTS} == PARTS
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    # Copied and appended to: up to where its directory began it is the same file.
    end = before.index(b"PK\x01\x02")
    assert path.read_bytes()[:end] == before[:end]
    assert os.listdir(tmp_path / "home" / "journal") != []
    assert not list(tmp_path.glob(".kprov-*"))


def test_saving_again_replaces_the_document(run: Run, tmp_path: Path) -> None:
    path = keras_file(tmp_path / "model.keras")
    save(run, path)
    first = members(path)[archive.DOCUMENT]
    save(run, path)  # the same file once more
    second = members(path)[archive.DOCUMENT]
    assert second.startswith(first)
    assert len(second) > len(first)
    assert {name: members(path)[name] for name in PARTS} == PARTS
    save(run, keras_file(path))  # as Keras does
    assert len(members(path)) == 5
    there = hashes(run, told(run))
    assert there["file-3"] == sha256(path.read_bytes())


def test_a_link_stays_a_link(run: Run, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere"
    real.mkdir()
    keras_file(real / "model.keras")
    (tmp_path / "link.keras").symlink_to(real / "model.keras")
    save(run, tmp_path / "link.keras")
    assert (tmp_path / "link.keras").is_symlink()
    assert archive.DOCUMENT in members(real / "model.keras")


def hard_link(path: Path, patch: pytest.MonkeyPatch) -> str:
    os.link(path, path.with_name("other name"))
    return "hard link"


def full_disk(path: Path, patch: pytest.MonkeyPatch) -> str:
    def fails(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    patch.setattr(zipfile.ZipFile, "writestr", fails)
    return "No space left"


def too_large(path: Path, patch: pytest.MonkeyPatch) -> str:
    patch.setattr(archive, "MAX_ARCHIVE", 100)
    return "larger"


def too_slow(path: Path, patch: pytest.MonkeyPatch) -> str:
    patch.setattr(travel, "_COPY_SECONDS", -1.0)
    return "too long"


def no_archive(path: Path, patch: pytest.MonkeyPatch) -> str:
    path.write_bytes(b"not a zip")
    return "no zip"


def two_of_a_name(path: Path, patch: pytest.MonkeyPatch) -> str:
    with zipfile.ZipFile(path, "a") as opened, pytest.warns(UserWarning, match="Duplicate"):
        opened.writestr("config.json", b"{}")
    return "two of one name"


def changed_meanwhile(path: Path, patch: pytest.MonkeyPatch) -> str:
    real = archive.shutil.copystat

    def late(source: str, to: str) -> None:
        real(source, to)
        os.utime(path, (1, 1))

    patch.setattr(archive.shutil, "copystat", late)
    return "changed meanwhile"


OBSTACLES = [hard_link, full_disk, too_large, too_slow, no_archive, two_of_a_name,
             changed_meanwhile]  # fmt: skip


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_what_cannot_be_embedded_lies_beside_and_the_file_is_as_it_was(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog, obstacle
) -> None:
    path = keras_file(tmp_path / "model.keras")
    why = obstacle(path, monkeypatch)
    before = path.read_bytes(), path.stat().st_ino
    save(run, path)
    assert (path.read_bytes(), path.stat().st_ino) == before
    assert not list(tmp_path.glob(".kprov-*"))
    beside = tmp_path / "model.keras.prov.nq"
    assert sha256(before[0]).encode() in beside.read_bytes()
    assert why in caplog.text
    monkeypatch.undo()
    monkeypatch.setenv("KPROV_STRICT", "1")
    there = hashes(run, told(run))
    assert (there["file-1"], there["document-1"]) == (
        sha256(before[0]),
        sha256(beside.read_bytes()),
    )


def test_where_nothing_can_be_written_the_hash_is_told(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog
) -> None:
    path = keras_file(tmp_path / "model.keras")

    def fails(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(archive.tempfile, "mkstemp", fails)
    save(run, path)
    assert [one.name for one in tmp_path.glob("model*")] == ["model.keras"]
    assert caplog.text.count("Read-only") == 2
    assert hashes(run, told(run))["file-1"] == sha256(path.read_bytes())


def test_any_file_can_have_it_beside(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(b"weights")
    assert travel.beside(run, path) == f"{path}.prov.nq"
    assert travel.beside(run, path) == f"{path}.prov.nq", "replaced"
    document = Path(f"{path}.prov.nq").read_bytes()
    assert sha256(b"weights").encode() in document
    store = told(run)
    assert hashes(run, store)["file-1"] == sha256(b"weights")
    exports = store.query("SELECT ?e { ?e a dnnprov:ModelExport }")
    assert len(list(exports)) == 1  # type: ignore[arg-type]


def test_a_file_that_was_saved_again_is_another_export(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    for weights in (b"of epoch 1", b"of epoch 10"):
        path.write_bytes(weights)
        travel.beside(run, path)
    assert sha256(b"of epoch 10").encode() in Path(f"{path}.prov.nq").read_bytes()
    assert hashes(run, told(run))["file-2"] == sha256(b"of epoch 10")


def test_beside_says_what_it_wants(run: Run, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="save the model before"):
        travel.beside(run, tmp_path / "model.pt")
    (tmp_path / "model.pt").touch()
    mine = tmp_path / "model.pt.prov.nq"
    mine.write_text("my own notes")
    with pytest.raises(FileExistsError, match="is not of kprov"):
        travel.beside(run, tmp_path / "model.pt")
    assert mine.read_text() == "my own notes"
    run.close()
    with pytest.raises(ValueError, match=r"before run\.close"):
        travel.beside(run, tmp_path / "model.pt")


@pytest.mark.parametrize(("told_by", "inside", "beside"), [
    ("off", False, False), ("beside", False, True), ("embedded", True, False),
])  # fmt: skip
def test_one_setting_says_how(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told_by: str, inside, beside
) -> None:
    (run.home / "kprov.toml").write_text(f'travel = "{told_by}"')
    monkeypatch.delenv("KPROV_TRAVEL", raising=False)
    path = keras_file(tmp_path / "model.keras")
    save(run, path)
    assert (archive.DOCUMENT in members(path)) is inside
    assert (tmp_path / "model.keras.prov.nq").exists() is beside
    monkeypatch.setenv("KPROV_TRAVEL", "off")
    save(run, keras_file(path))
    assert archive.DOCUMENT not in members(path)
    there = hashes(run, told(run))
    assert there["file-2"] == sha256(path.read_bytes())


def test_a_setting_that_is_not_understood_is_told_and_the_file_recorded(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog
) -> None:
    monkeypatch.setenv("KPROV_TRAVEL", "sometimes")
    path = keras_file(tmp_path / "model.keras")
    save(run, path)
    assert "travel is one of embedded, beside, off; found 'sometimes'" in caplog.text
    assert hashes(run, told(run))["file-1"] == sha256(path.read_bytes())


def test_what_is_not_a_keras_archive_is_left_alone(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(b"weights")
    save(run, path)
    assert [one.name for one in tmp_path.glob("model*")] == ["model.h5"]
    assert hashes(run, told(run))["file-1"] == sha256(b"weights")


def test_a_document_is_read_though_other_threads_write(run: Run) -> None:
    for number in range(1, 200):
        recording.epoch(run, number, 0.5)
    first = run.document(20)
    for number in range(200, 400):
        recording.epoch(run, number, 0.5)
    second = run.document(20)
    assert second.startswith(first)
    assert journal.copied(second, "it")[1].count(b"EpochExecution>") == 400
    assert record.writer.flush(20)
    run.close()
