"""What the things of a run are related to, in one literal: a walk reads one statement a run.

Of a run that has ended, the summaries say under a name of its own, so that nobody who asks for the
run is shown it,

    <…/summary?run> summary:related   {thing: [classes, {property: [object, …], …}, graphs], …}

in JSON: of each file, model, data set, training and the like (``KINDS``) all statements whose
object is an IRI or a blank node, whichever graph they are in, and a list of the graphs that tell of
it where others do than that of the run. The classes are one text, with spaces between them. A name
is written with ``^`` for PROV's namespace and ``~`` for DNNProv's; what begins with ``#`` is a
thing of the run. No IRI begins with any of these.

What is there is what the statements say: whoever adds to them makes it anew before the note of how
far a journal was loaded, and who takes away takes it out first. What is not there, as of other
things, in other stores, or while a run goes on, is read from the statements.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import islice
from typing import Any, NamedTuple, cast

import pyoxigraph as ox

from kprov_capture.terms import DNNPROV_NAMESPACE, PROV_NAMESPACE, RDF_TYPE, Dnnprov
from kprov_rdf.store import SUMMARY_GRAPH, SUMMARY_NAMESPACE, LocalStore, Store, select
from kprov_rdf.summaries.generated import subject

KINDS = (
    Dnnprov.File, Dnnprov.TrainedModel, Dnnprov.Dataset, Dnnprov.ModelArchitecture,
    Dnnprov.Training, Dnnprov.iTraining, Dnnprov.ModelExport, Dnnprov.ModelRestoration,
    Dnnprov.LoadData, Dnnprov.Preprocessing, Dnnprov.SplitData,
)  # fmt: skip
"""The classes of what a lineage leads through or stops at. Epochs are none: there are too many."""
MOST = 500
"""A thing of which as many statements tell is left out."""
MOST_THINGS = 256
"""A run that has more of them says nothing: it would be long, and made anew again and again."""
PROPERTY = ox.NamedNode(f"{SUMMARY_NAMESPACE}related")
ENDED = ox.NamedNode(f"{SUMMARY_NAMESPACE}status")

_GRAPH = ox.NamedNode(SUMMARY_GRAPH)
_TYPE = ox.NamedNode(RDF_TYPE)
_NAMESPACES = {"^": PROV_NAMESPACE, "~": DNNPROV_NAMESPACE}
_KNOWN: dict[str, str] = {}
_CLASSES: dict[str, frozenset[str]] = {}
_REMEMBERED = 1_000
_ELSEWHERE = """SELECT DISTINCT ?graph ?s { GRAPH ?graph { ?s ?p ?o } FILTER isIRI(?s)
  FILTER (!STRSTARTS(STR(?s), CONCAT(STR(?graph), "#"))) }"""

Kept = dict[str, list[Any]]
"""What is kept of a run, by the part of a thing's IRI after that of the run."""


class Related(NamedTuple):
    """What a thing is related to: the ``graphs`` that tell of it, its classes, and objects.

    ``by`` has the objects by property, but for rdf:type: an IRI, or the label of a blank node with
    ``_:`` before it.
    """

    graphs: list[str]
    types: frozenset[str]
    by: dict[str, list[str]]


def kept(store: LocalStore, run: str) -> list[ox.Quad]:
    """The statement about a run, where there is one."""
    of_run = subject(run)
    return list(store.about(of_run, _GRAPH, PROPERTY)) if of_run else []


def of(quads: Iterable[ox.Quad]) -> Related:
    """What statements about one thing relate it to, in their order."""
    graphs: dict[str, None] = {}
    by: dict[str, dict[str, None]] = {}
    for one in quads:
        if isinstance(one.graph_name, ox.NamedNode):
            graphs[one.graph_name.value] = None
        if isinstance(one.object, ox.NamedNode):
            by.setdefault(one.predicate.value, {})[one.object.value] = None
        elif isinstance(one.object, ox.BlankNode):
            by.setdefault(one.predicate.value, {})[str(one.object)] = None
    types = frozenset(one for one in by.pop(RDF_TYPE, ()) if not one.startswith("_:"))
    return Related(list(graphs), types, {name: list(objects) for name, objects in by.items()})


