"""What a person wants to know of the things of a lineage, and of the executions they were part of.

Names are the ontology's and PROV's: a class as it is called, or the usual word for it.
"""

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import pyoxigraph as ox

from kprov_capture.terms import (
    DNNPROV_NAMESPACE,
    METRICS,
    PROV_NAMESPACE,
    RDFS_LABEL,
    Dnnprov,
    Prov,
)
from kprov_rdf.lineage.lookups import Reached
from kprov_rdf.lineage.walk import Lineage
from kprov_rdf.store import Node, Store, select

_WORDS = {
    "TrainedModel": "model", "Checkpoint": "checkpoint", "File": "file", "Content": "content",
    "oTesting": "test metrics", "oTraining": "metrics", "oPrediction": "predictions",
    "MetricSeries": "series", "Entity": "entity", "Activity": "activity", "Agent": "agent",
}  # fmt: skip
# Of several classes the first of these says most, and any other of DNNProv's before the rest.
_FIRST = ("FineTuning", "Checkpoint", "TrainedModel", "TrainSet", "ValSet", "TestSet", "SplitData")
_LAST = ("Execution", "Dataset", "File")
_REPORTED = {iri: name for name, iri in METRICS.items()}
_TITLES = (
    RDFS_LABEL, "http://schema.org/name", "https://schema.org/name",
    "http://purl.org/dc/terms/title",
)  # fmt: skip
_FOAF_NAME = "http://xmlns.com/foaf/0.1/name"
_FOLDERS = re.compile(r"\S*[\\/](?=[^\s\\/])")
_RUN = re.compile(r".*/run/[0-9a-f-]{36}").fullmatch
# Names of ours that say no more than the class does.
_SAID = re.compile(
    r"training|model|execution|(?:train|val|test)-set|(?:export|epoch|restoration|adaptation)-\d+"
    r"|testing-1(?:-metrics)?|metrics-\d+"
).fullmatch
_SHA = re.compile(r".*/content/sha256-([0-9a-f]{64})").fullmatch
_PACKAGES = re.compile(r"^(keras|tensorflow(?:-cpu)?|torch|jax)==(\S+)$", re.MULTILINE)
_NUMBER = ("integer", "double", "decimal")
_TAGS = "SELECT ?graph ?tag { GRAPH ?graph { ?plan a dnnprov:Dataflow ; dnnprov:tag ?tag } }"
_EPOCHS = "SELECT ?training ?n { ?s prov:wasGeneratedBy ?training ; dnnprov:epochCount ?n }"


@dataclass(frozen=True)
class Circumstances:
    """In what an activity was done: the code, the environment, and by whom."""

    code: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    agents: tuple[str, ...] = ()


@dataclass
class Told:
    """One thing in words. ``facts`` are short; ``record`` says which run or document tells it."""

    iri: str
    kind: str
    name: str
    at: str
    record: str
    tag: str = ""
    sha256: str = ""
    facts: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    circumstances: Circumstances | None = None


def tell(store: Store, lineage: Lineage) -> dict[str, Told]:
    """All that was reached, in words, by IRI."""
    teller = _Teller(store)
    return {iri: teller.told(one) for iri, one in lineage.nodes.items()}


def local(iri: str) -> str:
    """The last part of an IRI."""
    return unquote(re.split(r"[#/]", iri.rstrip("/#"))[-1] or iri)


def value_of(term: object) -> Any:
    """A literal as a value of JSON; what JSON cannot say, as its text."""
    if not isinstance(term, ox.Literal):
        return None
    kind = term.datatype.value.rpartition("#")[2]
    if kind == "boolean":
        return term.value in ("true", "1")
    if kind in _NUMBER:
        try:
            found = int(term.value) if kind == "integer" else float(term.value)
        except ValueError:
            return term.value
        return found if abs(found) < float("inf") else term.value
    return term.value


