"""The report as SARIF 2.1.0 (OASIS Standard, 27 March 2020), which code hosts and editors show.

Section numbers are those of that standard.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from kprov_capture import __version__
from kprov_rdf import vocabulary
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.validate.catalog import DATA_MODEL, RULES
from kprov_rdf.validate.reports.found import UNREAD, Target, status
from kprov_rdf.validate.shacl import Finding
from kprov_rdf.validate.violations import Cited, Violation

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
MALFORMED = "PROV-malformed"
_OUR_SHAPES = f"{vocabulary.ONTOLOGY}/shapes#"
_LEVELS = {"Violation": "error", "Warning": "warning"}
_FIRST, _LAST = 22, 56
# A scheme of one letter is the drive of a Windows path.
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")

Json = dict[str, Any]


def text(targets: Sequence[Target]) -> str:
    """One log with one run."""
    found = [one for target in targets for one in _results(target)]
    rules = _rules(targets)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    for one in found:
        one["ruleIndex"] = index[one["ruleId"]]
    driver = {"name": "kprov", "version": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(targets)],
        "results": found,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def rule_id(constraint: int | None) -> str:
    """The name of a constraint for tools: PROV-42."""
    return MALFORMED if constraint is None else f"PROV-{constraint}"


def uri(name: str) -> str:
    """The name of a target as the URI of an artifact (section 3.4.3); a path may be relative."""
    if _DRIVE.match(name):
        return "file:///" + quote(name.replace("\\", "/"), safe="/:", errors="replace")
    if _IRI.match(name):
        return quote(name, safe="/:?#[]@!$&'()*+,;=%~", errors="replace")
    return ("file://" if name.startswith("/") else "") + quote(name, safe="/", errors="replace")


def _rules(targets: Sequence[Target]) -> list[Json]:
    """Every constraint (section 3.49), and the shapes that were violated."""
    rules = [
        _rule(rule_id(number), RULES[number].name, f"Constraint {number}", RULES[number].link)
        for number in range(_FIRST, _LAST + 1)
    ]
    rules.append(_rule(MALFORMED, "malformed", "The document breaks its format", DATA_MODEL))
    shapes = {
        finding.shape: finding
        for target in targets
        for graph in target.graphs
        for finding in graph.findings
    }
    for shape in sorted(shapes):
        address = shape if _IRI.match(shape) else None
        rules.append(_rule(_shape_id(shape), _shape_id(shape), "A SHACL shape", address))
    return rules


def _rule(identifier: str, name: str, what: str, address: str | None) -> Json:
    found: Json = {"id": identifier, "name": name, "shortDescription": {"text": f"{what}: {name}"}}
    return found | ({"helpUri": uri(address)} if address else {})


def _shape_id(shape: str) -> str:
    ours = shape.startswith(_OUR_SHAPES)
    return f"SHACL-{shape.removeprefix(_OUR_SHAPES)}" if ours else f"SHACL {shape}"


def _results(target: Target) -> Iterator[Json]:
    yield from map(_malformed, target.malformed)
    for outcome in target.outcomes:
        for violation in outcome.violations:
            yield _violation(violation)
    for graph in target.graphs:
        for finding in graph.findings:
            yield _finding(graph.document, finding)


def _location(document: str, line: int = 0, column: int = 0) -> Json:
    physical: Json = {"artifactLocation": {"uri": uri(document)}}
    if line:
        physical["region"] = {"startLine": line} | ({"startColumn": column} if column else {})
    return {"physicalLocation": physical}


def _malformed(error: MalformedError) -> Json:
    return {
        "ruleId": MALFORMED,
        "level": "error",
        "message": {"text": _said(error.message, error.mend)},
        "locations": [_location(error.document, error.line, error.column)],
    }


def _said(message: str, mend: str) -> str:
    return f"{message} {mend}".strip() or "It is malformed."


def _violation(violation: Violation) -> Json:
    """The first statement is the place of the result, the others and the chain are related."""
    document = violation.document
    placed = [(one, one.text) for one in violation.cited]
    first = placed[0][0] if placed else Cited("")
    related: list[tuple[Cited, str]] = placed[1:]
    for step in violation.chain:
        time = f" at {step.time}" if step.time else ""
        how = "strictly before" if step.strict else "not after"
        by = f": {step.cited.text}" if step.cited else ""
        told = f"{step.event}{time} is {how} the next event by constraint {step.constraint}{by}"
        related.append((step.cited or Cited(""), told))
    place = _location(first.document or document, first.line)
    if violation.instance is not None:
        logical = {"fullyQualifiedName": violation.instance, "kind": "bundle"}
        place["logicalLocations"] = [logical]
    found: Json = {
        "ruleId": rule_id(violation.constraint),
        "level": "error",
        "message": {"text": _said(violation.message, violation.mend)},
        "locations": [place],
        "properties": {"rules": list(violation.numbers)},
    }
    if related:
        found["relatedLocations"] = [
            {"id": number, "message": {"text": said}}
            | _location(one.document or document, one.line)
            for number, (one, said) in enumerate(related, 1)
        ]
    return found


def _finding(document: str, finding: Finding) -> Json:
    place = _location(document)
    place["logicalLocations"] = [
        {"fullyQualifiedName": name, "kind": kind}
        for name, kind in ((finding.node, "node"), (finding.graph, "graph"))
    ]
    return {
        "ruleId": _shape_id(finding.shape),
        "level": _LEVELS.get(finding.severity, "note"),
        "message": {"text": f"{finding.node}: {finding.message}"},
        "locations": [place],
    }


def _invocation(targets: Sequence[Target]) -> Json:
    """What could not be read (section 3.20.21), and the notes."""
    told = []
    for target in targets:
        if target.status == UNREAD:
            told.append(_notification("error", target, target.unread or ""))
        told += [_notification("note", target, note) for note in target.notes]
    unread = any(one.status == UNREAD for one in targets)
    return {
        "executionSuccessful": not unread,
        "exitCode": status(targets),
        "toolExecutionNotifications": told,
    }


def _notification(level: str, target: Target, said: str) -> Json:
    return {"level": level, "message": {"text": said}, "locations": [_location(target.name)]}
