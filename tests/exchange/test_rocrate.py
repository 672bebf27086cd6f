"""A Provenance Run Crate of two steps, as file, folder and zip."""

import copy
import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from kprov_rdf.errors import InputError, NotFoundError, UnsupportedError
from kprov_rdf.exchange.foreign import croissant, openlineage, rocrate
from kprov_rdf.exchange.sources import Source
from tests.exchange import outcome
from tests.exchange.outcome import Outcome

RAW, CLEAN = b"raw data\n", b"clean data\n"
DIGEST = hashlib.sha256(RAW).hexdigest()
ORCID = "https://orcid.org/0000-0002-1825-0097"
CRATE: dict[str, Any] = {
    "@context": [
        "https://w3id.org/ro/crate/1.1/context",
        "https://w3id.org/ro/terms/workflow-run/context",
    ],
    "@graph": [
        {"@id": "ro-crate-metadata.json", "@type": "CreativeWork", "about": {"@id": "./"},
         "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"}},
        {"@id": "./", "@type": "Dataset", "name": "two steps", "author": {"@id": ORCID},
         "hasPart": [{"@id": "flow.py"}, {"@id": "data/raw%20data.csv"}, {"@id": "clean.csv"}],
         "labColour": {"hue": "green"}},
        {"@id": ORCID, "@type": "Person", "name": "A. Scientist"},
        {"@id": "flow.py",
         "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
         "name": "flow", "step": {"@id": "flow.py#clean"}},
        {"@id": "flow.py#clean", "@type": "HowToStep", "position": 1,
         "workExample": {"@id": "#cleaner"}},
        {"@id": "#cleaner", "@type": "SoftwareApplication", "name": "cleaner",
         "softwareVersion": "2.1"},
        {"@id": "#engine", "@type": "SoftwareApplication", "name": "engine"},
        {"@id": "#run-engine", "@type": "OrganizeAction", "instrument": {"@id": "#engine"},
         "agent": {"@id": ORCID}, "object": {"@id": "#control"}, "result": {"@id": "#run"},
         "startTime": "2026-03-01T10:00:00+01:00"},
        {"@id": "#run", "@type": "CreateAction", "name": "run", "instrument": {"@id": "flow.py"},
         "agent": {"@id": ORCID}, "object": {"@id": "data/raw%20data.csv"},
         "result": {"@id": "clean.csv"}, "startTime": "2026-03-01T10:00:01+01:00",
         "endTime": "2026-03-01T10:00:09+01:00",
         "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"}},
        {"@id": "#control", "@type": "ControlAction", "instrument": {"@id": "flow.py#clean"},
         "object": {"@id": "#run-cleaner"}},
        {"@id": "#run-cleaner", "@type": "CreateAction", "instrument": {"@id": "#cleaner"},
         "object": [{"@id": "data/raw%20data.csv"}, {"@id": "#threshold"}],
         "result": {"@id": "clean.csv"}, "startTime": "2026-03-01"},
        {"@id": "#later", "@type": "ActivateAction", "object": {"@id": "clean.csv"},
         "actionStatus": {"@id": "http://schema.org/PotentialActionStatus"}},
        {"@id": "data/raw%20data.csv", "@type": "File", "sha256": DIGEST.upper(),
         "contentSize": "9 B", "exampleOfWork": {"@id": "flow.py#in"}},
        {"@id": "flow.py#in", "@type": "FormalParameter", "name": "in"},
        {"@id": "clean.csv", "@type": "File", "contentSize": "1.5 kB",
         "isBasedOn": {"@id": "data/raw%20data.csv"}},
        {"@id": "#threshold", "@type": "PropertyValue", "name": "threshold", "value": 0.25},
    ],
}  # fmt: skip


@pytest.fixture
def crate(tmp_path: Path) -> Outcome:
    return outcome.read(rocrate, CRATE, tmp_path / "ro-crate-metadata.json")


def folder(path: Path, metadata: Any = CRATE) -> Path:
    files = {
        "ro-crate-metadata.json": json.dumps(metadata).encode(),
        "data/raw data.csv": RAW,
        "clean.csv": CLEAN,
        "notes.txt": b"not described",
    }
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def test_all_that_it_says_is_kept_and_valid(crate: Outcome) -> None:
    assert outcome.lost(CRATE, crate.quads) == set()
    assert outcome.violations(crate.quads) == []
    assert crate.classes() == {
        "Activity": 4, "Agent": 1, "Person": 1, "Entity": 11, "Plan": 4, "Collection": 1,
        "Association": 4,
    }  # fmt: skip
    assert crate.says_that(crate.named("#run"), "schema:actionStatus") == {
        "http://schema.org/CompletedActionStatus"
    }
    assert "attribute/hue" in crate.text


def test_an_action_is_an_activity_with_all_that_took_part(crate: Outcome) -> None:
    run = crate.named("#run")
    assert crate.says_that(run, "prov:startedAtTime") == {"2026-03-01T10:00:01+01:00"}
    assert crate.says_that(run, "prov:endedAtTime") == {"2026-03-01T10:00:09+01:00"}
    assert crate.says_that(run, "prov:used") == {crate.named("data/raw%20data.csv")}
    assert crate.says_that(run, "prov:wasAssociatedWith") == {ORCID}
    (association,) = crate.says_that(run, "prov:qualifiedAssociation")
    assert crate.says_that(association, "prov:hadPlan") == {crate.named("flow.py")}
    assert crate.says_that(association, "prov:agent") == {ORCID}
    assert crate.says_that(crate.named("clean.csv"), "prov:wasGeneratedBy") == {
        run, crate.named("#run-cleaner"),
    }  # fmt: skip


