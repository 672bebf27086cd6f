"""The formats that kprov writes: one entry each, and one module for those of a kind.

A module has ``write(selection, form)``, which gives what is ``Written``: bytes, or the files of
a folder by their names. It is imported when its format is asked for. To add a format is to add
its entry.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, cast

from kprov_rdf.exchange.selection import Selection

Files = dict[str, bytes | Path]
"""What a folder holds, by name; a path is that of a file to be copied."""
Content = bytes | Files


class Written(NamedTuple):
    """What was written; ``notes`` tell what the format cannot say as it is."""

    content: Content
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Format:
    """A format: its name for people, its media type, and the suffixes that mean it.

    ``module`` writes it. ``folder``: it is several files, as a folder or a .zip. ``picture``:
    it is for looking at, so that epochs are folded where there are many.
    """

    label: str
    media_type: str
    suffixes: tuple[str, ...]
    module: str
    folder: bool = False
    picture: bool = False


FORMATS = {
    "ttl": Format("Turtle", "text/turtle", ("ttl",), "rdf"),
    "trig": Format("TriG", "application/trig", ("trig",), "rdf"),
    "nq": Format("N-Quads", "application/n-quads", ("nq",), "rdf"),
    "nt": Format("N-Triples", "application/n-triples", ("nt",), "rdf"),
    "rdf": Format("RDF/XML", "application/rdf+xml", ("rdf",), "rdf"),
    "jsonld": Format("JSON-LD", "application/ld+json", ("jsonld",), "rdf"),
    "provn": Format("PROV-N", "text/provenance-notation", ("provn",), "prov"),
    "provjson": Format("PROV-JSON", "application/json", ("json",), "prov"),
    "provxml": Format("PROV-XML", "application/provenance+xml", ("xml", "provx"), "prov"),
    "provjsonld": Format("PROV-JSONLD", "application/ld+json", (), "prov"),
    "dot": Format("DOT", "text/vnd.graphviz", ("dot", "gv"), "picture", picture=True),
    "svg": Format("SVG", "image/svg+xml", ("svg",), "picture", picture=True),
    "png": Format("PNG", "image/png", ("png",), "picture", picture=True),
    "pdf": Format("PDF", "application/pdf", ("pdf",), "picture", picture=True),
    "rocrate": Format("RO-Crate", "application/zip", (), "rocrate", folder=True),
    "croissant": Format("Croissant", "application/ld+json", (), "croissant"),
    "modelcard": Format("FAIR4ML model card", "application/ld+json", (), "modelcard"),
    "modelcard-md": Format("model card in Markdown", "text/markdown", ("md",), "modelcard"),
    "openlineage": Format(
        "OpenLineage", "application/x-ndjson", ("jsonl", "ndjson"), "openlineage"
    ),
    "csv": Format("CSV", "application/zip", (), "tables", folder=True),
    "parquet": Format("Parquet", "application/zip", (), "tables", folder=True),
}


def by_suffix(name: str) -> str | None:
    """The key of the format that the name of a file says; None where it says none."""
    suffix = Path(name).suffix.lstrip(".").lower()
    return next((key for key, form in FORMATS.items() if suffix in form.suffixes), None)


def written(selection: Selection, form: str) -> Written:
    """What is selected, in one of ``FORMATS``.

    Raises ``UnsupportedError`` for what the format cannot say, or what it needs and is not
    installed; ``LimitError`` for a picture that is too large.
    """
    module = import_module(f"{__name__}.{FORMATS[form].module}")
    write = cast(Callable[[Selection, str], Written], module.write)
    return write(selection, form)


def content(selection: Selection, form: str) -> Content:
    """The content of what ``written`` gives."""
    return written(selection, form).content
