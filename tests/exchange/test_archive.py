import io
import zipfile
from pathlib import Path

import pytest

from kprov_rdf.errors import InputError, UnsupportedError
from kprov_rdf.exchange.foreign import archive, rocrate
from kprov_rdf.exchange.sources import Source

ZERO_KILOBYTE = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"


def packed(path: Path, files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Source:
    with zipfile.ZipFile(path / "crate.zip", "w", how) as target:
        for name, data in files.items():
            target.writestr(name, data)
    return Source(str(path / "crate.zip"))


def test_files_of_a_zip_and_of_its_folder_are_the_same(tmp_path: Path) -> None:
    files = {"a/b.bin": bytes(1024), "ö.txt": b"x"}
    zipped = archive.Archive(packed(tmp_path, files))
    for name, data in files.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(data)
    folder = archive.Archive(Source(str(tmp_path / "folder")))
    assert zipped.names() == folder.names() == ["a/b.bin", "ö.txt"]
    assert zipped.file("a/b.bin") == folder.file("a/b.bin")
    assert zipped.file("a/b.bin") == archive.File("a/b.bin", 1024, ZERO_KILOBYTE)
    assert zipped.read("ö.txt") == folder.read("ö.txt") == b"x"


@pytest.mark.parametrize(
    "name",
    ["../out", "a/../../out", "/etc/passwd", "C:/out", "a/./b", "a\\..\\b", "..", "a/.."],
)
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as target:
        entry = zipfile.ZipInfo("placeholder")
        entry.filename = name  # which the constructor would mend
        target.writestr(entry, b"x")
    with pytest.raises(InputError, match="leads out of it"):
        archive.Archive(Source("bad.zip", data.getvalue())).names()


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    source = packed(tmp_path, {"ro-crate-metadata.json": b" " * (1 << 25)}, zipfile.ZIP_BZIP2)
    with pytest.raises(InputError, match="would unpack to 33,554,432"):
        archive.Archive(source).names()


def test_a_zip_that_tells_less_than_it_unpacks_to_is_refused(tmp_path: Path) -> None:
    source = packed(tmp_path, {"a": bytes(1 << 20)})
    lying = source.data.replace((1 << 20).to_bytes(4, "little"), (16).to_bytes(4, "little"))
    with pytest.raises(InputError, match="no zip that can be read"):
        archive.Archive(Source("lying.zip", lying)).file("a")


def test_encrypted_twice_named_and_cut_zips_are_told(tmp_path: Path) -> None:
    data = bytearray(packed(tmp_path, {"a": b"x"}).data)
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UnsupportedError, match="encrypted"):
        archive.Archive(Source("a.zip", bytes(data))).names()
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as target, pytest.warns(UserWarning, match="Duplicate"):
        target.writestr("a", b"x")
        target.writestr("a", b"y")
    with pytest.raises(InputError, match="two files of the name"):
        archive.Archive(Source("a.zip", twice.getvalue())).names()
    whole = packed(tmp_path, {"a": bytes(3000)}).data
    for end in (4, 40, len(whole) - 30):
        with pytest.raises(InputError, match="no zip that can be read"):
            archive.Archive(Source("a.zip", whole[:end])).names()


def test_a_changed_byte_is_told(tmp_path: Path) -> None:
    data = bytearray(packed(tmp_path, {"a": b"some text" * 99}, zipfile.ZIP_STORED).data)
    data[100] ^= 1
    with pytest.raises(InputError, match="CRC"):
        archive.Archive(Source("a.zip", bytes(data))).file("a")


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_FILES", 3)
    with pytest.raises(InputError, match="more than 3 files"):
        archive.Archive(packed(tmp_path, dict.fromkeys("abcd", b""))).names()


def test_a_zip_that_is_refused_is_claimed_by_what_would_read_it(tmp_path: Path) -> None:
    source = packed(tmp_path, {"../ro-crate-metadata.json": b"{}"})
    assert rocrate.claims(source)
    assert not rocrate.claims(packed(tmp_path, {"model.json": b"{}"}))
