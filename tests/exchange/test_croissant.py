import copy
from pathlib import Path
from typing import Any

import pytest

from kprov_rdf.errors import InputError
from kprov_rdf.exchange.foreign import croissant, rocrate
from kprov_rdf.exchange.sources import Source
from tests.exchange import outcome
from tests.exchange.outcome import Outcome

DIGEST = "ab" * 32
CONTEXT = {
    "@language": "en", "@vocab": "https://schema.org/", "cr": "http://mlcommons.org/croissant/",
    "sc": "https://schema.org/", "dct": "http://purl.org/dc/terms/", "conformsTo": "dct:conformsTo",
    "recordSet": "cr:recordSet", "field": "cr:field", "source": "cr:source",
    "extract": "cr:extract", "column": "cr:column", "fileObject": "cr:fileObject",
    "includes": "cr:includes", "containedIn": "cr:containedIn", "citeAs": "cr:citeAs",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "prov": "http://www.w3.org/ns/prov#",
}  # fmt: skip
DATASET: dict[str, Any] = {
    "@context": CONTEXT,
    "@type": "sc:Dataset",
    "@id": "https://data.zenodo.org/digits",
    "name": "digits",
    "conformsTo": "http://mlcommons.org/croissant/1.1",
    "license": "https://creativecommons.org/licenses/by/4.0/",
    "citeAs": "Somebody (2026)",
    "creator": [{"@type": "Person", "name": "A. Maker"},
                {"@type": "Organization", "@id": "https://ror.org/05x", "name": "An institute"}],
    "prov:wasDerivedFrom": {"@id": "https://data.zenodo.org/scans"},
    "prov:wasGeneratedBy": {"@type": "prov:Activity", "@id": "#cleaning",
                            "prov:wasAssociatedWith": {"@id": "#team"}},
    "distribution": [
        {"@type": "cr:FileObject", "@id": "digits.zip", "contentUrl": "https://data.zenodo.org/z",
         "contentSize": "2048 B", "encodingFormat": "application/zip", "sha256": DIGEST},
        {"@type": "cr:FileSet", "@id": "images", "containedIn": {"@id": "digits.zip"},
         "includes": "*.png"},
    ],
    "recordSet": [
        {"@type": "cr:RecordSet", "@id": "records", "field": [
            {"@type": "cr:Field", "@id": "records/label", "dataType": "sc:Integer",
             "source": {"fileObject": {"@id": "digits.zip"}, "extract": {"column": "label"}}}],
         "data": [{"records/label": 7, "odd": {"@context": "no context"}}]},
    ],
}  # fmt: skip


@pytest.fixture
def dataset(tmp_path: Path) -> Outcome:
    path = tmp_path / "croissant.json"
    found = outcome.read(croissant, DATASET, path)
    assert croissant.claims(Source(str(path)))
    assert not rocrate.claims(Source(str(path)))
    return found


def test_all_that_it_says_is_kept_and_valid(dataset: Outcome) -> None:
    assert outcome.lost(DATASET, dataset.quads) == set()
    assert outcome.violations(dataset.quads) == []
    assert dataset.classes() == {
        # the data set, its source, its file and set of files, records and their field; two nodes
        # between a field and its column have no class
        "Entity": 6, "Collection": 1, "Activity": 1, "Agent": 3, "Person": 1, "Organization": 1,
    }  # fmt: skip


def test_files_have_digest_and_size_and_makers_are_agents(dataset: Outcome) -> None:
    file, data = dataset.named("digits.zip"), DATASET["@id"]
    assert dataset.says_that(file, "dnnprov:sha256") == {DIGEST}
    assert dataset.says_that(file, "dnnprov:byteSize") == {"2048"}
    assert "https://w3id.org/dnnprov#File" in dataset.says_that(file, "rdf:type")
    assert dataset.says_that(data, "prov:hadMember") == {file, dataset.named("images")}
    assert "https://ror.org/05x" in dataset.says_that(data, "prov:wasAttributedTo")
    assert len(dataset.says_that(data, "prov:wasAttributedTo")) == 2
    assert dataset.says_that(data, "sc:license") == {DATASET["license"]}


def test_its_own_terms_of_prov_stay_and_have_their_classes(dataset: Outcome) -> None:
    data, activity = DATASET["@id"], dataset.named("#cleaning")
    assert dataset.says_that(data, "prov:wasDerivedFrom") == {"https://data.zenodo.org/scans"}
    assert dataset.says_that(data, "prov:wasGeneratedBy") == {activity}
    team = dataset.named("#team")
    assert "http://www.w3.org/ns/prov#Agent" in dataset.says_that(team, "rdf:type")


@pytest.mark.parametrize(
    "address", ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/1.1"]
)
def test_a_context_by_address_is_that_of_its_version(tmp_path: Path, address: str) -> None:
    document = DATASET | {"@context": address}
    found = outcome.read(croissant, document, tmp_path / "a.json")
    assert found.says_that(found.named("digits.zip"), "dnnprov:sha256") == {DIGEST}
    assert outcome.lost(document, found.quads) == set()


@pytest.mark.parametrize("wrong", [3, None, [], {}, "text", [[1]], {"@value": 1}])
def test_wrong_types_at_any_key_are_kept_or_told(tmp_path: Path, wrong: Any) -> None:
    for key in DATASET:
        changed = copy.deepcopy(DATASET)
        changed[key] = wrong
        try:
            found = outcome.read(croissant, changed, tmp_path / "a.json")
        except InputError as error:
            assert key.startswith("@") and "a.json" in str(error)
        else:
            if key != "@context":
                assert outcome.lost(changed, found.quads) == set()
