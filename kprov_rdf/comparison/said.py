"""What one run says, as far as two runs are compared in it."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyoxigraph as ox

from kprov_capture.terms import DNNPROV_NAMESPACE, RDFS_LABEL, Dnnprov, Prov
from kprov_rdf import query
from kprov_rdf.runs import RunInfo
from kprov_rdf.store import Bindings, Store, select

Value = Any  # of JSON
Facts = dict[str, Value]
"""Values by name, in the order in which they are shown."""
Things = dict[str, Facts]
"""Facts of several things, by the name of each."""

_LITERALS = """
SELECT ?run ?class ?thing ?property ?name ?value {
  GRAPH ?run {
    ?thing a ?class ; ?property ?value FILTER isLiteral(?value)
    OPTIONAL { ?property dnnprov:reportedName ?name }
  }
} ORDER BY ?thing ?property
"""
_HASHES = """
SELECT ?run ?class ?thing ?sha {
  GRAPH ?run { ?thing a ?class ; (prov:specializationOf?)/dnnprov:sha256 ?sha }
} ORDER BY ?thing
"""
_APPLIED = """
SELECT ?run ?thing ?filter ?config ?read {
  GRAPH ?run {
    { ?thing dnnprov:appliedFilter ?one . ?one rdfs:label ?filter
      OPTIONAL { ?one dnnprov:filterConfig ?config } }
    UNION { ?thing a ?step ; prov:used ?file . ?file a dnnprov:File ; dnnprov:path ?read
            FILTER (?step IN (dnnprov:LoadData, dnnprov:Preprocessing, dnnprov:SplitData,
                              dnnprov:Execution)) }
  }
} ORDER BY ?thing STR(?filter) STR(?read)
"""
_STEPS = (Dnnprov.LoadData, Dnnprov.Preprocessing, Dnnprov.SplitData, Dnnprov.Execution)
# When, and what says the same as something else.
_PASSING = frozenset(
    (
        *(Prov.startedAtTime, Prov.endedAtTime, Prov.generatedAtTime, Dnnprov.requirements),
        *(Dnnprov.sha256, Dnnprov.byteSize, Dnnprov.unhashedReason),
    )
)
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


@dataclass(frozen=True)
class Said:
    """What one run says, as far as two runs are compared in it."""

    store: Store
    info: RunInfo

    @property
    def iri(self) -> str:
        return self.info.iri

    # -- reading

    def _rows(self, text: str, **given: str) -> Iterator[dict[str, Value]]:
        bound: Bindings = {
            "run": ox.NamedNode(self.iri),
            **{name: ox.NamedNode(value) for name, value in given.items()},
        }
        answer = select(self.store, text, bound)
        names = [variable.value for variable in answer.variables]
        for row in answer:
            yield {name: query.value(row[name]) for name in names}

    def _asked(self, name: str) -> Iterator[dict[str, Value]]:
        answer = query.table(self.store, query.find(name), {"run": ox.NamedNode(self.iri)})
        for row in answer.rows:
            yield dict(zip(answer.columns, map(query.value, row), strict=True))

    def _things(self, kind: str) -> Things:
        """What the literals of the things of a class say, by the local name of each."""
        found: dict[str, dict[str, list[Value]]] = defaultdict(lambda: defaultdict(list))
        for row in self._rows(_LITERALS, **{"class": kind}):
            if row["property"] not in _PASSING:
                name = row["name"] or _local(row["property"])
                found[row["thing"]][name].append(row["value"])
        for row in self._rows(_HASHES, **{"class": kind}):
            found[row["thing"]]["sha256"] = [row["sha"]]
        return {
            self._own(thing): {
                name: values[0] if len(values) == 1 else sorted(set(values), key=str)
                for name, values in facts.items()
            }
            for thing, facts in found.items()
        }

    def _own(self, iri: str) -> str:
        """The name of a thing without that of the run, as other tools' runs have it in theirs."""
        name = iri.removeprefix(self.iri)
        return name.lstrip("#/-") if name != iri else _local(iri)

    # -- subjects

    def parameters(self) -> Facts:
        found: Facts = {"dataflow": self.info.tag}
        for row in self._asked("settings"):
            name = _local(str(row["setting"]))
            found[name] = _listed(found.get(name), row["value"])
        callbacks: Counter[str] = Counter()
        for facts in self._things(Dnnprov.Callback).values():
            name = str(facts.get("label", "callback"))
            callbacks[name] += 1
            number = f" {callbacks[name]}" if callbacks[name] > 1 else ""
            found[f"{name}{number}"] = "used"
            for key, value in _settings(facts.get("callbackConfig")).items():
                found[f"{name}{number}.{key}"] = value
        for row in self._asked("tasks"):
            if row["direction"] == "input" and row["attribute"] is not None:
                name = f"{row['transformation']}.{row['attribute']}"
                found[name] = _listed(found.get(name), row["value"])
        return found

    def layers(self) -> Things:
        told = self._things(Dnnprov.Layer)
        order = sorted(told, key=lambda name: (name.count("."), told[name].get("position", 0)))
        found: Things = {}
        for name in order:
            facts = dict(told[name])
            config = _settings(facts.pop("layerConfig", None))
            own = facts.pop("layerName", name)
            config.pop("name", None)
            facts.pop("position", None)  # one that is added moves all behind it
            found[name.removeprefix("layer-") or str(own)] = config | facts
        return found

    def data(self) -> Things:
        """Data sets, their arrays, and the steps of their preparation."""
        sets = self._things(Dnnprov.Dataset)
        return sets | self._things(Dnnprov.DataArray) | self._preparation()

    def _preparation(self) -> Things:
        """Its steps by name, in order: what each was given, applied and read."""
        more: Things = defaultdict(dict)
        for row in self._rows(_APPLIED):
            told = more[self._own(row["thing"])]
            for key in ("filter", "config", "read"):
                if row[key] is not None:
                    told[key] = _listed(told.get(key), row[key])
        steps: Things = {}
        for kind in _STEPS:
            for name, facts in self._things(kind).items():
                steps.setdefault(name, {"type": _local(kind)}).update(facts | more[name])
        found: Things = {}
        seen: Counter[str] = Counter()
        for name in sorted(steps, key=lambda one: (len(one), one)):
            facts = steps[name]
            label = str(facts.pop("label", name))
            seen[label] += 1
            label += f" {seen[label]}" if seen[label] > 1 else ""
            found[label] = facts
        return found

    def code(self) -> Facts:
        return _merged(self._things(Dnnprov.SourceCode))

    def environment(self) -> Facts:
        found = _merged(self._things(Dnnprov.Environment))
        for facts in self._things(Dnnprov.Machine).values():
            found |= {f"machine.{key}": value for key, value in facts.items()}
        gpus = sorted(str(one.get("label")) for one in self._things(Dnnprov.Accelerator).values())
        return found | ({"accelerators": gpus} if gpus else {})

    def packages(self) -> Facts:
        """Versions by name: of all that was installed, or else of what was imported."""
        text = "SELECT ?run ?told { GRAPH ?run { ?any dnnprov:requirements ?told } }"
        found = {
            name: version
            for row in self._rows(text)
            for name, _, version in (line.partition("==") for line in str(row["told"]).split("\n"))
            if name
        }
        if found:
            return found
        told = self._things(Dnnprov.SoftwarePackage).values()
        return {str(one.get("packageName")): one.get("packageVersion") for one in told}

    def adaptations(self) -> Facts:
        found: Facts = {}
        for row in self._asked("adaptations"):
            where = "between fits" if row["epoch"] is None else f"epoch {row['epoch']}"
            name = f"{where}, {row['setting']}"
            said = f"{row['old']} → {row['new']} by {row['technique']}"
            found[name] = _listed(found.get(name), said)
        return found

    def outcome(self) -> Facts:
        found: Facts = {"status": self.info.status, "epochs": self.info.epochs}
        tests: dict[str, str] = {}
        for row in self._asked("tests"):
            test = tests.setdefault(str(row["test"]), f"test {len(tests) + 1}")
            found[f"{test}.{_local(str(row['metric']))}"] = row["value"]
        return found

    def metrics(self) -> dict[str, dict[int, float]]:
        """Values by epoch of each metric, and of the rate; not how long an epoch took."""
        found: dict[str, dict[int, float]] = defaultdict(dict)
        for row in self._asked("metrics"):
            value = row["value"]
            if row["metric"] != Dnnprov.elapsedTime and isinstance(value, int | float):
                found[_local(str(row["metric"]))][int(row["epoch"])] = float(value)
        return dict(found)


def _local(iri: str) -> str:
    if iri.startswith(DNNPROV_NAMESPACE):
        return iri.removeprefix(DNNPROV_NAMESPACE)
    return "label" if iri == RDFS_LABEL else re.split(r"[#/]", iri)[-1]


def _listed(before: Value, value: Value) -> Value:
    if before is None:
        return value
    return [*(before if isinstance(before, list) else [before]), value]


def _merged(things: Mapping[str, Facts]) -> Facts:
    found: Facts = {}
    for facts in things.values():
        found |= facts
    return found


def _settings(text: Value) -> Facts:
    """The settings that JSON tells; an address in memory, which is another each time, left out."""
    if not isinstance(text, str):
        return {}
    try:
        found = json.loads(_ADDRESS.sub("", text))
    except (ValueError, RecursionError):
        return {"config": text}
    return found if isinstance(found, dict) else {"config": found}
