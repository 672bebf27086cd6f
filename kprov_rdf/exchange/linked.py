"""JSON-LD of others as statements: nothing is fetched, and nothing that a key says is left out.

A key, or a class, that no context defines becomes a term of kprov's own, as the names of other
tools do (``Statements.property``). JSON-LD would leave it out, which loses what was said.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyoxigraph as ox

from kprov_capture.identity import ncname
from kprov_capture.nquads import double
from kprov_capture.terms import PROV_NAMESPACE, RDF_TYPE, RDFS_LABEL, XSD_NAMESPACE
from kprov_rdf.errors import InputError, LimitError, UnsupportedError
from kprov_rdf.exchange import blanks, contexts, mend
from kprov_rdf.exchange.scope import Scope
from kprov_rdf.exchange.statements import OWL_DATATYPE_PROPERTY

_ILLEGAL = re.compile(r"[\x00-\x20<>\"{}|\\^`]")
_LIKE_KEYWORD = re.compile(r"@[A-Za-z]+\Z").match
_KEYWORDS = {
    "@base", "@container", "@context", "@direction", "@graph", "@id", "@import", "@included",
    "@index", "@json", "@language", "@list", "@nest", "@none", "@prefix", "@propagate",
    "@protected", "@reverse", "@set", "@type", "@value", "@version", "@vocab",
}  # fmt: skip
# nf-provone's own keys, which it writes as texts, and no context of it defines.
_REFERENCES = {f"provone:{name}" for name in ("child", "parent", "controller", "program")}
# What PROV-DM has as attributes, and PROV-O as other properties (PROV-O, table 2).
_RENAMED = {
    f"{PROV_NAMESPACE}{name}": ox.NamedNode(iri)
    for name, iri in {
        "label": RDFS_LABEL,
        "location": f"{PROV_NAMESPACE}atLocation",
        "role": f"{PROV_NAMESPACE}hadRole",
    }.items()
}
_TYPE, _LABEL = ox.NamedNode(RDF_TYPE), ox.NamedNode(RDFS_LABEL)
_DATATYPE_PROPERTY = ox.NamedNode(OWL_DATATYPE_PROPERTY)


def parse(
    found: Any, name: str, scope: Scope, base: str, given: Mapping[str, bytes] | None = None
) -> tuple[list[ox.Quad], list[str]]:
    """The statements of JSON-LD, with their names scoped, and notes; ``base`` is kprov's own.

    ``found`` is JSON that ``guards.load_json`` has read. Raises ``UnsupportedError`` for a context
    that is not there (``contexts.inline``), and ``InputError`` for what is no JSON-LD.
    """
    tree, notes = contexts.inline(found, name, given)
    own = f"{base}attribute/"
    for one in tree if isinstance(tree, list) else [tree]:
        if isinstance(one, dict):
            said = one.get("@context", [])
            one["@context"] = [{"@vocab": own}, *(said if isinstance(said, list) else [said])]
    _prepare(tree, own)
    try:
        text = json.dumps(tree, ensure_ascii=False).encode()
        # Lenient, since otherwise what has a name with a blank is left out without a word.
        parsed = ox.parse(text, ox.RdfFormat.JSON_LD, base_iri=scope.base, lenient=True)
        quads = mend.at_most(parsed)
    except LimitError as error:
        raise LimitError(f"{name}: {error}") from error
    except UnicodeEncodeError as error:
        raise InputError(
            f"{name} has one half of a character alone, \\u{ord(error.object[error.start]):04x}. "
            "Write the character whole."
        ) from error
    except SyntaxError as error:
        said = error.msg.removeprefix("Parser error ")
        raise InputError(
            f"{name} is no JSON-LD that can be read: {said}. Correct it and try again."
        ) from error
    except MemoryError as error:  # so pyoxigraph calls it
        raise InputError(
            f"{name} has a name or a value that is longer than 16 MiB, more than is read from "
            "JSON-LD. Keep it in a file of its own, and name that."
        ) from error
    mender = _Mender(own, scope)
    try:
        mended, note = blanks.canonical(list(mender.quads(quads)))
        scope.keep(mended)
        done = list(scope.quads(mended))
    except UnsupportedError as error:
        raise UnsupportedError(f"{name} cannot be merged. {error}") from error
    return [*done, *mender.declared(ox.NamedNode(scope.root))], [*notes, *([note] if note else [])]


def _prepare(tree: Any, own: str) -> None:
    """Change what the parser would refuse or leave out without a word.

    These are numbers that JSON does not have, a base that is taken away, keys that look like
    keywords and are none (JSON-LD 1.1, section 1.7), or like blank nodes, and names as texts.
    """
    stack = [(tree, False)]
    while stack:
        one, in_context = stack.pop()
        pairs: Iterable[tuple[Any, Any]] = ()
        if isinstance(one, list):
            pairs = enumerate(one)
        elif isinstance(one, dict):
            if "@base" in one and one["@base"] is None:
                del one["@base"]  # names of the document would be left out without one
            for key in [] if in_context else list(one):
                if key.startswith("_:") or (_LIKE_KEYWORD(key) and key not in _KEYWORDS):
                    one[own + key] = one.pop(key)
            pairs = list(one.items())
        for key, value in pairs:
            if isinstance(value, float) and not math.isfinite(value):
                one[key] = {"@value": double(value), "@type": f"{XSD_NAMESPACE}double"}
            elif isinstance(value, str) and key in _REFERENCES and not in_context:
                one[key] = {"@id": value}
            elif isinstance(value, dict | list):
                stack.append((value, in_context or key == "@context"))


class _Mender:
    """Makes what a lenient parser lets through legal, and terms of kprov's own of what is no term.

    ``own`` is the namespace that keys got which no context defines.
    """

    def __init__(self, own: str, scope: Scope) -> None:
        self._own = own
        self._scope = scope
        self._nodes: dict[str, ox.NamedNode] = {}
        self._names: dict[str, str] = {}
        self._ids: dict[ox.NamedNode, str] = {}

    def quads(self, quads: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
        for quad in quads:
            if not isinstance(quad.predicate, ox.NamedNode):
                continue
            predicate = self._node(quad.predicate)
            if predicate.value in _RENAMED:
                predicate = _RENAMED[predicate.value]
            elif quad.predicate.value.startswith(self._own):
                self._names[predicate.value] = quad.predicate.value.removeprefix(self._own)
            elif predicate.value == f"{PROV_NAMESPACE}type" and not isinstance(
                quad.object, ox.Literal
            ):
                predicate = _TYPE
            yield ox.Quad(
                self._node(quad.subject), predicate, self._object(quad.object),
                self._node(quad.graph_name),
            )  # fmt: skip

    def declared(self, graph: ox.NamedNode) -> Iterator[ox.Quad]:
        """What things and kprov's own properties are called in the document.

        The names of things that are no whole IRIs are not to be read off what became of them.
        """
        called = ox.NamedNode(f"{self._own}id")
        for node, name in self._ids.items():
            self._names[called.value] = "id"
            yield ox.Quad(node, called, ox.Literal(name), graph)
        for iri, name in self._names.items():
            yield ox.Quad(ox.NamedNode(iri), _TYPE, _DATATYPE_PROPERTY, graph)
            yield ox.Quad(ox.NamedNode(iri), _LABEL, ox.Literal(name), graph)

    def _node(self, node: Any) -> Any:
        if not isinstance(node, ox.NamedNode):
            return node
        found = self._nodes.get(node.value)
        if found is None:
            found = self._nodes[node.value] = self._mended(node.value)
        return found

    def _mended(self, iri: str) -> ox.NamedNode:
        if iri.startswith(self._own):
            return ox.NamedNode(self._own + ncname(iri.removeprefix(self._own)))
        if iri.startswith(self._scope.base):
            return self._local(iri.removeprefix(self._scope.base))
        try:
            return ox.NamedNode(_ILLEGAL.sub(lambda one: f"%{ord(one[0]):02X}", iri))
        except ValueError:  # not to be mended by escapes, or relative
            return self._local(iri)

    def _local(self, name: str) -> ox.NamedNode:
        node = ox.NamedNode(self._scope.iri(name))
        self._ids[node] = name
        return node

    def _object(self, term: Any) -> Any:
        if not isinstance(term, ox.Literal):
            return self._node(term)
        if term.language:
            try:
                # Locales such as en_US are what documents write; en-US is the tag of it.
                return ox.Literal(term.value, language=term.language.replace("_", "-"))
            except ValueError:
                return ox.Literal(term.value)
        return ox.Literal(term.value, datatype=self._node(term.datatype))
