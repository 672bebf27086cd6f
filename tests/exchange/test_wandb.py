"""W&B's offline runs: the log of records, what the rows are, and what a damaged file gives."""

import json
import math
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.errors import InputError, KprovError
from kprov_rdf.exchange.foreign import wandb
from kprov_rdf.exchange.foreign.schemas import Budget, Field, message
from kprov_rdf.exchange.foreign.wandb_records import Log
from kprov_rdf.exchange.sources import Source
from tests.exchange import wandb_files
from tests.exchange.said import Said, empty, read
from tests.exchange.wandb_files import framed, history, items, run

FIXTURES = Path(__file__).parent / "fixtures" / "trackers"
(REAL,) = FIXTURES.glob("wandb/*/*.wandb")


def said(data: bytes) -> Said:
    source = Source("run-abc.wandb", data)
    assert wandb.claims(source)
    return read(source, wandb.read)


def attribute(found: Said, label: str) -> Any:
    rows = found.select(f"SELECT DISTINCT ?o {{ ?p rdfs:label {json.dumps(label)} . ?s ?p ?o }}")
    (row,) = rows
    return json.loads(row["o"]) if isinstance(row["o"], str) else row["o"]


def same(mine: Any, theirs: Any) -> bool:
    """Whether a value is what W&B's own classes read; in their JSON whole numbers are texts."""
    if isinstance(theirs, dict):
        # Of what is not named here the numbers are known only; enumerations and times have names.
        known = {key: one for key, one in mine.items() if not key.startswith("field ")}
        return all(key in theirs and same(one, theirs[key]) for key, one in known.items() if one)
    if isinstance(theirs, list):
        return len(mine) == len(theirs) and all(map(same, mine, theirs))
    if isinstance(mine, dict) and "seconds" in mine:
        return theirs.startswith("2026-11-21T")
    return mine == theirs or str(mine) == theirs or theirs in ("WANDB", "LIVE")


def test_records_are_those_that_wandb_reads_itself() -> None:
    theirs = json.loads((FIXTURES / "wandb.json").read_text())
    mine = list(Log(REAL.read_bytes(), "x").records())
    assert len(mine) == len(theirs) == 32
    for own, other in zip(mine, theirs, strict=True):
        assert same(own, other)
        assert not other.keys() - own.keys() - {"num", "control", "_info"}


@given(st.lists(st.binary(max_size=100_000), max_size=6))
def test_fragments_come_together_again(records: list[bytes]) -> None:
    assert [raw for _, raw in Log(framed(records), "x")._whole()] == records


@given(st.integers(0, 200), st.integers(0, 32_760))
def test_a_record_at_the_end_of_a_block(more: int, size: int) -> None:
    records = [bytes(size), bytes(more), b"last"]
    assert [raw for _, raw in Log(framed(records), "x")._whole()] == records


def test_rows_with_an_epoch_are_epochs_and_those_with_a_batch_are_not() -> None:
    define = [
        {"metric": {"name": "epoch/epoch"}},
        {"metric": {"glob_name": "epoch/*", "step_metric": "epoch/epoch"}},
        {"metric": {"glob_name": "batch/*", "step_metric": "batch/batch_step"}},
    ]
    rows = [history(at, batch__loss=1 / (at + 1), batch__batch_step=at * 10) for at in range(40)]
    rows[19:19] = [history(19, epoch__epoch=0, epoch__loss=0.5)]
    rows.append(history(41, epoch__epoch=1, epoch__loss=0.25))
    found = said(run(*define, *rows))
    assert found.metrics(found.run) == {
        0: {"elapsedTime": 19.0, "loss": 0.5},
        1: {"elapsedTime": 22.0, "loss": 0.25},
    }
    (row,) = found.select(
        'SELECT ?o { ?s rdfs:label "batch/loss" ; <http://localhost:8642/attribute/series> ?o }'
    )
    series = json.loads(row["o"])
    assert series["steps"] == [at * 10 for at in range(40)]
    assert series["values"] == [1 / (at + 1) for at in range(40)]
    assert found.wrong() == []


def test_rows_that_say_nothing_are_epochs_where_there_are_so_many() -> None:
    rows = [history(at, loss=1.0 + at, lr=0.1) for at in range(3)]
    assert len(said(run(*rows, epochs=3)).ask("epochs", run=said(run(*rows)).run)) == 3
    found = said(run(*rows, epochs=2))
    assert found.ask("runs")[0]["epochs"] == 0
    assert found.wrong() == []


