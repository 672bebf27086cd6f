"""Reading the tables of a dump of MonetDB, as ``msqldump`` writes it: their columns and rows.

    CREATE TABLE "digits"."ds_oadaptation" ("id" INTEGER NOT NULL, "new_lrate" DOUBLE);
    COPY 1 RECORDS INTO "digits"."ds_oadaptation" FROM stdin USING DELIMITERS '|','\\n','"';
    1|0.05

``CREATE TABLE``, ``COPY … FROM stdin``, ``INSERT … VALUES`` and ``SET SCHEMA`` are read
(https://www.monetdb.org/documentation/user-guide/sql-manual/); all else is passed over, and
counted. Nothing is executed.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kprov_rdf.errors import InputError, LimitError
from kprov_rdf.exchange.foreign.sql_rows import Cell, Layout, unescaped

MAX_TABLES = 10_000
MAX_COLUMNS = 4096
MAX_ROWS = 100_000
_SHOWN = 60

# No branch is tried again (``++``, ``*+``), so that a quote without an end costs no more.
_TOKEN = re.compile(
    r"""(?:\s++|--[^\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z))*+
    (?:(?P<name>"(?:[^"]++|"")*+")
      |(?P<text>[eErRxX]?'(?:[^'\\]++|\\.|'')*+')
      |(?P<number>\d++(?:\.\d*+)?(?:[eE][+-]?\d++)?|\.\d++(?:[eE][+-]?\d++)?)
      |(?P<word>[^\W\d]\w*+)
      |(?P<sign>[^\s"']))""",
    re.VERBOSE | re.DOTALL,
)
WHOLE = ("tinyint", "smallint", "int", "integer", "bigint", "hugeint")
REAL = ("double", "real", "float", "decimal", "numeric", "dec")
_CONSTRAINTS = ("constraint", "primary", "foreign", "unique", "check")
_BODIES = ("function", "procedure", "trigger", "aggregate", "filter", "loader", "window")


@dataclass
class Table:
    """A table with its rows; ``types`` are words of SQL in lower case, as many as ``columns``."""

    schema: str
    name: str
    columns: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)

    def records(self) -> Iterator[dict[str, Cell]]:
        """Each row as a dict by column."""
        for row in self.rows:
            yield dict(zip(self.columns, row, strict=True))


@dataclass
class Dump:
    """The tables by schema and name; ``passed`` counts the statements that were not taken."""

    tables: dict[tuple[str, str], Table] = field(default_factory=dict)
    passed: Counter[str] = field(default_factory=Counter)


def read(text: str, name: str) -> Dump:
    """The tables of a dump. Raises ``InputError`` with the line, or ``LimitError``."""
    return _Reader(text, name).read()


def _literal(token: str) -> str:
    """A text between quotes, without them; its escapes as MonetDB takes them."""
    prefix = token[0] if token[0] != "'" else ""
    inner = token[len(prefix) + 1 : -1].replace("''", "'")
    return inner if prefix in ("r", "R") else unescaped(inner)


