"""A snapshot as a store of rdflib: read only, answered by Oxigraph, nothing copied.

The index of the runs, which is no record, is left out; SPARQL can name it, as everywhere.
rdflib's store interface is described in its documentation ("Store API"). A pattern costs what it
matches: each term becomes an object of rdflib, about 5 µs a triple.
"""

from collections.abc import Generator, Iterator, Mapping
from typing import Any, cast

import pyoxigraph as ox
import rdflib
from rdflib.graph import DATASET_DEFAULT_GRAPH_ID, Graph
from rdflib.plugins.sparql.sparql import Query
from rdflib.query import Result
from rdflib.store import Store
from rdflib.term import Identifier, Node

from kprov_rdf.analysis.snapshot import Opened
from kprov_rdf.errors import RefusedError
from kprov_rdf.query import Term, answered
from kprov_rdf.sparql import in_order, tokens
from kprov_rdf.store import PREFIXES, Bindings, LocalStore

_Pattern = tuple[Node | None, Node | None, Node | None]
_Subject = ox.NamedNode | ox.BlankNode


def to_rdflib(term: Term) -> Identifier | None:
    """The term of rdflib, whose literals are written as rdflib writes those that it parses."""
    if term is None:
        return None
    if isinstance(term, ox.NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, ox.BlankNode):
        return rdflib.BNode(term.value)
    if isinstance(term, ox.Literal):
        if term.language:
            return rdflib.Literal(term.value, lang=term.language)
        if term.datatype.value == f"{rdflib.XSD}string":
            return rdflib.Literal(term.value)
        return rdflib.Literal(term.value, datatype=rdflib.URIRef(term.datatype.value))
    raise RefusedError(f"rdflib has no triple terms, and this is one: {term}.")


def to_oxigraph(node: Node) -> ox.NamedNode | ox.BlankNode | ox.Literal:
    """The term of pyoxigraph. Raises ``ValueError`` for what RDF 1.1 does not have."""
    if isinstance(node, rdflib.URIRef):
        return ox.NamedNode(str(node))
    if isinstance(node, rdflib.BNode):
        return ox.BlankNode(str(node))
    if isinstance(node, rdflib.Literal):
        if node.language:
            return ox.Literal(str(node), language=node.language)
        kind = ox.NamedNode(str(node.datatype)) if node.datatype else None
        return ox.Literal(str(node), datatype=kind)
    raise ValueError(f"{node!r} is no term of RDF")


