"""The names of one training of a document, for the functions that write a run of kprov's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from kprov_capture.identity import Names
from kprov_capture.nquads import Iri
from kprov_rdf.exchange.statements import Statements


class Record(Names):
    """The names of the run ``key`` of a document, whose graph is ``graph``."""

    def __init__(self, says: Statements, graph: str, key: tuple[object, ...]) -> None:
        self._says = says
        self._key = key
        super().__init__("", says.base)
        self.run = self.catalog = graph

    def __call__(self, local: str) -> Iri:
        return self._says.name(*self._key, local)


@contextmanager
def record(says: Statements, *key: object) -> Iterator[Record]:
    """Say what follows in the graph of a run of a document."""
    with says.part(*key) as graph:
        yield Record(says, graph, key)
