"""What a name means: the things whose lineage is asked for.

A name is an IRI, the end of one (``#model``), a run and the end of one (``2e40e764#model``), the
path of a file, on this disk or as it was recorded, ``sha256:…``, or a run, which means its models.
Nothing here lists the runs of the store with what they did; of a tag and a hash it asks an index.
"""

import difflib
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph as ox

from kprov_capture.terms import RDF_TYPE, Dnnprov, Prov
from kprov_rdf.errors import InputError, NotFoundError
from kprov_rdf.store import Bindings, Store, select

_RUN = re.compile(r"(?P<base>.*/)run/(?P<id>[0-9a-f-]{36})|.*/import/[^#]+#run-(?P<key>.+)")
_HASH = re.compile(r"(?:sha256[:-])([0-9a-fA-F]{8,64})").fullmatch
_SHOWN = 5
_NEAR = 20_000
_TYPE = ox.NamedNode(RDF_TYPE)
_MODELS = """
SELECT ?graph ?model ?training ?execution {
  GRAPH ?graph {
    { ?model a dnnprov:TrainedModel ; prov:wasGeneratedBy ?making
      VALUES ?kind { dnnprov:Training dnnprov:ModelRestoration }
      ?making a ?kind
      FILTER NOT EXISTS { ?model a dnnprov:Checkpoint } }
    UNION { ?training a dnnprov:Training } UNION { ?execution a dnnprov:ExecuteDataflow }
  }
}
"""
_ENDS = """
SELECT DISTINCT ?graph ?name ?thing {
  GRAPH ?graph { ?thing a ?type }
  FILTER (isIRI(?thing) && (STRENDS(STR(?thing), CONCAT("#", ?name))
                            || STRENDS(STR(?thing), CONCAT("/", ?name))))
} ORDER BY ?thing
"""
_PATHS = """
SELECT DISTINCT ?name ?thing ?path {
  ?thing dnnprov:path ?path FILTER (?path = ?name || STRENDS(?path, CONCAT("/", ?name))
                                    || STRENDS(?path, CONCAT("\\\\", ?name)))
} ORDER BY STR(?path) ?thing
"""
_HASHES = (
    "SELECT DISTINCT ?digits ?thing { ?thing dnnprov:sha256 ?sha FILTER STRSTARTS(?sha, ?digits) }"
)
_TAGS = (
    "SELECT DISTINCT ?name ?graph { GRAPH ?graph { ?plan dnnprov:tag ?name ; a dnnprov:Dataflow } }"
)
_KNOWN = """
SELECT DISTINCT ?name { { ?thing dnnprov:path ?name } UNION { ?plan a dnnprov:Dataflow ;
  dnnprov:tag ?name } }
"""


@dataclass
class Meant:
    """The IRIs that a name means, and what is to be said of how it was understood."""

    iris: tuple[str, ...]
    notes: list[str] = field(default_factory=list)


def find(store: Store, name: str) -> Meant:
    """The things that ``name`` means.

    Raises ``NotFoundError`` where that is nothing, or several things that are not one by their
    content, and ``InputError`` for what is no name.
    """
    if not name.strip():
        raise InputError("The name is empty. Give an IRI, a file, sha256:…, or a run.")
    given = _hash(store, name) or _iri(store, name)
    if given:
        return given
    runs = _Runs(store)
    meanings = [one for one in (_file(store, name), runs.meant(name), runs.end(name)) if one]
    if not meanings:
        raise NotFoundError(_unknown(store, name, runs))
    several = {one.iris: one for one in meanings}
    held = {content for one in meanings for iri in one.iris for content in _contents_of(store, iri)}
    # A file, and a thing whose IRI ends as it is called and which has just its content, are one.
    several = {iris: one for iris, one in several.items() if not held.issuperset(iris)}
    if len(several) > 1:
        listed = "; ".join(", ".join(iris[:_SHOWN]) for iris in several)
        raise NotFoundError(f"{name!r} means several things: {listed}. Give one of the IRIs.")
    return next(iter(several.values()))


def _named(text: str) -> ox.NamedNode | None:
    try:
        return ox.NamedNode(text)
    except ValueError:
        return None  # no IRI: it has a blank, a bracket, or no scheme


