"""The state folder: where journals are written, and where the store lies.

.kprov/
    .gitignore      '*': nothing in here belongs into a repository
    kprov.toml      settings
    journal/        one file per run that is not finished
    journal/done/   finished runs, compressed
    store/          Oxigraph
    snapshots/      copies that readers have open
    monetdb/        the embedded mirror; mirror.json says where the last one was made
"""

import os
from dataclasses import dataclass
from pathlib import Path

from kprov_capture.identity import DEFAULT_BASE, check_base

NAME = ".kprov"
_SETTINGS = f"""\
# Settings of kprov for this folder.

# IRIs of runs begin with this; they resolve where something answers there.
# base = "{DEFAULT_BASE}"
"""


_CHOOSE = "Name a folder that you may write to, with --home or $KPROV_HOME."


class HomeError(Exception):
    """The state folder is missing, or cannot be used."""


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
    def store(self) -> Path:
        return self.path / "store"

    @property
    def snapshots(self) -> Path:
        return self.path / "snapshots"

    def base(self) -> str:
        """The base of the IRIs: from ``kprov.toml``, or the default.

        Raises ``HomeError`` where the file is not TOML or the base is not usable.
        """
        settings = self.path / "kprov.toml"
        if not settings.exists():
            return DEFAULT_BASE
        import tomllib  # costs 10 ms, and only this needs it

        try:
            return check_base(tomllib.loads(settings.read_text("utf-8")).get("base", DEFAULT_BASE))
        except (ValueError, TypeError, OSError) as error:
            raise HomeError(
                f"{settings} cannot be used: {error}. Correct it and try again."
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
