"""Expressions that are no PROV-N, as what they are meant to be.

Tools that write PROV-N by putting texts together escape nothing: quotes and backslashes in a
text, commas, blanks and quotes in a name. What such an expression means can mostly be told: an
attribute ends where the next one begins, an argument at its comma. All here takes linear time.
"""

import re
from collections.abc import Iterator

from kprov_rdf.dm.model import KINDS
from kprov_rdf.dm.provn_lexer import LEGAL_NAME, LOCAL_CHARACTER, PREFIX
from kprov_rdf.dm.repairs import Repairs

# Where an expression or another part of a document begins: always at the beginning of a line.
STARTS = re.compile(
    r"^[ \t]*(?=[A-Za-z][\w.\-]*(?::[\w.\-]+)?[ \t]*\(|//|/\*"
    r"|(?:prefix|default|bundle|endBundle|endDocument)\b)",
    re.MULTILINE,
)
MAX_EXPRESSION = 1 << 20  # characters
_BEGINNING = re.compile(r"\s*([A-Za-z]\w*)\s*\(")
_ENDING = re.compile(r"\s*(?://[^\n]*)?\s*")
# What may be another expression, or part of a text: that is not for us to tell.
_ANOTHER = re.compile(rf"\)\s*(?:{'|'.join(KINDS)})\s*\(")
_KEY = r"[A-Za-z_][\w.\-]*(?::[\w.\-]+)?"
_ATTRIBUTES = re.compile(rf",\s*\[\s*(?={_KEY}\s*:?=|\]\s*\Z)")
_NEXT = re.compile(rf",\s*(?={_KEY}\s*:?=)")
_PAIR = re.compile(rf"\s*({_KEY})\s*(:?)=\s*")
_CLOSED = re.compile(r'"\s*(%%\s*[\w.\-]+:[\w.\-]+|@[A-Za-z][\w\-]*)?\s*\Z')
_TAIL = 300  # characters in which a text ends, with its datatype
_LEGAL_TEXT = re.compile(
    r'(?:"""(?>[^"\\]++|\\[tbnrf"\'\\]|\\u[0-9A-Fa-f]{4}|"{1,2}+(?!"))*+"""'
    r'|(?!""")"(?>[^"\\\r\n]++|\\[tbnrf"\'\\]|\\u[0-9A-Fa-f]{4})*+")\Z'
)
_ESCAPED_ALL = re.compile(r"(?>[^\\]++|\\[tbnrf\"'\\]|\\u[0-9A-Fa-f]{4})*+")
_TIME = re.compile(r"-?[0-9]{4,}-[0-9]{2}-[0-9]{2}([T ].*)?")
_WORD = re.compile(r"-?[0-9]+|[\w.]+")
_QUALIFIED = re.compile(r"[^\W\d][\w.\-]*:\S+")
_ENCLOSED = ("<>", "''", '""')
_BACKSLASHED = frozenset("='(),-:;[].\"")
_SHOWN = 200


def statement(text: str, repairs: Repairs) -> str | None:
    """One expression in PROV-N, from its name to its last ``)``; None where no rule tells it."""
    begun = _BEGINNING.match(text)
    end = text.rfind(")")
    if (
        begun is None
        or begun[1] not in KINDS
        or len(text) > MAX_EXPRESSION
        or end < begun.end()
        or not _ENDING.fullmatch(text, end + 1)
        or _ANOTHER.search(text, begun.end())
    ):
        return None
    inner = text[begun.end() : end].rstrip()
    found = _ATTRIBUTES.search(inner)
    arguments, pairs = inner, ""
    if found:
        if not inner.endswith("]"):
            return None
        arguments = inner[: found.start()]
        given = _pairs(inner[found.end() : -1], repairs)
        if given is None:
            return None
        pairs = f", [{', '.join(given)}]"
    parts, identified = _arguments(arguments)
    names = [_argument(part, repairs) for part in parts]
    if identified:
        names[:2] = [f"{names[0]}; {names[1]}"]
    return f"{begun[1]}({', '.join(names)}{pairs})"


def _arguments(text: str) -> tuple[list[str], bool]:
    """The arguments, and whether the first is an identifier, which ``;`` follows."""
    parts, identified, closed = _split(text, True)
    return (parts, identified) if closed else _split(text, False)[:2]


def _split(text: str, nested: bool) -> tuple[list[str], bool, bool]:
    """Split at commas; if ``nested``, not within quotes and brackets, which then must close."""
    parts: list[str] = []
    start = depth = 0
    quoted = identified = False
    for at, one in enumerate(text):
        if nested and one == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif nested and one in "([{":
            depth += 1
        elif nested and one in ")]}":
            depth -= 1
        elif not depth and (one == "," or (one == ";" and not parts)):
            identified = identified or one == ";"
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return parts, identified, not (quoted or depth)


def _argument(text: str, repairs: Repairs) -> str:
    """A name, a time or ``-`` as PROV-N has it."""
    text = text.strip()
    bare = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    if _TIME.fullmatch(bare) and (bare != text or " " in bare):
        return repairs.time(bare) or bare
    if not text:
        repairs.add("empty-name", "an argument is empty; read as left out")
        return "-"
    return _name(text, repairs)


