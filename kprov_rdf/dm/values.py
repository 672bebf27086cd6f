"""Values of attributes as texts that are equal where the values are the same."""

import re
from collections.abc import Callable
from decimal import Decimal

from kprov_rdf.dm.times import time_term

XSD = "http://www.w3.org/2001/XMLSchema#"
# What documents call it: PROV-DM's own table of namespaces, and XML Schema without its "#".
XSD_VARIANTS = frozenset((XSD, XSD[:-1], "http://www.w3.org/2000/10/XMLSchema#"))
_SPECIAL = re.compile(r'[\x00-\x1f"\\\x7f]')
_ESCAPES = {
    "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\",
}  # fmt: skip
_INTEGER = re.compile(r"([+-]?)0*(\d+)", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INTEGERS = (
    "integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger",
    "nonPositiveInteger", "negativeInteger", "unsignedLong", "unsignedInt", "unsignedShort",
    "unsignedByte",
)  # fmt: skip
# Longer ones are taken as they are written: nobody writes them in two ways.
_MOST_DIGITS = 100


def _boolean(lexical: str) -> str:
    return {"1": "true", "0": "false"}.get(lexical, lexical)


def _integer(lexical: str) -> str:
    found = _INTEGER.fullmatch(lexical)
    if not found:
        return lexical
    return ("-" if found[1] == "-" and found[2] != "0" else "") + found[2]


def _decimal(lexical: str) -> str:
    found = _NUMBER.fullmatch(lexical)
    if not found or found[2] or len(lexical) > _MOST_DIGITS:
        return lexical
    number = Decimal(lexical)
    return f"{number.normalize():f}" if number else "0"


def _double(lexical: str) -> str:
    found = _NUMBER.fullmatch(lexical)
    return repr(float(lexical)) if found and len(lexical) <= _MOST_DIGITS else lexical


def _time(lexical: str) -> str:
    try:
        return time_term(lexical)[1:-1]
    except ValueError:
        return lexical


# XML Schema part 2, section 3: of some types, one way to write each value.
VALUES: dict[str, Callable[[str], str]] = {
    **{f"{XSD}{name}": _integer for name in _INTEGERS},
    f"{XSD}boolean": _boolean,
    f"{XSD}decimal": _decimal,
    f"{XSD}double": _double,
    f"{XSD}float": _double,
    f"{XSD}dateTime": _time,
}


def _escaped(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04X}"


def written_term(lexical: str, datatype: str, language: str = "") -> str:
    """As ``literal_term``, but as it is written: not one of the ways to write its value."""
    text = _SPECIAL.sub(_escaped, lexical) if _SPECIAL.search(lexical) else lexical
    return f'"{text}"@{language}' if language else f'"{text}"^^<{datatype}>'


def literal_term(lexical: str, datatype: str = f"{XSD}string", language: str = "") -> str:
    """The text for ``Terms`` of a literal: ``"a"^^<datatype>``, or ``"a"@en`` with a language.

    It is escaped as in N-Triples. Tags of languages are the same in any case of letters; so are
    the ways to write one number, truth value or time.
    """
    if datatype in VALUES:
        lexical = VALUES[datatype](lexical.strip())
    return written_term(lexical, datatype, language.lower())
