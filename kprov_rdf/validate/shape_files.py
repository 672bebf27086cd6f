"""Files of shapes in any format of RDF, as one Turtle document that is checked.

Called in the child of ``isolated`` only: the parser of JSON-LD ends the process on what is nested
deep.
"""

import re
from pathlib import Path

import pyoxigraph as ox

from kprov_rdf.errors import InputError, UnsupportedError
from kprov_rdf.validate import shapes
from kprov_rdf.validate.shape_terms import SH

_FORMATS = {
    ".ttl": ox.RdfFormat.TURTLE,
    ".shacl": ox.RdfFormat.TURTLE,
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".jsonld": ox.RdfFormat.JSON_LD,
    ".json": ox.RdfFormat.JSON_LD,
    ".rdf": ox.RdfFormat.RDF_XML,
    ".owl": ox.RdfFormat.RDF_XML,
    ".xml": ox.RdfFormat.RDF_XML,
}
_XML = re.compile(rb"\s*<(\?xml|!|[\w.-]+:RDF[\s>])")


def read(data: bytes, name: str) -> str:
    """The shapes as Turtle, checked: what no engine would evaluate is refused.

    ``name`` says the format by its suffix, else the content does. Raises ``InputError`` where the
    file cannot be parsed, with line and column, and what ``shapes.check`` raises.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    if len(data) > shapes.MAX_CHARACTERS * 4:
        raise InputError(f"{name} is longer than {shapes.MAX_CHARACTERS:,} characters. Split it.")
    form = _FORMATS.get(Path(name).suffix.lower()) or _by_content(data)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8. Convert it first, for example with iconv.") from (
            error
        )
    if form not in (ox.RdfFormat.TURTLE, ox.RdfFormat.N_TRIPLES):
        text = _converted(data, name, form)
    shapes.check(text, name)
    return text


def has_queries(text: str) -> bool:
    """Whether shapes that were checked ask a query (``sh:sparql``)."""
    return any(quad.predicate.value == f"{SH}sparql" for quad in ox.parse(text, _FORMATS[".ttl"]))


def _by_content(data: bytes) -> ox.RdfFormat:
    if data.lstrip()[:1] in (b"{", b"["):
        return ox.RdfFormat.JSON_LD
    return ox.RdfFormat.RDF_XML if _XML.match(data) else ox.RdfFormat.TURTLE


def _converted(data: bytes, name: str, form: ox.RdfFormat) -> str:
    """As N-Triples, which are Turtle. A context that is elsewhere is not fetched."""
    try:
        quads = list(ox.parse(data, form))
    except SyntaxError as error:
        raise InputError(f"{name} is no {form.name} that can be read: {error}. Correct it.") from (
            error
        )
    named = next((q.graph_name for q in quads if q.graph_name != ox.DefaultGraph()), None)
    if named is not None:
        raise UnsupportedError(f"{name} has a named graph, {named}. Put the shapes into no graph.")
    triples = (quad.triple for quad in quads)
    return (ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"").decode()
