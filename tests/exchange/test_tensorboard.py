"""Event files: those of a real training, beside what kprov recorded of it, and made ones."""

import json
import random
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_rdf.errors import InputError, KprovError
from kprov_rdf.exchange.foreign import tensorboard, tfevents
from kprov_rdf.exchange.foreign.crc32c import crc32c, masked
from kprov_rdf.exchange.foreign.protobuf import Message, fields
from kprov_rdf.exchange.sources import Source
from tests.exchange.logged import LOGGED, own_epochs, own_hashes
from tests.exchange.said import Said, empty, read

FOLDER = LOGGED / "tensorboard"


def narrow(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def folder(path: Path) -> Said:
    return read(Source(str(path)), tensorboard.read)


# -- a real training


def test_a_training_of_keras_is_as_kprov_recorded_it() -> None:
    said = folder(FOLDER)
    assert said.wrong() == []
    found = said.ask("epochs", run=said.run)
    names = {"loss", "accuracy", "valLoss", "valAccuracy", "rate"}
    assert [{name: row[name] for name in names} for row in found] == [
        {name: narrow(row[name]) for name in names} for row in own_epochs()
    ]
    (change,) = said.ask("adaptations", run=said.run)
    assert change["epoch"] == 3


def test_the_files_beside_are_kept_with_their_hashes() -> None:
    said = folder(FOLDER)
    found = said.select(
        "SELECT ?path ?sha256 ?kind { GRAPH ?g { ?f dnnprov:path ?path ; dnnprov:sha256 ?sha256 . "
        "OPTIONAL { ?f a ?kind FILTER (?kind IN (dnnprov:TrainedModel, dnnprov:Dataset)) } } }"
    )
    assert len(found) == 4
    kinds = {row["path"]: row.get("kind", "").rpartition("#")[2] for row in found}
    assert (kinds["digits.keras"], kinds["digits.npz"]) == ("TrainedModel", "Dataset")
    hashes = own_hashes()
    assert {row["sha256"] for row in found if row["path"].startswith("digits.")} <= hashes


def test_values_by_iterations_are_a_series_of_their_own() -> None:
    said = folder(FOLDER)
    rows = said.select(
        "SELECT ?name ?points { GRAPH ?g { ?s rdfs:label ?name ; "
        "<http://localhost:8642/attribute/series> ?points } }"
    )
    points = {row["name"]: json.loads(row["points"]) for row in rows}
    told = points["validation/evaluation_loss_vs_iterations"]
    assert told["steps"] == [10, 20, 30, 40, 50]
    assert told["values"] == [row["valLoss"] for row in said.ask("epochs", run=said.run)]


def test_one_file_of_a_folder_knows_which_part_it_is_of() -> None:
    (path,) = (FOLDER / "validation").iterdir()
    said = read(Source(str(path)), tensorboard.read)
    assert set(said.metrics(said.run)[0]) >= {"valLoss", "valAccuracy"}


def test_values_are_those_that_tensorflow_reads(tmp_path: Path) -> None:
    tf = pytest.importorskip("tensorflow")
    chance = random.Random(7)
    kinds = ["float16", "bfloat16", "float32", "float64", "int32", "int64", "uint8", "bool"]
    folder = tmp_path / "logs"
    with tf.summary.create_file_writer(str(folder)).as_default():
        for step in range(5):
            for kind in kinds:
                value = tf.cast(chance.uniform(0, 200), kind)
                tf.summary.write(kind, value, step)
        tf.summary.write("zero", tf.zeros([]), 0)
        text = tf.compat.v1.SummaryMetadata(plugin_data={"plugin_name": "text"})
        tf.summary.write("note", "first try", 0, metadata=text)
        tf.summary.write("weights", tf.constant([1.0, 2.0]), 0)
    (path,) = folder.iterdir()
    found = tfevents.read(path.read_bytes(), str(path))
    wanted = [
        (value.tag, event.step, float(tf.make_ndarray(value.tensor)))
        for event in tf.compat.v1.train.summary_iterator(str(path))
        for value in event.summary.value
        if value.tag in (*kinds, "zero")
    ]
    assert [(v.tag, v.step, v.scalar) for v in found.values if v.scalar is not None] == wanted
    assert len(wanted) == 41
    assert [v.texts for v in found.values if v.plugin == "text"] == [[b"first try"]]
    said = read(Source(str(path)), tensorboard.read)
    assert any("1 series of" in note for note in said.says.notes)


# -- made files


def varint(value: int) -> bytes:
    found = b""
    while value > 0x7F:
        found += bytes([value & 0x7F | 0x80])
        value >>= 7
    return found + bytes([value])


def field(number: int, value: Any) -> bytes:
    """A field of a message: an int, a float (64 bits), or bytes or a text."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value & (1 << 64) - 1)
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    told = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(told)) + told


def record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    checks = (struct.pack("<I", masked(crc32c(one))) for one in (length, data))
    return length + next(checks) + data + next(checks)


def event(time: float, step: int, *values: bytes) -> bytes:
    told = b"".join(field(1, one) for one in values)
    return record(field(1, time) + field(2, step) + field(5, told))


def simple(tag: str, value: float) -> bytes:
    return field(1, tag) + varint(2 << 3 | 5) + struct.pack("<f", value)


def plugin(tag: str, name: str, content: bytes) -> bytes:
    return field(1, tag) + field(9, field(1, field(1, name) + field(2, content)))


def hparams(**settings: bytes) -> bytes:
    told = b"".join(field(1, field(1, name) + field(2, one)) for name, one in settings.items())
    return field(3, told + field(5, 1795290000.0))


VERSION = record(field(1, 1795290000.0) + field(3, "brain.Event:2"))
START = hparams(
    lr=field(2, 0.001), optimizer=field(3, "adam"), nesterov=field(4, 1), layers=field(6, b"\x01")
)
WHOLE = b"".join(
    (
        VERSION,
        event(1795290001.0, 0, plugin("_hparams_/session_start_info", "hparams", START)),
        *(event(1795290002.0 + n, n, simple("Loss/train", 1 / (n + 1))) for n in range(4)),
        event(
            1795290009.0,
            0,
            plugin(
                "_hparams_/session_end_info",
                "hparams",
                field(4, field(1, 1) + field(2, 1795290010.0)),
            ),
        ),
    )
)


def of(data: bytes) -> Said:
    return read(Source("events.out.tfevents.1795290000.node7", data), tensorboard.read)


def test_hyperparameters_and_the_status_of_a_session_are_said() -> None:
    said = of(WHOLE)
    assert said.wrong() == []
    (run,) = said.ask("runs")
    assert (run["optimizer"], run["rate"], run["status"]) == ("adam", 0.001, "FINISHED")
    assert (run["epochs"], run["ended"]) == (4, "2026-11-21T19:40:10Z")
    rows = said.ask("settings", run=said.run)
    settings = {row["setting"].rpartition("/")[2]: row["value"] for row in rows}
    assert settings["layers"] == '{"6": "01"}'
    (host,) = said.select("SELECT ?l { GRAPH ?g { ?m a dnnprov:Machine ; rdfs:label ?l } }")
    assert host["l"] == "node7"


def test_a_folder_with_many_runs_is_as_many_trainings(tmp_path: Path) -> None:
    for name in ("a/train", "a/validation", "b"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "events.out.tfevents.1.node").write_bytes(WHOLE)
    (tmp_path / "b" / "best.keras").write_bytes(b"x")
    said = folder(tmp_path)
    assert set(said.runs) == {"a", "b"}
    (model,) = said.select("SELECT ?g { GRAPH ?g { ?m a dnnprov:TrainedModel } }")
    assert model["g"] == said.runs["b"]


def test_the_configuration_of_a_model_of_keras_is_kept_as_json() -> None:
    told = '{"class_name": "Sequential", "config": {"name": "network"}}'
    tensor = field(1, 7) + field(8, told)
    value = field(1, "keras") + field(8, tensor)
    value += field(9, field(1, field(1, "graph_keras_model")))
    said = of(VERSION + event(1795290001.0, 0, value))
    (kept,) = said.select(
        "SELECT ?c { GRAPH ?g { ?e <http://localhost:8642/attribute/graph_keras_model> ?c } }"
    )
    assert json.loads(kept["c"])["keras"][0]["text"]["config"] == {"name": "network"}


def test_the_end_of_a_file_that_is_still_written_is_waited_for() -> None:
    for data in (WHOLE[:-3], WHOLE[:-3] + b"", WHOLE + b"\0" * 4096):
        said = of(data)
        assert said.ask("runs")[0]["epochs"] == 4
        assert any("no whole record" in note for note in said.says.notes)


def test_only_event_files_are_claimed(tmp_path: Path) -> None:
    assert tensorboard.claims(Source("x", WHOLE))
    assert tensorboard.claims(Source(str(FOLDER)))
    assert not tensorboard.claims(Source("x", b"brain.Event:2 is what such a file begins with"))
    assert not tensorboard.claims(Source("x", b""))
    assert not tensorboard.claims(Source(str(tmp_path)))
    assert not tensorboard.claims(Source(str(LOGGED / "mlruns")))


# -- what means no good


def test_a_length_without_end_takes_no_memory() -> None:
    length = struct.pack("<Q", 1 << 62)
    huge = length + struct.pack("<I", masked(crc32c(length))) + b"x" * 50
    said = of(VERSION + huge)
    assert any(note.startswith("62 bytes at the end") for note in said.says.notes)
    with pytest.raises(InputError, match=r"checksum of the record at byte 4\d"):
        of(VERSION + length + b"\1\2\3\4" + b"x" * 50)


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_changed_byte_is_found(at: int, change: int) -> None:
    data = bytearray(WHOLE)
    data[at] ^= change
    with pytest.raises(InputError, match="is damaged: the checksum"):
        tensorboard.read(Source("events.out.tfevents.1.node", bytes(data)), empty())


@given(st.binary(max_size=60))
def test_any_message_in_a_whole_record_is_read_or_refused(told: bytes) -> None:
    shapes = (
        told,
        field(5, told),
        field(5, field(1, told)),
        field(5, field(1, field(8, told))),
        field(5, field(1, field(1, "t") + field(8, field(1, told[0] % 25 if told else 0) + told))),
        field(5, field(1, plugin("h", "hparams", told))),
        field(5, field(1, plugin("h", "hparams", hparams(x=told)))),
    )
    for one in shapes:
        try:
            of(VERSION + record(field(1, 1e9) + one))
        except KprovError:
            continue


@given(st.lists(st.tuples(st.integers(1, 100), st.one_of(st.integers(0, 2**64 - 1), st.binary()))))
def test_fields_are_read_as_they_were_written(told: list[tuple[int, Any]]) -> None:
    data = b"".join(field(number, value) for number, value in told)
    assert [(number, value) for number, _, value in fields(data, "x")] == told


@pytest.mark.parametrize("data", [b"\x0b", b"\x00\x01", b"\x0a\x05ab", b"\xff" * 11, b"\x09abc"])
def test_damaged_messages_are_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="x is damaged"):
        list(fields(data, "x"))


def test_numbers_may_be_packed_and_have_signs() -> None:
    packed = field(1, varint(3) + varint(2**64 - 1))
    assert Message(packed + field(1, 7), "x").numbers(1) == [3, -1, 7]
    with pytest.raises(InputError):
        Message(field(1, 7), "x").parts(1)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [(b"123456789", 0xE3069283), (b"\0" * 32, 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43)],
)
def test_the_checksum_is_that_of_the_rfc(data: bytes, wanted: int) -> None:
    assert crc32c(data) == wanted
