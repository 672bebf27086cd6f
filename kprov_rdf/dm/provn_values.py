"""What stands within the expressions of PROV-N: times, attributes, and whole extensions."""

import re

from kprov_capture.terms import PROV_NAMESPACE
from kprov_rdf.dm.dictionaries import Part
from kprov_rdf.dm.model import Terms
from kprov_rdf.dm.provn_lexer import NAME, NUMBER, QUOTED_NAME, STRING, TIME, Tokens
from kprov_rdf.dm.provn_names import Names
from kprov_rdf.dm.repairs import Repairs
from kprov_rdf.dm.values import XSD, literal_term

_DIGITS = re.compile(r"[0-9]+")
_FLOAT = re.compile(r"[0-9]+\.[0-9]+(?:[eE][0-9]+)?")
_LANGUAGE = re.compile(r"@([A-Za-z]+(?:-[A-Za-z0-9]+)*)")
_PREFIXED = re.compile(r"[^\W\d][\w.-]*:[^\s<>\"{}|^`]*")
_REFERENCES = (f"<{PROV_NAMESPACE}QUALIFIED_NAME>", f"<{XSD}QName>")
_CLOSING = {"(": ")", "{": "}"}


def time(tokens: Tokens, terms: Terms, found: re.Match[str]) -> int:
    """The number of a ``TIME``. Raises ``MalformedError`` where there is no such time."""
    try:
        return terms.time(found[TIME])
    except ValueError as error:
        raise tokens.wrong(f"{error}.", "", found) from error


def pairs(tokens: Tokens, names: Names) -> list[tuple[int, int]]:
    """Production 9: the numbers of attributes and values, from the ``[`` to after the ``]``."""
    tokens.advance()
    found: list[tuple[int, int]] = []
    if tokens.text == "]":
        tokens.advance()
        return found
    while True:
        if tokens.kind != NAME:
            raise tokens.error("The name of an attribute is missing")
        attribute = names.attribute(tokens.text, tokens.error)
        tokens.advance()
        if tokens.text != "=":
            raise tokens.error("An attribute has '=' and a value")
        tokens.advance()
        found.append((attribute, value(tokens, names)))
        if tokens.text == ",":
            tokens.advance()
        else:
            tokens.expect("]", "',' or ']' is missing after an attribute")
            return found


def value(tokens: Tokens, names: Names) -> int:
    """Section 3.7.3: the number of a literal; that of a qualified name where it is one."""
    kind, text = tokens.kind, tokens.text
    if kind == QUOTED_NAME:
        number = names.numbers.get(text[1:-1]) or names.number(text[1:-1], tokens.error)
        tokens.advance()
        return number
    if kind == NUMBER or (kind == NAME and _DIGITS.fullmatch(text)):
        tokens.advance()
        # What all tools take it for, where the Recommendation has an example with xsd:integer.
        return names.terms.literal(text, f"{XSD}int")
    if kind == NAME and names.repairs:
        return _unquoted(tokens, names, names.repairs)
    if kind != STRING:
        raise tokens.error(
            "A value is missing",
            """It is a text between " and ", an integer, or a name between ' and '.""",
        )
    lexical, begun = tokens.plain(), tokens.found
    tokens.advance()
    if tokens.text == "%%":
        tokens.advance()
        return _typed(lexical, begun, tokens, names)
    if tokens.kind == NAME and tokens.text.startswith("@"):
        language = _LANGUAGE.fullmatch(_tag(tokens.text, names.repairs))
        if language is None:
            raise tokens.error("That is no tag of a language", "One looks like @en or @en-GB.")
        tokens.advance()
        return names.terms.literal(lexical, f"{XSD}string", language[1])
    return names.terms.number(literal_term(lexical))


def _tag(text: str, repairs: Repairs | None) -> str:
    if repairs and "_" in text:
        repairs.add("language-tag", f"{text[:80]} is no tag of a language; read with -")
        return text.replace("_", "-")
    return text


def _unquoted(tokens: Tokens, names: Names, repairs: Repairs) -> int:
    """A value that lacks its quotes, where it is one word: a number, true or false, or a name."""
    text = tokens.text
    kind = "boolean" if text in ("true", "false") else "double" if _FLOAT.fullmatch(text) else ""
    what = kind or ("name" if ":" in text else "text")
    repairs.add("broken-attribute", f"the value {text[:80]} has no quotes; read as a {what}")
    if what == "name":
        number = names.number(text, tokens.error)
    else:
        number = names.terms.literal(text, f"{XSD}{kind or 'string'}")
    tokens.advance()
    return number


def _typed(lexical: str, begun: re.Match[str], tokens: Tokens, names: Names) -> int:
    if tokens.kind != NAME:
        raise tokens.error("'%%' is followed by the name of a datatype", "As in %% xsd:double.")
    text = tokens.text
    datatype = names.terms.text[names.numbers.get(text) or names.number(text, tokens.error)]
    tokens.advance()
    if datatype in _REFERENCES and _PREFIXED.fullmatch(lexical):
        return names.number(lexical, lambda said, mend: tokens.error(said, mend, begun))
    return names.terms.literal(lexical, datatype[1:-1])


def extension(tokens: Tokens, names: Names) -> list[Part]:
    """Production 49: what stands in the brackets of an extension, whose name is next.

    Expressions and tuples may stand in each other, as deep as they like.
    """
    tokens.advance()
    tokens.expect("(", "An extension has its arguments in '(' and ')'")
    whole: list[Part] = []
    # What closes each level, whether it is an expression, which may have attributes, and its parts.
    levels: list[tuple[str, bool, list[Part]]] = [(")", True, whole)]
    first = True
    while True:
        _, may_have_attributes, parts = levels[-1]
        named = first and (tokens.kind == NAME or tokens.text == "-")
        if tokens.text in _CLOSING:
            _open(levels, _CLOSING[tokens.text], False)
            tokens.advance()
            first = False
            continue
        if tokens.text == "[" and may_have_attributes and not first:
            parts.append(tuple(pairs(tokens, names)))
            if tokens.text != ")":
                raise tokens.error("')' is missing after the attributes")
        else:
            word = tokens.kind == NAME and not _DIGITS.fullmatch(tokens.text)
            parts.append(_argument(tokens, names))
            if word and tokens.text == "(":
                _open(levels, ")", True)
                tokens.advance()
                first = True
                continue
        first = False
        if tokens.text == ";" and named:
            parts.append(";")
            tokens.advance()
            continue
        while tokens.text == levels[-1][0]:
            levels.pop()
            tokens.advance()
            if not levels:
                return whole
        tokens.expect(",", f"',' or '{levels[-1][0]}' is missing")


def _open(levels: list[tuple[str, bool, list[Part]]], closing: str, is_expression: bool) -> None:
    inner: list[Part] = []
    levels[-1][2].append(inner)
    levels.append((closing, is_expression, inner))


def _argument(tokens: Tokens, names: Names) -> int:
    """The number of an argument that has no brackets; 0 for "-"."""
    if tokens.kind == NAME and not _DIGITS.fullmatch(tokens.text):
        number = names.number(tokens.text, tokens.error)
        tokens.advance()
        return number
    if tokens.kind == TIME:
        number = time(tokens, names.terms, tokens.found)
        tokens.advance()
        return number
    if tokens.text == "-":
        tokens.advance()
        return 0
    return value(tokens, names)
