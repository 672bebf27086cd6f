"""SHA-256 of files on disk, and the cache of them in the state folder."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kprov_capture import filehashes
from kprov_capture.filehashes import UnhashableError


@pytest.fixture(autouse=True)
def keep_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files are kept too, and new ones; nothing is known from other tests."""
    monkeypatch.setattr(filehashes, "_WORTH_KEEPING", 0)
    monkeypatch.setattr(filehashes, "_SETTLED_NS", -1)
    filehashes._known.clear()


def always() -> bool:
    return True


def sha256(path: Path, cache: Path) -> str:
    return filehashes.of(str(path), filehashes.stamp(str(path)), cache, always).sha256


def no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("it was read again")

    monkeypatch.setattr(filehashes, "_hashed", fail)


def test_a_file_is_read_once_in_a_process_and_once_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, cache = tmp_path / "data", tmp_path / "hashes"
    path.write_bytes(b"some data")
    wanted = hashlib.sha256(b"some data").hexdigest()
    assert sha256(path, cache) == wanted
    no_reading(monkeypatch)
    assert sha256(path, tmp_path / "no cache") == wanted
    filehashes._known.clear()  # as in another process
    assert sha256(path, cache) == wanted


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path, cache = tmp_path / "data", tmp_path / "hashes"
    path.write_bytes(b"one")
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    sha256(path, cache)
    path.write_bytes(b"two")
    os.utime(path, ns=times)  # the same size, and the time of its content set back
    assert sha256(path, cache) == hashlib.sha256(b"two").hexdigest()


def test_a_file_that_just_changed_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may change again within the resolution of the clock of the file system."""
    monkeypatch.setattr(filehashes, "_SETTLED_NS", 3_600 * 10**9)
    path = tmp_path / "data"
    path.write_bytes(b"one")
    sha256(path, tmp_path / "hashes")
    assert filehashes._known == {}
    assert not (tmp_path / "hashes").exists()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"path": 1}', '{"sha256": "x"}', "\x00\xff", "replace:sha256"]
)
def test_an_entry_that_cannot_be_read_counts_as_missing(text: str, tmp_path: Path) -> None:
    path, cache = tmp_path / "data", tmp_path / "hashes"
    path.write_bytes(b"some data")
    sha256(path, cache)
    (entry,) = cache.iterdir()
    if text.startswith("replace:"):
        text = json.dumps({**json.loads(entry.read_text()), text[8:]: "../../etc/passwd"})
    entry.write_text(text, "latin-1")
    filehashes._known.clear()
    assert sha256(path, cache) == hashlib.sha256(b"some data").hexdigest()


def test_a_cache_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"some data")
    assert sha256(path, path / "below a file") == hashlib.sha256(b"some data").hexdigest()


def test_the_cache_does_not_grow_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filehashes, "KEPT", 8)
    cache = tmp_path / "hashes"
    for number in range(50):
        path = tmp_path / f"data-{number}"
        path.write_bytes(bytes([number]))
        sha256(path, cache)
        assert len(list(cache.iterdir())) <= 8
    no_reading(monkeypatch)
    filehashes._known.clear()
    assert sha256(path, cache) == hashlib.sha256(bytes([49])).hexdigest()


_MANY = """
import sys
from pathlib import Path
from kprov_capture import filehashes as f
f._WORTH_KEEPING, f._SETTLED_NS, f.KEPT = 0, -1, 6
folder = Path(sys.argv[1])
for turn in range(30):
    f._known.clear()
    for path in map(str, sorted(folder.glob("data-*"))):
        print(f.of(path, f.stamp(path), folder / "hashes", lambda: True).sha256)
"""


def test_several_processes_share_one_cache(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"data-{number}").write_bytes(bytes([number]))
    command = [sys.executable, "-c", _MANY, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    wanted = [hashlib.sha256(bytes([number])).hexdigest() for number in range(9)] * 30
    for process in processes:
        assert process.communicate()[0].split() == wanted
        assert process.returncode == 0


def test_a_folder_with_too_many_files_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filehashes, "MAX_FILES", 3)
    for number in range(4):
        (tmp_path / str(number)).touch()
    with pytest.raises(UnhashableError, match="is a folder with more than 3 files"):
        filehashes.stamp(str(tmp_path))


def test_a_change_right_after_the_stamp_is_noticed(tmp_path: Path) -> None:
    """Though the clock of the file system has ticks, within which times are equal."""
    path = tmp_path / "data"
    for _ in range(20):
        path.write_bytes(b"one")
        state = filehashes.fresh_stamp(str(path))
        path.write_bytes(b"two")
        with pytest.raises(UnhashableError, match="changed before it was hashed"):
            filehashes.of(str(path), state, tmp_path / "hashes", always)


def test_what_takes_longer_than_the_process_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"some data")
    state = filehashes.stamp(str(path))
    with pytest.raises(UnhashableError, match="was not hashed before the process ended"):
        filehashes.of(str(path), state, tmp_path / "hashes", lambda: False)
    assert filehashes._known == {}
