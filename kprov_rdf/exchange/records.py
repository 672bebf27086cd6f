"""PROV-O statements of a run as PROV-DM records (the model of the `prov` package).

Our own mapping, after PROV-O sections 3.1-3.3: an unqualified statement and the
node that qualifies it are one record, and what is no PROV relation becomes an
attribute. The catalog is the toplevel instance, the run a bundle in it.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

import pyoxigraph as ox
from prov.identifier import QualifiedName
from prov.model import Literal, ProvBundle, ProvDocument

from kprov_capture.terms import RDF_TYPE, RDFS_LABEL, XSD_NAMESPACE, Prov
from kprov_rdf.errors import UnsupportedError
from kprov_rdf.store import PREFIXES

Value = str | Literal | QualifiedName
Node = dict[str, list[ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple]]

_ELEMENTS = (Prov.Entity, Prov.Activity, Prov.Agent)
_QUALIFIERS = (Prov.Association, Prov.Delegation)
# Predicates that make records of their own, or arguments of one.
_FORMAL = {
    Prov.used, Prov.wasGeneratedBy, Prov.generatedAtTime, Prov.wasInformedBy, Prov.wasDerivedFrom,
    Prov.wasRevisionOf, Prov.wasAttributedTo, Prov.wasAssociatedWith, Prov.qualifiedAssociation,
    Prov.qualifiedDelegation, Prov.specializationOf, Prov.hadMember, Prov.startedAtTime,
    Prov.endedAtTime, RDF_TYPE,
}  # fmt: skip


class _Namer:
    """Qualified names for IRIs, with the prefixes that a document declares."""

    def __init__(self, document: ProvDocument, well_known: dict[str, str]) -> None:
        self._document = document
        self._prefixes = well_known
        self._namespaces: dict[str, object] = {}

    def __call__(self, iri: str) -> QualifiedName:
        cut = max(iri.rfind("#"), iri.rfind("/")) + 1
        namespace = self._namespaces.get(iri[:cut])
        if namespace is None:
            prefix = self._prefixes.get(iri[:cut]) or f"ns{len(self._namespaces)}"
            namespace = self._document.add_namespace(prefix, iri[:cut])
            self._namespaces[iri[:cut]] = namespace
        return namespace[iri[cut:]]  # type: ignore[no-any-return, index]


def _prefixes(run: str) -> dict[str, str]:
    """Namespace to prefix: those that are known, and those of this run's base."""
    base = run.rpartition("run/")[0]
    names = {namespace: prefix for prefix, namespace in PREFIXES.items()}
    names |= {f"{base}{kind}/": kind for kind in ("run", "content", "agent", "metric", "setting")}
    return names | {f"{run}#": "r", base: "kprov"}


def _value(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple, name: _Namer) -> Value:
    if isinstance(term, ox.NamedNode):
        return name(term.value)
    if not isinstance(term, ox.Literal):
        raise UnsupportedError(f"PROV records cannot say {term}: it is a blank node or a triple.")
    if term.language:
        return Literal(term.value, langtag=term.language)
    if term.datatype.value == XSD_NAMESPACE + "string":
        return term.value
    return Literal(term.value, datatype=name(term.datatype.value))


def _time(node: Node, predicate: str) -> datetime | None:
    found = node.get(predicate)
    return datetime.fromisoformat(found[0].value) if found else None  # type: ignore[union-attr]


def _iris(node: Node, predicate: str) -> list[str]:
    return [term.value for term in node.get(predicate, ()) if isinstance(term, ox.NamedNode)]


def _nodes(triples: Iterable[ox.Triple]) -> dict[str, Node]:
    nodes: dict[str, Node] = defaultdict(lambda: defaultdict(list))
    for triple in triples:
        if not isinstance(triple.subject, ox.NamedNode):
            raise UnsupportedError("The run has a blank node, which no record of kprov's has.")
        nodes[triple.subject.value][triple.predicate.value].append(triple.object)
    return {iri: nodes[iri] for iri in sorted(nodes)}


