"""kprov_capture.journal (the writer) and kprov_rdf.journal (the reader)."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_capture import journal as writer
from kprov_capture.journal import Journal, header
from kprov_rdf import journal as reader
from kprov_rdf.errors import JournalDamagedError
from kprov_rdf.journal import Position


def line(number: int) -> str:
    return f"<http://e/{number}> <http://e/p> <http://e/o> <http://e/g> .\n"


def written(path: Path, batches: int, *, end: bool = False) -> Journal:
    journal = Journal(path, header("http://e/run", {"pid": 1}))
    for number in range(1, batches + 1):
        journal.append(line(number), end=end and number == batches)
    return journal


@pytest.fixture(autouse=True)
def no_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "RETRY_SECONDS", 0.0)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written(tmp_path / "j.nq", 3, end=True)
    reading = reader.read(tmp_path / "j.nq")
    assert reading.ended
    assert reading.position.batches == 3
    assert all(line(number).encode() in reading.text for number in (1, 2, 3))
    assert reader.describe(tmp_path / "j.nq") == {"run": "http://e/run", "process": {"pid": 1}}


def test_reading_goes_on_where_it_stopped(tmp_path: Path) -> None:
    journal = written(tmp_path / "j.nq", 2)
    first = reader.read(tmp_path / "j.nq")
    assert reader.read(tmp_path / "j.nq", first.position).text == b""
    journal.append(line(3))
    second = reader.read(tmp_path / "j.nq", first.position)
    assert second.text.startswith(line(3).encode())
    assert second.position == reader.read(tmp_path / "j.nq").position


@given(data=st.data())
def test_a_torn_tail_loses_only_itself(tmp_path: Path, data: st.DataObject) -> None:
    """However many bytes arrived, the whole batches among them are read."""
    path = tmp_path / "torn.nq"
    path.unlink(missing_ok=True)
    written(path, 4, end=True)
    whole = path.read_bytes()
    ends = [i + 1 for i in range(len(whole)) if whole[i : i + 1] == b"\n"]
    commits = [e for e in ends if whole[:e].splitlines()[-1].startswith(b"# commit")]
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    reading = reader.read(path)
    assert reading.position.batches == sum(end <= cut for end in commits)


@given(data=st.data())
def test_a_changed_byte_before_the_last_batch_is_found(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "changed.nq"
    path.unlink(missing_ok=True)
    written(path, 4, end=True)
    whole = bytearray(path.read_bytes())
    last = whole.rindex(line(4).encode())
    at = data.draw(st.integers(0, last - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(whole)
    with pytest.raises(JournalDamagedError, match=r"changed\.nq is damaged: batch \d+") as error:
        reader.read(path)
    assert "mv " in str(error.value)


def test_a_missing_middle_is_found(tmp_path: Path) -> None:
    path = tmp_path / "j.nq"
    written(path, 4)
    whole = path.read_bytes()
    start, stop = whole.index(line(2).encode()), whole.index(line(3).encode())
    path.write_bytes(whole[:start] + whole[stop:])
    with pytest.raises(JournalDamagedError, match="batch 2"):
        reader.read(path)


def test_a_file_that_became_shorter_is_found(tmp_path: Path) -> None:
    written(tmp_path / "j.nq", 1)
    with pytest.raises(JournalDamagedError, match="became shorter"):
        reader.read(tmp_path / "j.nq", Position(10_000, 7))


def test_something_after_the_end_is_found(tmp_path: Path) -> None:
    path = tmp_path / "j.nq"
    written(path, 2, end=True)
    more = Journal(tmp_path / "other.nq", "")
    more.append(line(9))
    path.write_bytes(path.read_bytes() + (tmp_path / "other.nq").read_bytes())
    with pytest.raises(JournalDamagedError, match="follows the end"):
        reader.read(path)


def test_a_file_that_is_no_journal_is_named(tmp_path: Path) -> None:
    (tmp_path / "j.nq").write_text("hello\n")
    with pytest.raises(JournalDamagedError, match="does not begin as a journal"):
        reader.describe(tmp_path / "j.nq")


def test_a_live_last_batch_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a network file system: the size is there, the bytes are not yet."""
    path = tmp_path / "j.nq"
    written(path, 2)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"<http://e/2>", b"\0" * 12))
    monkeypatch.setattr(reader, "RETRY_SECONDS", 5.0)
    monkeypatch.setattr(reader.time, "sleep", lambda _: path.write_bytes(whole))
    assert reader.read(path).position.batches == 2


def test_a_failed_write_leaves_no_torn_batch_and_is_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full for a while: nothing is lost, and nothing is half-written."""
    path = tmp_path / "j.nq"
    journal = written(path, 1)
    real = os.write

    def full(handle: int, data: bytes) -> int:
        real(handle, bytes(data)[:5])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer.os, "write", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*j\.nq'"):
        journal.append(line(2))
    assert reader.read(path).position.batches == 1
    assert path.read_bytes().endswith(b"\n")
    monkeypatch.setattr(writer.os, "write", real)
    journal.append(line(3))
    assert reader.read(path).position.batches == 3


def test_what_can_not_be_written_for_too_long_ends_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = written(tmp_path / "j.nq", 1)
    monkeypatch.setattr(writer, "MAX_UNWRITTEN", 100)
    with pytest.raises(writer.JournalFullError):
        journal.append(line(2) * 10)
    assert journal.ended
    assert reader.read(tmp_path / "j.nq").position.batches == 1


def test_a_journal_that_was_removed_is_not_made_again(tmp_path: Path) -> None:
    journal = written(tmp_path / "j.nq", 1)
    (tmp_path / "j.nq").unlink()
    with pytest.raises(FileNotFoundError):
        journal.append(line(2))
    assert not (tmp_path / "j.nq").exists()


def test_a_batch_that_a_reader_saw_is_not_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two batches are made up for, and the disk is full again in the second one."""
    path = tmp_path / "j.nq"
    journal = written(path, 1)
    real = os.write

    def full(handle: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer.os, "write", full)
    with pytest.raises(OSError, match="No space"):
        journal.append(line(2))
    calls = []

    def once(handle: int, data: bytes) -> int:
        calls.append(1)
        return real(handle, data) if len(calls) == 1 else full(handle, data)

    monkeypatch.setattr(writer.os, "write", once)
    with pytest.raises(OSError, match="No space"):
        journal.append(line(3))
    seen = reader.read(path).position
    assert seen.batches == 2
    monkeypatch.setattr(writer.os, "write", real)
    journal.append(line(4))
    assert reader.read(path, seen).position.batches == 4
