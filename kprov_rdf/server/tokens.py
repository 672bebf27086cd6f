"""Who may send something to the server: whoever shows its token (RFC 6750)."""

import hmac
from http import HTTPStatus

from flask import Request, abort, current_app, request
from werkzeug.datastructures import WWWAuthenticate

from kprov_rdf.server.state import State


def authorised(asking: Request) -> bool:
    """Whether the request shows the token of this server: ``Authorization: Bearer …``."""
    state: State = current_app.extensions["kprov"]
    shown = asking.headers.get("Authorization", "")
    return hmac.compare_digest(shown.encode(), f"Bearer {state.token}".encode())


def require() -> None:
    """Refuse the present request unless this server takes something, and from its sender."""
    state: State = current_app.extensions["kprov"]
    if not state.takes:
        abort(
            HTTPStatus.FORBIDDEN,
            "This server takes nothing. Start it with 'kprov serve --token-file FILE', or with "
            "KPROV_TOKEN set, and show that token.",
        )
    if not authorised(request):
        abort(
            HTTPStatus.UNAUTHORIZED,
            "The token of this server was wanted, and another or none was shown. Set KPROV_TOKEN "
            "or KPROV_TOKEN_FILE to that of the server's --token-file.",
            www_authenticate=WWWAuthenticate("bearer"),
        )