def _element(bundle: ProvBundle, name: _Namer, iri: str, node: Node) -> None:
    """Entity, activity or agent, with its types and everything that is no relation of PROV."""
    types = _iris(node, RDF_TYPE)
    attributes: list[tuple[QualifiedName | str, Value]] = [
        ("prov:type", name(kind)) for kind in types if kind not in _ELEMENTS
    ]
    for predicate, terms in node.items():
        if predicate not in _FORMAL:
            key = "prov:label" if predicate == RDFS_LABEL else name(predicate)
            attributes += [(key, _value(term, name)) for term in terms]
    if Prov.Entity in types:
        bundle.entity(name(iri), attributes)
    if Prov.Activity in types:
        times = (_time(node, Prov.startedAtTime), _time(node, Prov.endedAtTime))
        bundle.activity(name(iri), *times, attributes)
    if Prov.Agent in types:
        bundle.agent(name(iri), attributes)


def _relations(bundle: ProvBundle, name: _Namer, iri: str, node: Node) -> None:
    me = name(iri)
    generated_at = _time(node, Prov.generatedAtTime)
    for activity in _iris(node, Prov.wasGeneratedBy):
        bundle.generation(me, name(activity), generated_at)
    if generated_at and Prov.wasGeneratedBy not in node:
        bundle.generation(me, None, generated_at)
    for entity in _iris(node, Prov.used):
        bundle.usage(me, name(entity))
    for activity in _iris(node, Prov.wasInformedBy):
        bundle.communication(me, name(activity))
    revisions = _iris(node, Prov.wasRevisionOf)
    for entity in dict.fromkeys(_iris(node, Prov.wasDerivedFrom) + revisions):
        revision = [("prov:type", name(Prov.Revision))]
        bundle.derivation(
            me, name(entity), other_attributes=revision if entity in revisions else None
        )
    for agent in _iris(node, Prov.wasAttributedTo):
        bundle.attribution(me, name(agent))
    for entity in _iris(node, Prov.specializationOf):
        bundle.specialization(me, name(entity))
    for entity in _iris(node, Prov.hadMember):
        bundle.membership(me, name(entity))


def _qualified(bundle: ProvBundle, name: _Namer, iri: str, nodes: dict[str, Node]) -> None:
    """Associations and delegations of one node, qualified or not."""
    node, me, told = nodes[iri], name(iri), set()
    for association in _iris(node, Prov.qualifiedAssociation):
        detail = nodes.get(association, {})
        for agent in _iris(detail, Prov.agent):
            plan = next(iter(_iris(detail, Prov.hadPlan)), None)
            bundle.association(me, name(agent), plan and name(plan), name(association))
            told.add(agent)
    for agent in _iris(node, Prov.wasAssociatedWith):
        if agent not in told:
            bundle.association(me, name(agent))
    for delegation in _iris(node, Prov.qualifiedDelegation):
        detail = nodes.get(delegation, {})
        for agent in _iris(detail, Prov.agent):
            activity = next(iter(_iris(detail, Prov.hadActivity)), None)
            bundle.delegation(me, name(agent), activity and name(activity), name(delegation))


def _fill(bundle: ProvBundle, name: _Namer, triples: Iterable[ox.Triple]) -> None:
    nodes = _nodes(triples)
    for iri, node in nodes.items():
        if not set(_iris(node, RDF_TYPE)) & set(_QUALIFIERS):
            _element(bundle, name, iri, node)
    for iri, node in nodes.items():
        _relations(bundle, name, iri, node)
        _qualified(bundle, name, iri, nodes)


def document(run: str, catalog: Iterable[ox.Triple], triples: Iterable[ox.Triple]) -> ProvDocument:
    """A run as a PROV document: what the catalog says of it, and the run as a bundle.

    Raises ``UnsupportedError`` for a blank node.
    """
    result = ProvDocument()
    name = _Namer(result, _prefixes(run))
    _fill(result, name, catalog)
    _fill(result.bundle(name(run)), name, triples)
    return result
