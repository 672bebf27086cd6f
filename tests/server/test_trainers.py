"""Trainers that send to a server: real processes on loopback, and what happens to both."""

import contextlib
import gzip
import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kprov_capture import guard, shipper
from kprov_capture.delivery import Link, Reply, Spooled
from kprov_capture.home import Home, create
from kprov_capture.record import writer
from kprov_capture.target import Target
from kprov_rdf import cli, ingest
from tests import recording
from tests.conftest import child_environment
from tests.server.conftest import Server
from tests.server.test_serve import wait_for

TOKEN = "the-secret-token"
Serve = Callable[..., Server]

_TRAINER = """
import itertools, sys
from tests import recording
run = recording.begin(sys.argv[1], sys.argv[2])
print(run.id, flush=True)
for number, _ in enumerate(itertools.chain(range(int(sys.argv[3])), sys.stdin)):
    recording.epoch(run, number, 0.5)
    print(number, flush=True)
run.end_training("FINISHED")
run.close()
"""


@contextlib.contextmanager
def training(
    home: Path, url: str, tag: str = "far", epochs: int = 3
) -> "Iterator[subprocess.Popen[str]]":
    """A trainer in a process of its own: after ``epochs`` it trains one for each line."""
    with subprocess.Popen(
        [sys.executable, "-c", _TRAINER, str(home), tag, str(epochs)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=child_environment(home, KPROV_SERVER=url, KPROV_TOKEN=TOKEN),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def finish(process: "subprocess.Popen[str]") -> str:
    """Let the training end; what it said on standard error."""
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    return said


@pytest.fixture
def far(tmp_path: Path) -> Home:
    """The state folder of another machine."""
    return create(tmp_path / "far" / "home")


@pytest.fixture(autouse=True)
def no_shippers_of_other_tests() -> Iterator[None]:
    yield
    shipper._shippers.clear()


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}/"


def whole(home: Home, run: str) -> bytes:
    """The journal of a run, wherever it is."""
    done = home.done / f"{run}.nq.gz"
    path = home.journal / f"{run}.nq"
    if done.exists():
        return gzip.decompress(done.read_bytes())
    return path.read_bytes() if path.exists() else b""


def arrived(server: Server, home: Home, far: Home, run: str) -> None:
    """The run is at the server, to the last byte and no byte twice."""
    wait_for((home.done / f"{run}.nq.gz").exists)
    assert whole(home, run) == whole(far, run)
    wait_for(lambda: run in server.ask("/live").text)


def kprov(home: Home, *arguments: str) -> int:
    return cli.run(["--home", str(home.path), *arguments])


def test_a_training_elsewhere_is_followed_while_it_runs(
    home: Home, far: Home, serve: Serve
) -> None:
    server = serve("--token", TOKEN)
    with training(far.path, server.url, epochs=5) as process:
        run = line(process)
        count = "SELECT (COUNT(*) AS ?n) { ?m a dnnprov:oTraining }"
        wait_for(lambda: server.query(count, "text/csv").text.split()[1] == "5")
        wait_for(lambda: "RUNNING" in server.ask("/").text)
        assert server.ask(f"/live/{run}").json["count"] == 5
        said = finish(process)
    arrived(server, home, far, run)
    assert "FINISHED" in server.ask("/").text
    assert "kprov ship" not in said
    # The token is in nothing that was written or said.
    for path in far.path.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path
    assert TOKEN not in said + "".join(server.first_lines)


def test_a_server_that_is_killed_in_between_misses_nothing(
    home: Home, far: Home, serve: Serve
) -> None:
    server = serve("--token", TOKEN)
    port = server.url.rsplit(":", 1)[1].rstrip("/")
    with training(far.path, server.url, epochs=20) as process:
        run = line(process)
        for _ in range(3):
            for _ in range(20):
                line(process)
            size = len(wait_for(lambda: whole(far, run)))
            wait_for(lambda at=size: len(whole(home, run)) >= at)
            server.process.kill()
            server.process.wait()
            assert process.stdin is not None
            process.stdin.write("\n" * 20)
            process.stdin.flush()
            server = serve("--token", TOKEN, "--port", port)
        finish(process)
    wait_for(
        lambda: kprov(far, "ship", "--server", server.url, "--token-file", str(token(far))) == 0
    )
    arrived(server, home, far, run)
    count = "SELECT (COUNT(?m) AS ?n) (COUNT(DISTINCT ?e) AS ?d) { ?m dnnprov:epoch ?e }"
    assert server.query(count, "text/csv").text.split()[1] == "80,80"


def token(home: Home) -> Path:
    path = home.path.parent / "token"
    path.write_text(TOKEN)
    return path


def test_two_trainers_at_once_both_arrive(home: Home, tmp_path: Path, serve: Serve) -> None:
    server = serve("--token", TOKEN)
    homes = [create(tmp_path / name / "home") for name in ("one", "two")]
    with (
        training(homes[0].path, server.url, "one", 20) as first,
        training(homes[1].path, server.url, "two", 20) as second,
    ):
        ids = [line(first), line(second)]
        for process in (first, second):
            finish(process)
    for place, run in zip(homes, ids, strict=True):
        arrived(server, home, place, run)


def test_without_a_server_training_goes_on_and_ship_sends_it_later(
    home: Home, far: Home, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    url = closed_port()
    with training(far.path, url) as process:
        run = line(process)
        said = finish(process)
    assert said.count("does not answer") == 1
    assert said.count("'kprov ship'") == 1
    assert str(far.path) in said
    assert TOKEN not in said
    named = ["ship", "--token-file", str(token(far))]
    assert kprov(far, *named, "--server", url) == 2
    assert "1 run is not sent" in capsys.readouterr().err
    with ingest.open_snapshot(far):
        pass  # a command puts the journal away meanwhile
    assert not (far.journal / f"{run}.nq").exists()
    server = serve("--token", TOKEN)
    assert kprov(far, *named, "--server", server.url) == 0
    assert kprov(far, *named, "--server", server.url) == 0
    capsys.readouterr()
    arrived(server, home, far, run)
    # Without the note of it the server is asked, and gets nothing again.
    (far.path / "shipped" / f"{run}.json").unlink()
    assert kprov(far, *named, "--server", server.url) == 0
    assert list(home.journal.glob("*.nq")) == []


def test_the_next_training_sends_what_was_left(home: Home, far: Home, serve: Serve) -> None:
    down = closed_port()
    port = down.rsplit(":", 1)[1].rstrip("/")
    ids = []
    with training(far.path, down) as process:
        ids.append(line(process))
        finish(process)
    with ingest.open_snapshot(far):
        pass
    with training(far.path, down, epochs=3) as process:  # this one is killed
        ids.append(line(process))
        assert [line(process) for _ in range(3)] == ["0", "1", "2"]
        wait_for(lambda: b"#metrics-2>" in whole(far, ids[1]))
        process.kill()
        process.wait()
    server = serve("--token", TOKEN, "--port", port)
    with training(far.path, f"http://127.0.0.1:{port}/") as process:
        ids.append(line(process))
        said = finish(process)
    assert "not sent all" not in said
    arrived(server, home, far, ids[0])
    arrived(server, home, far, ids[2])
    assert whole(home, ids[1]) == whole(far, ids[1])
    wait_for(lambda: "CRASHED" in server.ask("/").text)


def test_a_wrong_token_is_said_once_and_costs_no_training(
    home: Home, far: Home, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve("--token", "another-token")
    with training(far.path, server.url) as process:
        run = line(process)
        said = finish(process)
    assert said.count("answers 401") == 1
    assert "KPROV_TOKEN" in said
    assert TOKEN not in said
    assert whole(far, run).rstrip().endswith(b" end")
    assert not (home.journal / f"{run}.nq").exists()
    assert kprov(far, "ship", "--server", server.url, "--token-file", str(token(far))) == 2
    assert "answers 401" in capsys.readouterr().err


def test_a_server_that_takes_nothing_says_what_to_type(home: Home, far: Home, serve: Serve) -> None:
    server = serve()
    with training(far.path, server.url) as process:
        line(process)
        said = finish(process)
    assert "--token-file" in said


def test_ship_of_nothing_says_so(far: Home, capsys: pytest.CaptureFixture[str]) -> None:
    named = ["--server", "http://127.0.0.1:9/", "--token-file", str(token(far))]
    assert kprov(far, "ship", *named) == 0
    assert capsys.readouterr().out == "Nothing to send: http://127.0.0.1:9/ has all.\n"


def test_ship_without_a_server_says_what_to_type(
    far: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kprov(far, "ship") == 2
    assert "--server" in capsys.readouterr().err
    (far.path / "kprov.toml").write_text('[server]\nurl = "http://h/"\n')
    assert kprov(far, "ship") == 2
    assert "token-file" in capsys.readouterr().err


def test_a_run_that_is_refused_does_not_keep_the_others(
    home: Home, far: Home, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = recording.record(far.path), recording.record(far.path)
    path = far.journal / f"{bad.id}.nq"
    path.write_bytes(path.read_bytes().replace(b"#training>", b"#draining>"))
    server = serve("--token", TOKEN)
    named = ["ship", "--token-file", str(token(far)), "--server", server.url]
    assert kprov(far, *named) == 2
    said = capsys.readouterr()
    assert bad.id[-8:] in said.err
    assert "damaged" in said.err
    assert "1 of the 2" in said.out
    arrived(server, home, far, good.id)
    note = json.loads((far.path / "shipped" / f"{bad.id}.json").read_text())
    assert "damaged" in note["rejected"]


def test_a_server_of_the_same_folder_is_sent_nothing(
    home: Home, serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve("--token", TOKEN)
    monkeypatch.setenv("KPROV_SERVER", server.url)
    monkeypatch.setenv("KPROV_TOKEN", TOKEN)
    with caplog.at_level(logging.WARNING, "kprov"):
        run = recording.begin(home.path)
        for number in range(50):
            recording.epoch(run, number, 0.5)
        run.end_training("FINISHED")
        run.close()
        before = whole(home, run.id)
        assert writer.flush(10)
        shipper.drain()
    assert caplog.records == []
    wait_for((home.done / f"{run.id}.nq.gz").exists)
    assert whole(home, run.id) == before
    guard.raise_pending()


def test_a_server_of_the_same_folder_may_be_ahead_each_time(home: Home, serve: Serve) -> None:
    server = serve("--token", TOKEN)
    run = recording.begin(home.path)
    written = 0

    def write() -> None:
        nonlocal written
        if written < 20:
            recording.epoch(run, written, 0.5)
            assert run.settle(10)
            written += 1

    class Busy(Link):
        """The run goes on before and after each batch."""

        def send(self, run_id: str, offset: int, body: bytes, age: float) -> Reply:
            write()
            reply = super().send(run_id, offset, body, age)
            write()
            return reply

    assert run.settle(10)
    one = Spooled(home, run.id, sent=0)
    with contextlib.closing(Busy(Target(server.url, TOKEN))) as link:
        one.deliver(link)
    assert (written, one.behind) == (20, False)
    run.close()


def test_a_run_that_says_nothing_new_still_gives_signs_of_life(
    home: Home, far: Home, serve: Serve
) -> None:
    server = serve("--token", TOKEN)
    run = recording.begin(far.path)
    assert run.settle(10)
    link = Link(Target(server.url, TOKEN))
    one = Spooled(far, run.id)
    one.deliver(link)
    there = home.journal / f"{run.id}.nq"
    for last_sign, seen in ((time.time(), True), (time.time() - 3600, False)):
        os.utime(far.journal / there.name, (last_sign, last_sign))
        os.utime(there, (0, 0))
        one.told_alive = -1000.0  # long ago
        one.deliver(link)
        assert (there.stat().st_mtime > 0) is seen
    link.close()
    run.close()


_FORKED = """
import multiprocessing, sys
from tests import recording

def work(home):
    recording.record(home, "child")

if __name__ == "__main__":
    run = recording.begin(sys.argv[1], "parent")
    run.settle(10)
    child = multiprocessing.get_context("fork").Process(target=work, args=(sys.argv[1],))
    child.start()
    child.join()
    run.end_training("FINISHED")
"""


def test_a_forked_worker_sends_its_run_and_its_parent_the_other(
    home: Home, far: Home, serve: Serve
) -> None:
    server = serve("--token", TOKEN)
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", _FORKED, str(far.path)],
        capture_output=True,
        text=True,
        timeout=60,
        env=child_environment(far.path, KPROV_SERVER=server.url, KPROV_TOKEN=TOKEN),
    )
    assert done.returncode == 0, done.stderr
    assert "not sent" not in done.stderr
    ids = [path.name.partition(".")[0] for path in far.journal.glob("*.nq")]
    assert len(ids) == 2
    for run in ids:
        arrived(server, home, far, run)
