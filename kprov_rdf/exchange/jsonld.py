"""Writing statements as JSON-LD 1.1 that reads as plain JSON.

The names are those of ``ontology/context.jsonld``. What a document uses of it stands
in the document itself, so that it reads without the network.

A finite double is a JSON number, whose text says exactly it. Processors that follow
the recommendation to the letter round it to 16 digits (API, section 8.6, Data Round
Tripping), and do the same to a string of that type; pyoxigraph and rdflib do not.
"""

import functools
import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyoxigraph as ox

from kprov_capture.terms import DNNPROV_NAMESPACE, RDF_TYPE, XSD_NAMESPACE, Dnnprov
from kprov_rdf import resources
from kprov_rdf.errors import UnsupportedError

# Prefixes that a document may have beside those of the context: its fragments, and its base.
OWN_PREFIXES = ("r", "base")
_WIDTH = 100
_STRING, _BOOLEAN, _INTEGER, _DOUBLE = (
    f"{XSD_NAMESPACE}{name}" for name in ("string", "boolean", "integer", "double")
)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_WHOLE = re.compile(r"[+-]?[0-9]{1,17}").fullmatch
_FLOAT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?").fullmatch
_DIGITS = re.compile(r"([0-9]+)")
# What JSON readers take as the integer that it is (RFC 8259, section 6).
_MOST_EXACT = 2**53 - 1
# In the order in which a person reads; an epoch's metrics follow the epoch.
_ORDER = (
    (Dnnprov.ExecuteDataflow,),
    (Dnnprov.Training, Dnnprov.FineTuning),
    (Dnnprov.iTraining,),
    (Dnnprov.EpochExecution, Dnnprov.oTraining),
)
_BY_NUMBER = 3  # the place of epochs in it

Statements = Iterable[ox.Triple]


@functools.cache
def context() -> dict[str, Any]:
    """The terms of DNNProv and PROV-O: the context of ``ontology/context.jsonld``."""
    found: dict[str, Any] = json.loads(resources.texts("ontology", ".jsonld")["context.jsonld"])
    return dict(found["@context"])


def text(graphs: Mapping[str, Statements], record: str = "", base: str = "") -> bytes:
    """Statements by graph as JSON-LD; what is in no named graph has the name ``""``.

    ``record`` is the IRI that the text is about: it stands first, and its fragments have
    a prefix, as has what is under ``base``.
    """
    kept = {name: list(statements) for name, statements in graphs.items()}
    own = {"r": f"{record}#" if record else "", "base": base}
    names = _Names(own, _schemes(kept))
    for predicate in _doubles(kept):
        names.coerce(predicate, _DOUBLE)
    parts: list[str] = []
    for name, statements in kept.items():
        nodes = [_object(node, 2 if name else 1) for node in _nodes(statements, names, record)]
        if not name:
            parts += nodes
        elif nodes:
            parts.append(_graph(names.iri(name), nodes))
    lines = (f"    {_json(name)}: {_json(said)}" for name, said in names.used().items())
    return (
        '{{\n  "@context": {{\n{}\n  }},\n  "@graph": [\n{}\n  ]\n}}\n'.format(
            ",\n".join(lines), ",\n".join(parts)
        )
    ).encode()


def _graph(name: str, nodes: list[str]) -> str:
    inner = ",\n".join(nodes)
    return f'    {{\n      "id": {_json(name)},\n      "@graph": [\n{inner}\n      ]\n    }}'