def test_actions_on_actions_inform_them(crate: Outcome) -> None:
    engine, control = crate.named("#run-engine"), crate.named("#control")
    informed = "prov:wasInformedBy"
    assert crate.says_that(crate.named("#run"), informed) == {engine}
    assert crate.says_that(control, informed) == {engine}
    assert crate.says_that(crate.named("#run-cleaner"), informed) == {control}


def test_a_date_is_no_time_and_a_possible_action_no_activity(crate: Outcome) -> None:
    assert crate.says_that(crate.named("#run-cleaner"), "prov:startedAtTime") == set()
    later = crate.says_that(crate.named("#later"), "rdf:type")
    assert "http://www.w3.org/ns/prov#Activity" not in later


def test_files_parameters_and_parts(crate: Outcome) -> None:
    raw, clean = crate.named("data/raw%20data.csv"), crate.named("clean.csv")
    assert crate.says_that(raw, "dnnprov:sha256") == {DIGEST}
    assert crate.says_that(raw, "dnnprov:byteSize") == {"9"}
    assert crate.says_that(raw, "dnnprov:path") == {"data/raw data.csv"}
    assert crate.says_that(clean, "dnnprov:byteSize") == set()  # what 1.5 kB are is not known
    assert crate.says_that(clean, "prov:wasDerivedFrom") == {raw}
    assert {float(one) for one in crate.says_that(crate.named("#threshold"), "prov:value")} == {
        0.25
    }
    root = crate.named("")
    assert len(crate.says_that(root, "prov:hadMember")) == 3
    assert crate.says_that(root, "prov:wasAttributedTo") == {ORCID}


def test_a_folder_and_its_zip_have_the_digests_of_all_files(tmp_path: Path) -> None:
    folder(tmp_path / "crate")
    with zipfile.ZipFile(tmp_path / "crate.zip", "w") as target:
        for path in sorted((tmp_path / "crate").rglob("*")):
            target.write(path, f"data/{path.relative_to(tmp_path / 'crate')}")
        target.writestr("bagit.txt", "BagIt-Version: 1.0")
    for name in ("crate", "crate.zip"):
        source = Source(str(tmp_path / name))
        assert rocrate.claims(source)
        found = Outcome(rocrate, source)
        clean = found.named("clean.csv")
        assert found.says_that(clean, "dnnprov:sha256") == {hashlib.sha256(CLEAN).hexdigest()}
        raw = found.named("data/raw%20data.csv")
        assert found.says_that(raw, "dnnprov:sha256") == {DIGEST}
        assert found.says_that(raw, "dnnprov:byteSize") == {"9"}
        assert '"notes.txt"' in found.text
        assert "1 of its files are not described in it" in found.notes
        assert outcome.violations(found.quads) == []
        assert ("its file bagit.txt stands outside of the crate" in found.notes) == (
            name == "crate.zip"
        )


def test_a_file_that_is_another_than_the_crate_says_is_told(tmp_path: Path) -> None:
    changed = copy.deepcopy(CRATE)
    changed["@graph"][-4]["sha256"] = "0" * 64
    found = Outcome(rocrate, Source(str(folder(tmp_path / "crate", changed))))
    assert "data/raw data.csv has another SHA-256 than the crate says" in found.notes


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3"])
def test_all_versions_are_read_alike(tmp_path: Path, version: str) -> None:
    other = CRATE | {"@context": f"https://w3id.org/ro/crate/{version}/context"}
    found = outcome.read(rocrate, other, tmp_path / "x.json")
    assert rocrate.claims(Source(str(tmp_path / "x.json")))
    assert found.classes()["Activity"] == 4
    assert outcome.lost(other, found.quads) == set()


def test_only_crates_are_claimed(tmp_path: Path) -> None:
    for name, text in {
        "a.json": '{"@context": "https://schema.org", "name": "w3id.org"}',
        "b.json": '{"entity": {"a": {"note": "w3id.org/ro/crate"}}}',
        "c.ttl": "<a> <b> <c> .",
    }.items():
        (tmp_path / name).write_text(text)
        assert not rocrate.claims(Source(str(tmp_path / name)))
    assert not rocrate.claims(Source(str(tmp_path)))
    (tmp_path / "ro-crate-metadata.json").write_text(json.dumps(CRATE))
    whole = Source(str(tmp_path / "ro-crate-metadata.json"))
    assert not croissant.claims(whole)
    assert not openlineage.claims(whole)


@pytest.mark.parametrize("at", range(len(CRATE["@graph"])))
@pytest.mark.parametrize("wrong", [3, None, [], {}, "text", [[1]], {"@value": 1}, {"@list": ["a"]}])
def test_wrong_types_at_any_key_are_kept_or_told(tmp_path: Path, at: int, wrong: Any) -> None:
    for key in CRATE["@graph"][at]:
        changed = copy.deepcopy(CRATE)
        changed["@graph"][at][key] = wrong
        try:
            found = outcome.read(rocrate, changed, tmp_path / "ro-crate-metadata.json")
        except InputError as error:
            assert key.startswith("@") and "ro-crate-metadata.json" in str(error)
        else:
            assert outcome.lost(changed, found.quads) <= {"text"}


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("", InputError, "no JSON"),
        (
            '{"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": [',
            InputError,
            ":1:66: It is no JSON",
        ),
        ('{"@graph": ' * 300 + "1" + "}" * 300, InputError, "levels deep"),
        ('{"@context": "https://w3id.org/ro/crate/9.9/context"}', UnsupportedError, "--context"),
    ],
)
def test_broken_crates_are_told(
    tmp_path: Path, text: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        outcome.read(rocrate, text, tmp_path / "ro-crate-metadata.json")


def test_a_folder_without_metadata_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="has no file"):
        Outcome(rocrate, Source(str(tmp_path)))
