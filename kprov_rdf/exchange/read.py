"""Documents of other tools as statements, in named graphs, with their names scoped.

RDF is parsed by pyoxigraph. PROV-JSON, PROV-N, PROV-XML and PROV-JSONLD are parsed into records
by the `prov` package, and ``quads`` turns these into statements.
"""

import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kprov_capture.terms import PROV_NAMESPACE
from kprov_rdf.dm import guards
from kprov_rdf.dm.model import KINDS, TIMES
from kprov_rdf.errors import InputError, KprovError, UnsupportedError
from kprov_rdf.exchange import sniff
from kprov_rdf.exchange.scope import BLANK, Scope

if TYPE_CHECKING:
    from prov.model import ProvDocument

_RDF = {
    "ttl": ox.RdfFormat.TURTLE,
    "trig": ox.RdfFormat.TRIG,
    "nt": ox.RdfFormat.N_TRIPLES,
    "nq": ox.RdfFormat.N_QUADS,
    "rdfxml": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
}
# The prov package takes some 80 times the size of PROV-JSON as memory.
MAX_RECORD_BYTES = 1 << 26
MAX_PREFIXES = 5000
_SHOWN = 6  # of the keys that a context does not define
_BLANK_PREFIX = "kprov-blank-node"
# The arguments of all statements: in PROV-JSONLD, keys with names.
ARGUMENTS = frozenset(one for kind in KINDS.values() for one in kind.arguments) - TIMES
_REFERENCES = ("prov:QUALIFIED_NAME", "xsd:QName")


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


def _refuse_prefixes(count: int, name: str) -> None:
    """The prov package takes time with the square of their number."""
    if count > MAX_PREFIXES:
        raise InputError(
            f"{name} declares {count:,} prefixes, more than the {MAX_PREFIXES:,} that are read. "
            "Split it, or convert it to N-Quads first."
        )


def _records(data: bytes, name: str, scope: Scope, form: str) -> Document:
    if len(data) > MAX_RECORD_BYTES:
        raise InputError(
            f"{name} is larger than {MAX_RECORD_BYTES >> 20} MiB, which takes too much memory. "
            "Split it, or convert it to N-Quads first."
        )
    _refuse_prefixes(len(_PREFIXES[form].findall(data)) if form in _PREFIXES else 0, name)
    import prov

    from kprov_rdf.exchange.quads import Mapper

    mapper = Mapper(scope)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        document = _READERS[form](data, name)
        try:
            mapper.document(document)
        except ValueError as error:  # pyoxigraph refuses the term
            raise InputError(f"{name} holds a value that RDF cannot say: {error}.") from error
    # prov says what it drops, and then what a later version of it would do.
    told = [str(one.message).split(". prov 3.")[0] for one in caught]
    return Document(
        sniff.FORMATS[form],
        mapper.quads,
        mapper.records,
        ("prov", prov.__version__),
        list(dict.fromkeys(told + mapper.notes)),
    )


def _with_prov(name: str, label: str, read: Callable[[], "ProvDocument"]) -> "ProvDocument":
    """What prov reads. It raises errors of any kind for documents that are not well-formed."""
    try:
        return read()
    except KprovError:
        raise
    except Exception as error:
        said = str(error) if str(error).count(" ") > 1 else f"{type(error).__name__} {error}"
        raise InputError(
            f"{name} is no {label} that can be read: {said[:500].rstrip('.')}."
        ) from error


def _provn(data: bytes, name: str) -> "ProvDocument":
    from prov.serializers.provn import ProvNSerializer

    return _with_prov(name, "PROV-N", lambda: ProvNSerializer().deserialize(BytesIO(data)))


def _provxml(data: bytes, name: str) -> "ProvDocument":
    from lxml import etree
    from prov.serializers.provxml import ProvXMLSerializer

    guards.check_xml(data, name)

    def read() -> "ProvDocument":
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        root = etree.fromstring(data, parser).tag
        if root != f"{{{PROV_NAMESPACE}}}document":
            raise UnsupportedError(f"{name} is XML, but no PROV-XML: its root is {root}.")
        return ProvXMLSerializer().deserialize(BytesIO(data))

    return _with_prov(name, "PROV-XML", read)


