"""PROV-DM records (the model of the `prov` package) as PROV-O statements.

The inverse of ``records``, for all of PROV-DM. A relation is said by its property
(PROV-O section 3.1, table 2) where both ends are known. What else it tells makes a
node that qualifies it (section 3.3, table 3): an identifier, a time, an attribute,
or a further argument.
"""

from collections.abc import Iterable
from datetime import datetime

import pyoxigraph as ox
from prov.identifier import Identifier, QualifiedName
from prov.model import Literal, ProvBundle, ProvDocument, ProvRecord, canonical_xsd_datatype

from kprov_capture.nquads import double
from kprov_capture.terms import PROV_NAMESPACE, RDF_TYPE, RDFS_LABEL, XSD_NAMESPACE
from kprov_rdf.dm.relations import DERIVATIONS, RELATIONS
from kprov_rdf.exchange.scope import Scope

_ATTRIBUTES = {"label": RDFS_LABEL}
_ATTRIBUTES |= {
    old: PROV_NAMESPACE + new for old, new in (("location", "atLocation"), ("role", "hadRole"))
}
_ACTIVITY_TIMES = {"startTime": "startedAtTime", "endTime": "endedAtTime"}
# What documents write for the namespace of XSD that is not quite it.
_XSD_VARIANTS = (XSD_NAMESPACE.rstrip("#"), XSD_NAMESPACE.rstrip("#") + "-datatypes#")

_Pairs = list[tuple[QualifiedName, object]]


def _prov(local: str) -> ox.NamedNode:
    return ox.NamedNode(PROV_NAMESPACE + local)


def _xsd(local: str) -> ox.NamedNode:
    return ox.NamedNode(XSD_NAMESPACE + local)


def _local(name: object) -> str:
    """The local name of a term of PROV; nothing for another name."""
    if isinstance(name, QualifiedName) and name.namespace.uri == PROV_NAMESPACE:
        return str(name.localpart)
    return ""


