"""Answers as Arrow tables and pandas data frames, each column with one type.

    column of          Arrow               pandas
    whole numbers      int64               Int64
    numbers            double              float64
    booleans           bool                boolean
    times              timestamp[us, UTC]  datetime64[us, UTC]
    IRIs, other text   string              string
    no value at all    null                float64
    several of these   string              object, with the Python values

A value that is missing is null in Arrow; in pandas NA, NaN or NaT, as the type has it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kprov_rdf.analysis.needed import package
from kprov_rdf.analysis.rows import Row, Value, parts, text

if TYPE_CHECKING:
    import pandas
    import pyarrow

    from kprov_rdf.analysis.result import Result

_PART = 16_384
_INT64 = 1 << 63
MIXED = "mixed"


def _arrow() -> Any:
    return package("pyarrow", "An Arrow table or a data frame")


_KINDS: dict[type, str] = {bool: "bool", int: "int", float: "float", datetime: "time"}


def _kinds(values: Sequence[Value]) -> set[str]:
    """The kinds of the values; a whole number beyond 64 bits is of no one kind."""
    types = set(map(type, values)) - {type(None)}
    found = {_KINDS.get(one, "text") for one in types}
    if "int" in found and any(
        isinstance(one, int) and not -_INT64 <= one < _INT64 for one in values
    ):
        found.add(MIXED)
    return found


def _one(kinds: set[str]) -> str | None:
    """The kind of a column that has values of these kinds; None where it has no value."""
    if kinds == {"int", "float"}:
        return "float"
    return MIXED if len(kinds) > 1 else next(iter(kinds), None)


def _type(kind: str | None) -> Any:
    arrow = _arrow()
    return {
        "bool": arrow.bool_(),
        "int": arrow.int64(),
        "float": arrow.float64(),
        "time": arrow.timestamp("us", tz="UTC"),
        None: arrow.null(),
    }.get(kind, arrow.string())


def _array(values: Sequence[Value], kind: str | None) -> Any:
    given: Sequence[Any] = values
    if kind == MIXED:
        given = [None if one is None else text(one) for one in values]
    elif kind == "float":
        given = [None if one is None else float(one) for one in values]  # type: ignore[arg-type]
    return _arrow().array(given, _type(kind))


def _columns(rows: Sequence[Row], count: int) -> list[tuple[Value, ...]]:
    return list(zip(*rows, strict=True)) if rows else [()] * count


def _cast(chunk: Any, kind: str | None) -> Any:
    """An array that was made of fewer rows, as the whole column is."""
    wanted = _type(kind)
    if kind == MIXED and chunk.type != wanted:
        return _array(chunk.to_pylist(), MIXED)
    return chunk.cast(wanted)


def _read(result: "Result") -> tuple["pyarrow.Table", list[str]]:
    """The table, and the names of the columns with values of several kinds; asked once."""
    arrow = _arrow()
    count = len(result.columns)
    kinds: list[set[str]] = [set() for _ in range(count)]
    chunks: list[list[Any]] = [[] for _ in range(count)]
    for part in parts(result.stream(), _PART):
        for index, values in enumerate(_columns(part, count)):
            found = _kinds(values)
            kinds[index] |= found
            chunks[index].append(_array(values, _one(found)))
    chosen = [_one(one) for one in kinds]
    columns = [
        arrow.chunked_array([_cast(one, kind) for one in made], _type(kind))
        for made, kind in zip(chunks, chosen, strict=True)
    ]
    named = list(zip(result.columns, chosen, strict=True))
    return arrow.table(columns, result.columns), [name for name, kind in named if kind == MIXED]


def arrow_table(result: "Result") -> "pyarrow.Table":
    return _read(result)[0]


def batches(result: "Result", size: int) -> "pyarrow.RecordBatchReader":
    """Record batches of ``size`` rows. The answer is asked for twice: first for its types."""
    arrow = _arrow()
    count = len(result.columns)
    kinds: list[set[str]] = [set() for _ in range(count)]
    for part in parts(result.stream(), _PART):
        for index, values in enumerate(_columns(part, count)):
            kinds[index] |= _kinds(values)
    chosen = [_one(one) for one in kinds]
    schema = arrow.schema(
        [(name, _type(kind)) for name, kind in zip(result.columns, chosen, strict=True)]
    )

    def made() -> Iterator[Any]:
        for part in parts(result.stream(), size):
            columns = zip(_columns(part, count), chosen, strict=True)
            yield arrow.record_batch([_array(*one) for one in columns], schema=schema)

    return arrow.RecordBatchReader.from_batches(schema, made())


def frame(result: "Result") -> "pandas.DataFrame":
    pandas = package("pandas", "A data frame")
    arrow = _arrow()
    table, mixed = _read(result)
    wanted = {
        arrow.int64(): pandas.Int64Dtype(),
        arrow.bool_(): pandas.BooleanDtype(),
        arrow.string(): pandas.StringDtype(),
    }
    found = table.to_pandas(types_mapper=wanted.get)
    for name in result.columns:
        if table.schema.field(name).type == arrow.null():
            found[name] = found[name].astype("float64")
    for name in mixed:
        index = result.columns.index(name)
        values = [row[index] for row in result.stream()]
        found[name] = pandas.Series(values, index=found.index, dtype=object)
    return found
