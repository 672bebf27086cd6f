"""Documents of other tools as statements, in named graphs, with their names scoped.

RDF is parsed by pyoxigraph. PROV-JSON, PROV-N, PROV-XML and PROV-JSONLD are parsed into statements
of PROV-DM by ``kprov_rdf.dm``, and ``quads`` says these in RDF. What is neither is read by a module
of ``foreign``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyoxigraph as ox

from kprov_capture import __version__
from kprov_capture.terms import PROV_NAMESPACE
from kprov_rdf.dm import guards, provjson, provjsonld, provn, provxml
from kprov_rdf.dm import model as dm
from kprov_rdf.dm.memory import without_collector
from kprov_rdf.errors import InputError, UnsupportedError
from kprov_rdf.exchange import blanks, foreign, sniff
from kprov_rdf.exchange.quads import nquads
from kprov_rdf.exchange.scope import Scope, bases_in
from kprov_rdf.exchange.sources import Source
from kprov_rdf.exchange.statements import Statements

_RDF = {
    "ttl": ox.RdfFormat.TURTLE,
    "trig": ox.RdfFormat.TRIG,
    "nt": ox.RdfFormat.N_TRIPLES,
    "nq": ox.RdfFormat.N_QUADS,
    "rdfxml": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
}
_READERS: dict[str, Callable[[bytes, str], dm.Document]] = {
    "provn": provn.read,
    "provjson": provjson.read,
    "provxml": provxml.read,
    "provjsonld": provjsonld.read,
}
MAX_RECORD_BYTES = 1 << 27
_TYPE = f"<{PROV_NAMESPACE}type>"
_SHOWN = 6  # of the keys that a context does not define


@dataclass(frozen=True)
class Document:
    """What a document says: ``text`` is N-Quads, in UTF-8, each statement in a named graph.

    ``records`` is how many records it has, where its format has any: RDF has statements only.
    ``reader`` is the name and the version of what parsed it. ``notes`` tell what could not be
    taken as it is, ``repairs`` what was mended to be read at all.
    """

    form: sniff.Format
    text: bytes
    records: int | None
    reader: tuple[str, str]
    notes: list[str]
    repairs: list[str] = field(default_factory=list)

    @property
    def quads(self) -> Iterator[ox.Quad]:
        """The statements, as terms of pyoxigraph."""
        return ox.parse(self.text, ox.RdfFormat.N_QUADS)


def parse(source: Source, scope: Scope, form: str | None = None) -> Document:
    """Read a document; ``form`` is a key of ``sniff.FORMATS``, found out where it is None.

    Raises ``InputError`` with the place where it cannot be parsed, and ``UnsupportedError`` for
    what is no provenance that kprov reads.
    """
    name = source.name
    found = foreign.module(form) if form else foreign.claiming(source)
    if found:
        return _foreign(source, scope, found)
    if source.is_folder:
        raise UnsupportedError(
            f"{name} is a folder that no tool that is known has left. Name a file in it, or the "
            f"folder of one of these: {', '.join(foreign.folders())}."
        )
    data = source.data.removeprefix(guards.BOM)
    guards.decoded(data, name)
    chosen = form or sniff.detect(data, name)
    if chosen in _RDF:
        return _rdf(data, name, scope, chosen)
    return _records(data, name, scope, chosen)


def _foreign(source: Source, scope: Scope, module: foreign.Module) -> Document:
    says = Statements(scope.root, scope.kprov)
    module.read(source, says)
    return Document(
        module.FORMAT,
        says.text().encode(),
        says.records,
        ("kprov", __version__),
        says.notes,
    )


def _rdf(data: bytes, name: str, scope: Scope, form: str) -> Document:
    """RDF. What a suffix calls Turtle may be TriG, and N-Triples N-Quads: it then says so."""
    notes = []
    if form == "jsonld":
        lost = sniff.undefined_keys(guards.load_json(data, name))
        if lost:
            listed = ", ".join(map(repr, lost[:_SHOWN])) + (", …" if len(lost) > _SHOWN else "")
            notes.append(f"its @context does not define {listed}, which JSON-LD leaves out")
    elif form == "rdfxml":
        guards.check_rdfxml(data, name)
    else:
        guards.check_rdf(data, name)
    relative = None if form in ("nt", "nq") else scope.base
    try:
        quads = list(ox.parse(data, _RDF[form], base_iri=relative))
    except SyntaxError as error:
        what = sniff.FORMATS[form].label
        where = error.msg.removeprefix("Parser error ")
        raise InputError(f"{name} is no {what} that can be read: {where}.") from error
    except MemoryError as error:  # so pyoxigraph calls it
        raise InputError(
            f"{name} has a name or a value that is longer than 16 MiB, more than is read from "
            f"{sniff.FORMATS[form].label}. Keep it in a file of its own, and name that."
        ) from error
    quads, note = blanks.canonical(quads)
    scope.keep(quads)
    try:
        text = ox.serialize(scope.quads(quads), format=ox.RdfFormat.N_QUADS) or b""
    except UnsupportedError as error:
        raise UnsupportedError(f"{name} cannot be merged. {error}") from error
    notes += [note] if note else []
    return Document(sniff.FORMATS[form], text, None, ("pyoxigraph", ox.__version__), notes)


def _records(data: bytes, name: str, scope: Scope, form: str) -> Document:
    if len(data) > MAX_RECORD_BYTES:
        raise InputError(
            f"{name} is larger than {MAX_RECORD_BYTES >> 20} MiB, which takes too much memory. "
            "Split it, or convert it to N-Quads first."
        )
    with without_collector():
        document = _READERS[form](data, name)
        _localize(scope, document)
        text = "".join(nquads(document, scope)).encode()
    return Document(
        sniff.FORMATS[form],
        text,
        sum(map(len, document.instances())),
        ("kprov", __version__),
        document.notes,
    )


def _localize(scope: Scope, document: dm.Document) -> None:
    """Tell a scope which names are the document's own, which are words, and which are kprov's."""
    scope.localize(namespace for namespace, prefix in document.prefixes.items() if not prefix)
    text = document.terms.text
    scope.own |= bases_in(text)
    words = set()
    for instance in document.instances():
        for rows in instance.rows.values():
            for pairs in rows.attributes.values():
                words.update(pairs)
    kinds = {text[value] for name, value in words if text[name] == _TYPE}
    kinds |= {text[name] for name, _ in words}
    scope.vocabulary |= {one[1:-1] for one in kinds if one.startswith("<")}
