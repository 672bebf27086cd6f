"""Capture never makes a training fail.

An error of ours is logged once and the training goes on. Under
``KPROV_STRICT=1`` (our tests) it is raised, so that the guard hides no bug.
"""

import contextlib
import functools
import logging
import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

log = logging.getLogger("kprov")

P = ParamSpec("P")
R = TypeVar("R")

_seen: set[tuple[str, str]] = set()
_from_background: list[BaseException] = []


def strict() -> bool:
    return os.environ.get("KPROV_STRICT") == "1"


def text_of(value: object) -> str:
    """``str(value)``; where that fails, what it is."""
    try:
        return str(value)
    except Exception as error:
        return f"a {type(value).__qualname__} whose text cannot be had ({type(error).__name__})"


def report(error: BaseException, what: str) -> None:
    """Log ``error`` unless one of its kind was logged for ``what`` before."""
    kind = (what, type(error).__name__)
    if kind in _seen:
        return
    _seen.add(kind)
    told = text_of(error).rstrip(".")
    # A handler or filter of the user's may raise.
    with contextlib.suppress(Exception):
        log.warning(
            "kprov could not %s: %s: %s. The training goes on. Further errors of this kind are "
            "not shown; set KPROV_STRICT=1 to have them raised.",
            what,
            type(error).__name__,
            told,
        )
        log.debug("where it came from", exc_info=error)


def warn(text: str, *values: object) -> None:
    """Log a warning; a handler of the user's that raises is not ours to suffer from."""
    with contextlib.suppress(Exception):
        log.warning(text, *values)


def report_from_background(error: BaseException, what: str) -> None:
    """Like :func:`report`, and kept for :func:`raise_pending` under ``KPROV_STRICT=1``."""
    report(error, what)
    if strict():
        _from_background.append(error)


def raise_pending() -> None:
    """Raise the first error of the background threads, where one was kept."""
    if _from_background:
        error = _from_background[0]
        _from_background.clear()
        raise error


def guarded(what: str) -> Callable[[Callable[P, R]], Callable[P, R | None]]:
    """Decorate a function that runs inside a training: it returns None where it fails."""

    def decorate(function: Callable[P, R]) -> Callable[P, R | None]:
        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R | None:
            if _from_background:
                raise_pending()
            try:
                return function(*args, **kwargs)
            except Exception as error:
                if strict():
                    raise
                report(error, what)
                return None

        return call

    return decorate
