"""The .npy files that capture writes, read by NumPy."""

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_capture import table
from kprov_capture.npy import Npy
from kprov_capture.table import ABSENT, Table

KEYS = (("epoch", "<i8"), ("step", "<i8"))
names = st.text(max_size=20)
numbers = st.floats() | st.integers(-(2**70), 2**70) | st.booleans()
rows = st.lists(st.dictionaries(names, numbers, max_size=4), min_size=1, max_size=20)


def load(path: Path) -> np.ndarray:
    return np.load(path, max_header_size=10_000_000)


def written(path: Path, *blocks: list[dict]) -> Table:
    found = Table(path, KEYS)
    for number, block in enumerate(blocks):
        found.add(([number] * len(block), range(len(block))), block)
    return found


@given(first=rows, second=rows)
def test_numpy_reads_what_was_reported(first: list, second: list, tmp_path_factory) -> None:
    path = tmp_path_factory.mktemp("table") / "t.npy"
    made = written(path, first, second)
    found = load(path)
    assert found["epoch"].tolist() == [0] * len(first) + [1] * len(second)
    assert found["step"].tolist() == [*range(len(first)), *range(len(second))]
    for row, reported in zip(found, first + second, strict=True):
        wanted = dict.fromkeys(made.columns, ABSENT) | reported
        for name, column in made.columns.items():
            np.testing.assert_array_equal(row[column], float(wanted[name]))
    assert made.values == sum(map(len, first + second))


def test_300_columns_with_names_of_any_kind(tmp_path: Path) -> None:
    reported = {f'it\'s "{n}" of ünïcode 😀 \\ \n': float(n) for n in range(300)}
    made = written(tmp_path / "t.npy", [reported] * 3)
    found = load(tmp_path / "t.npy")
    assert list(found.dtype.names[2:]) == list(reported) == list(made.columns)
    assert found[2].tolist()[2:] == tuple(reported.values())


def test_a_header_of_more_than_64_kib_is_of_version_2(tmp_path: Path) -> None:
    reported = {f"{n}-" + "x" * 300: float(n) for n in range(300)}
    written(tmp_path / "t.npy", [reported])
    assert (tmp_path / "t.npy").read_bytes()[6] == 2
    assert load(tmp_path / "t.npy")[0].tolist()[2:] == tuple(reported.values())


def test_a_metric_with_the_name_of_a_key_has_a_column_of_its_own(tmp_path: Path) -> None:
    made = written(tmp_path / "t.npy", [{"step": 0.5, "": 0.25, "step_": 1.0}])
    assert list(made.columns.values()) == ["step_", "_", "step__"]
    assert load(tmp_path / "t.npy")[0].tolist() == (0, 0, 0.5, 0.25, 1.0)


def test_what_was_not_reported_is_nan_and_told_apart_from_a_nan(tmp_path: Path) -> None:
    written(tmp_path / "t.npy", [{"loss": float("nan")}, {"loss": 1.0}], [{"late": 2.0}])
    found = load(tmp_path / "t.npy")
    assert np.isnan(found["loss"]).tolist() == [True, False, True]
    absent = found["loss"].view("<i8") & 0xFFFFFFFF == 1954
    assert absent.tolist() == [False, False, True]
    assert (found["late"].view("<i8") & 0xFFFFFFFF == 1954).tolist() == [True, True, False]


def test_what_is_no_number_is_left_out_and_told_once(tmp_path: Path, caplog) -> None:
    made = written(tmp_path / "t.npy", [{"loss": 1.0, "text": "x"}, {"loss": 2.0, "text": None}])
    assert load(tmp_path / "t.npy")["loss"].tolist() == [1.0, 2.0]
    assert made.values == 2
    assert [r.message.count("'text' is a str") for r in caplog.records] == [1]


def test_a_place_that_is_no_number_loses_its_row_only(tmp_path: Path) -> None:
    made = Table(tmp_path / "t.npy", KEYS)
    made.add(([0, None, 0], [0, 1, 2]), [{"loss": 1.0}] * 3)  # type: ignore[list-item]
    assert load(tmp_path / "t.npy")["step"].tolist() == [0, 2]
    assert "1 rows" in str(made.missing())


def test_columns_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_COLUMNS", 3)
    made = written(tmp_path / "t.npy", [{f"m{n}": 1.0} for n in range(5)])
    assert load(tmp_path / "t.npy").dtype.names == ("epoch", "step", "m0", "m1", "m2")
    assert made.missing() == "there is no column for 'm3', 'm4': there are 3 already"


