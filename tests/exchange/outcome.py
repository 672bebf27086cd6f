"""What a mapping made of a document, for the tests: its statements, and what is missing in them."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pyoxigraph as ox

from kprov_capture.terms import PROV_NAMESPACE, RDF_TYPE
from kprov_rdf.exchange.sources import Source
from kprov_rdf.exchange.statements import RDF_JSON, Statements
from kprov_rdf.validate import constraints, inputs

BASE = "http://localhost:8642/"
PREFIXES = {
    "prov": PROV_NAMESPACE,
    "dnnprov": "https://w3id.org/dnnprov#",
    "schema": "http://schema.org/",
    "sc": "https://schema.org/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "attribute": f"{BASE}attribute/",
}
# Terms of contexts that have another name than their IRI.
_ALIASES = {"File": "MediaObject", "RepositoryObject": "object"}


class Outcome:
    """The statements of one source, read by a module of ``exchange.foreign``."""

    def __init__(self, module: ModuleType, source: Source) -> None:
        self.says = Statements(f"{BASE}import/sha256-{source.sha256}", BASE)
        module.read(source, self.says)
        self.text = self.says.text()
        # Strictly, as the store does: every name and every value is a legal one.
        self.quads = list(ox.parse(self.text, ox.RdfFormat.N_QUADS))

    @property
    def notes(self) -> list[str]:
        return self.says.notes

    def classes(self) -> Counter[str]:
        """How many things there are of each class of PROV."""
        return classes(self.quads)

    def named(self, name: str) -> str:
        """The IRI of what the document calls by a name that is no IRI."""
        (found,) = {
            quad.subject.value
            for quad in self.quads
            if quad.predicate.value == f"{BASE}attribute/id" and quad.object.value == name
        }
        return found

    def says_that(self, subject: str, predicate: str) -> set[str]:
        """The values of a property, as text; ``predicate`` has a prefix."""
        prefix, _, local = predicate.partition(":")
        return {
            quad.object.value
            for quad in self.quads
            if quad.subject.value == subject and quad.predicate.value == PREFIXES[prefix] + local
        }


def read(module: ModuleType, found: Any, path: Path) -> Outcome:
    """The outcome of JSON, written to ``path``."""
    path.write_text(found if isinstance(found, str) else json.dumps(found))
    return Outcome(module, Source(str(path)))


def classes(quads: Iterable[ox.Quad]) -> Counter[str]:
    return Counter(
        str(quad.object.value).removeprefix(PROV_NAMESPACE)
        for quad in set(quads)
        if quad.predicate.value == RDF_TYPE and quad.object.value.startswith(PROV_NAMESPACE)
    )


def violations(quads: Iterable[ox.Quad]) -> list[str]:
    """What breaks PROV-CONSTRAINTS in any graph."""
    text = ox.serialize(quads, format=ox.RdfFormat.N_QUADS)
    outcomes = constraints.check(inputs.read(text, "outcome.nq"))
    return [one.message for outcome in outcomes for one in outcome.violations]


def scalars(found: Any) -> Iterator[Any]:
    """All values in JSON, without those of contexts and without null."""
    stack = [found]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            stack += [value for key, value in one.items() if key not in ("@context", "@language")]
        elif isinstance(one, list):
            stack += one
        elif one is not None:
            yield one


def lost(found: Any, quads: Iterable[ox.Quad]) -> set[Any]:
    """The values of JSON that no statement has."""
    texts: set[str] = set()
    numbers: set[float] = set()
    for quad in quads:
        terms = [quad.subject, quad.predicate, quad.object]
        texts |= {one.value for one in terms}
        if isinstance(quad.object, ox.Literal) and quad.object.datatype.value == RDF_JSON:
            for one in scalars(json.loads(quad.object.value)):
                texts.add(one if isinstance(one, str) else json.dumps(one))
        for one in list(terms[2:]):
            texts.add(getattr(one, "language", None) or one.value)
    for one in texts:
        try:
            numbers.add(float(one))
        except ValueError:
            continue
    ends = {part for one in texts for part in (one, one.rpartition("/")[2], one.rpartition("#")[2])}

    def there(value: Any) -> bool:
        if isinstance(value, bool):
            return json.dumps(value) in texts
        if isinstance(value, int | float):
            return value in numbers
        name = value.removeprefix("./")
        local = _ALIASES.get(value, name.partition(":")[2] or name)
        return not name or bool({value, name, local} & ends)

    return {value for value in scalars(found) if not there(value)}
