"""What a record leaves out: secrets always; user, host, paths and argv where that is wanted.

Applied to the statements of a batch, just before they are written, so that it holds for
whatever made them.
"""

import functools
import os
import re
from collections.abc import Callable, Iterable

from kprov_capture import privacy
from kprov_capture.nquads import escaped
from kprov_capture.privacy import MASK

# Between the path of an archive and the name of a member of it, as in URLs of Java's archives.
IN_ARCHIVE = "!/"

# A line that says a string: subject and predicate, the predicate's local name, the string, graph.
_LINE = re.compile(
    r'^(<[^>]*> <[^>]*[#/]([^#/>]+)> )"((?:[^"\\\n]|\\.)*)"( <[^>]*> \.)$', re.MULTILINE
)
# Digests and words of ours; a short secret may stand in one by chance.
_OURS = frozenset({"sha256", "status"})
_OUR_TEXTS = frozenset({"trainingmodel", "adaptation", "testingmodel"})
# Texts in which values stand beside their names.
_TOLD = frozenset({"error", "commandLine"})

_ESCAPE = re.compile(r"\\(?:u([0-9A-F]{4})|(.))")
_PLAIN = {"n": "\n", "r": "\r", "t": "\t"}
_ARGUMENT = re.compile(r"[^\s=:,;\"']+")
_SLASH = r"(?:[\\/]+|%2[Ff]|%5[Cc])"
_PART = r"(?:[^\s\\/\"'<>|:,;%]|%(?!2[Ff]|5[Cc]))+"


def _not_after(characters: str) -> str:
    """Where a word or path begins: after none of these, or after a code in a URL."""
    return rf"(?:(?<![{characters}])|(?<=%[0-9A-Fa-f]{{2}}))"


# The folders of a path that does not begin with a name; in quotes they may have blanks.
_ABSOLUTE = re.compile(
    r"(?<=[\"'])/[^\"'<>|\n]*/|"
    + _not_after(r"\w.:/%~-")
    + rf"(?:file://)?(?:[A-Za-z]:|~|\.{{1,2}})?{_SLASH}(?=[^\s\\/])(?:{_PART}{_SLASH})*"
)


def without_folders(text: str) -> str:
    """The text with the folders left out of each path that does not begin with a name."""
    return _ABSOLUTE.sub("", text)


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda e: chr(int(e[1], 16)) if e[1] else _PLAIN.get(e[2], e[2]), text)


def file_name(path: str) -> str:
    """The path without its folders; of a member of an archive also its place in that."""
    archive, inside, member = path.partition(IN_ARCHIVE)
    return re.split(r"[\\/]", archive)[-1] + inside + member


def word(text: str) -> re.Pattern[str]:
    """Where a text stands as a word, and not within one."""
    return re.compile(_not_after("A-Za-z0-9") + rf"{re.escape(text)}(?![A-Za-z0-9])")


def _folder(text: str) -> re.Pattern[str]:
    return re.compile(_not_after(r"\w.~-") + rf"{re.escape(text)}(?![\w.~-])")


@functools.lru_cache(maxsize=1)
def _as_written(forms: tuple[str, ...]) -> tuple[str, ...]:
    return tuple({escaped(form) for form in forms})


def _home() -> list[str]:
    return [one for one in (os.path.expanduser("~"),) if len(one) > 1]


def _working_folder() -> list[str]:
    try:
        return [one for one in (os.getcwd(),) if len(one) > 1]
    except OSError:  # it is gone
        return []


def _login() -> list[str]:
    import getpass

    try:
        return [getpass.getuser()]
    except (OSError, KeyError, ImportError):
        return []


def _host() -> list[str]:
    import socket

    whole = socket.gethostname()
    return [whole, whole.partition(".")[0]]


class Redaction:
    """What is left out of one record. ``parts`` are of ``home.REDACTABLE``; secrets always are."""

    def __init__(self, parts: Iterable[str] = ()) -> None:
        self.parts = frozenset(parts)
        self._replaced = [
            *((_folder(one), "~") for one in self._of("paths", _home)),
            *((_folder(one), ".") for one in self._of("paths", _working_folder)),
            *((word(one), MASK) for one in self._of("user", _login)),
            *((word(one), MASK) for one in self._of("host", _host)),
        ]
        privacy.refresh(now=True)

    def _of(self, part: str, find: Callable[[], Iterable[str]]) -> tuple[str, ...]:
        return privacy.forms(filter(None, find())) if part in self.parts else ()

    def __call__(self, text: str) -> str:
        """The lines of N-Quads, in which the strings lack what is to be left out."""
        privacy.refresh()
        return _LINE.sub(self._line, text) if self._may_concern(text) else text

    def _may_concern(self, text: str) -> bool:
        """False where nothing can be there to leave out, which is soon told."""
        return (
            bool(self.parts)
            or "@" in text
            or "#error> " in text
            or any(form in text for form in _as_written(privacy.known()))
        )

    def _line(self, line: re.Match[str]) -> str:
        predicate = line[2]
        if predicate in _OURS or line[3] in _OUR_TEXTS:
            return line[0]
        return f'{line[1]}"{escaped(self._string(predicate, _unescaped(line[3])))}"{line[4]}'

    def _string(self, predicate: str, text: str) -> str:
        text = privacy.without_userinfo(privacy.without_secrets(text))
        if predicate in _TOLD:
            text = privacy.clean(text)
        if predicate == "commandLine" and "argv" in self.parts:
            return MASK
        if "paths" in self.parts:
            if predicate == "path":
                return file_name(text)
            if predicate == "commandLine":
                text = _ARGUMENT.sub(lambda one: file_name(one[0]), text)
        for pattern, instead in self._replaced:
            text = pattern.sub(instead, text)
        return without_folders(text) if "paths" in self.parts else text