def full(handle: int, data: object) -> int:
    raise OSError(28, "No space left on device")


def test_rows_that_a_full_disk_refused_go_out_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = written(tmp_path / "t.npy", [{"loss": 1.0}])
    with monkeypatch.context() as context, pytest.raises(OSError, match="No space"):
        context.setattr(os, "write", full)
        made.add(([0], [1]), [{"loss": 2.0}])
    assert load(tmp_path / "t.npy")["loss"].tolist() == [1.0]
    made.add(([0], [2]), [{"loss": 3.0}])
    assert load(tmp_path / "t.npy")["loss"].tolist() == [1.0, 2.0, 3.0]
    assert made.missing() is None


def test_what_the_disk_never_took_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = written(tmp_path / "t.npy", [{"loss": 1.0}])
    monkeypatch.setattr(os, "write", full)
    monkeypatch.setattr(table, "MAX_UNWRITTEN", 100)
    for step in range(1, 6):
        with pytest.raises(OSError, match="No space"):
            made.add(([0], [step]), [{"loss": 2.0}])
    assert len(made._unwritten) <= 100, "memory has a limit"
    assert made.missing() == "5 rows could not be written: No space left on device"
    assert (made.rows, made.values) == (1, 1)


def test_a_late_metric_without_room_for_its_column_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPROV_STRICT", "0")
    made = written(tmp_path / "t.npy", [{"loss": 1.0}])
    with monkeypatch.context() as context, pytest.raises(OSError, match="No space"):
        context.setattr(os, "write", full)
        made.add(([0], [1]), [{"loss": 2.0, "late": 1.0}])
    made.add(([0], [2]), [{"loss": 3.0, "late": 1.0}])
    assert load(tmp_path / "t.npy")["loss"].tolist() == [1.0, 2.0, 3.0]
    assert made.missing() == "there is no column for 'late': No space left on device"
    assert [path.name for path in tmp_path.iterdir()] == ["t.npy"], "nothing is left beside it"


@given(data=st.data())
def test_each_cut_of_a_write_leaves_whole_rows(data, tmp_path_factory) -> None:
    """As if the process had been killed there: what was written, in order, up to one byte."""
    path = tmp_path_factory.mktemp("cut") / "t.npy"
    file = Npy(path, [*KEYS, ("loss", "<f8")])
    row = np.zeros(1, [("epoch", "<i8"), ("step", "<i8"), ("loss", "<f8")])
    file.append(row.tobytes() * 5)
    before, calls = path.read_bytes(), []
    with pytest.MonkeyPatch.context() as context:
        write = os.write

        def noted(handle: int, some: bytes) -> int:
            calls.append((os.lseek(handle, 0, os.SEEK_CUR), bytes(some)))
            return write(handle, some)

        context.setattr(os, "write", noted)
        file.append(row.tobytes() * 5)
    *_, (place, number) = calls
    assert place // 4096 == (place + len(number)) // 4096, "in one page: no signal comes between"
    ends = [0, *itertools.accumulate(len(part) for _, part in calls)]
    left = data.draw(st.integers(0, ends[-2]) | st.just(ends[-1]))
    image = bytearray(before)
    for (at, part), start in zip(calls, ends, strict=False):
        done = part[: max(0, left - start)]
        image[at : at + len(done)] = done
    path.write_bytes(image)
    assert len(load(path)) == (10 if left == ends[-1] else 5)


SCRIPT = """
import sys, itertools
from pathlib import Path
from kprov_capture.table import Table
table = Table(Path(sys.argv[1]), (("epoch", "<i8"), ("step", "<i8")))
print("ready", flush=True)
for n in itertools.count():
    late = {f"m{n // 100}": 1.0} if n < 2000 else {}
    table.add(([0] * 50, range(50 * n, 50 * n + 50)), [{"loss": 1.0, **late}] * 50)
"""


def test_after_kill_9_numpy_reads_all_that_the_header_counts(tmp_path: Path) -> None:
    for number in range(8):
        path = tmp_path / f"{number}.npy"
        child = subprocess.Popen([sys.executable, "-c", SCRIPT, str(path)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        while not path.exists():
            pass
        for _ in range(number):
            os.stat(path)
            subprocess.run(["true"])
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        found = load(path)
        assert found["step"].tolist() == list(range(len(found)))
