"""What is read: files, folders as tools leave them, and packed files that mean no good."""

import contextlib
import gzip
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_rdf.errors import InputError, NotFoundError
from kprov_rdf.exchange import reading, sources
from kprov_rdf.exchange.scope import Scope
from kprov_rdf.exchange.sources import Source

TEXT = b"<http://e.org/s> <http://e.org/p> 1 .\n"
needs_sha256sum = pytest.mark.skipif(
    shutil.which("sha256sum") is None, reason="there is no sha256sum (GNU coreutils)"
)


def folder(place: Path, *names: str) -> Source:
    for name in names:
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(name))
    return Source(str(place))


def test_the_files_of_a_folder_are_named_by_their_paths_in_order(tmp_path: Path) -> None:
    names = ["b/z", "a", "b/a/x", "c", "b.x", ".hidden"]
    found = folder(tmp_path, *names)
    assert list(found.files) == sorted(names)
    assert found.files == {name: len(name) for name in names}
    assert found.size == sum(map(len, names))
    assert (found.read("b/z"), found.beginning()) == (b"b/z", b"")
    assert set(found.names()) == {"z", "a", "x", "c", "b.x", ".hidden"}


@needs_sha256sum
def test_the_hash_of_a_folder_is_that_of_what_sha256sum_writes(tmp_path: Path) -> None:
    names = ["b/z", "a", "ä", "a b", "line\nend", "back\\slash", " "]
    found = folder(tmp_path, *names)
    written = subprocess.run(
        ["sha256sum", "--", *found.files], cwd=tmp_path, capture_output=True, check=True
    ).stdout
    assert found.sha256 == hashlib.sha256(written).hexdigest()
    assert found.digests["a"] == hashlib.sha256(b"a").hexdigest()


def test_the_hash_depends_on_what_the_files_are_called_and_hold(tmp_path: Path) -> None:
    hashes = {
        folder(tmp_path / "1", "a", "b").sha256,
        folder(tmp_path / "2", "a").sha256,
        folder(tmp_path / "3", "a", "c").sha256,
        # A name that looks like the line of another file.
        folder(tmp_path / "4", f"a\n{hashlib.sha256(b'b').hexdigest()}  b").sha256,
    }
    assert len(hashes) == 4
    assert folder(tmp_path / "5", "b", "a").sha256 in hashes


def test_a_name_that_is_no_text_has_a_hash_too(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff\xfe")).write_bytes(b"x")
    assert len(Source(str(tmp_path)).sha256) == 64


def test_links_that_lead_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x").write_bytes(b"x")
    found = folder(tmp_path / "in", "a", "deep/b")
    for name, target in (
        ("file", "../secret"), ("folder", "../outside"), ("loop", "loop"), ("none", "nothing"),
        ("within", "deep/b"), ("up", ".."), ("whole", str(tmp_path / "secret")),
    ):  # fmt: skip
        (tmp_path / "in" / name).symlink_to(target)
    os.mkfifo(tmp_path / "in" / "pipe")
    assert list(found.files) == ["a", "deep/b", "within"]


def test_a_folder_of_too_many_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_FILES", 2)
    assert len(folder(tmp_path, "a", "b").files) == 2
    with pytest.raises(InputError, match=r"more than 2 files\. Name a folder below it"):
        _ = folder(tmp_path, "c").files


def test_a_file_that_went_away_is_named(tmp_path: Path) -> None:
    found = folder(tmp_path, "a")
    assert found.files
    (tmp_path / "a").unlink()
    for read_it in (found.read, found.digest):
        with pytest.raises(NotFoundError, match=r"/a cannot be read: No such file"):
            read_it("a")


def test_a_packed_file_is_read_as_what_is_in_it_and_named_by_its_own_bytes(tmp_path: Path) -> None:
    packed = gzip.compress(TEXT)
    path = tmp_path / "x.ttl.gz"
    path.write_bytes(packed)
    for found in (Source(str(path)), Source("standard input", packed)):
        assert (found.data, found.size) == (TEXT, len(packed))
        assert found.sha256 == hashlib.sha256(packed).hexdigest()
        assert found.beginning(5) == TEXT[:5]
        document = reading.parse(found, Scope("urn:import"))
        assert len(list(document.quads)) == 1


@pytest.mark.parametrize(("packed", "said"), [
    (gzip.compress(TEXT)[:-9], "cut short"),
    (gzip.compress(TEXT)[:10], "cut short"),
    (gzip.compress(TEXT) * 2, "of several parts"),
    (gzip.compress(TEXT) + b"more", "of several parts"),
    (gzip.compress(TEXT)[:-8] + b"\0" * 8, r"is a damaged \.gz.*Copy it again"),
    (b"\x1f\x8b\x08" + b"x" * 50, r"is a damaged \.gz"),
])  # fmt: skip
def test_a_damaged_packed_file_is_refused_with_the_reason(packed: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        _ = Source("x.ttl.gz", packed).data


def test_padding_after_a_packed_file_is_none_of_its_parts() -> None:
    assert Source("x.gz", gzip.compress(TEXT) + b"\0" * 100).data == TEXT


def test_what_is_too_large_is_refused_wherever_it_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From standard input no more is read than is allowed: what is cut off must not pass."""
    monkeypatch.setattr(sources, "MAX_BYTES", 1 << 20)
    bomb = gzip.compress(b"\n" * ((1 << 20) + 1))
    assert len(bomb) < 10_000
    with pytest.raises(InputError, match="holds more than 1 MiB"):
        _ = Source("x.ttl.gz", bomb).data
    path = tmp_path / "x.ttl"
    path.write_bytes(b"\n" * ((1 << 20) + 1))
    for large in (Source(str(path)), Source("standard input", path.read_bytes())):
        with pytest.raises(InputError, match="larger than 1 MiB"):
            _ = large.data
        with pytest.raises(InputError, match="larger than 1 MiB"):
            _ = large.sha256
    assert Source("-", b"\n" * (1 << 20)).size == 1 << 20


@given(st.binary(max_size=200))
def test_bytes_that_begin_like_a_packed_file_give_an_error_of_ours(data: bytes) -> None:
    with contextlib.suppress(InputError):
        assert Source("x", b"\x1f\x8b\x08" + data).data is not None
