"""The route of DfAnalyzer's query interface."""

import csv
import io
import json
from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest

from kprov_capture.home import Home
from tests import recording
from tests.server.conftest import Reply, Server

PATH = "/query_interface/test-flow/1"
FORM = "application/x-www-form-urlencoded"
FIG4 = """mapping(physical)
source(otrainingmodel)
target(otrainingmodel)
projection(otrainingmodel.epoch_id;otrainingmodel.accuracy;otrainingmodel.loss;otrainingmodel.val_loss)
selection(otrainingmodel.val_loss<1)"""


def send(
    server: Server, text: str, accept: str | None = "text/csv", path: str = PATH, kind: str = FORM
) -> Reply:
    body = urlencode({"message": text}) if kind == FORM else text
    return server.ask(path, accept, "POST", body.encode("utf-8", "surrogatepass"),
                      **{"Content-Type": kind})  # fmt: skip


def test_the_original_form_is_answered_as_it_was(server: Server) -> None:
    for path in (PATH, "/" + PATH):
        reply = send(server, FIG4, None, path)
        assert reply.status == 200, reply.text
        assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert reply.text.startswith("PREFIX dnnprov:")
        assert "Query elapsed time (generation + execution): " in reply.text
        assert "Rows: 2" in reply.text
    again = server.query(reply.text[: reply.text.index("\nQuery elapsed")], "text/csv")
    assert again.text == send(server, FIG4).text, "the text is a query that can be asked by hand"


def test_rows_come_in_the_form_that_is_wanted(server: Server) -> None:
    rows = [["epoch_id", "accuracy", "loss", "val_loss"], ["1", "0.5", "0.7", "0.95"],
            ["2", "0.5", "0.6", "0.85"]]  # fmt: skip
    assert list(csv.reader(io.StringIO(send(server, FIG4).text))) == rows
    found = send(server, FIG4, "application/json").json
    assert found["head"]["vars"] == rows[0]
    assert [row["loss"]["value"] for row in found["results"]["bindings"]] == ["0.7", "0.6"]
    assert send(server, FIG4, "text/csv", kind="text/plain").text == send(server, FIG4).text
    assert send(server, FIG4, "image/png").status == 406


def test_plain_data_parameters_and_other_dataflows(server: Server) -> None:
    asked = {"projection": ["run.tag"],
             "selection": {"attribute": "itrainingmodel.optimizer_name", "op": "=",
                           "value": {"parameter": "o"}}}  # fmt: skip
    text = json.dumps(asked)
    of = [f"{PATH}?o=Adam", f"{PATH}?o=SGD", f"/query_interface/{quote('a <b>x', safe='')}/1?o=SGD"]
    replies = [send(server, text, path=path, kind="application/json") for path in of]
    assert [reply.status for reply in replies] == [200, 200, 400]
    assert [reply.text.split() for reply in replies[:2]] == [["tag", "test-flow"], ["tag"]]
    assert "no dataflow with the tag 'a <b>x'" in replies[2].text
    other = """execution('a <b>"tag"</b> & more') projection(itrainingmodel.optimizer_name)"""
    assert send(server, other).text.split() == ["optimizer_name", "SGD"]


@pytest.mark.parametrize(
    ("text", "kind", "status", "told"),
    [
        ("projection(otrainingmodel.los)", FORM, 400, "it has loss"),
        ("projection(otrainingmodel.loss", FORM, 400, "line 1, column 31"),
        ("", FORM, 400, "a function was wanted"),
        ('{"sources": []}', "application/json", 400, "has no key 'sources'"),
        (FIG4, "image/png", 415, "is sent as"),
        ("\ud800", "text/plain", 400, "must be in UTF-8"),
        ("source(" + "a" * 300_000, "text/plain", 413, "at most 256 KiB"),
        ("selection(" + "(" * 30_000, "text/plain", 400, "nested at most 30 deep"),
        ("[" * 60_000, "application/json", 400, "too deep"),
        ("projection(run.tag) selection(run.tag = 'SERVICE <x:y> {')", FORM, 403, "SERVICE"),
    ],
)
def test_what_cannot_be_answered_is_told(
    server: Server, text: str, kind: str, status: int, told: str
) -> None:
    reply = send(server, text, kind=kind)
    assert (reply.status, told in reply.text) == (status, True), reply.text
    assert send(server, FIG4).status == 200


def test_a_question_that_takes_too_long_is_ended(serve: Callable[..., Server], home: Home) -> None:
    run = recording.begin(home.path, "test-flow")
    for number in range(2000):
        recording.epoch(run, number, 0.5)
    run.close()
    reply = send(
        serve("--query-seconds", "0.1"),
        "mapping(RUN) group(ilayers.name; otrainingmodel.epoch_id; ilayers.value) "
        "aggregate(count(distinct otrainingmodel.loss); avg(otrainingmodel.val_loss))",
    )
    assert (reply.status, "took longer than 0.1 s" in reply.text) == (503, True), reply.text


def test_it_is_a_request_that_posts(server: Server) -> None:
    assert server.ask(PATH).status == 405
    assert server.ask("/query_interface/test-flow/x", method="POST", body=b"").status == 404
    two = server.ask(PATH, None, "POST", b"message=a&message=b", **{"Content-Type": FORM})
    assert (two.status, "found 2" in two.text) == (400, True)
