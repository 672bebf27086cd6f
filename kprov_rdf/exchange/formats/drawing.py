"""What a picture of provenance shows: its nodes and arrows, and what stands on them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

import pyoxigraph as ox

from kprov_capture.terms import (
    DNNPROV_NAMESPACE,
    METRICS,
    OWL_DATATYPE_PROPERTY,
    PROV_NAMESPACE,
    RDF_TYPE,
    RDFS_LABEL,
    Dnnprov,
    Prov,
)
from kprov_rdf.dm.relations import DERIVATIONS, RELATIONS
from kprov_rdf.store import PREFIXES

MOST_TEXT = 40  # characters of a line of a node
_MOST_VALUES = 4  # lines of values in a node
# So many members of a collection, or things that one activity used, are drawn as one node where
# they are in no other relation.
_MOST = {"hadMember": 6, "used": 4}

# An activity may have a class of DNNProv alone in a document that somebody else made.
_KINDS = {Prov.Activity: "activity", Prov.Agent: "agent", Prov.Entity: "entity"}
_AGENTS = {Prov.Person, Prov.SoftwareAgent, f"{PROV_NAMESPACE}Organization"}
_ENTITIES = {Prov.Plan, Prov.Collection, Prov.Bundle}
# Relation by property, and the kinds of what it relates.
_ENDS = {
    "entity": "entity", "activity": "activity", "informed": "activity", "informant": "activity",
    "trigger": "entity", "generatedEntity": "entity", "usedEntity": "entity", "agent": "agent",
    "delegate": "agent", "responsible": "agent", "specificEntity": "entity",
    "generalEntity": "entity", "alternate1": "entity", "alternate2": "entity",
    "collection": "entity",
}  # fmt: skip
_RELATIONS = {f"{PROV_NAMESPACE}{one.property}": one for one in RELATIONS.values()}
_DERIVATIONS = {f"{PROV_NAMESPACE}{name}" for name, _ in DERIVATIONS.values()}
_PLANNED = f"{PROV_NAMESPACE}hadPlan"
_QUALIFIED = {
    f"{PROV_NAMESPACE}{one.qualified}": (one.property, f"{PROV_NAMESPACE}{one.influencer}")
    for one in RELATIONS.values()
    if one.qualified
} | {
    f"{PROV_NAMESPACE}{qualified}": (name, f"{PROV_NAMESPACE}entity")
    for name, qualified in DERIVATIONS.values()
}
# In the order in which they stand in a node.
_VALUES = (
    Dnnprov.tag, Dnnprov.technique, Dnnprov.optimizerName, Dnnprov.learningRate, Dnnprov.status,
    Dnnprov.layerType, Dnnprov.sampleCount, Dnnprov.packageVersion, Dnnprov.path,
    METRICS["loss"], METRICS["val_loss"], METRICS["accuracy"], METRICS["val_accuracy"],
)  # fmt: skip
# Of these the name of the property says nothing more.
_PLAIN = {
    Dnnprov.tag, Dnnprov.technique, Dnnprov.optimizerName, Dnnprov.status, Dnnprov.layerType,
    Dnnprov.packageVersion,
}  # fmt: skip
_FOLDED = re.compile(r".*/attribute/(?!elapsedTime|learningRate)[^/]*-best").fullmatch
_NAMES = ("http://schema.org/name", "https://schema.org/name", f"{PREFIXES['dcterms']}title")
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_IS_CONTENT = re.compile(r".*/content/sha256-[0-9a-f]{64}").fullmatch
_DIGEST = re.compile(r"(sha256-[0-9a-f]{8})[0-9a-f]{8,}")


@dataclass
class Node:
    """A node: what it is (entity, activity, agent), and the lines that stand on it.

    ``group`` is the graph that it belongs to, where it is of one only. ``stands_for`` is how
    many nodes are drawn as this one.
    """

    iri: str
    kind: str = ""
    lines: list[str] = field(default_factory=list)
    group: str = ""
    stands_for: int = 1


@dataclass(frozen=True, order=True)
class Arrow:
    """A relation, from what came later to what it was made of."""

    start: str
    end: str
    label: str


@dataclass
class Drawing:
    nodes: dict[str, Node]
    arrows: list[Arrow]


def shown(text: str, most: int = MOST_TEXT) -> str:
    """A text on one line: without controls and marks of direction, and cut."""
    found = _OBEYED.sub(" ", text[: 10 * most]).strip()
    return f"{found[: most - 1]}…" if len(found) > most else found


def local(iri: str) -> str:
    """The last part of an IRI, a digest in it short."""
    trimmed = iri.rstrip("/#")
    name = trimmed[max(trimmed.rfind("#"), trimmed.rfind("/")) + 1 :]
    return _DIGEST.sub(r"\1…", name or iri)


def drawing(graphs: Mapping[str, Sequence[ox.Triple]]) -> Drawing:
    """The elements of PROV that the graphs tell of, and the relations between them."""
    told = [t for triples in graphs.values() for t in triples]
    said: dict[str, list[tuple[str, object]]] = defaultdict(list)
    for t in told:
        subject = _key(t.subject)
        if subject:
            said[subject].append((t.predicate.value, t.object))
    nodes: dict[str, Node] = {}
    for iri in sorted(said):
        kind = _kind(said[iri])
        if kind:
            nodes[iri] = Node(iri, kind)
    arrows = sorted(set(_arrows(said, nodes)))
    # A revision is a derivation, which is said beside it.
    closer = {
        (one.start, one.end) for one in arrows if f"{PROV_NAMESPACE}{one.label}" in _DERIVATIONS
    }
    plain = [a for a in arrows if a.label != "wasDerivedFrom" or (a.start, a.end) not in closer]
    found = Drawing(nodes, plain)
    _leave_out(found, said)
    _gather(found, said)
    digests = _digests(found, said)
    _group(found, graphs)
    for node in found.nodes.values():
        node.lines = node.lines or _lines(node, said[node.iri]) + digests.get(node.iri, [])
    return found


def _key(term: object) -> str:
    """An IRI, or the label of a blank node; of any other term nothing."""
    if isinstance(term, ox.NamedNode):
        return term.value
    return str(term) if isinstance(term, ox.BlankNode) else ""


def _kind(said: Iterable[tuple[str, object]]) -> str:
    types = {o.value for p, o in said if p == RDF_TYPE and isinstance(o, ox.NamedNode)}
    for iri, kind in _KINDS.items():
        if iri in types:
            return kind
    return "agent" if types & _AGENTS else "entity" if types & _ENTITIES else ""


def _arrows(
    said: Mapping[str, Sequence[tuple[str, object]]], nodes: dict[str, Node]
) -> Iterator[Arrow]:
    """The relations, qualified or not; what only they name becomes a node."""
    for iri in sorted(said):
        for predicate, value in said[iri]:
            end = _key(value)
            if not end:
                continue
            if predicate in _RELATIONS or predicate in _DERIVATIONS:
                yield _arrow(iri, predicate, end, nodes)
            elif predicate in _QUALIFIED:
                name, influencer = _QUALIFIED[predicate]
                for of, term in said.get(end, ()):
                    other = _key(term)
                    if of == influencer and other:
                        yield _arrow(iri, f"{PROV_NAMESPACE}{name}", other, nodes)
                    elif of == _PLANNED and other:
                        nodes.setdefault(other, Node(other, "entity"))
                        yield Arrow(iri, other, "hadPlan")


def _arrow(start: str, predicate: str, end: str, nodes: dict[str, Node]) -> Arrow:
    relation = _RELATIONS.get(predicate, RELATIONS["Derivation"])
    for iri, role in ((start, relation.subject), (end, relation.object)):
        nodes.setdefault(iri, Node(iri, _ENDS.get(role, "entity")))
    return Arrow(start, end, predicate.removeprefix(PROV_NAMESPACE))


def _degrees(found: Drawing) -> dict[str, int]:
    degree: dict[str, int] = defaultdict(int)
    for arrow in found.arrows:
        degree[arrow.start] += 1
        degree[arrow.end] += 1
    return degree


def _has_type(said: Iterable[tuple[str, object]], types: set[str]) -> bool:
    return any(p == RDF_TYPE and getattr(o, "value", "") in types for p, o in said)


def _leave_out(found: Drawing, said: Mapping[str, Sequence[tuple[str, object]]]) -> None:
    """Plans that nothing followed, and declarations, where they are in no relation."""
    degree = _degrees(found)
    alone = {Prov.Plan, OWL_DATATYPE_PROPERTY}
    found.nodes = {
        iri: node
        for iri, node in found.nodes.items()
        if degree[iri] or not _has_type(said[iri], alone)
    }


def _digests(
    found: Drawing, said: Mapping[str, Sequence[tuple[str, object]]]
) -> dict[str, list[str]]:
    """The content that only one node has, which is a line on that and no node."""
    degree = _degrees(found)
    lines: dict[str, list[str]] = defaultdict(list)
    for arrow in list(found.arrows):
        if (
            arrow.label == "specializationOf"
            and degree[arrow.end] == 1
            and (_IS_CONTENT(arrow.end) or _has_type(said.get(arrow.end, ()), {Dnnprov.Content}))
        ):
            lines[arrow.start].append(shown(local(arrow.end)))
            found.arrows.remove(arrow)
            del found.nodes[arrow.end]
    return lines


def _gather(found: Drawing, said: Mapping[str, Sequence[tuple[str, object]]]) -> None:
    """Draw as one node what is of one class, in the same relation to the same, and in no other."""
    degree = _degrees(found)
    members: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for arrow in found.arrows:
        if arrow.label in _MOST and degree[arrow.end] == 1:
            kind = _class(said.get(arrow.end, ()))
            members[arrow.start, arrow.label, kind].append(arrow.end)
    for (collection, label, name), ends in members.items():
        if len(ends) <= _MOST[label]:
            continue
        gone = set(ends)
        found.arrows = [one for one in found.arrows if one.end not in gone]
        for end in ends:
            del found.nodes[end]
        iri = f"{collection} {name}"  # no IRI has a blank
        lines = [f"{len(ends)} × {name or 'member'}"]
        found.nodes[iri] = Node(iri, "entity", lines, stands_for=len(ends))
        found.arrows.append(Arrow(collection, iri, label))
    found.nodes = dict(sorted(found.nodes.items()))
    found.arrows.sort()


def _class(said: Iterable[tuple[str, object]]) -> str:
    """The class that says most: the first of DNNProv's that is not PROV's too, or another's."""
    types = [o.value for p, o in said if p == RDF_TYPE and isinstance(o, ox.NamedNode)]
    ours = [one for one in types if one.startswith(DNNPROV_NAMESPACE)]
    others = [one for one in types if not one.startswith((DNNPROV_NAMESPACE, PROV_NAMESPACE))]
    rest = [one for one in types if one not in _KINDS]
    chosen = ours[-1:] or others[:1] or rest[:1]
    return local(chosen[0]) if chosen else ""


