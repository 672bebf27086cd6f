"""The dataset of rdflib says what the store says, and takes nothing."""

import pytest
import rdflib
from rdflib.compare import isomorphic
from rdflib.namespace import RDF

from kprov_rdf.errors import RefusedError
from kprov_rdf.store import SUMMARY_GRAPH

# rdflib warns of what it calls itself.
pytestmark = pytest.mark.filterwarnings("ignore:Dataset:DeprecationWarning")
DNNPROV = rdflib.Namespace("https://w3id.org/dnnprov#")


@pytest.fixture
def dataset(store):
    return store.graph()


def test_graphs_and_statements_are_those_of_the_store(store, dataset) -> None:
    text = "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }"
    # The index of the runs is no record.
    named = {row.g for row in store.query(text)} - {SUMMARY_GRAPH}
    graphs = {str(one.identifier): one for one in dataset.graphs()}
    assert set(graphs) == named | {"urn:x-rdflib:default"}
    for name in named:
        rows = store.query(f"CONSTRUCT {{ ?s ?p ?o }} {{ GRAPH <{name}> {{ ?s ?p ?o }} }}")
        assert len(graphs[name]) == len(rows)
        assert isomorphic(graphs[name], rows.graph())
    records = f"GRAPH ?g {{ ?s ?p ?o }} FILTER (?g != <{SUMMARY_GRAPH}>)"
    union = store.query(f"SELECT DISTINCT ?s ?p ?o {{ {records} }}")
    assert len(dataset) == len(union) == len(list(dataset.triples((None, None, None))))
    quads = store.query(f"SELECT ?s ?p ?o ?g {{ {records} }}")
    assert len(list(dataset.quads())) == len(quads)
    assert len(graphs["urn:x-rdflib:default"]) == 0


def test_patterns_match_as_in_rdflib(store, dataset) -> None:
    run = rdflib.URIRef(store.run("test-flow").iri)
    copied = rdflib.Dataset()
    copied.addN((s, p, o, copied.graph(g)) for s, p, o, g in dataset.quads())
    for pattern in (
        (None, RDF.type, DNNPROV.Training),
        (rdflib.URIRef(f"{run}#metrics-1"), None, None),
        (None, DNNPROV.loss, rdflib.Literal(0.7)),
        (None, None, rdflib.Literal("Adam")),
        (rdflib.Literal("no subject"), None, None),
        (None, DNNPROV.nothing, None),
    ):
        assert set(dataset.triples(pattern)) == {
            (s, p, o) for s, p, o, _ in copied.quads((*pattern, None))
        }
    graph = dataset.graph(run)
    value = graph.value(rdflib.URIRef(f"{run}#metrics-1"), DNNPROV.valLoss)
    assert value is not None
    assert value.toPython() == 0.95
    assert (None, DNNPROV.loss, None) in graph
    assert (None, DNNPROV.loss, None) not in dataset.graph("urn:no:graph")
    assert list(graph.objects(None, DNNPROV.epoch / RDF.type)) == []


def test_sparql_gives_what_the_store_gives(store, dataset) -> None:
    text = "SELECT ?epoch ?loss { ?m dnnprov:epoch ?epoch ; dnnprov:loss ?loss } ORDER BY ?loss"
    rows = dataset.query(text)
    assert [tuple(cell.toPython() for cell in row) for row in rows] == [
        tuple(row) for row in store.query(text)
    ]
    assert [str(name) for name in rows.vars] == ["epoch", "loss"]
    assert dataset.query("ASK { ?run a dnnprov:Training }").askAnswer is True
    dataset.bind("ours", DNNPROV)
    bound = dataset.query(
        "SELECT ?e ?l { ?m ours:epoch ?e ; ours:loss ?l }", initBindings={"e": rdflib.Literal(2)}
    )
    assert [row.l.toPython() for row in bound] == [0.6]
    made = dataset.query("CONSTRUCT { ?m ours:loss ?l } { ?m ours:epoch ?e ; ours:loss ?l }")
    assert len(made.graph) == 5
    # Of one graph, rdflib's own engine asks; the answer is the same.
    run = rdflib.URIRef(store.run("test-flow").iri)
    own = dataset.graph(run).query("SELECT ?l { ?m ours:epoch 1 ; ours:loss ?l }")
    assert [row.l.toPython() for row in own] == [0.7]


def test_it_is_written_by_rdflib_and_refuses_to_be_changed(dataset) -> None:
    assert "dnnprov:Training" in dataset.serialize(format="trig")
    triple = (rdflib.URIRef("urn:a"), RDF.type, rdflib.URIRef("urn:b"))
    with pytest.raises(RefusedError, match="takes no statements"):
        dataset.add(triple)
    with pytest.raises(RefusedError):
        dataset.graph("urn:g").add(triple)
    with pytest.raises(RefusedError):
        dataset.remove(triple)
    with pytest.raises(RefusedError):
        dataset.update("INSERT DATA { <urn:a> <urn:b> <urn:c> }")
    with pytest.raises(RefusedError):
        dataset.parse(data="<urn:a> <urn:b> <urn:c> .", format="turtle")


def test_it_keeps_the_snapshot_that_it_is_of(store, dataset) -> None:
    before = len(dataset)
    store.close()
    assert len(dataset) == before > 100
