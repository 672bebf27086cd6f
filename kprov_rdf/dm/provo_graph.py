"""The statements of PROV-DM in one graph of PROV-O: collected first, then made."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import pyoxigraph as ox

from kprov_capture.terms import PROV_NAMESPACE, RDFS_LABEL
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.dm.model import ABSENT, KINDS, Document, Instance
from kprov_rdf.dm.relations import DERIVATIONS, RELATIONS
from kprov_rdf.dm.times import time_term
from kprov_rdf.dm.values import literal_term

# Of an element: the kind of statement, and which of its arguments it is.
ELEMENT_TIMES = {
    "startedAtTime": ("activity", 0),
    "endedAtTime": ("activity", 1),
    "generatedAtTime": ("wasGeneratedBy", 2),
    "invalidatedAtTime": ("wasInvalidatedBy", 2),
}
# Of a node that qualifies a relation (PROV-O, table 3).
NODE_PROPERTIES = (
    "entity", "activity", "agent", "influencer", "hadActivity", "hadGeneration", "hadUsage",
    "hadPlan", "atTime",
)  # fmt: skip
# What PROV-DM calls an attribute that has another name in PROV-O (PROV-O, section 3).
_ATTRIBUTES = {
    PROV_NAMESPACE + "atLocation": PROV_NAMESPACE + "location",
    PROV_NAMESPACE + "hadRole": PROV_NAMESPACE + "role",
    RDFS_LABEL: PROV_NAMESPACE + "label",
}
_CLASSES = {how.property: name for name, how in RELATIONS.items()}  # by kind of statement
# The classes of nodes that qualify. What reasons adds those above: the first one here is told.
_QUALIFYING = [
    *DERIVATIONS,
    *(name for name, how in RELATIONS.items() if how.qualified and name != "Influence"),
    "Influence",
]
_RANKS = {name: rank for rank, name in enumerate(_QUALIFYING)}
_ELEMENTS = ("Entity", "Activity", "Agent")
_INFLUENCE = "wasInfluencedBy"

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
_Pair = tuple[int, int]


class GraphStatements:
    """What one graph says."""

    def __init__(self, document: Document, instance: Instance, attributes: bool) -> None:
        self._document = document
        self._instance = instance
        self._terms = instance.terms
        self._keep = attributes
        # The line of the statement of RDF that is being told; 0: not known.
        self.line = 0
        # What follows has a line last, or, of elements, as the value.
        self._elements: dict[str, dict[int, int]] = {"entity": {}, "activity": {}, "agent": {}}
        self._classes: dict[int, str] = {}  # of nodes that qualify: the relation, or a derivation
        self._unqualified: dict[str, dict[_Pair, tuple[str, int]]] = defaultdict(dict)
        self._qualified: list[tuple[str, int, int, str, int]] = []
        self._told: set[tuple[str, int]] = set()  # kinds and nodes that statements were made of
        self._details: dict[str, dict[int, list[int]]] = defaultdict(dict)
        self._times: dict[str, dict[int, list[int]]] = defaultdict(dict)
        self._attributes: dict[int, list[_Pair]] = defaultdict(list)
        self._type = self._terms.number(f"<{PROV_NAMESPACE}type>")

    # -- collecting

    def number(self, term: Term) -> int:
        """The number of a term."""
        if isinstance(term, ox.NamedNode):
            return self._terms.number(f"<{term.value}>")
        if isinstance(term, ox.Literal):
            text = literal_term(term.value, term.datatype.value, term.language or "")
            return self._terms.number(text)
        return self._terms.number(str(term))

    def typed(self, subject: int, term: Term, elements: Mapping[str, tuple[str, ...]]) -> None:
        """rdf:type."""
        if not isinstance(term, ox.NamedNode):
            return
        for kind in elements.get(term.value, ()):
            self._elements[kind].setdefault(subject, self.line)
        local = term.value.removeprefix(PROV_NAMESPACE)
        if local != term.value and local in _RANKS:
            self._classes[subject] = min(
                local, self._classes.get(subject, local), key=_RANKS.__getitem__
            )
        elif local == term.value or local not in _ELEMENTS:
            self._attributes[subject].append((self._type, self.number(term)))

    def attribute(self, subject: int, name: str, term: Term) -> None:
        """Any other property."""
        number = self._terms.number(f"<{_ATTRIBUTES.get(name, name)}>")
        self._attributes[subject].append((number, self.number(term)))

    def unqualified(self, kind: str, subject: int, term: Term, special: str, inverse: bool) -> None:
        """A relation between two things."""
        target = self._resource(term, kind)
        if target:
            pair = (target, subject) if inverse else (subject, target)
            found = self._unqualified[kind]
            if special or pair not in found:
                found[pair] = (special, self.line)

    def qualified(self, kind: str, subject: int, term: Term, special: str) -> None:
        """The link to a node that qualifies."""
        node = self._resource(term, f"qualified form of {kind}")
        if node:
            self._qualified.append((kind, subject, node, special, self.line))

    def detail(self, node: int, name: str, term: Term) -> None:
        """A property of a node that qualifies."""
        number = self._time(term, name) if name == "atTime" else self._resource(term, name)
        if number:
            self._details[name].setdefault(node, []).append(number)

    def timed(self, name: str, subject: int, term: Term) -> None:
        """A time of an entity or an activity."""
        number = self._time(term, name)
        if number:
            self._times[name].setdefault(subject, []).append(number)

    def _resource(self, term: Term, what: str) -> int:
        if isinstance(term, ox.NamedNode | ox.BlankNode):
            return self.number(term)
        self._malformed(
            f"prov:{what} has the value {str(term)[:200]}, where PROV-O wants a resource.",
            "Give the thing an IRI, and the text as its rdfs:label.",
            self.line,
        )
        return ABSENT

    def _time(self, term: Term, what: str) -> int:
        try:
            if isinstance(term, ox.Literal):
                return self._terms.number(time_term(term.value))
            wrong = f"{term} is no literal"
        except ValueError as error:
            wrong = str(error)[:200]
        self._malformed(
            f"The value of prov:{what} is no time: {wrong}.", "Write an xsd:dateTime.", self.line
        )
        return ABSENT

    def _malformed(self, message: str, mend: str, line: int = 0) -> None:
        instance = self._instance.name
        self._document.malformed.append(
            MalformedError(self._document.name, message, line=line, mend=mend, instance=instance)
        )

    # -- making statements

    def finish(self) -> None:
        """Add all statements to the instance."""
        linked = {node for _, _, node, *_ in self._qualified}
        said: set[tuple[str, int, int]] = set()
        for qualified in self._qualified:
            said.update(self._relation(*qualified))
        for kind, pairs in self._unqualified.items():
            # A qualified relation implies the plain one, which then says no more.
            rest = [pair for pair in pairs if (kind, *pair) not in said]
            self._plain(kind, rest, pairs)
        self._element_statements()
        for node in sorted(self._classes.keys() - linked):
            self._dangling(node)

    def _relation(
        self, kind: str, subject: int, node: int, special: str, line: int
    ) -> list[tuple[str, int, int]]:
        """The statements of a node that qualifies; the plain relations that they imply."""
        typed = self._classes.get(node, "")
        if kind == _INFLUENCE and typed:
            kind = RELATIONS["Derivation" if typed in DERIVATIONS else typed].property
        how = RELATIONS[_CLASSES[kind]]
        special = special or (typed if typed in DERIVATIONS else "")
        # Of a node with many subjects the further values are told once: all is one identifier.
        most = 1 if (kind, node) in self._told else None
        self._told.add((kind, node))
        values = [[subject]]
        for argument in KINDS[kind].arguments[1:]:
            names = [how.influencer, "influencer"]
            if argument != how.object:
                names = [how.more[argument]]
            elif kind == _INFLUENCE:  # of which the others are subproperties
                names = ["influencer", "entity", "activity", "agent"]
            values.append(
                [one for name in names for one in self._details[name].get(node, [])[:most]]
            )
        attributes = self._of(node, special)
        for row in _rows(values):
            if row[1] == ABSENT and KINDS[kind].mandatory > 1:
                self._missing(kind, node, how.influencer, line)
                return []
            self._instance.add(kind, node, row, line, attributes)
        return [(kind, subject, target) for target in values[1]]

    def _of(self, node: int, special: str) -> list[_Pair]:
        found = list(self._attributes.get(node, ())) if self._keep else []
        if special:
            found.append((self._type, self._terms.number(f"<{PROV_NAMESPACE}{special}>")))
        return found

    def _plain(self, kind: str, pairs: list[_Pair], told: dict[_Pair, tuple[str, int]]) -> None:
        rows = self._instance.rows[kind]
        if kind in ("wasGeneratedBy", "wasInvalidatedBy"):
            self._plain_events(kind, pairs, told)
            return
        for pair in pairs:
            special, line = told[pair]
            if kind == "mentionOf":
                bundle = self._details["asInBundle"].get(pair[0], [ABSENT])[0]
                if bundle:
                    self._instance.add(kind, ABSENT, (*pair, bundle), line)
                else:
                    self._missing(kind, pair[0], "asInBundle", line)
                continue
            row = [*pair, *([ABSENT] * (len(rows.columns) - 2))]
            self._instance.add(kind, ABSENT, row, line, self._of(ABSENT, special))

    def _plain_events(
        self, kind: str, pairs: list[_Pair], told: dict[_Pair, tuple[str, int]]
    ) -> None:
        """Generations and invalidations, with the time where it can only be that of one."""
        name = "generatedAtTime" if kind == "wasGeneratedBy" else "invalidatedAtTime"
        times = self._times[name]
        rows = self._instance.rows[kind]
        events: dict[int, int] = defaultdict(int)
        for entity in rows.columns[0]:
            events[entity] += 1
        for entity, _ in pairs:
            events[entity] += 1
        for entity, activity in pairs:
            known = times.get(entity, [])
            only = len(known) == 1 and events[entity] == 1
            time = known[0] if only else ABSENT
            line = told[entity, activity][1]
            self._instance.add(kind, ABSENT, (entity, activity, time), line)
            if only:
                del times[entity]
        said = set(zip(rows.columns[0], rows.columns[2], strict=True))
        for entity, found in times.items():
            for time in found:
                if (entity, time) not in said:
                    self._instance.add(kind, ABSENT, (entity, ABSENT, time))
        times.clear()

    def _element_statements(self) -> None:
        for kind in ("wasGeneratedBy", "wasInvalidatedBy"):
            if kind not in self._unqualified:
                self._plain_events(kind, [], {})
        starts, ends = self._times["startedAtTime"], self._times["endedAtTime"]
        activities = dict.fromkeys((*starts, *ends), 0) | self._elements["activity"]
        for kind in ("entity", "agent"):
            for node, line in self._elements[kind].items():
                self._instance.add(kind, node, (), line, self._attributes.get(node, ()))
        for node, line in activities.items():
            attributes = self._attributes.get(node, ())
            values = [starts.get(node, []), ends.get(node, [])]
            for row in ([found[0] if found else ABSENT for found in values], *_further(values)):
                self._instance.add("activity", node, row, line, attributes)

    def _missing(self, kind: str, node: int, name: str, line: int) -> None:
        self._malformed(
            f"{self._terms.text[node]} says {kind} without saying prov:{name}, "
            "an argument that PROV-DM demands.",
            f"Add prov:{name}, or take the node away.",
            line,
        )

    def _dangling(self, node: int) -> None:
        """A node of a relation's class that qualifies none: its first argument is missing."""
        name = self._classes[node]
        if name == "Influence":
            return
        how = RELATIONS["Derivation" if name in DERIVATIONS else name]
        link = DERIVATIONS[name][1] if name in DERIVATIONS else how.qualified
        self._malformed(
            f"{self._terms.text[node]} is a prov:{name}, but nothing says whose: PROV-DM demands "
            f"the {how.subject} of {how.property}.",
            f"Point to it with prov:{link}, or take the class away.",
        )


def _rows(values: list[list[int]]) -> Iterator[list[int]]:
    """A row for the first values; for each further one of an argument a row with the subject."""
    first = [found[0] if found else ABSENT for found in values]
    yield first
    for row in _further(values[1:]):
        yield [first[0], *row]


def _further(values: list[list[int]]) -> Iterator[list[int]]:
    """A row for each value of an argument beyond its first."""
    for index, found in enumerate(values):
        for one in found[1:]:
            row = [ABSENT] * len(values)
            row[index] = one
            yield row
