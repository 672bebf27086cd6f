"""Messages of FlowCept: tasks, workflows and agents, as it sends, buffers, or exports them.

    {"type": "task", "task_id": "…", "activity_id": "train", "workflow_id": "…",
     "used": {"batch_size": 64}, "generated": {"loss": 0.04}, "started_at": 1675607958.5,
     "ended_at": 1675607958.6, "status": "FINISHED", "telemetry_at_end": {…}}

A task and a workflow are activities, what a task used and generated an entity each, with a value
a key. All messages about one task are one activity: of two times the first one is its own, and
the others are kept. A list of messages is read, one message, or one a line; what MongoDB exports
(``{"$numberLong": "1674603140215"}``) is understood.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from kprov_capture.nquads import Iri
from kprov_capture.terms import RDFS_LABEL, Dnnprov, Prov
from kprov_rdf.dm import guards
from kprov_rdf.errors import InputError, LimitError
from kprov_rdf.exchange.foreign.training import moment
from kprov_rdf.exchange.sniff import Format
from kprov_rdf.exchange.sources import Source
from kprov_rdf.exchange.statements import Statements
from kprov_rdf.store import PREFIXES

FORMAT = Format(
    "messages of FlowCept",
    "application/json",
    versions=(
        "0.x to 1.0: messages of tasks, workflows and agents as JSON, one a line, or as MongoDB "
        "exports them"
    ),
    kept=(
        "tasks and workflows as activities, what they used and generated as entities with a "
        "value a key; campaigns, persons, machines, adapters, agents, telemetry; all else by "
        "its name"
    ),
    left="what tasks have in common by equal values is not linked",
)
MAX_MESSAGES = 500_000
_PART_OF = PREFIXES["dcterms"] + "isPartOf"
_KEYS = (b'"used"', b'"generated"', b'"campaign_id"', b'"workflow_id"', b'"activity_id"')
_IDS = {"task": "task_id", "workflow": "workflow_id", "agent": "agent_id"}
_VALUES = ("used", "generated")
# Seconds since 1970 are that much in some thousands of years; milliseconds were, in 1973.
_MILLISECONDS = 1e11

Record = dict[str, list[Any]]


def claims(source: Source) -> bool:
    """Whether it is JSON of tasks or workflows with FlowCept's keys."""
    start = source.beginning(1 << 16)
    if source.is_folder or not start.lstrip().startswith((b"{", b"[")):
        return False
    known = sum(key in start for key in _KEYS)
    task = b'"task_id"' in start and known > 0
    return task or (b'"workflow_id"' in start and b'"flowcept' in start)


def read(source: Source, says: Statements) -> None:
    """Say what the messages tell. Raises ``InputError`` where one is no object."""
    found: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for place, message in enumerate(_messages(source), 1):
        if place > MAX_MESSAGES:
            raise LimitError(f"{source.name} has more than {MAX_MESSAGES:,} messages. Split it.")
        if not isinstance(message, dict):
            raise InputError(
                f"Message {place} of {source.name} is none of FlowCept's: an object was wanted; "
                f"found {type(message).__name__}."
            )
        says.records += 1
        known = found.setdefault(_key(message, place), {})
        for name, value in message.items():
            # In JSON 1, 1.0 and true differ, which in Python are equal.
            same = json.dumps(value, sort_keys=True)
            known.setdefault(name, {})
            if value is not None:
                known[name].setdefault(same, value)
    told = _Told(says)
    for (kind, key), known in found.items():
        told.say(kind, key, {name: list(values.values()) for name, values in known.items()})


def _messages(source: Source) -> Iterator[Any]:
    data = source.data.removeprefix(guards.BOM)
    lines = [line for line in data.splitlines() if line.strip()]
    if len(lines) > 1 and all(line.strip().endswith(b"}") for line in lines[:2]):
        for place, line in enumerate(lines, 1):
            yield guards.load_json(line, f"line {place} of {source.name}")
        return
    found = guards.load_json(data, source.name)
    yield from found if isinstance(found, list) else [found]


def _key(message: Mapping[str, Any], place: int) -> tuple[str, str]:
    """What a message is about. One without an id is about itself."""
    kind = message.get("type")
    if not isinstance(kind, str) or kind not in _IDS:
        kind = next((one for one, name in _IDS.items() if message.get(name)), "message")
    found = message.get(_IDS.get(kind, ""))
    if isinstance(found, str | int | float) and not isinstance(found, bool) and found != "":
        return kind, str(found)
    return "message", str(place)


def _plain(value: Any) -> Any:
    """A value of MongoDB's Extended JSON as it is in JSON: a number, a text."""
    if isinstance(value, dict) and len(value) == 1:
        ((kind, inner),) = value.items()
        if kind in ("$numberLong", "$numberInt", "$numberDouble", "$numberDecimal"):
            try:
                return int(inner) if kind in ("$numberLong", "$numberInt") else float(inner)
            except (TypeError, ValueError):
                return value
        if kind in ("$date", "$oid"):
            return _plain(inner)
    return value


