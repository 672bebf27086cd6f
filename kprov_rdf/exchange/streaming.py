"""Large documents of RDF, statement by statement, so that memory does not grow with them.

A document is parsed more than once: first to find what is vocabulary in it and whose names it has,
then to say its statements, and once more where some of them make links. Not all can be read so:

- blank nodes have labels by all that is said (``blanks``);
- records of kprov's are compared with what is there (``admission``);
- of some vocabularies more is said than stands there (``foreign.provone``);
- what has a defect is mended as a whole (``mend``).
"""

from collections.abc import Callable, Iterator
from itertools import islice

import pyoxigraph as ox

from kprov_capture.terms import RDF_TYPE
from kprov_rdf.dm import guards
from kprov_rdf.errors import KprovError
from kprov_rdf.exchange import sniff
from kprov_rdf.exchange.foreign import provone
from kprov_rdf.exchange.links import TO_ACTIVITIES
from kprov_rdf.exchange.reading import Document
from kprov_rdf.exchange.scope import Scope, bases_in, is_record
from kprov_rdf.exchange.sources import Source

# Smaller documents are read at once, which also finds each statement that stands there twice.
LEAST = 1 << 24
FORMATS = {
    "ttl": ox.RdfFormat.TURTLE,
    "trig": ox.RdfFormat.TRIG,
    "nt": ox.RdfFormat.N_TRIPLES,
    "nq": ox.RdfFormat.N_QUADS,
}
_MOST_WORDS = 100_000
_AT_ONCE = 10_000  # statements


class Stream:
    """A document that can be read so. ``statements`` counts them, each as often as it stands there.

    ``parts`` are its graphs beside the one of ``scope.root``.
    """

    def __init__(self, data: bytes, form: str, scope: Scope) -> None:
        self._data = data
        self._form = form
        self._scope = scope
        self._format = sniff.FORMATS[form]
        self.statements = 0
        self.parts: tuple[str, ...] = ()

    def _parsed(self) -> Iterator[ox.Quad]:
        base = None if self._form in ("nt", "nq") else self._scope.base
        return ox.parse(self._data, FORMATS[self._form], base_iri=base)

    def fits(self) -> bool:
        """Go through it once. False: it has to be read at once, and the scope is as it was."""
        words: set[str] = set()
        owners: set[str] = set()
        names: set[str] = set()
        try:
            for quad in self._parsed():
                self.statements += 1
                for term in quad:
                    if isinstance(term, ox.BlankNode | ox.Triple):
                        return False
                    if isinstance(term, ox.NamedNode) and "/" in term.value:
                        owners |= bases_in((term.value,))
                words.add(quad.predicate.value)
                if quad.predicate.value == RDF_TYPE and isinstance(quad.object, ox.NamedNode):
                    words.add(quad.object.value)
                if isinstance(quad.graph_name, ox.NamedNode):
                    names.add(quad.graph_name.value)
                if len(words) + len(names) + len(owners) > _MOST_WORDS:
                    return False
        except (SyntaxError, MemoryError):
            return False
        if provone.concerns(words) or any(
            is_record(one) or one.endswith("/catalog") for one in names
        ):
            return False
        self._scope.vocabulary |= words
        self._scope.own |= owners
        self.parts = tuple(sorted(map(self._scope.named, names)))
        return self.statements > 0

    def quads(self) -> Iterator[ox.Quad]:
        """The statements, with their names scoped."""
        return self._scope.quads(self._parsed())

    def text(self) -> Iterator[bytes]:
        """The same as N-Quads, some thousand lines at once."""
        quads = self.quads()
        while some := list(islice(quads, _AT_ONCE)):
            yield ox.serialize(some, format=ox.RdfFormat.N_QUADS) or b""

    def document(self) -> Document:
        """What is to be told of it, without its text."""
        reader = ("pyoxigraph", ox.__version__)
        return Document(self._format, b"", None, reader, [], [], self._scope.root)

    def about(self, matters: Callable[[ox.Quad], bool]) -> Iterator[ox.Triple]:
        """All that is said of the things of which something is said that ``matters``.

        With what makes activities of them elsewhere.
        """
        things = {quad.subject for quad in self.quads() if matters(quad)}
        if things:
            for quad in self.quads():
                told = quad.predicate.value in TO_ACTIVITIES and quad.object in things
                if told or quad.subject in things:
                    yield quad.triple


def find(source: Source, scope: Scope, form: str | None) -> Stream | None:
    """A large document of RDF as a stream; None where it has to be read at once."""
    if source.is_folder or len(source.data) < LEAST:
        return None
    try:
        chosen = form or sniff.detect(source.data, source.name)
        if chosen not in FORMATS:
            return None
        guards.check_rdf(source.data, source.name)
    except KprovError:
        return None  # it is refused with the reason by who reads it at once
    stream = Stream(source.data.removeprefix(guards.BOM), chosen, scope)
    return stream if stream.fits() else None
