"""Documents of other tools as statements, in named graphs, with their names scoped.

RDF is parsed by pyoxigraph. PROV-JSON, PROV-N, PROV-XML and PROV-JSONLD are parsed into statements
of PROV-DM by ``kprov_rdf.dm``, and ``quads`` says these in RDF.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pyoxigraph as ox

from kprov_capture import __version__
from kprov_rdf.dm import guards, provjson, provjsonld, provn, provxml
from kprov_rdf.dm import model as dm
from kprov_rdf.dm.memory import without_collector
from kprov_rdf.errors import InputError, UnsupportedError
from kprov_rdf.exchange import sniff
from kprov_rdf.exchange.quads import nquads
from kprov_rdf.exchange.scope import Scope

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
_SHOWN = 6  # of the keys that a context does not define


@dataclass(frozen=True)
class Document:
    """What a document says. ``records`` is None for RDF, which has statements only.

    ``reader`` is the name and the version of what parsed it, ``notes`` what could
    not be taken as it is.
    """

    form: sniff.Format
    quads: list[ox.Quad]
    records: int | None
    reader: tuple[str, str]
    notes: list[str]


def parse(data: bytes, name: str, scope: Scope, form: str | None = None) -> Document:
    """Read a document; ``form`` is a key of ``sniff.FORMATS``, found out where it is None.

    Raises ``InputError`` with the place where it cannot be parsed, and
    ``UnsupportedError`` for what is no provenance that kprov reads.
    """
    data = data.removeprefix(guards.BOM)
    guards.decoded(data, name)
    chosen = form or sniff.detect(data, name)
    if chosen in _RDF:
        return _rdf(data, name, scope, chosen)
    return _records(data, name, scope, chosen)


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
        quads = list(scope.quads(ox.parse(data, _RDF[form], base_iri=relative)))
    except SyntaxError as error:
        what = sniff.FORMATS[form].label
        where = error.msg.removeprefix("Parser error ")
        raise InputError(f"{name} is no {what} that can be read: {where}.") from error
    except MemoryError as error:  # so pyoxigraph calls it
        raise InputError(
            f"{name} has a name or a value that is longer than 16 MiB, more than is read from "
            f"{sniff.FORMATS[form].label}. Keep it in a file of its own, and name that."
        ) from error
    except UnsupportedError as error:
        raise UnsupportedError(f"{name} cannot be merged. {error}") from error
    return Document(sniff.FORMATS[form], quads, None, ("pyoxigraph", ox.__version__), notes)


def _records(data: bytes, name: str, scope: Scope, form: str) -> Document:
    if len(data) > MAX_RECORD_BYTES:
        raise InputError(
            f"{name} is larger than {MAX_RECORD_BYTES >> 20} MiB, which takes too much memory. "
            "Split it, or convert it to N-Quads first."
        )
    with without_collector():
        document = _READERS[form](data, name)
        text = "".join(nquads(document, scope))
    return Document(
        sniff.FORMATS[form],
        list(ox.parse(text, ox.RdfFormat.N_QUADS)),
        sum(map(len, document.instances())),
        ("kprov", __version__),
        document.notes,
    )
