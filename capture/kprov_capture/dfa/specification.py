"""The classes of dfa_lib_python that specify a dataflow; they make its JSON messages."""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any


class ProvenanceObject:
    """A thing with a tag, in lower case, that can be told as a message."""

    def __init__(self, tag: str) -> None:
        self._tag = str(tag).lower()

    @property
    def tag(self) -> str:
        return self._tag

    def get_specification(self) -> dict[str, Any]:
        """The message: what is empty is left out."""
        return {"tag": self._tag}


class AttributeType(Enum):
    TEXT = "TEXT"
    NUMERIC = "NUMERIC"
    FILE = "FILE"
    RDFILE = "RDFILE"
    LONG_TEXT = "LONG_TEXT"


class SetType(Enum):
    INPUT = "INPUT"
    OUTPUT = "OUTPUT"


class TaskStatus(Enum):
    READY = "READY"
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FINISHED_WITH_ERROR = "FINISHED_WITH_ERROR"


class MethodType(Enum):
    COMPUTATION = "COMPUTATION"
    INSTRUMENTATION = "INSTRUMENTATION"


class ExtractorCartridge(Enum):
    EXTRACTION = "EXTRACTION"
    INDEXING = "INDEXING"


class ExtractorExtension(Enum):
    PROGRAM = "PROGRAM"
    CSV = "CSV"
    FITS = "FITS"
    FASTBIT = "FASTBIT"
    OPTIMIZED_FASTBIT = "OPTIMIZED_FASTBIT"
    POSTGRES_RAW = "POSTGRES_RAW"


def of_type(found: Any, wanted: type | tuple[type, ...], what: str) -> Any:
    """``found`` itself. Raises ``TypeError`` where it is of another type."""
    if not isinstance(found, wanted):
        names = wanted if isinstance(wanted, tuple) else (wanted,)
        listed = " or ".join(one.__name__ for one in names)
        raise TypeError(f"{what} is a {listed}; found {type(found).__name__}.")
    return found


class Attribute:
    """``Attribute(name, AttributeType.NUMERIC)``"""

    def __init__(self, name: str, type: AttributeType) -> None:
        self.name = of_type(name, str, "The name of an attribute")
        self.type = of_type(type, AttributeType, f"The type of the attribute {name!r}")

    def get_specification(self) -> dict[str, Any]:
        return {"name": self.name, "type": self.type.value}


class Extractor(ProvenanceObject):
    def __init__(
        self, tag: str, cartridge: ExtractorCartridge, extension: ExtractorExtension
    ) -> None:
        super().__init__(tag)
        self.cartridge = of_type(cartridge, ExtractorCartridge, "A cartridge")
        self.extension = of_type(extension, ExtractorExtension, "An extension")

    def get_specification(self) -> dict[str, Any]:
        told = {"cartridge": self.cartridge.value, "extension": self.extension.value}
        return {"tag": self._tag, **told}


class RawDataExtractor(Extractor):
    """Reads values out of files of raw data."""


class RawDataIndexer(Extractor):
    """Indexes files of raw data."""


class Set(ProvenanceObject):
    """``Set(tag, SetType.INPUT, [Attribute(…)])``; ``dependency`` names who writes it."""

    def __init__(
        self,
        tag: str,
        type: SetType,
        attributes: Iterable[Attribute] = (),
        extractors: Iterable[Extractor] = (),
        dependency: str = "",
    ) -> None:
        super().__init__(tag)
        self.set_type(type)
        self.attributes: list[Attribute] = []
        self.extractors: list[Extractor] = []
        self.dependency = dependency
        for one in attributes:
            self.add_attribute(one)
        for extractor in extractors:
            self.add_extractor(extractor)

    def set_type(self, type: SetType) -> None:
        self.type = of_type(type, SetType, f"The type of the set {self._tag!r}")

    def add_attribute(self, attribute: Attribute) -> None:
        self.attributes.append(of_type(attribute, Attribute, "An attribute"))

    def add_extractor(self, extractor: Extractor) -> None:
        self.extractors.append(of_type(extractor, Extractor, "An extractor"))

    def get_specification(self) -> dict[str, Any]:
        told: dict[str, Any] = {"tag": self._tag, "type": self.type.value}
        told["attributes"] = [one.get_specification() for one in self.attributes]
        if self.extractors:
            told["extractors"] = [one.get_specification() for one in self.extractors]
        if self.dependency:
            told["dependency"] = str(self.dependency).lower()
        return told


class Program:
    """``Program(name, path)``"""

    def __init__(self, name: str, path: str) -> None:
        self.name, self.path = name, path

    def get_specification(self) -> dict[str, Any]:
        return {"name": self.name, "path": self.path}


