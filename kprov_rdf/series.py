"""Series of values that a run wrote to files: where they are, and the same as CSV or Parquet."""

import csv
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pyoxigraph as ox

from kprov_capture import fingerprint
from kprov_rdf.errors import NotFoundError, UnsupportedError
from kprov_rdf.npy import Npy
from kprov_rdf.query import value
from kprov_rdf.store import Store, select

FORMATS = ("csv", "parquet")
DEFAULT = "batches"
# The NaN that stands for a value that was not reported (see kprov_capture.table).
_ABSENT = 0x7FF8_0000_0000_07A2
# Arrow's types of the codes of the module struct; the others are whole numbers.
_ARROW = {"d": "float64", "f": "float64", "e": "float64", "?": "bool", "Q": "uint64"}
_SERIES = """
SELECT ?run ?series ?path ?sha256 WHERE { GRAPH ?run {
  ?series a dnnprov:MetricSeries ; dnnprov:path ?path .
  OPTIONAL { ?series prov:specializationOf/dnnprov:sha256 ?sha256 }
} } ORDER BY ?series
"""


@dataclass(frozen=True)
class Series:
    """One series of a run; ``name`` is its local name, such as batches or system."""

    name: str
    path: Path
    sha256: str | None

    def as_recorded(self) -> bool:
        """Whether the file has the content that was recorded, or none was."""
        return self.sha256 is None or fingerprint.of_file(str(self.path)).sha256 == self.sha256


def find(store: Store, run: str, folder: Path, name: str | None) -> Series:
    """The series ``name`` of a run; without a name the batches, or the only one.

    Where the file is not at the path that was recorded, the same place in ``folder``,
    the state folder, is tried: it may have been moved. Raises ``NotFoundError``.
    """
    rows = select(store, _SERIES, {"run": ox.NamedNode(run)})
    known: dict[str, Series] = {}
    for row in rows:
        local = row["series"].value.rpartition("#")[2]
        path = Path(str(value(row["path"])))
        sha256 = value(row["sha256"])
        known[local] = Series(local, path, None if sha256 is None else str(sha256))
    if not known:
        raise NotFoundError(
            f"The run {run} has no series of values. Record one with batch_metrics=True or "
            "system_metrics=5 of the callback."
        )
    wanted = name or (DEFAULT if len(known) > 1 else next(iter(known)))
    if wanted not in known:
        raise NotFoundError(f"The run has no series {wanted!r}; it has {', '.join(known)}.")
    found = known[wanted]
    moved = folder / "series" / run.rpartition("/")[2] / found.path.name
    if not found.path.exists() and moved.exists():
        return Series(found.name, moved, found.sha256)
    return found


def _cells(file: Npy) -> Iterator[list[tuple[Any, ...]]]:
    """The rows in parts, with None where nothing was reported."""
    for part in file.parts():
        yield [tuple(None if _absent(cell) else cell for cell in row) for row in part]


def _absent(cell: float) -> bool:
    return math.isnan(cell) and struct.unpack("<Q", struct.pack("<d", cell))[0] == _ABSENT


def write_csv(file: Npy, out: TextIO) -> None:
    """Rows as CSV (RFC 4180, lines end in LF): empty where nothing was reported, else nan, inf.

    A number is the shortest text that reads as the same double.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(file.columns)
    for part in _cells(file):
        writer.writerows(part)


def arrow() -> tuple[Any, Any]:
    """The modules pyarrow and pyarrow.parquet. Raises ``UnsupportedError``: they are optional."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise UnsupportedError(
            "Parquet needs the package pyarrow, which is not installed. Install it with: "
            "pip install pyarrow. CSV needs nothing: --format csv."
        ) from error
    return pyarrow, parquet


def write_parquet(file: Npy, path: Path) -> None:
    """Rows as Parquet: null where nothing was reported.

    Raises ``UnsupportedError`` where pyarrow is not installed, which kprov does not ask for.
    """
    pyarrow, parquet = arrow()
    kinds = [_ARROW.get(code, "int64") for code in file.codes]
    schema = pyarrow.schema(list(zip(file.columns, kinds, strict=True)))
    with parquet.ParquetWriter(path, schema) as writer:
        for part in _cells(file):
            columns = zip(*part, strict=True)
            arrays = [pyarrow.array(*one) for one in zip(columns, schema.types, strict=True)]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
