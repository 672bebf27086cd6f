"""Secrets of this process: what must not be written, in any form that a text may give it.

A secret is the value of an environment variable or of an argument whose name says so. It
is masked as it is, and as JSON, ``repr`` and the percent-encoding of URLs write it.
"""

import os
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

V = TypeVar("V")

MASK = "redacted"
# Shorter values are words as any other, and would be masked everywhere.
LEAST = 6
# A line of a secret of several lines is one itself from this length on.
_LEAST_LINE = 12
_REFRESH_SECONDS = 1.0

_NAME = (
    r"(?:token(?!iz|s?[_-]?ids?(?![a-z]))|secret|passw(?:or)?d|passphrase|credential"
    r"|(?:api|private|access|ssh|auth|encryption|signing)[_-]?key)"
)
# Words that say it only at the end of a name: no passes, no keyword.
_LAST = r"(?<![a-z])(?:pass|o?auth)$"
_SECRET_NAME = re.compile(f"{_NAME}|{_LAST}", re.IGNORECASE)
# Most keys of settings are no secret (of a dictionary, of a column); of an option one may be.
_SECRET_OPTION = re.compile(f"{_NAME}|{_LAST}|(?<![a-z])key$", re.IGNORECASE)
_SECRET_NAME_IN_JSON = re.compile(rf'{_NAME}|(?<![a-z])(?:pass|o?auth)"', re.IGNORECASE)
# How many tokens there are, and those that stand for something in a text, are no secret.
_COUNTED = re.compile("token", re.IGNORECASE)
_SPECIAL = re.compile(r"(?:pad|bos|eos|unk|sep|cls|oov|mask|start|end|stop)[_-]?tokens?$", re.I)
_PLAIN_NAME = re.compile(r"[\w.+-]+").fullmatch
# --password x, --key=x, password=x, "password": "x"
_NAMED = re.compile(
    rf"((?<![\w.-])-[\w.-]*{_NAME}[\w.-]*\s+(?!-)"
    r"|(?<![\w.-])--(?:[\w.-]*[._-])?(?:pass|o?auth|key)(?:\s+(?!-)|=)"
    rf"|{_NAME}[\w.-]*[\"']?\s*[=:]\s*[\"']?)([^\s\"',;&]+)",
    re.IGNORECASE,
)
_USERINFO = re.compile(r"(?<=://)[^\s/?#\"'<>]+(?=@)")

# Known in this process, and never forgotten: a program may take away a variable that it has read.
_secrets: frozenset[str] = frozenset()
_forms: tuple[str, ...] = ()
_looked: tuple[float, int] = (-_REFRESH_SECONDS, -1)


def _escaped(text: str, depth: int = 2) -> Iterator[str]:
    """What JSON, repr and undecodable bytes make of a text, also one within another."""
    import json

    yield text
    if depth:
        for form in (
            json.dumps(text)[1:-1],
            json.dumps(text, ensure_ascii=False)[1:-1],
            repr(text)[1:-1],
            ascii(text)[1:-1],
            text.encode("utf-8", "backslashreplace").decode(),
        ):
            if form != text:
                yield from _escaped(form, depth - 1)


def _encoded(text: str) -> Iterator[str]:
    """What the percent-encodings make of a text."""
    from urllib.parse import quote, quote_plus

    data = text.encode("utf-8", "surrogatepass")
    for form in (quote(data), quote(data, ""), quote_plus(data), quote(data, "/:=&+,;@!$'()*")):
        yield form
        yield re.sub("%..", lambda code: code[0].lower(), form)


def forms(values: Iterable[str]) -> tuple[str, ...]:
    """The values in all forms, the longest first, so that none leaves a part of another."""
    found = {one for value in values for one in (*_escaped(value), *_encoded(value))}
    return tuple(sorted(found, key=lambda one: (-len(one), one)))