def test_values_of_any_type_are_kept() -> None:
    table = {"_type": "table-file", "path": "media/x.json", "sha256": "ab"}
    typed = {
        "history": {
            "item": [
                {"key": "loss", "number": 0.5}, {"key": "acc", "integer": -3},
                {"key": "note", "text": "begin"}, {"key": "ok", "boolean": True},
            ],
            "step": {"num": 0},
        }
    }  # fmt: skip
    found = said(
        run(
            typed,
            history(1, loss="NaN", acc=2, picture=table),
            history(2, loss=math.inf, acc=10**400),
        )
    )
    metrics = found.metrics(found.run)
    assert metrics[0] == {"loss": 0.5, "acc": -3.0}
    assert math.isnan(metrics[1]["loss"])
    assert metrics[2]["loss"] == metrics[2]["acc"] == math.inf
    kept = attribute(found, "history")
    assert {"step": 1, "picture": table} in kept
    assert {"step": 0, "note": "begin"} in kept


def test_the_config_as_settings() -> None:
    config = {"learning_rate": 0.1, "opt": {"name": "sgd", "betas": [0.9, 0.99]}, "_wandb": {}}
    removed = {"config": {"update": items(depth=3), "remove": items(epochs=0)}}
    found = said(run(removed, epochs=7, **config))
    rows = found.select(
        "SELECT ?n ?v { ?p dnnprov:reportedName ?n . ?c a dnnprov:iTraining ; ?p ?v }"
    )
    told = {row["n"]: row["v"] for row in rows}
    assert told == {"opt.name": "sgd", "opt.betas": "[0.9, 0.99]", "depth": 3}
    assert found.ask("runs")[0]["rate"] == 0.1
    assert found.ask("runs")[0]["planned"] is None


@pytest.mark.parametrize(
    ("exit_record", "state"),
    [({"exit_code": 1, "runtime": 5}, "FINISHED_WITH_ERROR"), ({"not_complete": True}, None)],
)
def test_how_it_ended(exit_record: dict[str, Any], state: str | None) -> None:
    begin = {"run_id": "a", "start_time": {"seconds": 1_795_295_700}}
    told = [{"run": begin}, history(1, loss=1.0), {"exit": exit_record}]
    (row,) = said(framed(map(wandb_files.message, told))).ask("runs")
    assert row["status"] == state


def test_a_run_that_was_killed_has_no_end_and_keeps_what_is_whole() -> None:
    data = REAL.read_bytes()
    found = said(data[:-10])
    assert "ends within a record" in found.says.notes[0]
    assert len(found.metrics(found.run)) == 5
    assert found.ask("runs")[0]["status"] is None
    assert found.wrong() == []
    padded = said(data + bytes(5000))
    assert "ends within a record" in padded.says.notes[0]


def test_every_way_to_cut_a_file_gives_its_whole_records_or_an_error() -> None:
    data = REAL.read_bytes()
    counts = []
    for size in range(7, len(data), 97):
        log = Log(data[:size], "x")
        counts.append(len(list(log.records())))
    assert counts == sorted(counts)
    for size in range(7):
        with pytest.raises(MalformedError):
            Log(data[:size], "x")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b":W&B\xe1\xbe\x01", "version 1"),
        (b":W&B\x00\x00\x00", "does not begin"),
        (wandb_files.HEADER + struct.pack("<IHB", 1, 1, 1) + b"x", "The checksum is wrong"),
        (wandb_files.HEADER + struct.pack("<IHB", 1, 1, 9) + b"x", "no fragment"),
        (wandb_files.HEADER + struct.pack("<IHB", 1, 65535, 1) + b"x", "no fragment"),
        (framed([b"\x12\xff\xff\xff\xff\x7f"]), "The record at byte 7"),
        (framed([b"\xff" * 20]), "The record at byte 7"),
        (framed([b"\x8a\x01\x02\x08\x01"]), "The record at byte 7"),
    ],
)
def test_a_damaged_file_is_told_with_its_place(data: bytes, told: str) -> None:
    with pytest.raises(InputError) as raised:
        wandb.read(Source("run-x.wandb", data), empty())
    assert told in str(raised.value)
    assert "run-x.wandb" in str(raised.value)


def test_a_middle_without_a_begin_is_refused() -> None:
    data = bytearray(framed([b"x" * 40_000]))
    second = 1 << 15
    (first, rest) = (bytes(data[:7]), bytes(data[second:]))
    with pytest.raises(MalformedError, match="of no record"):
        list(Log(first + rest, "x").records())


