"""The routes of DfAnalyzer: what they do not take, and from whom."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from kprov_capture.home import Home, create
from tests.dfanalyzer import DATAFLOW, a_set, post, task
from tests.server.conftest import Server, end, start


def begin(*rows: Any, **more: Any) -> dict[str, Any]:
    return task("trainingmodel", 1, "RUNNING", *rows, **more)


def reading(schema: dict[str, Any]) -> dict[str, Any]:
    return {"tag": "x", "transformations": [{"tag": "t", "sets": [schema]}]}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that knows the dataflow, for messages that leave no trace."""
    home = create(tmp_path_factory.mktemp("refusing") / "home")
    server = start(home.path)
    assert post(server, "/pde/dataflow/json", DATAFLOW) == 200
    yield server
    end(server)


def send(server: Server, messages: list[dict[str, Any]], path: str = "/pde/task/json") -> None:
    for message in messages:
        assert post(server, path, message) == 200, message


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("task", begin(dataflow="other"), "dataflow 'other' is not known"),
        ("task", task("pooling", 1, "RUNNING"), "has no transformation 'pooling'"),
        ("task", begin(("nothing", ["1"])), "no set 'nothing'"),
        ("task", begin(("itrainingmodel", ["1", "Adam"])), "3 attributes"),
        ("task", begin(("itrainingmodel", ["1", "Adam", "fast"])), "NUMERIC"),
        ("task", begin(("itrainingmodel", ["1", {}, "1"])), "an object"),
        ("task", task("trainingmodel", 1, "DONE"), "'status' of the task is one of"),
        ("task", begin(id=None), "no 'id'"),
        ("task", begin(sets=7), "is a list; found 7"),
        ("task", begin(dependency={"tags": [{"tag": "a"}]}), "as many of both"),
        ("task", b"[" * 200_000, "nested too deeply"),
        ("task", b'{"id": "1", "id": "2"}', "stands twice"),
        ("task", b"\xff", "no JSON"),
        ("task", b'{"id": ' + b"9" * 5000 + b"}", "no JSON"),
        ("task", [1], "is an object; found a list"),
        ("dataflow", {"transformations": []}, "no 'tag'"),
        ("dataflow", reading(a_set("s", "BOTH")), "INPUT or OUTPUT"),
        ("dataflow", reading(a_set("s", "INPUT", ("a", "BLOB"))), "BLOB"),
        ("dataflow", {"tag": "x", "transformations": "t"}, "is a list; found 't'"),
        ("dataflow", {"tag": ["x"]}, "is a text; found a list"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused_and_changes_nothing(
    known: Server, path: str, body: Any, told: str
) -> None:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = known.ask(
        f"/pde/{path}/json", method="POST", body=sent, Content_Type="application/json"
    )
    assert reply.status == 400, reply.text
    assert told in reply.text
    assert list((known.home / "journal").glob("*.nq")) == []
    assert known.ask("/health").status == 200


def test_what_is_too_large_is_refused(known: Server) -> None:
    huge = json.dumps(task("trainingmodel", 1, "RUNNING") | {"output": "x" * (1 << 20)})
    assert post(known, "/pde/task/json", huge.encode()) == 413


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "text/plain"}, 415),  # what a form of any page can send
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),  # another port of this machine
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Host": "evil.example"}, 421),
        ({"Authorization": "Bearer wrong"}, 401),
    ],
)
def test_pages_of_other_sites_do_not_write(
    known: Server, headers: dict[str, str], status: int
) -> None:
    body = json.dumps(task("trainingmodel", 1, "RUNNING")).encode()
    given = {"Content_Type": "application/json", **headers}
    reply = known.ask("/pde/task/json", method="POST", body=body, **given)
    assert reply.status == status, reply.text
    assert list((known.home / "journal").glob("*.nq")) == []


def test_from_elsewhere_a_token_is_needed(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    server = serve("--host", "0.0.0.0", "--token", "secret")  # noqa: S104
    body = json.dumps(DATAFLOW).encode()

    def status(**headers: str) -> int:
        given = {"Content_Type": "application/json", "Host": "proxy.example", **headers}
        return server.ask("/pde/dataflow/json", method="POST", body=body, **given).status

    assert status() == 401
    assert status(Authorization="Bearer secret") == 200
