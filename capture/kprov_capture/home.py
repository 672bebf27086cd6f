"""The state folder: where journals are written, and where the store lies.

.kprov/
    .gitignore      '*': nothing in here belongs into a repository
    kprov.toml      settings
    journal/        one file per run that is not finished
    journal/done/   finished runs, compressed
    dataflows/      specifications of dataflows that were sent, by a hash of their tags
    shipped/        how much of each run a server has
    series/         values in files, a folder per run: batches.npy, system.npy
    store/          Oxigraph
    snapshots/      copies that readers have open
    removed/        journals and series of removed records, until 'kprov gc'
    hashes/         SHA-256 of files that were read, by size and times; may be deleted
    monetdb/        the embedded mirror; mirror.json says where the last one was made
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from kprov_capture.identity import DEFAULT_BASE, check_base

NAME = ".kprov"
# What may be left out of a record; and how provenance goes with a model, first the default.
REDACTABLE = ("user", "host", "paths", "argv")
TRAVEL = ("embedded", "beside", "off")
_WORDS = {"1": True, "true": True, "yes": True, "all": True} | dict.fromkeys(
    ("0", "false", "no", "none"), False
)

T = TypeVar("T")
_SETTINGS = f"""\
# Settings of kprov for this folder.

# IRIs of runs begin with this; they resolve where something answers there.
# base = "{DEFAULT_BASE}"

# What is not recorded: true for all of it, or a list of "user", "host", "paths", "argv".
# Values of environment variables that look like secrets never are.
# redact = true

# Where the provenance of a model that is saved goes: "embedded" in its .keras archive,
# in a file "beside" it, or "off". It says what was recorded: think of redact.
# travel = "embedded"
"""


_CHOOSE = "Name a folder that you may write to, with --home or $KPROV_HOME."


class HomeError(Exception):
    """The state folder is missing, or cannot be used."""


def _settings(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    text = file.read_text("utf-8")
    if text == _SETTINGS:
        return {}  # as it was created: importing tomllib costs 10 ms
    import tomllib

    return tomllib.loads(text)


def _redacted(told: object) -> frozenset[str]:
    wanted = told
    if isinstance(told, str):
        word = told.strip().lower()
        wanted = _WORDS.get(word, [one.strip() for one in word.split(",") if one.strip()])
    if isinstance(wanted, bool):
        return frozenset(REDACTABLE if wanted else ())
    if isinstance(wanted, list) and set(REDACTABLE).issuperset(map(str, wanted)):
        return frozenset(map(str, wanted))
    raise ValueError(f"redact is true, false, or some of {', '.join(REDACTABLE)}; found {told!r}")


def _travel(told: object) -> str:
    if told not in TRAVEL:
        raise ValueError(f"travel is one of {', '.join(TRAVEL)}; found {told!r}")
    return str(told)


@dataclass(frozen=True)
class Home:
    """A state folder that exists."""

    path: Path

    @property
    def journal(self) -> Path:
        return self.path / "journal"

    @property
    def done(self) -> Path:
        return self.path / "journal" / "done"

    @property
    def series(self) -> Path:
        return self.path / "series"

    @property
    def store(self) -> Path:
        return self.path / "store"

    @property
    def snapshots(self) -> Path:
        return self.path / "snapshots"

    @property
    def removed(self) -> Path:
        return self.path / "removed"

    def base(self) -> str:
        """The base of the IRIs: from ``kprov.toml``, or the default.

        Raises ``HomeError`` where the file is not TOML or the base is not usable.
        """
        return self._setting("base", DEFAULT_BASE, check_base)

    def redacted(self) -> frozenset[str]:
        """What is not recorded: of ``$KPROV_REDACT``, else of ``kprov.toml``.

        Raises ``HomeError`` where that is not understood.
        """
        return self._setting("redact", False, _redacted)

    def travel(self) -> str:
        """How provenance goes with a model: embedded, beside or off.

        Of ``$KPROV_TRAVEL``, else of ``kprov.toml``. Raises ``HomeError`` for another word.
        """
        return self._setting("travel", TRAVEL[0], _travel)

    def _setting(self, name: str, default: Any, check: Callable[[Any], T]) -> T:
        """A setting of ``$KPROV_NAME`` (except the base), else of ``kprov.toml``."""
        variable, file = f"KPROV_{name.upper()}", self.path / "kprov.toml"
        told = os.environ.get(variable, "") if name != "base" else ""
        where = f"${variable}" if told else str(file)
        try:
            return check(told or _settings(file).get(name, default))
        except (ValueError, TypeError, OSError) as error:
            raise HomeError(
                f"{where} cannot be used: {error}. Correct it and try again."
            ) from error


def find(explicit: str | os.PathLike[str] | None = None) -> Path:
    """The folder to use, whether it exists or not.

    ``explicit`` where given, else ``$KPROV_HOME``, else the nearest ``.kprov``
    upwards from the working folder (as git looks for ``.git``), else ``./.kprov``.
    """
    chosen = explicit or os.environ.get("KPROV_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / NAME).is_dir():
            return folder / NAME
    return here / NAME


def open_home(path: Path) -> Home:
    """The state folder at ``path``, which must have been created before."""
    if path.exists() and not path.is_dir():
        raise HomeError(f"{path} is a file and no kprov folder. {_CHOOSE}")
    if not (path / "journal").is_dir():
        raise HomeError(
            f"There is no kprov folder at {path}. Create one with 'kprov init', name another "
            "with --home or $KPROV_HOME, or train with the callback: the first run creates it."
        )
    return Home(path)


def _write_new(path: Path, text: str) -> None:
    """Whole or not at all: on a full disk an empty file would be taken for what it should be."""
    try:
        path.write_text(text, "utf-8")
    except OSError:
        path.unlink(missing_ok=True)
        raise


def create(path: Path) -> Home:
    """The state folder at ``path``, created where it is missing. Harmless when repeated."""
    home = Home(path)
    try:
        home.done.mkdir(parents=True, exist_ok=True)
        for name, text in ((".gitignore", "*\n"), ("kprov.toml", _SETTINGS)):
            if not (path / name).exists():
                _write_new(path / name, text)
    except OSError as error:
        raise HomeError(
            f"The kprov folder {path} cannot be created: {error.strerror}. {_CHOOSE}"
        ) from error
    return home
