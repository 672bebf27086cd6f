"""OpenLineage events (specification 2-0-2): one, a list of them, or one a line.

The events of a run are one activity, whose name is its id: it is the same in all documents. Its
job is the plan, and what sent the events an agent. A dataset is an entity; what a run read and
wrote are states of it (``prov:specializationOf``), by version where that is told, so that a table
that is read and written again is not its own origin. Facets are kept as JSON.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from kprov_capture.nquads import Iri
from kprov_capture.terms import PROV_NAMESPACE, RDFS_LABEL, Dnnprov, Prov
from kprov_rdf.dm.guards import check_characters, decoded, load_json
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.errors import InputError
from kprov_rdf.exchange.foreign.values import date_time, sha256
from kprov_rdf.exchange.sniff import Format
from kprov_rdf.exchange.sources import Source
from kprov_rdf.exchange.statements import Statements

FORMAT = Format(
    "OpenLineage",
    "application/json",
    versions=(
        "events of 1-0 to 2-0-2 (Airflow, Spark, dbt, Flink, Marquez): one, a list, one a line"
    ),
    kept=(
        "the events of a run as one activity `urn:uuid:…` with start, end and status; the job "
        "as plan, producer and engine as agents, the parent run; a state of each data set for "
        "each run or version; column lineage as derivations of data sets; every facet and event "
        "as JSON"
    ),
    left="column lineage between columns stands in the JSON only",
)
# How the last event of a run says that it ended, in the words of the ontology.
_ENDS = {"COMPLETE": "FINISHED", "FAIL": "FAILED", "ABORT": "STOPPED"}
_ALTERNATE = f"{PROV_NAMESPACE}alternateOf"
_MARKS = re.compile(rb'"(?:producer|schemaURL)"\s*:')
_SUBJECTS = re.compile(rb'"(?:run|job|dataset)"\s*:\s*\{')

_JSON_TYPES: dict[type[Any], str] = {dict: "an object", list: "a list", str: "a text"}

Json = dict[str, Any]


def claims(source: Source) -> bool:
    """Whether it has the keys that every event has."""
    if source.is_folder or source.beginning(64).lstrip()[:1] not in (b"{", b"["):
        return False
    data = source.data
    return bool(
        b'"eventTime"' in data
        and _MARKS.search(data)
        and _SUBJECTS.search(data)
        and b'"@context"' not in source.beginning()
    )


def read(source: Source, says: Statements) -> None:
    """Say all that the events say.

    Raises ``InputError`` for what is no JSON, and for an event of which a part is of the wrong
    type.
    """
    events = _Events(source.name, says)
    for event in _events(source):
        events.event(event)
    events.close()


def _events(source: Source) -> Iterator[Any]:
    try:
        found = _loaded(source.data, source.name)
    except MalformedError:
        lines = source.data.splitlines()
        first = next((line for line in lines if line.strip()), b"")
        if not first.lstrip().startswith(b"{") or not first.rstrip().endswith(b"}"):
            raise
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _loaded(line, f"{source.name}, line {number},")
        return
    if isinstance(found, dict) and "eventTime" not in found:
        found = found.get("events", found)  # as Marquez answers
    yield from found if isinstance(found, list) else [found]


def _loaded(data: bytes, name: str) -> Any:
    found = load_json(data, name)
    check_characters(decoded(data, name), found, name)
    return found


class _Run:
    """What the events of one run say together."""

    def __init__(self) -> None:
        self.started: datetime | None = None
        self.ended: datetime | None = None
        self.status = ""
        self.inputs: dict[tuple[str, str], Iri] = {}


class _Events:
    """Says events in the order in which they come."""

    def __init__(self, name: str, says: Statements) -> None:
        self._name = name
        self._says = says
        self._runs: dict[Iri, _Run] = defaultdict(_Run)
        self._datasets: set[Iri] = set()

    def _part(self, holder: Mapping[str, Any], key: str, kind: type[Any], default: Any) -> Any:
        found = holder.get(key)
        if found is None:
            return default
        if not isinstance(found, kind):
            raise InputError(
                f"{self._name} is no OpenLineage that can be read: {key!r} of event "
                f"{self._says.records} has to be {_JSON_TYPES[kind]}, found {type(found).__name__}."
            )
        return found

    def _text(self, holder: Mapping[str, Any], key: str) -> str:
        return str(self._part(holder, key, str, ""))

    def event(self, event: Any) -> None:
        """Say what one event says: of a run, of a job, or of a dataset."""
        self._says.records += 1
        event = self._part({"event": event}, "event", dict, {})
        told = {"run", "job", "inputs", "outputs", "dataset"}
        header = {key: value for key, value in event.items() if key not in told}
        producer = self._producer(event)
        job = self._said_job(event)
        if "dataset" in event:
            node = self._dataset(self._part(event, "dataset", dict, {}))
            self._keep(node, header, producer)
        if "run" in event:
            run = self._part(event, "run", dict, {})
            self._run(event, run, header, producer, job)
        elif job is not None:
            self._keep(job, header, producer)
            for key in ("inputs", "outputs"):
                self._job_data(job, key, self._part(event, key, list, []))
        elif "dataset" not in event:
            raise InputError(
                f"{self._name} is no OpenLineage that can be read: event {self._says.records} is "
                "of no run, no job and no dataset."
            )

    def _keep(self, node: Iri, header: Json, producer: Iri | None) -> None:
        self._says.json(node, self._says.property("attribute", "event"), header)
        if producer:
            self._says.node(node, (), (Prov.wasAttributedTo, producer))

    def _producer(self, event: Json) -> Iri | None:
        text = self._text(event, "producer")
        return self._agent(self._says.iri(text, "producer"), text) if text else None

    def _agent(self, node: Iri, label: str) -> Iri:
        self._says.node(node, (Prov.SoftwareAgent, Prov.Agent), (RDFS_LABEL, label))
        return node

    def _facets(self, node: Iri, holder: Mapping[str, Any], key: str = "facets") -> Json:
        facets: Json = self._part(holder, key, dict, {})
        for name, facet in facets.items():
            self._says.json(node, self._says.property("attribute", name), facet)
        return facets

    def _named(self, holder: Json) -> tuple[str, str]:
        return self._text(holder, "namespace"), self._text(holder, "name")

    def _identified(self, node: Iri, holder: Json, *classes: str) -> None:
        namespace, name = self._named(holder)
        self._says.node(
            node,
            (*classes, Prov.Entity),
            (RDFS_LABEL, name),
            (self._says.property("attribute", "namespace"), namespace),
        )

    def _said_job(self, event: Json) -> Iri | None:
        if "job" not in event:
            return None
        job = self._part(event, "job", dict, {})
        node = self._says.name("job", *self._named(job))
        self._identified(node, job, Prov.Plan)
        self._owners(node, self._facets(node, job))
        self._says.rest(node, job, ("namespace", "name", "facets"))
        return node

    def _owners(self, node: Iri, facets: Json) -> None:
        ownership = _object(facets.get("ownership"))
        for owner in _objects(ownership.get("owners")):
            name = owner.get("name")
            if isinstance(name, str) and name:
                agent = self._says.iri(name, "owner")
                self._says.node(agent, (Prov.Agent,), (RDFS_LABEL, name))
                self._says.node(node, (), (Prov.wasAttributedTo, agent))

    def _run_node(self, run: Json) -> Iri:
        text = self._text(run, "runId")
        try:
            node = Iri(f"urn:uuid:{UUID(text)}")
        except ValueError:
            node = self._says.name("run", text)
        self._says.node(node, (Prov.Activity,), (self._says.property("attribute", "runId"), text))
        return node

    def _run(
        self, event: Json, run: Json, header: Json, producer: Iri | None, job: Iri | None
    ) -> None:
        node = self._run_node(run)
        self._says.json(node, self._says.property("attribute", "event"), header)
        facets = self._facets(node, run)
        self._says.rest(node, run, ("runId", "facets"))
        engine = _object(facets.get("processing_engine"))
        agents = [one for one in (producer, self._engine(engine)) if one]
        self._associated(node, agents, job)
        self._parent(node, _object(facets.get("parent")))
        self._times(node, event)
        inputs = self._runs[node].inputs
        for one in self._data(event, "inputs"):
            inputs[self._named(one)] = state = self._state(node, "input", one)
            self._says.node(node, (), (Prov.used, state))
        for one in self._data(event, "outputs"):
            state = self._state(node, "output", one)
            self._says.node(state, (), (Prov.wasGeneratedBy, node))
            self._columns(state, one, inputs)

    def _engine(self, engine: Json) -> Iri | None:
        name, version = str(engine.get("name") or ""), str(engine.get("version") or "")
        if not name:
            return None
        label = f"{name} {version}".rstrip()
        return self._agent(self._says.agent("software", label), label)

    def _associated(self, node: Iri, agents: list[Iri], job: Iri | None) -> None:
        for one in agents:
            self._says.node(node, (), (Prov.wasAssociatedWith, one))
        if job is None:
            return
        who: list[Iri | None] = [*agents] or [None]
        for agent in who:
            told = self._says.name("association", node, job, agent or "")
            self._says.node(node, (), (Prov.qualifiedAssociation, told))
            self._says.node(told, (Prov.Association,), (Prov.hadPlan, job), (Prov.agent, agent))

    def _parent(self, node: Iri, facet: Json) -> None:
        run, job = _object(facet.get("run")), _object(facet.get("job"))
        if not isinstance(run.get("runId"), str) or run["runId"] == "":
            return
        parent = self._run_node({"runId": run["runId"]})
        if parent != node:
            self._says.node(node, (), (Prov.wasInformedBy, parent))
        plan = self._said_job({"job": {key: job.get(key) for key in ("namespace", "name")}})
        self._associated(parent, [], plan)

    def _times(self, node: Iri, event: Json) -> None:
        """Take note of when the run started and ended, which one event each says."""
        state, run = self._text(event, "eventType"), self._runs[node]
        literal = date_time(self._text(event, "eventTime"))
        if state in _ENDS:
            run.status = _ENDS[state]
        if literal is None:
            self._says.notes.append(
                f"event {self._says.records} has the time {event.get('eventTime')!r}, which is none"
            )
            return
        time = datetime.fromisoformat(literal.value)
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
        if state == "START":
            run.started = min(time, run.started or time)
        elif state in _ENDS:
            run.ended = max(time, run.ended or time)

    def close(self) -> None:
        """Say what only all events of a run together tell."""
        for node, run in self._runs.items():
            self._says.node(
                node,
                (),
                (Prov.startedAtTime, run.started),
                (Prov.endedAtTime, run.ended),
                (Dnnprov.status, run.status or None),
            )

    def _data(self, event: Json, key: str) -> Iterator[Json]:
        for one in self._part(event, key, list, []):
            yield self._part({key: one}, key, dict, {})

    def _dataset_node(self, namespace: str, name: str) -> Iri:
        node = self._says.name("dataset", namespace, name)
        if node not in self._datasets:
            self._datasets.add(node)
            self._identified(node, {"namespace": namespace, "name": name})
        return node

    def _dataset(self, holder: Json) -> Iri:
        """A dataset, at whatever time."""
        node = self._dataset_node(*self._named(holder))
        self._described(node, node, holder)
        return node

    def _state(self, run: Iri, direction: str, holder: Json) -> Iri:
        """A dataset as a run read or wrote it."""
        namespace, name = self._named(holder)
        whole = self._dataset_node(namespace, name)
        facet = _object(self._part(holder, "facets", dict, {}).get("version"))
        version = facet.get("datasetVersion")
        if isinstance(version, str) and version:
            state = self._says.name("dataset", namespace, name, "version", version)
        else:
            state = self._says.name(direction, run, namespace, name)
        self._says.node(state, (Prov.Entity,), (RDFS_LABEL, name), (Prov.specializationOf, whole))
        self._described(state, whole, holder)
        return state

    def _described(self, node: Iri, whole: Iri, holder: Json) -> None:
        facets = self._facets(node, holder)
        for key in ("inputFacets", "outputFacets"):
            statistics = self._facets(node, holder, key)
            for name in ("inputStatistics", "outputStatistics"):
                size = _object(statistics.get(name)).get("size")
                if isinstance(size, int) and not isinstance(size, bool) and size >= 0:
                    self._says.node(node, (), (Dnnprov.byteSize, size))
        self._says.rest(
            node, holder, ("namespace", "name", "facets", "inputFacets", "outputFacets")
        )
        self._owners(whole, facets)
        for facet in facets.values():
            digest = _object(facet).get("sha256")
            if isinstance(digest, str) and sha256(digest):
                self._says.node(node, (), (Dnnprov.sha256, sha256(digest)))
        for one in _objects(_object(facets.get("symlinks")).get("identifiers")):
            other = self._referred(one)
            if other and other != whole:
                self._says.node(whole, (), (_ALTERNATE, other))

    def _referred(self, one: Json) -> Iri | None:
        namespace, name = one.get("namespace"), one.get("name")
        if not isinstance(namespace, str) or not isinstance(name, str):
            return None
        return self._dataset_node(namespace, name)

    def _columns(self, state: Iri, holder: Json, inputs: dict[tuple[str, str], Iri]) -> None:
        """What was written came from the datasets of whose columns its columns were made."""
        facet = _object(_object(holder.get("facets")).get("columnLineage"))
        fields = [_object(one) for one in _object(facet.get("fields")).values()]
        origins = [one for field in fields for one in _objects(field.get("inputFields"))]
        found: dict[Iri, None] = {}
        for one in [*origins, *_objects(facet.get("dataset"))]:
            whole = self._referred(one)
            if whole:
                found[inputs.get((one["namespace"], one["name"]), whole)] = None
        self._says.link(state, Prov.wasDerivedFrom, *(one for one in found if one != state))

    def _job_data(self, job: Iri, key: str, datasets: list[Any]) -> None:
        """What a job reads or writes whenever it runs: nothing has happened."""
        names = []
        for one in datasets:
            holder = self._part({key: one}, key, dict, {})
            self._dataset(holder)
            names.append(dict(zip(("namespace", "name"), self._named(holder), strict=True)))
        if names:
            self._says.json(job, self._says.property("attribute", key), names)


def _object(found: Any) -> Json:
    """What may be anything, where it is an object; the whole is kept as JSON besides."""
    return found if isinstance(found, dict) else {}


def _objects(found: Any) -> list[Json]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
