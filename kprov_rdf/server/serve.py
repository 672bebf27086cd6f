"""Runs the server: takes the store, binds the port, and ends cleanly."""

import ipaddress
import secrets
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from types import FrameType
from urllib.parse import urlsplit

from flask import Flask
from waitress.server import create_server

from kprov_capture.delivery import MAX_BODY as MAX_JOURNAL
from kprov_capture.home import Home, create
from kprov_rdf import ingest, owner
from kprov_rdf.errors import InputError, StoreLockedError
from kprov_rdf.owner import Address
from kprov_rdf.server.app import MAX_BODY, create_app
from kprov_rdf.server.keeper import Keeper
from kprov_rdf.server.pool import Limits, Pool
from kprov_rdf.server.state import THREADS, State
from kprov_rdf.server.validation import Validation
from kprov_rdf.store import LocalStore

_ANY = ("0.0.0.0", "::", "")  # noqa: S104
_LOOPBACK = {"localhost", "127.0.0.1", "::1", "[::1]"}


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve(
    home: Home,
    host: str,
    port: int,
    token: str | None,
    limits: Limits,
    started: Callable[[str], None],
) -> None:
    """Serve until the process is told to end (SIGINT, SIGTERM).

    The folder is created where it is missing. ``port`` 0 takes a free one. ``started`` is
    told the address. Raises ``InputError`` where the port is taken, ``StoreLockedError``
    where another process keeps the store.
    """
    running = owner.server(home)
    if running:
        raise StoreLockedError(
            f"A server of this folder answers already, at {running.url} End that one first, or "
            "serve another folder with --home."
        )
    keeper, pool = Keeper(home), Pool(limits)
    takes = bool(token)
    token = token or secrets.token_urlsafe(24)
    names = {*_LOOPBACK, host, str(urlsplit(keeper.base).hostname)}
    app = create_app(keeper, pool, token, names if is_loopback(host) else None, takes=takes)
    with closing(_listen(host, port)) as listening:
        create(home.path)
        bound = listening.getsockname()[1]
        address = Address(f"http://{_reached(host)}:{bound}/", token)
        with ingest.opened(home, address) as store:
            shown = "localhost" if is_loopback(host) or host in _ANY else host
            _run(app, listening, keeper, store, lambda: started(f"http://{shown}:{bound}/"))
        keeper.close()
        pool.close()


def _run(
    app: Flask,
    listening: socket.socket,
    keeper: Keeper,
    store: LocalStore,
    started: Callable[[], None],
) -> None:
    """Follow the journals and answer, until a signal says that it is enough."""
    state: State = app.extensions["kprov"]
    server = create_server(
        app,
        sockets=[listening],
        threads=THREADS,
        ident="kprov",
        channel_timeout=30,  # longer than a stream is silent
        connection_limit=400,
        asyncore_use_poll=True,  # select() takes no descriptor beyond 1,024
        # More than the application takes, so that it can say so before the line is cut.
        max_request_body_size=MAX_JOURNAL + MAX_BODY if state.takes else 8 * MAX_BODY,
        max_request_header_size=64 * 1024,
        # Without it waitress does not see that a client went while it is being answered.
        channel_request_lookahead=1,
    )

    def end(*_: int | FrameType | None) -> None:
        keeper.stop()  # so that streams end, which waitress waits for
        raise KeyboardInterrupt

    relay = app.extensions["kprov-relay"]
    relay.start()
    follower = threading.Thread(target=keeper.follow, args=(store,), name="follower")
    follower.start()
    validation = Validation(keeper)
    validation.start()
    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        started()
        server.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        relay.close()
        keeper.stop()
        validation.close()
        follower.join()
        server.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"Port {port} of {host} cannot be used: {why}. Name another with --port, or another "
            "address of this machine with --host."
        ) from error


def _reached(host: str) -> str:
    """The address at which a command on this machine reaches a server that listens there."""
    if host in _ANY:
        return "[::1]" if host == "::" else "127.0.0.1"
    return f"[{host}]" if ":" in host else host
