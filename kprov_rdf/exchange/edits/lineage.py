"""Only how one thing came to be, across graphs."""

from collections import defaultdict
from collections.abc import Iterator

import pyoxigraph as ox

from kprov_capture.terms import PROV_NAMESPACE, RDF_TYPE, Dnnprov, Prov
from kprov_rdf.dm.relations import DERIVATIONS, RELATIONS
from kprov_rdf.errors import NotFoundError
from kprov_rdf.exchange.edits.near import kept, pairs
from kprov_rdf.exchange.selection import Graphs

SAME = "http://www.w3.org/2002/07/owl#sameAs"
# From what is later, or more special, to what it was made of. Not whom an activity was done by or
# informed by: a run informs all that it had done, so that everything would be in every lineage.
_BACK = {
    f"{PROV_NAMESPACE}{RELATIONS[one].property}" for one in ("Generation", "Usage", "Derivation")
}
_BACK |= {f"{PROV_NAMESPACE}{name}" for name, _ in DERIVATIONS.values()}
_BACK |= {Prov.specializationOf, f"{PROV_NAMESPACE}alternateOf"}
_WHO = {Prov.wasAssociatedWith, f"{PROV_NAMESPACE}wasAttributedTo"}
_CONTENT = ox.NamedNode(Dnnprov.Content)


def find(graphs: Graphs, name: str) -> str:
    """The IRI of the thing that ``name`` means: its IRI, or the end of it, after # or /.

    Raises ``NotFoundError`` where it means none, or several.
    """
    subjects = {
        t.subject.value
        for told in graphs.values()
        for t in told
        if t.predicate.value == RDF_TYPE and isinstance(t.subject, ox.NamedNode)
    }
    if name in subjects:
        return name
    found = sorted(one for one in subjects if one.endswith((f"/{name}", f"#{name}")))
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFoundError(
            f"{name!r} means {len(found)} things: {', '.join(found[:4])}. Give one of the IRIs."
        )
    raise NotFoundError(
        f"There is no {name!r} in what is exported. Give its IRI, or what follows the last # or / "
        "of it; with --all, it is looked for in everything."
    )


def lineage(graphs: Graphs, of: str) -> dict[str, list[ox.Triple]]:
    """The statements about ``of``, what it was made of, and who made it; catalogs as they are.

    What is linked to the same content, or the same as something, in another graph is followed
    there: so a lineage leads from what one tool recorded to what another did.
    """
    told = {name: list(one) for name, one in graphs.items() if not name.endswith("/catalog")}
    back, who = _relations(told)
    reached: set[object] = {ox.NamedNode(of)}
    wanted: list[object] = list(reached)
    while wanted:
        new = back[wanted.pop()] - reached
        reached |= new
        wanted += new
    reached |= {agent for one in reached for agent in who[one]}
    found = {name: list(one) for name, one in graphs.items() if name not in told}
    for name, triples in told.items():
        mine = list(kept(triples, reached))
        if mine:
            found[name] = mine
    return found


def _relations(told: Graphs) -> tuple[dict[object, set[object]], dict[object, set[object]]]:
    """What each thing was made of, and by whom."""
    back: dict[object, set[object]] = defaultdict(set)
    who: dict[object, set[object]] = defaultdict(set)
    of: dict[object, set[str]] = defaultdict(set)  # the graphs that type a thing
    joined: list[tuple[object, object]] = []
    contents: set[object] = set()
    for name, triples in told.items():
        for t in triples:
            if t.predicate.value == RDF_TYPE:
                if not name.endswith("/links"):  # where all that is linked has its class again
                    of[t.subject].add(name)
                if t.object == _CONTENT:
                    contents.add(t.subject)
            elif t.predicate.value == Prov.specializationOf and name.endswith("/links"):
                contents.add(t.object)
            elif t.predicate.value == SAME:
                joined += ((t.subject, t.object), (t.object, t.subject))
        for one, how, other in pairs(triples):
            if how in _BACK:
                back[one].add(other)
            elif how in _WHO:
                who[one].add(other)
    joined += _beside(back, contents, of)
    for one, other in joined:
        back[one].add(other)
    return back, who


def _beside(
    back: dict[object, set[object]], contents: set[object], of: dict[object, set[str]]
) -> Iterator[tuple[object, object]]:
    """Things of different graphs that have the same content.

    Within a graph its own relations say which of them came first.
    """
    having: dict[object, set[object]] = defaultdict(set)
    for one, others in back.items():
        for content in others & contents:
            having[content].add(one)
    for ones in having.values():
        for one in ones:
            yield from ((one, other) for other in ones if not of[one] & of[other])
