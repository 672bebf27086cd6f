"""What a trainer sends without a kprov server at the other end: settings, spool, answers."""

import contextlib
import gzip
import http.server
import logging
import os
import re
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kprov_capture import delivery, secret, target
from kprov_capture.delivery import Link, Spooled
from kprov_capture.home import Home
from kprov_capture.journal import Journal, header
from kprov_capture.target import LaterError, RejectedError, SettingsError, Target
from tests import recording
from tests.conftest import child_environment

RUN = "01a1fd5e-0bca-7f01-843f-1baea2e9bc78"


# -- settings


def test_a_token_goes_only_to_the_address_that_stands_beside_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert target.find(home.path) is None
    (home.path / "token").write_text("from-file\n")
    (home.path / "kprov.toml").write_text(
        '[server]\nurl = "https://lab.example/kprov"\ntoken-file = "token"\n'
    )
    assert target.find(home.path) == Target("https://lab.example/kprov/", "from-file")
    monkeypatch.setenv("KPROV_TOKEN", "from-environment")
    assert target.find(home.path) == Target("https://lab.example/kprov/", "from-file")
    monkeypatch.setenv("KPROV_SERVER", "http://other:8642")
    assert target.find(home.path) == Target("http://other:8642/", "from-environment")
    monkeypatch.delenv("KPROV_TOKEN")
    with pytest.raises(SettingsError, match="no token for http://other:8642/"):
        target.find(home.path)
    monkeypatch.setenv("KPROV_SERVER", "https://lab.example/kprov/")
    assert target.find(home.path) == Target("https://lab.example/kprov/", "from-file")
    monkeypatch.setenv("KPROV_SERVER", "")
    assert target.find(home.path) is None


@pytest.mark.parametrize(
    "url",
    ["ftp://h/", "h:8642", "http://", "http://me:pw@h/", "http://h/?a", "http://h/#a",
     "http://h:70000/", "http://h:x/", "http://h /", "http://h\n/", "http://ü/"],
)  # fmt: skip
def test_an_address_that_is_none_is_said(home: Home, url: str) -> None:
    with pytest.raises(SettingsError):
        target.find(home.path, url)


@pytest.mark.parametrize("token", ["secret with blanks", "secret\nX-Other: 1", "sécret", "s" * 513])
def test_a_token_that_is_none_is_not_shown(home: Home, monkeypatch, token: str) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("KPROV_TOKEN", token)
    with pytest.raises(SettingsError) as error:
        target.find(home.path, "http://h/")
    (home.path / "t").write_text(token, "utf-8")
    with pytest.raises(SettingsError) as second:
        target.find(home.path, "http://h/", str(home.path / "t"))
    assert "cret" not in f"{error.value}{second.value}"


def test_a_target_does_not_show_its_token() -> None:
    assert "hidden" not in repr(Target("http://h/", "hidden")) + str(Target("http://h/", "hidden"))


def test_only_the_user_reads_a_token_that_was_made(tmp_path: Path) -> None:
    token = secret.create(tmp_path / "token")
    assert secret.read(tmp_path / "token") == token
    assert (tmp_path / "token").stat().st_mode & 0o077 == 0
    with pytest.raises(FileExistsError):
        secret.create(tmp_path / "token")


