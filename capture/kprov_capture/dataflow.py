"""A dataflow as it is planned: transformations, the sets they read and write, typed attributes.

    Dataflow("densed", [
        Transformation("encoder", outputs=[DataSet("oencoder", [Attribute("padding")])]),
        Transformation("denseblock", inputs=[DataSet("idenseblock", [
            Attribute("k", "NUMERIC", unit="UNITLESS"), Attribute("l", "NUMERIC")])]),
    ])

Sets are known by their tags: a transformation that reads a set which another one writes
depends on it. What is wrong with a specification is a ``ValueError`` where it is made.
"""

import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from kprov_capture.nquads import Value

TYPES = ("TEXT", "NUMERIC", "FILE", "RDFILE", "LONG_TEXT")
FILES = ("FILE", "RDFILE")
# The transformations that each dataflow has; the hash of this names one without others.
BUILT_IN = ("trainingmodel", "adaptation", "testingmodel")
SPECIFICATION = json.dumps({"transformations": BUILT_IN})
UNITS = "http://qudt.org/vocab/unit/"

_UNIT = re.compile(r"[A-Za-z0-9_-]+").fullmatch
_NUMBER = re.compile(r"[+-]?(\d+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf|infinity|nan)").fullmatch
_WHOLE = re.compile(r"[+-]?\d+").fullmatch
# How a missing value is written where all values are texts.
_MISSING = ("", "null", "None")
_SENTINEL = -9999999
_LARGEST = 2**63 - 1


def _named(kind: str, name: object) -> str:
    if not isinstance(name, str) or not name:
        raise ValueError(f"{kind} is named by a text that is not empty; found {name!r}.")
    return name


@dataclass(frozen=True)
class Attribute:
    """A named, typed value of a set. ``type`` is one of TYPES.

    ``unit`` is the name of a unit of QUDT (https://qudt.org/vocab/unit/), such as
    ``SEC`` or ``M-PER-SEC``, or its IRI.
    """

    name: str
    type: str = "TEXT"
    unit: str | None = None

    def __post_init__(self) -> None:
        _named("An attribute", self.name)
        if self.type not in TYPES:
            raise ValueError(
                f"The type of the attribute {self.name!r} is one of {', '.join(TYPES)}; "
                f"found {self.type!r}."
            )
        if self.unit is not None:
            unit = str(self.unit).removeprefix("unit:").removeprefix(UNITS)
            if not _UNIT(unit):
                raise ValueError(
                    f"The unit of the attribute {self.name!r} is the name of a unit of QUDT, "
                    f"such as 'SEC', or its IRI below {UNITS}; found {self.unit!r}."
                )
            object.__setattr__(self, "unit", unit)

    def check(self, value: Any, where: str) -> Value | None:
        """A value of Python's as it is recorded; None says nothing.

        Raises ``ValueError`` where it is not of the attribute's type; ``where`` names the set.
        """
        if value is None:
            return None
        if self.type in FILES and isinstance(value, os.PathLike):
            value = os.fspath(value)
        number = isinstance(value, Real) and not isinstance(value, bool)
        if self.type == "NUMERIC" and number:
            found = _number(value)
            if found != _SENTINEL:
                return found
            raise self._wrong(where, "math.nan in the place of -9999999", value)
        if self.type == "NUMERIC":
            raise self._wrong(where, "a number", value)
        if not isinstance(value, str):
            wanted = "the path of a file" if self.type in FILES else "a text"
            raise self._wrong(where, wanted, value)
        return value

    def parse(self, text: str, where: str) -> Value | None:
        """The same of a value that comes as a text; -9999999 stands for NaN there."""
        if self.type != "NUMERIC":
            return text
        text = text.strip()
        if text in _MISSING:
            return None
        if len(text) > 400 or not _NUMBER(text.lower()):
            raise self._wrong(where, "a number", text)
        found = _number(int(text) if _WHOLE(text) else float(text))
        return math.nan if found == _SENTINEL else found

    def _wrong(self, where: str, wanted: str, found: object) -> ValueError:
        shown = repr(found)
        if len(shown) > 80:
            shown = f"{shown[:80]}…"
        return ValueError(
            f"The attribute {self.name!r} of the set {where!r} is {self.type}: {wanted} was "
            f"wanted; found {shown} ({type(found).__name__})."
        )


def _number(value: Any) -> int | float:
    """A whole number that an xsd:integer of every store holds, else a double."""
    if isinstance(value, Integral) and abs(int(value)) <= _LARGEST:
        return int(value)
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


Row = dict[str, Value | None]


@dataclass(frozen=True)
class DataSet:
    """The schema of a set of the dataflow: what the elements of it have, in this order."""

    tag: str
    attributes: Sequence[Attribute]

    def __post_init__(self) -> None:
        _named("A set", self.tag)
        object.__setattr__(self, "attributes", tuple(self.attributes))
        names = [one.name for one in self.attributes]
        if not names:
            raise ValueError(f"The set {self.tag!r} has no attribute. Give it one at least.")
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"The set {self.tag!r} has the attribute {name!r} twice.")

    @property
    def listed(self) -> str:
        return ", ".join(one.name for one in self.attributes)

    def row(self, values: Mapping[str, Any]) -> Row:
        """One element from values by name. Raises ``ValueError`` as ``Attribute.check`` does."""
        if not isinstance(values, Mapping):
            raise ValueError(
                f"An element of the set {self.tag!r} is a dict of its attributes ({self.listed}); "
                f"found {type(values).__name__}."
            )
        wanted = {one.name for one in self.attributes}
        for kind, names in (("lacks", wanted - set(values)), ("has no", set(values) - wanted)):
            if names:
                which = ", ".join(sorted(map(repr, names)))
                what = "An element of the" if kind == "lacks" else "The"
                raise ValueError(
                    f"{what} set {self.tag!r} {kind} attribute {which}. Its attributes are "
                    f"{self.listed}; a value of None says that there is none."
                )
        return {one.name: one.check(values[one.name], self.tag) for one in self.attributes}

    def parse(self, cells: Sequence[str]) -> Row:
        """One element from texts in the order of the attributes."""
        if len(cells) != len(self.attributes):
            raise ValueError(
                f"The set {self.tag!r} has {len(self.attributes)} attributes ({self.listed}), and "
                f"an element with {len(cells)} values was found."
            )
        pairs = zip(self.attributes, cells, strict=True)
        return {one.name: one.parse(cell, self.tag) for one, cell in pairs}


