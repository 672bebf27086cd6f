"""``kprov backup`` and ``kprov restore``: the same answers afterwards; hostile archives refused."""

import gzip
import hashlib
import io
import json
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_capture.home import Home, create
from kprov_rdf import ingest
from kprov_rdf.cli import run as command
from kprov_rdf.errors import InputError, KprovError, LimitError, NotFoundError
from kprov_rdf.exchange import export, merge, selection
from kprov_rdf.exchange.sources import Source
from kprov_rdf.store import SUMMARY_GRAPH
from kprov_rdf.upkeep import restore as restoring
from kprov_rdf.upkeep.backup import MANIFEST, backup
from kprov_rdf.upkeep.restore import restore
from tests import recording
from tests.upkeep.folders import content, document, rm, runs, validated
from tests.upkeep.test_collection import with_series


def exports(home: Home) -> dict[str, bytes]:
    with ingest.open_snapshot(home) as store:
        return {
            iri: export.written(selection.of_records(store, [iri]), "nq").content
            for iri in selection.find(store, [])
            or [run.iri for run in selection.listing(store, store.living)]
        }


@pytest.fixture
def full(home: Home, tmp_path: Path) -> Home:
    """A folder with runs, one of which was removed, an import, a series, and one that goes on."""
    with_series(home)
    recording.record(home.path, "kept")
    recording.record(home.path, "gone")
    merge.merge(home, Source(str(document(tmp_path, "a"))))
    ingest.open_snapshot(home).close()
    rm(home, ["gone"])
    for name in ("owner.json", "mirror.json", "token"):
        (home.path / name).write_text('{"token": "s3cret", "password": "s3cret"}')
    return home


@pytest.mark.parametrize("name", ["b.tar.gz", "b.tar", "b.tgz"])
def test_after_a_restore_all_answers_are_the_same(name: str, full: Home, tmp_path: Path) -> None:
    kept = backup(full, tmp_path / name)
    done = restore(tmp_path / name, tmp_path / "restored")
    assert done.files == kept.files
    again = Home(tmp_path / "restored")
    assert content(again) == content(full)
    assert len(exports(full)) == 2
    assert exports(again) == exports(full)
    (series,) = full.series.glob("*/*.npy")
    assert (again.path / series.relative_to(full.path)).read_bytes() == series.read_bytes()
    assert (again.path / "kprov.toml").read_bytes() == (full.path / "kprov.toml").read_bytes()


def test_no_secret_and_nothing_that_was_removed_is_in_it(full: Home, tmp_path: Path) -> None:
    kept = backup(full, tmp_path / "b.tar")
    assert b"s3cret" not in kept.path.read_bytes()
    with tarfile.open(kept.path) as archive:
        names = archive.getnames()
    assert names[-1] == MANIFEST
    assert not [n for n in names if n.startswith(("store", "removed", "snapshots", "owner"))]


def test_a_backup_while_trainings_write_is_a_state_that_there_was(
    home: Home, tmp_path: Path
) -> None:
    recording.record(home.path, "before")
    stop = threading.Event()
    ended: list[str] = []

    def train() -> None:
        while not stop.is_set():
            run = recording.begin(home.path, "meanwhile")
            for number in range(5):
                recording.epoch(run, number, 0.5)
            run.end_training("FINISHED")
            run.close()
            ended.append(run.id)

    def read() -> None:
        while not stop.is_set():
            ingest.open_snapshot(home).close()

    threads = [threading.Thread(target=train), threading.Thread(target=read)]
    for thread in threads:
        thread.start()
    try:
        kept = []
        for number in range(4):
            sure = set(ended)
            kept.append((sure, backup(home, tmp_path / f"{number}.tar.gz").path))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    whole = content(home)
    for number, (sure, path) in enumerate(kept):
        restore(path, tmp_path / f"restored-{number}")
        found = content(Home(tmp_path / f"restored-{number}"))
        del found[SUMMARY_GRAPH]  # which changes while a run grows
        assert {name.rpartition("/")[2] for name in found} >= sure
        assert all(told <= whole[name] for name, told in found.items())


