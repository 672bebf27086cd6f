"""RO-Crate, Croissant, model cards and OpenLineage: what their specifications demand."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy
import pyoxigraph as ox
import pytest

from kprov_capture.facts import Dataset
from kprov_capture.home import Home
from kprov_capture.terms import RDF_TYPE, Dnnprov, Prov
from kprov_rdf.exchange import export
from kprov_rdf.exchange.export import Options
from kprov_rdf.exchange.formats import croissant, openlineage, rdf, rocrate
from kprov_rdf.exchange.selection import Selection
from tests import recording
from tests.exchange import runs
from tests.exchange.runs import triple

BASE = "http://localhost:8642/"
X = numpy.arange(12, dtype="<f4").reshape(6, 2)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "home dir").mkdir()
    (tmp_path / "home dir" / "a model é.keras").write_bytes(b"weights")
    return tmp_path / "home dir" / "a model é.keras"


@pytest.fixture
def found(home: Home, model: Path) -> Selection:
    """A run on arrays, which wrote a file that is still there, and one that is not."""
    run = recording.begin(home.path, "digits")
    arrays = {"x": X, "y": numpy.arange(6)}
    run.dataset("val", Dataset("val-set", "val", "numpy.ndarray", samples=6), arrays)
    recording.epoch(run, 0, 0.5)
    run.end_training("FINISHED")
    run.testing(run.now(), run.now(), {"loss": 0.25, "f1 of all": 1.0}, "val-set")
    run.close()
    return _with_files(runs.chosen(home), model)


def _with_files(chosen: Selection, model: Path) -> Selection:
    (record,) = chosen.records
    told = list(chosen.graphs[record])
    for number, (path, sha256) in enumerate(
        ((model, hashlib.sha256(b"weights").hexdigest()), (model.parent / "gone.h5", "a" * 64)), 1
    ):
        file, content = f"{record}#file-{number}", f"{BASE}content/sha256-{sha256}"
        told += [
            triple(file, RDF_TYPE, Dnnprov.File),
            triple(file, RDF_TYPE, Prov.Entity),
            triple(file, Dnnprov.path, ox.Literal(str(path))),
            triple(file, Prov.specializationOf, content),
            triple(file, Prov.wasGeneratedBy, f"{record}#execution"),
            triple(file, Prov.wasDerivedFrom, f"{record}#model"),
            triple(content, RDF_TYPE, Dnnprov.Content),
            triple(content, Dnnprov.sha256, ox.Literal(sha256)),
            triple(content, Dnnprov.byteSize, ox.Literal(7)),
        ]
    return Selection({**chosen.graphs, record: told}, chosen.records, chosen.base)


def crate(chosen: Selection, folder: Path, options: Options | None = None) -> dict[str, Any]:
    """The entities of a crate by @id; its files are in ``folder``."""
    export.save(export.content(chosen, "rocrate", options), folder)
    metadata = json.loads((folder / rocrate.METADATA).read_text("utf-8"))
    assert metadata["@context"][0] == "https://w3id.org/ro/crate/1.1/context"
    graph = metadata["@graph"]
    entities = {one["@id"]: one for one in graph}
    assert len(entities) == len(graph)  # RO-Crate 1.1, appendix on JSON-LD: flat, each once
    assert all(one["@type"] for one in graph)
    return entities


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def referred(entities: dict[str, Any]) -> Iterator[str]:
    for entity in entities.values():
        for value in entity.values():
            yield from (
                v["@id"] for v in listed(value) if isinstance(v, dict) and set(v) == {"@id"}
            )


def test_the_crate_has_what_ro_crate_demands(found: Selection, tmp_path: Path) -> None:
    entities = crate(found, tmp_path / "crate")
    # RO-Crate 1.1, Metadata File Descriptor, and Direct properties of the Root Data Entity.
    descriptor, root = entities["ro-crate-metadata.json"], entities["./"]
    assert descriptor["@type"] == "CreativeWork"
    assert descriptor["about"] == {"@id": "./"}
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert root["@type"] == "Dataset"
    assert all(root[key] for key in ("name", "description", "license"))
    date.fromisoformat(root["datePublished"][:10])
    # Every data entity is linked from the root, and is there.
    parts = {one["@id"] for one in listed(root["hasPart"])}
    assert parts == {i for i, one in entities.items() if "File" in listed(one["@type"])}
    for part in parts:
        path = tmp_path / "crate" / unquote(part)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == entities[part]["sha256"]
    assert {i for i in referred(entities) if i not in entities} == {"https://w3id.org/ro/crate/1.1"}


def test_the_crate_has_what_the_profile_demands(found: Selection, tmp_path: Path) -> None:
    """Process Run Crate 0.5, Requirements."""
    entities = crate(found, tmp_path / "crate")
    profile = entities[entities["./"]["conformsTo"]["@id"]]
    assert profile["@id"] == "https://w3id.org/ro/wfrun/process/0.5"
    assert profile["@type"] == "CreativeWork"
    (action,) = (one for one in entities.values() if one["@type"] == "CreateAction")
    assert entities[action["instrument"]["@id"]]["@type"] == "SoftwareApplication"
    assert entities[action["agent"]["@id"]]["@type"] == "Person"
    assert {"@id": action["@id"]} in listed(entities["./"]["mentions"])
    assert datetime.fromisoformat(action["endTime"])
    assert action["actionStatus"] == "http://schema.org/CompletedActionStatus"
    kinds = {"File", "CreativeWork", "PropertyValue"}
    for one in (*listed(action["object"]), *listed(action["result"])):
        assert entities[one["@id"]]["@type"] in kinds
    results = [entities[one["@id"]] for one in listed(action["result"])]
    files = {one.get("alternateName", one["name"]): one for one in results}
    kept, gone = files["a model é.keras"], files["gone.h5"]
    assert re.fullmatch(r"files/[0-9a-f]{16}-[\w.%-]+\.keras", kept["@id"])
    assert (tmp_path / "crate" / unquote(kept["@id"])).read_bytes() == b"weights"
    assert (gone["@type"], gone["sha256"]) == ("CreativeWork", "a" * 64)
    assert ("f1 of all of testing-1", 1.0) in [(r["name"], r.get("value")) for r in results]
    trig = (tmp_path / "crate" / "provenance.trig").read_bytes()
    assert trig == rdf.document(found, "trig")


def test_a_file_that_changed_is_not_in_the_crate(
    found: Selection, model: Path, tmp_path: Path
) -> None:
    model.write_bytes(b"others")
    crate(found, tmp_path / "crate")
    assert not (tmp_path / "crate" / "files").exists()


def test_a_redacted_crate_has_no_file(found: Selection, tmp_path: Path) -> None:
    """A model has the provenance in it, which is not redacted."""
    entities = crate(found, tmp_path / "crate", Options(redact=True))
    assert not (tmp_path / "crate" / "files").exists()
    assert {i for i, one in entities.items() if one["@type"] == "Person"} == {
        f"{found.records[0]}#person-1"
    }


def test_croissant_has_what_it_demands(found: Selection) -> None:
    """Croissant 1.1, Required, FileObject and Field."""
    told = json.loads(export.write(found, "croissant"))
    required = {"@context", "@type", "conformsTo", "description", "license", "name", "url"}
    assert required | {"creator", "datePublished", "distribution"} <= told.keys()
    assert (told["@type"], told["conformsTo"]) == (
        "sc:Dataset",
        "http://mlcommons.org/croissant/1.1",
    )
    files = {one["@id"]: one for one in told["distribution"]}
    expected = hashlib.sha256(X.tobytes()).hexdigest()
    file = files[f"sha256-{expected}"]
    assert (file["@type"], file["sha256"]) == ("cr:FileObject", expected)
    assert (file["contentSize"], bool(file["contentUrl"])) == ("48 B", True)
    sets = {one["name"]: one for one in told["recordSet"]}
    (field,) = sets["val-set-x"]["field"]
    assert (field["@type"], field["dataType"]) == ("cr:Field", "cr:Float32")
    assert (field["isArray"], field["arrayShape"]) == (True, "2")
    assert field["source"]["fileObject"]["@id"] in files
    (labels,) = sets["val-set-y"]["field"]
    assert (labels["dataType"], "isArray" in labels) == ("cr:Int64", False)
    ids = [one["@id"] for one in (*told["distribution"], *told["recordSet"], field, labels)]
    assert len(ids) == len(set(ids))
    words = {key for key in field if not key.startswith("@")} - {"name", "description"}
    assert words <= told["@context"].keys()


@pytest.mark.parametrize(
    ("numpy_type", "expected"),
    [
        ("<f8", "cr:Float64"), ("|u1", "cr:UInt8"), (">i2", "cr:Int16"), ("|b1", "sc:Boolean"),
        ("<U7", "sc:Text"), ("<M8[ns]", "sc:DateTime"), ("|O", None), ("", None), ("<f16", None),
    ],
)  # fmt: skip
def test_types_of_arrays_have_names(numpy_type: str, expected: str | None) -> None:
    assert croissant.data_type(numpy_type) == expected


def test_a_card_tells_of_the_model(found: Selection) -> None:
    told = json.loads(export.write(found, "modelcard"))
    entities = {one["@id"]: one for one in told["@graph"]}
    (record,) = found.records
    card = entities[f"{record}#model"]
    assert (card["@type"], card["name"]) == ("fair4ml:MLModel", "digits")
    assert card["fair4ml:trainedOn"] == [{"@id": f"{record}#train-set"}]
    assert card["distribution"][0]["sha256"] == hashlib.sha256(b"weights").hexdigest()
    (evaluation,) = card["fair4ml:hasEvaluation"]
    results = entities[evaluation["@id"]]["fair4ml:evaluationResults"]
    assert ("loss", 0.25) in [(one["name"], one["value"]) for one in results]
    assert {i for i in referred(entities) if i not in entities} == set()
    quads = list(ox.parse(json.dumps(told), ox.RdfFormat.JSON_LD))
    fair = {q.predicate.value for q in quads if "fair4ml#" in q.predicate.value}
    assert "https://w3id.org/fair4ml#trainedOn" in fair


def test_a_card_for_people_escapes_what_they_named(home: Home) -> None:
    for text in runs.HOSTILE:
        run = runs.hostile(home, text)
        card = export.write(runs.chosen(home, run.id), "modelcard-md").decode()
        assert "<" not in re.sub(r"\\<", "", card)
        rows = [line for line in card.splitlines() if line.startswith("|")]
        assert all(line.replace("\\|", "").count("|") in (3, 4) for line in rows)


@pytest.mark.parametrize(
    ("status", "ends"),
    [("FINISHED", "COMPLETE"), ("INTERRUPTED", "ABORT"), ("FINISHED_WITH_ERROR", "FAIL")],
)
def test_events_have_what_openlineage_demands(home: Home, status: str, ends: str) -> None:
    """OpenLineage 2-0-2: BaseEvent, RunEvent, Run, Job, Dataset, BaseFacet."""
    run = recording.begin(home.path)
    run.end_training(status, "ValueError: no" if ends == "FAIL" else None)
    run.close()
    events = [
        json.loads(line) for line in export.write(runs.chosen(home), "openlineage").splitlines()
    ]
    assert [one["eventType"] for one in events] == ["START", ends]
    assert {one["run"]["runId"] for one in events} == {run.id}
    for event in events:
        assert datetime.fromisoformat(event["eventTime"]).tzinfo
        assert urlsplit(event["producer"]).scheme
        assert event["schemaURL"] == openlineage.SCHEMA
        assert uuid.UUID(event["run"]["runId"])
        assert {"namespace", "name"} <= event["job"].keys()
        things = (event["run"], event["job"], *event["inputs"], *event["outputs"])
        for dataset in things[2:]:
            assert {"namespace", "name"} <= dataset.keys()
        for facet in (f for one in things for f in one["facets"].values()):
            assert {"_producer", "_schemaURL"} <= facet.keys()
    if ends == "FAIL":
        error = events[1]["run"]["facets"]["errorMessage"]
        assert (error["programmingLanguage"], bool(error["message"])) == ("Python", True)


def test_a_run_that_goes_on_has_only_begun(home: Home) -> None:
    run = runs.running(home)
    (line,) = export.write(runs.chosen(home), "openlineage").splitlines()
    assert json.loads(line)["eventType"] == "START"
    run.end_training("FINISHED")
    run.close()


def test_a_record_without_a_uuid_has_one_made_of_its_name() -> None:
    made = openlineage.run_id("http://example.com/run/mine")
    assert made == openlineage.run_id("http://example.com/run/mine")
    assert uuid.UUID(made).version == 5


def test_tables_have_a_row_for_each_thing(home: Home) -> None:
    import csv
    import io

    first = recording.record(home.path)
    second = recording.record(home.path, "other", losses=(0.5,))
    files = export.content(runs.chosen(home, first.id, second.id), "csv")
    assert isinstance(files, dict)
    tables = {
        name.removesuffix(".csv"): list(csv.DictReader(io.StringIO(bytes(data).decode())))
        for name, data in files.items()
        if isinstance(data, bytes)
    }
    assert [row["tag"] for row in tables["runs"]] == ["test-flow", "other"]
    losses = [(row["run"][-4:], row["epoch"], row["loss"]) for row in tables["epochs"]]
    assert losses == [
        *((first.id[-4:], str(n), loss) for n, loss in enumerate(("0.9", "0.7", "0.6"))),
        (second.id[-4:], "0", "0.5"),
    ]
    assert [row['f1 of "all"'] for row in tables["tests"]] == ["0.5", "0.5"]
    assert [row["new"] for row in tables["adaptations"]] == ["0.0005", "0.0005"]
    assert [row["name"] for row in tables["layers"]][:4] == ["dense", "drop", "inner", "out"]
    assert ("learning_rate", "0.001") in [(r["setting"], r["value"]) for r in tables["settings"]]
