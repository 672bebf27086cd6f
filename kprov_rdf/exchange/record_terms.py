"""The terms of RDF as numbers of a document, for ``records``, and rows of them."""

from collections.abc import Iterator, Sequence

import pyoxigraph as ox

from kprov_rdf.dm.model import ABSENT, Document, Terms
from kprov_rdf.dm.values import XSD
from kprov_rdf.errors import UnsupportedError

_DATE_TIME = f'"^^<{XSD}dateTime>'

Object = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


class Numbers:
    """The numbers of terms of RDF, and of times."""

    def __init__(self, made: Document) -> None:
        self._document = made
        self._terms: Terms = made.terms
        self._times: dict[int, int] = {}
        self._undirected = 0

    def of(self, term: Object) -> int:
        if isinstance(term, ox.NamedNode):
            return self._terms.number(f"<{term.value}>")
        if isinstance(term, ox.BlankNode):
            return self._terms.number(str(term))
        if isinstance(term, ox.Triple):
            raise UnsupportedError(
                f"PROV-DM cannot say the triple term {str(term)[:200]}. Ask for TriG or N-Quads."
            )
        if term.direction and not self._undirected:
            self._document.notes.append("the base directions of texts are left out")
            self._undirected = 1
        if term.language:
            return self._terms.literal(term.value, f"{XSD}string", term.language)
        return self._terms.literal(term.value, term.datatype.value)

    def time(self, number: int) -> int:
        """The time that a literal is; ``ABSENT`` where it is none."""
        if number not in self._times:
            text = self._terms.written.get(number, self._terms.text[number])
            found = ABSENT
            if text.endswith(_DATE_TIME):
                try:
                    found = self._terms.time(text[1 : -len(_DATE_TIME)])
                except ValueError:
                    found = ABSENT
            self._times[number] = found
        return self._times[number]

    def is_name(self, number: int) -> bool:
        return not self._terms.text[number].startswith('"')


def cover(values: Sequence[list[int]]) -> Iterator[list[int]]:
    """Rows that have each value of each list at least once, and one where all are empty."""
    for row in range(max(1, *map(len, values))):
        yield [found[min(row, len(found) - 1)] if found else ABSENT for found in values]


def once(values: Sequence[list[int]]) -> Iterator[list[int]]:
    """Rows that have each value of each list once, and one where all are empty."""
    for row in range(max(1, *map(len, values))):
        yield [found[row] if row < len(found) else ABSENT for found in values]
