"""Values of attributes as texts that are equal where the values are the same."""

import re

XSD = "http://www.w3.org/2001/XMLSchema#"
# What documents call it: PROV-DM's own table of namespaces, and XML Schema without its "#".
XSD_VARIANTS = frozenset((XSD, XSD[:-1], "http://www.w3.org/2000/10/XMLSchema#"))
_SPECIAL = re.compile(r'[\x00-\x1f"\\\x7f]')
_ESCAPES = {
    "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\",
}  # fmt: skip


def _escaped(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04X}"


def literal_term(lexical: str, datatype: str = f"{XSD}string", language: str = "") -> str:
    """The text for ``Terms`` of a literal: ``"a"^^<datatype>``, or ``"a"@en`` with a language.

    It is escaped as in N-Triples. Tags of languages are the same in any case of letters.
    """
    text = _SPECIAL.sub(_escaped, lexical) if _SPECIAL.search(lexical) else lexical
    return f'"{text}"@{language.lower()}' if language else f'"{text}"^^<{datatype}>'
