"""Process Run Crate 0.5, on RO-Crate 1.1: https://w3id.org/ro/wfrun/process/0.5

A ``CreateAction`` for each run. Its instrument is the program; its objects are the data and the
settings; its results the files that it wrote, and what the tests reported. Files that are where
they were, with the content that they had, are in the crate; of others there is a description.
The provenance itself is in it as TriG.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kprov_capture import fingerprint
from kprov_capture.terms import Dnnprov
from kprov_rdf.exchange.formats import Files, Written, rdf
from kprov_rdf.exchange.formats.told import Execution, as_json, executions, latest, local
from kprov_rdf.exchange.selection import Selection

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
CRATE = "https://w3id.org/ro/crate/1.1"
METADATA = "ro-crate-metadata.json"
PROVENANCE = "provenance.trig"
_CONTEXT = [
    f"{CRATE}/context",
    "https://w3id.org/ro/terms/workflow-run/context",
    {"sha256": "http://schema.org/sha256"},
]
_UNSAFE = re.compile(r"[^\w.+=@-]+")
_MOST_NAME = 100
_STATUS = {
    "FINISHED": "http://schema.org/CompletedActionStatus",
    "INTERRUPTED": "http://schema.org/FailedActionStatus",
    "FINISHED_WITH_ERROR": "http://schema.org/FailedActionStatus",
    "CRASHED": "http://schema.org/FailedActionStatus",
    "RUNNING": "http://schema.org/ActiveActionStatus",
}

Entity = dict[str, Any]


def write(selection: Selection, form: str) -> Written:  # noqa: ARG001
    """The files of the crate. Raises ``UnsupportedError`` where no run is selected."""
    return Written(_Crate(selection).files())


def _refer(*ids: str) -> Any:
    """References to entities; one alone is no list (RO-Crate 1.1, appendix on JSON-LD)."""
    found = [{"@id": one} for one in dict.fromkeys(ids)]
    return found[0] if len(found) == 1 else found


def _when(at: datetime | None) -> str | None:
    """A time as validators of the profile want it: with milliseconds, and no Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds") if at else None


def _filled(entity: Entity) -> Entity:
    """Without what is not known."""
    return {key: value for key, value in entity.items() if value not in (None, "", [], {})}


def _head(found: list[Execution], parts: list[str], people: list[str]) -> list[Entity]:
    """The descriptor and the root (RO-Crate 1.1, Root Data Entity)."""
    actions = [one.run.iri for one in found]
    tags = sorted({one.run.tag for one in found})
    return [
        {
            "@id": METADATA,
            "@type": "CreativeWork",
            "conformsTo": {"@id": CRATE},
            "about": {"@id": "./"},
        },
        _filled(
            {
                "@id": "./",
                "@type": "Dataset",
                "name": f"Runs of {', '.join(tags)}",
                "description": f"{len(actions)} recorded by kprov, with their provenance",
                "datePublished": latest(found),
                "author": _refer(*people),
                "license": {"@id": "#licence"},
                "conformsTo": {"@id": PROFILE},
                "hasPart": _refer(*parts),
                "mentions": _refer(*actions),
            }
        ),
        {
            "@id": PROFILE,
            "@type": "CreativeWork",
            "name": "Process Run Crate",
            "version": "0.5",
        },
        {
            "@id": "#licence",
            "@type": "CreativeWork",
            "name": "No licence is recorded",
            "description": "Ask the people who are named before you use this.",
        },
    ]


