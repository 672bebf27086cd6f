"""Dumps of MonetDB as tables: what is read of the SQL, and what is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_rdf.errors import InputError, LimitError
from kprov_rdf.exchange.foreign import sql
from kprov_rdf.exchange.foreign.sql import Table

TEXTS = st.none() | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))

REALS = st.none() | st.floats(allow_nan=False)


def table(text: str) -> Table:
    (found,) = sql.read(text, "dump.sql").tables.values()
    return found


def copied(text: str) -> str:
    """A text as msqldump writes it between quotes."""
    for one, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(one, escape)
    return f'"{text}"'


def inserted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


@given(st.lists(st.tuples(TEXTS, REALS, st.integers(-(2**63), 2**63))))
def test_rows_are_read_as_they_were_written(
    rows: list[tuple[str | None, float | None, int]],
) -> None:
    begin = 'CREATE TABLE "s"."t" ("a" VARCHAR(500) NOT NULL, "b" DOUBLE, "c" BIGINT);\n'
    lines = [
        "|".join(("NULL" if a is None else copied(a), "NULL" if b is None else repr(b), str(c)))
        for a, b, c in rows
    ]
    head = (
        f"COPY {len(rows)} RECORDS INTO \"s\".\"t\" FROM stdin USING DELIMITERS '|','\\n','\"';\n"
    )
    whole = begin + head + "".join(f"{line}\n" for line in lines) + "COMMIT;"
    assert [tuple(row) for row in table(whole).rows] == rows
    values = ", ".join(
        f"({'NULL' if a is None else inserted(a)}, {'NULL' if b is None else repr(b)}, {c})"
        for a, b, c in rows
    )
    told = f"INSERT INTO s.t VALUES {values};" if rows else ""  # noqa: S608
    assert [tuple(row) for row in table(begin + told).rows] == [
        (a, None if b is None else float(repr(b)), c) for a, b, c in rows
    ]


def test_other_delimiters_and_no_count_are_understood() -> None:
    text = (
        "COPY INTO t FROM stdin USING DELIMITERS E'\\t', E'\\n' NULL AS '';\n1\tx\n\ty\n\nCOMMIT;"
    )
    found = table(text)
    assert (found.columns, found.rows) == (["column_1", "column_2"], [["1", "x"], [None, "y"]])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("COPY 3 RECORDS INTO t FROM stdin;\n1|2\n", "3 rows of sys.t, of which 1"),
        ("COPY 1 RECORDS INTO t FROM stdin USING DELIMITERS '|','\\n','\"';\n1|\"a", "a row of"),
        ("CREATE TABLE t (a INT, b INT);INSERT INTO t VALUES (1);", "a row of sys.t with 2 values"),
        ("CREATE TABLE t (a INT);INSERT INTO t (b) VALUES (1);", "a row of sys.t"),
        ("CREATE TABLE t (a INT", "the end of a statement"),
        ("SELECT 'no end", "the end of a quotation"),
        ("create function f() returns int begin return 1;\nCOMMIT;", "the END of a function"),
        ("CREATE TABLE (a INT);", "a name was wanted in line 1"),
        ("COPY 99999999999 RECORDS INTO t FROM stdin;", "a number of at most 100,000"),
        ("COPY 1.5 RECORDS INTO t FROM stdin;", "a number of at most"),
        ("COPY 1 RECORDS INTO t FROM stdin USING DELIMITERS '','\\n';\n1", "DELIMITERS that are"),
    ],
)
def test_what_is_damaged_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        sql.read(text, "dump.sql")


def test_bombs_of_sql_end_at_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "MAX_ROWS", 1000)
    rows = ",".join(["(1)"] * 2000)
    with pytest.raises(LimitError, match="more than 1,000 rows"):
        sql.read(f"INSERT INTO t VALUES {rows};", "dump.sql")  # noqa: S608
    columns = ", ".join(f"c{n} INT" for n in range(5000))
    with pytest.raises(LimitError, match="4,096 columns"):
        sql.read(f"CREATE TABLE t ({columns});", "dump.sql")
    # Neither of these takes time with the square of its length.
    for text in ("/*" * 200_000, "(" * 200_000, "COPY INTO t FROM stdin;\n" + "|" * 200_000):
        with contextlib.suppress(InputError):
            sql.read(text, "dump.sql")
