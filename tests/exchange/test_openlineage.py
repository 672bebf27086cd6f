import copy
import json
from pathlib import Path
from typing import Any

import pytest

from kprov_rdf.errors import InputError
from kprov_rdf.exchange.foreign import openlineage
from kprov_rdf.exchange.sources import Source
from tests.exchange import outcome
from tests.exchange.outcome import Outcome

RUN, PARENT = "0198c0de-0000-7000-8000-000000000001", "0198c0de-0000-7000-8000-000000000002"
PRODUCER = "https://example.net/scheduler/1.0"
DIGEST = "cd" * 32


def facet(**content: Any) -> dict[str, Any]:
    return {"_producer": PRODUCER, "_schemaURL": "https://example.net/facet.json", **content}


def event(kind: str, time: str, **more: Any) -> dict[str, Any]:
    return {
        "eventType": kind,
        "eventTime": time,
        "producer": PRODUCER,
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": RUN, "facets": {}},
        "job": {"namespace": "nightly", "name": "clean.orders", "facets": {}},
        **more,
    }


ORDERS = {"namespace": "postgres://db:5432", "name": "shop.orders"}
RATES = {"namespace": "s3://bucket", "name": "rates.csv"}
EVENTS: list[dict[str, Any]] = [
    event(
        "START",
        "2026-04-01T01:00:00.5+02:00",
        run={
            "runId": RUN,
            "facets": {
                "parent": facet(
                    run={"runId": PARENT}, job={"namespace": "nightly", "name": "all"}
                ),
                "processing_engine": facet(name="spark", version="3.5"),
                "nominalTime": facet(nominalStartTime="2026-04-01T00:00:00Z"),
            },
        },
        inputs=[
            ORDERS,
            RATES | {"facets": {"version": facet(datasetVersion="v7"),
                                "checksum": facet(sha256=DIGEST)},
                     "inputFacets": {"inputStatistics": facet(size=512, rowCount=9)}},
        ],
    ),
    event("RUNNING", "2026-04-01T01:00:05+02:00", note={"odd": [1.5, True]}),
    event(
        "COMPLETE",
        "2026-04-01T01:00:09+02:00",
        inputs=[ORDERS],
        outputs=[
            ORDERS | {
                "facets": {
                    "columnLineage": facet(
                        fields={"total": {"inputFields": [
                            {**ORDERS, "field": "price"}, {**RATES, "field": "rate"}]}},
                        dataset=[{"namespace": "x", "name": "calendar", "field": "day"}],
                    ),
                    "ownership": facet(owners=[{"name": "team:shop", "type": "MAINTAINER"}]),
                    "symlinks": facet(identifiers=[{"namespace": "hive", "name": "orders",
                                                    "type": "TABLE"}]),
                },
                "outputFacets": {"outputStatistics": facet(size=2048, rowCount=20)},
                "later": "kept",
            }
        ],
    ),
]  # fmt: skip
NODE = f"urn:uuid:{RUN}"


@pytest.fixture
def run(tmp_path: Path) -> Outcome:
    lines = "\n".join(json.dumps(one) for one in EVENTS)
    found = outcome.read(openlineage, lines + "\n\n", tmp_path / "events.ndjson")
    assert openlineage.claims(Source(str(tmp_path / "events.ndjson")))
    return found


def things(found: Outcome, name: str) -> dict[str, str]:
    """The IRIs of what has this label, by what they begin with."""
    return {
        quad.subject.value.rpartition("#")[2].partition("-")[0]: quad.subject.value
        for quad in found.quads
        if quad.predicate.value.endswith("rdf-schema#label") and quad.object.value == name
    }


def test_all_that_the_events_say_is_kept_and_valid(run: Outcome) -> None:
    assert outcome.lost(EVENTS, run.quads) == set()
    assert outcome.violations(run.quads) == []
    assert run.says.records == 3
    assert run.notes == []
    assert run.classes()["Activity"] == 2  # the run and its parent
    assert run.classes()["Plan"] == 2
    assert run.classes()["Agent"] == 3  # the producer, the engine, the owner


def test_the_events_of_a_run_are_one_activity(run: Outcome) -> None:
    assert run.says_that(NODE, "prov:startedAtTime") == {"2026-03-31T23:00:00.500000Z"}
    assert run.says_that(NODE, "prov:endedAtTime") == {"2026-03-31T23:00:09Z"}
    assert run.says_that(NODE, "dnnprov:status") == {"FINISHED"}
    assert run.says_that(NODE, "prov:wasInformedBy") == {f"urn:uuid:{PARENT}"}
    assert PRODUCER in run.says_that(NODE, "prov:wasAssociatedWith")
    plans = {
        plan
        for one in run.says_that(NODE, "prov:qualifiedAssociation")
        for plan in run.says_that(one, "prov:hadPlan")
    }
    assert plans == {things(run, "clean.orders")["job"]}
    assert len(run.says_that(NODE, "attribute:event")) == 3


def test_a_table_that_is_read_and_written_is_two_states_of_it(run: Outcome) -> None:
    orders = things(run, "shop.orders")
    assert set(orders) == {"dataset", "input", "output"}
    for state in ("input", "output"):
        assert run.says_that(orders[state], "prov:specializationOf") == {orders["dataset"]}
    assert orders["input"] in run.says_that(NODE, "prov:used")
    assert run.says_that(orders["output"], "prov:wasGeneratedBy") == {NODE}
    assert run.says_that(orders["output"], "dnnprov:byteSize") == {"2048"}
    calendar = run.says_that(orders["output"], "prov:wasDerivedFrom") - {orders["input"]}
    assert len(calendar) == 2  # the calendar, which no event has, and the rates
    assert run.says_that(orders["dataset"], "prov:alternateOf") == {
        things(run, "orders")["dataset"]
    }


