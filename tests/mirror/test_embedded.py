"""The embedded MonetDB: its installation, its process, and who may ask it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from kprov_capture.home import Home
from kprov_rdf.errors import MirrorError, UnsupportedError
from kprov_rdf.mirror import ask, embedded, load
from tests.conftest import child_environment


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def gone(pid: int) -> bool:
    """Waits for a process to end; a minute at most."""
    deadline = time.monotonic() + 60
    while running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not running(pid)


def test_it_listens_on_loopback_and_ends_with_its_block(libraries: None, home: Home) -> None:
    with pytest.raises(ZeroDivisionError), embedded.serving(home) as server:
        port = int(re.findall(r":(\d+)/", server.url)[0])
        listening = [
            fields[1].partition(":")[0]
            for name in ("tcp", "tcp6")
            for fields in map(str.split, Path(f"/proc/net/{name}").read_text().splitlines()[1:])
            if fields[1].endswith(f":{port:04X}") and fields[3] == "0A"
        ]
        assert set(listening) == {"0100007F", "0" * 24 + "01000000"}  # 127.0.0.1 and ::1
        _ = 1 / 0
    assert not running(server.pid)
    root = home.path / "monetdb"
    assert (root / "password").stat().st_mode & 0o777 == 0o600
    assert root.stat().st_mode & 0o777 == 0o700


CHOOSES = """
import sys
from pathlib import Path
sys.path.insert(0, {folder!r})
import monetd
tries = Path({tries!r})
if sys.argv[3] == "serve":
    with tries.open("a") as file:
        file.write("x")
    if tries.stat().st_size <= {bad}:
        monetd._free_port = lambda: {port}
monetd.main()
"""


@pytest.mark.parametrize("host", ["127.0.0.1", *["::"] * socket.has_dualstack_ipv6()])
@pytest.mark.parametrize("bad", [2, 99])
def test_a_port_that_another_process_has_is_not_taken_for_its_own(
    libraries: None, home: Home, tmp_path: Path, monkeypatch, host: str, bad: int
) -> None:
    """MonetDB then listens on ::1 alone: the password would go to the other process."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    program = tmp_path / "chooses.py"
    with socket.create_server((host, 0), family=family, dualstack_ipv6=":" in host) as other:
        port = other.getsockname()[1]
        program.write_text(
            CHOOSES.format(
                folder=str(embedded._PROGRAM.parent),
                tries=str(tmp_path / "tries"),
                bad=bad,
                port=port,
            )
        )
        monkeypatch.setattr(embedded, "_PROGRAM", program)
        if bad == 2:
            with embedded.serving(home) as server:
                assert f":{port}/" not in server.url
                assert ask.ask(server.url, "SELECT 1").rows == [(1,)]
        else:
            with pytest.raises(MirrorError, match="no port"), embedded.serving(home):
                pass
            monkeypatch.undo()
            with embedded.serving(home) as server:
                assert ask.ask(server.url, "SELECT 1").rows == [(1,)]
        other.settimeout(0.1)
        with pytest.raises(TimeoutError):
            other.accept()


def test_a_folder_in_use_names_its_owner(libraries: None, home: Home, monkeypatch) -> None:
    monkeypatch.setattr(embedded, "LOCK_SECONDS", 0.1)
    with (
        embedded.serving(home),
        pytest.raises(MirrorError, match=rf"in use by process {os.getpid()} \("),
        embedded.serving(home),
    ):
        pass


def test_when_its_parent_is_killed_it_ends_and_half_a_transaction_is_nothing(
    libraries: None, home: Home
) -> None:
    script = """
import sys, time
from kprov_capture.home import Home
from kprov_rdf.mirror import ask, embedded, load
from pathlib import Path
with embedded.serving(Home(Path(sys.argv[1]))) as server:
    target = load._Target(connection := load.connect(server.url))
    target.run("CREATE TABLE sys.t (n INTEGER)")
    target.run("INSERT INTO sys.t VALUES (1)")
    connection.commit()
    target.run("INSERT INTO sys.t VALUES (2)")
    print(server.pid, flush=True)
    time.sleep(600)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(home.path)],
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment(home.path),
    ) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        parent.kill()
    assert gone(child)
    with embedded.serving(home) as server, closing(load.connect(server.url)) as connection:
        assert load._Target(connection).ask("SELECT n FROM sys.t") == [(1,)]


def test_a_child_that_ends_by_itself_is_told_of(libraries: None, home: Home) -> None:
    with embedded.serving(home) as server:
        os.kill(server.pid, signal.SIGTERM)
        with pytest.raises(MirrorError, match="ended by itself, with status 0"):
            server.wait()


def test_damaged_files_are_told_of(libraries: None, home: Home) -> None:
    (home.path / "monetdb").mkdir()
    (home.path / "monetdb" / "password").write_text("x")
    (home.path / "monetdb" / "kprov").write_text("a file where a folder should be")
    with (
        pytest.raises(MirrorError, match=r"does not start: .*mv .*monetdb"),
        embedded.serving(home),
    ):
        pass


# -- installing: nothing, or all of it


def refused(cache: Path, *said: str) -> None:
    with pytest.raises(MirrorError) as caught:
        embedded.install()
    for one in said:
        assert one in str(caught.value)
    assert list((cache / "kprov").iterdir()) == []
    assert not embedded.installed()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_another_file_than_the_known_one_is_refused(libraries: None, cache, monkeypatch) -> None:
    monkeypatch.setattr(embedded, "_SHA256", "0" * 64)
    refused(cache, "not the file that kprov knows", "pip config list")


def test_without_a_network(cache, monkeypatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    refused(cache, "pip found no such file", "online")


def test_without_pip(cache, tmp_path: Path, monkeypatch) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    refused(cache, "has no pip", "-m ensurepip")


def test_on_another_system(cache, monkeypatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(UnsupportedError, match=r"Linux on riscv64.*kprov mirror monetdb://"):
        embedded.install()
