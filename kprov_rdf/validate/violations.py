"""What is wrong with a PROV document, with what a person needs to mend it."""

from dataclasses import dataclass

from kprov_rdf.validate.catalog import DATA_MODEL, RULES


@dataclass(frozen=True)
class Cited:
    """A statement that is involved: in PROV-N, and its line (0: not known) in its document."""

    text: str
    line: int = 0
    document: str = ""


@dataclass(frozen=True)
class Step:
    """A step of a chain of events: ``event`` comes before the next step's, by ``constraint``.

    ``strict``: it cannot be at the same time either. ``time`` is what the document says of the
    event, which the constraints do not compare. ``cited`` is the statement that the step is by.
    """

    event: str
    constraint: int
    strict: bool
    time: str | None = None
    cited: Cited | None = None


@dataclass(frozen=True)
class Violation:
    """A constraint of PROV-CONSTRAINTS that does not hold, or, as None, a malformed statement.

    ``instance`` is the IRI of the bundle (None: the toplevel). ``also`` are the numbers of the
    other rules that it took. ``chain``, of an ordering constraint, is the shortest chain of
    events that comes back to where it began, each before the next, the last before the first.
    ``mend`` says what would make it valid.
    """

    document: str
    instance: str | None
    constraint: int | None
    message: str
    mend: str
    cited: tuple[Cited, ...] = ()
    also: tuple[int, ...] = ()
    chain: tuple[Step, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """All the rules that are violated, or that it took, sorted."""
        return tuple(sorted({*([self.constraint] if self.constraint else []), *self.also}))

    @property
    def title(self) -> str:
        """The name of the constraint in the Recommendation, or that the document is malformed."""
        return RULES[self.constraint].name if self.constraint else "malformed"

    @property
    def link(self) -> str:
        """Where the Recommendation says it."""
        return RULES[self.constraint].link if self.constraint else DATA_MODEL


@dataclass(frozen=True)
class Outcome:
    """What PROV-CONSTRAINTS says of one instance of a document.

    ``statements`` is how many it has, ``cycles`` how many groups of events are simultaneous
    only because of each other, which is valid. ``more`` counts violations beyond those listed.
    """

    document: str
    instance: str | None
    form: str
    statements: int
    violations: tuple[Violation, ...]
    cycles: int = 0
    more: int = 0

    @property
    def valid(self) -> bool:
        return not self.violations
