"""The formats of PROV, of RDF and of other tools: reading, merging, and writing.

    from kprov_rdf import exchange

    document = exchange.read("prov.json")
    for quad in document.quads:
        ...
    exchange.write(document, "prov.provn")

``read`` takes what ``kprov merge`` takes, and needs no store; ``merge`` puts it into one, and
``export`` writes what is in it.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyoxigraph as ox
    from prov.model import ProvDocument

    from kprov_rdf.exchange.reading import Document, Manner


def read(path: str | Path, manner: "Manner | None" = None) -> "Document":
    """A file, or a folder that a tool left, as statements in named graphs.

    Names that mean something only in it are scoped to ``import/sha256-…`` under the default base,
    as they are by a merge into a folder with that base: see ``scope``. ``quads`` of what it gives
    are made as they are asked for. Raises ``InputError``, ``UnsupportedError`` or
    ``NotFoundError``.
    """
    from kprov_capture.identity import ImportNames
    from kprov_rdf.exchange import reading
    from kprov_rdf.exchange.scope import Scope
    from kprov_rdf.exchange.sources import Source

    source = Source(str(path))
    return reading.parse(source, Scope(ImportNames(source.sha256).graph), manner)


def stream(path: str | Path, manner: "Manner | None" = None) -> "Iterator[ox.Quad]":
    """The same statements one by one: of large RDF without holding it all (see ``streaming``).

    A statement that stands twice in large RDF comes twice. Raises as ``read`` does.
    """
    from kprov_capture.identity import ImportNames
    from kprov_rdf.exchange import reading, streaming
    from kprov_rdf.exchange.scope import Scope
    from kprov_rdf.exchange.sources import Source

    source = Source(str(path))
    scope = Scope(ImportNames(source.sha256).graph)
    found = streaming.find(source, scope, manner.form if manner else None)
    return found.quads() if found else reading.parse(source, scope, manner).quads


def write(
    said: "Document | Iterable[ox.Quad]", path: str | Path, form: str | None = None
) -> tuple[str, ...]:
    """Statements to a file in a format of ``formats``; gives what the format cannot say.

    ``form`` is found out by the suffix of ``path`` where it is None. What is in no named graph,
    and of a document what is in no bundle, is the toplevel of a PROV document. The file is
    written whole or not at all. Raises ``InputError`` for a format that there is not,
    ``UnsupportedError`` for what it cannot say at all, and ``StorageError`` where it cannot be
    written.
    """
    from kprov_rdf.errors import InputError
    from kprov_rdf.exchange import export, formats, selection
    from kprov_rdf.exchange.reading import Document

    chosen = form or formats.by_suffix(str(path))
    if chosen not in formats.FORMATS:
        raise InputError(
            f"The name {path} does not say a format; give one of {', '.join(formats.FORMATS)}."
        )
    of = (said.quads, said.root) if isinstance(said, Document) else (said,)
    written = export.written(selection.of_quads(*of), chosen)
    export.save(written.content, Path(path))
    return written.notes


def to_prov(said: "Document | Iterable[ox.Quad]") -> "ProvDocument":
    """The same as a document of the package ``prov``, for who works with its records.

    Raises ``UnsupportedError`` for what PROV-DM cannot say.
    """
    from prov.model import ProvDocument

    from kprov_rdf.exchange import export, selection
    from kprov_rdf.exchange.reading import Document

    of = (said.quads, said.root) if isinstance(said, Document) else (said,)
    text = export.write(selection.of_quads(*of), "provjson").decode()
    return ProvDocument.deserialize(content=text, format="json")
