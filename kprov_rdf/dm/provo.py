"""PROV-O as statements of PROV-DM: what PROV-O sections 3.1 to 3.3 write for each relation.

A graph is an instance: the default graph the toplevel, each named graph the bundle of its name.
A blank node is an existential variable (PROV-CONSTRAINTS, section 5.1). A node that qualifies a
relation identifies it; two values of one of its properties make two statements of one
identifier, which constraint 23 then refuses.
"""

import functools
from collections.abc import Callable, Iterable
from itertools import repeat

import pyoxigraph as ox

from kprov_capture.terms import PROV_NAMESPACE, RDF_TYPE
from kprov_rdf import resources
from kprov_rdf.dm.memory import without_collector
from kprov_rdf.dm.model import Document, Instance
from kprov_rdf.dm.provo_graph import ELEMENT_TIMES, NODE_PROPERTIES, GraphStatements, Term
from kprov_rdf.dm.relations import DERIVATIONS, RELATIONS

_ELEMENTS = {"Entity": "entity", "Activity": "activity", "Agent": "agent"}
# PROV-O, section 3.2: the inverses that it defines itself.
_INVERSES = {
    "generated": "wasGeneratedBy",
    "invalidated": "wasInvalidatedBy",
    "influenced": "wasInfluencedBy",
}
_Add = Callable[[GraphStatements, int, Term], None]


@functools.cache
def element_classes() -> dict[str, tuple[str, ...]]:
    """What the instances of each class of PROV-O and DNNProv are, by the IRI of the class."""
    text = resources.texts("ontology", ".ttl")["classes.ttl"]
    above: dict[str, set[str]] = {}
    for quad in ox.parse(text, ox.RdfFormat.TURTLE):
        if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.NamedNode):
            above.setdefault(quad.subject.value, set()).add(quad.object.value)
    roots = {PROV_NAMESPACE + name: kind for name, kind in _ELEMENTS.items()}
    found: dict[str, tuple[str, ...]] = {name: (kind,) for name, kind in roots.items()}
    for name in above:
        reached, todo = set(), [name]
        while todo:
            one = todo.pop()
            if one not in reached:
                reached.add(one)
                todo += above.get(one, ())
        if kinds := [roots[one] for one in sorted(reached) if one in roots]:
            found[name] = tuple(kinds)
    return found


def read(
    quads: Iterable[ox.Quad],
    document: Document,
    attributes: bool = False,
    lines: Iterable[int] | None = None,
) -> Document:
    """Add the statements of RDF to ``document``; with ``attributes``, all that they tell.

    ``lines`` are the lines in the document of the quads, where they are known.

    What breaks PROV-DM, such as a text in the place of an entity, is added to
    ``document.malformed``.
    """
    with without_collector():
        _read(quads, document, attributes, repeat(0) if lines is None else lines)
    return document


def _read(
    quads: Iterable[ox.Quad], document: Document, attributes: bool, lines: Iterable[int]
) -> None:
    graphs: dict[object, GraphStatements] = {}
    handlers = _handlers()
    # A statement of N-Quads has a line of its own, so that there are as many lines as quads.
    for (subject, predicate, term, name), line in zip(quads, lines, strict=False):
        add = handlers.get(predicate.value)
        if add is None and not attributes:
            continue
        graph = graphs.get(name)
        if graph is None:
            graph = graphs[name] = GraphStatements(document, _instance(document, name), attributes)
        graph.line = line
        number = graph.number(subject)
        if add is None:
            graph.attribute(number, predicate.value, term)
        else:
            add(graph, number, term)
    for graph in graphs.values():
        graph.finish()


def triples(
    found: Iterable[ox.Triple], document: Document, graph: str | None, attributes: bool = False
) -> Document:
    """The same for the statements of one graph; None: the toplevel."""
    name = ox.DefaultGraph() if graph is None else ox.NamedNode(graph)
    return read(
        (ox.Quad(one.subject, one.predicate, one.object, name) for one in found),
        document,
        attributes,
    )


def _instance(document: Document, name: ox.NamedNode | ox.BlankNode | ox.DefaultGraph) -> Instance:
    if isinstance(name, ox.DefaultGraph):
        return document.toplevel
    return document.bundle(name.value if isinstance(name, ox.NamedNode) else str(name))


@functools.cache
def _handlers() -> dict[str, _Add]:
    """What each property of PROV-O does, by its IRI."""
    found: dict[str, _Add] = {}

    def unqualified(kind: str, special: str = "", inverse: bool = False) -> _Add:
        def add(graph: GraphStatements, subject: int, term: Term) -> None:
            graph.unqualified(kind, subject, term, special, inverse)

        return add

    def qualified(kind: str, special: str = "") -> _Add:
        def add(graph: GraphStatements, subject: int, term: Term) -> None:
            graph.qualified(kind, subject, term, special)

        return add

    def timed(name: str) -> _Add:
        return lambda graph, subject, term: graph.timed(name, subject, term)

    def detail(name: str) -> _Add:
        return lambda graph, subject, term: graph.detail(subject, name, term)

    for how in RELATIONS.values():
        found[how.property] = unqualified(how.property)
        if how.qualified:
            found[how.qualified] = qualified(how.property)
    for special, (link, qualifying) in DERIVATIONS.items():
        found[link] = unqualified("wasDerivedFrom", special)
        found[qualifying] = qualified("wasDerivedFrom", special)
    for name, kind in _INVERSES.items():
        found[name] = unqualified(kind, inverse=True)
    found |= {name: timed(name) for name in ELEMENT_TIMES}
    found |= {name: detail(name) for name in NODE_PROPERTIES}
    found["asInBundle"] = detail("asInBundle")
    handlers = {PROV_NAMESPACE + name: add for name, add in found.items()}
    classes = element_classes()

    def typed(graph: GraphStatements, subject: int, term: Term) -> None:
        graph.typed(subject, term, classes)

    handlers[RDF_TYPE] = typed
    return handlers
