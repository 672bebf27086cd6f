"""Folders of yProv4ML: those that it wrote of a real training, and made ones of other versions."""

import json
import shutil
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from kprov_rdf.errors import InputError, KprovError
from kprov_rdf.exchange.foreign import series_files, yprov4ml
from kprov_rdf.exchange.foreign.training import Point, moment
from kprov_rdf.exchange.reading import parse
from kprov_rdf.exchange.scope import Scope
from kprov_rdf.exchange.sources import Source
from kprov_rdf.store import LocalStore
from tests.exchange.logged import LOGGED, own_epochs, own_hashes
from tests.exchange.said import Said, empty, read

FOLDER = LOGGED.parent / "yprov"


def folder(path: Path) -> Said:
    return read(Source(str(path)), yprov4ml.read)


def narrow(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


# -- a real training


@pytest.mark.parametrize("name", ["digits_0", "digits_1"])  # its metrics as CSV, and as netCDF
def test_a_training_is_as_kprov_recorded_it(name: str) -> None:
    said = folder(FOLDER / name)
    assert said.wrong() == []
    assert said.says.notes == []
    found = said.ask("epochs", run=said.run)
    for ours, own in zip(found, own_epochs(), strict=True):
        for metric in ("loss", "accuracy", "valLoss", "valAccuracy", "rate"):
            assert narrow(ours[metric]) == narrow(own[metric])
    (run,) = said.ask("runs")
    assert (run["optimizer"], run["rate"], run["planned"], run["status"]) == (
        "Adam",
        0.001,
        5,
        "FINISHED",
    )
    (tool,) = said.select("SELECT ?l { GRAPH ?g { ?t a dnnprov:CaptureLibrary ; rdfs:label ?l } }")
    assert tool["l"] == "yProv4ML 3.2.8"


def test_the_data_and_the_model_have_the_hashes_that_kprov_recorded() -> None:
    said = folder(FOLDER / "digits_0")
    found = said.select(
        "SELECT ?kind ?sha256 { GRAPH ?g { ?f a ?kind ; dnnprov:sha256 ?sha256 "
        "FILTER (?kind IN (dnnprov:TrainedModel, dnnprov:Dataset)) } }"
    )
    assert len(found) == 2
    assert {row["sha256"] for row in found} <= own_hashes()


def test_a_folder_of_experiments_is_as_many_trainings() -> None:
    said = folder(FOLDER)
    assert set(said.runs) == {"digits_GR0_0", "digits_GR0_1"}
    assert list(yprov4ml.documents(Source(str(FOLDER)))) == [
        "digits_0/prov_digits_GR0_0.json",
        "digits_1/prov_digits_GR0_1.json",
    ]


def test_what_the_documents_say_as_prov_is_read_beside_the_trainings() -> None:
    graph = "http://localhost:8642/import/sha256-" + "0" * 64
    document = parse(Source(str(FOLDER)), Scope(graph))
    store = LocalStore()
    store.load(document.text)
    assert len(store.graphs()) == 3
    found = store.query(
        "SELECT ?o { GRAPH ?g { ?s prov:wasInformedBy ?o FILTER STRENDS(STR(?s), ':validation') } }"
    )
    names = [row["o"].value.removeprefix(graph) for row in found]  # type: ignore[union-attr, index]
    assert sorted(names) == [
        "#/digits_0/prov_digits_GR0_0.json//digits_GR0_0:digits_GR0_0",
        "#/digits_1/prov_digits_GR0_1.json//digits_GR0_1:digits_GR0_1",
    ]


def test_only_such_folders_are_claimed(tmp_path: Path) -> None:
    assert yprov4ml.claims(Source(str(FOLDER / "digits_0")))
    (tmp_path / "prov_x.json").write_text('{"prefix": {"ex": "http://example.org/"}}')
    assert not yprov4ml.claims(Source(str(tmp_path)))
    assert not yprov4ml.claims(Source(str(LOGGED / "mlruns")))
    document = FOLDER / "digits_0" / "prov_digits_GR0_0.json"
    assert not yprov4ml.claims(Source(str(document)))


# -- other versions


def made(path: Path, entity: dict[str, Any], **files: str | bytes) -> Said:
    """An experiment with these entities and files; __ in a name stands for a slash."""
    told = {
        "prefix": {"prov-ml": "prov-ml", "context": "context"},
        "activity": {"run": {"prov-ml:run_id": "0", "prov:startedAtTime": "1700000000.5"}},
        "entity": entity,
    }
    (path / "prov_run_GR0.json").write_text(json.dumps(told))
    for name, data in files.items():
        file = path / name.replace("__", "/").replace("_dot_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
    return folder(path)


def metric(path: str, context: str) -> dict[str, Any]:
    return {
        "prov:type": "provml:Metric",
        "prov:label": "loss",
        "prov:context": context,
        "prov-ml:identifier": f"prov/run_0/{path}",
    }


@pytest.mark.parametrize(
    "text",
    [
        "loss,Context.VALIDATION,LoggingItemKind.METRIC\n0,0.5,1700000001000\n1,0.25,1700000002000\n",
        ",loss,Context.VALIDATION,std.time\n0,0,0.5,1700000001000\n1,1,0.25,1700000002000\n",
        "epoch;value;timestep\n0;0.5;1700000001000\n\n1;0.25;1700000002000\n",
    ],
)
def test_all_versions_of_the_csv_are_read(text: str, tmp_path: Path) -> None:
    name = "loss_Context.VALIDATION_GR0.csv"
    entity = {"loss": metric(f"metrics_GR0/{name}", "Context.VALIDATION")}
    said = made(tmp_path, entity, **{f"metrics_GR0__{name}": text})
    epochs = said.ask("metrics", run=said.run)
    values = [row["value"] for row in epochs if row["metric"].endswith("valLoss")]
    assert values == [0.5, 0.25]


def test_values_that_stand_in_the_document_are_taken(tmp_path: Path) -> None:
    entity = {
        "loss_Context.TRAINING": {
            "prov-ml:type": "Metric",
            "prov:label": "loss",
            "prov-ml:context": "Context.TRAINING",
            "prov-ml:metric_epoch_list": {"$": "[0, 0, 1]", "type": "xsd:string"},
            "prov-ml:metric_value_list": "[0.9, 0.5, 0.25]",
            "prov-ml:metric_timestamp_list": "[1700000001000, 1700000001500, 1700000002000]",
        },
        "acc": {"prov-ml:metric_epoch_list": "[[", "prov-ml:metric_value_list": "[1]"},
    }
    said = made(tmp_path, entity)
    assert [row["loss"] for row in said.metrics(said.run).values()] == [0.5, 0.25]
    assert any("metric_epoch_list of acc is no list" in note for note in said.says.notes)


def zarr2(values: list[Any], kind: str, compressor: str | None) -> tuple[str, dict[str, bytes]]:
    told = {
        "zarr_format": 2,
        "shape": [len(values)],
        "chunks": [2],
        "dtype": f"<{kind}",
        "compressor": {"id": compressor, "level": 1} if compressor else None,
        "fill_value": 0,
        "filters": None,
        "order": "C",
    }
    form = {"i4": "i", "f4": "f", "i8": "q"}[kind]
    parts = {}
    for number in range(0, len(values), 2):
        chunk = [*values[number : number + 2], 0][:2]
        data = struct.pack(f"<2{form}", *chunk)
        parts[str(number // 2)] = zlib.compress(data) if compressor == "zlib" else data
    return json.dumps(told), parts


@pytest.mark.parametrize("compressor", [None, "zlib"])
def test_zarr_is_read(compressor: str | None, tmp_path: Path) -> None:
    arrays = {"epochs": ("i4", [0, 1, 2]), "values": ("f4", [0.5, 0.25, 0.125]),
              "timestamps": ("i8", [1, 2, 3])}  # fmt: skip
    for name, (kind, values) in arrays.items():
        told, parts = zarr2(values, kind, compressor)
        place = tmp_path / "m.zarr" / name
        place.mkdir(parents=True)
        (place / ".zarray").write_text(told)
        for part, data in parts.items():
            (place / part).write_bytes(data)
    found = series_files.from_zarr(Source(str(tmp_path)), "m.zarr", "m")
    assert found == [Point(n, 0.5 / 2**n, moment((n + 1) / 1000)) for n in range(3)]
    (tmp_path / "m.zarr" / "values" / "0").write_bytes(b"x")
    with pytest.raises(InputError, match="part 0 of another size"):
        series_files.from_zarr(Source(str(tmp_path)), "m.zarr", "m")


def test_zarr_of_version_3_is_read_or_named(tmp_path: Path) -> None:
    def write(codecs: list[Any]) -> list[Point]:
        for name, kind in (("epochs", "int32"), ("values", "float32"), ("timestamps", "int64")):
            place = tmp_path / "m.zarr" / name / "c"
            place.mkdir(parents=True, exist_ok=True)
            told = {
                "zarr_format": 3, "node_type": "array", "shape": [1], "data_type": kind,
                "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1]}},
                "codecs": codecs, "fill_value": 0,
            }  # fmt: skip
            (place.parent / "zarr.json").write_text(json.dumps(told))
            form = {"int32": "i", "float32": "f", "int64": "q"}[kind]
            (place / "0").write_bytes(struct.pack(f"<{form}", 7))
        return series_files.from_zarr(Source(str(tmp_path)), "m.zarr", "m")

    plain = {"name": "bytes", "configuration": {"endian": "little"}}
    assert write([plain]) == [Point(7, 7.0, moment(0.007))]
    with pytest.raises(InputError, match="is compressed with zstd"):
        write([plain, {"name": "zstd"}])


# -- what means no good


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a,b\n1,2\n",
        b"a,b,c\nx,y,z\n",
        b"a,b,c\n1e400,2,3\n",
        b"\xff\xfe",
    ],
)
def test_csv_that_is_none_is_refused_or_empty(data: bytes) -> None:
    try:
        assert series_files.from_csv(data, "m.csv") == []
    except InputError:
        return
    assert data == b""


def test_a_metric_that_cannot_be_read_is_noted_and_the_rest_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "digits"
    shutil.copytree(FOLDER / "digits_1", path)
    (path / "metrics_GR0" / "loss_training_None_GR0.nc").write_bytes(
        b"\x89HDF\r\n\x1a\n" + b"x" * 99
    )
    said = folder(path)
    assert any("is HDF5 that cannot be read" in note for note in said.says.notes)
    assert "valLoss" in said.metrics(said.run)[0]
    assert "loss" not in said.metrics(said.run)[0]


def test_hdf5_that_would_read_another_file_is_refused(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret data here")
    whole = FOLDER / "digits_1" / "metrics_GR0" / "loss_training_None_GR0.nc"
    layout = h5py.VirtualLayout(shape=(5,), dtype="f4")
    layout[:] = h5py.VirtualSource(str(whole), "values", shape=(5,))

    def make(name: str) -> Path:
        path = tmp_path / f"{name}.nc"
        with h5py.File(path, "w") as file:
            file["epochs"] = file["timestamps"] = list(range(4))
            if name == "link":
                file["values"] = h5py.ExternalLink(str(whole), "values")
            elif name == "raw":
                file.create_dataset("values", (4,), "i4", external=[(str(secret), 0, 16)])
            else:
                file.create_virtual_dataset("values", layout)
        return path

    for name in ("link", "raw", "virtual"):
        with pytest.raises(InputError, match=r"its arrays are (not in it|in other files)"):
            series_files.from_hdf5(make(name), name)


WRONG: list[Any] = [None, 1, -1.5, True, "", "x", [], [[]], {}, {"$": None}, {"$": "1e999"}]


@pytest.mark.parametrize("value", WRONG)
def test_values_of_a_wrong_type_are_read_or_refused(value: Any, tmp_path: Path) -> None:
    path = tmp_path / "digits"
    shutil.copytree(FOLDER / "digits_0", path)
    document = path / "prov_digits_GR0_0.json"
    told = json.loads(document.read_text())
    changed = [{**told, key: value} for key in told]
    for kind in ("activity", "entity"):
        changed += [{**told, kind: {**told[kind], key: value}} for key in told[kind]]
        # A parameter, one that is a metric too, a file.
        for key, record in list(told[kind].items())[:8]:
            one = record[0] if isinstance(record, list) else record
            changed += [{**told, kind: {**told[kind], key: {**one, name: value}}} for name in one]
    for wrong in changed:
        document.write_text(json.dumps(wrong))
        try:
            yprov4ml.read(Source(str(path)), empty())
        except KprovError:
            continue


def test_a_document_that_is_no_json_is_refused(tmp_path: Path) -> None:
    for text in ('{"prefix": {"prov-ml": ', '["prov-ml", ' + "[" * 100_000, '["prov-ml"]'):
        (tmp_path / "prov_x.json").write_text(text)
        with pytest.raises(InputError):
            yprov4ml.read(Source(str(tmp_path)), empty())
