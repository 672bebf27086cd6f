"""The lenient profile takes what others wrote: valid documents of the W3C suite, and real ones."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

from kprov_rdf.exchange import reading
from kprov_rdf.exchange.scope import Scope
from kprov_rdf.exchange.sources import Source
from kprov_rdf.validate import inputs, shacl
from kprov_rdf.vocabulary import ONTOLOGY
from tests.conftest import SHARED

SUITE = SHARED / "data" / "prov-constraints"
WILD = SHARED / "data" / "wild"
# An entity is associated with an agent there. An association implies an activity (constraint 50),
# and nothing is both (constraint 55): the case is about revisions, and wrong beside that.
WRONG_ITSELF = {"w3c-verbatim/prov-o-property-qualifiedRevision-PASS.ttl"}


def shapes_of(quads: list[ox.Quad]) -> Iterator[str]:
    graphs: dict[str, list[ox.Triple]] = defaultdict(list)
    for quad in quads:
        graphs[str(quad.graph_name)].append(quad.triple)
    for name, triples in graphs.items():
        for one in shacl.validate(name, triples, "lenient"):
            yield one.shape.removeprefix(f"{ONTOLOGY}/shapes#")


def suite() -> list[tuple[str, str]]:
    if not (SUITE / "manifest.csv").exists():
        return []
    with (SUITE / "manifest.csv").open() as file:
        return [(row["path"], row["expected"]) for row in csv.DictReader(file)]


def test_valid_documents_of_the_w3c_suite_are_taken() -> None:
    if not suite():
        pytest.skip("the shared data folder is not here")
    taken, rejected = 0, {}
    for path, expected in suite():
        if expected != "pass":
            continue
        document = reading.parse(Source(str(SUITE / path)), Scope("http://e.org/import/x"))
        found = set(shapes_of(document.quads))
        if found:
            rejected[path] = found
        taken += not found
    assert set(rejected) == WRONG_ITSELF
    assert rejected[next(iter(WRONG_ITSELF))] == {"ActivityPlace"}
    assert taken > 100


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("case/readme-two-files-expanded.ttl", set()),
        ("cwlprov/directory-0.6.0.ttl", set()),
        ("cwlprov/revsort-primary.cwlprov.nt", set()),
        ("nidm/cff-sample.ttl", set()),
        ("sdtl-provone/augment.ttl", set()),
        # Addresses as texts of type xsd:anyURI, where PROV-O wants nodes.
        ("wings-opmw/ACCOUNT1348629691667PROV-Graph.ttl", {"EntityPlace", "AgentPlace"}),
    ],
)
def test_documents_of_other_tools(path: str, found: set[str]) -> None:
    file = Path(WILD / path)
    if not file.exists():
        pytest.skip("the shared data folder is not here")
    quads = [
        ox.Quad(t.subject, t.predicate, t.object, ox.NamedNode("urn:g"))
        for triples in inputs.graphs(file.read_bytes(), ox.RdfFormat.TRIG).values()
        for t in triples
    ]
    assert set(shapes_of(quads)) == found