class _Crate:
    """Collects the entities and the files of one crate."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._found = executions(selection, "An RO-Crate")
        self._entities: dict[str, Entity] = {}
        self._contents: Files = {}
        self._parts: list[str] = [PROVENANCE]
        self._people: list[str] = []
        self._several = len(self._found) > 1

    def files(self) -> Files:
        for one in self._found:
            self._action(one)
        trig = rdf.document(self._selection, "trig")
        self._contents[PROVENANCE] = trig
        self._add(
            {
                "@id": PROVENANCE,
                "@type": "File",
                "name": "Provenance of the runs",
                "description": "PROV-O and DNNProv, a named graph for each run",
                "encodingFormat": "application/trig",
                "contentSize": str(len(trig)),
                "sha256": hashlib.sha256(trig).hexdigest(),
            }
        )
        head = _head(self._found, self._parts, self._people)
        graph = [*head, *self._entities.values()]
        self._contents[METADATA] = as_json({"@context": _CONTEXT, "@graph": graph})
        return self._contents

    def _add(self, entity: Entity) -> str:
        """An entity, the first of its @id; gives that."""
        self._entities.setdefault(entity["@id"], _filled(entity))
        return str(entity["@id"])

    def _id(self, one: Execution, name: str) -> str:
        return f"#{one.run.id}-{name}" if self._several else f"#{name}"

    def _action(self, one: Execution) -> str:
        run, told = one.run, one.told
        person = one.person()
        code = next(iter(sorted(told.all(Dnnprov.SourceCode))), None)
        failed = _STATUS.get(run.status, "").endswith("FailedActionStatus")
        settings, metrics = self._values(one)
        results = [*(self._file(one, file) for file in one.written()), *metrics]
        objects = [*(self._file(one, file) for file in one.read()), *self._data(one), *settings]
        return self._add(
            {
                "@id": run.iri,
                "@type": "CreateAction",
                "name": f"Run {run.short} of {run.tag}",
                "description": told.text(code, Dnnprov.commandLine) if code else None,
                "startTime": _when(run.started),
                "endTime": _when(run.ended),
                "actionStatus": _STATUS.get(run.status),
                "error": told.text(one.activity, Dnnprov.error) if failed else None,
                "instrument": {"@id": self._instrument(one, code)},
                "agent": {"@id": self._person(one, person)} if person else None,
                "object": _refer(*objects),
                "result": _refer(*results),
                "subjectOf": {"@id": PROVENANCE},
            }
        )

    def _person(self, one: Execution, person: str) -> str:
        self._people.append(person)
        return self._add({"@id": person, "@type": "Person", "name": one.told.name(person)})

    def _instrument(self, one: Execution, code: str | None) -> str:
        """The program: its script where that is known, else the dataflow by its tag."""
        packages = [  # by their package URLs (purl), which name no host
            self._add(
                {
                    "@id": f"pkg:pypi/{quote(name, '')}@{quote(version, '')}",
                    "@type": "SoftwareApplication",
                    "name": name,
                    "url": f"pkg:pypi/{quote(name, '')}@{quote(version, '')}",
                    "version": version,
                }
            )
            for name, version in one.packages()
        ]
        script = one.told.file_name(code) if code and one.told.text(code, Dnnprov.path) else None
        iri = code or next(iter(sorted(one.told.all(Dnnprov.Dataflow))), f"{one.run.iri}#program")
        return self._add(
            {
                "@id": iri,
                "@type": "SoftwareApplication",
                "name": script or one.run.tag,
                "description": f"The program that made the run of {one.run.tag}",
                "url": iri,
                "softwareVersion": one.told.text(iri, Dnnprov.gitCommit),
                "softwareRequirements": _refer(*packages),
            }
        )

    # -- what was used and made

    def _file(self, one: Execution, file: str) -> str:
        told, content = one.told, one.told.bytes(file)
        name, path = told.file_name(file), told.text(file, Dnnprov.path) or ""
        there = Path(path)
        kept = content and there.is_absolute() and _is(there, content.sha256)
        entity: Entity = {
            "name": name,
            "contentSize": str(content.size) if content and content.size is not None else None,
            "sha256": content.sha256 if content else None,
            "encodingFormat": "application/octet-stream",
        }
        if not content or not kept:
            missing = "It is not in the crate: it is not where it was, or is another one now."
            described = {"@id": self._id(one, local(file)), "@type": "CreativeWork"}
            return self._add(described | entity | {"description": missing, "encodingFormat": None})
        safe = _UNSAFE.sub("_", name).lstrip(".")[-_MOST_NAME:] or "file"
        place = f"files/{content.sha256[:16]}-{safe}"
        self._contents[place] = there
        iri = quote(place)
        if iri not in self._parts:
            self._parts.append(iri)
        return self._add({"@id": iri, "@type": "File", "alternateName": name} | entity)

    def _data(self, one: Execution) -> Iterator[str]:
        for data in one.data():
            told, content = one.told, one.told.bytes(data)
            samples = told.value(data, Dnnprov.sampleCount)
            yield self._add(
                {
                    "@id": self._id(one, local(data)),
                    "@type": "CreativeWork",
                    "name": local(data),
                    "description": ", ".join(
                        text
                        for text in (
                            f"{samples} samples" if samples is not None else "",
                            told.text(data, Dnnprov.sourceType) or "",
                            told.text(data, Dnnprov.unhashedReason) or "",
                        )
                        if text
                    ),
                    "sha256": content.sha256 if content else None,
                }
            )

    def _values(self, one: Execution) -> tuple[list[str], list[str]]:
        """The settings that it began with, and what its tests reported."""
        told = [("setting", name, name, value) for name, value in one.settings().items()]
        tested = [
            (local(test), name, f"{name} of {local(test)}", value)
            for test, values in one.tests()
            for name, value in values.items()
        ]
        ids = [
            self._add(
                {
                    "@id": self._id(one, quote(f"{of}-{name}", "")),
                    "@type": "PropertyValue",
                    "name": shown,
                    "value": str(value) if isinstance(value, bool) else value,
                }
            )
            for of, name, shown, value in (*told, *tested)
        ]
        return ids[: len(told)], ids[len(told) :]


def _is(path: Path, sha256: str) -> bool:
    """Whether a file is there and has this content."""
    try:
        return path.is_file() and fingerprint.of_file(str(path)).sha256 == sha256
    except OSError:
        return False
