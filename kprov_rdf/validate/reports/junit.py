"""The report as JUnit XML, which systems of continuous integration show.

There is no standard of it; these are the elements and attributes that all of them know.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.etree import ElementTree

from kprov_rdf.validate.reports import plain
from kprov_rdf.validate.reports.found import UNREAD, Target
from kprov_rdf.validate.violations import Outcome

# What XML 1.0 cannot hold, not even escaped (section 2.2, Char).
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Case(NamedTuple):
    """``part`` is failure or error, or nothing where all is well."""

    name: str
    part: str = ""
    kind: str = ""
    message: str = ""
    text: str = ""


def text(targets: Sequence[Target]) -> str:
    """A suite for each target, a case for each instance, graph of SHACL, and what is malformed."""
    root = ElementTree.Element("testsuites", name="kprov validate")
    totals = dict.fromkeys(("tests", "failures", "errors"), 0)
    for target in targets:
        suite = _suite(target)
        root.append(suite)
        for name in totals:
            totals[name] += int(suite.get(name, "0"))
    for name, number in totals.items():
        root.set(name, str(number))
    ElementTree.indent(root)
    said = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{said}\n'


def _clean(value: str) -> str:
    return _NOT_XML.sub("\ufffd", value)


def _suite(target: Target) -> ElementTree.Element:
    cases = list(_cases(target))
    suite = ElementTree.Element("testsuite", name=_clean(target.name))
    suite.set("tests", str(len(cases)))
    for part in ("failure", "error"):
        suite.set(f"{part}s", str(sum(one.part == part for one in cases)))
    for one in cases:
        case = ElementTree.SubElement(suite, "testcase", classname=_clean(target.name))
        case.set("name", _clean(one.name))
        if one.part:
            told = ElementTree.SubElement(case, one.part, type=_clean(one.kind))
            told.set("message", _clean(one.message))
            told.text = _clean(one.text)
    if target.notes:
        ElementTree.SubElement(suite, "system-out").text = _clean("\n".join(target.notes))
    return suite


def _cases(target: Target) -> Iterator[_Case]:
    if target.status == UNREAD:
        said = target.unread or ""
        yield _Case("read", "error", "unread", said, said)
    if target.malformed:
        messages = [error.message for error in target.malformed]
        yield _case("well-formed", ["PROV-malformed"], messages, list(map(str, target.malformed)))
    for outcome in target.outcomes:
        yield _instance(outcome)
    for graph in target.graphs:
        wrong = [one for one in graph.findings if one.severity == "Violation"]
        name = f"shapes: {graph.instance or 'default graph'}"
        kinds = dict.fromkeys(one.shape for one in wrong)
        lines = [line for one in wrong for line, _ in plain.finding(one)]
        yield _case(name, list(kinds), [one.message for one in wrong], lines)


def _instance(outcome: Outcome) -> _Case:
    kinds = dict.fromkeys(f"PROV-{one.constraint or 'malformed'}" for one in outcome.violations)
    lines = [line for one in outcome.violations for line, _ in plain.violation(one)]
    if outcome.more:
        lines.append(f"{plain.counted(outcome.more, 'violation')} more were counted only.")
    messages = [one.message for one in outcome.violations]
    return _case(f"constraints: {outcome.instance or 'toplevel'}", list(kinds), messages, lines)


def _case(name: str, kinds: list[str], messages: list[str], lines: list[str]) -> _Case:
    """One failure for all that is wrong: some readers take only the first of a case."""
    if not messages:
        return _Case(name)
    more = f" (and {len(messages) - 1:,} more)" if len(messages) > 1 else ""
    return _Case(name, "failure", " ".join(kinds), messages[0] + more, "\n".join(lines))
