"""What the statements say of each thing, for the formats that are not RDF."""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyoxigraph as ox

from kprov_capture.nquads import double
from kprov_capture.terms import METRICS, RDF_TYPE, RDFS_LABEL, SETTINGS, Dnnprov, Prov
from kprov_rdf.errors import UnsupportedError
from kprov_rdf.exchange.selection import Selection
from kprov_rdf.query import value as python_value
from kprov_rdf.runs import RunInfo

Value = str | int | float | bool
# "loss" of the settings is the name of a function.
_NAMES = {iri: name for name, iri in (*SETTINGS.items(), *METRICS.items()) if name != "loss"} | {
    METRICS["loss"]: "loss"
}


@dataclass(frozen=True)
class Bytes:
    """The content of a thing: SHA-256 in hex, and its size in bytes where it is known."""

    iri: str
    sha256: str
    size: int | None


def local(iri: str) -> str:
    """What follows the last '#' or '/' of an IRI."""
    return iri[max(iri.rfind("#"), iri.rfind("/")) + 1 :]


class Told:
    """The statements of one graph, by what they are about."""

    def __init__(self, triples: Iterable[ox.Triple]) -> None:
        self._said: dict[str, dict[str, list[object]]] = defaultdict(lambda: defaultdict(list))
        self._back: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._classes: dict[str, list[str]] = defaultdict(list)
        for t in triples:
            if not isinstance(t.subject, ox.NamedNode):
                continue
            self._said[t.subject.value][t.predicate.value].append(t.object)
            if isinstance(t.object, ox.NamedNode):
                self._back[t.predicate.value, t.object.value].append(t.subject.value)
                if t.predicate.value == RDF_TYPE:
                    self._classes[t.object.value].append(t.subject.value)

    def all(self, kind: str) -> list[str]:
        """The IRIs of this class, as they were named."""
        return list(dict.fromkeys(self._classes.get(kind, ())))

    def is_a(self, iri: str, kind: str) -> bool:
        return iri in self._classes.get(kind, ())

    def iris(self, iri: str, *predicates: str) -> list[str]:
        """What it is related to, each once."""
        said = self._said.get(iri, {})
        found = (o for p in predicates for o in said.get(p, ()) if isinstance(o, ox.NamedNode))
        return list(dict.fromkeys(one.value for one in found))

    def back(self, predicate: str, iri: str) -> list[str]:
        """What is related to it."""
        return self._back.get((predicate, iri), [])

    def value(self, iri: str, predicate: str) -> Value | None:
        """The least of its values; a time as text."""
        said = self._said.get(iri, {}).get(predicate, ())
        found = sorted((o for o in said if isinstance(o, ox.Literal)), key=str)
        if not found:
            return None
        known = python_value(found[0])
        return known if isinstance(known, (str, int, float, bool)) else found[0].value

    def text(self, iri: str, predicate: str) -> str | None:
        found = self.value(iri, predicate)
        return None if found is None else str(found)

    def name(self, iri: str) -> str:
        """Its label, or the last part of its IRI."""
        return self.text(iri, RDFS_LABEL) or local(iri)

    def values(self, iri: str) -> dict[str, Value]:
        """Its values by the names that Keras has for them, or as they were reported."""
        found: dict[str, Value] = {}
        for predicate in sorted(self._said.get(iri, {})):
            known = self.value(iri, predicate)
            if known is not None:
                found[self.called(predicate)] = known
        return found

    def called(self, predicate: str) -> str:
        reported = self.text(predicate, Dnnprov.reportedName)
        return reported or _NAMES.get(predicate) or local(predicate)

    def bytes(self, iri: str) -> Bytes | None:
        """The content of a thing, its own or that of what it is a specialization of."""
        for one in (iri, *self.iris(iri, Prov.specializationOf)):
            sha256, size = self.text(one, Dnnprov.sha256), self.value(one, Dnnprov.byteSize)
            if sha256:
                return Bytes(one, sha256, size if isinstance(size, int) else None)
        return None

    def data_name(self, iri: str) -> str:
        """Its label, the name of the file that it is, or the last part of its IRI."""
        return self.text(iri, RDFS_LABEL) or self.file_name(iri)

    def file_name(self, iri: str) -> str:
        """The name of a file without its folders."""
        path = (self.text(iri, Dnnprov.path) or "").replace("\\", "/").rstrip("/")
        return path.rpartition("/")[2] or local(iri)


