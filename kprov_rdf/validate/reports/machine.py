"""The report as JSON, for programs. Members are added to it, and none is taken away."""

import dataclasses
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.validate.reports.found import UNREAD, VALID, Target, findings, status
from kprov_rdf.validate.violations import Cited, Outcome, Violation


def text(targets: Sequence[Target]) -> str:
    """One object; ``violations`` and ``warnings`` are those of SHACL."""
    wrong, others = findings(targets)
    told = {
        "conforms": status(targets) == VALID,
        "status": status(targets),
        "graphs": sum(len(one.instances()) for one in targets),
        "profiles": dict(Counter(graph.profile for one in targets for graph in one.graphs)),
        "violations": [dataclasses.asdict(one) for one in wrong],
        "warnings": [dataclasses.asdict(one) for one in others],
        "constraints": [_outcome(one) for target in targets for one in target.outcomes],
        "malformed": [_malformed(error) for one in targets for error in one.malformed],
        "unread": [
            {"target": one.name, "reason": one.unread} for one in targets if one.status == UNREAD
        ],
        "notes": [{"target": one.name, "note": note} for one in targets for note in one.notes],
    }
    return json.dumps(told)


def _malformed(error: MalformedError) -> dict[str, Any]:
    return {
        "document": error.document,
        "message": error.message,
        "line": error.line or None,
        "column": error.column or None,
        "mend": error.mend,
    }


def _outcome(one: Outcome) -> dict[str, Any]:
    return {
        "document": one.document,
        "instance": one.instance,
        "format": one.form,
        "statements": one.statements,
        "valid": one.valid,
        "violations": [_violation(violation) for violation in one.violations],
        "unlisted": one.more,
        "simultaneous": one.cycles,
    }


def _violation(one: Violation) -> dict[str, Any]:
    return {
        "constraint": one.constraint,
        "title": one.title,
        "link": one.link,
        "also": list(one.also),
        "message": one.message,
        "mend": one.mend,
        "statements": [_cited(cited) for cited in one.cited],
        "chain": [
            {"event": step.event, "time": step.time}
            | {"constraint": step.constraint, "strict": step.strict}
            | {"statement": step.cited and _cited(step.cited)}
            for step in one.chain
        ],
    }


def _cited(one: Cited) -> dict[str, Any]:
    return {"text": one.text, "line": one.line or None, "document": one.document or None}