@dataclass(frozen=True)
class Program:
    """Software that a transformation calls."""

    name: str
    path: str


@dataclass(frozen=True)
class Transformation:
    """One step: what it reads and writes, and the programs (or their paths) that it calls."""

    tag: str
    inputs: Sequence[DataSet] = ()
    outputs: Sequence[DataSet] = ()
    programs: Sequence[Program | str] = ()

    def __post_init__(self) -> None:
        _named("A transformation", self.tag)
        for name, kind in (("inputs", DataSet), ("outputs", DataSet), ("programs", (Program, str))):
            given = getattr(self, name)
            if isinstance(given, (str, DataSet)) or not all(isinstance(o, kind) for o in given):
                what = "DataSet" if kind is DataSet else "Program, or of paths"
                raise ValueError(f"{name} of the transformation {self.tag!r} is a list of {what}.")
        programs = [Program(p, p) if isinstance(p, str) else p for p in self.programs]
        object.__setattr__(self, "programs", tuple(programs))
        object.__setattr__(self, "inputs", tuple(self.inputs))
        object.__setattr__(self, "outputs", tuple(self.outputs))

    def set(self, tag: str, direction: str | None = None) -> DataSet:
        """The set with this tag that it reads (``inputs``) or writes (``outputs``), or either."""
        sides = [direction] if direction else ["inputs", "outputs"]
        found: list[DataSet] = [one for side in sides for one in getattr(self, side)]
        for one in found:
            if one.tag == tag:
                return one
        side = {"inputs": "reads", "outputs": "writes"}.get(direction or "", "reads or writes")
        listed = ", ".join(one.tag for one in found) or "no set"
        raise ValueError(
            f"The transformation {self.tag!r} {side} no set {tag!r}; it {side} {listed}."
        )


@dataclass(frozen=True)
class Dependency:
    """That ``next`` reads the set that ``previous`` writes; all are tags."""

    previous: str
    next: str
    via: str


@dataclass(frozen=True)
class Dataflow:
    """A plan: its tag, and the transformations of the user's own beside the built-in ones."""

    tag: str
    transformations: Sequence[Transformation] = ()

    def __post_init__(self) -> None:
        _named("A dataflow", self.tag)
        object.__setattr__(self, "transformations", tuple(self.transformations))
        tags = [one.tag for one in self.transformations]
        for tag in tags:
            if tags.count(tag) > 1:
                raise ValueError(f"The dataflow {self.tag!r} has the transformation {tag!r} twice.")
        known: dict[str, DataSet] = {}
        for one in self.sets():
            if known.setdefault(one.tag, one) != one:
                raise ValueError(
                    f"The set {one.tag!r} has other attributes in one transformation of the "
                    f"dataflow {self.tag!r} than in another: {known[one.tag].listed}; {one.listed}."
                )

    def sets(self) -> Iterator[DataSet]:
        """The sets of all transformations, one that several have as often."""
        for one in self.transformations:
            yield from one.inputs
            yield from one.outputs

    def transformation(self, tag: str) -> Transformation:
        """The transformation with this tag. Raises ``ValueError`` where there is none."""
        for one in self.transformations:
            if one.tag == tag:
                return one
        if tag in BUILT_IN:
            return Transformation(tag)
        listed = ", ".join(one.tag for one in self.transformations) or "none of its own"
        raise ValueError(
            f"The dataflow {self.tag!r} has no transformation {tag!r}; it has {listed}. Add it to "
            "the specification of the dataflow."
        )

    def dependencies(self) -> list[Dependency]:
        """Which transformation reads what which other writes."""
        found = [
            Dependency(previous.tag, later.tag, written.tag)
            for previous in self.transformations
            for written in previous.outputs
            for later in self.transformations
            if later is not previous and any(read.tag == written.tag for read in later.inputs)
        ]
        return sorted(found, key=lambda one: (one.previous, one.next, one.via))

    def specification(self) -> str:
        """Canonical JSON: equal for what is planned equally, in whatever order it was said.

        The order of the attributes counts, since values may come by their place.
        """
        if not self.transformations:
            return SPECIFICATION
        sets = {
            one.tag: [
                {"name": a.name, "type": a.type} | ({"unit": a.unit} if a.unit else {})
                for a in one.attributes
            ]
            for one in self.sets()
        }
        steps = {
            one.tag: {
                "inputs": _tags(one.inputs),
                "outputs": _tags(one.outputs),
                "programs": sorted({(p.name, p.path) for p in _programs(one)}),
            }
            for one in self.transformations
        }
        told = {"sets": sets, "transformations": steps}
        return json.dumps(told, sort_keys=True, separators=(",", ":"))


def _tags(sets: Iterable[DataSet]) -> list[str]:
    return sorted({one.tag for one in sets})


def _programs(transformation: Transformation) -> list[Program]:
    return [one for one in transformation.programs if isinstance(one, Program)]