def _name(text: str, repairs: Repairs) -> str:
    """A qualified name, escaped where it has to be."""
    if text == "-" or LEGAL_NAME.fullmatch(text) or _TIME.fullmatch(text):
        return text
    if len(text) > 2 and text[0] + text[-1] in _ENCLOSED and LEGAL_NAME.fullmatch(text[1:-1]):
        what = f"{text[:_SHOWN]} is no name of PROV-N; read as {text[1:-1][:_SHOWN]}"
        repairs.once("illegal-name", text, what)
        return text[1:-1]
    prefix, colon, local = text.partition(":")
    if not (colon and PREFIX.fullmatch(prefix)):
        prefix, colon, local = "", "", text
    if colon and local.startswith(f"{prefix}:"):
        local = local[len(prefix) + 1 :]
        what = f"{text[:_SHOWN]!r} has its prefix twice; read as {prefix}:{local[:_SHOWN]}"
        repairs.once("doubled-prefix", text, what)
        if LEGAL_NAME.fullmatch(f"{prefix}:{local}"):
            return f"{prefix}:{local}"
    name = f"{prefix}{colon}{_local(local)}"
    what = f"{text[:_SHOWN]!r} is no name of PROV-N; read as {name[:_SHOWN]}"
    repairs.once("illegal-name", text, what)
    return name


def _local(text: str) -> str:
    """A local name (PROV-N section 3.7.1), with escapes where it needs them."""
    last = len(text) - 1
    return "".join(
        one
        if LOCAL_CHARACTER.fullmatch(one)
        and not (one == "-" and at == 0)
        and not (one == "." and at in (0, last))
        else f"\\{one}"
        if one in _BACKSLASHED
        else "".join(f"%{byte:02X}" for byte in one.encode())
        for at, one in enumerate(text)
    )


def _pieces(text: str) -> Iterator[str]:
    """The attributes. One that begins with a quote and does not end with it goes on."""
    start = 0
    for found in _NEXT.finditer(text):
        if not _open(text, start, found.start()):
            yield text[start : found.start()]
            start = found.end()
    yield text[start:]


def _open(text: str, start: int, end: int) -> bool:
    """Whether the attribute that begins at ``start`` has a text that is not closed at ``end``."""
    begun = _PAIR.match(text, start, end)
    if begun is None or text[begun.end() : begun.end() + 1] != '"':
        return False
    after = begun.end() + 1
    return not _CLOSED.search(text, max(after, end - _TAIL), end)


def _pairs(text: str, repairs: Repairs) -> list[str] | None:
    """Attributes in PROV-N; None where one is none."""
    if not text.strip():
        return []
    given = []
    for piece in _pieces(text):
        found = _PAIR.match(piece)
        value = piece[found.end() :].strip() if found else ""
        if found is None or not value:
            return None
        if found[2]:
            repairs.add("broken-attribute", f"{found[1]} is followed by ':='; read as '='")
        mended = _value(found[1], value, repairs)
        if mended is None:
            return None
        given.append(f"{found[1]}={mended}")
    return given


def _value(key: str, text: str, repairs: Repairs) -> str | None:
    if text[0] == '"':
        found = _CLOSED.search(text, max(1, len(text) - _TAIL))
        return None if found is None else _text(key, text, found.start(), repairs)
    if text[0] == "'" == text[-1] and len(text) > 2:
        return f"'{_name(text[1:-1], repairs)}'"
    if _WORD.fullmatch(text):
        return text  # told by who reads it
    name = _QUALIFIED.fullmatch(text)
    what = "name" if name else "text"
    shown = f"{key} has the value {text[:_SHOWN]} without quotes; read as a {what}"
    repairs.add("broken-attribute", shown)
    return f"'{_name(text, repairs)}'" if name else f'"{_quoted(text)}"'


def _text(key: str, text: str, closing: int, repairs: Repairs) -> str:
    """A text with its quotes and backslashes escaped, and what follows it."""
    after = text[closing + 1 :]
    if _LEGAL_TEXT.fullmatch(text, 0, closing + 1):
        return text
    width = 3 if text.startswith('"""') and text[: closing + 1].endswith('"""') else 1
    inner = text[width : max(width, closing + 1 - width)]
    what = f"the text of {key}, {inner[:_SHOWN]!r}, has quotes or backslashes that are not escaped"
    repairs.add("broken-text", f"{what}; read to its last quote")
    return f'"{_quoted(inner)}"{after}'


def _quoted(inner: str) -> str:
    """What stands between two quotes. Backslashes that already escape what can be are kept."""
    if not _ESCAPED_ALL.fullmatch(inner):
        inner = inner.replace("\\", "\\\\")
    bare = re.sub(r'(?<!\\)((?:\\\\)*)"', r'\1\\"', inner)
    return bare.replace("\n", "\\n").replace("\r", "\\r")
