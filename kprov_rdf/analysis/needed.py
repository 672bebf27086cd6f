"""Packages that only the analysis needs: imported where they are used, or told how to get."""

import importlib
from typing import Any

from kprov_rdf.errors import UnsupportedError


def package(module: str, for_what: str) -> Any:
    """The module, imported. Raises ``UnsupportedError`` with what installs it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        raise UnsupportedError(
            f"{for_what} needs the package {name!r}, which is not installed. Install what the "
            "analysis needs with: pip install '.[analysis]' in a clone of kprov"
        ) from error
