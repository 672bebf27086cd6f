"""Collecting the statements of a document that is no RDF and no PROV, as a mapping makes them."""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pyoxigraph as ox

from kprov_capture.identity import ncname, segment
from kprov_capture.nquads import Graph, Iri, double, escaped
from kprov_capture.terms import RDFS_LABEL, Prov
from kprov_rdf.dm.repairs import Repairs

RDF_JSON = "http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON"
OWL_DATATYPE_PROPERTY = "http://www.w3.org/2002/07/owl#DatatypeProperty"
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:[^\x00-\x20<>\"{}|\\^`]+\Z")


def _jsonable(value: Any) -> Any:
    """``value`` with texts for the numbers that JSON does not have."""
    if isinstance(value, Mapping):
        return {key: _jsonable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return double(value)
    return value


class Statements(Graph):
    """What one document says, in the graph of its import.

    ``graph`` is that graph's IRI, and ``base`` kprov's own. ``records`` counts what the tool
    itself calls a record, ``notes`` tell what is not taken, and ``repairs`` what was mended.
    ``parts`` are the graphs that it has beside its own. ``contexts`` are those of JSON-LD by
    address.
    """

    def __init__(
        self,
        graph: str,
        base: str,
        contexts: Mapping[str, bytes] | None = None,
        repairs: Repairs | None = None,
    ) -> None:
        super().__init__(graph)
        self.graph = graph
        self.base = base
        self.records = 0
        self.notes: list[str] = []
        self.contexts = contexts or {}
        self.repairs = repairs
        self.parts: set[str] = set()
        self._declared: set[str] = set()
        self._named: dict[str, tuple[str, ...]] = {}

    def name(self, *parts: object) -> Iri:
        """The IRI of a thing that only this document knows, such as ``name("run", id, "model")``.

        Two lists of parts never give the same.
        """
        given = tuple(map(str, parts))
        local = ncname("-".join(given))
        if self._named.setdefault(local, given) != given:
            told = hashlib.sha256(repr(given).encode()).hexdigest()
            local = f"{local}-{told}"
        return Iri(f"{self.graph}#{local}")

    @contextmanager
    def part(self, *parts: object) -> Iterator[Iri]:
        """Say what follows in a graph of its own, a bundle of this import; gives its IRI.

        Questions join what stands in one graph: so each training of a document has one.
        """
        iri = self.name(*parts)
        self.parts.add(iri)
        self.node(iri, (Prov.Bundle, Prov.Entity))
        outer = self._end, self._declared
        self._end, self._declared = f" <{iri}> .\n", set()
        try:
            yield iri
        finally:
            self._end, self._declared = outer

    def iri(self, text: str, kind: str = "id") -> Iri:
        """``text`` as an IRI where it is a whole one, else as a name of this document."""
        if not _ABSOLUTE.match(text):
            return self.name(kind, text)
        try:
            return Iri(ox.NamedNode(text).value)
        except ValueError:  # "http://[", and the like
            return self.name(kind, text)

    def property(self, kind: str, name: str) -> Iri:
        """The property for what a tool calls ``name``: a "metric", a "setting", an "attribute".

        It is the same in all documents, and declared in this one.
        """
        iri = Iri(f"{self.base}{kind}/{ncname(name)}")
        if iri not in self._declared:
            self._declared.add(iri)
            self.node(iri, [OWL_DATATYPE_PROPERTY], (RDFS_LABEL, name))
        return iri

    def agent(self, kind: str, name: str) -> Iri:
        """The IRI of a program: the same in all documents."""
        return Iri(f"{self.base}agent/{kind}-{segment(name)}")

    def literal(self, subject: str, predicate: str, lexical: str, datatype: str) -> None:
        """Say a literal that Python has no type for; ``datatype`` is an IRI, or "@" and a tag."""
        kind = datatype if datatype.startswith("@") else f"^^<{datatype}>"
        self._lines.append(f'<{subject}> <{predicate}> "{escaped(lexical)}"{kind}{self._end}')

    def quads(self, quads: Iterable[ox.Quad]) -> None:
        """Take statements as they are, each in the graph that it names."""
        self._lines.append((ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b"").decode())

    def json(self, subject: str, predicate: str, value: Any) -> None:
        """Keep a value of JSON: a text, number or truth value as such, the rest as rdf:JSON.

        In that, NaN and the infinities are texts: "NaN", "INF", "-INF".
        """
        if isinstance(value, str | bool | int | float):
            self.node(subject, (), (predicate, value))
        elif value is not None:
            text = json.dumps(_jsonable(value), ensure_ascii=False, sort_keys=True)
            self.literal(subject, predicate, text, RDF_JSON)

    def rest(self, subject: str, found: Mapping[str, Any], told: Iterable[str] = ()) -> None:
        """Keep each value of an object whose key is not among ``told``: nothing is lost."""
        for key in sorted(found.keys() - set(told)):
            self.json(subject, self.property("attribute", key), found[key])

    def add(self, text: str) -> None:
        """Say lines of N-Quads, such as the writers of a run of kprov's own make."""
        self._lines.append(text)
