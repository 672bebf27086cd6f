"""Finds ontology, shapes and queries, in a wheel and in a checkout alike."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parent.parent


def folder(name: str) -> Traversable:
    """The folder ``ontology``, ``shapes`` or ``queries``.

    A wheel carries it inside the package; in an editable install ``ontology``
    and ``shapes`` stand beside the package, at the top of the checkout.
    """
    packaged = files("kprov_rdf") / name
    if packaged.is_dir():
        return packaged
    beside = _CHECKOUT / name
    if beside.is_dir():
        return beside
    raise FileNotFoundError(
        f"kprov_rdf was installed without its folder {name!r}; looked in {packaged} and {beside}. "
        "Install it again."
    )


def texts(name: str, suffix: str) -> dict[str, str]:
    """The text of each file in the folder with this suffix, by file name, sorted."""
    return {
        entry.name: entry.read_text(encoding="utf-8")
        for entry in sorted(folder(name).iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(suffix)
    }
