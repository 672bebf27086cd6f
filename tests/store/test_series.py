"""Reading series of values: the .npy reader, and the command kprov series."""

import csv
import io
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_capture.home import Home
from kprov_capture.table import Table
from kprov_rdf import cli, npy
from kprov_rdf.errors import InputError, KprovError, NotFoundError, UnsupportedError
from tests import recording

KEYS = (("epoch", "<i8"), ("step", "<i8"))
kinds = st.sampled_from(["<i8", "<i4", "<u2", "|u1", "|b1", "<f8", "<f4", "<f2"])
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10)
dtypes = st.dictionaries(names, kinds, min_size=1, max_size=6).map(lambda d: list(d.items()))


def all_rows(path: Path) -> list[tuple[float, ...]]:
    return [row for part in npy.read(path).parts() for row in part]


def saved(path: Path, fields: list[tuple[str, str]], seed: int, rows: int) -> np.ndarray:
    width = np.dtype(fields).itemsize
    random = np.random.default_rng(seed).bytes(width * rows)
    array = np.frombuffer(random, fields).copy()
    for name, kind in fields:
        if kind == "|b1":
            array[name] = array[name].view("u1") & 1
    np.save(path, array)
    return array


# NumPy says that it cannot write such names in version 1.0, and writes 3.0.
@pytest.mark.filterwarnings("ignore:Stored array in format 3.0:UserWarning")
@given(fields=dtypes, seed=st.integers(0, 2**32), rows=st.integers(0, 30))
def test_the_reader_says_what_numpy_says(fields, seed: int, rows: int, tmp_path_factory) -> None:
    path = tmp_path_factory.mktemp("npy") / "a.npy"
    array = saved(path, fields, seed, rows)
    found = npy.read(path)
    assert (found.columns, found.rows, found.missing) == (array.dtype.names, rows, 0)
    np.testing.assert_equal(all_rows(path), array.tolist())


def test_more_rows_than_one_read(tmp_path: Path) -> None:
    array = saved(tmp_path / "a.npy", [("a", "<i4"), ("b", "<i8")], 1, 150_000)
    assert all_rows(tmp_path / "a.npy") == array.tolist()


def test_a_file_that_is_cut_anywhere_is_read_as_far_as_it_goes_or_refused(tmp_path: Path) -> None:
    path, cut = tmp_path / "a.npy", tmp_path / "cut.npy"
    made = Table(path, KEYS)
    made.add(([0] * 7, range(7)), [{"loss": 0.5, "é": 1.0}] * 7)
    data, whole = path.read_bytes(), all_rows(path)
    start = npy.read(path).start
    for length in range(len(data)):
        cut.write_bytes(data[:length])
        if length < start:
            with pytest.raises((InputError, UnsupportedError), match="cut"):
                npy.read(cut)
        else:
            found = npy.read(cut)
            assert found.rows + found.missing == 7
            assert all_rows(cut) == whole[: found.rows]


def with_header(path: Path, header: bytes, rows: bytes = b"") -> Path:
    path.write_bytes(b"\x93NUMPY\x02\x00" + struct.pack("<I", len(header)) + header + rows)
    return path


HOSTILE = {
    "call": b"__import__('os').system('true')",
    "operators": b"-" * 100_000 + b"1",
    "levels": b"[" * 100_000,
    "shape of no number": b"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (True,)}",
    "negative": b"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (-1,)}",
    "two dimensions": b"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1, 1)}",
    "a list": b"[1, 2]",
    "a set": b"{'descr', 'shape'}",
    "unhashable": b"{[]: 1}",
    "no fields": b"{'descr': [], 'fortran_order': False, 'shape': (1,)}",
    "plain": b"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}",
    "objects": b"{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,)}",
    "big endian": b"{'descr': [('a', '>f8')], 'fortran_order': False, 'shape': (1,)}",
    "nested": b"{'descr': [('a', [('b', '<f8')])], 'fortran_order': False, 'shape': (1,)}",
    "array in a field": b"{'descr': [('a', '<f8', (9,))], 'fortran_order': False, 'shape': (1,)}",
    "same name": b"{'descr': [('a', '<f8'), ('a', '<f8')], 'shape': (1,)}",
    "no name": b"{'descr': [(1, '<f8')], 'shape': (1,)}",
    "open string": b"{'descr': [('a, '<f8')], 'shape': (1,)}",
    "nothing": b"",
    "bytes": bytes(range(256)),
}