def read(store: Store, run: str) -> Kept | None:
    """What is kept of a run; None where nothing is."""
    if isinstance(store, LocalStore):
        for one in kept(store, run):
            return cast(Kept, json.loads(cast(ox.Literal, one.object).value))
    return None


def thing(run: str, part: str, of_run: Kept) -> Related | None:
    """What is kept of one thing of a run."""
    if (found := of_run.get(part)) is None:
        return None
    classes, told, *elsewhere = found
    by = {
        _KNOWN.get(name) or _full(name): [
            run + one if one[0] == "#" else _KNOWN.get(one) or _full(one) for one in objects
        ]
        for name, objects in told.items()
    }
    types = _CLASSES.get(classes)
    if types is None:
        types = frozenset(map(_full, classes.split()))
        if len(_CLASSES) < _REMEMBERED:
            _CLASSES[classes] = types
    return Related(elsewhere[0] if elsewhere else [run], types, by)


def _full(name: str) -> str:
    """A name as it is; kept where it is a term of a vocabulary, of which there are few."""
    namespace = _NAMESPACES.get(name[0])
    if namespace is None:
        return name
    if len(_KNOWN) < _REMEMBERED:
        _KNOWN[name] = namespace + name[1:]
    return namespace + name[1:]


def made(store: LocalStore, run: str) -> Iterator[ox.Quad]:
    """What is to be kept of a run that has ended."""
    iris, of_run = things(store, run), subject(run)
    if of_run is None or not 0 < len(iris) <= MOST_THINGS:
        return
    found = {}
    for iri in sorted(iris):
        quads = list(islice(store.quads(ox.NamedNode(iri), None, None), MOST))
        if len(quads) < MOST:
            graphs, types, by = of(quads)
            told = {
                _short(name, run): [_short(one, run) for one in objects]
                for name, objects in by.items()
            }
            classes = " ".join(sorted(_short(one, "") for one in types))
            found[iri[len(run) + 1 :]] = [classes, told, *([graphs] if graphs != [run] else [])]
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    yield ox.Quad(of_run, PROPERTY, ox.Literal(text), _GRAPH)


def things(store: LocalStore, run: str) -> set[str]:
    """What a run's graph says is of one of these classes, and is a part of the run by its name."""
    graph, beginning = ox.NamedNode(run), f"{run}#"
    return {
        one.subject.value
        for kind in KINDS
        for one in store.quads(None, _TYPE, ox.NamedNode(kind), graph)
        if isinstance(one.subject, ox.NamedNode) and one.subject.value.startswith(beginning)
    }


def _short(iri: str, run: str) -> str:
    if iri.startswith(f"{run}#"):
        return iri[len(run) :]
    for mark, namespace in _NAMESPACES.items():
        if iri.startswith(namespace):
            return mark + iri.removeprefix(namespace)
    return iri


# -- when others tell of the things of a run


def told_in(nquads: bytes) -> set[str]:
    """What the things are parts of that N-Quads text, as capture and merge write it, tells of."""
    names = {line[: line.find(b"#")] for line in BytesIO(nquads) if line[:1] == b"<"}
    return {name[1:].decode("utf-8", "replace") for name in names if b">" not in name}


def told_by(store: LocalStore, graph: str) -> set[str]:
    """The same of what a graph tells of beside what is its own."""
    rows = select(store, _ELSEWHERE, {"graph": ox.NamedNode(graph)})
    return {row["s"].value.partition("#")[0] for row in rows}


def tell_again(store: LocalStore, runs: Iterable[str]) -> None:
    """Make anew what is kept of those of these that are runs that have ended."""
    for iri in sorted(runs):
        if subject(iri) is None:
            continue
        if next(store.about(ox.NamedNode(iri), _GRAPH, ENDED), None) is not None:
            before, now = set(kept(store, iri)), set(made(store, iri))
            store.change(before - now, now - before)


@contextmanager
def unsaying(store: LocalStore, runs: Iterable[str]) -> Iterator[None]:
    """While statements about things of these runs are taken out, nothing is kept of them."""
    told = set(runs)
    for iri in told:
        store.change(kept(store, iri), ())
    yield
    tell_again(store, told)
