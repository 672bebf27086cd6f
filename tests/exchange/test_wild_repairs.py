"""Which repairs the real PROV and RDF documents take, and what is read of them then."""

import json
from collections.abc import Callable

import pyoxigraph as ox
import pytest

from kprov_rdf import exchange
from kprov_rdf.dm import guards, model, provjson, provn, provxml
from kprov_rdf.dm.repairs import Repairs
from kprov_rdf.exchange import contexts, mend, mend_jsonld, sniff
from tests.conftest import SHARED

WILD = SHARED / "data" / "wild"
BASE = "http://own.invalid/"
READERS: dict[str, Callable[[bytes, str, Repairs | None], model.Document]] = {
    "provn": provn.read,
    "provjson": provjson.read,
    "provxml": provxml.read,
}
RDF = {
    "ttl": ox.RdfFormat.TURTLE,
    "trig": ox.RdfFormat.TRIG,
    "nt": ox.RdfFormat.N_TRIPLES,
    "rdfxml": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
}
# By file: how many statements are read, and which rules they take.
EXPECTED: dict[str, tuple[int, dict[str, int]]] = {
    "case/readme-two-files-expanded.ttl": (55, {}),
    "cwlprov/directory-0.6.0.ttl": (344, {}),
    "cwlprov/nested-cwlprov-0.3.0.json": (26, {}),
    "cwlprov/revsort-primary.cwlprov.json": (48, {}),
    "cwlprov/revsort-primary.cwlprov.jsonld": (162, {}),
    "cwlprov/revsort-primary.cwlprov.nt": (162, {}),
    "cwlprov/revsort-primary.cwlprov.provn": (48, {}),
    "cwlprov/revsort-primary.cwlprov.ttl": (162, {}),
    "cwlprov/revsort-primary.cwlprov.xml": (48, {}),
    "cwlprov/sec-wf-out-cwlprov-0.6.0.json": (41, {}),
    "dataone/hcdb-resmap.xml": (113, {}),
    "nanopub-testsuite/emptyprov.trig": (8, {}),
    "nf-provone/provone_provenance.jsonld": (353, {"illegal-iri": 5}),
    "nidm/cff-sample.provn": (121, {"doubled-prefix": 1, "undeclared-prefix": 1}),
    "nidm/cff-sample.ttl": (420, {}),
    "noworkflow/now_export.provn": (
        136,
        {
            "no-document": 1,
            "unprefixed-term": 3,
            "no-default-namespace": 1,
            "illegal-name": 4,
            "broken-text": 5,
            "attributes-kept": 6,
        },
    ),
    "sdtl-provone/augment.ttl": (111, {}),
    "taverna-wf4ever/wf1099-run1.prov.ttl": (217, {"no-default-namespace": 1}),
    "wings-opmw/ACCOUNT1348629691667PROV-Graph.ttl": (251, {}),
}


def outcome(path: str) -> tuple[int, dict[str, int]]:
    data = (WILD / path).read_bytes()
    repairs = Repairs(BASE, path)
    form = "jsonld" if path.endswith(".jsonld") else sniff.detect(data, path)
    if form in READERS:
        document = READERS[form](data, path, repairs)
        return sum(map(len, document.instances())), dict(repairs.counts)
    if form == "jsonld":
        found, _ = contexts.inline(guards.load_json(data, path), path, {})
        data = mend_jsonld.mend(found, repairs) or json.dumps(found).encode()
    base = None if form == "nt" else BASE
    return len(mend.parsed(data, form, RDF[form], base, repairs)), dict(repairs.counts)


@pytest.mark.parametrize("path", EXPECTED)
def test_documents_and_the_rules_that_they_take(path: str) -> None:
    if not WILD.is_dir():
        pytest.skip("the shared data folder is not here")
    assert outcome(path) == EXPECTED[path]


def test_every_document_of_prov_and_rdf_is_here() -> None:
    if not WILD.is_dir():
        pytest.skip("the shared data folder is not here")
    # RO-Crates and what other tools write in JSON of their own are mapped, not mended.
    others = ("ro-crate-metadata.json", "sample_data.json", "example_full_event.json")
    files = {one.relative_to(WILD).as_posix() for one in WILD.glob("*/*")}
    assert {one for one in files if not one.endswith(others)} == EXPECTED.keys()


def test_each_repair_of_a_document_is_one_of_its_own() -> None:
    path = WILD / "nf-provone" / "provone_provenance.jsonld"
    if not path.exists():
        pytest.skip(f"there is no {path}")
    told = exchange.read(path).repairs
    assert len(told) == len(set(told)) > 1