def _values(told: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in told:
        if _SECRET_NAME.search(name):
            yield from (one for one in (value, value.strip()) if len(one) >= LEAST)
            lines = [line.strip() for line in value.splitlines()]
            yield from (line for line in lines if len(lines) > 1 and len(line) >= _LEAST_LINE)


def _options(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names and values of a command line: ``--name value``, and ``name=value``."""
    before = ""
    for argument in arguments:
        name, joined, value = argument.partition("=")
        if joined and _PLAIN_NAME(name):
            yield name, value
        elif before.startswith("-") and not argument.startswith("-"):
            yield before, argument
        before = argument


def refresh(*, now: bool = False) -> None:
    """Look for secrets: at once, or where the last look is a second ago or variables came."""
    global _secrets, _forms, _looked
    at, count = time.monotonic(), len(os.environ)
    if not now and count == _looked[1] and at - _looked[0] < _REFRESH_SECONDS:
        return
    _looked = at, count
    # Of a copy, since another thread may set a variable.
    arguments = [str(one) for one in getattr(sys, "argv", ())]  # a script may put anything there
    found = _secrets.union(_values([*os.environ.copy().items(), *_options(arguments[1:])]))
    if found != _secrets:
        _forms = forms(found)
        _secrets = found


def known() -> tuple[str, ...]:
    """The secrets that were found, in all forms."""
    return _forms


def without_secrets(text: str) -> str:
    """The text without the secrets that are known."""
    for form in _forms:
        if form in text:
            text = text.replace(form, MASK)
    return text


def without_userinfo(text: str) -> str:
    """The text without what stands before the @ of a URL."""
    return _USERINFO.sub(MASK, text) if "@" in text else text


def clean(text: str, most: int = 100_000) -> str:
    """The text without secrets that are known, that are named in it, or that are in a URL.

    It is cut to ``most`` characters, afterwards: what a cut leaves of a secret is found no more.
    """
    text = without_secrets(text[: 10 * most])
    return without_userinfo(_NAMED.sub(rf"\1{MASK}", text))[:most]


def masked(name: str, value: V) -> V | str:
    """The value of a setting, parameter or attribute: MASK where its name says it is a secret.

    So are the values in JSON that have such a name.
    """
    if isinstance(value, str):
        return MASK if _tells(name, value) else json_without_secrets(value)
    return MASK if _tells(name, value) else value


def _tells(name: str, value: object) -> bool:
    if value is None or isinstance(value, bool) or not _SECRET_NAME.search(name):
        return False
    return (
        not _COUNTED.search(name) if isinstance(value, (int, float)) else not _SPECIAL.search(name)
    )


def json_without_secrets(text: str) -> str:
    """JSON without the values whose names say they are secrets; any other text as it is."""
    if not text.startswith(("{", "[")) or not _SECRET_NAME_IN_JSON.search(text):
        return text
    import json

    try:
        return json.dumps(_without(json.loads(text)))
    except (ValueError, RecursionError):  # text that only looks like it
        return text


def _without(value: object) -> object:
    if isinstance(value, dict):
        return {k: MASK if _leaf(v) and _tells(k, v) else _without(v) for k, v in value.items()}
    return [_without(one) for one in value] if isinstance(value, list) else value


def _is_secret(argument: str) -> bool:
    kind = _SECRET_OPTION if argument.startswith("-") else _SECRET_NAME
    return kind.search(argument) is not None


def _leaf(value: object) -> bool:
    return not isinstance(value, (dict, list))


def command_line(arguments: Sequence[str]) -> str:
    """A command line in which no value is left of an option whose name says it is a secret."""
    shown, before = [], ""
    for argument in arguments:
        name, joined, _ = argument.partition("=")
        if joined and _PLAIN_NAME(name) and _is_secret(name):
            shown.append(f"{name}={MASK}")
        elif before.startswith("-") and "=" not in before and _is_secret(before):
            shown.append(argument if argument.startswith("-") else MASK)
        else:
            shown.append(argument)
        before = argument
    return clean(" ".join(shown))