def _lines(node: Node, said: Sequence[tuple[str, object]]) -> list[str]:
    """Its name, its class, and some of what is said of it."""
    values: dict[str, str] = {}
    for predicate, value in said:
        if isinstance(value, ox.Literal):
            values.setdefault(predicate, value.value)
    label = values.get(RDFS_LABEL, "")
    if not label and Dnnprov.sha256 not in values:  # files are known by their own names
        label = next((values[one] for one in _NAMES if one in values), "")
    # Names of a document that a merge made fragments are escaped, and may begin with its graph's.
    name = unquote(local(node.iri)).lstrip("#/").removeprefix(f"{local(node.group)}-")
    if name.startswith("sha256-"):  # a digest says nothing to anybody
        name = values.get(Dnnprov.tag, name)
    found = [shown(label or name), shown(_class(said))]
    told = [(predicate, values[predicate]) for predicate in _VALUES if predicate in values]
    told += [(p, text) for p, text in sorted(values.items()) if _FOLDED(p)]
    told += [(p, text) for p, text in values.items() if p.endswith("/attribute/learningRate-last")]
    found += [_value(predicate, text) for predicate, text in told[:_MOST_VALUES]]
    return [line for line in dict.fromkeys(found) if line]


def _value(predicate: str, text: str) -> str:
    if predicate == Dnnprov.path:
        return shown(re.split(r"[\\/]", text)[-1])
    if predicate in _PLAIN:
        return shown(text)
    name = local(predicate).replace("-best", " best").replace("-last", " last")
    return shown(f"{name} {_number(text)}")


def _number(text: str) -> str:
    try:
        return f"{float(text):.4g}"
    except ValueError:
        return text


def _group(found: Drawing, graphs: Mapping[str, Sequence[ox.Triple]]) -> None:
    """Nodes that one of several graphs gives a class stand together.

    Links, which give it to all that is linked, are no such graph. Content is nobody's.
    """
    if len(graphs) < 2:
        return
    of: dict[str, set[str]] = defaultdict(set)
    for name, told in graphs.items():
        for t in told:
            if t.predicate.value == RDF_TYPE:
                of[_key(t.subject)] |= {name, ""} if _IS_CONTENT(_key(t.subject)) else {name}
    for names in of.values():
        names -= {one for one in names if one.endswith("/links")}
    for node in found.nodes.values():
        names = of.get(node.iri.partition(" ")[0], set())
        node.group = next(iter(names)) if len(names) == 1 else ""
