"""Links between graphs: what is the same thing, or has the same content, in two documents.

Nothing is merged silently. Links stand in a graph of their own, ``links`` under the base, each
with the rule that made it and the evidence, so that questions can go with or without them and all
can be removed as one. What a link leads to depends on one document alone, so that the order of
merges does not matter:

    content     an entity with a SHA-256 is a specialization of the content with that hash; never
                owl:sameAs, which would give what happened to one copy to all. Empty and tiny
                files are equal by chance, and left out.
    orcid       an agent with an ORCID is the person whom that address names.
    base        a record of kprov's under another base is the one of the same path here: every
                path of kprov's is globally unique.
    and those   of a file of rules: see ``linkrules``.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyoxigraph as ox

from kprov_capture.nquads import Graph, Iri
from kprov_capture.terms import PROV_NAMESPACE, RDF_TYPE, Dnnprov, Prov
from kprov_rdf.exchange.linkrules import Rule
from kprov_rdf.exchange.scope import RECORD
from kprov_rdf.store import PREFIXES, Store, select

SAME = "http://www.w3.org/2002/07/owl#sameAs"
# Below this many bytes, files are equal by chance.
TINY = 64
_EMPTY = hashlib.sha256(b"").hexdigest()
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HASHES = frozenset(
    (
        Dnnprov.sha256,
        "http://schema.org/sha256",
        "https://schema.org/sha256",
    )
)
_SIZES = frozenset((Dnnprov.byteSize, "http://www.w3.org/ns/dcat#byteSize"))
_ORCID = re.compile(
    r"(?:https?://(?:www\.)?orcid\.org/|orcid:)?(\d{4}-\d{4}-\d{4}-\d{3}[\dXx])/?", re.ASCII
)
_NAMED_ORCID = re.compile(r"orcid|identifier|sameAs\Z|/url\Z", re.IGNORECASE)
_AGENTS = frozenset(
    f"{PROV_NAMESPACE}{name}" for name in ("Agent", "Person", "Organization", "SoftwareAgent")
)
# What only an activity has, or is (PROV-CONSTRAINTS, constraint 50): it is no entity.
_OF_ACTIVITIES = frozenset(
    f"{PROV_NAMESPACE}{name}"
    for name in ("used", "generated", "invalidated", "startedAtTime", "endedAtTime",
                 "wasInformedBy", "wasAssociatedWith", "wasStartedBy", "wasEndedBy",
                 "qualifiedUsage", "qualifiedAssociation", "qualifiedCommunication",
                 "qualifiedStart", "qualifiedEnd")
)  # fmt: skip
TO_ACTIVITIES = frozenset(
    f"{PROV_NAMESPACE}{name}"
    for name in ("wasGeneratedBy", "wasInvalidatedBy", "wasInformedBy", "activity", "hadActivity")
)
_PATH = re.compile(rf"(?:{RECORD.pattern}|(https?://[^#]*/)content/sha256-[0-9a-f]{{64}})(?:#.*)?")
_RDF = PREFIXES["rdf"]


@dataclass(frozen=True, order=True)
class Link:
    """``subject`` is related to ``target`` by the property ``how``, by ``rule``, since ``why``."""

    subject: str
    how: str
    target: str
    rule: str
    why: str


@dataclass
class _Node:
    """What the graphs say of one thing, as far as it matters here."""

    types: set[str]
    literals: list[tuple[str, str]]
    targets: list[tuple[str, str]]
    is_activity: bool = False


def graph_name(base: str) -> str:
    """The IRI of the graph of links."""
    return f"{base}links"


def matters(rules: Iterable[Rule] = ()) -> Callable[[ox.Quad], bool]:
    """Whether a statement may make a link of its subject."""
    given = list(rules)
    properties = _HASHES | {one.property for one in given}
    things = {thing for one in given for thing in one.things}

    def matter(quad: ox.Quad) -> bool:
        subject, predicate, value, _ = quad
        if not isinstance(subject, ox.NamedNode):
            return False
        if (
            predicate.value in properties
            or subject.value in things
            or _PATH.fullmatch(subject.value)
        ):
            return True
        told = value.value if isinstance(value, ox.Literal | ox.NamedNode) else ""
        return "orcid.org/" in subject.value + told or bool(
            _NAMED_ORCID.search(predicate.value) and _orcid_of(told)
        )

    return matter


def find(
    graphs: Iterable[Iterable[ox.Triple]], base: str, rules: Iterable[Rule] = ()
) -> list[Link]:
    """The links of what stands in these graphs, sorted; ``base`` is that of the folder."""
    nodes: dict[str, _Node] = defaultdict(lambda: _Node(set(), [], []))
    for triples in graphs:
        for one in triples:
            if not isinstance(one.subject, ox.NamedNode):
                continue
            node = nodes[one.subject.value]
            node.is_activity |= one.predicate.value in _OF_ACTIVITIES
            if isinstance(one.object, ox.Literal):
                node.literals.append((one.predicate.value, one.object.value))
            elif isinstance(one.object, ox.NamedNode):
                if one.predicate.value == RDF_TYPE:
                    node.types.add(one.object.value)
                    node.is_activity |= one.object.value == Prov.Activity
                if one.predicate.value in TO_ACTIVITIES:
                    nodes[one.object.value].is_activity = True
                node.targets.append((one.predicate.value, one.object.value))
                if "orcid.org/" in one.object.value:
                    _ = nodes[one.object.value]  # a person who is only pointed at is one too
    given = list(rules)
    found: set[Link] = set()
    for iri, node in nodes.items():
        found.update(_content(iri, node, base))
        found.update(_orcid(iri, node))
        found.update(_base(iri, base))
        for rule in given:
            if node.is_activity and rule.how == Prov.specializationOf:
                continue  # of which only entities are (PROV-CONSTRAINTS, 50 and 55)
            values = [*node.literals, *node.targets]
            found.update(
                Link(iri, rule.how, target, rule.name, why)
                for target, why in rule.targets(iri, node.types, values, base)
                if target != iri
            )
    return sorted(found)


def _content(iri: str, node: _Node, base: str) -> Iterator[Link]:
    """An entity and its content; not of what is content itself, or is said to have it."""
    if Dnnprov.Content in node.types or node.is_activity:
        return
    hashes = {value.lower() for name, value in node.literals if name in _HASHES}
    sizes = {value for name, value in node.literals if name in _SIZES}
    if len(hashes) != 1 or any(size.isdigit() and int(size) < TINY for size in sizes):
        return
    (digest,) = hashes
    if not _SHA256.fullmatch(digest) or digest == _EMPTY:
        return
    if iri.endswith(f"/content/sha256-{digest}") or any(
        how == Prov.specializationOf and target.endswith(f"/content/sha256-{digest}")
        for how, target in node.targets
    ):
        return
    target = f"{base}content/sha256-{digest}"
    yield Link(iri, Prov.specializationOf, target, "content", f"its SHA-256 is {digest}")


def _orcid(iri: str, node: _Node) -> Iterator[Link]:
    """An agent and the person of its ORCID, where it has one and no second."""
    own = _orcid_of(iri)
    if not own and not node.types & _AGENTS:
        return
    said = {
        found
        for name, value in (*node.literals, *node.targets)
        if _NAMED_ORCID.search(name) and (found := _orcid_of(value))
    }
    orcids = {own} if own else said
    if len(orcids) != 1:
        return
    (orcid,) = orcids
    target = f"https://orcid.org/{orcid}"
    if target != iri:
        yield Link(iri, SAME, target, "orcid", f"its ORCID is {orcid}")


def _orcid_of(text: str) -> str:
    """The ORCID in a text that is nothing else; empty for what is none by its check digit."""
    found = _ORCID.fullmatch(text.strip())
    if not found:
        return ""
    # ISO 7064, MOD 11-2.
    orcid, total = found[1].upper(), 0
    for digit in orcid[:-1].replace("-", ""):
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    return orcid if orcid[-1] == ("X" if check == 10 else str(check)) else ""


def _base(iri: str, base: str) -> Iterator[Link]:
    """What kprov named under another base, and the thing of the same path under this one."""
    found = _PATH.fullmatch(iri)
    if found and (found[1] or found[2]) != base:
        path = iri.removeprefix(found[1] or found[2])
        yield Link(iri, SAME, base + path, "base", f"kprov gives the name {path} once")


def text(links: Iterable[Link], base: str) -> str:
    """Links as N-Quads: each as the statement that it is, and what is said of that statement."""
    says = Graph(graph_name(base))
    for one in links:
        says.link(one.subject, one.how, one.target)
        if one.how == Prov.specializationOf:
            for entity in (one.subject, one.target):
                says.node(entity, (Prov.Entity,))
        if one.rule == "content":
            digest = one.target.rpartition("-")[2]
            # No dnnprov:Content, whose size is known: documents may say another one, or none.
            says.node(one.target, (), (Dnnprov.sha256, digest))
        if one.rule == "base" and "#" in one.subject:
            continue  # the link of the record itself says why
        told = hashlib.sha256("\n".join((one.subject, one.how, one.target, one.rule)).encode())
        says.node(
            f"{graph_name(base)}#link-{told.hexdigest()[:32]}",
            (f"{_RDF}Statement",),
            (f"{_RDF}subject", Iri(one.subject)),
            (f"{_RDF}predicate", Iri(one.how)),
            (f"{_RDF}object", Iri(one.target)),
            (f"{PREFIXES['dcterms']}type", one.rule),
            (f"{PREFIXES['rdfs']}comment", one.why),
        )
    return says.text()


_MEETING = """
SELECT ?target ?subject ?graph {
  VALUES ?how { prov:specializationOf <http://www.w3.org/2002/07/owl#sameAs> }
  GRAPH ?graph { ?subject ?how ?target }
} ORDER BY ?target ?subject
"""


def meeting(store: Store, targets: Iterable[str]) -> dict[str, list[str]]:
    """What in the store leads to each of the targets already, in whichever graph."""
    found: dict[str, set[str]] = defaultdict(set)
    for target in sorted(targets):
        for row in select(store, _MEETING, {"target": ox.NamedNode(target)}):
            if isinstance(row["subject"], ox.NamedNode):
                found[target].add(row["subject"].value)
    return {target: sorted(subjects) for target, subjects in found.items()}