def _iri(store: Store, name: str) -> Meant | None:
    term = _named(name)
    if term is None:
        return None
    if _RUN.fullmatch(name):
        found = _of_run(store, name)
        if found:
            return found
    for pattern in ((term, None, None), (None, None, term)):
        if next(iter(store.quads(*pattern)), None) is not None:
            return Meant((name,))
    return None


def _of_run(store: Store, graph: str) -> Meant | None:
    """The models of a run; where it has none, its training, or its execution."""
    rows = list(select(store, _MODELS, {"graph": ox.NamedNode(graph)}))
    for kind in ("model", "training", "execution"):
        found = sorted({row[kind].value for row in rows if isinstance(row[kind], ox.NamedNode)})
        if found:
            return Meant(tuple(found))
    return None


def _hash(store: Store, name: str) -> Meant | None:
    match = _HASH(name)
    if not match:
        return None
    digits = match[1].lower()
    found = _content(store, digits)
    if not found:
        raise NotFoundError(
            f"Nothing with the hash sha256:{digits} is recorded. 'kprov query files --param "
            "run=@latest' lists the files of a run with theirs."
        )
    return Meant(found)


def _content(store: Store, digits: str) -> tuple[str, ...]:
    """The content with this hash, or else the things that say that they have it."""
    rows: Iterable[object]
    if len(digits) == 64:
        told = store.quads(None, ox.NamedNode(Dnnprov.sha256), ox.Literal(digits))
        rows = [one.subject for one in told]
    else:
        rows = [row["thing"] for row in select(store, _HASHES, {"digits": ox.Literal(digits)})]
    found = sorted({one.value for one in rows if isinstance(one, ox.NamedNode)})
    contents = [one for one in found if "/content/sha256-" in one]
    hashes = {one.rpartition("-")[2] for one in contents}
    if len(hashes) > 1:
        raise NotFoundError(
            f"sha256:{digits} is the beginning of {len(hashes)} hashes, among them "
            f"{', '.join(sorted(hashes)[:3])}. Give more digits."
        )
    return tuple(contents or found)


def _file(store: Store, name: str) -> Meant | None:
    """A file by the hash of what it holds now, or else by the path at which it was recorded."""
    path, notes = Path(name), []
    try:
        there = path.is_file()
    except (OSError, ValueError):
        there = False
    if there:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        found = _content(store, digest)
        if found:
            return Meant(found)
        notes = [
            f"the file {name} as it is now (sha256:{digest[:8]}…) is not recorded; this is what "
            "was recorded of its path"
        ]
    names = [str(path.absolute()), name] if there else [name.removeprefix("./")]
    for one in names:
        recorded = _recorded(store, one)
        if recorded:
            return Meant(recorded, notes)
    return None


def _recorded(store: Store, name: str) -> tuple[str, ...]:
    rows = [
        (row["thing"].value, row["path"].value)
        for row in select(store, _PATHS, {"name": ox.Literal(name)})
        if isinstance(row["thing"], ox.NamedNode) and isinstance(row["path"], ox.Literal)
    ]
    things = dict(rows)
    contents = {one: _contents_of(store, one) for one in things}
    if len(set(contents.values())) == 1 and all(contents.values()):
        return next(iter(contents.values()))
    generated = ox.NamedNode(Prov.wasGeneratedBy)
    made = [one for one in things if any(store.quads(ox.NamedNode(one), generated, None))]
    found = made or list(things)
    if len(found) > 1:
        listed = "\n".join(f"  {one}  {things[one]}" for one in found[:_SHOWN])
        rest = f"\n  and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        # Of code that lies in no repository there is no hash.
        hashed = all(contents[one] for one in found)
        what = "files that differ" if hashed else "files, which may differ,"
        raise NotFoundError(
            f"{len(found)} {what} were recorded as {name!r}:\n{listed}{rest}\n"
            f"  Give one of the IRIs{', or its sha256:…' if hashed else '.'}"
        )
    return tuple(found)


