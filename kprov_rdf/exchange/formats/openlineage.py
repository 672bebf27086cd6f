"""OpenLineage run events, a line of JSON each: https://openlineage.io/spec/2-0-2/OpenLineage.json

A run that goes on has a START only; one of which it is not known how it ended has OTHER. Names are
under the base of kprov's IRIs as namespace.
"""

import json
import uuid
from typing import Any

from kprov_capture import __version__
from kprov_capture.terms import Dnnprov, Prov
from kprov_rdf.exchange.formats import Written
from kprov_rdf.exchange.formats.told import Execution, as_json, executions, local, when
from kprov_rdf.exchange.selection import Selection
from kprov_rdf.runs import RUNNING, UNKNOWN

SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACETS = "https://openlineage.io/spec/facets"
_PRODUCER = f"https://w3id.org/dnnprov/kprov-{__version__}"
_ENDS = {"FINISHED": "COMPLETE", "INTERRUPTED": "ABORT", UNKNOWN: "OTHER"}

Json = dict[str, Any]


def write(selection: Selection, form: str) -> Written:  # noqa: ARG001
    """The events in the order of the runs. Raises ``UnsupportedError`` where there is no run."""
    lines, notes = [], []
    for one in executions(selection, "OpenLineage"):
        if not (one.run.started or one.run.ended):
            notes.append(f"{one.run.iri} has no time, which every event has: it is left out")
            continue
        if one.run.started:
            lines.append(_event(one, "START", selection.base))
        if one.run.status != RUNNING:
            lines.append(_event(one, _ENDS.get(one.run.status, "FAIL"), selection.base))
    # Indented text is read again for what is not a number in JSON.
    texts = (f"{json.dumps(json.loads(as_json(one)))}\n".encode() for one in lines)
    return Written(b"".join(texts), tuple(notes))


def _facet(name: str, definition: str, version: str, **said: object) -> Json:
    url = f"{_FACETS}/{version}/{definition}.json#/$defs/{definition}"
    return {name: {"_producer": _PRODUCER, "_schemaURL": url, **said}}


def _event(one: Execution, kind: str, base: str) -> Json:
    run = one.run
    at = run.started if kind == "START" else run.ended or run.started
    read = dict.fromkeys((*one.data(), *one.read()))  # a data set of another tool may be a file
    event: Json = {
        "eventType": kind,
        "eventTime": when(at),
        "producer": _PRODUCER,
        "schemaURL": SCHEMA,
        "run": {"runId": run_id(run.iri), "facets": _run_facets(one, kind)},
        "job": {"namespace": base, "name": run.tag, "facets": _job_facets()},
        "inputs": [_dataset(one, thing, base) for thing in read],
    }
    made = dict.fromkeys((*one.models(), *one.written())) if kind != "START" else ()
    event["outputs"] = [_dataset(one, thing, base) for thing in made]
    return event


def run_id(iri: str) -> str:
    """The UUID in the IRI of a run, or one made of the IRI."""
    try:
        return str(uuid.UUID(iri.rpartition("/")[2]))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, iri))


def _job_facets() -> Json:
    return _facet(
        "jobType", "JobTypeJobFacet", "2-0-3", processingType="BATCH", integration="KPROV",
        jobType="TRAINING",
    )  # fmt: skip


def _run_facets(one: Execution, kind: str) -> Json:
    parameters = [{"key": name, "value": value} for name, value in one.settings().items()]
    found = _facet(
        "jobRunParameters", "JobRunParametersFacet", "1-0-0", parameters=parameters
    ) if parameters else {}  # fmt: skip
    error = one.told.text(one.activity, Dnnprov.error)
    if kind == "FAIL":
        found |= _facet(
            "errorMessage", "ErrorMessageRunFacet", "1-0-0",
            message=error or f"The run is {one.run.status}.", programmingLanguage="Python",
        )  # fmt: skip
    return found


def _dataset(one: Execution, thing: str, base: str) -> Json:
    """A data set, a model or a file: its content is its version."""
    told = one.told
    named = told.text(thing, Dnnprov.path)
    facets: Json = {}
    content = told.bytes(thing)
    if content:
        facets |= _facet(
            "version", "DatasetVersionDatasetFacet", "1-0-0", datasetVersion=content.sha256
        )
    arrays = sorted(m for m in told.iris(thing, Prov.hadMember) if told.is_a(m, Dnnprov.DataArray))
    if arrays:
        fields = [
            {
                "name": local(array),
                "type": told.text(array, Dnnprov.elementType) or "",
                "description": f"shape {told.text(array, Dnnprov.shape) or ''}",
            }
            for array in arrays
        ]
        facets |= _facet("schema", "SchemaDatasetFacet", "1-0-0", fields=fields)
    name = thing.removeprefix(base)
    return {"namespace": base, "name": name, "facets": facets} | (
        {"namespace": "file", "name": named} if named else {}
    )
