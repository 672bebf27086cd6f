"""Looks at the text of a query before an engine does (SPARQL 1.1, section 19.8).

Oxigraph has no switch for SERVICE, recurses over brackets, and takes its keywords
without a blank around them (``SERVICE:x{…}``, ``trueSERVICE<…>{…}``).
"""

import re
from collections.abc import Container, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from kprov_rdf.errors import InputError, RefusedError

MAX_DEPTH = 100
_SHORT = 10_000  # of characters: the tokens of so long a query are kept, since it may come again
_PROLOGUE = {"PREFIX", "BASE"}

_NAME = r"[^\W\d][\w·-]*+(?:\.++[\w·-]++)*+"
_ESCAPED = r"%[0-9A-Fa-f]{2}|\\."
_LOCAL = rf"(?:[\w:]|{_ESCAPED})(?:[\w:·-]|{_ESCAPED})*+(?:\.++(?:[\w:·-]|{_ESCAPED})++)*+"
_TOKEN = re.compile(
    rf"""
      (?P<space>\s+|\#[^\r\n]*)
    | (?P<iri><[^<>"{{}}|^`\\\x00-\x20]*>)
    | (?P<string>\"\"\"(?:"{{0,2}}(?:[^"\\]|\\.))*\"\"\"|'''(?:'{{0,2}}(?:[^'\\]|\\.))*'''
        |"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*')
    | (?P<variable>[?$]\w+)
    | (?P<tag>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
    | (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<name>(?:_|{_NAME})?:(?:{_LOCAL})?)
    | (?P<word>[^\W\d]\w*)
    | (?P<open>[(\[{{])
    | (?P<close>[)\]}}])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """One token: its kind (a group of the grammar above), its text, and where it starts."""

    kind: str
    text: str
    start: int


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a query without blanks and comments. Never fails: it does not parse."""
    return iter(_kept(text)) if len(text) <= _SHORT else _read(text)


@lru_cache(64)
def _kept(text: str) -> tuple[Token, ...]:
    return tuple(_read(text))


def _read(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        if kind != "space":
            yield Token(kind, match[0], match.start())


def names_dataset(text: str) -> bool:
    """Whether the query says FROM: Oxigraph ignores it where the default graph is the union."""
    return any(one.kind == "word" and one.text.upper().startswith("FROM") for one in tokens(text))


_UPDATES = {"INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH"}


def what_is_wrong(text: str, known: Container[str]) -> str:
    """What a query that does not parse most likely lacks; "" where that is not to be seen.

    ``known`` are the prefixes that need no declaration.
    """
    found = list(tokens(text))
    if not found:
        return "The query is empty. Try: SELECT * { ?s ?p ?o } LIMIT 10"
    declared: set[str] = set()
    names: dict[str, Token] = {}
    for before, token in pairwise([Token("", "", 0), *found]):
        if token.kind == "name":
            prefix = token.text.partition(":")[0]
            if before.text.upper() == "PREFIX":
                declared.add(prefix)
            elif prefix != "_":
                names.setdefault(prefix, token)
    first = next((t for t in found if t.kind == "word" and t.text.upper() not in _PROLOGUE), None)
    if first and first.text.upper() in _UPDATES:
        return f"This is an update ({first.text.upper()}); only queries are answered here."
    for prefix, token in names.items():
        if prefix not in declared and prefix not in known:
            return (
                f"The prefix {prefix}: of {token.text} is not declared. Put PREFIX {prefix}: <…> "
                "before the query."
            )
    return ""


def in_order(text: str, names: list[str]) -> list[str]:
    """The columns of an answer: those of ``SELECT *`` as the query names them first.

    SPARQL says nothing of their order (section 18.2.1), and Oxigraph sorts them.
    """
    found = list(tokens(text))
    forms = [token.text.upper() for token in found]
    at = forms.index("SELECT") + 1 if "SELECT" in forms else 0
    at += forms[at : at + 1] in (["DISTINCT"], ["REDUCED"])
    if forms[at : at + 1] != ["*"]:
        return names
    seen = dict.fromkeys(token.text[1:] for token in found if token.kind == "variable")
    return [name for name in seen if name in names] + [n for n in names if n not in seen]


def refuse_deep(text: str) -> None:
    """Raise ``InputError`` for nesting beyond ``MAX_DEPTH``: it would end the process."""
    depth = 0
    for token in tokens(text):
        depth += (token.kind == "open") - (token.kind == "close")
        if depth > MAX_DEPTH:
            raise InputError(f"The query is nested more than {MAX_DEPTH} levels deep. Simplify it.")


_BETWEEN = r"(?:\s|\#[^\r\n]*(?:[\r\n]|\Z))*+"
_SERVICE = re.compile(
    rf"service{_BETWEEN}(?:silent{_BETWEEN})?"
    rf"(?:<[^>]*+>|[?$]\w++|[^\s{{}}<>\"'\#:]*+:[^\s{{}}]*?){_BETWEEN}\{{",
    re.IGNORECASE,
)


def refuse_service(text: str) -> None:
    """Raise ``RefusedError`` for SERVICE: it would send requests from here to anywhere.

    The whole text is searched, strings and comments too. To know them one would have to
    parse exactly as the engine does: ``1<2)SERVICE#>`` is an IRI to one that takes the
    sign for a bracket. So a string that holds a whole clause is refused as well.
    """
    if _SERVICE.search(text):
        raise RefusedError(
            "SERVICE is refused: this server sends no requests for a query. Ask the other "
            "endpoint yourself, and merge what it answers with 'kprov merge'."
        )


_SHOWN = 100  # of the line with a syntax error, so many characters around it


def syntax_message(text: str, error: str, prefixes: Mapping[str, str]) -> str:
    """The place of a syntax error, without the grammar's list of all that could stand there."""
    told = what_is_wrong(text, prefixes)
    if told:
        return told
    found = re.match(r"error at (\d+):(\d+): (.*)", error, re.DOTALL)
    if not found:
        return f"The query is not SPARQL 1.1: {error}."
    line, column = int(found[1]), int(found[2])
    lines = text.splitlines() or [""]
    shown = lines[min(line, len(lines)) - 1]
    start = max(0, column - _SHOWN // 2)
    shown, before = shown[start : start + _SHOWN], min(column - 1, column - 1 - start)
    detail = "" if found[3].startswith("expected") else f" ({found[3]})"
    return (
        f"The query is not SPARQL 1.1: it cannot go on as it does at line {line}, column {column}"
        f"{detail}.\n  {shown}\n  {' ' * before}^"
    )


_UNSELECTED = re.compile(r".*does not contains? variable \?(\w+) in its SELECT.*").match


def failure_message(error: str) -> str:
    """Why a query that is SPARQL was not answered."""
    unselected = _UNSELECTED(error)
    if unselected:
        return (
            f"The parameter {unselected[1]} is no variable that the query selects. Write "
            f"?{unselected[1]} after SELECT."
        )
    return f"The query cannot be answered: {error}."


_AFTER_ORDER = {"LIMIT", "OFFSET", "VALUES", "HAVING", "NOT", "EXISTS"}
# What these give is of one type, or nothing.
_OF_ONE_TYPE = {"STR", "STRLEN", "xsd:double", "xsd:integer", "COUNT"}
_XSD_STRING = "<http://www.w3.org/2001/XMLSchema#string>"
# In the gaps is what is ordered by. An IRI has no language, and is of no kind. What is no value of
# its type is less than nothing, not even false.
_KIND = (
    "IF(isNumeric(", '), "", IF(LANG(', ') != "" || DATATYPE(', f') = {_XSD_STRING}, "text", '
    "CONCAT(STR(DATATYPE(", ")), IF(REGEX(STR(",
    '), "(Z|[+-][0-9][0-9]:[0-9][0-9])$"), "Z", ""), COALESCE(STR(', " < ", '), "none"))))',
)  # fmt: skip


def _condition_end(found: list[Token], start: int) -> int:
    """The end of the condition of an ORDER BY that starts there; ``start`` where there is none."""
    if start == len(found):
        return start
    first = found[start]
    if first.kind == "variable":
        return start + 1
    called = first.kind in ("word", "name", "iri") and first.text.upper() not in _AFTER_ORDER
    depth = 0
    for at in range(start + called, len(found)):
        depth += (found[at].kind == "open") - (found[at].kind == "close")
        if found[at].text == ")" and not depth:
            return at + 1
        if not depth or found[start + called].text != "(":
            break
    return start


@lru_cache(maxsize=64)
def in_kinds(text: str) -> str:
    """The query with each ORDER BY by the kind of its values first, then by them.

    SPARQL leaves the order of values of different kinds open (section 15.1). Oxigraph compares some
    pairs of them as text, so that 5 < 30, 30 < "4"^^xsd:date and that < 5; sorting by this ends
    the process. Numbers, texts, IRIs, and times with and without a zone are a kind each.
    """
    found = list(tokens(text))
    graphs = {two.text for one, two in pairwise(found) if one.text.upper() == "GRAPH"}
    edits: list[tuple[int, str]] = []
    for at, (one, two) in enumerate(pairwise(found)):
        if (one.text.upper(), two.text.upper()) != ("ORDER", "BY"):
            continue
        start = at + 2
        while (end := _condition_end(found, start)) > start:
            first = found[start].text.upper()
            direction = first if first in ("ASC", "DESC") else "ASC"
            inner = start + (first in ("ASC", "DESC"))
            last = found[end - 1]
            condition = text[found[inner].start : last.start + len(last.text)]
            one_kind = found[inner].text in _OF_ONE_TYPE | graphs or "{" in condition
            if not one_kind:
                kind = f"({condition})".join(_KIND)
                edits.append((found[start].start, f" {direction}({kind}) "))
            start = end
    for place, kind in reversed(edits):
        text = text[:place] + kind + text[place:]
    return text