def _time(value: Any) -> datetime | None:
    """A time in seconds since 1970; exports of the first versions have milliseconds."""
    found = _plain(value)
    if isinstance(found, int | float) and not isinstance(found, bool) and found > _MILLISECONDS:
        found = found / 1000 if found < 10**18 else None
    return moment(found)


def _text(record: Record, *names: str) -> str:
    """The first value that is a text which is not empty, or a number."""
    for name in names:
        for value in map(_plain, record.get(name, ())):
            if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
                return str(value)
    return ""


class _Told:
    def __init__(self, says: Statements) -> None:
        self.says = says

    def say(self, kind: str, key: str, record: Record) -> None:
        if kind == "agent":
            self._agent(key, record)
        elif kind == "message":
            iri = self.says.name("message", key)
            self.says.node(iri, (Prov.Entity,), (RDFS_LABEL, "a message of FlowCept"))
            self._rest(iri, record, ())
        else:
            self._activity(kind, key, record)

    def _agent(self, key: str, record: Record) -> None:
        iri = self.says.name("agent", key)
        self.says.node(
            iri, (Prov.SoftwareAgent, Prov.Agent), (RDFS_LABEL, _text(record, "name") or key)
        )
        self._rest(iri, record, ("agent_id", "name"))

    def _activity(self, kind: str, key: str, record: Record) -> None:
        says = self.says
        iri = says.name(kind, key)
        named = ("activity_id", "subtype") if kind == "task" else ("name", "workflow_name")
        started, ended = (
            next((one for value in record.get(name, ()) if (one := _time(value))), None)
            for name in ("started_at", "ended_at")
        )
        says.node(
            iri,
            (Prov.Activity,),
            (RDFS_LABEL, _text(record, *named) or key),
            (Prov.startedAtTime, started),
            (Prov.endedAtTime, ended),
        )
        self._values(iri, kind, key, record)
        self._informed(iri, kind, record)
        self._agents(iri, record)
        if campaign := _text(record, "campaign_id"):
            whole = says.name("campaign", campaign)
            says.node(whole, (Prov.Collection, Prov.Entity), (RDFS_LABEL, campaign))
            says.link(iri, _PART_OF, whole)
        told = {_IDS[kind], *_VALUES}
        for name, time in (("started_at", started), ("ended_at", ended)):
            if time is not None and len(record.get(name, ())) == 1:
                told.add(name)
        self._rest(iri, record, told)

    def _values(self, iri: Iri, kind: str, key: str, record: Record) -> None:
        """The entity of what was used, and that of what was generated, with a value a key."""
        says = self.says
        for name in _VALUES:
            found = [one for one in record.get(name, ()) if one not in ({}, [], "")]
            if not found:
                continue
            entity = says.name(kind, key, name)
            says.node(entity, (Prov.Entity,))
            if name == "used":
                says.link(iri, Prov.used, entity)
            else:
                says.link(entity, Prov.wasGeneratedBy, iri)
            for one in found:
                items = one.items() if isinstance(one, dict) else ((name, one),)
                for attribute, value in items:
                    says.json(entity, says.property("attribute", attribute), _plain(value))

    def _informed(self, iri: Iri, kind: str, record: Record) -> None:
        """What it is part of, and what it came after."""
        says = self.says
        whole = _text(record, "workflow_id" if kind == "task" else "parent_workflow_id")
        if whole:
            workflow = says.name("workflow", whole)
            says.node(workflow, (Prov.Activity,))
            says.link(iri, _PART_OF, workflow)
            says.link(iri, Prov.wasInformedBy, workflow)
        parent = [[_text(record, "parent_task_id")]] if kind == "task" else []
        for some in (*record.get("dependencies", ()), *parent):
            for one in some if isinstance(some, list) else ():
                if isinstance(one, str) and one:
                    before = says.name("task", one)
                    says.node(before, (Prov.Activity,))
                    says.link(iri, Prov.wasInformedBy, before)

    def _agents(self, iri: Iri, record: Record) -> None:
        says = self.says
        person = _text(record, "login_name", "user")
        machine = _text(record, "node_name", "hostname")
        adapter = _text(record, "adapter_id", "plugin_id")
        agent = _text(record, "agent_id")
        agents = (
            (person, "person", (Dnnprov.Scientist, Prov.Person, Prov.Agent)),
            (machine, "machine", (Dnnprov.Machine, Prov.Agent)),
            (adapter, "adapter", (Prov.SoftwareAgent, Prov.Agent)),
            (agent, "agent", (Prov.SoftwareAgent, Prov.Agent)),
        )
        for name, kind, types in agents:
            if name:
                one = says.name(kind, name)
                # What an agent is called is told by a message of its own.
                label = None if kind == "agent" else name
                says.node(one, types, (RDFS_LABEL, label))
                says.link(iri, Prov.wasAssociatedWith, one)

    def _rest(self, iri: Iri, record: Record, told: Any) -> None:
        """Keep each value that is not said otherwise, as FlowCept has it."""
        for name in sorted(record.keys() - set(told)):
            for value in record[name]:
                self.says.json(iri, self.says.property("attribute", name), value)
