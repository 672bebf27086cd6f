"""The ontology: its constants, what a reasoner draws from it, and that it is closed."""

import shutil
import subprocess
import sys
from pathlib import Path

import owlrl
import pytest
import rdflib

from kprov_capture import terms
from kprov_capture.home import Home
from kprov_capture.terms import PROV_NAMESPACE
from kprov_rdf import ingest, resources, vocabulary
from kprov_rdf.exchange import writing
from tests import recording
from tools import closed, namespace

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDERS = ("ontology", "shapes", "capture", "kprov_rdf", "tests", "tools", "bench", "docs")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the project that a test may break."""
    for folder in FOLDERS:
        ignored = shutil.ignore_patterns("__pycache__", "results", "vendor")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    shutil.copy(ROOT / "README.md", tmp_path)
    return tmp_path


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


# -- closed


def test_what_is_used_is_declared_and_what_is_declared_is_whole() -> None:
    assert list(closed.findings()) == []


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        ("kprov_rdf/queries/epochs.rq", "dnnprov:epoch ", "dnnprov:epochs ", "dnnprov:epochs, whi"),
        ("capture/kprov_capture/run.py", "import ", "import Dnnprov.no ", "run.py uses dnnprov:no"),
        ("shapes/run.ttl", "dnnprov:status", "dnnprov:state", "shapes/run.ttl uses dnnprov:state"),
        ("docs/ontology.md", "dnnprov:", "dnnprov:un", "docs/ontology.md uses dnnprov:un"),
        ("ontology/dnnprov.ttl", ' , "treinamento"@pt', "", "dnnprov:Training has no label in pt"),
        ("ontology/dnnprov.ttl", '"training"@en', '"training"@fr', "Training has no label in en"),
        (
            "ontology/dnnprov.ttl",
            'rdfs:comment "One c',
            'rdfs:seeAlso "One c',
            "lacks a label, comment",
        ),
        ("ontology/dnnprov.ttl", "  skos:example", "  skos:note", "lacks a label, comment"),
        (
            "ontology/dnnprov.ttl",
            "r:training a dnnprov:Training ",
            "r:training a dnnprov:Training , dnnprov:Train ",
            "uses <https://w3id.org/dnnprov#Train>, which is not declared",
        ),
        ("ontology/dnnprov.ttl", "r:training a dnnprov:Training ,", "r:training a", "not use it"),
        ("ontology/dnnprov.ttl", '"r:training a', '"training a', "is no Turtle"),
        (
            "ontology/dnnprov.ttl",
            "dnnprov:Execution a owl:Class ; rdfs:subClassOf prov:Activity",
            "dnnprov:Execution a owl:Class ; rdfs:subClassOf prov:Activity , prov:Entity",
            "dnnprov:Training descends from",
        ),
        (
            "ontology/dnnprov.ttl",
            "dnnprov:Content a owl:Class ; rdfs:subClassOf prov:Entity",
            "dnnprov:Content a owl:Class ; rdfs:subClassOf prov:Entitty",
            "dnnprov:Content descends from",
        ),
        ("ontology/dnnprov.ttl", "rdfs:isDefinedBy", "rdfs:seeAlso", "does not say rdfs:isDefined"),
        ("ontology/dnnprov.ttl", '"O que foi planejado"@pt', '"x"@fr', "The topic plan has no"),
        ("ontology/dnnprov.ttl", 'status "testing"', 'status "stable"', 'stable", and is testing'),
        ("ontology/dnnprov.ttl", 'status "stable"', 'status "testing"', 'testing", and is stable'),
        ("kprov_rdf/queries/q1.rq", "dnnprov:", "d:", "calls the namespace d: call it dnnprov"),
        (
            "kprov_rdf/queries/q1.rq",
            "WHERE {",
            "WHERE { ?s <https://w3id.org/dnnprov#loss> ?o .",
            "by its whole IRI",
        ),
    ],
)
def test_an_open_end_is_found(
    checkout: Path, file: str, before: str, after: str, said: str
) -> None:
    edit(checkout / file, before, after)
    found = list(closed.findings(checkout))
    assert any(said in one for one in found), found


def test_the_constants_are_those_of_the_ontology() -> None:
    constants = {v for k, v in vars(terms.Dnnprov).items() if not k.startswith("__")}
    assert constants == {term.iri for term in vocabulary.load().terms()}
    assert terms.METRICS["val_loss"] == terms.Dnnprov.valLoss
    assert terms.SETTINGS["learning_rate"] == terms.Dnnprov.learningRate


def test_the_names_of_the_papers_lead_to_terms() -> None:
    found = {old: term.name for term in vocabulary.load().terms() for old in term.legacy}
    assert found["ds_itrainingmodel"] == found["iTrain"] == "iTraining"
    assert found["ds_otrainingmodel"] == "oTraining"
    assert found["ApplyFilter"] == "Preprocessing"
    assert found["dataflow_execution"] == "ExecuteDataflow"
    assert found["new_lrate"] == "newValue"


# -- reasoning


def contradictions(*texts: str) -> list[rdflib.term.Node]:
    """owlrl writes what it finds wrong as error messages into the graph."""
    graph = rdflib.Graph()
    for text in texts:
        graph.parse(data=text, format="turtle")
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    error = rdflib.URIRef("http://www.daml.org/2002/03/agents/agent-ont#error")
    prov = rdflib.Namespace(PROV_NAMESPACE)
    entities = set(graph.subjects(rdflib.RDF.type, prov.Entity))
    activities = set(graph.subjects(rdflib.RDF.type, prov.Activity))
    return [*graph.objects(None, error), *(entities & activities)]


def test_what_owl_rl_infers_of_the_ontology_and_a_run_holds_no_contradiction(home: Home) -> None:
    run = recording.record(home.path)
    ontologies = resources.texts("ontology", ".ttl")
    with ingest.open_snapshot(home) as snapshot:
        text = writing.run(snapshot, run.names.run, "ttl").decode()
    own = ontologies["dnnprov.ttl"]
    # rdflib writes NaN as nan, and owlrl then calls it a wrong lexical form.
    example = ontologies["example.ttl"].replace('"NaN"', '"1.0"')
    assert contradictions(own, text) == []
    assert contradictions(own, ontologies["alignments.ttl"], example) == []
    both = f"<urn:x> a <{terms.Dnnprov.Content}> , <{terms.Dnnprov.TrainSet}> ."
    assert contradictions(own, both) != []


# -- another namespace


def test_another_namespace_is_one_command(checkout: Path, tmp_path: Path) -> None:
    other = "https://example.org/nn#"
    assert namespace.change(other, checkout)
    left = [
        path
        for folder in FOLDERS
        for path in (checkout / folder).rglob("*")
        if path.suffix in {".ttl", ".rq", ".py", ".md", ".html", ".jsonld"}
        and "https://w3id.org/dnnprov" in path.read_text()
    ]
    assert left == []
    script = f"""
from pathlib import Path
from kprov_capture.home import open_home
from kprov_rdf import ingest
from kprov_rdf.validate import shacl
from tests import recording
from tools import closed
assert list(closed.findings()) == [], list(closed.findings())
run = recording.record(Path({str(tmp_path / "home")!r}))
with ingest.open_snapshot(open_home(Path({str(tmp_path / "home")!r}))) as snapshot:
    triples = snapshot.graph(run.names.run)
assert any(t.object.value == "{other}Training" for t in triples)
assert shacl.profile_for(str(triples[0])) and shacl.validate("g", triples, "strict") == []
"""
    environment = {"PYTHONPATH": f"{checkout}:{checkout / 'capture'}", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "iri", ["", "example.org#", "https://e/nn", "https://e/#a#", "https://e/a b#", "http://#"]
)
def test_a_namespace_that_cannot_be_one_is_refused(checkout: Path, iri: str) -> None:
    with pytest.raises(ValueError, match="wanted is an http or https IRI that ends in '#'"):
        namespace.change(iri, checkout)
    with pytest.raises(ValueError, match="Take another"):
        namespace.change(PROV_NAMESPACE, checkout)
