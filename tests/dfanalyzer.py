"""Messages as DfAnalyzer's clients send them, for the tests of what understands them."""

import json
from typing import Any

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


def post(server: Server, path: str, message: Any, **headers: str) -> int:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    given = {"Content-Type": "application/json", **headers}
    reply = server.ask(path, method="POST", body=body, **given)
    if reply.status == 200:
        assert reply.json == json.loads(body)
    return reply.status
