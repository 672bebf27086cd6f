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
    it is for looking at, so that epochs are folded where there are many. For docs/exchange.md:
    what it ``holds``, and what it ``lacks``.
    """

    label: str
    media_type: str
    suffixes: tuple[str, ...]
    module: str
    folder: bool = False
    picture: bool = False
    holds: str = ""
    lacks: str = ""


FORMATS = {
    "ttl": Format(
        "Turtle",
        "text/turtle",
        ("ttl",),
        "rdf",
        holds="one graph",
        lacks="what the catalog says; several graphs are refused",
    ),
    "trig": Format(
        "TriG",
        "application/trig",
        ("trig",),
        "rdf",
        holds="all graphs, and what the catalog says of them",
        lacks="–",
    ),
    "nq": Format(
        "N-Quads",
        "application/n-quads",
        ("nq",),
        "rdf",
        holds="all graphs, and what the catalog says of them",
        lacks="–",
    ),
    "nt": Format(
        "N-Triples",
        "application/n-triples",
        ("nt",),
        "rdf",
        holds="one graph",
        lacks="what the catalog says; several graphs are refused",
    ),
    "rdf": Format(
        "RDF/XML",
        "application/rdf+xml",
        ("rdf",),
        "rdf",
        holds="one graph",
        lacks="as Turtle; control characters, and properties that are no names of XML, are refused",
    ),
    "jsonld": Format(
        "JSON-LD",
        "application/ld+json",
        ("jsonld",),
        "rdf",
        holds="all graphs, and what the catalog says of them",
        lacks="–",
    ),
    "provn": Format(
        "PROV-N",
        "text/provenance-notation",
        ("provn",),
        "prov",
        holds="the same: the catalog as toplevel, each graph as a bundle",
        lacks="see below; what cannot be said is told on standard error",
    ),
    "provjson": Format(
        "PROV-JSON",
        "application/json",
        ("json",),
        "prov",
        holds="the same: the catalog as toplevel, each graph as a bundle",
        lacks="see below; what cannot be said is told on standard error",
    ),
    "provxml": Format(
        "PROV-XML",
        "application/provenance+xml",
        ("xml", "provx"),
        "prov",
        holds="the same: the catalog as toplevel, each graph as a bundle",
        lacks="see below; what cannot be said is told on standard error",
    ),
    "provjsonld": Format(
        "PROV-JSONLD",
        "application/ld+json",
        (),
        "prov",
        holds="the same: the catalog as toplevel, each graph as a bundle",
        lacks="see below; what cannot be said is told on standard error",
    ),
    "dot": Format(
        "DOT",
        "text/vnd.graphviz",
        ("dot", "gv"),
        "picture",
        picture=True,
        holds=(
            "elements and relations of PROV as the W3C draws them, with some values; epochs "
            "folded beyond 12"
        ),
        lacks="the catalog and other attributes; over 400 nodes are refused",
    ),
    "svg": Format(
        "SVG",
        "image/svg+xml",
        ("svg",),
        "picture",
        picture=True,
        holds=(
            "elements and relations of PROV as the W3C draws them, with some values; epochs "
            "folded beyond 12"
        ),
        lacks="the catalog and other attributes; over 400 nodes are refused",
    ),
    "png": Format(
        "PNG",
        "image/png",
        ("png",),
        "picture",
        picture=True,
        holds=(
            "elements and relations of PROV as the W3C draws them, with some values; epochs "
            "folded beyond 12"
        ),
        lacks="the catalog and other attributes; over 400 nodes are refused",
    ),
    "pdf": Format(
        "PDF",
        "application/pdf",
        ("pdf",),
        "picture",
        picture=True,
        holds=(
            "elements and relations of PROV as the W3C draws them, with some values; epochs "
            "folded beyond 12"
        ),
        lacks="the catalog and other attributes; over 400 nodes are refused",
    ),
    "rocrate": Format(
        "RO-Crate",
        "application/zip",
        (),
        "rocrate",
        folder=True,
        holds=(
            "Process Run Crate 0.5: an action for each run, settings, data, tests, packages, "
            "the files whose hash is still right, and provenance.trig"
        ),
        lacks=(
            "files that moved or changed are only described; none with --redact; no licence is "
            "known"
        ),
    ),
    "croissant": Format(
        "Croissant",
        "application/ld+json",
        (),
        "croissant",
        holds=(
            "Croissant 1.1: a file and a set of records for each array, with hash, type and shape"
        ),
        lacks="the bytes of data that were in memory",
    ),
    "modelcard": Format(
        "FAIR4ML model card",
        "application/ld+json",
        (),
        "modelcard",
        holds="FAIR4ML 0.1.0 and schema.org: models, data, settings, tests, files, packages",
        lacks="task, intended use, risks, licence: a run does not know them",
    ),
    "modelcard-md": Format(
        "model card in Markdown",
        "text/markdown",
        ("md",),
        "modelcard",
        holds="the same, for people",
        lacks="the same",
    ),
    "openlineage": Format(
        "OpenLineage",
        "application/x-ndjson",
        ("jsonl", "ndjson"),
        "openlineage",
        holds=(
            "OpenLineage 2-0-2: START and COMPLETE, ABORT, FAIL or OTHER of each run, settings, "
            "versions and schemas of data"
        ),
        lacks="epochs",
    ),
    "csv": Format(
        "CSV",
        "application/zip",
        (),
        "tables",
        folder=True,
        holds="tables of runs, epochs, tests, adaptations, layers, data, files, settings",
        lacks="what no named question asks",
    ),
    "parquet": Format(
        "Parquet",
        "application/zip",
        (),
        "tables",
        folder=True,
        holds="the same; needs pyarrow",
        lacks="the same",
    ),
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