def test_settings_that_are_wrong_stop_no_training(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KPROV_SERVER", "http://localhost:1/")
    monkeypatch.setenv("KPROV_TOKEN", "secret\n1")
    with caplog.at_level(logging.WARNING, "kprov"):
        recording.record(home.path)
        recording.record(home.path)
    assert len(list(home.journal.glob("*.nq"))) == 2
    (told,) = caplog.records
    assert "$KPROV_TOKEN" in told.getMessage()
    assert "secret" not in told.getMessage()


# -- the spool


def spooled(home: Home, batches: int, size: int = 10, *, end: bool = False) -> Path:
    path = home.journal / f"{RUN}.nq"
    journal = Journal(path, header(f"http://e/run/{RUN}", {"pid": 1}))
    for number in range(batches):
        journal.append(
            f'<http://e/{number}> <http://e/p> "{"x" * size}" <http://e/run/{RUN}> .\n',
            end=end and number == batches - 1,
        )
    return path


def test_whole_batches_go_and_a_torn_tail_waits(home: Home) -> None:
    path = spooled(home, 3)
    whole = path.read_bytes()
    path.write_bytes(whole + b"<http://e/torn> <http")
    assert delivery.batches(home, RUN, 0) == whole
    assert delivery.batches(home, RUN, len(whole)) == b""
    assert delivery.batches(home, RUN, len(whole) + 1000) == b""


def test_much_goes_in_parts_and_a_large_batch_alone(home: Home, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(delivery, "CHUNK_BYTES", 1000)
    whole = spooled(home, 9, 300).read_bytes()
    sent = b""
    while body := delivery.batches(home, RUN, len(sent)):
        assert len(body) <= 1000
        assert body.endswith(b"\n")
        sent += body
    assert sent == whole
    monkeypatch.setattr(delivery, "CHUNK_BYTES", 100)
    assert delivery.batches(home, RUN, 0)
    monkeypatch.setattr(delivery, "MAX_BODY", 50)
    with pytest.raises(RejectedError, match="larger than"):
        delivery.batches(home, RUN, 0)


def test_a_journal_that_was_put_away_is_read_on(home: Home) -> None:
    path = spooled(home, 4, end=True)
    whole = path.read_bytes()
    begun = whole.index(b"<http://e/1>")  # after the first commit line
    (home.done / f"{path.name}.gz").write_bytes(gzip.compress(whole))
    path.unlink()
    assert delivery.batches(home, RUN, 0) == whole
    assert delivery.batches(home, RUN, begun) == whole[begun:]
    (home.done / f"{path.name}.gz").write_bytes(gzip.compress(whole)[:-9])
    with pytest.raises(RejectedError, match="cannot be read"):
        delivery.batches(home, RUN, 0)


def test_what_waits_is_what_nobody_else_sends(home: Home) -> None:
    to = Target("http://h/", "t")
    gone = spooled(home, 1)
    os.utime(gone, (0, 0))  # a process of another host, silent for long
    open_run = recording.begin(home.path)  # its process, this one, lives
    assert open_run.settle(10)
    (home.journal / "import-sha256-0.nq").write_bytes(gone.read_bytes())
    assert [one.run_id for one in delivery.waiting(home, to)] == [RUN]
    assert len(delivery.waiting(home, to, everything=True)) == 2
    Spooled(home, RUN, sent=gone.stat().st_size).note(to)
    assert delivery.waiting(home, to) == []
    assert len(delivery.waiting(home, Target("http://other/", "t"))) == 1
    (home.path / "shipped" / f"{RUN}.json").write_text("{torn")
    assert len(delivery.waiting(home, to)) == 1
    os.utime(gone)
    assert delivery.waiting(home, to) == []
    open_run.close()


# -- what answers


@contextlib.contextmanager
def answering(status: int, body: bytes = b"", **headers: str) -> Iterator[tuple[str, list[str]]]:
    """A server that answers everything so; its address, and what it was asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.headers['Authorization']}")
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", asked
        finally:
            server.shutdown()
            thread.join()


def test_no_redirect_is_followed_with_the_token() -> None:
    with answering(200, b'{"size": 1, "ended": true}') as (other, asked):
        for status in (301, 302, 307, 308):
            with (
                answering(status, Location=other) as (url, _),
                pytest.raises(SettingsError, match=re.escape(other)),
            ):
                Link(Target(url, "t")).held(RUN)
        assert asked == []


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"<html>hello", SettingsError),
        (200, b'{"size": -1, "ended": false}', SettingsError),
        (200, b'{"size": "1", "ended": false}', SettingsError),
        (200, b"[" * 60_000, SettingsError),
        (200, b"x" * 200_000, SettingsError),
        (401, b'{"detail": "who?"}', SettingsError),
        (404, b"", SettingsError),
        (409, b'{"detail": "damaged"}', RejectedError),
        (422, b'{"detail": "\\u001b[31mno"}', RejectedError),
        (413, b"[]", RejectedError),
        (429, b"", LaterError),
        (503, b"\xff", LaterError),
        (599, b"", LaterError),
    ],
)
def test_an_answer_of_any_kind_is_an_error_of_ours(status: int, body: bytes, kind: type) -> None:
    with answering(status, body) as (url, _):
        link = Link(Target(url, "t"))
        for _ in range(2):
            with pytest.raises(kind) as error:
                link.held(RUN)
            assert "\x1b" not in str(error.value)
        link.close()


def test_a_server_that_takes_nothing_and_says_so_ends_the_turn(home: Home) -> None:
    spooled(home, 2)

    class Stuck(Link):
        def held(self, run_id: str) -> delivery.Reply:
            return delivery.Reply(0, False)

        def send(self, run_id: str, offset: int, body: bytes, age: float) -> delivery.Reply:
            return delivery.Reply(0, False, conflict=self.conflict)

    for conflict in (True, False):
        link = Stuck(Target("http://h/", "t"))
        link.conflict = conflict  # type: ignore[attr-defined]
        with pytest.raises(LaterError, match="takes nothing more"):
            Spooled(home, RUN).deliver(link)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
def test_a_certificate_that_nobody_vouches_for_gets_no_token(tmp_path: Path) -> None:
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
            "/CN=localhost", "-keyout", "key.pem", "-out", "cert.pem"]  # fmt: skip
    subprocess.run(made, cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(LaterError, match="CERTIFICATE_VERIFY_FAILED"):
            Link(Target(f"https://localhost:{server.server_port}/", "t")).held(RUN)
        thread.join()


# -- several processes in one folder

_TRAINER = """
import sys
from tests import recording
print("ready", flush=True)
sys.stdin.readline()
recording.record(sys.argv[1], "flow-" + sys.argv[2])
"""


def test_eight_processes_record_into_one_folder_at_once(home: Home) -> None:
    from kprov_rdf import ingest, runs

    with contextlib.ExitStack() as stack:
        trainers = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", _TRAINER, str(home.path), str(number)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    env=child_environment(home.path),
                )
            )
            for number in range(8)
        ]
        for one in trainers:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        for one in trainers:
            assert one.stdin is not None
            one.stdin.write("\n")
            one.stdin.flush()
        assert [one.wait(60) for one in trainers] == [0] * 8
    with ingest.open_snapshot(home) as snapshot:
        found = runs.listing(snapshot, snapshot.living)
    assert {run.tag for run in found} == {f"flow-{number}" for number in range(8)}
    assert {(run.status, run.epochs) for run in found} == {("FINISHED", 3)}
