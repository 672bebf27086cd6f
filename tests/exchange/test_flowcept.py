"""Messages of FlowCept: those that its own tests have, and made ones of later versions."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_rdf.errors import InputError, KprovError
from kprov_rdf.exchange.foreign import dfanalyzer, flowcept
from kprov_rdf.exchange.sources import Source
from tests.conftest import SHARED
from tests.exchange.said import Said, empty, read

SAMPLE = SHARED / "data" / "wild" / "flowcept" / "sample_data.json"
needs_sample = pytest.mark.skipif(not SAMPLE.exists(), reason=f"there is no {SAMPLE}")

WORKFLOW = {
    "type": "workflow",
    "workflow_id": "w1",
    "name": "train digits",
    "flowcept_version": "1.0.2",
    "campaign_id": "papers",
    "utc_timestamp": 1763700000.0,
    "machine_info": {"node": {"cpu": {"count": 8}}},
    "used": {"dataset": "digits.npz"},
}
TASK = {
    "type": "task",
    "task_id": "t1",
    "activity_id": "train",
    "workflow_id": "w1",
    "campaign_id": "papers",
    "used": {"batch_size": 64, "layers": [8, 10], "rate": 0.001},
    "started_at": 1763700001.25,
    "status": "RUNNING",
    "login_name": "ana",
    "hostname": "node7",
    "adapter_id": "instrumentation",
    "agent_id": "a1",
    "telemetry_at_start": {"cpu": {"percent_all": 12.5}},
}
ENDED = {
    "type": "task",
    "task_id": "t1",
    "generated": {"loss": 0.25, "ok": True},
    "ended_at": 1763700009.5,
    "status": "FINISHED",
}
AFTER = {"type": "task", "task_id": "t2", "dependencies": ["t1"], "parent_task_id": "t0"}
AGENT = {"type": "agent", "agent_id": "a1", "name": "planner", "user": "ana"}
MESSAGES: list[dict[str, Any]] = [WORKFLOW, TASK, ENDED, AFTER, AGENT]


def of(text: str) -> Said:
    return read(Source("flowcept_buffer.jsonl", text.encode()), flowcept.read)


def value(said: Said, node: str, name: str) -> list[Any]:
    """The values of the attribute ``name`` of the node with this name."""
    rows = said.select(
        f"SELECT ?v {{ GRAPH ?g {{ ?s <http://localhost:8642/attribute/{name}> ?v "
        f'FILTER STRENDS(STR(?s), "#{node}") }} }}'
    )
    return [row["v"] for row in rows]


@needs_sample
def test_nothing_of_the_sample_is_lost() -> None:
    messages = json.loads(SAMPLE.read_text())
    said = read(Source(str(SAMPLE)), flowcept.read)
    assert said.wrong() == []
    assert said.says.records == len(messages) == 265
    tasks = {one["task_id"] for one in messages}
    (found,) = said.select("SELECT (COUNT(DISTINCT ?a) AS ?n) { GRAPH ?g { ?a a prov:Activity } }")
    assert found["n"] == len(tasks) == 207
    wanted: Counter[str] = Counter()
    for task in tasks:
        about = [one for one in messages if one["task_id"] == task]
        for side in ("used", "generated"):
            told = {(k, repr(v)) for one in about for k, v in one.get(side, {}).items()}
            wanted.update(key for key, _ in told)
    rows = said.select(
        "SELECT ?name (COUNT(?v) AS ?n) { GRAPH ?g { ?e a prov:Entity ; ?p ?v . "
        "?p rdfs:label ?name FILTER NOT EXISTS { ?e a prov:Collection } } } GROUP BY ?name"
    )
    assert {row["name"]: row["n"] for row in rows} == dict(wanted)


@needs_sample
def test_times_of_the_sample_are_those_of_its_tasks() -> None:
    said = read(Source(str(SAMPLE)), flowcept.read)
    times = {
        row["l"]: (row["s"], row["e"])
        for row in said.select(
            "SELECT ?l ?s ?e { GRAPH ?g { ?a rdfs:label ?l ; prov:startedAtTime ?s ; "
            "prov:endedAtTime ?e } }"
        )
    }
    assert times["a9a08ba1f7f1412ba9a1dd9ecab7478b"] == (  # in milliseconds
        "2023-01-24T23:32:20.215Z",
        "2023-01-24T23:32:20.228Z",
    )
    assert times["forced_error_func-7b48233ddc09676f6fc79ebc656acedc"][0].startswith(
        "2023-02-05T14:39:32.980"
    )


@pytest.mark.parametrize("text", [json.dumps(MESSAGES), "\n".join(map(json.dumps, MESSAGES))])
def test_messages_about_one_task_are_one_activity(text: str) -> None:
    said = of(text)
    assert said.wrong() == []
    (task,) = said.select(
        "SELECT * { GRAPH ?g { ?t rdfs:label 'train' ; prov:startedAtTime ?s ; "
        "prov:endedAtTime ?e ; prov:used ?u ; prov:wasInformedBy ?w . "
        "?w rdfs:label 'train digits' . "
        "?o prov:wasGeneratedBy ?t } }"
    )
    assert (task["s"], task["e"]) == ("2025-11-21T04:40:01.25Z", "2025-11-21T04:40:09.5Z")
    assert value(said, "task-t1-used", "batch_size") == [64]
    assert value(said, "task-t1-used", "layers") == ["[8, 10]"]
    assert value(said, "task-t1-generated", "loss") == [0.25]
    assert value(said, "task-t1-generated", "ok") == [True]
    assert sorted(value(said, "task-t1", "status")) == ["FINISHED", "RUNNING"]
    assert value(said, "task-t1", "telemetry_at_start") == ['{"cpu": {"percent_all": 12.5}}']
    agents = said.select(
        "SELECT ?l { GRAPH ?g { ?t rdfs:label 'train' ; prov:wasAssociatedWith ?a . "
        "?a rdfs:label ?l } } ORDER BY ?l"
    )
    assert [row["l"] for row in agents] == ["ana", "instrumentation", "node7", "planner"]
    informed = said.select(
        "SELECT ?o { GRAPH ?g { ?s prov:wasInformedBy ?o FILTER STRENDS(STR(?s), '#task-t2') } }"
    )
    assert {row["o"].rpartition("#")[2] for row in informed} == {"task-t0", "task-t1"}
    (campaign,) = said.select(
        "SELECT DISTINCT ?l { GRAPH ?g { ?c a prov:Collection ; rdfs:label ?l } }"
    )
    assert campaign["l"] == "papers"


def test_a_second_start_does_not_replace_the_first() -> None:
    said = of(json.dumps([TASK, {"task_id": "t1", "started_at": 1763700002.0}]))
    (times,) = said.select("SELECT ?s { GRAPH ?g { ?t prov:startedAtTime ?s } }")
    assert times["s"] == "2025-11-21T04:40:01.25Z"
    assert sorted(value(said, "task-t1", "started_at")) == [1763700001.25, 1763700002.0]


def test_only_such_messages_are_claimed() -> None:
    def claimed(text: str) -> bool:
        return flowcept.claims(Source("x.json", text.encode()))

    assert claimed(json.dumps(TASK))
    assert claimed(json.dumps([WORKFLOW]))
    assert not claimed('{"eventType": "START", "run": {"runId": "1"}, "job": {}}')
    assert not claimed('{"dataflow": "a", "transformation": "b", "id": "1", "status": "RUNNING"}')
    assert not claimed('{"prefix": {}, "used": {"u": {}}, "entity": {}}')
    assert not dfanalyzer.claims(Source("x.json", json.dumps(MESSAGES).encode()))
    if SAMPLE.exists():
        assert flowcept.claims(Source(str(SAMPLE)))


# -- what means no good


@pytest.mark.parametrize("text", ["", "[1]", "[[]]", '[{"task_id": ', "[" * 100_000, "\x00"])
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        of(text)


WRONG: list[Any] = [
    None, 1, -1.5, 1e300, 10**400, True, "", "x", [], [[]], {}, {"$numberLong": "x"},
    {"$date": {"$date": {"$date": 1}}}, {"a": {"": None}}, "\ud800", float("nan"),
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=lambda one: repr(one)[:20])
def test_values_of_a_wrong_type_are_read_or_refused(wrong: Any) -> None:
    for message in MESSAGES:
        for key in (*message, "dependencies", "tags", ""):
            try:
                flowcept.read(
                    Source("m.json", json.dumps([{**message, key: wrong}]).encode()), empty()
                )
            except KprovError:
                continue


@given(st.integers(0, 20_000), st.binary(max_size=8))
def test_a_cut_or_changed_file_is_read_or_refused(at: int, garbage: bytes) -> None:
    data = json.dumps(MESSAGES).encode()
    at %= len(data)
    for changed in (data[:at], data[:at] + garbage + data[at + len(garbage) :]):
        try:
            flowcept.read(Source("m.json", changed), empty())
        except KprovError:
            continue