def test_a_run_that_goes_on_is_there_as_far_as_it_was_whole(home: Home, tmp_path: Path) -> None:
    run = recording.begin(home.path)
    recording.epoch(run, 0, 0.9)
    assert run.settle(10)
    (path,) = home.journal.glob("*.nq")
    expected = content(home)
    whole = path.read_bytes()
    for torn in (b"<torn", b"<e:s> <e:p> <e:o> <e:g> .\n# commit 9", b"# commit 9 0123"):
        path.write_bytes(whole + torn)
        target = tmp_path / f"{len(torn)}"
        restore(backup(home, tmp_path / f"{len(torn)}.tar").path, target)
        assert content(Home(target)) == expected
    path.write_bytes(whole)
    run.close()


def test_the_commands(full: Home, tmp_path: Path, capsys) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    home = ["--home", str(full.path)]
    assert command([*home, "restore", str(folder)]) == 2, "it is not empty"
    assert "is not empty" in capsys.readouterr().err
    there = ["--home", str(tmp_path / "restored")]
    assert command([*there, "restore", str(folder)]) == 2
    assert "There is no backup" in capsys.readouterr().err
    validated(full)
    assert command([*home, "backup", str(folder)]) == 0
    assert command([*there, "restore", str(folder)]) == 0
    assert command([*there, "show", "gone"]) == 2
    assert command([*home, "backup", str(folder / "b.zip")]) == 2
    assert command([*home, "backup", str(tmp_path / "nowhere" / "b.tar")]) == 2
    capsys.readouterr()
    outputs = []
    for where in (home, there):
        assert command([*where, "runs", "--format", "json"]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]


# -- hostile archives

GOOD = b'# kprov journal 1 {"run": "http://localhost:8642/run/x"}\n'


