"""Names of a document that mean something only within it.

Blank nodes, relative IRIs, and identifiers in a namespace that is no IRI become
fragments of the graph that the document is imported into. So two documents that
both speak of ``_:b0`` or of ``model.bin`` do not become one, and reading the same
bytes again gives the same names:

    #_b0        blank node
    #id-…       relative IRI, or identifier without an absolute namespace
    #used-3     the third node of the document that qualifies a relation without id

Other fragments, such as ``#import``, are kprov's own: no document can name them.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator

import pyoxigraph as ox

from kprov_capture.identity import ncname
from kprov_rdf.errors import UnsupportedError

# A scheme of one letter is the drive of a Windows path.
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_ILLEGAL = re.compile(r"[\x00-\x20<>\"{}|\\^`]")

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


class Scope:
    """Gives the IRIs of one document; ``own`` is the graph that it is imported into."""

    def __init__(self, graph: str) -> None:
        self.own = ox.NamedNode(graph)
        # Relative IRIs are resolved against this, and recognised by it again.
        self.base = f"http://{hashlib.sha256(graph.encode()).hexdigest()}.invalid/"
        self._taken: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._blanks: dict[str, ox.NamedNode] = {}

    def _fragment(self, name: str) -> ox.NamedNode:
        local = ncname(name)
        if self._taken.setdefault(local, name) != name:  # 8 digits of the hash were not enough
            local = f"{local}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()}"
        return ox.NamedNode(f"{self.own.value}#{local}")

    def fresh(self, kind: str) -> str:
        """The next node of this kind, such as a qualified usage without an identifier."""
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return str(self._fragment(f"{kind}-{self._counts[kind]}"))

    def thing(self, text: str) -> str:
        """A name of ``Terms`` as a term of N-Quads: ``<iri>`` or ``_:label``."""
        if text.startswith("_:"):
            return str(self._fragment(f"_{text[2:]}"))
        return str(self.iri(text[1:-1]))

    term = thing

    def graph(self, name: str | None) -> str:
        """The graph of the bundle of this name; None: of the toplevel."""
        if name is None:
            return str(self.own)
        return self.thing(name if name.startswith("_:") else f"<{name}>")

    def iri(self, name: str) -> ox.NamedNode:
        """An IRI of a document: as it is, with escapes, or scoped to the document."""
        if not _ABSOLUTE.match(name):
            return self._fragment(f"id-{name}")
        try:
            return ox.NamedNode(_ILLEGAL.sub(lambda found: f"%{ord(found[0]):02X}", name))
        except ValueError:  # not to be mended by escapes
            return self._fragment(f"id-{name}")

    def _node(self, node: ox.NamedNode | ox.BlankNode) -> ox.NamedNode:
        if isinstance(node, ox.BlankNode):
            # By number, since the parser gives anonymous ones another label each time.
            if node.value not in self._blanks:
                self._blanks[node.value] = self._fragment(f"_{len(self._blanks) + 1}")
            return self._blanks[node.value]
        if not node.value.startswith(self.base):
            return node
        return self.iri(node.value.removeprefix(self.base))

    def _term(self, term: Term) -> ox.NamedNode | ox.Literal:
        if isinstance(term, ox.Literal):
            return term
        if isinstance(term, ox.Triple):
            raise UnsupportedError(
                f"It has a triple term, which is RDF 1.2 and not read yet: {str(term)[:200]}"
            )
        return self._node(term)

    def quads(self, quads: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
        """Statements of RDF with their names scoped; the default graph is that of the import."""
        for quad in quads:
            name = quad.graph_name
            graph = self.own if isinstance(name, ox.DefaultGraph) else self._node(name)
            subject = self._term(quad.subject)
            assert not isinstance(subject, ox.Literal)  # noqa: S101  (RDF has none)
            yield ox.Quad(subject, self._node(quad.predicate), self._term(quad.object), graph)
