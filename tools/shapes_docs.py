"""Generates the tables of docs/shapes.md from the shapes."""

import itertools
import re
from collections import defaultdict

import pyoxigraph as ox

from kprov_capture.terms import DNNPROV_NAMESPACE, PROV_NAMESPACE
from kprov_rdf import resources, vocabulary

SH = "http://www.w3.org/ns/shacl#"
SHAPE = f"{vocabulary.ONTOLOGY}/shapes#"
GENERATED = "terms.ttl"
_TARGETS = {
    "targetClass": "each {}",
    "targetSubjectsOf": "what has {}",
    "targetObjectsOf": "what {} points to",
}
_CITED = re.compile(r"([BC])(\d+)\Z")
# The defects of Keras-Prov's code (B) and the claims of its papers, or of ours (C), in short.
GUARDS = {
    "B1": "only fit and evaluate on arrays were captured",
    "B2": "early stopping lost the last epoch, and the task never ended",
    "B3": "an exception or a crash left no end",
    "B4": "without validation data no epoch was stored",
    "B5": "validating every few epochs ended the training",
    "B6": "a test was recorded with the loss of its last batch, not the mean",
    "B7": "changes by ReduceLROnPlateau were not captured",
    "B8": "small changes of the rate were lost, and non-changes stored",
    "B9": "an adaptation had no old rate, technique, reason or metric",
    "B10": "task numbers were constant, so that trials ran into one another",
    "B12": "compiling again registered every transformation again",
    "B13": "the user's own hyperparameters were stored as the text null",
    "B14": "no data set, code, environment, person or model was recorded",
    "B15": "of the layers only those were recorded whose name had a certain word",
    "B17": "every value was stored as a text",
    "B18": "names of metrics became columns as they were",
    "B19": "one type of attribute was known to the client only",
    "B20": "examples named data sets that no transformation has",
    "B21": "a changed dataflow kept its first specification",
    "B24": "with several outputs the wrong one was linked",
    "B30": "rates were rounded to single precision, so that 0.001 was not found",
    "C3": "the architecture is captured even when no hyperparameter is chosen",
    "C4": "transformations are identified",
    "C5": "a training consumes its settings and produces metrics and times",
    "C7": "metrics of every epoch",
    "C8": "an adaptation consumes the training's output and produces the new value",
    "C10": "tests have metrics",
    "C11": "layers with name, type and values",
    "C13": "the user adds data of a domain",
    "C14": "what was planned and what happened are both there",
    "C15": "times of each epoch and of the training",
    "C16": "files with their paths",
    "C18": "the trained model is recorded",
    "C19": "preparation of the data is recorded",
    "C20": "the environment is recorded",
    "C21": "persons, machines and the library, and who acts for whom",
    "C22": "trials are told apart and can be compared",
    "C36": "one can follow the trace from output to input",
    "C38": "the record complies with W3C PROV",
    "C39": "DNNProv specialises PROV",
    "C44": "records of other tools can be put beside",
    "C50": "the rate in force at each epoch",
    "C60": "extremes and means",
    "C61": "people intervene, and that is recorded",
    "C62": "interrupted trainings can be told",
    "C65": "which treatment the data had",
    "C77": "a record is a named graph, of which it is known who made it",
    "C80": "reading twice changes nothing",
    "C81": "values have types, and no number stands for a missing one",
    "C82": "changes of the record can be noticed",
}
Node = ox.NamedNode | ox.BlankNode


class _Shapes:
    """The shapes of one file."""

    def __init__(self, turtle: str) -> None:
        self.of: dict[str, dict[str, list[ox.NamedNode | ox.BlankNode | ox.Literal]]] = {}
        self.leads: dict[str, list[str]] = defaultdict(list)
        for quad in ox.parse(turtle, ox.RdfFormat.TURTLE):
            name = quad.subject.value if isinstance(quad.subject, Node) else ""
            predicate = quad.predicate.value.removeprefix(SH).removeprefix(SHAPE)
            if not isinstance(quad.object, ox.Triple):
                self.of.setdefault(name, {}).setdefault(predicate, []).append(quad.object)
            if predicate == "property" and isinstance(quad.object, ox.NamedNode):
                self.leads[quad.object.value].append(name)

    def text(self, name: str, predicate: str) -> str:
        return " ".join(one.value for one in self.of[name].get(predicate, []))

    def message(self, name: str) -> str:
        """Of the shape, or of its query."""
        queries = (one.value for one in self.of[name].get("sparql", []))
        return self.text(name, "message") or "".join(self.text(one, "message") for one in queries)

    def targets(self, name: str) -> str:
        """What a shape is about, by its own targets or those of the shapes that lead to it."""
        found = [
            how.format(_listed([_short(one.value) for one in self.of[owner][target]]))
            for owner in [name, *self.leads[name]]
            for target, how in _TARGETS.items()
            if target in self.of[owner]
        ]
        return "; ".join(dict.fromkeys(found))


def _listed(names: list[str]) -> str:
    most = 4
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _short(iri: str) -> str:
    for namespace, prefix in ((PROV_NAMESPACE, "prov:"), (DNNPROV_NAMESPACE, "dnnprov:")):
        if iri.startswith(namespace):
            return f"`{prefix}{iri.removeprefix(namespace)}`"
    return f"`{iri.rpartition('#')[2]}`"


def tables() -> str:
    """The shapes that are written by hand, a table a file."""
    parts = []
    for file, turtle in resources.texts("shapes", ".ttl").items():
        if file == GENERATED:
            continue
        comment = itertools.takewhile(lambda line: line.startswith("# "), turtle.splitlines())
        text = " ".join(line.removeprefix("# ") for line in comment)
        parts += [f"### {file}\n", f"{text}\n", "| shape | applies to | says | guards |"]
        parts += ["|---|---|---|---|", *_rows(_Shapes(turtle)), ""]
    return "\n".join(parts)


def _rows(shapes: _Shapes) -> list[str]:
    rows = []
    for name in shapes.of:
        says = shapes.message(name)
        if not name.startswith(SHAPE) or not says:
            continue
        severity = shapes.text(name, "severity").removeprefix(SH)
        mark = "" if severity == "Violation" else f"{severity}: "
        guards = ", ".join(one.value for one in shapes.of[name].get("guards", []))
        local = name.removeprefix(SHAPE)
        rows.append(f"| `{local}` | {shapes.targets(name)} | {mark}{says} | {guards} |")
    return rows


def legend() -> str:
    """What the numbers stand for that the shapes cite."""
    cited = {
        quad.object.value
        for turtle in resources.texts("shapes", ".ttl").values()
        for quad in ox.parse(turtle, ox.RdfFormat.TURTLE)
        if quad.predicate.value == f"{SHAPE}guards" and isinstance(quad.object, ox.Literal)
    }
    numbers = [match for one in cited if (match := _CITED.match(one))]
    ordered = sorted(numbers, key=lambda match: (match[1], int(match[2])))
    rows = [f"| {match[0]} | {GUARDS[match[0]]} |" for match in ordered]
    return "\n".join(["| number | what it is |", "|---|---|", *rows])


def counts() -> str:
    """How many shapes there are, by profile."""
    from kprov_rdf.validate import shacl

    said = []
    for profile in shacl.PROFILES:
        names = {
            quad.subject.value
            for quad in ox.parse(shacl.shapes_text(profile), ox.RdfFormat.TURTLE)
            if isinstance(quad.subject, ox.NamedNode) and quad.predicate.value == f"{SH}severity"
        }
        said.append(f"{len(names)} in the {profile} profile")
    return f"There are {' and '.join(said)}."