class Mapper:
    """Makes the statements of one document; ``notes`` tells what could not be said."""

    def __init__(self, scope: Scope) -> None:
        self.quads: list[ox.Quad] = []
        self.records = 0
        self.notes: list[str] = []
        self._scope = scope
        self._graph = scope.graph
        self._type = ox.NamedNode(RDF_TYPE)
        self._terms = {name: _prov(name) for name in _all_terms()}

    def document(self, document: ProvDocument) -> None:
        """The toplevel into the graph of the import, each bundle into its own."""
        self._bundle(document, self._scope.graph)
        for bundle in document.bundles:
            name = bundle.identifier
            if name is not None:
                self._bundle(bundle, self._iri(name))

    def _bundle(self, bundle: ProvBundle, graph: ox.NamedNode) -> None:
        self._graph = graph
        self._timed: set[tuple[ox.NamedNode, str]] = set()
        # Elements first: a time that an activity states itself is not said of its start again.
        for record in sorted(bundle.records, key=lambda one: one.is_relation()):
            self.records += 1
            kind = _local(record.get_type())
            formal: dict[str, object] = {}
            extra: _Pairs = []
            names = {name.uri for name in record.FORMAL_ATTRIBUTES}
            for name, value in record.attributes:
                if name.uri in names:
                    formal[name.localpart] = value
                else:
                    extra.append((name, value))
            if kind in RELATIONS:
                self._relation(kind, record, formal, extra)
            else:
                self._element(kind, record, formal, extra)

    def _say(self, subject: ox.NamedNode, predicate: ox.NamedNode, value: object) -> None:
        self.quads.append(ox.Quad(subject, predicate, self._term(value), self._graph))

    def _iri(self, name: QualifiedName) -> ox.NamedNode:
        return self._scope.iri(str(name.namespace.uri), str(name.localpart))

    def _element(
        self, kind: str, record: ProvRecord, formal: dict[str, object], extra: _Pairs
    ) -> None:
        name = record.identifier
        assert name is not None  # noqa: S101  (prov refuses an element without)
        node = self._iri(name)
        self._say(node, self._type, self._terms[kind])
        for argument, value in formal.items():
            self._say(node, self._terms[_ACTIVITY_TIMES[argument]], value)
            self._timed.add((node, _ACTIVITY_TIMES[argument]))
        self._attributes(node, extra)

    def _attributes(
        self, node: ox.NamedNode, pairs: Iterable[tuple[QualifiedName, object]]
    ) -> None:
        for name, value in pairs:
            local = _local(name)
            if local == "type" and isinstance(value, QualifiedName):
                self._say(node, self._type, value)
            elif local in _ATTRIBUTES:
                self._say(node, ox.NamedNode(_ATTRIBUTES[local]), value)
            else:
                self._say(node, self._iri(name), value)

    def _relation(
        self, kind: str, record: ProvRecord, formal: dict[str, object], extra: _Pairs
    ) -> None:
        how = RELATIONS[kind]
        subject, target = (self._end(formal, end) for end in (how.subject, how.object))
        special, extra = _specials(kind, extra)
        if subject and target:
            self._say(subject, self._terms[how.property], target)
            for one in special:
                self._say(subject, self._terms[DERIVATIONS[one][0]], target)
        if subject and how.time and "time" in formal and (subject, how.time) not in self._timed:
            self._say(subject, self._terms[how.time], formal["time"])
        if not how.qualified:
            self._unqualified(record, subject, formal, extra)
            return
        more = [name for name in how.more if name in formal]
        # What a property of the subject has said already: the relation, or only its time.
        plain = not more if target else how.time and more == ["time"]
        if subject and plain and not (record.identifier or extra):
            return
        node = (
            self._iri(record.identifier) if record.identifier else self._scope.fresh(how.property)
        )
        for one in special:
            self._say(node, self._type, self._terms[one])
        self._say(node, self._type, self._terms[kind])
        if subject:
            for link in [DERIVATIONS[one][1] for one in special] or [how.qualified]:
                self._say(subject, self._terms[link], node)
        if target:
            self._say(node, self._terms[how.influencer], target)
        for name in more:
            self._say(node, self._terms[how.more[name]], formal[name])
        self._attributes(node, extra)

    def _unqualified(
        self,
        record: ProvRecord,
        subject: ox.NamedNode | None,
        formal: dict[str, object],
        extra: _Pairs,
    ) -> None:
        if subject and "bundle" in formal:
            self._say(subject, self._terms["asInBundle"], formal["bundle"])
        if extra or len(formal) < 2:
            self.notes.append(f"PROV-O cannot say all of {record}; its attributes are left out")

    def _end(self, formal: dict[str, object], argument: str) -> ox.NamedNode | None:
        name = formal.get(argument)
        return self._iri(name) if isinstance(name, QualifiedName) else None

    def _term(self, value: object) -> ox.NamedNode | ox.Literal:
        if isinstance(value, ox.NamedNode):
            return value
        if isinstance(value, QualifiedName):
            return self._iri(value)
        if isinstance(value, Literal):
            return self._literal(value)
        if isinstance(value, Identifier):
            return ox.Literal(value.uri, datatype=_xsd("anyURI"))
        if isinstance(value, bool):
            return ox.Literal(value)
        if isinstance(value, datetime):
            return ox.Literal(value.isoformat().replace("+00:00", "Z"), datatype=_xsd("dateTime"))
        kind = canonical_xsd_datatype(value)
        if kind is not None:
            text = double(value) if isinstance(value, float) else str(value)
            return ox.Literal(text, datatype=ox.NamedNode(kind.uri))
        return ox.Literal(str(value))

    def _literal(self, literal: Literal) -> ox.Literal:
        if literal.langtag:
            # Locales such as en_US are what documents write; en-US is the tag of it.
            return ox.Literal(literal.value, language=literal.langtag.replace("_", "-"))
        kind = literal.datatype
        if kind is None or _local(kind) == "InternationalizedString":
            return ox.Literal(literal.value)
        if kind.namespace.uri in _XSD_VARIANTS:
            return ox.Literal(literal.value, datatype=_xsd(kind.localpart))
        return ox.Literal(literal.value, datatype=self._iri(kind))


def _specials(kind: str, extra: _Pairs) -> tuple[list[str], _Pairs]:
    """The types of a derivation that have a property of their own, and all else of it."""
    if kind != "Derivation":
        return [], extra
    special, rest = [], []
    for name, value in extra:
        if _local(name) == "type" and _local(value) in DERIVATIONS:
            special.append(_local(value))
        else:
            rest.append((name, value))
    return special, rest


def _all_terms() -> set[str]:
    """The local names of every term of PROV that the tables above say."""
    names = {"Entity", "Activity", "Agent", "asInBundle", *_ACTIVITY_TIMES.values(), *RELATIONS}
    for how in RELATIONS.values():
        names |= {how.property, how.qualified, how.influencer, how.time, *how.more.values()}
    for kind, terms in DERIVATIONS.items():
        names |= {kind, *terms}
    return names - {""}
