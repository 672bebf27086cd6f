"""The server as a process: how it begins, lives beside commands, and ends."""

import contextlib
import json
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kprov_capture.home import Home
from kprov_rdf import cli, ingest, owner, runs
from kprov_rdf.errors import JournalDamagedError, StorageError, StoreLockedError
from tests import recording
from tests.server.conftest import Events, Server


def wait_for(condition, seconds: float = 60.0):  # type: ignore[no-untyped-def]
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


def test_a_run_is_validated_by_the_server_when_it_has_ended(home: Home, serve, capsys) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    run = recording.begin(home.path)
    assert run.settle(10)

    def told() -> str:
        found: list[str] = [one["record"] for one in server.ask("/live", "application/json").json]
        return found[0] if found else ""

    wait_for(lambda: told() == "–")
    run.end_training("FINISHED")
    run.close()
    wait_for(lambda: told() == "valid")
    assert kprov(home, "runs") == 0
    assert capsys.readouterr().out.splitlines()[3].split()[-1] == "valid"
    page = server.ask(f"/run/{run.id}", "text/html").text
    (link,) = re.findall(r'href="\.\./catalog#([^"]+)"', page)
    assert f'id="{link}"' in server.ask("/catalog", "text/html").text
    assert ">valid<" in server.ask("/", "text/html").text
    assert server.stop() == 0


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


def test_what_a_command_loads_is_told_to_streams_and_queries(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    """A command makes the server load before its own turn comes; nothing may be lost by that."""
    server: Server = serve()
    run = recording.begin(home.path)
    headers = {"Authorization": f"Bearer {token(home)}", "Content_Type": "application/json"}
    count = "SELECT (COUNT(*) AS ?n) { ?m a dnnprov:oTraining }"

    def counted() -> str:
        return server.query(count, "text/csv").text.split()[1]

    with contextlib.closing(Events(server, "/live")) as stream:
        events = iter(stream)
        for number in range(5):
            recording.epoch(run, number, 0.5)
            time.sleep(0.02)
            reply = server.ask("/snapshot", method="POST", body=b"{}", **headers)
            assert reply.status == 200
            wait_for(lambda wanted=str(number + 1): counted() == wanted)
        while True:
            _, rows, _ = next(events)
            if rows and rows[0]["epochs"] == "5/3":  # type: ignore[index]
                break
    run.close()


def token(home: Home) -> str:
    return str(json.loads((home.path / "owner.json").read_text())["token"])


def test_a_rebuild_that_lacks_a_journal_is_said_for_good(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    recording.record(home.path, "one")
    recording.record(home.path, "two")
    with ingest.open_snapshot(home):
        pass
    shutil.rmtree(home.store)
    damaged, _ = sorted(home.done.glob("*.gz"))
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-20])
    server = serve()
    time.sleep(0.5)
    told = server.ask("/health").json
    assert told["status"] == "degraded"
    assert str(damaged) in told["problem"]
    assert "two" in server.ask("/").text
    with pytest.raises(JournalDamagedError, match="mv "):
        ingest.open_snapshot(home)
    damaged.write_bytes(whole)
    wait_for(lambda: server.ask("/health").json["problem"] is None)
    with ingest.open_snapshot(home) as store:
        assert len(runs.listing(store, store.living)) == 2


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs prlimit (Linux)")
def test_a_full_disk_is_said_and_got_over(home: Home, serve, capsys) -> None:  # type: ignore[no-untyped-def]
    """Files that may not grow fail as on a full disk; then there is room again."""
    recording.record(home.path, "before")
    server: Server = serve()
    before = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (100, before[1]))
    recording.record(home.path, "meanwhile")
    problem = wait_for(lambda: server.ask("/health").json["problem"])
    assert "Free some space" in problem
    assert kprov(home, "runs") == 2
    assert "bug" not in capsys.readouterr().err
    assert server.process.poll() is None
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, before)
    wait_for(lambda: server.ask("/health").json["status"] == "ok")
    wait_for(lambda: "meanwhile" in server.ask("/").text)
    assert server.query("ASK { ?s ?p ?o }").status == 200
    assert kprov(home, "runs") == 0
    assert server.stop() == 0
    assert list(home.snapshots.iterdir()) == []


def test_the_folder_it_was_started_in_does_not_matter(home: Home, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Neither what lies in it nor whether it is still there."""
    recording.record(home.path)
    place = tmp_path / "place"
    place.mkdir()
    for name in ("pyoxigraph.py", "json.py", "kprov_rdf.py"):
        (place / name).write_text("import pathlib; pathlib.Path('ran').touch()\n")
    root = Path(__file__).resolve().parent.parent.parent
    monkeypatch.setenv("PYTHONPATH", f"{root}:{root / 'capture'}")
    kprov_command = Path(sys.executable).with_name("kprov")
    with subprocess.Popen(
        [kprov_command, "--home", home.path, "serve", "--port", "0"],
        stdout=subprocess.PIPE, text=True, cwd=place,
    ) as process:  # fmt: skip
        url = next(w for w in process.stdout.readline().split() if w.startswith("http"))  # type: ignore[union-attr]
        server = Server(url, process, home.path)
        wait_for(lambda: server.ask("/health").status == 200)
        assert server.query("ASK { ?s ?p ?o }").status == 200
        assert not (place / "ran").exists()
        shutil.rmtree(place)
        for path in ("/", "/catalog", "/sparql", "/nix"):
            assert server.ask(path, "text/html").status in (200, 404)
        server.stop()


@pytest.mark.parametrize(
    "arguments",
    [["--port", "70000"], ["--query-seconds", "0"], ["--query-seconds", "nan"],
     ["--query-memory", "-5"], ["--query-rows", "0"]],
)  # fmt: skip
def test_limits_that_are_none_are_refused(home: Home, arguments, capsys) -> None:  # type: ignore[no-untyped-def]
    assert kprov(home, "serve", *arguments) == 2
    assert "range" in capsys.readouterr().err


def test_a_link_for_the_snapshots_is_not_followed(home: Home, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """A folder that somebody else made must not have its target cleared."""
    (tmp_path / "victim" / "1-documents").mkdir(parents=True)
    home.snapshots.symlink_to(tmp_path / "victim")
    with pytest.raises(StorageError, match="is a link"):
        ingest.open_snapshot(home)
    home.snapshots.unlink()
    (home.snapshots / "mine").mkdir(parents=True)
    with ingest.open_snapshot(home):
        assert (home.snapshots / "mine").exists()
    assert (tmp_path / "victim" / "1-documents").exists()