class _Names:
    """The names of one document: which there are, and which it uses.

    A name that is a scheme of an IRI in the document is none: the IRI ``r:x`` would be
    taken for one with that prefix (JSON-LD 1.1, section 4.1.5, Compact IRIs).
    """

    def __init__(self, own: Mapping[str, str], schemes: set[str]) -> None:
        given = context() | {name: iri for name, iri in own.items() if iri}
        aliases = {name for name, said in given.items() if str(said).startswith("@")}
        free = {n: said for n, said in given.items() if n not in schemes or n in aliases}
        self._prefixes = {n: i for n, i in free.items() if isinstance(i, str) and "://" in i}
        self._definitions: dict[str, Any] = {}
        self._terms: dict[str, str] = {}
        self._types: dict[str, str] = {}
        for name, said in free.items():
            full = [self._full(one) for one in _parts(said)]
            if all(full):
                self._definitions[name] = said
            if all(full) and not (name in self._prefixes or name in aliases or name[0] == "@"):
                self._terms[full[0]] = name
                self._types[name] = full[1] if len(full) > 1 else ""
        longest = sorted(self._prefixes.items(), key=lambda one: -len(one[1]))
        self._longest = [(iri, name) for name, iri in longest]
        self._used = {name for name in self._definitions if name not in self._types}
        self._used -= set(self._prefixes)

    def _full(self, short: str) -> str:
        """The IRI of a compact IRI of the context; empty where its prefix is not free."""
        prefix, colon, local = short.partition(":")
        if not colon or "//" in local:
            return short
        return self._prefixes[prefix] + local if prefix in self._prefixes else ""

    def iri(self, iri: str) -> str:
        """An IRI, with a prefix where there is one. Blank nodes stay as they are."""
        for namespace, name in self._longest:
            local = iri.removeprefix(namespace)
            # "//" after the colon would make the prefix a scheme again.
            if local and local != iri and not local.startswith("//"):
                self._used.add(name)
                return f"{name}:{local}"
        return iri

    def coerce(self, iri: str, type_: str) -> None:
        """Give a property without a type one in this document, by whatever name it has here."""
        name = self._terms.get(iri) or self.iri(iri)
        # pyoxigraph 0.5.13 takes a defined "id:x" for the keyword and an x: none of those.
        if not self._types.get(name) and (name != iri or "://" in iri):
            # A compact IRI may be defined as what it is (JSON-LD 1.1, section 4.1.5).
            self._definitions[name] = {"@id": self.iri(iri), "@type": self.iri(type_)}
            self._terms[iri], self._types[name] = name, type_

    def term(self, iri: str) -> tuple[str, str]:
        """The name of a class or a property, and the type that its values are coerced to."""
        name = self._terms.get(iri)
        if name is None:
            return self.iri(iri), ""
        self._used.add(name)
        return name, self._types[name]

    def used(self) -> dict[str, Any]:
        """The context of the document, in the order of the whole one."""
        for name in list(self._used):
            if name in self._types:
                self._used |= {one.partition(":")[0] for one in _parts(self._definitions[name])}
        return {name: said for name, said in self._definitions.items() if name in self._used}


def _parts(definition: Any) -> list[str]:
    """The IRI and the type of a definition, as the context says them."""
    return (
        [str(one) for one in definition.values()]
        if isinstance(definition, dict)
        else [str(definition)]
    )


def _schemes(graphs: Mapping[str, Statements]) -> set[str]:
    found = set(graphs)
    for triples in graphs.values():
        for one in triples:
            found |= {_name(one.subject), one.predicate.value}
            what = one.object
            found.add(what.datatype.value if isinstance(what, ox.Literal) else _name(what))
    return {iri.partition(":")[0] for iri in found}


def _doubles(graphs: Mapping[str, Statements]) -> list[str]:
    """The properties that have doubles only.

    Without a type, 4.5 could stand as it is and 5.0 not, which JSON-LD takes for an integer: a
    metric that the ontology does not know would be now a number, now an object.
    """
    kinds: dict[str, set[str]] = defaultdict(set)
    for triples in graphs.values():
        for one in triples:
            what = one.object
            found = what.datatype.value if isinstance(what, ox.Literal) else ""
            kinds[one.predicate.value].add(found)
    return sorted(name for name, of in kinds.items() if of == {_DOUBLE})


def _name(node: object) -> str:
    """An IRI, or the label of a blank node."""
    return node.value if isinstance(node, ox.NamedNode) else str(node)


