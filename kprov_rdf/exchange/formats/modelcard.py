"""Cards of the models that runs made: FAIR4ML 0.1.0 on schema.org (https://w3id.org/fair4ml/0.1.0),
and the same as Markdown for people.

What a run does not know is left out: the task, the intended use, risks, the licence.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from kprov_capture.terms import Dnnprov, Prov
from kprov_rdf.exchange.formats import Written
from kprov_rdf.exchange.formats.told import Execution, Value, as_json, executions, local, when
from kprov_rdf.exchange.selection import Selection
from kprov_rdf.runs import RUNNING, UNKNOWN

_CONTEXT = {
    "@vocab": "http://schema.org/",
    "fair4ml": "https://w3id.org/fair4ml#",
    "cr": "http://mlcommons.org/croissant/",
}
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|<>~$&])")
_LINES = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

Entity = dict[str, Any]


def write(selection: Selection, form: str) -> Written:
    """A card for each model of each run. Raises ``UnsupportedError`` where there is no run."""
    found = executions(selection, "A model card")
    if form == "modelcard-md":
        text = "\n".join(line for one in found for line in _markdown(one))
        return Written(text.encode("utf-8", "replace"))
    entities: dict[str, Entity] = {}
    for one in found:
        for entity in _entities(one):
            entities.setdefault(entity["@id"], entity)
    return Written(as_json({"@context": _CONTEXT, "@graph": list(entities.values())}))


def _filled(entity: Entity) -> Entity:
    return {key: value for key, value in entity.items() if value not in (None, "", [], {})}


def _refer(ids: Sequence[str]) -> list[dict[str, str]]:
    return [{"@id": one} for one in ids]


def _property(name: str, value: Value) -> Entity:
    return {"@type": "PropertyValue", "name": name, "value": value}


def _entities(one: Execution) -> Iterator[Entity]:
    told, person = one.told, one.person()
    for model in one.models():
        yield _model(one, model)
    for number, (test, values) in enumerate(one.tests(), 1):
        yield _filled(
            {
                "@id": f"{test}-evaluation",
                "@type": "fair4ml:MLModelEvaluation",
                "name": f"Test {number} of {one.run.tag}",
                "fair4ml:evaluatedMLModel": _refer(told.iris(test, Dnnprov.tests)),
                "fair4ml:evaluationDataset": _refer(told.iris(test, Dnnprov.testedOn)),
                "fair4ml:evaluationResults": [_property(*item) for item in values.items()],
                "fair4ml:extrinsicEvaluation": False,
            }
        )
    for data in one.data():
        content = told.bytes(data)
        yield _filled(
            {
                "@id": data,
                "@type": "Dataset",
                "name": told.data_name(data),
                "size": _samples(told.value(data, Dnnprov.sampleCount)),
                "identifier": f"sha256:{content.sha256}" if content else None,
            }
        )
    if person:
        yield {"@id": person, "@type": "Person", "name": told.name(person)}


def _samples(count: Value | None) -> str | None:
    return None if count is None else f"{count} samples"


def _model(one: Execution, model: str) -> Entity:
    told, run = one.told, one.run
    training = next(iter(told.all(Dnnprov.Training)), "")
    person = one.person()
    architecture = next(iter(told.iris(model, Dnnprov.hasArchitecture)), "")
    parameters = told.value(architecture, Dnnprov.parameterCount)
    settings = [_property(*item) for item in one.settings().items()]
    if parameters is not None:
        settings.append(_property("parameters", parameters))
    return _filled(
        {
            "@id": model,
            "@type": "fair4ml:MLModel",
            "name": _name(one, model),
            "description": _description(one),
            "identifier": model,
            "url": run.iri,
            "version": run.short,
            "keywords": run.tag,
            "dateCreated": told.text(model, Prov.generatedAtTime) or when(run.ended),
            "author": {"@id": person} if person else None,
            "fair4ml:modelCategory": sorted(set(_layer_types(one))),
            "fair4ml:trainedOn": _refer(told.iris(training, Dnnprov.trainedOn)),
            "fair4ml:validatedOn": _refer(told.iris(training, Dnnprov.validatedOn)),
            "fair4ml:testedOn": _refer(_tested_on(one, model)),
            "fair4ml:hasEvaluation": _refer([f"{test}-evaluation" for test in _tests(one, model)]),
            "fair4ml:fineTunedFrom": _refer(_tuned_from(one, model)),
            "softwareRequirements": [f"{n}=={v}" if v else n for n, v in one.packages()],
            "additionalProperty": settings,
            "distribution": [_file(one, file) for file in _files(one, model)],
        }
    )


def _name(one: Execution, model: str) -> str:
    name = local(model)
    return one.run.tag if name == "model" else f"{one.run.tag}, {name}"


def _description(one: Execution) -> str:
    run = one.run
    with_ = f" with {run.optimizer}" if run.optimizer else ""
    ended = run.status.lower().replace("_", " ")
    if run.status == UNKNOWN:
        ended = "how it ended is not known"
    return f"Trained{with_} for {run.epochs} epochs; {ended}."


def _layer_types(one: Execution) -> Iterator[str]:
    for layer in one.told.all(Dnnprov.Layer):
        yield one.told.text(layer, Dnnprov.layerType) or ""


def _tests(one: Execution, model: str) -> list[str]:
    return [test for test, _ in one.tests() if model in one.told.iris(test, Dnnprov.tests)]


def _tested_on(one: Execution, model: str) -> list[str]:
    found = (one.told.iris(test, Dnnprov.testedOn) for test in _tests(one, model))
    return list(dict.fromkeys(data for each in found for data in each))


def _tuned_from(one: Execution, model: str) -> list[str]:
    told = one.told
    trainings = told.all(Dnnprov.FineTuning)
    used = [thing for one_ in trainings for thing in told.iris(one_, Prov.used)]
    found = [*told.iris(model, Dnnprov.fineTunedFrom)]
    found += [thing for thing in used if told.is_a(thing, Dnnprov.TrainedModel) and thing != model]
    return list(dict.fromkeys(found))


def _files(one: Execution, model: str) -> list[str]:
    return [file for file in one.written() if model in one.told.iris(file, Prov.wasDerivedFrom)]


def _file(one: Execution, file: str) -> Entity:
    content = one.told.bytes(file)
    return _filled(
        {
            "@id": file,
            "@type": "MediaObject",
            "name": one.told.file_name(file),
            "encodingFormat": one.told.text(file, Dnnprov.fileFormat),
            "contentSize": str(content.size) if content and content.size is not None else None,
            "sha256": content.sha256 if content else None,
        }
    )


# -- for people


def _plain(text: object) -> str:
    """A text on one line, in which nothing has a meaning in Markdown or HTML."""
    return _MARKUP.sub(r"\\\1", _LINES.sub(" ", str(text)))


def _table(title: str, rows: Sequence[Sequence[object]], *columns: str) -> Iterator[str]:
    if not rows:
        return
    yield f"\n## {title}\n"
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(_plain('' if cell is None else cell) for cell in row)} |"


def _markdown(one: Execution) -> Iterator[str]:
    told, run = one.told, one.run
    person = one.person()
    yield f"# {_plain(run.tag)}\n"
    yield f"{_plain(_description(one))}\n"
    yield f"- Run: {_plain(run.iri)}"
    if run.started:
        since = "now" if run.status == RUNNING else "an end that is not known"
        yield f"- Trained: {when(run.started)} to {when(run.ended) or since}"
    if person:
        yield f"- By: {_plain(told.name(person))}"
    data = [
        (
            told.data_name(d),
            told.value(d, Dnnprov.sampleCount),
            c.sha256 if (c := told.bytes(d)) else None,
        )
        for d in one.data()
    ]
    yield from _table("Data", data, "data set", "samples", "SHA-256")
    yield from _table("Settings", list(one.settings().items()), "setting", "value")
    yield from _table("Last epoch", list(one.last_metrics().items()), "metric", "value")
    tests = [(local(t), name, value) for t, told_ in one.tests() for name, value in told_.items()]
    yield from _table("Tests", tests, "test", "metric", "value")
    files = [
        (told.file_name(f), c.size if c else None, c.sha256 if c else None)
        for f in one.written()
        for c in [told.bytes(f)]
    ]
    yield from _table("Files", files, "file", "bytes", "SHA-256")
    yield from _table("Software", one.packages(), "package", "version")
    yield ""
