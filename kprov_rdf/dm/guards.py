"""What is refused before, or while, a parser sees a document of a stranger.

The parsers behind are not made for strangers: pyoxigraph's ends the process where JSON or
triple terms are nested deep, and a DTD may name files to read. So depth and DTDs are looked for
first, in linear time, and nothing is ever fetched.
"""

import json
import re
from collections import Counter
from itertools import accumulate
from typing import Any

from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.errors import InputError, UnsupportedError

MAX_DEPTH = 200
BOM = b"\xef\xbb\xbf"
_CHUNK = 1 << 20
_STEPS = [0] * 256
for _opening, _closing in zip(b"{[", b"}]", strict=True):
    _STEPS[_opening], _STEPS[_closing] = 1, -1
_NO_BRACKETS = bytes(byte for byte, step in enumerate(_STEPS) if not step)
_TRIPLE_TERMS = re.compile(rb"<<\(|\)>>")
_XML_ENCODING = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["']([^"']*)""")
_SURROGATES = re.compile(r"\\u[dD][89a-fA-F]")


def too_deep(name: str) -> InputError:
    """The error of a document that is nested too deep."""
    return InputError(
        f"{name} is nested more than {MAX_DEPTH} levels deep, which no provenance is. "
        "It was not read."
    )


def decoded(data: bytes, name: str) -> str:
    """The text of a document, without its byte order mark. Raises ``UnsupportedError``."""
    data = data.removeprefix(BOM)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnsupportedError(
            f"{name} is not UTF-8: line {line} has the byte 0x{data[error.start]:02x}. It is "
            "binary, or encoded otherwise; convert it first, for example with iconv."
        ) from error


def check_rdf(data: bytes, name: str) -> None:
    """Refuse what would end the process in the parser of Turtle, TriG, N-Triples, N-Quads."""
    depth = 0
    for found in _TRIPLE_TERMS.finditer(data):
        depth += 1 if found[0] == b"<<(" else -1
        if depth > MAX_DEPTH:
            raise too_deep(name)


def check_xml(data: bytes, name: str) -> None:
    """Refuse DTDs, wherever they stand, and encodings that could hide one."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise InputError(
            f"{name} has a DOCTYPE, which could make the parser read other files. PROV-XML needs "
            "none; take it out and try again."
        )
    declared = _XML_ENCODING.match(data.removeprefix(BOM))
    if declared and declared[1].upper() not in (b"UTF-8", b"ASCII", b"US-ASCII"):
        raise InputError(
            f"{name} is encoded as {declared[1].decode('ascii', 'replace')}. Convert it to UTF-8 "
            "first, for example with iconv."
        )


def load_json(data: bytes, name: str) -> Any:
    """JSON that is not nested too deep.

    Raises ``MalformedError``, with line and column where it is no JSON, and ``InputError`` for
    what is over a limit.
    """

    def unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            again = Counter(key for key, _ in pairs).most_common(1)[0][0]
            raise MalformedError(
                name,
                f"It has the key {again!r} twice in one object, of which JSON keeps one: "
                "something would be lost.",
                mend="Make it one key.",
            )
        return found

    try:
        # As text: of bytes, json would guess the encoding, and not always as UTF-8.
        found = json.loads(decoded(data, name), object_pairs_hook=unrepeated)
    except RecursionError as error:
        raise too_deep(name) from error
    except json.JSONDecodeError as error:
        raise MalformedError(
            name, f"It is no JSON: {error.msg}.", line=error.lineno, column=error.colno
        ) from error
    except ValueError as error:  # a number with too many digits
        raise InputError(f"{name} is no JSON that is read: {error}.") from error
    # Only now, since in JSON that is none, what is within a text could not be told.
    if _json_depth(data) > MAX_DEPTH:
        raise too_deep(name)
    return found


def _json_depth(data: bytes) -> int:
    """How deep valid JSON is nested."""
    if b"\\" in data:
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    deepest = depth = 0
    within = 0  # a text, at the beginning of the chunk
    for start in range(0, len(data), _CHUNK):
        parts = data[start : start + _CHUNK].split(b'"')
        brackets = b"".join(parts[within::2]).translate(None, _NO_BRACKETS)
        within ^= (len(parts) - 1) & 1
        levels = list(accumulate(map(_STEPS.__getitem__, brackets), initial=depth))
        deepest, depth = max((deepest, max(levels))), levels[-1]
    return deepest


def check_characters(text: str, found: Any, name: str) -> None:
    """Refuse halves of characters, which JSON can write and nothing else can."""
    if not _SURROGATES.search(text):
        return
    try:
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise MalformedError(
            name,
            f"It has one half of a character alone, \\u{ord(error.object[error.start]):04x}.",
            mend="Write the character whole.",
        ) from error


def refuse_contexts(found: Any, name: str) -> None:
    """Refuse JSON-LD whose @context is an address: nothing is fetched from the network."""
    stack: list[Any] = [found]
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            stack += one
        if not isinstance(one, dict):
            continue
        stack += one.values()
        given = one.get("@context")
        contexts = [*(given if isinstance(given, list) else [given]), one.get("@import")]
        for context in contexts:
            if not isinstance(context, str):
                continue
            if "w3id.org/ro/crate" in context:
                raise UnsupportedError(
                    f"{name} looks like an RO-Crate. It tells its provenance in the terms of "
                    "schema.org, which kprov does not read."
                )
            raise UnsupportedError(
                f"The @context of {name} is at {context}, and kprov fetches nothing from the "
                "network. Write the context into the document, or expand it first with a "
                "JSON-LD processor."
            )