@dataclass(frozen=True)
class Execution:
    """One run: its graph, what that says, and the parts of it that the formats tell of."""

    run: RunInfo
    told: Told

    @property
    def activity(self) -> str:
        found = self.told.all(Dnnprov.ExecuteDataflow)
        return found[0] if found else f"{self.run.iri}#execution"

    def files(self) -> Iterator[str]:
        """Files, but not the members of archives, that have a name."""
        inside = {
            member
            for one in self.told.all(Dnnprov.File)
            for member in self.told.iris(one, Prov.hadMember)
        }
        for one in sorted(self.told.all(Dnnprov.File)):
            if one not in inside and self.told.text(one, Dnnprov.path):
                yield one

    def written(self) -> list[str]:
        return [one for one in self.files() if self.told.iris(one, Prov.wasGeneratedBy)]

    def read(self) -> list[str]:
        """Files that it used and did not write."""
        return [one for one in self.files() if not self.told.iris(one, Prov.wasGeneratedBy)]

    def data(self) -> list[str]:
        return sorted(self.told.all(Dnnprov.Dataset))

    def models(self) -> list[str]:
        """The models that it made."""
        made = self.told.all(Dnnprov.TrainedModel)
        return sorted(
            one
            for one in made
            if self.told.iris(one, Prov.wasGeneratedBy) and not self.told.is_a(one, Dnnprov.File)
        )

    def settings(self) -> dict[str, Value]:
        """The settings that the training began with."""
        for config in sorted(self.told.all(Dnnprov.iTraining)):
            if not self.told.iris(config, Prov.wasRevisionOf):
                return self.told.values(config)
        return {}

    def tests(self) -> list[tuple[str, dict[str, Value]]]:
        """Each test, with what it reported."""
        found = []
        for metrics in sorted(self.told.all(Dnnprov.oTesting)):
            for test in self.told.iris(metrics, Prov.wasGeneratedBy):
                found.append((test, self.told.values(metrics)))
        return found

    def last_metrics(self) -> dict[str, Value]:
        """The numbers that the last epoch reported."""
        rows = self.told.all(Dnnprov.oTraining)
        found = [self.told.values(one) for one in rows]
        last = max(found, key=lambda row: _number(row.get("epoch")), default={})
        return {name: value for name, value in last.items() if not isinstance(value, str)}

    def person(self) -> str | None:
        return next(iter(sorted(self.told.all(Prov.Person))), None)

    def packages(self) -> list[tuple[str, str]]:
        """Name and version of each package of the environment."""
        found = (
            (self.told.text(p, Dnnprov.packageName), self.told.text(p, Dnnprov.packageVersion))
            for p in self.told.all(Dnnprov.SoftwarePackage)
        )
        return sorted((name, version or "") for name, version in found if name)


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else -1.0


def executions(selection: Selection, format_name: str) -> list[Execution]:
    """The runs that are selected, in the order in which they were asked for.

    Raises ``UnsupportedError`` where there is none.
    """
    graphs = selection.graphs
    found = [Execution(run, Told(graphs.get(run.iri, ()))) for run in selection.runs]
    if not found:
        raise UnsupportedError(
            f"{format_name} tells of runs, and there is none in what is to be exported. Name a "
            "run, or write TriG, which says everything."
        )
    return found


def as_json(value: object) -> bytes:
    """JSON in UTF-8 for a file; what is infinite or no number is a text, as in XSD."""
    text = json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode("utf-8", "replace")


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return double(value) if isinstance(value, float) and not math.isfinite(value) else value


def when(at: datetime | None) -> str | None:
    """A time as ISO 8601 in UTC."""
    if at is None:
        return None
    zoned = at if at.tzinfo else at.replace(tzinfo=UTC)
    return zoned.astimezone(UTC).isoformat().replace("+00:00", "Z")


def latest(found: Sequence[Execution]) -> str:
    """When the last of the runs ended, or began."""
    times = [at for one in found if (at := one.run.ended or one.run.started)]
    return when(max(times, default=datetime(1970, 1, 1, tzinfo=UTC))) or ""