@pytest.mark.parametrize("header", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_header_is_refused(header: bytes, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.npy"):
        npy.read(with_header(tmp_path / "a.npy", header, bytes(100)))


@given(header=st.binary(max_size=200), version=st.integers(0, 5))
def test_no_file_makes_the_reader_fail_otherwise(header: bytes, version, tmp_path_factory) -> None:
    path = tmp_path_factory.mktemp("npy") / "a.npy"
    path.write_bytes(b"\x93NUMPY" + bytes((version, 0)) + header)
    with pytest.raises(KprovError):
        npy.read(path)


def test_a_count_beyond_the_file_takes_no_memory(tmp_path: Path) -> None:
    header = b"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (99999999999999999999,)}"
    found = npy.read(with_header(tmp_path / "a.npy", header, bytes(20)))
    assert (found.rows, all_rows(found.path)) == (2, [(0.0,), (0.0,)])


def test_a_header_that_says_it_is_huge_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(b"\x93NUMPY\x02\x00\xff\xff\xff\xff")
    with pytest.raises(UnsupportedError, match="too many"):
        npy.read(path)


@pytest.mark.parametrize("name", ["nothing.npy", "\0.npy", "."])
def test_what_is_no_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        npy.read(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotFoundError, match="not a file"):
        npy.read(tmp_path / "pipe")


# -- the command


@pytest.fixture
def kprov(home: Home, capfd):
    """Run a command on the folder; gives status, standard output, standard error."""

    def call(*arguments: str, home: Path = home.path) -> tuple[int, str, str]:
        status = cli.run(["--home", str(home), *arguments])
        out, err = capfd.readouterr()
        return status, out, err

    return call


def record(home: Home, *, system: bool = False) -> Path:
    """A run with batches; gives their file."""
    run = recording.begin(home.path)
    if system:
        run.follow_system(3600)
    for step, loss in enumerate((1.5, float("nan"), float("inf"))):
        run.batch(0, step, {"loss": loss, **({"f1, all": 0.1} if step else {})})
    run.end_training("FINISHED")
    run.close()
    return home.series / run.id / "batches.npy"


TEXT = 'epoch,step,loss,"f1, all"\n0,0,1.5,\n0,1,nan,0.1\n0,2,inf,0.1\n'


def test_the_batches_as_csv(kprov, home: Home, tmp_path: Path) -> None:
    record(home)
    assert kprov("series") == (0, TEXT, "")
    assert kprov("series", "@latest", "batches", "-o", str(tmp_path / "b.csv")) == (0, "", "")
    assert (tmp_path / "b.csv").read_text() == TEXT
    assert list(csv.reader(io.StringIO(TEXT)))[1] == ["0", "0", "1.5", ""]


def test_series_have_names(kprov, home: Home) -> None:
    record(home, system=True)
    assert kprov("series", "@latest")[1] == TEXT, "the batches are the default"
    assert kprov("series", "@latest", "system")[1].startswith("time,")
    status, _, err = kprov("series", "@latest", "other")
    assert status == 2
    assert "it has batches, system" in err


def test_a_run_without_series_says_how_to_have_one(kprov, home: Home) -> None:
    recording.record(home.path)
    status, out, err = kprov("series")
    assert (status, out) == (2, "")
    assert "batch_metrics=True" in err


def test_a_training_that_goes_on_can_be_read(kprov, home: Home) -> None:
    run = recording.begin(home.path)
    run.batch(0, 0, {"loss": 0.5})
    path = home.series / run.id / "batches.npy"
    while not path.exists() or not npy.read(path).rows:
        pass
    assert kprov("series") == (0, "epoch,step,loss\n0,0,0.5\n", "")
    run.close()


def test_a_file_that_is_gone_is_named(kprov, home: Home) -> None:
    path = record(home)
    path.unlink()
    status, out, err = kprov("series")
    assert (status, out) == (2, "")
    assert str(path) in err


def test_a_file_that_was_changed_is_told(kprov, home: Home) -> None:
    path = record(home)
    data = bytearray(path.read_bytes())
    data[-8:] = struct.pack("<d", 0.75)
    path.write_bytes(data)
    status, out, err = kprov("series")
    assert (status, out) == (1, TEXT[:-4] + "0.75\n")
    assert "not what was recorded" in err


def test_a_file_that_was_cut_is_read_as_far_as_it_goes(kprov, home: Home) -> None:
    path = record(home)
    path.write_bytes(path.read_bytes()[:-1])
    status, out, err = kprov("series")
    assert (status, out) == (1, TEXT[: TEXT.index("0,2")])
    assert "1 rows more than it has" in err


def test_a_folder_that_was_moved_has_its_series(kprov, home: Home, tmp_path: Path) -> None:
    record(home)
    home.path.rename(tmp_path / "moved")
    assert kprov("series", home=tmp_path / "moved") == (0, TEXT, "")


def test_a_format_that_nobody_knows(kprov, home: Home, tmp_path: Path) -> None:
    record(home)
    assert "--format csv or parquet" in kprov("series", "-o", str(tmp_path / "b.xlsx"))[2]
    assert "-o FILE" in kprov("series", "--format", "parquet")[2]


def test_a_file_that_cannot_be_written_leaves_the_older_one(
    kprov, home: Home, tmp_path: Path
) -> None:
    record(home)
    status, _, err = kprov("series", "-o", str(tmp_path / "nothing" / "b.csv"))
    assert status == 2
    assert "b.csv cannot be written" in err


def test_without_pyarrow_parquet_says_what_to_install(home: Home, tmp_path: Path) -> None:
    record(home)
    script = (
        "import sys; sys.modules['pyarrow'] = None; sys.argv[0] = 'kprov'; "
        "from kprov_rdf.__main__ import main; main()"
    )
    target = tmp_path / "b.parquet"
    done = subprocess.run(
        [sys.executable, "-c", script, "--home", str(home.path), "series", "-o", str(target)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "pip install pyarrow" in done.stderr
    assert list(tmp_path.glob("*parquet*")) == []
