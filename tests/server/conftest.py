"""A server as a user starts it, on a free port."""

import contextlib
import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from kprov_capture.home import Home
from tests.conftest import child_environment


@dataclass
class Reply:
    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self):  # type: ignore[no-untyped-def]
        return json.loads(self.body)


@dataclass
class Server:
    """A running ``kprov serve``."""

    url: str
    process: "subprocess.Popen[str]"
    home: Path
    first_lines: list[str] = field(default_factory=list)

    def ask(
        self,
        path: str,
        accept: str | None = None,
        method: str = "GET",
        body: bytes | None = None,
        **headers: str,
    ) -> Reply:
        """One request, with no header that is not given."""
        place = urlsplit(self.url)
        with contextlib.closing(
            http.client.HTTPConnection(str(place.hostname), place.port or 80, timeout=30)
        ) as connection:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            named = "Host" in given
            connection.putrequest(method, path, skip_host=named, skip_accept_encoding=True)
            if accept is not None:
                given["Accept"] = accept
            if body is not None:
                given.setdefault("Content-Length", str(len(body)))
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())

    def query(self, text: str, accept: str | None = None, **more: str) -> Reply:
        return self.ask(f"/sparql?{urlencode({'query': text, **more})}", accept)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


class Events:
    """One open stream, read event by event."""

    def __init__(self, server: Server, path: str, last: int | None = None) -> None:
        place = urlsplit(server.url)
        self.connection = http.client.HTTPConnection(
            str(place.hostname), place.port or 80, timeout=30
        )
        headers = {"Accept": "text/event-stream"}
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        self.connection.request("GET", path, headers=headers)
        self.response = self.connection.getresponse()

    def __iter__(self) -> Iterator[tuple[str, object, str | None]]:
        fields: dict[str, str] = {}
        for raw in self.response:
            line = raw.decode().rstrip("\n")
            name, _, value = line.partition(": ")
            if line:
                fields[name] = value
            elif "data" in fields:
                yield fields["event"], json.loads(fields["data"]), fields.get("id")
                fields = {}

    def close(self) -> None:
        self.response.close()
        self.connection.close()


def start(home: Path, *arguments: str, **environment: str) -> Server:
    process = subprocess.Popen(
        [sys.executable, "-m", "kprov_rdf", "serve", "--port", "0", *arguments],
        env=child_environment(home, PYTHONUNBUFFERED="1", **environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "serving" in line, line + process.stdout.read()
    url = next(word for word in line.split() if word.startswith("http"))
    server = Server(url, process, home, [line])
    for _ in range(600):
        if server.ask("/health").status == 200:
            return server
        time.sleep(0.05)
    raise AssertionError("the server was not ready after 30 s")


def end(server: Server) -> None:
    if server.process.poll() is None:
        server.stop()
    assert server.process.stdout is not None
    server.process.stdout.close()


@pytest.fixture
def serve(home: Home) -> Iterator[object]:
    """A function that starts a server of ``home``; it is stopped at the end."""
    started: list[Server] = []

    def begin(*arguments: str, **environment: str) -> Server:
        started.append(start(home.path, *arguments, **environment))
        return started[-1]

    yield begin
    for one in started:
        end(one)


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from kprov_capture.home import create
    from tests import recording

    home = create(tmp_path_factory.mktemp("served") / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(home.path.parent / "config"))
        recording.record(home.path)
        recording.record(home.path, 'a <b>"tag"</b> & more', "SGD", (0.5, 0.4), 0.01)
    return home.path


@pytest.fixture(scope="module")
def server(shared_home: Path) -> Iterator[Server]:
    """One server with two runs, for the tests that only read."""
    found = start(shared_home)
    yield found
    end(found)