class File(Program):
    """``File(path, name)``"""

    def __init__(self, path: str, name: str) -> None:
        super().__init__(name, path)


class Performance:
    """``Performance(start, end)``: times as texts."""

    def __init__(
        self,
        start_time: str,
        end_time: str,
        method: MethodType | str = "",
        description: str = "",
    ) -> None:
        self.start_time, self.end_time = start_time, end_time
        self.method = method.value if isinstance(method, Enum) else method
        self.description = description

    def get_specification(self) -> dict[str, Any]:
        told = {
            "startTime": self.start_time,
            "endTime": self.end_time,
            "method": self.method,
            "description": self.description,
        }
        return {name: value for name, value in told.items() if value}


class Transformation(ProvenanceObject):
    """``Transformation(tag, [Set(…)])``; programs may be added, too."""

    def __init__(self, tag: str, sets: Iterable[Set] = ()) -> None:
        super().__init__(tag)
        self._sets: list[Set] = []
        self.programs: list[Program] = []
        self.set_sets(list(sets))

    @property
    def sets(self) -> list[Set]:
        return self._sets

    @sets.setter
    def sets(self, sets: Sequence[Set]) -> None:
        self._sets = []
        self.set_sets(sets)

    @property
    def input(self) -> list[Set]:
        return [one for one in self._sets if one.type is SetType.INPUT]

    @property
    def output(self) -> list[Set]:
        return [one for one in self._sets if one.type is SetType.OUTPUT]

    def set_sets(self, sets: Sequence[Set]) -> None:
        """Add these sets to those that are there."""
        for one in sets:
            self.add_set(one)

    def add_set(self, set: Set) -> None:
        self._sets.append(of_type(set, Set, f"A set of the transformation {self._tag!r}"))

    def add_program(self, program: Program) -> None:
        self.programs.append(of_type(program, Program, "A program"))

    def get_specification(self) -> dict[str, Any]:
        told: dict[str, Any] = {"tag": self._tag}
        told["sets"] = [one.get_specification() for one in self._sets]
        if self.programs:
            told["programs"] = [one.get_specification() for one in self.programs]
        return told


class Element:
    """``Element([value, …])``: values in the order of the attributes."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = list(of_type(values, (list, tuple), "The values of an element"))

    def get_specification(self) -> list[str]:
        return ["null" if value is None else str(value) for value in self.values]


class DataSet(ProvenanceObject):
    """``DataSet(tag, [Element(…), …])``"""

    def __init__(self, tag: str, elements: Iterable[Element] = ()) -> None:
        super().__init__(tag)
        self.elements: list[Element] = []
        for one in elements:
            self.add_element(one)

    def add_element(self, element: Element) -> None:
        self.elements.append(of_type(element, Element, f"An element of the set {self._tag!r}"))

    def get_specification(self) -> dict[str, Any]:
        return {"tag": self._tag, "elements": [one.get_specification() for one in self.elements]}


class Dependency:
    """``Dependency(tags, ids)``: the transformations of the tasks before, and their ids."""

    def __init__(self, tags: Sequence[str], ids: Sequence[Any]) -> None:
        self.tags = [str(one).lower() for one in tags]
        self.ids = [str(one) for one in ids]

    def get_specification(self) -> dict[str, Any]:
        return {
            "tags": [{"tag": one} for one in self.tags],
            "ids": [{"id": one} for one in self.ids],
        }


class Dataflow(ProvenanceObject):
    """``Dataflow(tag, [Transformation(…)])``.

    DLProv's ``Dataflow(tag, predefined, email, transformations)`` is understood, too.
    """

    def __init__(
        self,
        tag: str,
        predefined: bool | Iterable[Transformation] = False,
        email: str = "",
        transformations: Iterable[Transformation] = (),
    ) -> None:
        super().__init__(tag)
        self.email = email
        self._transformations: list[Transformation] = []
        first = () if isinstance(predefined, bool) else predefined
        for one in (*first, *transformations):
            self.add_transformation(one)

    @property
    def transformations(self) -> list[Transformation]:
        return self._transformations

    def add_transformation(self, transformation: Transformation) -> None:
        """Add it, in the place of one with the same tag. It counts from the next save."""
        of_type(transformation, Transformation, "A transformation")
        kept = [one for one in self._transformations if one.tag != transformation.tag]
        self._transformations = [*kept, transformation]

    def get_specification(self) -> dict[str, Any]:
        told = [one.get_specification() for one in self._transformations]
        return {"tag": self._tag, "transformations": told}

    def save(self) -> None:
        """Make it known. Raises ``ValueError`` where something of it is wrong."""
        from kprov_capture.dfa import recorder

        recorder.register(self.get_specification())
