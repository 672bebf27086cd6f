"""Streams: what comes when, what is sent again, and how many there may be."""

import contextlib

import pytest

from kprov_capture.home import Home
from kprov_rdf.server.state import MAX_STREAMS
from tests import recording
from tests.server.conftest import Events, Server
from tests.server.test_serve import wait_for


def numbers(data: object) -> list[int]:
    return [one["epoch"] for one in data["epochs"]]  # type: ignore[index]


def test_a_stream_tells_what_was_and_then_what_comes(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    run = recording.begin(home.path)
    recording.epoch(run, 0, 0.9)
    recording.epoch(run, 1, 0.8)
    server = serve()
    path = f"/live/{run.names.run_id}"
    wait_for(lambda: len(server.ask(path).json["epochs"]) == 2)
    with contextlib.closing(Events(server, path)) as stream:
        assert stream.response.getheader("Content-Type").startswith("text/event-stream")  # type: ignore[union-attr]
        events = iter(stream)
        name, data, number = next(events)
        assert (name, numbers(data), number) == ("epochs", [0, 1], "1")
        assert data["epochs"][0]["values"] == {  # type: ignore[index]
            "loss": 0.9, "accuracy": 0.5, "val_loss": 1.15, "val_accuracy": 0.25,
            "learning_rate": 0.001, "elapsed_time": 0.5,
        }  # fmt: skip
        assert (data["status"], data["count"]) == ("RUNNING", 2)  # type: ignore[index]
        recording.epoch(run, 2, 0.7)
        _, data, number = next(events)
        assert (numbers(data), number) == ([2], "2")
        run.end_training("FINISHED")
        while data["status"] == "RUNNING":  # type: ignore[index]
            _, data, _ = next(events)
        assert next(events)[:2] == ("end", "FINISHED")
        assert list(events) == []
    # Cut off after epoch 0, and back: nothing is lost, and nothing told twice.
    with contextlib.closing(Events(server, path, last=0)) as stream:
        assert numbers(next(iter(stream))[1]) == [1, 2]
    assert numbers(server.ask(f"{path}?after=1").json) == [2]
    run.close()


def test_the_list_of_runs_is_told_anew(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    with contextlib.closing(Events(server, "/live")) as stream:
        events = iter(stream)
        assert server.ask("/live").json == []
        run = recording.begin(home.path, "new-flow")
        found: list[dict[str, str]] = []
        while not found:
            found = next(events)[1]  # type: ignore[assignment]
        assert (found[0]["tag"], found[0]["status"]) == ("new-flow", "RUNNING")
        run.close()
        while found[0]["status"] == "RUNNING":
            found = next(events)[1]  # type: ignore[assignment]


@pytest.mark.parametrize("given", ["x", "1.5", "", "1e3", "\u0661"])
def test_what_is_no_epoch_is_said(server: Server, given: str) -> None:
    from urllib.parse import quote

    run = server.ask("/live").json[0]["path"].partition("/")[2]
    reply = server.ask(f"/live/{run}?after={quote(given)}")
    assert reply.status == (200 if given in ("", "\u0661") else 400)


def test_more_streams_than_there_may_be_are_told_so(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    recording.record(home.path)
    server = serve()
    streams = [Events(server, "/live") for _ in range(MAX_STREAMS)]
    try:
        for stream in streams:
            assert stream.response.status == 200
            assert next(iter(stream))[0] == "runs"
        with contextlib.closing(Events(server, "/live")) as one_more:
            assert one_more.response.status == 503
            assert one_more.response.getheader("Retry-After")
        assert server.ask("/health").status == 200
        assert server.ask("/", "text/html").status == 200
    finally:
        for stream in streams:
            stream.close()
    # Streams whose page is gone are noticed when something is to be told.
    recording.record(home.path)

    def free() -> bool:
        with contextlib.closing(Events(server, "/live")) as again:
            return again.response.status == 200

    wait_for(free)


def test_a_server_that_ends_ends_its_streams(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    recording.record(home.path)
    server = serve()
    with contextlib.closing(Events(server, "/live")) as stream:
        events = iter(stream)
        next(events)
        assert server.stop() == 0
        assert list(events) == []