def test_a_version_and_a_digest_are_those_of_the_state(run: Outcome) -> None:
    (rates,) = (one for one in run.says_that(NODE, "prov:used") if "v7" in one or "rates" in one)
    assert run.says_that(rates, "dnnprov:sha256") == {DIGEST}
    assert run.says_that(rates, "dnnprov:byteSize") == {"512"}


@pytest.mark.parametrize(
    ("kind", "status"), [("COMPLETE", "FINISHED"), ("FAIL", "FAILED"), ("ABORT", "STOPPED")]
)
@pytest.mark.parametrize("form", ["one", "list", "events"])
def test_each_end_has_its_status_in_each_form(
    tmp_path: Path, kind: str, status: str, form: str
) -> None:
    one = event(kind, "2026-04-01T01:00:09Z")
    document = {"one": one, "list": [one], "events": {"events": [one], "totalCount": 1}}[form]
    found = outcome.read(openlineage, document, tmp_path / "a.json")
    assert found.says_that(NODE, "dnnprov:status") == {status}
    assert found.says_that(NODE, "prov:startedAtTime") == set()


def test_events_of_jobs_and_datasets_are_no_activities(tmp_path: Path) -> None:
    header = {"eventTime": "2026-04-01T01:00:00Z", "producer": PRODUCER, "schemaURL": "https://x/y"}
    documents = [
        header | {"job": {"namespace": "n", "name": "j"}, "inputs": [ORDERS], "outputs": [RATES]},
        header | {"dataset": ORDERS | {"facets": {"schema": facet(fields=[{"name": "a"}])}}},
    ]
    found = outcome.read(openlineage, documents, tmp_path / "a.json")
    assert found.classes() == {"Entity": 3, "Plan": 1, "Agent": 1, "SoftwareAgent": 1}
    assert outcome.lost(documents, found.quads) == set()
    assert outcome.violations(found.quads) == []


def test_a_run_that_reads_what_another_wrote_is_no_circle(tmp_path: Path) -> None:
    """The same table, read and written every night, is valid."""
    lineage = {"columnLineage": facet(fields={"a": {"inputFields": [{**ORDERS, "field": "a"}]}})}
    nights = [
        event(kind, f"2026-04-0{n}T0{1 + (kind == 'COMPLETE')}:00:00Z",
              run={"runId": f"0198c0de-0000-7000-8000-00000000000{n}"},
              inputs=[ORDERS], outputs=[ORDERS | {"facets": lineage}])
        for n in (1, 2, 3)
        for kind in ("START", "COMPLETE")
    ]  # fmt: skip
    found = outcome.read(openlineage, nights, tmp_path / "a.json")
    assert found.classes()["Activity"] == 3
    assert outcome.violations(found.quads) == []


def test_only_events_are_claimed(tmp_path: Path) -> None:
    for name, text in {
        "a.json": '{"eventTime": "2026"}',
        "b.json": '{"producer": "x", "run": {"runId": "a"}}',
        "c.json": '{"@context": "https://schema.org", "eventTime": 1, "producer": "", "run": {}}',
        "d.txt": '"eventTime" "producer": "run": {',
    }.items():
        (tmp_path / name).write_text(text)
        assert not openlineage.claims(Source(str(tmp_path / name)))
    assert not openlineage.claims(Source(str(tmp_path)))


WRONG = [3, None, [], {}, [None], {"facets": 3}, "http://["]


def places(found: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to each value in JSON."""
    if not isinstance(found, dict | list):
        return []
    pairs = found.items() if isinstance(found, dict) else enumerate(found)
    return [way for key, value in pairs for way in ((*path, key), *places(value, (*path, key)))]


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_types_at_any_key_are_kept_or_told(tmp_path: Path, wrong: Any) -> None:
    for way in places(EVENTS):
        changed = copy.deepcopy(EVENTS)
        holder: Any = changed
        for step in way[:-1]:
            holder = holder[step]
        holder[way[-1]] = wrong
        try:
            found = outcome.read(openlineage, changed, tmp_path / "a.json")
        except InputError as error:
            assert "a.json is no OpenLineage that can be read" in str(error)
        else:
            assert outcome.lost(changed, found.quads) == set()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no JSON"),
        ("{", ":1:2: It is no JSON"),
        ('{"eventTime": "2026", "dataset": {}}\n{"eventTime": \n', "line 2,"),
        ('{"run": ' * 300 + "{}" + "}" * 300, "levels deep"),
        ('{"eventTime": "\\ud800", "run": {}}', "half of a character"),
        ("[3]", "has to be an object"),
        ('[{"eventTime": "2026"}]', "of no run, no job and no dataset"),
    ],
)
def test_broken_documents_are_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        outcome.read(openlineage, text, tmp_path / "a.json")


def test_a_time_that_is_none_is_told_and_kept(tmp_path: Path) -> None:
    found = outcome.read(openlineage, event("START", "yesterday"), tmp_path / "a.json")
    assert found.notes == ["event 1 has the time 'yesterday', which is none"]
    assert "yesterday" in found.text
