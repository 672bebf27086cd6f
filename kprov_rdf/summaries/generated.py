"""What was generated, by its content: so a walk need not ask all that ever had it.

Ten thousand runs may use the same data. Of each content the summaries say, under a name of its own,

    <…/summary?content> summary:generated "graph thing"

for each thing that is a specialization of it, in whatever graph that is said, and each graph that
says what generated the thing. That is complete, and says nothing else. Only contents have it that
``is_content`` knows, and only things with an IRI: ingest gives names to blank nodes.
"""

import contextlib
import re
from collections.abc import Iterable, Iterator

import pyoxigraph as ox

from kprov_capture.terms import PROV_NAMESPACE, Prov
from kprov_rdf.store import SUMMARY_GRAPH, SUMMARY_NAMESPACE, LocalStore, select

is_content = re.compile(r".*/(?:content/sha256-[0-9a-f]{64}|links#.+)", re.DOTALL).fullmatch
"""Whether an IRI is that of a content: by its SHA-256, or as links have found that it is one."""
PROPERTY = ox.NamedNode(f"{SUMMARY_NAMESPACE}generated")
_GRAPH = ox.NamedNode(SUMMARY_GRAPH)
_SPECIALIZATION, _INVERSE = (
    ox.NamedNode(name) for name in (Prov.specializationOf, f"{PROV_NAMESPACE}generated")
)
_GENERATION = [
    ox.NamedNode(name) for name in (Prov.wasGeneratedBy, f"{PROV_NAMESPACE}qualifiedGeneration")
]
_TOLD = [f"> <{one.value}> ".encode() for one in (*_GENERATION, _SPECIALIZATION, _INVERSE)]
_ALL = """SELECT DISTINCT ?content ?graph ?thing {
  ?thing prov:specializationOf ?content FILTER (isIRI(?thing) && isIRI(?content))
  GRAPH ?graph { %s } }"""
_WAYS = (
    "?thing prov:wasGeneratedBy ?by", "?thing prov:qualifiedGeneration ?by",
    "?by prov:generated ?thing",
)  # fmt: skip


def subject(iri: str) -> ox.NamedNode | None:
    """The name that an IRI has here: whoever asks for the thing itself is shown no index.

    None where it has none, as with an IPv6 address in it.
    """
    try:
        return ox.NamedNode(f"{SUMMARY_GRAPH}?{iri}")
    except ValueError:
        return None


def find(store: LocalStore, content: str) -> Iterator[tuple[str, str]] | None:
    """What was generated with this content, each with the graph that says so.

    None where that is not kept, of what is no content or has no name.
    """
    name = subject(content) if is_content(content) else None
    return None if name is None else _told(store.about(name, _GRAPH, PROPERTY))


def _told(quads: Iterable[ox.Quad]) -> Iterator[tuple[str, str]]:
    for one in quads:
        graph, _, thing = one.object.value.partition(" ")  # type: ignore[union-attr]
        yield thing, graph


def update(store: LocalStore, nquads: bytes) -> None:
    """Add what this text, which was loaded, tells of: a generation, or what has a content."""
    found = {quad for thing in told_in(nquads) for quad in _of(store, thing)}
    if found:
        store.change((), found)


def told_in(nquads: bytes) -> set[ox.NamedNode]:
    """What N-Quads text, as capture and merge write it, tells of by one of these properties.

    Looked for as text, which costs a tenth of reading it; in a literal it may be anything.
    """
    names: set[bytes] = set()
    for property_ in _TOLD:
        at = nquads.find(property_)
        while at >= 0:
            after = at + len(property_)
            if property_ is _TOLD[-1]:
                names.add(nquads[after + 1 : nquads.find(b">", after)])
            else:
                names.add(nquads[nquads.rfind(b"\n", 0, at) + 2 : at])
            at = nquads.find(property_, after)
    found = set()
    for name in names:
        with contextlib.suppress(ValueError):  # UnicodeDecodeError is one
            found.add(ox.NamedNode(name.decode()))
    return found


def told_by(store: LocalStore, graph: str) -> set[ox.NamedNode]:
    """The same of what a graph tells of."""
    where = ox.NamedNode(graph)
    subjects = [
        one.subject
        for name in (*_GENERATION, _SPECIALIZATION)
        for one in store.quads(None, name, None, where)
    ]
    objects = [one.object for one in store.quads(None, _INVERSE, None, where)]
    return {one for one in (*subjects, *objects) if isinstance(one, ox.NamedNode)}


@contextlib.contextmanager
def unsaying(store: LocalStore, things: Iterable[ox.NamedNode]) -> Iterator[None]:
    """While statements about these things are taken out, nothing is said of them."""
    told = set(things)
    store.change({quad for thing in told for quad in _of(store, thing)}, ())
    yield
    store.change((), {quad for thing in told for quad in _of(store, thing)})


def rebuild(store: LocalStore) -> None:
    """Add all that there is."""
    for way in _WAYS:
        rows = select(store, _ALL % way)
        found = {
            _quad(*(row[name].value for name in ("content", "graph", "thing"))) for row in rows
        }
        store.load("".join(sorted(f"{one} .\n" for one in found if one)).encode())


def _of(store: LocalStore, thing: ox.NamedNode) -> Iterator[ox.Quad]:
    had = [one.object for one in store.quads(thing, _SPECIALIZATION, None)]
    contents = {one.value for one in had if isinstance(one, ox.NamedNode) and is_content(one.value)}
    if not contents:  # as of each epoch
        return
    told = [one for name in _GENERATION for one in store.quads(thing, name, None)]
    told += store.quads(None, _INVERSE, thing)
    graphs = {one.graph_name.value for one in told if isinstance(one.graph_name, ox.NamedNode)}
    for content in contents:
        for graph in graphs:
            if quad := _quad(content, graph, thing.value):
                yield quad


def _quad(content: str, graph: str, thing: str) -> ox.Quad | None:
    name = subject(content) if is_content(content) else None
    return name and ox.Quad(name, PROPERTY, ox.Literal(f"{graph} {thing}"), _GRAPH)
