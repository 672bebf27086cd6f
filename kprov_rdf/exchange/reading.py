"""Documents of other tools as statements, in named graphs, with their names scoped.

RDF is parsed by pyoxigraph. PROV-JSON, PROV-N, PROV-XML and PROV-JSONLD are parsed into statements
of PROV-DM by ``kprov_rdf.dm``, and ``quads`` says these in RDF. What is neither is read by a module
of ``foreign``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

import pyoxigraph as ox

from kprov_capture import __version__
from kprov_capture.terms import PROV_NAMESPACE
from kprov_rdf.dm import guards, provjson, provjsonld, provn, provxml
from kprov_rdf.dm import model as dm
from kprov_rdf.dm.detect import SUFFIXES, family
from kprov_rdf.dm.memory import without_collector
from kprov_rdf.dm.repairs import Repairs
from kprov_rdf.errors import InputError, LimitError, UnsupportedError
from kprov_rdf.exchange import blanks, contexts, foreign, linked, mend, mend_jsonld, sniff
from kprov_rdf.exchange.foreign import provone
from kprov_rdf.exchange.quads import nquads
from kprov_rdf.exchange.scope import Scope, Within, bases_in
from kprov_rdf.exchange.sources import Source
from kprov_rdf.exchange.statements import Statements

_RDF = {
    "ttl": ox.RdfFormat.TURTLE,
    "trig": ox.RdfFormat.TRIG,
    "nt": ox.RdfFormat.N_TRIPLES,
    "nq": ox.RdfFormat.N_QUADS,
    "rdfxml": ox.RdfFormat.RDF_XML,
}
_KPROV = ("kprov", __version__)
_READERS: dict[str, Callable[[bytes, str, Repairs | None], dm.Document]] = {
    "provn": provn.read,
    "provjson": provjson.read,
    "provxml": provxml.read,
    "provjsonld": provjsonld.read,
}
# What files begin with that somebody may take for provenance.
_BINARY = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a ZIP archive without an RO-Crate",
    b"SQLite format 3\0": "a database of SQLite that is not MLflow's",
    b"\x89HDF\r\n": "a file of HDF5",
    b"\x89PNG\r\n": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x1f\x8b": "compressed with gzip, and has no name that ends in .gz",
}
MAX_RECORD_BYTES = 1 << 27
_TYPE = f"<{PROV_NAMESPACE}type>"


@dataclass(frozen=True)
class Document:
    """What a document says: ``text`` is N-Quads, in UTF-8, each statement in a named graph.

    ``root`` is the graph of what the document has in none, or in no bundle.
    ``records`` is how many records it has, where its format has any: RDF has statements only.
    ``reader`` is the name and the version of what parsed it. ``notes`` tell what could not be
    taken as it is, ``repairs`` what was mended to be read at all.
    """

    form: sniff.Format
    text: bytes
    records: int | None
    reader: tuple[str, str]
    notes: list[str]
    repairs: list[str]
    root: str

    @property
    def quads(self) -> Iterator[ox.Quad]:
        """The statements, as terms of pyoxigraph."""
        return ox.parse(self.text, ox.RdfFormat.N_QUADS)


@dataclass(frozen=True)
class Manner:
    """How documents are read: ``form`` is a key of the formats, found out where it is None.

    ``strict`` refuses what would be repaired. ``contexts`` are those of JSON-LD, by address.
    """

    form: str | None = None
    strict: bool = False
    contexts: Mapping[str, bytes] = field(default_factory=dict)


def parse(source: Source, scope: Scope, manner: Manner | None = None) -> Document:
    """Read a document.

    Raises ``InputError`` with the place where it cannot be parsed, and ``UnsupportedError`` for
    what is no provenance that kprov reads.
    """
    manner = manner or Manner()
    repairs = Repairs(scope.base, source.name)
    document = _parse(source, scope, manner, repairs)
    if manner.strict and repairs.counts:
        first, more = repairs.listed[0], repairs.counts.total() - 1
        others = f", and {more:,} more" if more else ""
        raise InputError(
            f"{source.name} has defects: {first}{others}. Correct them, or merge it without "
            "--strict, which mends and records them."
        )
    return document


def _parse(source: Source, scope: Scope, manner: Manner, repairs: Repairs) -> Document:
    name = source.name
    found = foreign.module(manner.form) if manner.form else foreign.claiming(source)
    if found:
        return _foreign(source, scope, found, manner, repairs)
    if source.is_folder:
        raise _no_folder(source)
    data = source.data.removeprefix(guards.BOM)
    _no_binary(data, name)
    guards.decoded(data, name)
    chosen = manner.form or sniff.detect(data, name)
    if chosen == "jsonld":
        return _linked(data, name, scope, manner, repairs)
    if chosen in _RDF:
        try:
            return _rdf(data, name, scope, chosen, repairs)
        except InputError as error:
            if manner.form or family(data, name) or not isinstance(error.__cause__, SyntaxError):
                raise
            raise UnsupportedError(
                f"{name} is in no format that can be told from its name or from what it begins "
                f"with. If it is in one, name it: --format {', '.join(sniff.FORMATS)}, or "
                f"{', '.join(foreign.MODULES)}."
            ) from error
    return _records(data, name, scope, chosen, repairs)


def _no_binary(data: bytes, name: str) -> None:
    """Refuse what is known to be no text, with what it is."""
    for signature, what in _BINARY.items():
        if data.startswith(signature):
            raise UnsupportedError(f"{name} is {what}: there is no provenance in it that is read.")


def _no_folder(source: Source) -> UnsupportedError:
    """The error of a folder that is no tool's: its documents are to be named."""
    there = [file for file in source.files if PurePath(file).suffix.lower() in SUFFIXES]
    first = f" in it, such as {source.name}/{there[0]}" if there else " in it"
    several = f" (there are {len(there):,})" if len(there) > 1 else ""
    return UnsupportedError(
        f"{source.name} is a folder that no tool that is known has left. Name the files{first}"
        f"{several}, or the folder of one of these: {', '.join(foreign.folders())}."
    )


