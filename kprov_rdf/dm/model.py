"""Statements of PROV-DM, with their names as numbers: a million fit into a few hundred megabytes.

A document has a toplevel instance and named ones, its bundles (PROV-DM section 5.4). An instance
has statements by kind, column by column. What stands in a column is the number of a term in
``Terms``, or one of two that are no terms: ``ABSENT`` and ``PLACEHOLDER``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kprov_rdf.dm.dictionaries import DictionaryStatement
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.dm.times import time_term
from kprov_rdf.dm.values import VALUES, literal_term, written_term
from kprov_rdf.errors import InputError

# Not said: an existential variable that stands nowhere else (PROV-CONSTRAINTS, definition 4).
ABSENT = 0
# The "-" of PROV-N where definition 4 puts no variable for it: there is none, or none is known.
PLACEHOLDER = 1


@dataclass(frozen=True)
class Kind:
    """One kind of statement: its name in PROV-N, and those of its arguments in PROV-DM.

    ``mandatory`` is how many of the first arguments must be there. ``many`` lists how many
    arguments PROV-N may be given. ``identified``: whether it may have an identifier of its own;
    an element (entity, activity, agent) is its identifier.
    """

    name: str
    arguments: tuple[str, ...]
    mandatory: int
    many: tuple[int, ...]
    identified: bool = True


# PROV-DM section 5; PROV-N section 3 for the order and number of arguments.
KINDS = {
    kind.name: kind
    for kind in (
        Kind("entity", (), 0, (0,)),
        Kind("activity", ("startTime", "endTime"), 0, (0, 2)),
        Kind("agent", (), 0, (0,)),
        Kind("wasGeneratedBy", ("entity", "activity", "time"), 1, (1, 3)),
        Kind("used", ("activity", "entity", "time"), 1, (1, 3)),
        Kind("wasInformedBy", ("informed", "informant"), 2, (2,)),
        Kind("wasStartedBy", ("activity", "trigger", "starter", "time"), 1, (1, 4)),
        Kind("wasEndedBy", ("activity", "trigger", "ender", "time"), 1, (1, 4)),
        Kind("wasInvalidatedBy", ("entity", "activity", "time"), 1, (1, 3)),
        Kind(
            "wasDerivedFrom",
            ("generatedEntity", "usedEntity", "activity", "generation", "usage"),
            2,
            (2, 5),
        ),
        Kind("wasAttributedTo", ("entity", "agent"), 2, (2,)),
        Kind("wasAssociatedWith", ("activity", "agent", "plan"), 1, (1, 3)),
        # The cases of the W3C take "-" for the responsible agent.
        Kind("actedOnBehalfOf", ("delegate", "responsible", "activity"), 1, (2, 3)),
        Kind("wasInfluencedBy", ("influencee", "influencer"), 2, (2,)),
        Kind("alternateOf", ("alternate1", "alternate2"), 2, (2,), identified=False),
        Kind("specializationOf", ("specificEntity", "generalEntity"), 2, (2,), identified=False),
        Kind("hadMember", ("collection", "entity"), 2, (2,), identified=False),
        # PROV-LINKS section 3.
        Kind("mentionOf", ("specificEntity", "generalEntity", "bundle"), 3, (3,), identified=False),
    )
}
MAX_PREFIXES = 100_000  # real documents have some dozens
MAX_BUNDLES = 50_000  # each takes some kilobytes, however little is in it
_PART_BITS = 40  # of a line number, beyond which the number of the part stands
ELEMENTS = ("entity", "activity", "agent")
TIMES = frozenset(("time", "startTime", "endTime"))


class Terms:
    """Names, times and blank nodes of a document, each with a number.

    ``text`` is what each is written as: ``<iri>``, ``_:label``, or a literal in quotes.
    ``variables`` are the existential ones: blank nodes, whose names only this document knows.
    Literals that are the same value have one number; ``written`` has what the first of them was
    written as, by number, where that is another way than the one of ``text``.
    """

    def __init__(self) -> None:
        self.text = ["", "-"]
        self.variables: set[int] = set()
        self.written: dict[int, str] = {}
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.text)

    def number(self, text: str) -> int:
        """The number of a term; the same text always has the same one."""
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = len(self.text)
            self.text.append(text)
            if text.startswith("_:"):
                self.variables.add(found)
        return found

    def known(self, text: str) -> int:
        """The number of a term that is there; ``ABSENT`` for another."""
        return self._numbers.get(text, ABSENT)

    def literal(self, lexical: str, datatype: str, language: str = "") -> int:
        """The number of a literal, as documents write it. Of locales, ``en_US`` means en-US."""
        if not language and datatype not in VALUES:
            return self.number(written_term(lexical, datatype))
        language = language.replace("_", "-")
        text = literal_term(lexical, datatype, language)
        return self._kept(text, written_term(lexical, datatype, language))

    def time(self, lexical: str) -> int:
        """The number of a time. Raises ``ValueError`` for what is no xsd:dateTime."""
        return self._kept(time_term(lexical), f'"{lexical.strip()}"')

    def _kept(self, text: str, written: str) -> int:
        count = len(self.text)
        number = self.number(text)
        if number == count and written != text:
            self.written[number] = written
        return number


@dataclass
class Rows:
    """The statements of one kind: ``columns`` is a list for each argument.

    ``ids`` are their identifiers, ``lines`` where they stand in the document (from 1; 0: not
    known). ``attributes`` has, by the index of the row, pairs of the numbers of name and value.
    """

    columns: list[list[int]]
    ids: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    attributes: dict[int, list[tuple[int, int]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)


class Instance:
    """The statements of the toplevel (``name`` is None) or of one bundle."""

    def __init__(self, terms: Terms, name: str | None = None) -> None:
        self.terms = terms
        self.name = name
        self.rows = {kind.name: Rows([[] for _ in kind.arguments]) for kind in KINDS.values()}

    def __len__(self) -> int:
        return sum(map(len, self.rows.values()))

    def add(
        self,
        kind: str,
        identifier: int,
        arguments: Sequence[int],
        line: int = 0,
        attributes: Iterable[tuple[int, int]] = (),
    ) -> None:
        """Add a statement. Each argument of the kind has a number, ``ABSENT`` or ``PLACEHOLDER``.

        A placeholder becomes ``ABSENT`` where definition 4 puts a variable for it: everywhere
        but in the plan of an association, the activity of a derivation, and, where there is no
        such activity, its generation and its usage.
        """
        rows = self.rows[kind]
        if PLACEHOLDER in arguments:
            arguments = _expanded(kind, arguments)
        given = list(attributes)
        if given:
            rows.attributes[len(rows.ids)] = given
        rows.ids.append(ABSENT if identifier == PLACEHOLDER else identifier)
        rows.lines.append(line)
        for column, argument in zip(rows.columns, arguments, strict=True):
            column.append(argument)


def _expanded(kind: str, arguments: Sequence[int]) -> list[int]:
    """PROV-CONSTRAINTS, definition 4 and its table of expandable arguments."""
    kept: Sequence[int] = ()
    if kind == "wasAssociatedWith":
        kept = (2,)
    elif kind == "wasDerivedFrom" and arguments[2] == PLACEHOLDER:
        kept = (2, 3, 4)
    return [
        ABSENT if one == PLACEHOLDER and index not in kept else one
        for index, one in enumerate(arguments)
    ]


@dataclass
class Document:
    """What one document says. ``form`` is the name of its format for people.

    ``notes`` tell what could not be taken as it is, ``malformed`` what breaks PROV-DM.
    ``prefixes`` are those that it declares, by namespace, for showing it. ``parts`` are the
    names of the documents that it was put together from, where it was. ``extensions`` are lines
    and texts of what is PROV-N and beyond PROV-DM, where they are to be kept; ``dictionaries`` are
    the statements of PROV-Dictionary.
    """

    name: str
    form: str
    terms: Terms = field(default_factory=Terms)
    toplevel: Instance = field(init=False)
    bundles: dict[str, Instance] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    malformed: list[MalformedError] = field(default_factory=list)
    prefixes: dict[str, str] = field(default_factory=dict)
    dictionaries: list[DictionaryStatement] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    extensions: list[tuple[int, str]] = field(default_factory=list)
    _declared: set[tuple[str, str]] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        self.toplevel = Instance(self.terms)

    def bundle(self, name: str) -> Instance:
        """The instance of a bundle; ``name`` is its IRI. The same name is the same bundle.

        Raises ``InputError`` where there are too many.
        """
        if name not in self.bundles:
            if len(self.bundles) >= MAX_BUNDLES:
                raise InputError(
                    f"{self.name} has more than {MAX_BUNDLES:,} bundles, which takes too much "
                    "memory. Split it."
                )
            self.bundles[name] = Instance(self.terms, name)
        return self.bundles[name]

    def declare(self, prefix: str, namespace: str) -> None:
        """Note a prefix. Raises ``InputError`` where there are too many in all."""
        self._declared.add((prefix, namespace))
        if len(self._declared) > MAX_PREFIXES:
            raise InputError(
                f"{self.name} declares more than {MAX_PREFIXES:,} prefixes, which no provenance "
                "needs. It was not read."
            )
        self.prefixes.setdefault(namespace, prefix)

    def instances(self) -> list[Instance]:
        """The toplevel and all bundles."""
        return [self.toplevel, *self.bundles.values()]

    @staticmethod
    def place(part: int, line: int) -> int:
        """A line of one of the parts, as a line of the whole."""
        return part << _PART_BITS | line

    def whence(self, line: int) -> tuple[str, int]:
        """The document of a line, and the line there."""
        if not self.parts:
            return self.name, line
        return self.parts[line >> _PART_BITS], line & ((1 << _PART_BITS) - 1)