def _number(text: str, kind: str) -> Cell:
    """A cell of a column of numbers; the text itself where it is none."""
    try:
        if kind in WHOLE and len(text) < 40:
            return int(text)
        return float(text)
    except ValueError:
        return text


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.at = 0
        self.schema = "sys"
        self.rows = 0
        self.dump = Dump()

    def wrong(self, wanted: str, at: int | None = None) -> InputError:
        place = self.at if at is None else at
        line = self.text.count("\n", 0, place) + 1
        found = self.text[place : place + _SHOWN].strip().split("\n")[0]
        return InputError(
            f"{self.name} is no dump that can be read: {wanted} was wanted in line {line}; found "
            f"{found!r}. Write it again with msqldump."
        )

    # -- tokens

    def peek(self) -> tuple[str, str, int] | None:
        """Kind, text and end of the next token."""
        found = _TOKEN.match(self.text, self.at)
        if found is None:
            rest = self.text[self.at :].lstrip()
            if not rest or (rest.startswith("--") and "\n" not in rest):
                return None
            raise self.wrong("the end of a quotation or of a comment")
        return found.lastgroup or "", found[found.lastgroup or ""], found.end()

    def take(self) -> tuple[str, str]:
        found = self.peek()
        if found is None:
            raise self.wrong("the end of a statement", len(self.text))
        self.at = found[2]
        return found[0], found[1]

    def word(self) -> str:
        """The next token in lower case, where it is a word or a sign; else nothing is taken."""
        found = self.peek()
        if found is None or found[0] not in ("word", "sign"):
            return ""
        self.at = found[2]
        return found[1].lower()

    def is_next(self, *words: str) -> bool:
        found = self.peek()
        return found is not None and found[0] in ("word", "sign") and found[1].lower() in words

    def expect(self, *words: str) -> None:
        for one in words:
            if not self.is_next(one):
                raise self.wrong(one.upper())
            self.take()

    def identifier(self) -> str:
        kind, text = self.take()
        if kind == "name":
            return text[1:-1].replace('""', '"')
        if kind == "word":
            return text.lower()
        raise self.wrong("a name")

    def table(self) -> tuple[str, str]:
        first = self.identifier()
        if self.is_next("."):
            self.take()
            return first, self.identifier()
        return self.schema, first

    # -- statements

    def read(self) -> Dump:
        while self.peek() is not None:
            start = self.at
            statement = _STATEMENTS.get(self.word())
            if statement is None or not statement(self):
                self.at = start
                self.pass_over()
        return self.dump

    def pass_over(self) -> None:
        """To the end of a statement; that of a function has statements in it."""
        words: list[str] = []
        depth, start = 0, self.at
        while (found := self.peek()) is not None:
            kind, text, self.at = found
            lower = text.lower() if kind in ("word", "sign") else ""
            if len(words) < 4 and kind == "word":
                words.append(lower)
            inside = any(one in words for one in _BODIES)
            if inside and lower in ("begin", "case"):
                depth += 1
            elif inside and lower == "end" and not self.is_next("if", "while", "for", "repeat"):
                depth -= 1
                if self.is_next("case"):
                    self.take()
            if lower == ";" and depth <= 0:
                break
        else:
            if depth > 0:
                raise self.wrong("the END of a function", start)
        if words:
            skipped = "or", "replace", "temporary", "local", "global", "unique"
            self.dump.passed[" ".join([w for w in words if w not in skipped][:2]).upper()] += 1

    def set_schema(self) -> bool:
        if not self.is_next("schema"):
            return False
        self.take()
        self.schema = self.identifier()
        self.expect(";")
        return True

    def create(self) -> bool:
        while self.is_next("local", "global", "temporary", "temp", "merge", "replica"):
            self.take()
        if not self.is_next("table"):
            return False
        self.take()
        if self.is_next("if"):
            self.expect("if", "not", "exists")
        schema, name = self.table()
        if not self.is_next("("):
            return False
        self.take()
        found = Table(schema, name)
        while True:
            if not self.is_next(*_CONSTRAINTS):
                found.columns.append(self.identifier())
                found.types.append(self.word())
            if self.definition() == ")":
                break
        if len(found.columns) > MAX_COLUMNS or len(self.dump.tables) >= MAX_TABLES:
            raise LimitError(
                f"{self.name} has more than {MAX_TABLES:,} tables, or one with more than "
                f"{MAX_COLUMNS:,} columns. Split it."
            )
        self.dump.tables[schema, name] = found
        while not self.is_next(";"):
            self.take()
        self.take()
        return True

    def definition(self) -> str:
        """To the end of a column or a constraint: the comma, or the bracket that ends the table."""
        depth = 0
        while True:
            kind, text = self.take()
            if kind != "sign":
                continue
            if depth == 0 and text in (",", ")"):
                return text
            depth += (text == "(") - (text == ")")

    def told(self, key: tuple[str, str], columns: list[str] | None, width: int) -> Table:
        """The table of these rows, which a dump of rows alone does not create."""
        if key not in self.dump.tables:
            found = columns or [f"column_{number}" for number in range(1, width + 1)]
            self.dump.tables[key] = Table(*key, found, [""] * len(found))
        return self.dump.tables[key]

    def add(self, table: Table, columns: list[str] | None, row: list[Cell]) -> None:
        given = columns or table.columns
        if len(row) != len(given) or not set(given) <= set(table.columns):
            raise self.wrong(f"a row of {table.schema}.{table.name} with {len(given)} values")
        self.rows += 1
        if self.rows > MAX_ROWS:
            raise LimitError(f"{self.name} has more than {MAX_ROWS:,} rows. Split it.")
        cells = dict(zip(given, row, strict=True))
        table.rows.append(
            [
                _number(str(cell), kind) if kind in WHOLE + REAL and cell is not None else cell
                for kind, cell in (
                    (kind, cells.get(column))
                    for column, kind in zip(table.columns, table.types, strict=True)
                )
            ]
        )

    def listed(self) -> list[str] | None:
        if not self.is_next("("):
            return None
        self.take()
        found = [self.identifier()]
        while self.is_next(","):
            self.take()
            found.append(self.identifier())
        self.expect(")")
        return found

    def insert(self) -> bool:
        if not self.is_next("into"):
            return False
        self.take()
        key = self.table()
        columns = self.listed()
        if not self.is_next("values"):
            return False
        self.take()
        while True:
            self.expect("(")
            row, ended = [], ","
            while ended == ",":
                value, ended = self.value()
                row.append(value)
            self.add(self.told(key, columns, len(row)), columns, row)
            if not self.is_next(","):
                break
            self.take()
        self.expect(";")
        return True

    def value(self) -> tuple[Cell, str]:
        """One value, and the sign that ended it; an expression stays the text that it is."""
        start, tokens, depth = self.at, [], 0
        while True:
            before = self.at
            kind, text = self.take()
            if kind == "sign" and depth == 0 and text in (",", ")"):
                break
            depth += (text == "(") - (text == ")") if kind == "sign" else 0
            tokens.append((kind, text))
        kinds = [kind for kind, _ in tokens]
        if kinds in (["text"], ["word", "text"]):
            return _literal(tokens[-1][1]), text
        if kinds == ["word"] and tokens[0][1].lower() == "null":
            return None, text
        written = self.text[start:before].strip()
        if "number" in kinds:
            told = written.replace(" ", "")
            return _number(told, "int" if told.lstrip("+-").isdigit() else ""), text
        return written, text

    # -- rows as lines

    def copy(self) -> bool:
        count: int | None = None
        if (found := self.peek()) is not None and found[0] == "number":
            told = self.take()[1]
            if not told.isdigit() or len(told) > len(str(MAX_ROWS)):
                raise self.wrong(f"a number of at most {MAX_ROWS:,} records", self.at - len(told))
            count = int(told)
            self.expect("records")
        if not self.is_next("into"):
            return False
        self.take()
        key = self.table()
        columns = self.listed()
        self.expect("from")
        if not self.is_next("stdin"):
            return False
        layout = self.layout()
        if self.text.startswith("\r\n", self.at):
            self.at += 1
        self.at += self.text.startswith("\n", self.at)
        read = 0
        while (count is None or read < count) and self.at < len(self.text):
            if count is None and self.text.startswith((layout.ends, "\\."), self.at):
                break
            row, after = layout.row(self.text, self.at)
            if row is None:
                raise self.wrong(f"a row of {'.'.join(key)}")
            self.add(self.told(key, columns, len(row)), columns, row)
            self.at = after
            read += 1
        if count is not None and read < count:
            raise self.wrong(f"{count:,} rows of {'.'.join(key)}, of which {read:,} are here,")
        return True

    def layout(self) -> Layout:
        """What stands between two cells, ends a row, is around a text, and stands for none."""
        given = ["|", "\n", "", "NULL"]
        while not self.is_next(";"):
            kind, text = self.take()
            if kind != "word" or text.lower() not in ("delimiters", "null"):
                continue
            place = 0 if text.lower() == "delimiters" else 3
            if self.is_next("as"):
                self.take()
            while (found := self.peek()) is not None and found[0] == "text" and place < 4:
                given[place] = _literal(self.take()[1])
                place = place + 1 if place < 2 else 4
                if not self.is_next(","):
                    break
                self.take()
        self.take()
        if not given[0] or not given[1] or len(given[2]) > 1:
            raise self.wrong("DELIMITERS that are not empty, and one quote")
        return Layout(*given)


_STATEMENTS: dict[str, Callable[[_Reader], bool]] = {
    "set": _Reader.set_schema,
    "create": _Reader.create,
    "insert": _Reader.insert,
    "copy": _Reader.copy,
}