@given(st.binary(max_size=300))
def test_garbage_gives_a_clear_error(data: bytes) -> None:
    for whole in (data, wandb_files.HEADER + data, framed([data])):
        try:
            wandb.read(Source("run-x.wandb", whole), empty())
        except KprovError as error:
            assert "run-x.wandb" in str(error)


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=8))
def test_records_that_were_changed_give_a_clear_error(changes: list[tuple[int, int]]) -> None:
    raws = [bytearray(raw) for _, raw in Log(REAL.read_bytes(), "x")._whole()]
    for at, value in changes:
        raw = raws[at % len(raws)]
        raw[at * 7 % len(raw)] = value
    try:
        wandb.read(Source("run-x.wandb", framed(map(bytes, raws))), empty())
    except KprovError as error:
        assert "run-x.wandb" in str(error)


@pytest.mark.parametrize("value", ["[" * 100_000, "{", '{"a": 1, "a": 2}', "9" * 5000])
def test_hostile_json_in_a_record_is_refused(value: str) -> None:
    record = {"config": {"update": [{"key": "x", "value_json": value}]}}
    with pytest.raises(InputError, match="run-abc"):
        said(run(record))


def test_settings_that_are_nested_do_not_multiply() -> None:
    deep: Any = {str(at): at for at in range(1000)}
    for _ in range(100):
        deep = {"k" * 400: deep}
    assert len(said(run(deep=deep)).says.text()) < 1_000_000


def test_several_runs_in_a_folder_and_one_that_was_resumed(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / "wandb", tmp_path / "wandb")
    for name in ("offline-run-1-abc", "offline-run-2-abc"):
        (tmp_path / "wandb" / name).mkdir()
        (tmp_path / "wandb" / name / "run-abc.wandb").write_bytes(run(history(0, loss=1.0)))
    found = read(Source(str(tmp_path / "wandb")), wandb.read)
    rows = found.select("SELECT ?g { GRAPH ?g { ?e a dnnprov:ExecuteDataflow } }")
    assert len({row["g"] for row in rows}) == 3
    assert found.wrong() == []


def test_what_lies_in_files_beside_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "run-abc.wandb").write_bytes(run(epochs=3))
    secret = tmp_path.parent / "secret.txt"
    secret.write_text("not yours")
    (tmp_path / "files" / "secret.txt").symlink_to(secret)
    told = {
        "wandb-metadata.json": '{"gpu": "none"}',
        "wandb-summary.json": '{"best": 0.5}',
        "config.yaml": "depth:\n  value: 4\nepochs:\n  value: 9\n",
    }
    for name, text in told.items():
        (tmp_path / "files" / name).write_text(text)
    found = read(Source(str(tmp_path)), wandb.read)
    assert attribute(found, "metadata") == {"gpu": "none"}
    assert found.ask("runs")[0]["planned"] == 3  # the record itself says so
    (row,) = found.select('SELECT ?v { ?p dnnprov:reportedName "best" . ?r ?p ?v }')
    assert row == {"v": 0.5}
    assert "secret" not in found.says.text()
    (tmp_path / "files" / "config.yaml").write_text("a: &x 1\nb: *x\n")
    again = read(Source(str(tmp_path)), wandb.read)
    assert "It has an anchor" in again.says.notes[0]


def test_a_message_of_protocol_buffers_field_by_field() -> None:
    schema = {1: Field("n", "int"), 2: Field("z", "zigzag"), 3: Field("d", "double"),
              4: Field("m", {1: Field("t")}), 5: Field("l", repeated=True)}  # fmt: skip
    data = (
        b"\x08" + b"\xff" * 9 + b"\x01" + b"\x10\x03" + b"\x19" + struct.pack("<d", 0.1)
        + b"\x22\x03\x0a\x01a" + b"\x2a\x01x\x2a\x01y" + b"\x30\x07" + b"\x3d\0\0\0\0"
    )  # fmt: skip
    assert message(data, schema, "x", Budget(20)) == {
        "n": -1, "z": -2, "d": 0.1, "m": {"t": "a"}, "l": ["x", "y"],
        "field 6": [7], "field 7": ["00000000"],
    }  # fmt: skip
    with pytest.raises(InputError, match="more than 3 fields"):
        message(data, schema, "x", Budget(3))
    for broken in (b"\x0a\x01a", b"\x10", b"\x1d\0\0\0\0", b"\x20\x01", b"\x28\x01"):
        with pytest.raises(InputError, match="x is damaged"):
            message(broken, schema, "x", Budget(20))