class _Teller:
    """Looks up what several things share once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._records: dict[str, tuple[str, str]] = {}
        self._circumstances: dict[Node, Circumstances] = {}
        self._agent: dict[Node, tuple[bool, str]] = {}

    def told(self, one: Reached) -> Told:
        kind = _kind(one.types)
        # Content is nobody's, and stands in the graph of whoever has it.
        mine = one.graphs and kind != "Content"
        record, tag = self._record(one.graphs[0]) if mine else ("", "")
        found = Told(
            one.iri,
            _WORDS.get(kind, kind) or "thing",
            _name(one),
            one.text(Prov.generatedAtTime) or one.text(Prov.startedAtTime),
            record,
            tag,
            _sha256(one),
            values=_values(one),
        )
        found.facts = [fact for fact in self._facts(one, kind) if fact]
        executions = [x for x in one.said.get(Dnnprov.partOfExecution, ()) if _is_node(x)]
        if Dnnprov.Training in one.types and executions:
            found.circumstances = self._of_execution(executions[0])  # type: ignore[arg-type]
        elif Prov.wasAssociatedWith in one.said:
            found.circumstances = Circumstances(agents=self._agents(one.term))
        return found

    def _facts(self, one: Reached, kind: str) -> Iterable[str]:
        if Dnnprov.Training in one.types:
            rate, epochs = one.text(Dnnprov.learningRate), self._epochs(one)
            yield one.text(Dnnprov.optimizerName)
            yield rate and f"learning rate {_short(rate)}"
            yield epochs and f"{epochs} epoch{'s' * (epochs != '1')}"
            informants = [x for x in one.said.get(Prov.wasInformedBy, ()) if _is_node(x)]
            changes = sum(self._is_a(x, Dnnprov.Adaptation) for x in informants)  # type: ignore[arg-type]
            yield f"{changes} adaptation{'s' * (changes > 1)}" if changes else ""
            status = one.text(Dnnprov.status)
            yield status if status != "FINISHED" else ""
            return
        samples = one.text(Dnnprov.sampleCount)
        yield f"{int(samples):,} samples" if samples.isdecimal() else ""
        share = one.text(Dnnprov.splitFraction)
        yield share and f"{_short(share)} of the whole"
        seed = one.text(Dnnprov.seed)
        yield seed and f"seed {seed}"
        for applied in one.said.get(Dnnprov.appliedFilter, ()):
            yield f"using {self._label(applied)}"
        epoch, step = one.text(Dnnprov.epoch), one.text(Dnnprov.step)
        yield epoch and f"epoch {epoch}"
        yield step and f"step {step}"
        yield one.text(Dnnprov.technique)
        if kind in ("oTesting", "oTraining", "oPrediction"):
            for name, value in sorted(found_metrics(one).items()):
                yield f"{name} {value:.4g}"

    def _epochs(self, one: Reached) -> str:
        """How many there were, and of a training that says none yet, how many there are to be."""
        if isinstance(one.term, ox.NamedNode):
            for row in select(self._store, _EPOCHS, {"training": one.term}):
                if isinstance(row["n"], ox.Literal):
                    return row["n"].value
        planned = one.text(Dnnprov.numEpochs)
        return planned and f"up to {planned}"

    def _label(self, term: object) -> str:
        if not _is_node(term):
            return ""
        for title in (*_TITLES, _FOAF_NAME):
            for told in self._store.quads(term, ox.NamedNode(title), None):  # type: ignore[arg-type]
                if isinstance(told.object, ox.Literal):
                    return told.object.value
        return local(getattr(term, "value", ""))

    def _record(self, graph: str) -> tuple[str, str]:
        """What a graph is called, and the tag of its dataflow, of a run."""
        if graph not in self._records:
            tag, name = "", f"run {graph[-8:]}"
            if _RUN(graph) or "#run-" in graph:
                for row in select(self._store, _TAGS, {"graph": ox.NamedNode(graph)}):
                    tag = getattr(row["tag"], "value", "")
            if not _RUN(graph):
                document, _, part = graph.partition("#")
                name = _FOLDERS.sub("", self._label(ox.NamedNode(document)))
                name += f": {part}" if part else ""
            self._records[graph] = name, tag
        return self._records[graph]

    def _of_execution(self, execution: Node) -> Circumstances:
        if execution not in self._circumstances:
            self._circumstances[execution] = Circumstances(
                self._properties(
                    execution, Dnnprov.ranCode,
                    (Dnnprov.gitCommit, Dnnprov.gitDirty, Dnnprov.path, Dnnprov.commandLine),
                ),
                self._properties(
                    execution, Dnnprov.ranIn,
                    (Dnnprov.pythonVersion, Dnnprov.backend, Dnnprov.operatingSystem,
                     Dnnprov.containerImage, Dnnprov.requirements),
                ),
                self._agents(execution),
            )  # fmt: skip
        return self._circumstances[execution]

    def _properties(self, of: Node, by: str, names: Iterable[str]) -> dict[str, Any]:
        """Some values of what ``of`` is related to; not all, an environment has many members."""
        found: dict[str, Any] = {}
        for told in self._store.quads(of, ox.NamedNode(by), None):
            if not isinstance(told.object, ox.NamedNode):
                continue
            for name in names:
                for one in self._store.quads(told.object, ox.NamedNode(name), None):
                    found.setdefault(local(name), value_of(one.object))
        return found

    def _agents(self, activity: Node) -> tuple[str, ...]:
        """The persons and organizations behind an activity; where none are told, any agents."""
        found: list[tuple[bool, str]] = []
        for told in self._store.quads(activity, ox.NamedNode(Prov.wasAssociatedWith), None):
            agent = told.object
            if isinstance(agent, ox.NamedNode | ox.BlankNode):
                if agent not in self._agent:
                    ours = any(self._is_a(agent, kind) for kind in _MACHINES)
                    self._agent[agent] = not ours, self._label(agent)
                found.append(self._agent[agent])
        persons = [name for person, name in found if person]
        return tuple(dict.fromkeys(persons or [name for _, name in found]))

    def _is_a(self, term: Node, kind: str) -> bool:
        # Every run tells of its agents again: one such statement will do.
        return next(iter(self._store.quads(term, _TYPE, ox.NamedNode(kind))), None) is not None


_MACHINES = (Dnnprov.CaptureLibrary, Dnnprov.Machine, Prov.SoftwareAgent)
_TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")


def _is_node(term: object) -> bool:
    return isinstance(term, ox.NamedNode | ox.BlankNode)


def _kind(types: Set[str]) -> str:
    ours = {one.removeprefix(DNNPROV_NAMESPACE) for one in types if DNNPROV_NAMESPACE in one}
    for name in _FIRST:
        if name in ours:
            return name
    special = sorted(ours - set(_LAST))
    others = sorted(one for one in types if not one.startswith((DNNPROV_NAMESPACE, PROV_NAMESPACE)))
    general = [name for name in ("Activity", "Agent", "Entity") if PROV_NAMESPACE + name in types]
    rest = sorted(one.removeprefix(PROV_NAMESPACE) for one in types)
    found = special or sorted(ours) or [local(one) for one in others] or general or rest
    return found[0] if found else ""


def _name(one: Reached) -> str:
    path = one.text(Dnnprov.path)
    if path:
        return re.split(r"[\\/]", path)[-1]
    if Dnnprov.sha256 not in one.said:  # files of a document are known by their own names
        for title in _TITLES:
            if one.text(title):
                return one.text(title)
    name = local(one.iri)
    graph = one.graphs[0] if one.graphs else ""
    if name.startswith("sha256-"):
        return ""
    # What other tools logged has the name of its run in its own.
    name = name.removeprefix(f"{graph.partition('#')[2] or '#'}-")
    return "" if (_RUN(graph) or "#run-" in graph) and _SAID(name) else name


def _sha256(one: Reached) -> str:
    match = _SHA(one.iri)
    if match:
        return match[1]
    for content in one.said.get(Prov.specializationOf, ()):
        match = _SHA(getattr(content, "value", ""))
        if match:
            return match[1]
    return one.text(Dnnprov.sha256)


def _values(one: Reached) -> dict[str, Any]:
    """What literals say of it, by the local name of the property."""
    found: dict[str, Any] = {}
    for name, terms in sorted(one.said.items()):
        values = [value_of(term) for term in terms if isinstance(term, ox.Literal)]
        if values:
            found[local(name)] = values[0] if len(values) == 1 else values
    return found


def found_metrics(one: Reached) -> dict[str, float]:
    """The metrics that it reports, by the names that Keras has for them."""
    found: dict[str, float] = {}
    for name, terms in one.said.items():
        value = value_of(terms[0])
        if name not in (Dnnprov.epoch, Dnnprov.elapsedTime) and isinstance(value, float):
            found[_REPORTED.get(name, local(name))] = value
    return found


def packages(requirements: str) -> list[str]:
    """Those that train, with their versions."""
    return [f"{name} {version}" for name, version in _PACKAGES.findall(requirements)]


def _short(number: str) -> str:
    try:
        return f"{float(number):.6g}"
    except ValueError:
        return number
