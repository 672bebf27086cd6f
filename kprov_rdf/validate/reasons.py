"""Words for what is wrong: statements in PROV-N, events, and what would mend a violation."""

from kprov_capture.terms import PROV_NAMESPACE
from kprov_rdf.dm.model import ABSENT, KINDS, PLACEHOLDER, Document
from kprov_rdf.validate.merging import Conflict, Merged
from kprov_rdf.validate.ordering import Node, Order
from kprov_rdf.validate.violations import Cited, Step

MEND = {
    22: "Keep one of the two times, or give the two activities identifiers of their own.",
    23: "Give the two statements identifiers of their own, or the same arguments.",
    24: "Say the generation once: of one entity by one activity there is only one.",
    25: "Say the invalidation once: of one entity by one activity there is only one.",
    26: "Say the start once: of one activity by one starter there is only one.",
    27: "Say the end once: of one activity by one ender there is only one.",
    28: "Give the activity and the event that starts it the same time, or leave one out.",
    29: "Give the activity and the event that ends it the same time, or leave one out.",
    42: "Take one of these statements away, or name another entity in it: what is derived is "
    "generated after what it is derived from.",
    51: "Name the activity of the derivation, or leave its generation and its usage out.",
    52: "Take one of these statements away: nothing is a specialization of itself.",
    53: "Give the two relations identifiers of their own.",
    54: "Give the relation an identifier of its own.",
    55: "Give the entity and the activity names of their own, or take away what says that it is "
    "one of the two.",
    56: "Take the membership away, or the type prov:EmptyCollection.",
}
_EVENTS = {
    "wasGeneratedBy": "generation", "used": "usage", "wasStartedBy": "start",
    "wasEndedBy": "end", "wasInvalidatedBy": "invalidation",
}  # fmt: skip


class Words:
    """Names and statements of one instance as people read them."""

    def __init__(self, document: Document, merged: Merged) -> None:
        self._document = document
        self._merged = merged
        self._text = document.terms.text
        self._prefixes = {PROV_NAMESPACE: "prov"} | document.prefixes

    def name(self, number: int) -> str:
        """A term, with a prefix where the document declares one."""
        text = self._text[number] if number != ABSENT else "-"
        if not text.startswith("<"):
            return text.strip('"')
        iri = text[1:-1]
        # A namespace may end anywhere, but mostly does so after the last of one of these.
        for cut in sorted({iri.rfind(one) + 1 for one in "#/:"}, reverse=True):
            prefix = self._prefixes.get(iri[:cut])
            if prefix is not None and cut:
                return f"{prefix}:{iri[cut:]}" if prefix else iri[cut:]
        return text

    def statement(self, kind: str, row: int) -> str:
        """A statement as PROV-N writes it."""
        rows = self._merged.rows[kind]
        arguments = [self.name(column[row]) for column in rows.columns]
        identifier = rows.ids[row]
        if not KINDS[kind].mandatory and identifier:
            arguments = [self.name(identifier), *arguments]
        elif identifier:
            return f"{kind}({self.name(identifier)}; {', '.join(arguments)})"
        return f"{kind}({', '.join(arguments)})"

    def cited(self, kind: str, row: int) -> Cited:
        """The statement of the document that a row is, or was inferred from."""
        kind, row = self._merged.source(kind, row)
        document, line = self._document.whence(self._merged.rows[kind].lines[row])
        return Cited(self.original(kind, row), line, document)

    def original(self, kind: str, row: int) -> str:
        """A statement of the document as it was before others were merged into it."""
        told = self._merged.instance.rows[kind]
        merged, self._merged.rows[kind] = self._merged.rows[kind], told
        try:
            return self.statement(kind, row)
        finally:
            self._merged.rows[kind] = merged

    def argument(self, conflict: Conflict) -> str:
        """What two statements differ in."""
        if conflict.argument < 0:
            return "identifier"
        return KINDS[conflict.first[0]].arguments[conflict.argument]

    def told(self, conflict: Conflict) -> tuple[Cited, Cited]:
        """The two statements of a conflict: those that the two values come from."""
        first, second = (
            self._saying(row, conflict.argument, value)
            for row, value in zip(
                (conflict.first, conflict.second), conflict.values, strict=True
            )
        )  # fmt: skip
        return self.cited(*first), self.cited(*second)

    def _saying(self, at: tuple[str, int], argument: int, value: int) -> tuple[str, int]:
        """Of the rows that were merged into one, that which has the value."""
        kind, row = at
        told = self._merged.instance.rows[kind]
        column = told.ids if argument < 0 else told.columns[argument]
        if row < len(column) and column[row] == value:
            return at
        for other, number in enumerate(column):
            if number == value and self._merged.final(kind, other) == row:
                return kind, other
        return at

    def event(self, node: Node) -> str:
        """An event, such as "generation of ex:report"."""
        kind = _EVENTS[node.kind]
        if node.row >= 0:
            identifier = self._merged.rows[node.kind].ids[node.row]
            if node.kind == "used":
                entity = self._merged.rows["used"].columns[1][node.row]
                return f"usage of {self.name(entity)} by {self.name(node.term)}"
            if identifier and identifier not in self._merged.instance.terms.variables:
                return f"{kind} of {self.name(node.term)} ({self.name(identifier)})"
        return f"{kind} of {self.name(node.term)}"

    def time(self, node: Node) -> str | None:
        """The time of an event, where the document says it."""
        if node.row >= 0:
            found = self._merged.rows[node.kind].columns[-1][node.row]
            if found > PLACEHOLDER:
                return self.name(found)
        place = {"wasStartedBy": 0, "wasEndedBy": 1}.get(node.kind)
        if place is None:
            return None
        row = self._merged.by_id("activity").get(node.term)
        if row is None:
            return None
        found = self._merged.rows["activity"].columns[place][self._merged.final("activity", row)]
        return self.name(found) if found > PLACEHOLDER else None

    def chain(self, order: Order, edges: list[int]) -> tuple[Step, ...]:
        """The events of a cycle, each with what puts it before the next."""
        steps = []
        for edge in edges:
            node = order.nodes[order.before[edge]]
            row, kind = order.row[edge], order.kind[edge]
            steps.append(
                Step(
                    self.event(node),
                    order.rule[edge],
                    order.rule[edge] == 42,
                    self.time(node),
                    self.cited(kind, row) if row >= 0 else None,
                )
            )
        return tuple(steps)