def _nodes(triples: Statements, names: _Names, record: str) -> Iterator[dict[str, Any]]:
    said: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for one in triples:
        said[_name(one.subject)][one.predicate.value].append(one.object)
    for subject in sorted(said, key=lambda name: _place(name, said[name], record)):
        node: dict[str, Any] = {"id": names.iri(subject)}
        types = [one for one in said[subject].get(RDF_TYPE, ()) if not isinstance(one, ox.Literal)]
        if types:
            of = sorted(
                map(_name, types), key=lambda iri: (not iri.startswith(DNNPROV_NAMESPACE), iri)
            )
            node["type"] = _one([names.term(iri)[0] for iri in of])
        told: dict[str, Any] = {}
        for predicate, objects in said[subject].items():
            values = [one for one in objects if predicate != RDF_TYPE or one not in types]
            if values:
                # A type that is a literal is no type to JSON-LD, but a property like any other.
                key, coerced = names.term(predicate)
                ordered = values
                if len(values) > 1:
                    ordered = sorted(values, key=lambda term: natural(str(term)))
                told[key] = _one([_value(names, one, coerced) for one in ordered])
        yield node | dict(sorted(told.items(), key=lambda one: one[0].casefold()))


def _place(subject: str, said: Mapping[str, list[Any]], record: str) -> tuple[Any, ...]:
    """What a node is sorted by: the record, the steps of the run, the rest by name."""
    types = {_name(one) for one in said.get(RDF_TYPE, ())}
    if subject == record:
        return (-1,)
    kind, step = next(
        ((n, s) for n, of in enumerate(_ORDER) for s, one in enumerate(of) if one in types),
        (len(_ORDER), 0),
    )
    numbers = _DIGITS.findall(subject)
    number = natural(numbers[-1]) if kind == _BY_NUMBER and numbers else []
    return (kind, number, step, natural(subject))


def natural(name: str) -> list[Any]:
    """So that epoch 10 comes after epoch 9. Numbers may be longer than ``int`` takes."""
    parts = _DIGITS.split(name)
    return [(len(one.lstrip("0")), one) if n % 2 else one for n, one in enumerate(parts)]


def _value(names: _Names, term: Any, coerced: str) -> Any:
    """An object as JSON, where it is the value of a term that coerces to this type."""
    if isinstance(term, ox.NamedNode | ox.BlankNode):
        name = names.iri(_name(term))
        return name if coerced == "@id" else {"id": name}
    if not isinstance(term, ox.Literal):
        raise UnsupportedError(
            f"JSON-LD 1.1 cannot write the triple term {str(term)[:200]}. Ask for Turtle."
        )
    if term.language:
        said = {"@value": term.value, "@language": term.language}
        return said | ({"@direction": term.direction.value} if term.direction else {})
    datatype = term.datatype.value
    native = _native(term.value, datatype)
    if coerced == datatype or (not coerced and _implied(native) == datatype):
        return native
    if datatype == _STRING:
        return {"@value": native}
    return {"@value": native, "@type": names.iri(datatype)}


def _native(value: str, datatype: str) -> str | int | float | bool:
    """A literal as what JSON has for it, else its text: NaN, -0.0, what is too large, the rest."""
    if datatype == _BOOLEAN:
        return _BOOLEANS.get(value, value)
    if datatype == _INTEGER and _WHOLE(value) and abs(int(value)) <= _MOST_EXACT:
        return int(value)
    if datatype == _DOUBLE and _FLOAT(value):
        number = float(value)
        # pyoxigraph 0.5.13 reads the number -0.0 as 0.0.
        if math.isfinite(number) and (number or not value.startswith("-")):
            return number
    return value


def _implied(native: str | int | float | bool) -> str:
    """The datatype that JSON-LD gives a value without a type (API, Object to RDF Conversion)."""
    if isinstance(native, bool):
        return _BOOLEAN
    if isinstance(native, float):
        return _DOUBLE if native % 1 else _INTEGER
    return _INTEGER if isinstance(native, int) else _STRING


def _one(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _object(node: Mapping[str, Any], level: int) -> str:
    """A node, a property a line; values of a property that fill a line get one each."""
    outer = "    " * level
    lines = []
    for key, value in node.items():
        line = f"{outer}  {_json(key)}: {_json(value)}"
        if isinstance(value, list) and len(line) > _WIDTH:
            inner = ",\n".join(f"{outer}    {_json(one)}" for one in value)
            line = f"{outer}  {_json(key)}: [\n{inner}\n{outer}  ]"
        lines.append(line)
    told = ",\n".join(lines)
    return f"{outer}{{\n{told}\n{outer}}}"