def _contents_of(store: Store, thing: str) -> tuple[str, ...]:
    found = store.quads(ox.NamedNode(thing), ox.NamedNode(Prov.specializationOf), None)
    values = {one.object.value for one in found if isinstance(one.object, ox.NamedNode)}
    return tuple(sorted(one for one in values if "/content/sha256-" in one))


class _Runs:
    """The runs of a store by the names of their graphs alone."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.names = store.graphs()
        told = {name: _RUN.fullmatch(name) for name in self.names}
        self.ids = {name: one["id"] or one["key"] for name, one in told.items() if one}

    def graph(self, name: str) -> str | None:
        """The run that a name means, as in ``runs.resolve``."""
        # The first digits of a UUIDv7 are a time: the last name is that of the latest run.
        own = [one for one in self.ids if "/run/" in one]
        if name == "@latest":
            return max(own or self.ids, key=lambda one: self.ids[one], default=None)
        if name in self.ids:
            return name
        exact = [graph for graph, one in self.ids.items() if one == name]
        if exact:
            return exact[0]
        long = name if len(name) >= 4 else "-"
        found = [g for g, one in self.ids.items() if one.startswith(long) or one.endswith(long)]
        if len(found) > 1:
            raise NotFoundError(
                f"{name!r} means {len(found)} runs, among them {', '.join(found[:3])}. Name one."
            )
        if found:
            return found[0]
        rows = select(self.store, _TAGS, {"name": ox.Literal(name)})
        tagged = [row["graph"].value for row in rows if isinstance(row["graph"], ox.NamedNode)]
        return max(
            (one for one in tagged if one in self.ids), key=self.ids.__getitem__, default=None
        )

    def meant(self, name: str) -> Meant | None:
        graph = self.graph(name)
        return _of_run(self.store, graph) if graph else None

    def end(self, name: str) -> Meant | None:
        """The things whose IRIs end so; or of one run, where its name comes first."""
        before, mark, end = name.partition("#")
        if mark and before:
            graph = self.graph(before)
            thing = graph and _named(f"{graph}#{end}")
            if thing and next(iter(self.store.quads(thing, None, None)), None) is not None:
                return Meant((thing.value,))
            return None
        end = end if mark else name
        found = self._ending(end)
        if len(found) > 1:
            listed = ", ".join(found[:_SHOWN])
            raise NotFoundError(
                f"{name!r} means {len(found)} things: {listed}{', …' * (len(found) > _SHOWN)}. "
                "Give one of the IRIs, or put the run before it, as in "
                f"{self._example(found, end)}."
            )
        return Meant((found[0],)) if found else None

    def _ending(self, end: str) -> list[str]:
        found = set()
        for graph in self.names:
            if graph in self.ids and "/run/" in graph:
                thing = _named(f"{graph}#{end}")
                if thing and next(iter(self.store.quads(thing, _TYPE, None)), None) is not None:
                    found.add(thing.value)
            else:
                given: Bindings = {"graph": ox.NamedNode(graph), "name": ox.Literal(end)}
                rows = select(self.store, _ENDS, given)
                found |= {
                    row["thing"].value for row in rows if isinstance(row["thing"], ox.NamedNode)
                }
        return sorted(found.difference(self.names))

    def _example(self, found: Sequence[str], end: str) -> str:
        for one in found:
            run = self.ids.get(one.partition("#")[0])
            if run:
                return f"{run[-8:]}#{end}"
        return f"@latest#{end}"


def _unknown(store: Store, name: str, runs: _Runs) -> str:
    if not runs.names:
        return (
            f"There is nothing to look for {name!r} in: the store is empty. Train with the "
            "callback, or try 'kprov demo'."
        )
    known: set[str] = set()
    for row in select(store, _KNOWN):
        if isinstance(row["name"], ox.Literal):
            known.add(re.split(r"[\\/]", row["name"].value)[-1])
        if len(known) > _NEAR:
            break
    known |= {one[-8:] for one in runs.ids.values()}
    near = difflib.get_close_matches(re.split(r"[\\/]", name)[-1], known, _SHOWN)
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    return (
        f"There is no {name!r} in the store.{hint} Give an IRI or the end of one (#model), a file, "
        "sha256:…, or a run ('kprov runs' lists them)."
    )