class OxigraphView(Store):
    """An opened snapshot as rdflib sees a store."""

    context_aware = True
    graph_aware = True
    formula_aware = False
    transaction_aware = False

    def __init__(self, opened: Opened) -> None:
        super().__init__()
        self._opened = opened  # which keeps the snapshot
        self._store = cast(LocalStore, opened.store)
        self._prefixes = {prefix: rdflib.URIRef(iri) for prefix, iri in PREFIXES.items()}

    def triples(
        self, triple_pattern: _Pattern, context: Graph | None = None
    ) -> Iterator[tuple[tuple[Node, Node, Node], Iterator[Graph | None]]]:
        found = self._matching(triple_pattern, context)
        if self._named(context) is not None:
            for quad in found:
                yield self._triple(quad.triple), iter([context])
            return
        # A statement that stands in several graphs is one statement of their union.
        graphs: dict[ox.Triple, list[Graph | None]] = {}
        for quad in found:
            graphs.setdefault(quad.triple, []).append(self._graph(quad))
        for triple, among in graphs.items():
            yield self._triple(triple), iter(among)

    def _matching(self, pattern: _Pattern, context: Graph | None) -> Iterator[ox.Quad]:
        graph = self._named(context)
        if graph is not None and str(graph) == str(DATASET_DEFAULT_GRAPH_ID):
            return iter(())  # nothing stands in the default graph
        try:
            terms = [None if one is None else to_oxigraph(one) for one in pattern]
            name = None if graph is None else to_oxigraph(graph)
        except ValueError:
            return iter(())  # no statement has such a term
        subject, predicate, thing = terms
        if isinstance(subject, ox.Literal) or not isinstance(predicate, (ox.NamedNode, type(None))):
            return iter(())
        return self._store.quads(subject, predicate, thing, cast("_Subject | None", name))

    @staticmethod
    def _named(context: Graph | None) -> Node | None:
        """The name of the graph that is meant; None for all of them."""
        if context is None or isinstance(context, rdflib.Dataset):
            return None
        return context.identifier

    @staticmethod
    def _triple(triple: ox.Triple) -> tuple[Node, Node, Node]:
        parts = (to_rdflib(triple.subject), to_rdflib(triple.predicate), to_rdflib(triple.object))
        return cast("tuple[Node, Node, Node]", parts)

    def _graph(self, quad: ox.Quad) -> Graph:
        name = DATASET_DEFAULT_GRAPH_ID
        if not isinstance(quad.graph_name, ox.DefaultGraph):
            name = cast(rdflib.URIRef, to_rdflib(quad.graph_name))
        return Graph(self, name)

    def __len__(self, context: Graph | None = None) -> int:
        found = self._matching((None, None, None), context)
        return sum(1 for _ in found) if self._named(context) else len({q.triple for q in found})

    def contexts(self, triple: _Pattern | None = None) -> Generator[Graph, None, None]:
        if triple is None or triple == (None, None, None):
            names: list[Node] = [rdflib.URIRef(iri) for iri in self._store.graphs()]
        else:
            quads = self._matching(triple, None)
            names = list(dict.fromkeys(self._graph(quad).identifier for quad in quads))
        return (Graph(self, cast(Identifier, name)) for name in names)

    def query(
        self,
        query: Query | str,
        initNs: Mapping[str, Any],  # noqa: N803
        initBindings: Mapping[str, Node],  # noqa: N803
        queryGraph: str,  # noqa: N803
        **_: Any,
    ) -> Result:
        """By Oxigraph where the question is of the union; what is asked of a graph, by rdflib."""
        if not isinstance(query, str) or queryGraph != "__UNION__":
            raise NotImplementedError
        given = {str(name): to_oxigraph(node) for name, node in initBindings.items()}
        text = _declared(query, {**self._prefixes, **initNs}) + query
        return _result(query, answered(self._store, text, cast(Bindings, given)))

    def bind(self, prefix: str, namespace: rdflib.URIRef, override: bool = True) -> None:
        if override or prefix not in self._prefixes:
            self._prefixes[prefix] = namespace

    def namespace(self, prefix: str) -> rdflib.URIRef | None:
        return self._prefixes.get(prefix)

    def prefix(self, namespace: rdflib.URIRef) -> str | None:
        return next((p for p, iri in self._prefixes.items() if iri == namespace), None)

    def namespaces(self) -> Iterator[tuple[str, rdflib.URIRef]]:
        return iter(list(self._prefixes.items()))

    def add_graph(self, graph: Graph) -> None:
        """Nothing: rdflib calls it of each graph that is looked at."""

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise RefusedError(
            "This dataset is a view of a snapshot and takes no statements. 'kprov merge' adds "
            "some; to change a copy, copy it: rdflib.Dataset() and addN(view.quads())."
        )

    add = remove = remove_graph = update = create = destroy = _refuse
    addN = _refuse  # noqa: N815


def _declared(text: str, known: Mapping[str, Any]) -> str:
    """Declarations of the prefixes that the question uses and the dataset has."""
    used = {token.text.partition(":")[0] for token in tokens(text) if token.kind == "name"}
    return "".join(f"PREFIX {p}: {ox.NamedNode(str(known[p]))} " for p in used & set(known))


def _result(text: str, answer: Any) -> Result:
    if isinstance(answer, ox.QueryBoolean):
        found = Result("ASK")
        found.askAnswer = bool(answer)
    elif isinstance(answer, ox.QuerySolutions):
        found = Result("SELECT")
        names = in_order(text, [variable.value for variable in answer.variables])
        found.vars = [rdflib.Variable(name) for name in names]
        found.bindings = [
            {v: term for v in found.vars if (term := to_rdflib(row[str(v)])) is not None}
            for row in answer
        ]
    else:
        found = Result("CONSTRUCT")
        found.graph = Graph()
        for triple in answer:
            found.graph.add(OxigraphView._triple(triple))
    return found


def dataset(opened: Opened) -> rdflib.Dataset:
    """The opened snapshot as a dataset, whose default graph is the union of all graphs."""
    return rdflib.Dataset(OxigraphView(opened), default_union=True)
