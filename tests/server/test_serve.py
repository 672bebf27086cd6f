"""The server as a process: how it begins, lives beside commands, and ends."""

import json
import subprocess
import sys
import time

import pytest

from kprov_capture.home import Home
from kprov_rdf import cli, ingest, owner, runs
from kprov_rdf.errors import JournalDamagedError, StoreLockedError
from tests import recording
from tests.server.conftest import Server


def wait_for(condition, seconds: float = 20.0):  # type: ignore[no-untyped-def]
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def kprov(home: Home, *arguments: str) -> int:
    return cli.run(["--home", str(home.path), *arguments])


def test_every_command_works_beside_it(home: Home, serve, capsys, tmp_path) -> None:  # type: ignore[no-untyped-def]
    recording.record(home.path)
    serve()
    for arguments in (
        ["runs"],
        ["show"],
        ["query", "q1", "--param", "epoch=1"],
        ["validate"],
        ["export", "-o", str(tmp_path / "x.provn")],
        ["publish", str(tmp_path / "site"), "--base", "http://e.org/p/"],
    ):
        assert kprov(home, *arguments) == 0, (arguments, capsys.readouterr())
    # What is recorded now is there at once, without waiting for the server to notice.
    recording.record(home.path, "another-flow")
    capsys.readouterr()
    assert kprov(home, "runs", "--format", "json") == 0
    assert [run["tag"] for run in json.loads(capsys.readouterr().out)] == [
        "another-flow",
        "test-flow",
    ]


def test_what_commands_took_is_gone_when_they_end(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    recording.record(home.path)
    server = serve()
    with ingest.open_snapshot(home) as store:
        assert len(runs.listing(store, store.living)) == 1
        assert len(list(home.snapshots.iterdir())) == 1
        assert server.query("ASK { ?s ?p ?o }").status == 200  # takes one of its own
        assert len(list(home.snapshots.iterdir())) == 2
    assert len(list(home.snapshots.iterdir())) == 1
    assert server.stop() == 0
    assert list(home.snapshots.iterdir()) == []
    assert not (home.path / "owner.json").exists()


def test_a_query_sees_what_was_recorded_meanwhile(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    server: Server = serve()
    text = "SELECT (COUNT(*) AS ?n) { ?m a dnnprov:oTraining }"

    def count() -> str:
        return server.query(text, "text/csv").text.split()[-1]

    assert count() == "0"
    run = recording.begin(home.path)
    for number in range(3):
        recording.epoch(run, number, 0.5)
        wait_for(lambda wanted=str(number + 1): count() == wanted)
    assert server.ask("/").text.count("RUNNING") == 1
    run.close()
    wait_for(lambda: "RUNNING" not in server.ask("/").text)


def test_a_killed_server_leaves_nothing_in_the_way(home: Home, serve, capsys) -> None:  # type: ignore[no-untyped-def]
    recording.record(home.path)
    server = serve()
    server.query("ASK {}")
    server.process.kill()
    server.process.wait()
    assert (home.path / "owner.json").exists()
    assert owner.server(home) is None
    assert kprov(home, "runs") == 0
    assert list(home.snapshots.iterdir()) == []


def test_a_second_server_says_where_the_first_is(home: Home, serve, capsys) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    assert kprov(home, "serve", "--port", "0") == 2
    port = server.url.rsplit(":", 1)[1]
    assert f":{port}" in capsys.readouterr().err


def test_a_port_that_is_taken_is_said(home: Home, serve, tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    port = serve().url.rsplit(":", 1)[1].rstrip("/")
    assert cli.run(["--home", str(tmp_path / "other"), "serve", "--port", port]) == 2
    said = capsys.readouterr().err
    assert f"Port {port}" in said
    assert "--port" in said
    assert not (tmp_path / "other" / "owner.json").exists()


def test_a_server_that_hangs_is_said(home: Home, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Its process lives, and what answers there is no kprov."""
    with subprocess.Popen(
        [sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={"PYTHONUNBUFFERED": "1"},
    ) as other:
        port = other.stdout.readline().split()[5]  # type: ignore[union-attr]
        address = owner.Address(f"http://127.0.0.1:{port}/", "x")
        owner.announce(home, address)
        with pytest.raises(StoreLockedError, match="does not answer as a kprov server"):
            ingest.open_snapshot(home)
        other.terminate()


def test_only_the_user_may_read_the_token(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    serve()
    assert (home.path / "owner.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("shown", [None, "Bearer wrong", "Bearer ", "secret-1"])
def test_a_snapshot_needs_the_token(home: Home, serve, shown) -> None:  # type: ignore[no-untyped-def]
    server = serve("--token", "secret-1")
    headers = {"Content_Type": "application/json"} | ({"Authorization": shown} if shown else {})
    assert server.ask("/snapshot", method="POST", body=b"{}", **headers).status == 401
    headers["Authorization"] = "Bearer secret-1"
    assert server.ask("/snapshot", method="POST", body=b"{}", **headers).status == 200
    assert server.ask("/snapshot", method="POST", body=b"[1]", **headers).status == 400
    assert server.ask("/snapshot", method="POST", body=b"x", **headers).status == 400


def test_a_damaged_journal_is_said_and_the_rest_is_served(home: Home, serve, capsys) -> None:  # type: ignore[no-untyped-def]
    recording.record(home.path, "good-flow")
    server = serve()
    path = home.journal / "bad.nq"
    path.write_text("no journal\n")
    problem = wait_for(lambda: server.ask("/health").json["problem"])
    assert "damaged" in problem
    assert server.ask("/health").status == 200
    assert "good-flow" in server.ask("/").text
    with pytest.raises(JournalDamagedError, match="mv "):
        ingest.open_snapshot(home)
    path.unlink()
    wait_for(lambda: server.ask("/health").json["problem"] is None)


def test_a_store_that_was_taken_away_is_built_again(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    import shutil

    recording.record(home.path)
    with ingest.open_snapshot(home):
        pass
    shutil.rmtree(home.store)
    assert "test-flow" in serve().ask("/").text


def test_names_of_elsewhere_are_not_answered(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    """A web site that points a name of its own at loopback must not read the runs."""
    (home.path / "kprov.toml").write_text('base = "https://prov.example.org/"\n')
    server = serve()
    for name, status in (
        ("evil.example", 421),
        ("evil.example:8642", 421),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("127.0.0.1:80", 200),
        ("prov.example.org", 200),
    ):
        assert server.ask("/", Host=name).status == status, name


def test_a_crash_is_seen_though_nothing_is_written(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    script = (
        "import os, sys; sys.path.insert(0, '.'); from pathlib import Path; "
        "from tests import recording; r = recording.begin(Path(sys.argv[1])); "
        "recording.epoch(r, 0, .5); import time; print('there', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(home.path)], stdout=subprocess.PIPE, text=True
    ) as training:
        training.stdout.readline()  # type: ignore[union-attr]
        wait_for(lambda: "RUNNING" in server.ask("/").text)
        training.kill()
    wait_for(lambda: "CRASHED" in server.ask("/").text)
