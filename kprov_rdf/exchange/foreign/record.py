"""The names of one training of a document, for the functions that write a run of kprov's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from kprov_capture.identity import Names
from kprov_capture.nquads import Iri
from kprov_capture.statements import property_for
from kprov_rdf.exchange.statements import Statements


class Record(Names):
    """The names of the run ``key`` of a document, whose graph is ``graph``."""

    def __init__(self, says: Statements, graph: str, key: tuple[object, ...]) -> None:
        self._says = says
        self._key = key
        self._properties: dict[str, str] = {}
        super().__init__("", says.base)
        self.run = self.catalog = graph

    def __call__(self, local: str) -> Iri:
        return self._says.name(*self._key, local)

    def metric(self, name: str) -> str:
        """The property for a metric, declared once where the ontology does not have it."""
        if name not in self._properties:
            self._properties[name] = property_for(self, self._says, "metric", name)
        return self._properties[name]


@contextmanager
def record(says: Statements, *key: object) -> Iterator[Record]:
    """Say what follows in the graph of a run of a document."""
    with says.part(*key) as graph:
        yield Record(says, graph, key)
