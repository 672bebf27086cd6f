"""The server that journals are sent to: where it is, and the token that it wants."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from kprov_capture import secret


class DeliveryError(Exception):
    """Something was not sent; the message says why."""


class LaterError(DeliveryError):
    """The server does not answer, or not now."""


class SettingsError(DeliveryError):
    """The address or the token is not right."""


class RejectedError(DeliveryError):
    """The server does not take this journal."""


@dataclass(frozen=True)
class Target:
    """A server that takes journals; the token is in no text of it."""

    url: str
    token: str = field(repr=False)


def find(home: Path, url: str | None = None, token_file: str | None = None) -> Target | None:
    """The server to send to; None where none is set.

    ``url`` and ``token_file`` where given, else ``$KPROV_SERVER`` (empty: none) with
    ``$KPROV_TOKEN`` or ``$KPROV_TOKEN_FILE``, else ``[server]`` of ``kprov.toml``. A
    token is only sent to the address that stands beside it. Raises ``SettingsError``.
    """
    try:
        if url is None and "KPROV_SERVER" not in os.environ:
            return _from_file(home, token_file)
        url = _address(os.environ["KPROV_SERVER"] if url is None else url)
        if not url:
            return None
        if token := _token(token_file):
            return Target(url, token)
        beside = _from_file(home, None) if _addressed(home) == url else None
        return beside or _no_token(url)
    except ValueError as error:
        raise SettingsError(f"{error}.") from error


def _token(given: str | None) -> str | None:
    if given:
        return secret.read(given)
    if token := os.environ.get("KPROV_TOKEN"):
        return secret.check(token, "$KPROV_TOKEN")
    named = os.environ.get("KPROV_TOKEN_FILE")
    return secret.read(os.path.expanduser(named)) if named else None


def _no_token(url: str) -> NoReturn:
    raise ValueError(
        f"there is no token for {url}: set KPROV_TOKEN or KPROV_TOKEN_FILE to that of 'kprov serve "
        "--token-file FILE'"
    )


def _section(home: Path) -> dict[str, Any]:
    try:
        text = (home / "kprov.toml").read_text("utf-8")
    except (OSError, ValueError):
        return {}
    if "server" not in text:
        return {}
    import tomllib  # costs 10 ms

    found = tomllib.loads(text).get("server", {})
    return found if isinstance(found, dict) else {}


def _addressed(home: Path) -> str | None:
    url = _section(home).get("url")
    return _address(url) if isinstance(url, str) else None


def _from_file(home: Path, token_file: str | None) -> Target | None:
    url = _addressed(home)
    if not url:
        return None
    named = _section(home).get("token-file")
    if token_file is None and isinstance(named, str):
        token_file = str(home / os.path.expanduser(named))
    if token_file is None:
        raise ValueError(f'{home / "kprov.toml"} has a server and no token-file = "…" beside it')
    return Target(url, secret.read(token_file))


def _address(url: str) -> str:
    """The address, ending in a slash; "" where it is empty."""
    if not url:
        return ""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    plain = parts.username is None and parts.password is None and not (parts.query + parts.fragment)
    plain = plain and url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise ValueError(
            "the address of the server must be like http://host:8642/ or https://host/kprov/, "
            "with no user, '?' or '#' in it"
        )
    _ = parts.port  # raises ValueError where it is none
    return url if url.endswith("/") else f"{url}/"
