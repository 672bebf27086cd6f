"""Documents that workflow systems wrote: none is committed, so these skip where they are not."""

import json
from pathlib import Path
from types import ModuleType

import pyoxigraph as ox
import pytest

from kprov_rdf.exchange import reading
from kprov_rdf.exchange.foreign import croissant, openlineage, rocrate
from kprov_rdf.exchange.scope import Scope
from kprov_rdf.exchange.sources import Source
from tests.conftest import SHARED
from tests.exchange import outcome

WILD = SHARED / "data" / "wild"
MODULES = (croissant, openlineage, rocrate)
TAUGHT = [
    ("workflow-run-crate/nf-prov.ro-crate-metadata.json", rocrate, 6, 32, 2),
    ("workflow-run-crate/runcrate-cwltool.ro-crate-metadata.json", rocrate, 8, 123, 0),
    ("workflow-run-crate/snakemake.ro-crate-metadata.json", rocrate, 1, 18, 0),
    ("workflow-run-crate/wfexs-cosifer-nxf.ro-crate-metadata.json", rocrate, 4, 51, 2),
    ("openlineage/example_full_event.json", openlineage, 2, 4, 1),
]
# Activities, entities and agents, with what the vocabulary entails; whether the source is valid.
LINKED = [
    ("nf-provone/provone_provenance.jsonld", 5, 40, 1, True),
    ("sdtl-provone/augment.ttl", 0, 61, 0, True),
    ("dataone/hcdb-resmap.xml", 3, 11, 0, True),
    ("nanopub-testsuite/emptyprov.trig", 0, 2, 1, True),
    ("case/readme-two-files-expanded.ttl", 1, 2, 0, True),
    ("wings-opmw/ACCOUNT1348629691667PROV-Graph.ttl", 4, 14, 3, False),
    ("taverna-wf4ever/wf1099-run1.prov.ttl", 7, 39, 1, True),
    ("cwlprov/directory-0.6.0.ttl", 3, 33, 3, False),
]


def wild(name: str) -> Path:
    path = WILD / name
    if not path.exists():
        pytest.skip("the shared data folder is not here")
    return path


def merged(name: str) -> list[ox.Quad]:
    """The statements that a merge of a document takes."""
    source = Source(str(wild(name)))
    return list(reading.parse(source, Scope(f"{outcome.BASE}import/sha256-{source.sha256}")).quads)


@pytest.mark.parametrize(("name", "module", "activities", "entities", "agents"), TAUGHT)
def test_documents_of_tools_are_read_whole(
    name: str, module: ModuleType, activities: int, entities: int, agents: int
) -> None:
    source = Source(str(wild(name)))
    assert [one for one in MODULES if one.claims(source)] == [module]
    found = outcome.Outcome(module, source)
    counts = found.classes()
    assert (counts["Activity"], counts["Entity"], counts["Agent"]) == (
        activities, entities, agents,
    )  # fmt: skip
    assert outcome.lost(json.loads(source.data), found.quads) == set()
    assert outcome.violations(found.quads) == []


@pytest.mark.parametrize(("name", "activities", "entities", "agents", "valid"), LINKED)
def test_rdf_of_tools_has_the_classes_of_prov(
    name: str, activities: int, entities: int, agents: int, valid: bool
) -> None:
    quads = merged(name)
    counts = outcome.classes(quads)
    assert (counts["Activity"], counts["Entity"], counts["Agent"]) == (
        activities, entities, agents,
    )  # fmt: skip
    assert (outcome.violations(quads) == []) == valid


def test_a_file_of_a_crate_has_its_generation_and_name() -> None:
    name = "workflow-run-crate/snakemake.ro-crate-metadata.json"
    found = outcome.Outcome(rocrate, Source(str(wild(name))))
    image = found.named("c4gh/CMB-PCA/MSB-02917-01-02.ome.tiff.c4gh")
    run = found.named("#1d1733a3-5105-4bac-8499-1a6c1a3e59fb")
    assert found.says_that(image, "prov:wasGeneratedBy") == {run}
    assert found.says_that(image, "dnnprov:path") == {"c4gh/CMB-PCA/MSB-02917-01-02.ome.tiff.c4gh"}
    assert found.says_that(run, "prov:startedAtTime") == {"2023-10-27T16:08:25"}
    assert len(found.says_that(run, "prov:used")) == 4


def test_the_graphs_of_a_nanopublication_stay_apart() -> None:
    quads = merged("nanopub-testsuite/emptyprov.trig")
    graphs = {one.graph_name.value.rpartition("/")[2] for one in quads}
    assert graphs == {"Head", "assertion", "pubinfo"}
    assert all(isinstance(one.subject, ox.NamedNode) for one in quads)
