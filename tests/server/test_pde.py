"""The routes of DfAnalyzer: messages of its clients, sent to a server that runs."""

import json
from typing import Any

import pytest

from kprov_capture.home import Home
from kprov_rdf import ingest, query, runs
from kprov_rdf.store import LocalStore
from kprov_rdf.validate import shacl
from tests.server.conftest import Server

TAG, EXEC = "keras-alexnet-df", "keras-alexnet-df2026-11-20 13:15:16.790826"
TRAINED = [("OTRAIN_TIMESTAMP", "TEXT"), ("ELAPSED_TIME", "TEXT"), ("EPOCH_ID", "NUMERIC"),
           ("loss", "NUMERIC"), ("accuracy", "NUMERIC"), ("val_loss", "NUMERIC"),
           ("val_accuracy", "NUMERIC")]  # fmt: skip


def a_set(tag: str, kind: str, *attributes: tuple[str, str], **more: str) -> dict[str, Any]:
    named = [{"name": name, "type": of} for name, of in attributes]
    return {"tag": tag, "type": kind, "attributes": named, **more}


DATAFLOW = {
    "tag": TAG,
    "exec": "keras-alexnet-df2026-11-20 13:15:16.790853",  # not that of the tasks
    "transformations": [
        {
            "tag": "trainingmodel",
            "sets": [
                a_set("ilayers", "INPUT", ("ILTIMESTAMP", "TEXT"), ("NAME", "TEXT"),
                      ("ATTRIBUTE_TYPE", "TEXT"), ("VALUE", "TEXT")),
                a_set("itrainingmodel", "INPUT", ("ITRAIN_TIMESTAMP", "TEXT"),
                      ("OPTIMIZER_NAME", "TEXT"), ("LEARNING_RATE", "NUMERIC")),
                a_set("otrainingmodel", "OUTPUT", *TRAINED),
            ],
        },
        {
            "tag": "adaptation",
            "sets": [
                a_set("otrainingmodel", "INPUT", *TRAINED, dependency="trainingmodel"),
                a_set("oadaptation", "OUTPUT", ("NEW_LRATE", "NUMERIC"), ("ATIMESTAMP", "TEXT"),
                      ("EPOCH_ID", "NUMERIC"), ("ADAPTATION_ID", "NUMERIC")),
            ],
        },
        {
            "tag": "testingmodel",
            "sets": [
                a_set("otrainingmodel", "INPUT", *TRAINED, dependency="trainingmodel"),
                a_set("otestingmodel", "OUTPUT", ("OTEST_TIMESTAMP", "TEXT"),
                      ("otest_loss", "NUMERIC"), ("otest_accuracy", "NUMERIC")),
            ],
        },
    ],
}  # fmt: skip


def task(
    transformation: str, number: int, status: str, /, *rows: Any, at: str = "", **more: Any
) -> dict[str, Any]:
    """A message as the clients send it: ``rows`` are pairs of a set and of an element."""
    told: dict[str, Any] = {
        "tag": transformation,
        "first": "1" if number == 1 else "0",
        "exec": EXEC,
        "status": status,
        "dataflow": TAG,
        "transformation": transformation,
        "id": str(number),
    }
    if rows:
        told["sets"] = [{"tag": tag, "elements": [row]} for tag, row in rows]
    if at:
        told["performances"] = [{"startTime": at, "endTime": at}]
    return {name: value for name, value in {**told, **more}.items() if value is not None}


def after_training(**more: Any) -> dict[str, Any]:
    ids = {"tags": [{"tag": "trainingmodel"}], "ids": [{"id": "1"}]}
    return {"dependency": ids, **more}


def epoch(number: int, loss: str) -> tuple[str, list[str]]:
    return "otrainingmodel", [
        f"17951805{number:02}.79",
        "2.5",
        str(number),
        loss,
        "0.1",
        "2.75",
        "0.11",
    ]


def adaptation(rate: str, number: int) -> list[dict[str, Any]]:
    row = ("oadaptation", [rate, "1795180516.79", "9", str(number)])
    at = f"2026-11-20 13:15:{number + 20}"
    return [
        task("adaptation", 2, "RUNNING", **after_training()),
        task("adaptation", 2, "FINISHED", row, at=at, **after_training()),
    ]


