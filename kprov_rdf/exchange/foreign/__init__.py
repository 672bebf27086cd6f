"""The formats of other tools that are neither PROV nor RDF: each has a module here.

A module has ``FORMAT``, ``claims(source)``, whether a document is in it, told without reading
much, and ``read(source, says)``, which says all that it holds as statements of PROV-O. Both take
a ``Source``; ``says`` is a ``Statements``. A module of a tool that leaves PROV-JSON has
``documents(source)`` too: these, by the names of their files.
"""

import importlib
import re
from typing import Protocol, cast

from kprov_rdf.errors import KprovError
from kprov_rdf.exchange.sniff import Format
from kprov_rdf.exchange.sources import Source
from kprov_rdf.exchange.statements import Statements

# In the order in which they are asked whether a document is theirs.
MODULES = (
    "mlflow",
    "wandb",
    "yprov4ml",
    "tensorboard",
    "rocrate",
    "croissant",
    "openlineage",
    "flowcept",
    "kerasprov",
    "dfanalyzer",
    "csvlogger",
)

_PROV_JSON = re.compile(
    rb'(?:\xef\xbb\xbf)?\s*\{\s*"(?:prefix|entity|activity|agent|bundle)"\s*:\s*\{'
)


class Module(Protocol):
    """What a module here has."""

    FORMAT: Format

    def claims(self, source: Source) -> bool:
        """Whether a document is in this format."""

    def read(self, source: Source, says: Statements) -> None:
        """Say what a document holds. Raises ``InputError`` where it cannot be read."""


def module(key: str) -> Module | None:
    """The module of a format; None for a format that has none."""
    if key not in MODULES:
        return None
    return cast(Module, importlib.import_module(f"{__name__}.{key}"))


def claiming(source: Source) -> Module | None:
    """The module whose format a document is in."""
    if not source.is_folder and _PROV_JSON.match(source.beginning()):
        return None  # whatever the names of its attributes are
    for key in MODULES:
        found = module(key)
        if found and found.claims(source):
            return found
    return None


def others(source: Source, chosen: Module) -> list[str]:
    """What the tools are called that left something in a folder beside the one ``chosen``."""
    found = (module(key) for key in MODULES)
    return [one.FORMAT.label for one in found if one and one is not chosen and _asked(one, source)]


def _asked(one: Module, source: Source) -> bool:
    try:
        return one.claims(source)
    except KprovError:  # a file of it cannot be read
        return True


def folders() -> list[str]:
    """What the tools are called whose folders are read."""
    found = (module(key) for key in MODULES)
    return [one.FORMAT.label for one in found if one and one.FORMAT.folder]
