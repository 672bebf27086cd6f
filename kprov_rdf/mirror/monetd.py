"""The child that is a MonetDB: opens a database folder, and answers MAPI on loopback.

    python -I monetd.py LIBRARIES FARM create    makes it, sets the password, prints ``created``
    python -I monetd.py LIBRARIES FARM serve     prints ``ready PORT`` when it can be asked,
                                                 or ``taken`` and ends: it may be tried again

The password comes on standard input, as one line. Standard library only: it runs by its
path, without kprov. It ends as soon as standard input does, so that it outlives its parent
by no more than the two seconds that MonetDB takes to close; SIGTERM ends it as well.

The libraries are those of the package monetdbe 0.11: MonetDB 11.41 (Jul2021) in a process,
with a server in it (``monetdbe_options.mapi_server``). It listens on 127.0.0.1 and ::1,
nowhere else. Of a port that another process has on 127.0.0.1 it takes that on ::1 alone, without
a word; told to choose, it takes whatever is free on ::1.
"""

import contextlib
import ctypes
import hashlib
import os
import signal
import socket
import sys
from pathlib import Path

# There is no search path among them: each after those that it needs.
_LIBRARIES = ("stream", "pcre", "mapi", "bat", "monetdb5", "monetdbsql", "monetdbe")


class _Server(ctypes.Structure):
    """Of monetdbe.h: where the server listens."""

    _fields_ = (("port", ctypes.c_char_p), ("usock", ctypes.c_char_p))


class _Options(ctypes.Structure):
    """``monetdbe_options`` of monetdbe.h."""

    _fields_ = (
        ("memorylimit", ctypes.c_int),
        ("querytimeout", ctypes.c_int),
        ("sessiontimeout", ctypes.c_int),
        ("nr_threads", ctypes.c_int),
        ("remote", ctypes.c_void_p),
        ("mapi_server", ctypes.POINTER(_Server)),
        ("trace_file", ctypes.c_char_p),
    )


def _load(folder: Path) -> ctypes.CDLL:
    """``libmonetdbe``, after all that it needs. Raises ``OSError`` where one cannot be loaded."""
    for name in _LIBRARIES:
        found = next(folder.glob(f"lib{name}-*.so*"), folder / f"lib{name}.so")
        library = ctypes.CDLL(str(found), mode=ctypes.RTLD_GLOBAL)
    library.monetdbe_open.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    library.monetdbe_close.argtypes = (ctypes.c_void_p,)
    library.monetdbe_error.argtypes = (ctypes.c_void_p,)
    library.monetdbe_error.restype = ctypes.c_char_p
    library.monetdbe_query.argtypes = (ctypes.c_void_p, ctypes.c_char_p, *[ctypes.c_void_p] * 2)
    library.monetdbe_query.restype = ctypes.c_char_p
    return library


class _Database:
    """An open database, with a server on ``port`` or without one. Raises ``RuntimeError``."""

    def __init__(self, library: ctypes.CDLL, farm: str, port: int | None) -> None:
        self._library = library
        self._handle = ctypes.c_void_p()
        server = _Server(str(port).encode(), None)
        options = _Options(mapi_server=ctypes.pointer(server) if port else None)
        code = library.monetdbe_open(
            ctypes.byref(self._handle), os.fsencode(farm), ctypes.byref(options)
        )
        if code:
            told = library.monetdbe_error(self._handle) if self._handle else None
            raise RuntimeError((told or b"it gives no reason").decode("utf-8", "replace").strip())

    def run(self, sql: str) -> None:
        """Run one statement. Raises ``RuntimeError`` with what MonetDB says against it."""
        error = self._library.monetdbe_query(
            self._handle, sql.encode(), None, ctypes.byref(ctypes.c_int64())
        )
        if error:
            raise RuntimeError(error.decode("utf-8", "replace").strip())

    def close(self) -> None:
        self._library.monetdbe_close(self._handle)


def _free_port() -> int:
    """A port that nobody has on 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    """Whether it is this process that listens on 127.0.0.1, port ``port``; from proc(5)."""
    sockets = set()
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the folder that is being listed is gone by now
            kind, _, inode = os.readlink(f"/proc/self/fd/{name}").partition(":")
            if kind == "socket":
                sockets.add(inode.strip("[]"))
    for line in Path("/proc/self/net/tcp").read_text("ascii").splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and fields[9] in sockets:  # 0A: listening
            return int(fields[1].rpartition(":")[2], 16) == port
    return False


def _stop(*_: object) -> None:
    raise SystemExit


def main() -> None:
    libraries, farm, task = sys.argv[1:4]
    # A Ctrl-C in the terminal reaches this process too; the parent says when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    password = sys.stdin.readline().rstrip("\n")
    port = _free_port() if task == "serve" else None
    try:
        database = _Database(_load(Path(libraries)), farm, port)
        if task == "create":
            # A new user of an embedded MonetDB has no password but a word that reads as "0"
            # once deciphered: anybody could log in, so it is set before a server ever runs.
            digest = hashlib.sha512(password.encode()).hexdigest()
            database.run(f"ALTER USER SET ENCRYPTED PASSWORD '{digest}' USING OLD PASSWORD '0'")
            database.close()
            print("created", flush=True)
            return
    except (OSError, RuntimeError) as error:
        if "Address already in use" not in str(error):
            sys.exit(f"MonetDB did not start: {error}")
        print("taken", flush=True)
        return
    if port and not _listens(port):
        print("taken", flush=True)
        database.close()
        return
    try:
        # Before it is told that it runs: who hears that may end it at once.
        signal.signal(signal.SIGTERM, _stop)
        print("ready", port, flush=True)
        while sys.stdin.read(1):
            pass
    finally:
        database.close()


if __name__ == "__main__":
    main()
