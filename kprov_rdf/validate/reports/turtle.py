"""The report as Turtle: a sh:ValidationReport, and the vocabulary of ``ontology/constraints.ttl``.

Section numbers are those of the SHACL Recommendation (20 July 2017). Nothing in it has a name of
its own, so that reports can be put together.
"""

from collections.abc import Sequence

import pyoxigraph as ox

from kprov_capture.terms import PROV_NAMESPACE, RDF_TYPE, XSD_NAMESPACE
from kprov_rdf import vocabulary
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.validate.reports.found import UNREAD, Target, findings
from kprov_rdf.validate.shacl import Finding
from kprov_rdf.validate.shape_terms import SH
from kprov_rdf.validate.violations import Cited, Outcome, Step, Violation

CONS = f"{vocabulary.ONTOLOGY}/constraints#"
_RDF = RDF_TYPE.removesuffix("type")
_PREFIXES = {"cons": CONS, "sh": SH, "prov": PROV_NAMESPACE, "rdf": _RDF, "xsd": XSD_NAMESPACE}

_Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
_Value = _Term | str | int | bool


def text(targets: Sequence[Target]) -> str:
    """The whole report. What could not be read is a ``cons:Unread``."""
    writer = _Writer()
    if any(target.graphs for target in targets):
        writer.shacl(targets)
    for target in targets:
        for outcome in target.outcomes:
            writer.outcome(outcome)
        for error in target.malformed:
            writer.malformed(error)
        if target.status == UNREAD:
            unread = writer.node("Unread", "unread")
            writer.say(unread, CONS, document=target.name, message=target.unread)
    data = ox.serialize(writer.triples, format=ox.RdfFormat.TURTLE, prefixes=_PREFIXES)
    return (data or b"").decode()


class _Writer:
    def __init__(self) -> None:
        self.triples: list[ox.Triple] = []
        self._count = 0

    def node(self, kind: str, label: str, namespace: str = CONS) -> ox.BlankNode:
        """A node of a class, with the next label: the same report has the same text."""
        self._count += 1
        found = ox.BlankNode(f"{label}{self._count}")
        self._add(found, RDF_TYPE, ox.NamedNode(namespace + kind))
        return found

    def say(self, node: ox.BlankNode, namespace: str, **values: _Value | None) -> None:
        """Properties of the namespace; what is None is not said."""
        for name, value in values.items():
            if value is not None:
                self._add(node, namespace + name, value)

    def _add(self, node: ox.BlankNode, predicate: str, value: _Value) -> None:
        if isinstance(value, str):  # the name of a file may hold what is no text
            value = value.encode("utf-8", "replace").decode()
        term = ox.Literal(value) if isinstance(value, str | int) else value
        self.triples.append(ox.Triple(node, ox.NamedNode(predicate), term))

    def shacl(self, targets: Sequence[Target]) -> None:
        """Sections 3.6.1 and 3.6.2. The graph is beyond them: there is one report for all."""
        report = self.node("ValidationReport", "report", SH)
        wrong, others = findings(targets)
        self.say(report, SH, conforms=not (wrong or others))
        for one in [*wrong, *others]:
            self.say(report, SH, result=self._finding(one))

    def _finding(self, one: Finding) -> ox.BlankNode:
        node = self.node("ValidationResult", "result", SH)
        self.say(
            node,
            SH,
            focusNode=_term(one.node) or ox.BlankNode(f"focus{self._count}"),
            resultPath=_iri(one.path or ""),
            resultMessage=one.message,
            resultSeverity=ox.NamedNode(SH + one.severity),
            sourceShape=_iri(one.shape),
            sourceConstraintComponent=_iri(one.component),
            value=_term(one.term or "") or one.value,
        )
        self.say(node, CONS, document=one.graph)
        return node

    def outcome(self, outcome: Outcome) -> None:
        node = self.node("Validation", "validation")
        self.say(
            node,
            CONS,
            document=outcome.document,
            instance=_iri(outcome.instance or "") or outcome.instance,
            format=outcome.form,
            conforms=outcome.valid,
            statements=outcome.statements,
            simultaneous=outcome.cycles,
            unlisted=outcome.more or None,
        )
        for violation in outcome.violations:
            self.say(node, CONS, violation=self._violation(violation))

    def _violation(self, violation: Violation) -> ox.BlankNode:
        node = self.node("Violation", "violation")
        self.say(
            node,
            CONS,
            constraint=violation.constraint and _rule(violation.constraint),
            message=violation.message,
            mend=violation.mend or None,
        )
        for number in violation.also:
            self.say(node, CONS, also=_rule(number))
        for one in violation.cited:
            self.say(node, CONS, citation=self._citation(one))
        if violation.chain:
            self.say(node, CONS, chain=self._list([self._step(one) for one in violation.chain]))
        return node

    def _citation(self, one: Cited) -> ox.BlankNode:
        node = self.node("Citation", "citation")
        document = one.document or None
        self.say(node, CONS, text=one.text or None, line=one.line or None, document=document)
        return node

    def _step(self, step: Step) -> ox.BlankNode:
        node = self.node("Step", "step")
        by = _rule(step.constraint)
        self.say(node, CONS, event=step.event, time=step.time, strict=step.strict, orderedBy=by)
        if step.cited is not None:
            self.say(node, CONS, citation=self._citation(step.cited))
        return node

    def _list(self, members: Sequence[ox.BlankNode]) -> ox.NamedNode | ox.BlankNode:
        head: ox.NamedNode | ox.BlankNode = ox.NamedNode(f"{_RDF}nil")
        for member in reversed(members):
            self._count += 1
            cell = ox.BlankNode(f"list{self._count}")
            self.say(cell, _RDF, first=member, rest=head)
            head = cell
        return head

    def malformed(self, error: MalformedError) -> None:
        node = self.node("Violation", "violation")
        self.say(
            node,
            CONS,
            document=error.document,
            message=error.message,
            mend=error.mend or None,
            line=error.line or None,
            column=error.column or None,
        )


def _rule(number: int) -> ox.NamedNode:
    return ox.NamedNode(f"{CONS}PROV-{number}")


def _iri(text: str) -> ox.NamedNode | None:
    """An IRI as such; nothing for what is none, such as the name of a file."""
    try:
        return ox.NamedNode(text)
    except ValueError:
        return None


def _term(text: str) -> _Term | None:
    """A term as a result of SHACL has it: N-Triples, or an IRI without brackets."""
    if not text.startswith(('"', "<")):
        return _iri(text)
    try:
        (quad,) = ox.parse(f"<x:s> <x:p> {text} .", ox.RdfFormat.N_TRIPLES)
    except (SyntaxError, ValueError):
        return None
    found: _Term = quad.object
    return found
