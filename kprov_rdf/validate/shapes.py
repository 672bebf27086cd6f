"""Refuses a shapes graph that an engine could not evaluate; it would pass over it in silence.

Section numbers are those of the SHACL Recommendation (20 July 2017). What each engine
passes over was tried out, see docs/shapes.md.
"""

import difflib
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import TypeGuard

import pyoxigraph as ox

from kprov_rdf.errors import InputError, UnsupportedError
from kprov_rdf.validate import shape_query
from kprov_rdf.validate.shape_graph import RDF, SHAPES, Graph, Node, Term, fits, steps
from kprov_rdf.validate.shape_terms import CLASSES, NAMES, NEEDED, SH, TERMS

MAX_CHARACTERS = 1 << 20
MAX_CHAIN = 12  # shapes in shapes: pySHACL ends at 15, `shacl` at 48
MAX_VISITS = 10_000  # of shapes for one node

_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_OWL = "http://www.w3.org/2002/07/owl#"
_TARGETS = ("targetNode", "targetClass", "targetSubjectsOf", "targetObjectsOf")
_OTHER_SHACL = re.compile(r"https?://(www\.)?(w3\.org/ns/sh(acl|nex)|datashapes\.org/)", re.I)


def check(text: str, name: str) -> None:
    """Raise ``UnsupportedError`` for shapes that are not evaluated, ``InputError`` for broken ones.

    ``text`` is Turtle; ``name`` says in messages whose it is.
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"{name} is longer than {MAX_CHARACTERS:,} characters. Split it.")
    if "<<" in text:  # deep ones end the process
        raise UnsupportedError(f"{name} has <<: shapes are RDF 1.1, without triple terms.")
    try:
        triples = list(ox.parse(text, ox.RdfFormat.TURTLE))
    except SyntaxError as error:
        raise InputError(f"{name} is no Turtle that can be read: {error}. Correct it.") from error
    graph = Graph(name)
    for quad in triples:
        graph.add(quad.triple)
    _check_names(graph)
    _check_terms(graph)
    _check_queries(graph)
    _check_reach(graph)


def _check_names(graph: Graph) -> None:
    """Every name of SHACL is a known one at its place; others are passed over by engines."""
    for node, properties in graph.of.items():
        for predicate, values in properties.items():
            named = [one.value for one in (node, *values) if isinstance(one, ox.NamedNode)]
            for name in [predicate, *named]:
                _check_name(graph, node, name)
            if predicate.startswith(SH) and predicate.removeprefix(SH) not in TERMS:
                raise graph.unsupported(node, f"{_short(predicate)} is no property. Remove it.")
            if predicate == _OWL + "imports":
                raise graph.unsupported(
                    node, "owl:imports fetches nothing here. Put the imported shapes into the text."
                )
            for one in values:
                if isinstance(one, ox.NamedNode):
                    _check_class(graph, node, predicate, one.value)


def _check_class(graph: Graph, node: Node, predicate: str, name: str) -> None:
    """Classes of SHACL are used as types only: engines do not follow subclasses of them."""
    local = name.removeprefix(SH) if name.startswith(SH) else ""
    if predicate == RDF + "type" and local and local not in CLASSES:
        raise graph.unsupported(node, f"sh:{local} is no class of shapes. Say sh:NodeShape.")
    if predicate == _RDFS + "subClassOf" and (local or name == _RDFS + "Class"):
        raise graph.unsupported(
            node, f"a subclass of {name} is not followed. Say the class itself."
        )


def _check_name(graph: Graph, node: Node, name: str) -> None:
    local = name.removeprefix(SH)
    if name.startswith(SH) and local not in NAMES and local:
        near = difflib.get_close_matches(local, NAMES, 1, 0.75)
        advice = f"Did you mean sh:{near[0]}?" if near else "Say it with these, or remove it."
        raise graph.unsupported(
            node,
            f"sh:{local} is not evaluated. SHACL Core is, and sh:sparql with sh:select. {advice}",
        )
    if not name.startswith(SH) and _OTHER_SHACL.match(name):
        raise graph.unsupported(
            node, f"{name} is not evaluated: the namespace of SHACL is {SH}. Correct it."
        )


def _short(iri: str) -> str:
    return "sh:" + iri.removeprefix(SH)


def _check_terms(graph: Graph) -> None:
    """Each property of SHACL stands at what may have it, with values it may have (appendix B)."""
    objects: dict[str, set[Term]] = {
        term: {one for node in list(graph.of) for one in graph.values(node, term)}
        for term in ("sparql", "declare", "path")
    }
    in_paths: set[Term] = set()
    for head in objects["path"]:
        found = steps(graph, head)
        in_paths |= set(found)
        if not found:
            raise graph.wrong(graph.parents[head], "its sh:path is no path", "2.3.1")
    for node in list(graph.of):
        _check_shape(graph, node)
        owners = {"a sh:sparql", "a shape or a sh:sparql"} if node in objects["sparql"] else set()
        owners |= {"a sh:declare"} if node in objects["declare"] else set()
        owners |= {"a path"} if node in in_paths else set()
        if not owners:
            owners = {"a shape", "a shape or a sh:sparql"}
            owners |= {"a property shape"} if graph.values(node, "path") else set()
        for predicate in [one for one in graph.of[node] if one.startswith(SH)]:
            _check_term(graph, node, predicate.removeprefix(SH), owners | {"anything"})


def _check_term(graph: Graph, node: Node, local: str, owners: set[str]) -> None:
    term, values = TERMS[local], graph.values(node, local)
    if local == "deactivated" and "a sh:sparql" in owners:
        raise graph.unsupported(
            node, "one engine passes over its sh:deactivated. Deactivate the shape."
        )
    if term.owner not in owners:
        raise graph.wrong(node, f"sh:{local} belongs at {term.owner}", term.section)
    if term.most is not None and len(values) > term.most:
        raise graph.wrong(node, f"sh:{local} has {len(values)} values", term.section)
    if local in NEEDED and not any(graph.values(node, one) for one in NEEDED[local]):
        needed = " or ".join("sh:" + one for one in NEEDED[local])
        raise graph.wrong(node, f"sh:{local} says nothing without {needed}", term.section)
    for one in values:
        if not fits(graph, one, term.value):
            shown = "a blank node" if isinstance(one, ox.BlankNode) else str(one)
            shown = shown if len(shown) < 200 else shown[:200] + "…"
            what = f"sh:{local} is {shown}, and must be {term.value}"
            if local == "severity" and isinstance(one, ox.NamedNode):  # one engine: it conforms
                raise graph.unsupported(node, what)
            raise graph.wrong(node, what, term.section)


def _check_shape(graph: Graph, node: Node) -> None:
    """The kind of a shape and its path agree (sections 2.1.3.3, 2.2, 2.3)."""
    types, paths = graph.types(node), graph.values(node, "path")
    if SH + "NodeShape" in types and paths:
        raise graph.wrong(node, "a sh:NodeShape has no sh:path", "2.2")
    if SH + "PropertyShape" in types and not paths:
        raise graph.wrong(node, "a sh:PropertyShape has a sh:path", "2.3")
    if SHAPES & types and _OWL + "Class" in types and _RDFS + "Class" not in types:
        raise graph.unsupported(
            node, "an owl:Class is a target for one engine only. Say rdfs:Class too."
        )


def _check_reach(graph: Graph) -> None:
    """No shape holds itself (section 3.4.3), none too many, and each is reached from a target."""
    shapes = {node: list(graph.shapes(node)) for node in graph.of if _is_shape(graph, node)}
    try:
        order = list(TopologicalSorter(shapes).static_order())
    except CycleError as error:
        raise graph.unsupported(
            error.args[1][0], "the shape refers to itself, which SHACL leaves undefined."
        ) from error
    chain: dict[Term, int] = {}
    visits: dict[Term, int] = {}
    for node in order:
        within = shapes.get(node, []) if isinstance(node, Node) else []
        chain[node] = 1 + max((chain[one] for one in within), default=0)
        visits[node] = 1 + sum(visits[one] for one in within)
        if chain[node] > MAX_CHAIN or visits[node] > MAX_VISITS:
            raise graph.unsupported(
                node,
                f"shapes stand in more than {MAX_CHAIN} others, or {MAX_VISITS} check one node.",
            )
    reached: set[Term] = {node for node in shapes if _is_target(graph, node)}
    for node in reversed(order):
        reached |= (
            set(shapes.get(node, [])) if node in reached and isinstance(node, Node) else set()
        )
    for node in shapes:
        if node not in reached:
            raise graph.unsupported(
                node, "no target leads to the shape, so that it checks nothing. Give it one."
            )
    if not reached:
        raise InputError(f"{graph.name} has no shape, so that it checks nothing.")


def _is_target(graph: Graph, node: Node) -> bool:
    implicit = _RDFS + "Class" in graph.types(node) and isinstance(node, ox.NamedNode)
    return implicit or any(graph.values(node, term) for term in _TARGETS)


def _is_shape(graph: Graph, node: Node) -> bool:
    """Whether it is a shape (section 2.1), by its type or a property that only shapes have."""
    terms = (TERMS.get(p.removeprefix(SH)) for p in graph.of[node] if p.startswith(SH))
    return bool(SHAPES & graph.types(node)) or any(
        term is not None and term.owner in ("a shape", "a property shape") for term in terms
    )


def _check_queries(graph: Graph) -> None:
    """Every query can be evaluated, in each shape that has it (sections 5.2 and 5.3)."""
    spaces: dict[str, str] = {}
    for node in list(graph.of):
        for prefix, space in _declared(graph, node):
            # Beyond the section: pySHACL mixes the declarations of all ontologies in the text.
            if spaces.setdefault(prefix, space) != space:
                raise graph.wrong(node, f"{prefix}: has two namespaces", "5.2.1")
    for node in list(graph.of):
        for constraint in graph.values(node, "sparql"):
            selects = [one.value for one in graph.values(constraint, "select") if _is_text(one)]
            if not selects:
                raise graph.wrong(constraint, "a sh:sparql has a sh:select", "5.2")
            owners = graph.values(constraint, "prefixes")
            prefixes = dict(pair for one in owners for pair in _declared(graph, one))
            try:
                shape_query.check(selects[0], prefixes, bool(graph.values(node, "path")))
            except InputError as error:
                where = f"{graph.name}: sh:select of {graph.shown(node)}"
                raise type(error)(f"{where}: {error}") from error


def _is_text(value: Term) -> TypeGuard[ox.Literal]:
    return isinstance(value, ox.Literal)


def _declared(graph: Graph, node: Term) -> Iterator[tuple[str, str]]:
    """The prefixes that a node declares (section 5.2.1)."""
    for one in graph.values(node, "declare"):
        pair = [*graph.values(one, "prefix"), *graph.values(one, "namespace")]
        texts = [value.value for value in pair if _is_text(value)]
        if len(texts) != 2:
            raise graph.wrong(one, "a sh:declare has sh:prefix and sh:namespace", "5.2.1")
        yield texts[0], texts[1]
