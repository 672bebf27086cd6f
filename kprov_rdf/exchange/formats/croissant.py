"""Croissant 1.1 for the data sets of runs: http://mlcommons.org/croissant/1.1

Each array is a ``FileObject`` with its SHA-256, and a ``RecordSet`` whose records are its rows.
Data that were in memory only have no address to fetch: their ``contentUrl`` is the IRI of their
content, which says what they were.
"""

import re
from collections.abc import Iterator
from typing import Any

from kprov_capture.terms import Dnnprov, Prov
from kprov_rdf.exchange.formats import Written
from kprov_rdf.exchange.formats.told import Execution, as_json, executions, latest, local
from kprov_rdf.exchange.selection import Selection

SPECIFICATION = "http://mlcommons.org/croissant/1.1"
# Appendix 1 of the specification: words of Croissant's, and four that are not so simple.
_WORDS = (
    "annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty",
    "excludes", "extract", "field", "fileProperty", "fileObject", "fileSet", "format", "includes",
    "isArray", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "recordSet",
    "references", "regex", "readLines", "sdVersion", "separator", "source", "subField",
    "transform", "unArchive", "value",
)  # fmt: skip
CONTEXT: dict[str, Any] = {
    "@language": "en",
    # With https, as published data sets and mlcroissant have it; the appendix has http.
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
} | {word: f"cr:{word}" for word in _WORDS}
# NumPy's types (by kind and size in bytes) as Croissant's.
_KINDS = {"b": "sc:Boolean", "U": "sc:Text", "S": "sc:Text", "M": "sc:DateTime"}
_NUMBERS = {"i": "cr:Int", "u": "cr:UInt", "f": "cr:Float"}
_TYPE = re.compile(r"[<>=|]?([a-zA-Z])([0-9]*)").match


def write(selection: Selection, form: str) -> Written:  # noqa: ARG001
    """The data sets of the runs as one Croissant data set.

    Raises ``UnsupportedError`` where no run is selected.
    """
    found = executions(selection, "Croissant")
    distribution: dict[str, dict[str, Any]] = {}
    records = [one for run in found for one in _record_sets(run, distribution, len(found) > 1)]
    tags = sorted({one.run.tag for one in found})
    person = next((one for one in found if one.person()), None)
    text = as_json(
        {
            "@context": CONTEXT,
            "@type": "sc:Dataset",
            "conformsTo": SPECIFICATION,
            "name": f"Data of {', '.join(tags)}",
            "description": _description(found),
            "license": {"@type": "sc:CreativeWork", "name": "No licence is recorded"},
            "url": found[0].run.iri,
            "creator": _creator(person),
            "datePublished": latest(found),
            "version": "1.0.0",
            "distribution": list(distribution.values()),
            "recordSet": records,
        }
    )
    return Written(text)


def _description(found: list[Execution]) -> str:
    names = sorted({local(data) for one in found for data in one.data()})
    known = f"{', '.join(names)}: what" if names else "What"
    return f"{known} {_runs(len(found))} used, as kprov recorded."


def _runs(count: int) -> str:
    return "a run" if count == 1 else f"{count} runs"


def _creator(one: Execution | None) -> dict[str, str]:
    person = one.person() if one else None
    if one is None or person is None:
        return {"@type": "sc:Organization", "name": "unknown"}
    return {"@type": "sc:Person", "@id": person, "name": one.told.name(person)}


def _record_sets(
    one: Execution, distribution: dict[str, dict[str, Any]], several: bool
) -> Iterator[dict[str, Any]]:
    """A record set for each array, whose rows are the records: they are files of their own."""
    told = one.told
    for data in one.data():
        samples = told.value(data, Dnnprov.sampleCount)
        reason = told.text(data, Dnnprov.unhashedReason)
        about = [
            local(_role(one, data)),
            f"{samples} samples" if samples is not None else "",
            f"not hashed: {reason}" if reason else "",
        ]
        arrays = [m for m in told.iris(data, Prov.hadMember) if told.is_a(m, Dnnprov.DataArray)]
        if not arrays:
            _file_object(one, data, distribution)
        for array in sorted(arrays):
            name = f"{one.run.short}/{local(array)}" if several else local(array)
            field = _field(one, name, array, distribution)
            if field:
                yield {
                    "@type": "cr:RecordSet",
                    "@id": name,
                    "name": name,
                    "description": ", ".join(filter(None, [local(array), *about])),
                    "field": [field],
                }


def _role(one: Execution, data: str) -> str:
    roles = (Dnnprov.TrainSet, Dnnprov.ValSet, Dnnprov.TestSet)
    return next((role for role in roles if one.told.is_a(data, role)), Dnnprov.Dataset)


def _file_object(one: Execution, thing: str, distribution: dict[str, dict[str, Any]]) -> str | None:
    """The @id of the content of an array or a file, told of once."""
    content = one.told.bytes(thing)
    if content is None:
        return None
    key = f"sha256-{content.sha256}"
    named = one.told.text(thing, Dnnprov.path)
    entry = {
        "@type": "cr:FileObject",
        "@id": key,
        "name": one.told.file_name(thing) if named else local(thing),
        "contentUrl": content.iri,
        "encodingFormat": "application/octet-stream",
        "sha256": content.sha256,
    }
    if content.size is not None:
        entry["contentSize"] = f"{content.size} B"
    distribution.setdefault(key, entry)
    return key


def _field(
    one: Execution, record: str, member: str, distribution: dict[str, dict[str, Any]]
) -> dict[str, Any] | None:
    """A field for an array: the first dimension counts the records, the others are its shape."""
    file = _file_object(one, member, distribution)
    kind = data_type(one.told.text(member, Dnnprov.elementType) or "")
    if file is None or kind is None:
        return None
    told = one.told
    shape = [part for part in (told.text(member, Dnnprov.shape) or "").split(",") if part][1:]
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{record}/values",
        "name": f"{record}/values",
        "description": f"NumPy type {told.text(member, Dnnprov.elementType)}, in C order",
        "dataType": kind,
        "source": {"fileObject": {"@id": file}, "extract": {"fileProperty": "content"}},
    }
    if shape:
        field |= {"isArray": True, "arrayShape": ",".join(shape)}
    return field


def data_type(name: str) -> str | None:
    """Croissant's type for one of NumPy's, such as ``<f4``; None for what has none."""
    found = _TYPE(name)
    if not found:
        return None
    kind, size = found[1], found[2]
    if kind in _NUMBERS and size in ("1", "2", "4", "8"):
        return f"{_NUMBERS[kind]}{int(size) * 8}"
    return _KINDS.get(kind)
