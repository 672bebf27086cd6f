"""The Flask application: its routes, its errors, and the headers of every answer."""

import json
import re
from collections.abc import Collection
from http import HTTPStatus

from flask import Flask, Response, abort, request
from werkzeug.exceptions import HTTPException, InternalServerError

from kprov_rdf.errors import (
    BusyError,
    JournalDamagedError,
    KprovError,
    LimitError,
    StorageError,
)
from kprov_rdf.linked.html import STATIC, message_page
from kprov_rdf.linked.view import Linker
from kprov_rdf.server import intake, interface, live, pages, pde, service, sparql
from kprov_rdf.server.keeper import Keeper
from kprov_rdf.server.pool import Pool
from kprov_rdf.server.received import Received
from kprov_rdf.server.relay import Relay
from kprov_rdf.server.state import State

MAX_BODY = 1024 * 1024
_PORT = re.compile(r":\d*\Z")
_STATUS = {LimitError: 503, BusyError: 503, StorageError: 507, JournalDamagedError: 409}
_HEADERS = {
    # Nothing of elsewhere is loaded, no script stands in a page, and no page frames ours.
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_app(
    keeper: Keeper,
    pool: Pool,
    token: str,
    hosts: Collection[str] | None = None,
    *,
    takes: bool = False,
) -> Flask:
    """The application over a store that ``keeper`` keeps.

    ``token`` is what a request must show (``Authorization: Bearer …``) to take a snapshot,
    and where the server ``takes`` something, to send a journal.
    ``hosts`` are the names by which the server may be called; None: any. A server on
    loopback needs them: else any web site could have its visitors' browsers read it, under
    a name of its own that it points at 127.0.0.1.
    """
    app = Flask(__name__, static_folder=str(STATIC), static_url_path="/static")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    state = State(keeper, pool, token, takes)
    app.extensions["kprov"] = state
    app.extensions["kprov-relay"] = Relay(keeper.home)
    app.extensions["kprov-received"] = Received(keeper.home)

    @app.before_request
    def check() -> None:
        name = _PORT.sub("", request.host).rstrip(".").lower()
        if hosts is not None and name not in hosts:
            abort(
                HTTPStatus.MISDIRECTED_REQUEST,
                f"This server is not called {name!r}. To answer by that name, set base in "
                "kprov.toml to an address with it, or start it with --host.",
            )
        foreign = request.headers.get("Sec-Fetch-Site") == "cross-site"
        if foreign and request.headers.get("Sec-Fetch-Mode") != "navigate":
            # A page of elsewhere could not read the answer, but make this server work.
            abort(HTTPStatus.FORBIDDEN, "Pages of other sites may link here, and ask nothing.")
        waits = ("/health", "/static", "/snapshot", "/pde", "//pde")
        if not keeper.loaded and not request.path.startswith(waits):
            raise BusyError("The journals are being loaded. Try again in a moment.")

    for one in (service, intake, pages, sparql, interface, live, pde):
        app.register_blueprint(one.blueprint)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(KprovError, _kprov_error)
    app.after_request(_secured)
    return app


def _secured(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _kprov_error(error: KprovError) -> Response:
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 400)
    response = _answer(status, str(error))
    if isinstance(error, BusyError):
        response.headers["Retry-After"] = "5"
    return response


def _http_error(error: HTTPException) -> Response:
    text = error.description or ""
    if isinstance(error, InternalServerError):
        text = "This is a bug of kprov; its log has the details."
    response = _answer(error.code or 500, text)
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _answer(status: int, text: str) -> Response:
    """An error in the form that the client reads: a page, JSON, or a line of text."""
    phrase, accept = HTTPStatus(status).phrase, request.accept_mimetypes
    chosen = accept.best_match(["text/plain", "text/html", "application/problem+json"])
    if chosen == "text/html":
        page = message_page(f"{status} {phrase}", text, Linker(request.path.lstrip("/"), ""))
        return Response(page, status, mimetype="text/html")
    # Who asks for JSON of any kind reads JSON, whether it names that of errors or not.
    if "json" in str(accept):
        told = {"title": phrase, "status": status, "detail": text}
        return Response(json.dumps(told), status, mimetype="application/problem+json")
    return Response(f"{text}\n", status, mimetype="text/plain")
