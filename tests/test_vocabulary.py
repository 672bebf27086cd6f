"""The ontology, and that everything that is used is declared in it."""

import re
from pathlib import Path

import pyoxigraph as ox
import pytest

from kprov_capture import terms
from kprov_capture.terms import DNNPROV_NAMESPACE, PROV_NAMESPACE
from kprov_rdf import resources

RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def ontology() -> ox.Dataset:
    text = resources.texts("ontology", ".ttl")["dnnprov.ttl"]
    return ox.Dataset(ox.parse(text, ox.RdfFormat.TURTLE))


def declared(ontology: ox.Dataset, *kinds: str) -> set[str]:
    return {
        quad.subject.value
        for kind in kinds
        for quad in ontology.quads_for_object(ox.NamedNode(OWL + kind))
        if quad.subject.value.startswith(DNNPROV_NAMESPACE)
    }


KINDS = ("Class", "ObjectProperty", "DatatypeProperty")


def test_every_term_has_a_label_and_a_comment_and_says_where_it_is_defined(
    ontology: ox.Dataset,
) -> None:
    for term in declared(ontology, *KINDS):
        said = {q.predicate.value for q in ontology.quads_for_subject(ox.NamedNode(term))}
        assert {RDFS + "label", RDFS + "comment", RDFS + "isDefinedBy"} <= said, term


def test_every_class_descends_from_exactly_one_of_entity_activity_agent(
    ontology: ox.Dataset,
) -> None:
    def roots(name: str) -> set[str]:
        if name in {PROV_NAMESPACE + kind for kind in ("Entity", "Activity", "Agent")}:
            return {name}
        parents = {
            quad.object.value
            for quad in ontology.quads_for_subject(ox.NamedNode(name))
            if quad.predicate.value == RDFS + "subClassOf"
        }
        return set().union(*map(roots, parents))

    for name in declared(ontology, "Class"):
        assert len(roots(name)) == 1, name


def test_no_term_is_used_that_is_not_declared(ontology: ox.Dataset) -> None:
    known = {name.removeprefix(DNNPROV_NAMESPACE) for name in declared(ontology, *KINDS)}
    used: dict[str, str] = {}
    for pattern in ("kprov_rdf/**/*", "capture/**/*", "shapes/*", "README.md", "docs/*.md"):
        for path in ROOT.glob(pattern):
            if path.suffix in {".py", ".rq", ".ttl", ".md"}:
                for found in re.findall(r"\bdnnprov:(\w+)|\bDnnprov\.(\w+)", path.read_text()):
                    used["".join(found)] = str(path)
    # Not terms: the shapes of the same namespace, and names that stand for any.
    assert {name: path for name, path in used.items() if name not in known | {"x"}} == {}


def test_the_constants_are_those_of_the_ontology(ontology: ox.Dataset) -> None:
    constants = {v for k, v in vars(terms.Dnnprov).items() if not k.startswith("__")}
    assert constants == declared(ontology, *KINDS)
    assert terms.METRICS["val_loss"] == terms.Dnnprov.valLoss
    assert terms.SETTINGS["learning_rate"] == terms.Dnnprov.learningRate


def test_what_owl_rl_infers_of_ontology_and_a_run_holds_no_contradiction(home) -> None:
    """owlrl writes what it finds wrong as error messages into the graph."""
    import owlrl
    import rdflib

    from kprov_rdf import ingest
    from kprov_rdf.exchange import write
    from tests import recording

    run = recording.record(home.path)
    graph = rdflib.Graph()
    graph.parse(data=resources.texts("ontology", ".ttl")["dnnprov.ttl"], format="turtle")
    with ingest.open_snapshot(home) as snapshot:
        graph.parse(data=write.run(snapshot, run.names.run, "ttl"), format="turtle")
    prov = rdflib.Namespace(PROV_NAMESPACE)
    graph.add((prov.Entity, rdflib.OWL.disjointWith, prov.Activity))
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    errors = rdflib.URIRef("http://www.daml.org/2002/03/agents/agent-ont#error")
    assert list(graph.objects(None, errors)) == []
    both = set(graph.subjects(rdflib.RDF.type, prov.Entity)) & set(
        graph.subjects(rdflib.RDF.type, prov.Activity)
    )
    assert both == set()
