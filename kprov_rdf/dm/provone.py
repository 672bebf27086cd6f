"""The kinds of ProvONE in PROV-JSON, as provonetoolbox writes them.

An element becomes that of PROV with the class of ProvONE as its type, a relation an attribute of
the first thing that it relates (ProvONE specification, 2015, section 3).
"""

from collections.abc import Callable, Iterator
from typing import Any

from kprov_rdf.dm import names
from kprov_rdf.dm.model import ABSENT, KINDS, Instance
from kprov_rdf.dm.names import Names, UnreadableError
from kprov_rdf.dm.repairs import WELL_KNOWN, Repairs

_PROVONE = WELL_KNOWN["provone"]
# The element of PROV that each class is a kind of.
ELEMENTS = {
    "program": "entity", "workflow": "entity", "port": "entity", "channel": "entity",
    "controller": "entity", "data": "entity", "visualization": "entity", "document": "entity",
    "execution": "activity", "user": "agent",
}  # fmt: skip
# Relations: the local names of the keys of both ends, and the kind of the statement that tells it.
RELATIONS = {
    "hasSubProgram": ("parent", "child", "entity"),
    "controlledBy": ("program", "controller", "entity"),
    "controls": ("controller", "program", "entity"),
    "hasInPort": ("program", "port", "entity"),
    "hasOutPort": ("program", "port", "entity"),
    "hasDefaultParam": ("port", "entity", "entity"),
    "connectsTo": ("port", "channel", "entity"),
    "wasPartOf": ("child", "parent", "activity"),
    "hadInPort": ("usage", "port", "used"),
    "hadOutPort": ("generation", "port", "wasGeneratedBy"),
    "hadEntity": ("activity", "entity", "used"),
    "hadPlan": ("activity", "plan", "wasAssociatedWith"),
}
KINDS_OF_PROVONE = frozenset(ELEMENTS | RELATIONS)


def typed(kind: str, record: Any) -> Any:
    """An element with its class among its types; as it is where it is no record."""
    if isinstance(record, list):
        return [typed(kind, one) for one in record]
    if not isinstance(record, dict):
        return record
    given = record.get("prov:type")
    many = given if isinstance(given, list) else [] if given is None else [given]
    # Written out: the prefix may stand for something else there.
    name = {"$": f"{_PROVONE}{kind.capitalize()}", "type": "prov:QUALIFIED_NAME"}
    return {**record, "prov:type": [*many, name]}


class Relations:
    """Adds the relations of one instance, once all its other statements are there.

    ``values`` gives the numbers of what stands under the key of an attribute.
    """

    def __init__(
        self, instance: Instance, scope: Names, values: Callable[[Any], Iterator[int]]
    ) -> None:
        self._instance = instance
        self._scope = scope
        self._values = values
        # By kind, the rows of what identifies a usage, a generation or an association.
        self._rows: dict[str, dict[int, int]] = {}

    def add(self, kind: str, record: Any, line: int) -> None:
        """Say a relation as an attribute of its first end, and its own attributes after it.

        Raises ``UnreadableError`` where it is no record, or an end is missing.
        """
        if not isinstance(record, dict):
            raise UnreadableError(f"the record is {names.json_kind(record)}", "Write an object.")
        first, second, told = RELATIONS[kind]
        ends: dict[str, int] = {}
        rest: list[tuple[int, int]] = []
        for key, value in record.items():
            local = key.rpartition(":")[2]
            if local in (first, second) and local not in ends and isinstance(value, str):
                ends[local] = self._scope[value]
            else:
                rest += [(self._scope[key], one) for one in self._values(value)]
        if len(ends) < 2:
            missing = first if first not in ends else second
            raise UnreadableError(f"there is no {missing}", "Name both ends of it.")
        property_ = self._instance.terms.number(f"<{_PROVONE}{kind}>")
        self._tell(told, ends[first], [(property_, ends[second]), *rest], line)

    def _tell(self, told: str, name: int, pairs: list[tuple[int, int]], line: int) -> None:
        if told not in ELEMENTS.values():
            for where in (told, "used", "wasGeneratedBy"):
                rows = self._instance.rows[where]
                if where not in self._rows:
                    self._rows[where] = {number: row for row, number in enumerate(rows.ids)}
                row = self._rows[where].get(name)
                if row is not None:
                    rows.attributes.setdefault(row, []).extend(pairs)
                    return
            told = "entity"  # of which nothing else is said
        absent = [ABSENT] * len(KINDS[told].arguments)
        self._instance.add(told, name, absent, line, pairs)


def noted(kind: str, count: int, repairs: Repairs, line: int) -> None:
    """Tell of what stands under one key."""
    read = f"{ELEMENTS[kind]} with a type" if kind in ELEMENTS else "attribute"
    repairs.add("provone-kind", f"{kind!r}, {count:,} x, is of ProvONE; read as {read}", line)
