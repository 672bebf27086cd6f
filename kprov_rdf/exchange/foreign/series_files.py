"""The files in which yProv4ML keeps a metric: epochs, values and times (milliseconds since 1970).

loss_training_None_GR0.csv    a line each, after a head; older versions put an index before
loss_training_None_GR0.zarr   a folder with the arrays epochs, values, timestamps
loss_training_None_GR0.nc     the same in HDF5
"""

import csv
import io
import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from kprov_rdf.dm import guards
from kprov_rdf.errors import InputError, LimitError
from kprov_rdf.exchange.foreign.training import Point, moment
from kprov_rdf.exchange.sources import Source

MAX_VALUES = 1_000_000
MAX_SECONDS = 60
_ARRAYS = ("epochs", "values", "timestamps")
_SEPARATORS = ",;\t|"
_DTYPES = {"i4": "i", "i8": "q", "f4": "f", "f8": "d", "u4": "I", "u8": "Q", "i2": "h"}
_NAMED = {"int32": "i4", "int64": "i8", "float32": "f4", "float64": "f8", "int16": "i2"}
# Reading HDF5 is left to h5py, in a process of its own: a damaged file may end it. A file may name
# others to read, which is not done.
_HDF5 = """
import json, sys
import h5py
most = int(sys.argv[2])
names = ("epochs", "values", "timestamps")
with h5py.File(sys.argv[1], "r") as file:
    if any(type(file.get(name, getlink=True)) is not h5py.HardLink for name in names):
        raise SystemExit("its arrays are not in it")
    found = {name: file[name] for name in names}
    if any(one.external or one.is_virtual for one in found.values()):
        raise SystemExit("its arrays are in other files")
    if any(one.ndim != 1 or one.shape[0] > most or one.dtype.kind not in "iuf"
           for one in found.values()):
        raise SystemExit("its arrays are no lists of numbers")
    json.dump({name: one[:].tolist() for name, one in found.items()}, sys.stdout)
"""


def points(name: str, epochs: list[Any], values: list[Any], times: list[Any]) -> list[Point]:
    """The points of three lists. Raises ``InputError`` where they do not belong together."""
    found = []
    try:
        for epoch, value, time in zip(epochs, values, times, strict=True):
            found.append(Point(int(epoch), float(value), moment(float(time) / 1000)))
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"{name} is no metric of yProv4ML that can be read: epochs, values and times were "
            f"wanted, numbers and as many of each; {error}."
        ) from error
    return found


def from_csv(data: bytes, name: str) -> list[Point]:
    text = guards.decoded(data, name)
    head = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=head.count)
    columns: list[list[str]] = []
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        columns = [row[-3:] for row in islice(rows, 1, MAX_VALUES + 2) if row]
    except csv.Error as error:
        raise InputError(f"{name} is no CSV that can be read: {error}.") from error
    if len(columns) > MAX_VALUES:
        raise LimitError(f"{name} has more than {MAX_VALUES:,} values. Split it.")
    if any(len(row) != 3 for row in columns):
        raise InputError(f"{name} has rows that are no epoch, value and time with {separator!r}.")
    return points(name, *([row[place] for row in columns] for place in range(3)))


def from_hdf5(path: Path, name: str) -> list[Point]:
    """Raises ``InputError`` where h5py cannot read it, or is not there."""
    asked = [sys.executable, "-I", "-c", _HDF5, str(path), str(MAX_VALUES)]
    try:
        done = subprocess.run(asked, capture_output=True, timeout=MAX_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise LimitError(f"{name} took more than {MAX_SECONDS} s to read.") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise InputError(f"{name} is HDF5 that cannot be read: {said or 'h5py ended'}.")
    found = json.loads(done.stdout)
    return points(name, *(found[one] for one in _ARRAYS))


def from_zarr(source: Source, folder: str, name: str) -> list[Point]:
    """Raises ``InputError`` where an array is missing, damaged, or compressed otherwise."""
    return points(name, *(_array(source, f"{folder}/{one}", name) for one in _ARRAYS))


def _array(source: Source, folder: str, name: str) -> list[Any]:
    """A list of numbers of Zarr, version 2 or 3 (zarr-specs.readthedocs.io)."""

    def unreadable(what: str) -> InputError:
        return InputError(f"{name} is Zarr that cannot be read: the array {folder} {what}.")

    version = 2 if f"{folder}/.zarray" in source.files else 3
    file = f"{folder}/.zarray" if version == 2 else f"{folder}/zarr.json"
    if file not in source.files:
        raise unreadable("is not there")
    told = guards.load_json(source.read(file), file)
    try:
        form, chunk, filled, codec, big = _layout(told, version)
        length = int(told["shape"][0])
        if len(told["shape"]) != 1 or chunk < 1 or not 0 <= length <= MAX_VALUES:
            raise unreadable("is no list, or one that is too long")
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise unreadable("does not say how it is kept") from error
    if codec not in (None, "zlib", "gzip"):
        raise unreadable(f"is compressed with {codec}; write it without, or as CSV")
    values: list[Any] = []
    size = struct.calcsize(form)
    for number in range(-(-length // chunk)):
        file = f"{folder}/{number}" if version == 2 else f"{folder}/c/{number}"
        if file not in source.files:
            values += [filled] * chunk
            continue
        data = source.read(file)
        if codec:
            data = _unpacked(data, chunk * size)
        if len(data) != chunk * size:
            raise unreadable(f"has a part {number} of another size than it says")
        values += struct.unpack(f"{'>' if big else '<'}{chunk}{form}", data)
    return values[:length]


def _layout(told: Mapping[str, Any], version: int) -> tuple[str, int, Any, str | None, bool]:
    """Form of a number, length of a part, what missing ones are, compression, byte order."""
    if version == 2:
        kind = str(told["dtype"])
        compressor = told.get("compressor")
        codec = str(compressor["id"]) if compressor else None
        if told.get("filters"):
            codec = "filters"
        return _DTYPES[kind[1:]], int(told["chunks"][0]), _filled(told), codec, kind[0] == ">"
    kind = _NAMED[str(told["data_type"])]
    chunk = int(told["chunk_grid"]["configuration"]["chunk_shape"][0])
    codecs = [str(one["name"]) for one in told["codecs"]]
    first = told["codecs"][0].get("configuration", {})
    rest = [one for one in codecs if one != "bytes"]
    codec = rest[0] if len(rest) == 1 else "+".join(rest) or None
    return _DTYPES[kind], chunk, _filled(told), codec, first.get("endian") == "big"


def _filled(told: Mapping[str, Any]) -> float:
    found = told.get("fill_value")
    return float(found) if isinstance(found, int | float | str) else 0.0


def _unpacked(data: bytes, size: int) -> bytes:
    try:
        return zlib.decompressobj(47).decompress(data, size + 1)
    except zlib.error:
        return b""
