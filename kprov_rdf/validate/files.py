"""Reading what is to be validated from a file or a stream: one list of statements a graph."""

from collections import defaultdict
from pathlib import Path
from typing import BinaryIO

import pyoxigraph as ox

from kprov_rdf.errors import InputError, NotFoundError, UnsupportedError

_BY_SUFFIX = {
    ".ttl": ox.RdfFormat.TURTLE,
    ".trig": ox.RdfFormat.TRIG,
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".nq": ox.RdfFormat.N_QUADS,
}
SUFFIXES = frozenset(_BY_SUFFIX)
_MAX_BYTES = 1 << 30


def graphs(
    data: bytes, name: str, form: ox.RdfFormat | None = None, base: str | None = None
) -> dict[str, list[ox.Triple]]:
    """The graphs of an RDF document by name; the default graph goes by ``name``.

    Where ``form`` is None the suffix of ``name`` says the format; without one it is read as TriG,
    which Turtle, N-Triples and N-Quads without graph names are, and then as N-Quads. ``base`` is
    the IRI that relative ones are resolved against.
    Raises ``InputError`` with line and column where it cannot be parsed, and
    ``UnsupportedError`` for another format.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")  # some editors write a byte order mark
    suffix = Path(name).suffix.lower()
    if form is None and suffix and suffix not in _BY_SUFFIX:
        raise UnsupportedError(
            f"{name} is not in a format that can be validated yet; these can: "
            f"{', '.join(_BY_SUFFIX)}. Convert it with a tool of its own first."
        )
    first_error: SyntaxError | None = None
    forms = [form or _BY_SUFFIX.get(suffix) or ox.RdfFormat.TRIG]
    for chosen in forms if form or suffix else [*forms, ox.RdfFormat.N_QUADS]:
        found: dict[str, list[ox.Triple]] = defaultdict(list)
        try:
            for quad in ox.parse(data, chosen, base_iri=base):
                graph = quad.graph_name
                key = name if isinstance(graph, ox.DefaultGraph) else str(graph.value)
                found[key].append(quad.triple)
            return dict(found)
        except SyntaxError as error:
            first_error = first_error or error
    raise InputError(f"{name} cannot be parsed: {first_error}. {_advice(data, first_error)}") from (
        first_error
    )


def _advice(data: bytes, error: SyntaxError | None) -> str:
    """What to do about a document that cannot be parsed."""
    if b"\0" in data[:4096]:
        return "It is binary; these can be validated: Turtle, TriG, N-Triples, N-Quads."
    if data.lstrip()[:1] in (b"{", b"["):
        return "It looks like JSON; `kprov merge` it, and validate the graph by its IRI."
    if "No scheme" in str(error):
        return "A relative IRI means something else in each place: write it whole, or add @base."
    return "Correct it there."


def content(path: Path) -> bytes:
    """What is in a file or a pipe. Raises ``NotFoundError``, and ``InputError`` for too much."""
    try:
        with path.open("rb") as file:
            return limited(file, str(path))
    except OSError as error:
        raise NotFoundError(
            f"{path} cannot be read: {error.strerror}. Name a run, a file, or - for standard input."
        ) from error


def limited(file: BinaryIO, name: str) -> bytes:
    """All that a stream holds. Raises ``InputError`` where that is too much."""
    data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise InputError(f"{name} is larger than {_MAX_BYTES >> 30} GiB; split it by graph.")
    return data
