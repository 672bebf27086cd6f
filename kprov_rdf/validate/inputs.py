"""Documents in any format as statements of PROV-DM, and several documents as one instance.

The shapes see the statements of RDF, graph by graph (``graphs``).
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

import pyoxigraph as ox

from kprov_capture.terms import Dnnprov
from kprov_rdf.dm import detect, provjson, provjsonld, provn, provo, provxml
from kprov_rdf.dm.guards import BOM, check_rdf, check_rdfxml, load_json, refuse_contexts
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.dm.memory import without_collector
from kprov_rdf.dm.model import ABSENT, ELEMENTS, PLACEHOLDER, Document, Instance
from kprov_rdf.errors import InputError

_RDF = {
    "ttl": ox.RdfFormat.TRIG,  # which Turtle is a part of
    "trig": ox.RdfFormat.TRIG,
    "nt": ox.RdfFormat.N_QUADS,
    "nq": ox.RdfFormat.N_QUADS,
    "rdfxml": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
}
# By the names for people, which documents have.
RDF = {detect.LABELS[key]: form for key, form in _RDF.items()}
_RDF_LABELS = frozenset(RDF) | {"RDF"}
_READERS: dict[str, Callable[[bytes, str], Document]] = {
    "provn": provn.read,
    "provjson": provjson.read,
    "provxml": provxml.read,
    "provjsonld": provjsonld.read,
}
_PLACE = re.compile(r"\A(Parser )?[Ee]rror at line \d+[^:]*: ")  # said apart
# What relative IRIs are relative to, where the document says nothing else.
BASE = "http://relative.invalid/"


def read(data: bytes, name: str, form: str | None = None, attributes: bool = False) -> Document:
    """The statements of a document; ``form`` is a key of ``detect.LABELS``, else found out.

    ``attributes``: with all that RDF tells, also what no constraint is about. Raises
    ``MalformedError`` for a document that breaks its format, and ``InputError`` or
    ``UnsupportedError`` for what is no provenance that can be read.
    """
    chosen = form or detect.detect(data, name)
    if chosen in _READERS:
        with without_collector():
            return _unmarked(_READERS[chosen](data, name))
    return _rdf(data, name, chosen, attributes)


def _unmarked(document: Document) -> Document:
    """Take out the mark that exports have in relations: it says nothing in PROV-DM."""
    mark = document.terms.known(f"<{Dnnprov.Undeclared}>")
    for instance in document.instances() if mark else ():
        for kind, rows in instance.rows.items():
            for row, pairs in rows.attributes.items() if kind not in ELEMENTS else ():
                rows.attributes[row] = [pair for pair in pairs if pair[1] != mark]
    return document


def _rdf(data: bytes, name: str, form: str, attributes: bool) -> Document:
    document = Document(name, detect.LABELS[form])
    lines: Iterable[int] | None = None
    if form == "jsonld":
        refuse_contexts(load_json(data, name), name)
    elif form == "rdfxml":
        check_rdfxml(data, name)
    else:
        check_rdf(data, name)
        if form in ("nt", "nq"):
            lines = _lines(data)
    try:
        parser = _parser(data, _RDF[form])
        provo.read(parser, document, attributes, lines)
    except SyntaxError as error:
        said = _PLACE.sub("", str(error.msg))
        raise MalformedError(
            name,
            f"{detect.LABELS[form]} that cannot be parsed: {said}.",
            line=error.lineno or 0,
            column=error.offset or 0,
            mend="Correct it there.",
        ) from error
    except MemoryError as error:  # so pyoxigraph calls it
        raise InputError(
            f"{name} has a name or a value that is longer than 16 MiB, more than is read from "
            f"{detect.LABELS[form]}. Keep it in a file of its own, and name that."
        ) from error
    for prefix, iri in parser.prefixes.items():
        document.declare(prefix, iri)
    return document


def _parser(data: bytes, form: ox.RdfFormat) -> ox.QuadParser:
    data = data.removeprefix(BOM)  # some editors write one
    return ox.parse(data, form, base_iri=None if form == ox.RdfFormat.N_QUADS else BASE)


def graphs(data: bytes, form: ox.RdfFormat) -> dict[str | None, list[ox.Triple]]:
    """The graphs of a document that ``read`` has read, by name; the default graph goes by None."""
    found: dict[str | None, list[ox.Triple]] = defaultdict(list)
    for quad in _parser(data, form):
        graph = quad.graph_name
        name = None if isinstance(graph, ox.DefaultGraph) else str(graph.value)
        found[name].append(quad.triple)
    return dict(found)


def _lines(data: bytes) -> Iterator[int]:
    """The line of each statement of N-Triples or N-Quads, of which a line has one."""
    for number, line in enumerate(data.removeprefix(BOM).splitlines(), 1):
        if line.strip() and not line.lstrip().startswith(b"#"):
            yield number


def union(documents: Iterable[Document]) -> Document:
    """All statements of some documents, their bundles too, as one instance.

    Blank nodes of two documents are two, whatever they are called; and those of two bundles,
    but in RDF, where a document is their scope.
    """
    whole = Document("", "several documents")
    for number, document in enumerate(documents):
        whole.parts.append(document.name)
        whole.notes += document.notes
        whole.malformed += document.malformed
        whole.prefixes = document.prefixes | whole.prefixes
        rdf = document.form in _RDF_LABELS
        terms = _renamed(document, whole, str(number))
        for index, instance in enumerate(document.instances()):
            if index and not rdf and document.terms.variables:
                terms = _renamed(document, whole, f"{number}.{index}")
            _copy(instance, whole.toplevel, terms, number)
    whole.name = " + ".join(whole.parts)
    return whole


def _renamed(document: Document, whole: Document, scope: str) -> list[int]:
    """The numbers that the terms of a document have in the whole, by their own."""
    texts = document.terms.text[2:]
    return [ABSENT, PLACEHOLDER] + [
        whole.terms.number(f"_:d{scope}.{text[2:]}" if text.startswith("_:") else text)
        for text in texts
    ]


def _copy(instance: Instance, target: Instance, terms: list[int], part: int) -> None:
    for kind, rows in instance.rows.items():
        to = target.rows[kind]
        first = len(to)
        to.ids += [terms[one] for one in rows.ids]
        to.lines += [Document.place(part, line) for line in rows.lines]
        for column, found in zip(to.columns, rows.columns, strict=True):
            column += [terms[one] for one in found]
        for row, pairs in rows.attributes.items():
            to.attributes[first + row] = [(terms[one], terms[other]) for one, other in pairs]
