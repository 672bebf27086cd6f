"""Whether two documents say the same (PROV-CONSTRAINTS, sections 6.1 and 7), and what differs.

Two valid documents are equivalent where their toplevel instances are, and the bundles of each
name. A bundle without a statement is the same as none, which is all that RDF can say. Two
instances are equivalent where each follows from the normal form of the other; see ``normal``
for why that is so.

What follows is told by what a document tells: where all its statements follow, so does what is
inferred from them. So each difference is a statement that one of the two documents tells.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace

from kprov_capture.terms import PROV_NAMESPACE
from kprov_rdf.dm.memory import without_collector
from kprov_rdf.dm.model import Document, Instance
from kprov_rdf.dm.values import XSD
from kprov_rdf.errors import LimitError
from kprov_rdf.validate import constraints
from kprov_rdf.validate.closures import MOST_STEPS, Budget
from kprov_rdf.validate.facts import Pattern
from kprov_rdf.validate.homomorphism import Translation, lacking
from kprov_rdf.validate.merging import Merged
from kprov_rdf.validate.normal import normal_form
from kprov_rdf.validate.reasons import Words
from kprov_rdf.validate.violations import Outcome

# Bundles whose names are blank nodes: each may be any of the other document's.
MOST_NAMELESS = 50
_STEPS_EACH = 50
_Row = tuple[str, int]


@dataclass(frozen=True)
class Told:
    """A statement that one of the documents tells: in PROV-N, and its line (0: not known).

    ``instance`` is the IRI of its bundle; None: the toplevel. ``text`` is without attributes.
    """

    instance: str | None
    text: str
    attributes: tuple[str, ...] = ()
    line: int = 0

    def written(self, but: Container[str] = ()) -> str:
        """The statement with its attributes, "…" for some of them."""
        shown = [one for one in self.attributes if one not in but]
        if not self.attributes:
            return self.text
        if len(shown) < len(self.attributes):
            shown.append("…")
        return f"{self.text[:-1]}, [{', '.join(shown)}])"


@dataclass(frozen=True)
class Difference:
    """What one document tells that does not follow from the other.

    ``invalid`` are the instances for which that is not defined, since they break a constraint;
    where there are any, nothing else is said.
    """

    only_a: tuple[Told, ...] = ()
    only_b: tuple[Told, ...] = ()
    invalid_a: tuple[Outcome, ...] = ()
    invalid_b: tuple[Outcome, ...] = ()

    @property
    def valid(self) -> bool:
        return not self.invalid_a and not self.invalid_b

    @property
    def equivalent(self) -> bool:
        return self.valid and not self.only_a and not self.only_b


def compare(a: Document, b: Document, budget: Budget | None = None) -> Difference:
    """What two documents differ in.

    Both must have been read with all their attributes. Raises ``LimitError`` where blank nodes
    make it too much work; ``budget`` are the steps that may be taken, by default two million,
    and fifty for each statement.
    """
    invalid_a, invalid_b = (
        tuple(one for one in constraints.check(document) if not one.valid) for document in (a, b)
    )
    if invalid_a or invalid_b:
        return Difference(invalid_a=invalid_a, invalid_b=invalid_b)
    count = sum(len(instance) for document in (a, b) for instance in document.instances())
    with without_collector():
        return _Comparison(a, b, budget or Budget(MOST_STEPS + _STEPS_EACH * count)).difference()


class _Comparison:
    """Two valid documents."""

    def __init__(self, a: Document, b: Document, budget: Budget) -> None:
        self._a, self._b = a, b
        self._budget = budget
        # Before the numbers of terms are compared: the rules look for these.
        for document in (a, b):
            for name in ("type", "Revision", "EmptyCollection"):
                document.terms.number(f"<{PROV_NAMESPACE}{name}>")
        self._to_b = Translation(a.terms, b.terms)
        self._to_a = Translation(b.terms, a.terms)
        self._own_a, self._own_b = (Translation(one.terms, one.terms) for one in (a, b))

    def difference(self) -> Difference:
        only_a: list[Told] = []
        only_b: list[Told] = []
        for one, other in self._pairs():
            mine, theirs = self._lacking(one, other)
            only_a += _words(self._a, one, mine)
            only_b += _words(self._b, other, theirs)
        return Difference(tuple(only_a), tuple(only_b))

    def _lacking(self, one: Instance, other: Instance) -> tuple[list[_Row], list[_Row]]:
        """The statements of each that do not follow from the other: kind and row."""
        mine, theirs = self._to_b.statements(one), self._own_b.statements(other)
        # What both tell in the same words needs no normal form.
        rest = [own for own in mine if own not in theirs or own.variables]
        others = {
            self._to_a.pattern(own): own for own in theirs if own not in mine or own.variables
        }
        only_a: list[Pattern] = []
        only_b: list[Pattern] = []
        if rest:
            told = [own for own in theirs if own.variables]
            only_a = lacking(rest, normal_form(other, budget=self._budget), told)
        if others:
            told = [own for own in self._own_a.statements(one) if own.variables]
            only_b = lacking(list(others), normal_form(one, budget=self._budget), told)
        return (
            [(own.kind, mine[own]) for own in only_a],
            [(own.kind, theirs[others[own]]) for own in only_b],
        )

    def _pairs(self) -> Iterator[tuple[Instance, Instance]]:
        """The instances to compare: the toplevels, and the bundles by name."""
        yield self._a.toplevel, self._b.toplevel
        named = dict.fromkeys([*self._a.bundles, *self._b.bundles])
        for name in named:
            if not name.startswith("_:"):
                one, other = (_bundle(document, name) for document in (self._a, self._b))
                yield one, other
        yield from self._nameless()

    def _nameless(self) -> Iterator[tuple[Instance, Instance]]:
        """Bundles named by blank nodes: each with one of the other that says the same."""
        mine, theirs = (
            [bundle for name, bundle in document.bundles.items() if name.startswith("_:")]
            for document in (self._a, self._b)
        )
        if max(len(mine), len(theirs)) > MOST_NAMELESS:
            raise LimitError(
                f"There are more than {MOST_NAMELESS} bundles without a name of their own. "
                "Name them with IRIs."
            )
        for one in mine:
            for other in theirs:
                if not any(self._lacking(one, other)):
                    theirs.remove(other)
                    break
            else:
                yield one, Instance(self._b.terms, one.name)
        for other in theirs:
            yield Instance(self._a.terms, other.name), other


def _bundle(document: Document, name: str) -> Instance:
    found = document.bundles.get(name)
    return Instance(document.terms, name) if found is None else found


def _words(document: Document, instance: Instance, statements: list[_Row]) -> Iterator[Told]:
    """Statements in PROV-N as the document has them; the same one once."""
    words = Words(document, Merged(instance, frozenset()))
    seen: set[Told] = set()
    for kind, row in statements:
        rows = instance.rows[kind]
        text = words.original(kind, row)
        pairs = tuple(
            f"{words.name(name)}={_value(words, document.terms.text[value], value)}"
            for name, value in sorted(rows.attributes.get(row, ()))
        )
        told = Told(instance.name, text, pairs)
        if told not in seen:
            seen.add(told)
            yield replace(told, line=rows.lines[row])


def _value(words: Words, text: str, number: int) -> str:
    """A value of an attribute, as PROV-N writes it: names in single quotes, texts in double."""
    if not text.startswith('"'):
        return f"'{words.name(number)}'"
    value, mark, datatype = text[:-1].rpartition("^^<")
    if not mark or datatype == f"{XSD}string":
        return value if mark else text
    local = datatype.removeprefix(XSD)
    return f"{value} %% <{datatype}>" if local == datatype else f"{value} %% xsd:{local}"
