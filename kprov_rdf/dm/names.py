"""Qualified names of PROV documents, and arguments by name: what the readers share.

A name is nothing but a name here: neither its namespace nor its local part needs to be legal in
an IRI, since real documents have prefixes for relative words and blanks in local parts.
"""

import math
from collections.abc import Callable, Sequence

from kprov_capture.terms import DNNPROV_NAMESPACE, PROV_NAMESPACE
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.dm.model import ABSENT, KINDS, TIMES, Instance, Terms
from kprov_rdf.dm.repairs import Repairs
from kprov_rdf.dm.values import XSD, XSD_VARIANTS
from kprov_rdf.errors import InputError

# Nobody has to declare these.
BUILT_IN = {
    "prov": PROV_NAMESPACE,
    "xsd": XSD,
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
# Names that the writers give blank nodes, and the readers take back (RDF 1.1, section 3.5).
BLANK = f"{DNNPROV_NAMESPACE.rstrip('#/')}/genid/"
# The datatypes of values that are names.
QUALIFIED_NAMES = frozenset(
    (f"{PROV_NAMESPACE}QUALIFIED_NAME", f"{PROV_NAMESPACE}QualifiedName", f"{XSD}QName")
)
# Kinds of PROV-Dictionary, which is no part of PROV-DM.
DICTIONARY = frozenset(("hadDictionaryMember", "derivedByInsertionFrom", "derivedByRemovalFrom"))
MAX_NAMESPACE = 10_000  # characters
MAX_TEXT = 1 << 29  # characters of all terms together
_TOP_INT, _TOP_LONG = 1 << 31, 1 << 63


class UnreadableError(ValueError):
    """A name that means nothing; ``mend`` says what would make it right."""

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(message)
        self.mend = mend


def namespace(iri: str, document: str, repairs: Repairs | None = None, prefix: str = "") -> str:
    """The IRI of a namespace; that of XML Schema in one spelling. Raises ``InputError``.

    With ``repairs``, a relative one is made one of the document's own.
    """
    if len(iri) > MAX_NAMESPACE:
        raise InputError(
            f"{document} declares a namespace of {len(iri):,} characters, more than the "
            f"{MAX_NAMESPACE:,} that are read. Give it a shorter one."
        )
    if repairs is not None:
        return repairs.absolute(prefix, iri)
    return XSD if iri in XSD_VARIANTS else iri


class BoundedTerms(Terms):
    """Terms of a stranger's document: a long namespace makes much of a small one."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self._document = document
        self._size = 0

    def number(self, text: str) -> int:
        """As of ``Terms``. Raises ``InputError`` where all of them become too long."""
        found = self._numbers.get(text)
        if found is None:
            self._size += len(text)
            if self._size > MAX_TEXT:
                raise InputError(
                    f"{self._document} has names and values that take more than "
                    f"{MAX_TEXT >> 20} MiB when they are written out with their namespaces. "
                    "Split it, or give it shorter namespaces."
                )
            found = super().number(text)
        return found


def name_term(iri: str) -> str:
    """The term for a name: that of a blank node, where kprov has named one for a format."""
    return f"_:{iri[len(BLANK) :]}" if iri.startswith(BLANK) else f"<{iri}>"


def of_prov(iri: str) -> str:
    """The local name of a term of PROV; nothing for another."""
    return iri[len(PROV_NAMESPACE) :] if iri.startswith(PROV_NAMESPACE) else ""


class Names(dict[str, int]):
    """The numbers of qualified names, as one scope of prefixes has them.

    ``find`` gives the namespace of a prefix, or of names without one where it is "". A name that
    begins with ``_:`` is an existential variable. ``declare`` tells how a prefix is declared,
    with ``{}`` for it. What begins as an IRI does, ``http://`` or ``urn:``, is one. With
    ``repairs``, a prefix that nothing declares has the namespace that they give it.
    """

    def __init__(
        self,
        terms: Terms,
        find: Callable[[str], str | None],
        declare: str,
        repairs: Repairs | None = None,
    ) -> None:
        super().__init__()
        self._terms = terms
        self._find = find
        self._declare = declare
        self._repairs = repairs

    def __missing__(self, name: str) -> int:
        text = name if name.startswith("_:") else name_term(self.iri(name))
        number = self[name] = self._terms.number(text)
        return number

    def lacks_default(self) -> bool:
        """Whether names without prefix have no namespace."""
        return self._find("") is None

    def iri(self, name: str) -> str:
        """The IRI of a name. Raises ``UnreadableError``."""
        if not name:
            raise UnreadableError("a name is empty", "Write the name, or leave the argument out.")
        prefix, colon, local = name.partition(":")
        found = self._find(prefix if colon else "")
        if found is None and colon:
            found = BUILT_IN.get(prefix)
        if self._repairs:
            self._repairs.name_of(name)
        if found is not None:
            return found + (local if colon else name)
        if local.startswith("//") or (colon and prefix == "urn"):
            return name
        if self._repairs:
            return self._repairs.namespace(prefix if colon else "") + (local if colon else name)
        if not colon:
            raise UnreadableError(
                f"the name {name[:80]!r} has no prefix, and there is no default namespace",
                "Give it a prefix, or declare a default namespace.",
            )
        raise UnreadableError(
            f"the prefix {prefix[:80]!r} of {name[:80]!r} is not declared",
            self._declare.replace("{}", prefix[:80]),
        )


class Times(dict[str, int]):
    """The numbers of times, by what is written. Raises ``ValueError`` for what is no time."""

    def __init__(self, terms: Terms, repairs: Repairs | None = None) -> None:
        super().__init__()
        self._terms = terms
        self._repairs = repairs

    def __missing__(self, lexical: str) -> int:
        try:
            number = self._terms.time(lexical)
        except ValueError:
            mended = self._repairs.time(lexical) if self._repairs else None
            if mended is None:
                raise
            number = self._terms.time(mended)
        self[lexical] = number
        return number


# By kind, the arguments by the names that PROV-DM gives them: the index, and whether it is a time.
ARGUMENTS = {
    kind.name: {name: (index, name in TIMES) for index, name in enumerate(kind.arguments)}
    for kind in KINDS.values()
}
_UNIDENTIFIED = ", ".join(kind.name for kind in KINDS.values() if not kind.identified)


def plain(value: object, terms: Terms) -> int:
    """The term for a value of JSON: a text, a number, true or false. Raises ``UnreadableError``."""
    if isinstance(value, str):
        return terms.literal(value, f"{XSD}string")
    if isinstance(value, bool):
        return terms.literal("true" if value else "false", f"{XSD}boolean")
    if isinstance(value, int):
        small = -_TOP_INT <= value < _TOP_INT
        long = -_TOP_LONG <= value < _TOP_LONG
        kind = "int" if small else "long" if long else "integer"
        return terms.literal(str(value), XSD + kind)
    if isinstance(value, float):
        return terms.literal(lexical(value), f"{XSD}double")
    raise UnreadableError(
        f"a value is {json_kind(value)}", "Write it as a text, a number, true or false."
    )


def lexical(value: object) -> str:
    """What XML Schema writes for a text, number, true or false of JSON."""
    if type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        # Python's own form of them is none of XML Schema's.
        return (
            str(value)
            if math.isfinite(value)
            else str(value).replace("inf", "INF").replace("nan", "NaN")
        )
    return str(value)


def json_kind(value: object) -> str:
    """What a value of JSON is, for a message."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return "null" if value is None else kinds.get(type(value), "a number")


def notes(dictionary: int, identified: int) -> list[str]:
    """What is to be told of statements of PROV-Dictionary, and of identifiers that are none."""
    found = []
    if dictionary:
        plural = "statement" if dictionary == 1 else "statements"
        found.append(f"{dictionary:,} {plural} of PROV-Dictionary, no part of PROV-DM, left out")
    if identified:
        plural = "identifier" if identified == 1 else "identifiers"
        found.append(
            f"{identified:,} {plural} left out, of kinds that PROV-DM gives none: {_UNIDENTIFIED}"
        )
    return found


def add(
    instance: Instance,
    document: str,
    kind: str,
    identifier: int,
    arguments: Sequence[int],
    line: int,
    attributes: Sequence[tuple[int, int]],
) -> None:
    """Add a statement. Raises ``MalformedError`` where a mandatory argument is not there."""
    described = KINDS[kind]
    if ABSENT in arguments[: described.mandatory]:
        missing = [
            name
            for name, argument in zip(
                described.arguments[: described.mandatory], arguments, strict=False
            )
            if argument == ABSENT
        ]
        named = f" {instance.terms.text[identifier]}" if identifier else ""
        raise MalformedError(
            document,
            f"{kind}{named} has no {' and no '.join(missing)}, which PROV-DM demands.",
            line=line,
            mend=f"Add {' and '.join(f'prov:{one}' for one in missing)}.",
        )
    instance.add(kind, identifier, arguments, line, attributes)