def archive(members: list[tuple[Any, bytes]], listed: dict[str, bytes] | None = None) -> bytes:
    """A tar of these members; the manifest lists what it should, or ``listed``."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        told = {}
        for member, data in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            if info.isreg():
                info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
            told[info.name] = data
        files = {
            name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in (told if listed is None else listed).items()
        }
        text = json.dumps({"format": 1, "files": files}).encode()
        info = tarfile.TarInfo(MANIFEST)
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text))
    return out.getvalue()


def special(name: str, kind: bytes, target: str = "/etc/passwd") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


RUN = "journal/01a200b8-3cca-7fcd-afa3-19401b0fbfbd.nq"
HOSTILE = {
    "a way up": archive([("../evil.nq", GOOD)]),
    "a way up within": archive([("journal/../../evil.nq", GOOD)]),
    "an absolute path": archive([("/tmp/evil.nq", GOOD)]),
    "another file": archive([(".bashrc", b"evil")]),
    "the settings of the owner": archive([("owner.json", b"{}")]),
    "a file of the store": archive([("store/CURRENT", b"x")]),
    "a name with a line end": archive([("journal/x\n.nq", GOOD)]),
    "a symbolic link": archive([(special(RUN, tarfile.SYMTYPE), b"")]),
    "a hard link": archive([(special(RUN, tarfile.LNKTYPE), b"")]),
    "a folder": archive([(special("journal", tarfile.DIRTYPE), b"")]),
    "a device": archive([(special(RUN, tarfile.CHRTYPE), b"")]),
    "a pipe": archive([(special(RUN, tarfile.FIFOTYPE), b"")]),
    "a file twice": archive([(RUN, GOOD), (RUN, GOOD)]),
    "a file that is not listed": archive([(RUN, GOOD)], {}),
    "a file that is missing": archive([], {RUN: GOOD}),
    "another content": archive([(RUN, GOOD)], {RUN: GOOD[::-1]}),
    "no tar": b"PK\x03\x04" + bytes(600),
    "nothing": b"",
    "zeros": bytes(10240),
    "gzip of nothing": gzip.compress(b""),
    "a manifest that is no JSON": archive([])[:512] + b"[" * 512 + bytes(1024),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_archive_is_refused_and_nothing_is_written(what: str, tmp_path: Path) -> None:
    folder = tmp_path / "in" / "home"
    source = tmp_path / "b.tar"
    for data in (HOSTILE[what], gzip.compress(HOSTILE[what])):
        source.write_bytes(data)
        with pytest.raises(InputError, match="is not a backup as kprov wrote it"):
            restore(source, folder)
        assert list(folder.parent.iterdir()) == []


def test_a_manifest_without_end_and_a_newer_one_are_refused(tmp_path: Path) -> None:
    for text in (b"[" * 200_000, b'{"format": 2, "files": {}}', b"[]", b'{"format": 1}'):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            info = tarfile.TarInfo(MANIFEST)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
        (tmp_path / "b.tar").write_bytes(out.getvalue())
        with pytest.raises(InputError):
            restore(tmp_path / "b.tar", tmp_path / "home")
        assert not (tmp_path / "home").exists()


def test_bombs_are_refused_by_what_they_say(tmp_path: Path, monkeypatch) -> None:
    huge = tarfile.TarInfo(RUN)
    huge.size = 1 << 60
    (tmp_path / "b.tar").write_bytes(huge.tobuf(tarfile.GNU_FORMAT))
    with pytest.raises(LimitError, match="unpacks to more"):
        restore(tmp_path / "b.tar", tmp_path / "home")
    # A header that has tarfile read a gigabyte of name, packed to almost nothing.
    named = tarfile.TarInfo("././@LongLink")
    named.type, named.size = tarfile.GNUTYPE_LONGNAME, 1 << 26
    data = named.tobuf(tarfile.GNU_FORMAT) + b"a" * (1 << 26)
    (tmp_path / "b.tar").write_bytes(gzip.compress(data))
    with pytest.raises(InputError, match="headers"):
        restore(tmp_path / "b.tar", tmp_path / "home")
    monkeypatch.setattr(restoring, "MAX_FILES", 2)
    many = [(f"journal/x{n}.nq", GOOD) for n in range(3)]
    (tmp_path / "b.tar").write_bytes(archive(many))
    with pytest.raises(LimitError):
        restore(tmp_path / "b.tar", tmp_path / "home")
    assert not (tmp_path / "home").exists()


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Path]:
    folder = tmp_path_factory.mktemp("saved")
    home = create(folder / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        recording.record(home.path)
        ingest.open_snapshot(home).close()
        return backup(home, folder / "b.tar").path.read_bytes(), folder


@given(place=st.floats(0, 1, exclude_max=True), cut=st.booleans(), bit=st.integers(0, 7))
def test_an_archive_that_was_cut_or_changed_anywhere_is_refused_or_gives_the_same(
    saved: tuple[bytes, Path], place: float, cut: bool, bit: int
) -> None:
    """What tar does not mean, such as the owner of a file, may change."""
    import shutil

    data, folder = saved
    at = int(place * len(data))
    changed = data[:at] if cut else data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
    source, target = folder / "changed.tar", folder / "target"
    source.write_bytes(changed)
    try:
        restore(source, target)
    except KprovError:
        assert not target.exists()
        return
    else:
        files = {p.name: p.read_bytes() for p in (target / "journal").rglob("*") if p.is_file()}
        kept = (folder / "home" / "journal").rglob("*")
        assert files == {p.name: p.read_bytes() for p in kept if p.is_file()}
    finally:
        shutil.rmtree(target, ignore_errors=True)


def test_a_folder_with_something_in_it_stays(full: Home, tmp_path: Path) -> None:
    kept = backup(full, tmp_path / "b.tar")
    target = tmp_path / "there"
    target.mkdir()
    (target / "precious").touch()
    with pytest.raises(InputError, match="is not empty"):
        restore(kept.path, target)
    assert [p.name for p in target.iterdir()] == ["precious"]
    with pytest.raises(NotFoundError):
        restore(tmp_path / "nothing.tar", tmp_path / "empty")
    (tmp_path / "empty").mkdir()
    restore(kept.path, tmp_path / "empty")
    assert runs(Home(tmp_path / "empty")) == runs(full)
