"""The data sets that every dataflow has, under the names of the papers and of the mirror.

A pattern is a part of a SPARQL query in which ``{node}`` stands for the element and, with
attributes, ``{value}`` for its value; other variables begin with ``{node}`` and ``_``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from kprov_capture.terms import METRICS, SETTINGS, Dnnprov

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Kind(Enum):
    """What the values of an attribute are."""

    NUMBER = "a number"
    TEXT = "a text"
    BOOLEAN = "true or false"
    TIME = "a time"


@dataclass(frozen=True)
class Info:
    """An attribute of a data set, as one of the two stores has it.

    Of SPARQL: ``properties`` of the element, or a ``pattern`` that binds the value or leaves it
    unbound; ``mixed`` values are taken as texts. ``column`` is that of the mirror, None where no
    table has it.
    """

    name: str
    kind: Kind
    properties: tuple[str, ...] = ()
    pattern: str = ""
    mixed: bool = False
    column: str | None = None


@dataclass(frozen=True)
class DataSet:
    """A data set: ``pattern`` finds its elements in the graph of a run."""

    name: str
    pattern: str
    attributes: Mapping[str, Info]
    declared: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""
    """``declared`` maps names of further attributes to properties of the ontology; those that
    users named have theirs from the store. Both begin with ``prefix``."""


def snake(local: str) -> str:
    """``valLoss`` as ``val_loss``: the local name of a property as the papers spell columns."""
    return _HUMP.sub("_", local).lower()


def local_name(iri: str) -> str:
    """What follows the last '#' or '/' of an IRI."""
    return iri[max(iri.rfind("#"), iri.rfind("/")) + 1 :]


def _numbers(**properties: str) -> dict[str, Info]:
    return {name: Info(name, Kind.NUMBER, (iri,)) for name, iri in properties.items()}


def _text(name: str, *properties: str, pattern: str = "") -> dict[str, Info]:
    return {name: Info(name, Kind.TEXT, properties, pattern)}


def _time(name: str, pattern: str) -> dict[str, Info]:
    return {name: Info(name, Kind.TIME, pattern=pattern)}


_ENDED = "OPTIONAL {{ {node} prov:wasGeneratedBy/prov:endedAtTime {value} }}"
_BEGAN = "OPTIONAL {{ {node}__training a dnnprov:Training ; prov:startedAtTime {value} }}"
_RANK = """{{
  SELECT {run} {node} (COUNT({node}__other) AS {value}) WHERE {{
    GRAPH {run} {{
      {node} prov:wasGeneratedBy {node}__a ; dnnprov:oldValue {node}__b .
      {node}__a dnnprov:technique {node}__c ; prov:startedAtTime {node}__d .
      {node}__other prov:wasGeneratedBy {node}__e ; dnnprov:oldValue {node}__f .
      {node}__e dnnprov:technique {node}__g ; prov:startedAtTime {node}__h .
    }}
    FILTER ({node}__h < {node}__d || ({node}__h = {node}__d && STR({node}__other) <= STR({node})))
  }} GROUP BY {run} {node}
}}"""
# Two steps, since Oxigraph takes the "$1_" of "$1_$2" for the name of a group.
_SNAKE = (
    'REPLACE(REPLACE(REPLACE(STR({node}__key), "^.*[#/]", ""), '
    '"([a-z0-9])([A-Z])", "$1 $2"), " ", "_")'
)
_LAYER = f"""{{{{
  {{node}} a dnnprov:Layer ; {{node}}__key {{node}}__literal .
  FILTER (isLiteral({{node}}__literal) && {{node}}__key != dnnprov:layerName)
  BIND (REPLACE(LCASE({_SNAKE}), "^layer_", "") AS {{node}}__attribute)
}}}} UNION {{{{
  {{node}}__owner prov:hadMember {{node}} ; dnnprov:layerName {{node}}__literal ;
    dnnprov:position {{node}}__at .
  {{node}} a dnnprov:Layer .
  BIND ("within" AS {{node}}__attribute)
}}}}"""
_OWNER = "{{node}}__within prov:hadMember {{node}} ; dnnprov:layerName {} ; dnnprov:position {} ."
# Of a layer in a nested model, the place of that model.
_PLACE = f"""OPTIONAL {{{{ {_OWNER.format("{node}__name", "{node}__there")} }}}}
OPTIONAL {{{{ {{node}} dnnprov:position {{node}}__here }}}}
BIND (COALESCE({{node}}__there, {{node}}__here) + 0 AS {{value}})"""

ITRAINING = DataSet(
    "itrainingmodel",
    # Not what revises a configuration of the same training; that of another fit may be revised.
    "{node}__training a dnnprov:Training ; prov:used {node} . {node} a dnnprov:iTraining .\n"
    "MINUS {{ {node} prov:wasRevisionOf {node}__before . "
    "{node}__by a dnnprov:Training ; prov:used {node}__before }}",
    _time("itrain_timestamp", _BEGAN)
    | _text("optimizer_name", Dnnprov.optimizerName)
    | _numbers(
        learning_rate=Dnnprov.learningRate,
        decay=Dnnprov.decay,
        momentum=Dnnprov.momentum,
        num_epochs=Dnnprov.numEpochs,
        batch_size=Dnnprov.batchSize,
        num_layers=Dnnprov.numLayers,
    ),
    {snake(local_name(iri)): iri for iri in SETTINGS.values()},
)
OTRAINING = DataSet(
    "otrainingmodel",
    "{node} a dnnprov:oTraining .",
    _time("otrain_timestamp", _ENDED)
    | _numbers(
        elapsed_time=Dnnprov.elapsedTime,
        epoch_id=Dnnprov.epoch,
        loss=METRICS["loss"],
        accuracy=METRICS["accuracy"],
        val_loss=METRICS["val_loss"],
        val_accuracy=METRICS["val_accuracy"],
        learning_rate=Dnnprov.learningRate,
    ),
    {snake(local_name(iri)): iri for iri in METRICS.values()},
)
OTESTING = DataSet(
    "otestingmodel",
    "{node} a dnnprov:oTesting .",
    _time("otest_timestamp", _ENDED)
    | _numbers(otest_loss=METRICS["loss"], otest_accuracy=METRICS["accuracy"]),
    {snake(local_name(iri)): iri for iri in METRICS.values()},
    "otest_",
)
OADAPTATION = DataSet(
    "oadaptation",
    "{node} prov:wasGeneratedBy {node}__by ; dnnprov:oldValue {node}__old ; "
    "dnnprov:newValue {node}__new . "
    "{node}__by dnnprov:technique {node}__technique ; prov:startedAtTime {node}__at .",
    _numbers(new_lrate=Dnnprov.newValue)
    | _time("atimestamp", "BIND ({node}__at AS {value})")
    | _numbers(epoch_id=Dnnprov.epoch)
    | {"adaptation_id": Info("adaptation_id", Kind.NUMBER, pattern=_RANK)}
    | _numbers(old_lrate=Dnnprov.oldValue)
    | _text("technique", pattern="BIND ({node}__technique AS {value})")
    | _text("reason", pattern="OPTIONAL {{ {node}__by dnnprov:reason {value} }}"),
)
ILAYERS = DataSet(
    "ilayers",
    _LAYER,
    _time("iltimestamp", _BEGAN)
    | _text("name", Dnnprov.layerName)
    | _text("attribute_type", pattern="BIND ({node}__attribute AS {value})")
    | _text("value", pattern="BIND (STR({node}__literal) AS {value})")
    | _numbers(position=Dnnprov.position)
    | _text("within", pattern=f"OPTIONAL {{{{ {_OWNER.format('{value}', '{node}__outer')} }}}}")
    | {"place": Info("place", Kind.NUMBER, pattern=_PLACE)},
)
BUILT_IN = {one.name: one for one in (ILAYERS, ITRAINING, OTRAINING, OADAPTATION, OTESTING)}

RUN = "run"
RUN_ATTRIBUTES = {
    name: Info(name, kind)
    for name, kind in {
        "iri": Kind.TEXT,
        "tag": Kind.TEXT,
        "status": Kind.TEXT,
        "started": Kind.TIME,
        "ended": Kind.TIME,
        "optimizer_name": Kind.TEXT,
        "learning_rate": Kind.NUMBER,
        "person": Kind.TEXT,
    }.items()
}
"""Of the run itself. It goes with every data set; ``person`` is not in the mirror."""

TRANSFORMATIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "trainingmodel": (("ilayers", "itrainingmodel"), ("otrainingmodel",)),
    "adaptation": (("otrainingmodel",), ("oadaptation",)),
    "testingmodel": (("otrainingmodel",), ("otestingmodel",)),
}
"""What the transformations that every dataflow has read, and what they write."""

ALIASES = {
    f"{dataset}.{prefix}{key}": f"{prefix}{snake(local_name(iri))}"
    for dataset, prefix, known in (
        ("itrainingmodel", "", SETTINGS),
        ("otrainingmodel", "", METRICS),
        ("otestingmodel", "otest_", METRICS),
    )
    for key, iri in known.items()
}
"""Keras's names of metrics and settings that the mirror spells otherwise (``mean_io_u``)."""
