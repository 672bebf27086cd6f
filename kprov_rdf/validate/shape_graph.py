"""A shapes graph, and whether a value is one that a term of SHACL takes.

Section numbers are those of the SHACL Recommendation (20 July 2017).
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator

import pyoxigraph as ox

from kprov_rdf.errors import InputError, UnsupportedError
from kprov_rdf.validate import shape_query
from kprov_rdf.validate.shape_terms import NODE_KINDS, SEVERITIES, SH

MAX_MEMBERS = 1000  # of a list: pySHACL takes time by the square of it
MAX_PATH = 8  # paths in paths: pySHACL ends at 10

Node = ox.NamedNode | ox.BlankNode
Term = Node | ox.Literal | ox.Triple

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XSD = "http://www.w3.org/2001/XMLSchema#"
_NIL = ox.NamedNode(RDF + "nil")
SHAPES = {SH + "NodeShape", SH + "PropertyShape"}
_STEPS = {SH + n for n in ("inversePath", "zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath")}


class Graph:
    """A shapes graph: the values of each node by property."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.of: dict[Node, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        self.parents: dict[Term, Node] = {}

    def add(self, triple: ox.Triple) -> None:
        assert isinstance(triple.subject, Node)  # noqa: S101  (RDF has no other subjects)
        self.of[triple.subject][triple.predicate.value].append(triple.object)
        self.parents.setdefault(triple.object, triple.subject)

    def values(self, node: Term, term: str) -> list[Term]:
        """The values of ``sh:term``, or of another property by its whole name."""
        known = self.of.get(node, {}) if isinstance(node, Node) else {}
        return known.get(term if ":" in term else SH + term, [])

    def types(self, node: Term) -> set[str]:
        return {one.value for one in self.values(node, RDF + "type") if isinstance(one, Node)}

    def shown(self, node: Term) -> str:
        """The node in a message; a blank node by what it belongs to."""
        at, seen = node, set[Term]()
        while isinstance(at, ox.BlankNode) and at in self.parents and at not in seen:
            seen.add(at)
            at = self.parents[at]
        return str(node) if at == node else f"a part of {at}"

    def members(self, head: Term) -> list[Term] | None:
        """The members of a list; None where it is none (section 2, SHACL lists)."""
        found: list[Term] = []
        while head != _NIL:
            first, rest = self.values(head, RDF + "first"), self.values(head, RDF + "rest")
            if len(first) != 1 or len(rest) != 1 or len(found) == MAX_MEMBERS:
                return None
            found.append(first[0])
            head = rest[0]
        return None if self.values(_NIL, RDF + "rest") else found

    def shapes(self, node: Term) -> Iterator[Term]:
        """The shapes that a shape refers to."""
        for term in ("node", "property", "not", "qualifiedValueShape"):
            yield from self.values(node, term)
        for term in ("and", "or", "xone"):
            for head in self.values(node, term):
                yield from self.members(head) or ()

    def wrong(self, node: Term, what: str, section: str) -> InputError:
        return InputError(f"{self.name}: {self.shown(node)}: {what} (SHACL, section {section}).")

    def unsupported(self, node: Term, what: str) -> UnsupportedError:
        return UnsupportedError(f"{self.name}: {self.shown(node)}: {what}")


def fits(graph: Graph, value: Term, wanted: str) -> bool:
    """Whether a value is what a term takes; ``wanted`` is a wording of ``shape_terms``."""
    if wanted in _LISTS:
        members, each = graph.members(value), _LISTS[wanted]
        return members is not None and all(fits(graph, one, each) for one in members)
    if wanted == "a list of shapes":  # an empty one ends pySHACL
        return all(fits(graph, one, "a shape") for one in graph.members(value) or [_NIL])
    if wanted == "anything":
        return not isinstance(value, ox.Triple)
    if isinstance(value, ox.Literal):
        return wanted in _LITERALS and _LITERALS[wanted](value)
    return wanted in _NODES and isinstance(value, Node) and _NODES[wanted](graph, value)


_LISTS = {"a list": "anything", "a list of strings": "a string", "a list of IRIs": "an IRI"}


def _is_named(_: Graph, node: Node) -> bool:
    return isinstance(node, ox.NamedNode)


def _is_described(graph: Graph, node: Node) -> bool:
    """Whether it is a shape of this graph: of that type, or with a property of SHACL."""
    return bool(SHAPES & graph.types(node)) or any(p.startswith(SH) for p in graph.of.get(node, ()))


_NODES: dict[str, Callable[[Graph, Node], bool]] = {
    "an IRI": _is_named,
    "an IRI or a literal": _is_named,
    "an IRI or a blank node": lambda _, __: True,
    "sh:Violation, sh:Warning or sh:Info": lambda _, n: n.value in {SH + s for s in SEVERITIES},
    "one of the six node kinds": lambda _, n: n.value in {SH + kind for kind in NODE_KINDS},
    "a shape": _is_described,
    "a node shape": lambda g, node: _is_described(g, node) and not g.values(node, "path"),
    "a property shape": lambda g, node: bool(g.values(node, "path")),
    "a path": lambda g, node: bool(steps(g, node)),
}


def _kind(literal: ox.Literal) -> str:
    return literal.datatype.value.removeprefix(_XSD)


def _is_count(one: ox.Literal) -> bool:
    return _kind(one) == "integer" and bool(re.fullmatch("[0-9]{1,9}", one.value))


# One engine takes "1" for true, and the other does not.
_LITERALS: dict[str, Callable[[ox.Literal], bool]] = {
    "a literal": lambda _: True,
    "an IRI or a literal": lambda _: True,
    "true or false, so written": lambda one: (
        _kind(one) == "boolean" and one.value in ("true", "false")
    ),
    "an xsd:integer from 0": _is_count,
    "a string": lambda one: _kind(one) == "string",
    "a text": lambda one: _kind(one) == "string" or one.language is not None,
    "an xsd:anyURI": lambda one: _kind(one) == "anyURI",
    "a regular expression that both engines understand": lambda one: (
        _kind(one) == "string" and shape_query.is_pattern(one.value)
    ),
    "letters out of i, m and x": lambda one: (
        _kind(one) == "string" and set(one.value) <= set("imx")
    ),
}


def steps(graph: Graph, path: Term, depth: int = 0) -> list[Term]:
    """A path and those within it; an empty list where it is none (section 2.3.1)."""
    if isinstance(path, ox.NamedNode):
        return [] if path == _NIL else [path]
    if not isinstance(path, ox.BlankNode) or depth == MAX_PATH:
        return []
    properties = graph.of.get(path, {})
    alternatives = graph.values(path, "alternativePath")
    inner: list[Term] | None
    if not alternatives and RDF + "first" not in properties:
        inner = properties[next(iter(properties))] if set(properties) <= _STEPS else None
        known = bool(properties) and len(properties) == 1 and inner is not None and len(inner) == 1
    else:
        inner = graph.members(alternatives[0] if alternatives else path)
        known = len(properties) == (1 if alternatives else 2) and len(inner or ()) > 1
    if not known:
        return []
    found: list[Term] = [path]
    for one in inner or ():
        within = steps(graph, one, depth + 1)
        if not within or len(found) + len(within) > MAX_MEMBERS:
            return []
        found += within
    return found
