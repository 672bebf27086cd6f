"""A real endpoint of another make."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kprov_rdf.remote import RemoteStore


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real `oxigraph serve`, whose default graph is the union as ours is."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [Path(sys.executable).with_name("oxigraph"), "serve", "--union-default-graph"]
    command += ["-l", tmp_path_factory.mktemp("remote"), "-b", address]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        for _ in range(200):
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=1),
            ):
                break
            time.sleep(0.05)
        yield f"http://{address}/query"
        server.terminate()


@pytest.fixture
def remote(endpoint: str) -> RemoteStore:
    """The endpoint as an empty store."""
    store = RemoteStore(endpoint, endpoint.replace("/query", "/update"))
    store._send("DROP ALL", update=True)
    return store
