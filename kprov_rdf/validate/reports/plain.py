"""The report as text for people: parts of a line, each with its style on a terminal."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.validate.catalog import DATA_MODEL, RULES
from kprov_rdf.validate.reports.found import UNREAD, Target, findings
from kprov_rdf.validate.reports.found import status as worst
from kprov_rdf.validate.shacl import Finding
from kprov_rdf.validate.violations import Cited, Violation

MOST_SHOWN = 100  # of what the constraints say, and of what the shapes say; the rest is counted
MOST_NOTES = 10
_MOST_STEPS = 20  # of a chain of events, and of the statements that it is by

# The text of a line, and its style in the words of rich ("" for none).
Line = tuple[str, str]

_FIRST_CONSTRAINT = 22


def lines(targets: Sequence[Target]) -> Iterator[Line]:
    """The whole report, the verdict last. What could not be read is counted, and told elsewhere."""
    for target in targets:
        for error in target.malformed[:MOST_SHOWN]:
            yield from _malformed(error)
        if len(target.malformed) > MOST_SHOWN:
            more = counted(len(target.malformed) - MOST_SHOWN, "malformed statement")
            yield f"{target.name}: {more} more (--format json has all).", "yellow"
    yield from _violations(targets)
    yield from _findings(targets)
    yield from _notes(targets)
    yield _verdict(targets)


def _malformed(error: MalformedError) -> Iterator[Line]:
    yield _place(error.document, error.line, error.column), "bold"
    yield "  malformed", "bold red"
    yield f"  {error.message}", ""
    if error.mend:
        yield f"  {error.mend}", "green"
    yield f"  {DATA_MODEL}", "dim"
    yield "", ""


def _place(document: str, line: int, column: int = 0) -> str:
    return document + (f":{line}" if line else "") + (f":{column}" if line and column else "")


def _violations(targets: Sequence[Target]) -> Iterator[Line]:
    outcomes = [one for target in targets for one in target.outcomes]
    every = [wrong for one in outcomes for wrong in one.violations]
    for shown in every[:MOST_SHOWN]:
        yield from violation(shown)
    for one in outcomes:
        if one.more:
            where = f"{one.document}{f' in {one.instance}' if one.instance else ''}"
            yield f"{where}: {counted(one.more, 'violation')} more were counted only.", "yellow"
    if len(every) > MOST_SHOWN:
        yield f"and {len(every) - MOST_SHOWN:,} more (--format json has all):", "yellow"
        left = Counter(one.title for one in every[MOST_SHOWN:])
        yield from ((f"  {count:,} of {title}", "") for title, count in left.most_common())
        yield "", ""


def violation(one: Violation) -> Iterator[Line]:
    """What a constraint of PROV-CONSTRAINTS says is wrong."""
    yield one.document, "bold"
    if one.instance is not None:
        yield f"  in {one.instance}", ""
    yield f"  {_title(one)}", "bold red"
    yield f"  {one.message}", ""
    for statement in one.cited[:_MOST_STEPS]:
        yield f"    {cited(one.document, statement)}", "cyan"
    if len(one.cited) > _MOST_STEPS:
        yield f"    … {len(one.cited) - _MOST_STEPS:,} more …", ""
    if one.chain:
        yield "  each event comes before the next one, and the last before the first:", ""
    for number, step in enumerate(one.chain):
        if _MOST_STEPS // 2 <= number < len(one.chain) - _MOST_STEPS // 2:
            if number == _MOST_STEPS // 2:
                yield f"    … {len(one.chain) - _MOST_STEPS:,} more (--format json has all) …", ""
            continue
        time = f" at {step.time}" if step.time else ""
        how = "strictly before" if step.strict else "not after"
        by = f": {cited(one.document, step.cited)}" if step.cited else ""
        text = f"    {step.event}{time}, {how} the next by constraint {step.constraint}{by}"
        yield text, "bold" if step.strict else ""
    if one.mend:
        yield f"  {one.mend}", "green"
    yield f"  {one.link}", "dim"
    yield "", ""


def _title(violated: Violation) -> str:
    if violated.constraint is None:
        return violated.title
    also = [one for one in violated.also if one != violated.constraint]
    inferences = [str(one) for one in also if one < _FIRST_CONSTRAINT]
    constraints = [str(one) for one in also if one >= _FIRST_CONSTRAINT]
    told = [f"inference {', '.join(inferences)}"] * bool(inferences)
    told += [f"constraint {', '.join(constraints)}"] * bool(constraints)
    name = RULES[violated.constraint].name
    return f"constraint {violated.constraint}, {name}" + (f" (by {'; '.join(told)})" * bool(told))


def cited(document: str, one: Cited) -> str:
    """A statement with the place where it stands; only its line where that is in ``document``."""
    if one.document in ("", document):
        return f"line {one.line}  {one.text}".rstrip() if one.line else one.text
    return f"{_place(one.document, one.line)}  {one.text}".rstrip()


def _findings(targets: Sequence[Target]) -> Iterator[Line]:
    wrong, others = findings(targets)
    found = [*wrong, *others]
    for one in found[:MOST_SHOWN]:
        yield from finding(one)
    if found:
        yield "docs/shapes.md explains the shapes, and the numbers of what they guard.", ""
    if len(found) > MOST_SHOWN:
        yield f"and {len(found) - MOST_SHOWN:,} more (--format json has all):", "yellow"
        left = Counter(one.shape for one in found[MOST_SHOWN:])
        yield from ((f"  {count:,} of shape {shape}", "") for shape, count in left.most_common())
        yield "", ""


def finding(one: Finding) -> Iterator[Line]:
    """What a shape says is wrong."""
    wrong = one.severity == "Violation"
    yield one.graph, "bold"
    yield f"  {one.node}", ""
    yield f"  {'' if wrong else one.severity + ': '}{one.message}", "red" if wrong else "yellow"
    if one.where:
        yield f"  at {one.where}", ""
    if one.path:
        yield f"  property {one.path}", ""
    if one.value and one.value != one.node:
        yield f"  found {one.value[:200]}", ""
    guards = f" (guards {', '.join(one.guards)})" if one.guards else ""
    yield f"  shape {one.shape}{guards}", "dim"
    yield "", ""


def _notes(targets: Sequence[Target]) -> Iterator[Line]:
    for target in targets:
        for note in target.notes[:MOST_NOTES]:
            yield f"{target.name}: {note}", "yellow"
        if len(target.notes) > MOST_NOTES:
            yield f"{target.name}: {len(target.notes) - MOST_NOTES:,} more notes.", "yellow"
        cycles = sum(one.cycles for one in target.outcomes)
        if cycles:
            yield (
                f"{target.name}: {counted(cycles, 'group')} of events can only be simultaneous, "
                "which is valid.",
                "",
            )


def _verdict(targets: Sequence[Target]) -> Line:
    """``2 graphs checked: INVALID, 1 violation (in the lenient profile)``."""
    wrong, others = findings(targets)
    outcomes = [one for target in targets for one in target.outcomes]
    number = len(wrong) + sum(len(one.violations) + one.more for one in outcomes)
    malformed = sum(bool(one.malformed) for one in targets)
    unread = sum(one.unread is not None for one in targets)
    said = [counted(number, "violation")] * bool(number)
    said += [f"{counted(malformed, 'document')} malformed"] * bool(malformed)
    said = ["INVALID", *said] if said else ["not all could be checked" if unread else "valid"]
    said += [counted(len(others), "warning")] * bool(others)
    said += [f"{counted(unread, 'target')} not read"] * bool(unread)
    total = sum(len(one.instances()) for one in targets)
    style = ("bold green", "bold red", "bold yellow")[worst(targets)]
    return f"{counted(total, 'graph')} checked: {', '.join(said)}{_profiles(targets)}", style


def _profiles(targets: Iterable[Target]) -> str:
    used = Counter(graph.profile for target in targets for graph in target.graphs)
    lenient = used["lenient"]
    part = "" if lenient == used.total() else f"{lenient} of them "
    return f" ({part}in the lenient profile)" if lenient else ""


def counted(number: int, noun: str) -> str:
    """The number with its noun: 1 run, 2 runs."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def unread(targets: Iterable[Target]) -> Iterator[str]:
    """Why what could not be read was not, a paragraph each."""
    for one in targets:
        if one.status == UNREAD and one.unread:
            yield one.unread
