"""Files of the messages that clients of DfAnalyzer send."""

import json
import math
import re
from typing import Any

import pytest

from kprov_rdf.errors import InputError, KprovError
from kprov_rdf.exchange import reading as exchange
from kprov_rdf.exchange.foreign import dfanalyzer, kerasprov
from kprov_rdf.exchange.scope import Scope
from kprov_rdf.exchange.sources import Source
from tests.conftest import SHARED
from tests.dfanalyzer import DATAFLOW, EXEC, MESSAGES, a_set, task
from tests.exchange.said import Said, empty, read

# Their epochs end after they began, and the adaptation is in the second one.
TIMES = {"1795180500.79": "1795180520.0", "1795180501.79": "1795180523.0"}
TOLD: list[Any] = json.loads(
    re.sub("|".join(TIMES), lambda found: TIMES[found[0]], json.dumps([DATAFLOW, *MESSAGES]))
)
LINES = "\n".join(map(json.dumps, TOLD))


def of(text: str) -> Said:
    return read(Source("messages.json", text.encode()), dfanalyzer.read)


@pytest.mark.parametrize("text", [LINES, json.dumps(TOLD)])
def test_messages_of_a_training_are_a_training(text: str) -> None:
    said = of(text)
    assert said.wrong() == []
    (run,) = said.ask("runs")
    assert (run["tag"], run["epochs"], run["status"]) == ("keras-alexnet-df", 2, "FINISHED")
    epochs = said.ask("epochs", run=said.run)
    assert [(row["epoch"], row["seconds"], row["rate"]) for row in epochs] == [
        (0, 2.5, 0.1),
        (1, 2.5, 0.1),  # the rate was changed for epoch 9
    ]
    assert epochs[0]["loss"] == 3.3
    assert math.isnan(epochs[1]["loss"])
    assert [row["activation"] for row in said.ask("layers", run=said.run)] == ["relu"]
    assert [row["new"] for row in said.ask("adaptations", run=said.run)] == [0.05]
    assert [row["value"] for row in said.ask("tests", run=said.run)] == [0.75, 0.8]
    (told,) = said.select("SELECT ?tag { GRAPH ?g { ?e dnnprov:execTag ?tag } }")
    assert told["tag"] == EXEC


def test_tasks_of_the_users_own_are_kept_with_what_they_read_and_wrote() -> None:
    plan = {
        "tag": "Densed",
        "transformations": [
            {"tag": "encoder", "sets": [a_set("oencoder", "OUTPUT", ("PADDING", "TEXT"))]},
            {
                "tag": "denseblock",
                "programs": [{"name": "dense", "path": "/opt/dense.py"}],
                "sets": [
                    a_set("oencoder", "INPUT", dependency="encoder"),
                    a_set("odense", "OUTPUT", ("K", "NUMERIC"), ("L", "NUMERIC")),
                ],
            },
        ],
    }
    more: dict[str, Any] = {"dataflow": "densed", "exec": None}
    messages = [
        plan,
        task("encoder", 4, "FINISHED", ("oencoder", ["same"]), **more),
        task(
            "denseblock",
            5,
            "FINISHED",
            ("odense", "24;4"),
            ("odense", ["32"]),
            dependency={"tags": [{"tag": "encoder"}], "ids": [{"id": "4"}]},
            files=[{"name": "w.h5", "path": "/data/w.h5"}],
            **more,
        ),
    ]
    said = of(json.dumps(messages))
    values = said.select(
        "SELECT ?name ?value { GRAPH ?g { ?e a dnnprov:DataElement ; ?p ?value . "
        "?p dnnprov:reportedName ?name } } ORDER BY ?name ?value"
    )
    assert [(row["name"], row["value"]) for row in values] == [
        ("K", 24),
        ("K", 32),
        ("L", 4),
        ("PADDING", "same"),
    ]
    (read_by,) = said.select(
        "SELECT ?id { GRAPH ?g { ?t prov:used ?e ; dnnprov:taskIdentifier ?id . "
        "?e prov:wasGeneratedBy ?first . ?first dnnprov:taskIdentifier 4 } }"
    )
    assert read_by["id"] == 5
    (file,) = said.select("SELECT ?p { GRAPH ?g { ?f a dnnprov:File ; dnnprov:path ?p } }")
    assert file["p"] == "/data/w.h5"
    assert any("has 1 values" in note for note in said.says.notes)


def test_an_element_whose_set_is_not_known_is_kept() -> None:
    said = of(json.dumps(task("encoder", 4, "RUNNING", ("oencoder", ["same", "2"]))))
    (kept,) = said.select(
        "SELECT ?row { GRAPH ?g { ?e <http://localhost:8642/attribute/ds_oencoder> ?row } }"
    )
    assert json.loads(kept["row"])["value_2"] == "2"


def test_only_such_messages_are_claimed() -> None:
    def claimed(text: str) -> bool:
        return dfanalyzer.claims(Source("x.json", text.encode()))

    assert claimed(json.dumps(DATAFLOW))
    assert claimed(json.dumps(MESSAGES[0]))
    assert claimed(LINES)
    assert not claimed('{"prefix": {}, "entity": {}}')
    assert not claimed('[{"task_id": "1", "used": {}, "status": "FINISHED"}]')
    assert not kerasprov.claims(Source("x.json", LINES.encode()))


@pytest.mark.parametrize("name", ["provn-ipaw", "provn-ipaw-example"])
def test_the_documents_that_the_papers_have_are_read(name: str) -> None:
    path = SHARED / "data" / "keras-prov" / name
    if not path.exists():
        pytest.skip(f"there is no {path}")
    found = exchange.parse(Source(str(path)), Scope("http://e.org/import/x"))
    assert found.form.label == "PROV-N"
    assert len(list(found.quads)) > 40


# -- what means no good


@pytest.mark.parametrize(
    "text",
    [
        LINES[:500],
        "[1]",
        "{}",
        '[{"dataflow": "a"}]',
        '{"tag": "a", "transformations": 3}',
        '{"tag": "a", "transformations": [{"tag": "b", "sets": [{"tag": "c"}]}]}',
        "[" * 100_000,
    ],
)
def test_what_cannot_be_understood_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        of(text)


WRONG: list[Any] = [None, 1, -1.5, True, "", "x", [], [[]], {}, {"tag": None}, "1e999", "\ud800"]


@pytest.mark.parametrize("value", WRONG)
def test_values_of_a_wrong_type_are_read_or_refused(value: Any) -> None:
    def changed(found: Any) -> Any:
        """Each message of ``found`` with ``value`` in one place."""
        if isinstance(found, dict):
            for key in found:
                yield {**found, key: value}
                for inner in changed(found[key]):
                    yield {**found, key: inner}
        if isinstance(found, list):
            yield [*found, value]
            for place, one in enumerate(found[:2]):
                for inner in changed(one):
                    yield [*found[:place], inner, *found[place + 1 :]]

    for message in (DATAFLOW, MESSAGES[3], MESSAGES[5]):
        for wrong in changed(message):
            source = Source("m.json", json.dumps([DATAFLOW, wrong, *MESSAGES[3:]]).encode())
            try:
                dfanalyzer.read(source, empty())
            except KprovError:
                continue