def _foreign(
    source: Source, scope: Scope, module: foreign.Module, manner: Manner, repairs: Repairs
) -> Document:
    says = Statements(scope.root, scope.kprov, manner.contexts, repairs)
    module.read(source, says)
    if source.is_folder:
        says.notes += [
            f"{tool} left something in this folder, too, which is not read: name the folder of it"
            for tool in foreign.others(source, module)
        ]
    text = says.text().encode()
    # What a tool left as PROV itself stands beside what the mapping says.
    documents = getattr(module, "documents", None)
    for file, data in documents(source).items() if documents else ():
        name = f"{source.name}/{file}"
        inner = _records(data, name, Within(scope, file), "provjson", repairs)
        text += inner.text
        says.notes += inner.notes
    found = list(repairs.told())
    return Document(module.FORMAT, text, says.records, _KPROV, says.notes, found, scope.root)


def _linked(data: bytes, name: str, scope: Scope, manner: Manner, repairs: Repairs) -> Document:
    """JSON-LD, with the contexts that it names by address."""
    found = guards.load_json(data, name)
    whole, told = contexts.inline(found, name, manner.contexts)
    mended = mend_jsonld.mend(whole, repairs)
    found = guards.load_json(mended, name) if mended else whole
    quads, notes = linked.parse(found, name, scope, scope.kprov, manner.contexts)
    return _said("jsonld", quads, scope, [*told, *notes], repairs)


def _rdf(data: bytes, name: str, scope: Scope, form: str, repairs: Repairs) -> Document:
    """RDF. What a suffix calls Turtle may be TriG, and N-Triples N-Quads: it then says so."""
    quads = _parsed(data, name, scope, form, repairs)
    quads, note = blanks.canonical(quads)
    scope.keep(quads)
    try:
        scoped = list(scope.quads(quads))
    except UnsupportedError as error:
        raise UnsupportedError(f"{name} cannot be merged. {error}") from error
    return _said(form, scoped, scope, [note] if note else [], repairs)


def _said(
    form: str, quads: list[ox.Quad], scope: Scope, notes: list[str], repairs: Repairs
) -> Document:
    """RDF, and what vocabularies in it say in the terms of PROV-O."""
    added = provone.add(quads)
    text = ox.serialize([*quads, *added], format=ox.RdfFormat.N_QUADS) or b""
    reader = ("pyoxigraph", ox.__version__)
    found = list(repairs.told())
    return Document(sniff.FORMATS[form], text, None, reader, notes, found, scope.root)


def _parsed(data: bytes, name: str, scope: Scope, form: str, repairs: Repairs) -> list[ox.Quad]:
    relative = None if form in ("nt", "nq") else scope.base
    try:
        if form == "rdfxml":
            guards.check_rdfxml(data, name)
        else:
            guards.check_rdf(data, name)
        return mend.parsed(data, form, _RDF[form], relative, repairs)
    except SyntaxError as error:
        what = sniff.FORMATS[form].label
        where = error.msg.removeprefix("Parser error ")
        raise InputError(f"{name} is no {what} that can be read: {where}.") from error
    except LimitError as error:
        raise LimitError(f"{name}: {error}") from error
    except MemoryError as error:  # so pyoxigraph calls it
        raise InputError(
            f"{name} has a name or a value that is longer than 16 MiB, more than is read from "
            f"{sniff.FORMATS[form].label}. Keep it in a file of its own, and name that."
        ) from error


def _records(data: bytes, name: str, scope: Scope, form: str, repairs: Repairs) -> Document:
    if len(data) > MAX_RECORD_BYTES:
        raise InputError(
            f"{name} is larger than {MAX_RECORD_BYTES >> 20} MiB, which takes too much memory. "
            "Split it, or convert it to N-Quads first."
        )
    with without_collector():
        document = _READERS[form](data, name, repairs)
        _localize(scope, document)
        text = "".join(nquads(document, scope)).encode()
    says = Statements(scope.root, scope.kprov)
    for _, extension in document.extensions:
        says.node(scope.root, (), (says.property("attribute", "extension"), extension))
    return Document(
        sniff.FORMATS[form],
        text + says.text().encode(),
        sum(map(len, document.instances())),
        _KPROV,
        document.notes,
        list(repairs.told()),
        scope.root,
    )


def _localize(scope: Scope, document: dm.Document) -> None:
    """Tell a scope which names are the document's own, which are words, and which are kprov's."""
    scope.localize(namespace for namespace, prefix in document.prefixes.items() if not prefix)
    text = document.terms.text
    scope.own |= bases_in(one[1:-1] for one in text if one.startswith("<"))
    words = set()
    for instance in document.instances():
        for rows in instance.rows.values():
            for pairs in rows.attributes.values():
                words.update(pairs)
    kinds = {text[value] for name, value in words if text[name] == _TYPE}
    kinds |= {text[name] for name, _ in words}
    scope.vocabulary |= {one[1:-1] for one in kinds if one.startswith("<")}