def _provjson(data: bytes, name: str) -> "ProvDocument":
    from prov.model import ProvDocument
    from prov.serializers.provjson import decode_json_document

    container = guards.load_json(data, name)
    bundles = container.get("bundle")
    parts = [container, *(bundles.values() if isinstance(bundles, dict) else ())]
    prefixes = (part.get("prefix") for part in parts if isinstance(part, dict))
    _refuse_prefixes(sum(len(one) for one in prefixes if isinstance(one, dict)), name)
    document = ProvDocument()

    def read() -> ProvDocument:
        _name_blanks(container)
        decode_json_document(container, document)
        return document

    return _with_prov(name, "PROV-JSON", read)


def _provjsonld(data: bytes, name: str) -> "ProvDocument":
    from prov.model import ProvDocument
    from prov.serializers.provjsonld import decode_jsonld_document

    container = guards.load_json(data, name)
    document = ProvDocument()

    def read() -> ProvDocument:
        context = container["@context"]
        context = context if isinstance(context, list) else [context]
        container["@context"] = [*context, {_BLANK_PREFIX: BLANK}]
        decode_jsonld_document(_named_nodes(container), document)
        return document

    return _with_prov(name, "PROV-JSONLD", read)


def _named_nodes(found: Any) -> Any:
    """PROV-JSONLD with names for its blank nodes: see ``_name_blanks``."""
    if isinstance(found, list):
        return [_named_nodes(one) for one in found]
    if not isinstance(found, dict):
        return found
    return {
        key: f"{_BLANK_PREFIX}:{value[2:]}"
        if isinstance(value, str) and value.startswith("_:") and (key == "@id" or key in ARGUMENTS)
        else _named_nodes(value)
        for key, value in found.items()
    }


_PREFIXES = {
    "provn": re.compile(rb"\bprefix\s"),
    "provxml": re.compile(rb"\bxmlns:"),
}
_READERS = {"provn": _provn, "provxml": _provxml, "provjson": _provjson,
            "provjsonld": _provjsonld}  # fmt: skip


def _instances(content: Any) -> Iterator[tuple[str, dict[str, Any], str, list[dict[str, Any]]]]:
    """Each record of a PROV-JSON container: its kind, its siblings, its key, its attributes."""
    for kind, records in content.items():
        if kind in ("prefix", "bundle") or not isinstance(records, dict):
            continue
        for key, found in list(records.items()):
            given = found if isinstance(found, list) else [found]
            yield kind, records, key, [one for one in given if isinstance(one, dict)]


def _name_blanks(container: Any) -> None:
    """Let prov keep the blank nodes of PROV-JSON, by giving them a namespace of their own.

    It would drop what refers to one, and an element that is one is an error to it. A
    relation that is called ``_:id1`` and that nothing refers to stays without a name:
    that is how PROV-JSON writes a relation without identifier.
    """
    if not isinstance(container, dict):
        return
    bundles = container.get("bundle")
    contents = [container, *(bundles.values() if isinstance(bundles, dict) else ())]
    contents = [one for one in contents if isinstance(one, dict)]
    referred: set[str] = set()

    def named(value: Any) -> Any:
        if isinstance(value, str) and value.startswith("_:"):
            referred.add(value)
            return f"{_BLANK_PREFIX}:{value[2:]}"
        return value

    for content in contents:
        for _, _, _, instances in _instances(content):
            for one in instances:
                for attribute, value in one.items():
                    one[attribute] = _named_value(attribute, value, named)
    for content in contents:
        for kind, siblings, key, _ in _instances(content):
            if key in referred or kind in ("entity", "activity", "agent"):
                siblings[named(key)] = siblings.pop(key)
    if isinstance(bundles, dict):
        container["bundle"] = {named(key): value for key, value in bundles.items()}
    if referred:
        container.setdefault("prefix", {})[_BLANK_PREFIX] = BLANK


def _named_value(attribute: str, value: Any, named: Callable[[Any], Any]) -> Any:
    from prov.constants import PROV_ATTRIBUTE_QNAMES, PROV_ATTRIBUTES_ID_MAP

    if isinstance(value, list):
        return [_named_value(attribute, one, named) for one in value]
    if isinstance(value, dict) and value.get("type") in _REFERENCES:
        return {**value, "$": named(value.get("$"))}
    formal = PROV_ATTRIBUTES_ID_MAP.get(attribute) in PROV_ATTRIBUTE_QNAMES
    return named(value) if formal else value
