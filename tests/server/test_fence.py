"""The wall behind the check for SERVICE: a child that answers queries makes no sockets."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kprov_rdf import child
from tests.server.conftest import Server
from tests.server.test_serve import wait_for

_ASK = """
import pyoxigraph, sys
from kprov_rdf import fence
from kprov_rdf.server import worker
worker.sparql.refuse_service = lambda text: None  # as if the check had a hole
assert fence.cut_off() is True
text = "SELECT * { SERVICE <http://127.0.0.1:%s/> { ?s ?p ?o } }" % sys.argv[1]
asked = {"query": text, "solutions": "json", "graphs": "ttl", "default_graphs": [],
         "named_graphs": [], "rows": 10, "bytes": 1000}
print(worker.answer(pyoxigraph.Store(), asked)[0]["status"])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="seccomp is Linux's")
def test_a_query_that_came_through_the_check_reaches_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.5)
        port = str(listening.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-c", _ASK, port], capture_output=True, text=True, timeout=60
        )
        assert done.stdout.strip() == "400", done.stderr
        with pytest.raises(TimeoutError):
            listening.accept()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at /proc")
def test_every_child_of_a_server_is_fenced_in(server: Server) -> None:
    assert server.query("ASK {}").status == 200
    children = subprocess.run(
        ["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True
    ).stdout.split()
    assert children
    for one in map(int, children):
        wait_for(lambda one=one: fenced_in(one) is not False)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at /proc")
@pytest.mark.parametrize(
    "module",
    ["server.worker", "validate.judge", "validate.isolated", "exchange.blanks"],
)
def test_every_program_of_a_child_fences_itself_in(module: str) -> None:
    code = child.program(f"kprov_rdf.{module}")
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as process:
        wait_for(lambda: fenced_in(process.pid))


def fenced_in(process: int) -> bool | None:
    """Whether that process is; ``None``: it has ended."""
    try:
        return "Seccomp:\t2\n" in Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
