"""RDF that is not quite what its format demands, mended before it is parsed again.

All is done on the text, in one pass and in linear time; lines stay where they are. The rules are
those of ``dm.repairs``.
"""

import re
from collections.abc import Iterator
from itertools import islice
from xml.sax.saxutils import quoteattr

import pyoxigraph as ox

from kprov_capture.identity import ncname
from kprov_rdf.dm import xml_prefixes
from kprov_rdf.dm.repairs import Repairs
from kprov_rdf.errors import LimitError

_HEX = r"u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}"
# Turtle 1.1, section 6.5, with what names and IRIs may not have and documents write in them. A
# string that nothing closes goes on to the end, so that nothing in it is looked at twice.
_TURTLE = re.compile(
    r"#[^\n\r]*+"
    r'|(?P<string>"""(?>[^"\\]++|\\.|"{1,2}+(?!"))*+(?:""")?+'
    r"|'''(?>[^'\\]++|\\.|'{1,2}+(?!'))*+(?:''')?+"
    r'|"(?>[^"\\\n\r]++|\\.)*+"?+|\'(?>[^\'\\\n\r]++|\\.)*+\'?+)'
    r"(?P<tag>@[A-Za-z][\w\-]*+)?"
    r'|(?P<iri><[^<>"\n\r]*+>)'
    r"|(?P<name>(?P<prefix>[\w.\-]*+):(?P<local>(?>[\w.\-:%·/&+=$!*@?~]++|\\[^\n])*+))"
    r"|(?P<word>[\w.\-]++)",
    re.DOTALL,
)
_BAD_ESCAPE = re.compile(rf"\\(?:([tbnrf\"'\\]|{_HEX})|)")
_BAD_IN_IRI = re.compile(rf"\\(?:{_HEX})|%(?![0-9A-Fa-f]{{2}})|[\x00-\x20\"{{}}|\\^`]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_BAD_IN_NAME = re.compile(r"\\.|%[0-9A-Fa-f]{2}|[%/&+=$!*@?~]", re.DOTALL)
_TAG = re.compile(
    r"<!--(?>[^-]++|-(?!->))*+|<!\[CDATA\[(?>[^\]]++|\](?!\]>))*+|<\?(?>[^?]++|\?(?!>))*+"
    r"|(?P<tag><[^\s<>/!?](?>[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+>)",
    re.DOTALL,
)
_GIVEN = re.compile(
    r"(?P<before>\s(?:[\w.\-]+:)?(?P<name>nodeID|ID|about|resource|datatype|lang)\s*=\s*)"
    r"(?P<value>\"[^\"]*+\"|'[^']*+')"
)
_NCNAME = re.compile(r"[^\W\d][\w.\-]*")
_ENTITIES = {"&quot;": '"', "&apos;": "'", "&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY = re.compile("|".join(_ENTITIES))
_BAD_IN_XML = re.compile(r"%(?![0-9A-Fa-f]{2})|[\x00-\x20<>\"{}|\\^`]")
_SHOWN = 200
MAX_STATEMENTS = 3_000_000
_ROUNDS = 3  # more than one where what was mended shows another defect


def parsed(
    data: bytes, form: str, syntax: ox.RdfFormat, base: str | None, repairs: Repairs | None
) -> list[ox.Quad]:
    """The statements of RDF, mended where it has to be and ``repairs`` is given.

    Raises what ``pyoxigraph.parse`` raises, of the document as it is, and ``LimitError``.
    """
    try:
        return at_most(ox.parse(data, syntax, base_iri=base))
    except SyntaxError as error:
        text: bytes | None = data
        for _ in range(_ROUNDS if repairs else 0):
            text = mend(text, form, error, repairs) if text and repairs else None
            if text is None:
                break
            try:
                return at_most(ox.parse(text, syntax, base_iri=base))
            except SyntaxError:
                continue
        raise


def at_most(quads: Iterator[ox.Quad], most: int = MAX_STATEMENTS) -> list[ox.Quad]:
    """The statements. Raises ``LimitError``: two bytes may be one, which takes 500 in memory."""
    found = list(islice(quads, most + 1))
    if len(found) > most:
        raise LimitError(
            f"RDF of more than {most:,} statements takes too much memory to read at once. Split "
            "it, each blank node with all that is said of it."
        )
    return found


def mend(data: bytes, form: str, error: Exception, repairs: Repairs) -> bytes | None:  # noqa: ARG001
    """What is left to parse once all known defects of RDF are mended; None where there are none.

    ``form`` is a key of ``sniff.FORMATS``, ``error`` what the parser said. ``data`` is UTF-8
    without a byte order mark. Raises ``InputError`` where too much is undeclared.
    """
    text = data.decode("utf-8")
    if form == "rdfxml":
        mended = _rdfxml(text, repairs)
    elif form in ("ttl", "trig", "nt", "nq"):
        mended = _Turtle(text, form in ("nt", "nq"), repairs).mended()
    else:
        return None
    found = mended.encode()
    return None if found == data else found


def _percent(found: re.Match[str]) -> str:
    if len(found[0]) > 1:
        return found[0]
    return "".join(f"%{byte:02X}" for byte in found[0].encode())


def _escaped(found: re.Match[str]) -> str:
    """A character that needs a backslash in a name; a % that none helps."""
    if len(found[0]) > 1:
        return found[0]
    return "%25" if found[0] == "%" else f"\\{found[0]}"


def is_legal(iri: str) -> bool:
    """Whether a whole IRI is one: a port has to be a number, for example."""
    try:
        ox.NamedNode(iri)
    except ValueError:
        return False
    return True


def own(base: str, iri: str) -> str:
    """What is no legal IRI, as a name of the document."""
    return base + iri.replace("[", "%5B").replace("]", "%5D")


class _Turtle:
    """Turtle and TriG; ``plain``: N-Triples and N-Quads, which have no prefixes and no base."""

    def __init__(self, text: str, plain: bool, repairs: Repairs) -> None:
        self._text = text
        self._plain = plain
        self._repairs = repairs
        self._declared: dict[str, str] = {}
        # The line in which each prefix is used first before it is declared.
        self._missing: dict[str, int] = {}
        self._declaring: str | None = None  # the word "prefix", then the prefix
        self._line, self._counted = 1, 0

    def mended(self) -> str:
        """The text with declarations in front, and its tokens mended."""
        body = "".join(self._parts())
        return "".join(self._declarations()) + body

    def _declarations(self) -> Iterator[str]:
        for prefix, line in self._missing.items():
            namespace = self._declared.get(prefix)
            if namespace is None:
                # What stands for the document in Turtle that has a base: Taverna leaves it out.
                namespace = self._repairs.namespace(prefix, line, own="#")
            else:
                what = f"{prefix[:_SHOWN]!r} is declared after it is used; read as there"
                self._repairs.add("late-declaration", what, line)
            yield f"@prefix {prefix}: <{namespace}> . "

    def _at(self, start: int) -> int:
        self._line += self._text.count("\n", self._counted, start)
        self._counted = start
        return self._line

    def _parts(self) -> Iterator[str]:
        end = 0
        for found in _TURTLE.finditer(self._text):
            mended = self._token(found)
            if mended != found[0]:
                yield self._text[end : found.start()]
                yield mended
                end = found.end()
        yield self._text[end:]

    def _token(self, found: re.Match[str]) -> str:
        """A token as it has to be, which most are."""
        whole = found[0]
        if found["string"]:
            return self._string(found)
        if found["iri"]:
            mended = self._iri(found)
            if self._declaring is not None:
                self._declared.setdefault(self._declaring, mended[1:-1])
            self._declaring = None
            return mended
        if found["name"] and not self._plain:
            return self._name(found)
        if found["word"]:
            self._declaring = "" if whole.lower() == "prefix" else None
        return whole

    def _string(self, found: re.Match[str]) -> str:
        text, tag = found["string"], found["tag"] or ""
        if "\\" in text:
            mended = _BAD_ESCAPE.sub(lambda one: one[0] if one[1] else "\\\\", text)
            if mended != text:
                what = f"the text {text[:_SHOWN]} has backslashes that escape nothing"
                line = self._at(found.start())
                self._repairs.add("broken-text", f"{what}; read as they stand there", line)
                text = mended
        if "_" in tag:
            what = f"{tag[:_SHOWN]} is no tag of a language; read with -"
            self._repairs.add("language-tag", what, self._at(found.start()))
            tag = tag.replace("_", "-")
        return text + tag

    def _iri(self, found: re.Match[str]) -> str:
        iri = found["iri"][1:-1]
        mended = _BAD_IN_IRI.sub(_percent, iri)
        if mended != iri:
            what = f"<{iri[:_SHOWN]}> has characters that no IRI has; read with them escaped"
            self._repairs.once("illegal-iri", iri, what, self._at(found.start()))
        if self._plain and not _SCHEME.match(mended):
            what = f"<{iri[:_SHOWN]}> is relative; read as a name of the document"
            self._repairs.once("relative-iri", iri, what, self._at(found.start()))
            mended = self._repairs.base + mended
        elif "://" in mended and "\\" not in mended and not is_legal(mended):
            what = f"<{iri[:_SHOWN]}> is no legal IRI; read as a name of the document"
            self._repairs.once("illegal-iri", iri, what, self._at(found.start()))
            mended = own(self._repairs.base, mended)
        return f"<{mended}>"

    def _name(self, found: re.Match[str]) -> str:
        prefix, local = found["prefix"], found["local"]
        if self._declaring == "" and not local:
            self._declaring = prefix
            return found[0]
        self._declaring = None
        if prefix == "_":
            return found[0]
        if prefix not in self._declared and prefix not in self._missing:
            self._missing[prefix] = self._at(found.start())
        mended = _BAD_IN_NAME.sub(_escaped, local)
        if mended != local:
            what = f"{found[0][:_SHOWN]!r} is no name of Turtle; read as {prefix}:{mended[:_SHOWN]}"
            self._repairs.once("illegal-name", found[0], what, self._at(found.start()))
        return f"{prefix}:{mended}"


def _rdfxml(text: str, repairs: Repairs) -> str:
    """RDF/XML: what its attributes have for names, IRIs and languages, and prefixes."""
    line, counted = 1, 0

    def given(found: re.Match[str]) -> str:
        value = found["value"][1:-1]
        mended = _attribute(found["name"], value, repairs)
        return found[0] if mended == value else found["before"] + quoteattr(_plain(mended))

    def tag(found: re.Match[str]) -> str:
        nonlocal line, counted
        if not found["tag"]:
            return found[0]
        line += text.count("\n", counted, found.start())
        counted = found.start()
        repairs.line = line
        return _GIVEN.sub(given, found[0])

    mended = _TAG.sub(tag, text)
    declared = xml_prefixes.declared(mended.encode(), repairs)
    return mended if declared is None else declared.decode()


def _plain(text: str) -> str:
    return _ENTITY.sub(lambda found: _ENTITIES[found[0]], text)


def _attribute(name: str, value: str, repairs: Repairs) -> str:
    plain = _plain(value)
    if name in ("nodeID", "ID"):
        if _NCNAME.fullmatch(plain):
            return value
        mended = ncname(plain)
        what = f"rdf:{name} {plain[:_SHOWN]!r} is no name of XML; read as {mended[:_SHOWN]}"
        repairs.once("illegal-node-id", plain, what)
        return mended
    if name == "lang":
        if "_" not in value:
            return value
        repairs.add("language-tag", f"{value[:_SHOWN]} is no tag of a language; read with -")
        return value.replace("_", "-")
    mended = _BAD_IN_XML.sub(_percent, plain)
    if "://" in mended and not is_legal(mended):
        what = f"<{plain[:_SHOWN]}> is no legal IRI; read as a name of the document"
        repairs.once("illegal-iri", plain, what)
        return own(repairs.base, mended)
    if mended == plain:
        return value
    what = f"<{plain[:_SHOWN]}> has characters that no IRI has; read with them escaped"
    repairs.once("illegal-iri", plain, what)
    return mended