def a_test(loss: str) -> list[dict[str, Any]]:
    row = ("otestingmodel", ["1795180599.0", loss, "0.75"])
    return [
        task("testingmodel", 3, "RUNNING", **after_training()),
        task("testingmodel", 3, "RUNNING", row, **after_training()),
        task("testingmodel", 3, "FINISHED", at="2026-11-20 13:15:40", **after_training()),
    ]


LAYER = ("ilayers", ["1795180516.7", "activation_1", "activation", "relu"])
SETTINGS = ("itrainingmodel", ["1795180516.7", "Adam", "0.1"])
# What Keras-Prov sends of a training of two epochs with one adaptation, and of a test.
MESSAGES = [
    task("trainingmodel", 1, "RUNNING"),
    task("trainingmodel", 1, "RUNNING", LAYER),
    task("trainingmodel", 1, "RUNNING", SETTINGS),
    task("trainingmodel", 1, "RUNNING", epoch(0, "3.3")),
    *adaptation("0.05", 1),
    task("trainingmodel", 1, "FINISHED", epoch(1, "-9999999"), at="2026-11-20 13:15:39"),
    *a_test("0.8"),
]


class Read:
    """What the journals of a folder say."""

    def __init__(self, home: Home) -> None:
        self.store = LocalStore()
        ingest.catch_up(home, self.store)
        self.runs = runs.listing(self.store, ingest.alive(home))

    def rows(self, pattern: str, *names: str) -> list[tuple[Any, ...]]:
        text = f"SELECT {' '.join('?' + n for n in names)} {{ {pattern} }} ORDER BY ?{names[0]}"
        answer = query.table(self.store, query.Question("test", text), {})
        return [tuple(query.value(term) for term in row) for row in answer.rows]

    def values(self, set_tag: str, name: str) -> list[Any]:
        """The values of an attribute, in the order in which the elements were numbered."""
        found = self.rows(
            f'?e dnnprov:ofSet ?s ; ?a ?v . ?s dnnprov:tag "{set_tag}" ; dnnprov:hasAttribute ?a . '
            f'?a dnnprov:reportedName "{name}"',
            "e", "v",
        )  # fmt: skip
        return [value for _, value in sorted(found, key=lambda row: int(row[0].rpartition("-")[2]))]

    def size(self) -> int:
        return sum(len(self.store.graph(run.iri)) for run in self.runs)

    def violations(self) -> list[shacl.Finding]:
        return [f for run in self.runs for f in shacl.validate(run.iri, self.store.graph(run.iri))]


def post(server: Server, path: str, message: Any, **headers: str) -> int:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    given = {"Content-Type": "application/json", **headers}
    reply = server.ask(path, method="POST", body=body, **given)
    if reply.status == 200:
        assert reply.json == json.loads(body)
    return reply.status


def send(server: Server, messages: list[dict[str, Any]], path: str = "/pde/task/json") -> None:
    for message in messages:
        assert post(server, path, message) == 200, message


def test_the_messages_of_keras_prov_are_a_run_that_is_valid(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    # The client's default address ends in a slash, and its paths begin with one.
    assert post(server, "//pde/dataflow/json", DATAFLOW) == 200
    send(server, MESSAGES, "//pde/task/json")
    assert server.stop() == 0
    read = Read(home)
    (run,) = read.runs
    assert (run.tag, run.status) == (TAG, "FINISHED")
    assert read.violations() == []
    assert read.rows("?x dnnprov:execTag ?tag", "tag") == [(EXEC,)]
    assert read.values("otrainingmodel", "loss") == [3.3, pytest.approx(float("nan"), nan_ok=True)]
    assert read.values("otestingmodel", "otest_loss") == [0.8]
    tasks = (
        "?t a dnnprov:Execution ; dnnprov:taskIdentifier ?n ; dnnprov:status ?s ; rdfs:label ?of"
    )
    assert read.rows(tasks, "n", "of", "s") == [
        (1, "trainingmodel", "FINISHED"),
        (2, "adaptation", "FINISHED"),
        (3, "testingmodel", "FINISHED"),
    ]
    assert read.rows(
        "?t dnnprov:taskIdentifier ?n ; prov:wasInformedBy ?p . ?p dnnprov:taskIdentifier ?of",
        "n",
        "of",
    ) == [(2, 1), (3, 1)]
    # The adaptation used the epoch before it, and the test both.
    used = "?t dnnprov:taskIdentifier ?n ; prov:used ?e . ?e prov:wasGeneratedBy ?p"
    assert read.rows(used, "n") == [(2,), (3,), (3,)]
