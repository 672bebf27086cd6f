"""Names of a document that mean something only within it.

They become fragments of the graph that the document is imported into. So two documents that both
speak of ``epoch_3``, of ``_:b0`` or of ``http://example.org/model`` do not become one, and reading
the same bytes again gives the same names:

    #http://example.org/x   an IRI of a place that is nobody's: example.org, localhost, a file, ex:,
                            the default namespace of a PROV document
    #/model.bin             a relative IRI, or an identifier without an absolute namespace
    #_c14n0                 a blank node
    #used-3                 the third node of the document that qualifies a relation without id

The name in the document can be told from it: "%", "#" and what no IRI has are escaped. Fragments
that begin with a letter and have no colon, such as ``#import``, are kprov's own: no document can
name them. So are the names that kprov gives (``KPROV``): they are the same in all documents.

What stands in the place of a property, a class or a datatype is vocabulary. It keeps its name
wherever it stands in the document, if that is a whole IRI.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeGuard
from urllib.parse import quote

import pyoxigraph as ox

from kprov_capture.identity import DEFAULT_BASE
from kprov_capture.terms import RDF_TYPE
from kprov_rdf.errors import UnsupportedError

# The IRI of a record of kprov's, a run or an import, and the base in it.
RECORD = re.compile(
    r"([^#]*/)(?:run/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|import/sha256-[0-9a-f]{64})"
)
# A graph that an import brought beside its own.
_PART = re.compile(r"[^#]*/import/sha256-[0-9a-f]{64}#.+", re.DOTALL)
# What kprov names under a base (``identity``). What else is there is not kprov's: the base may be
# an address that others use too.
_PATH = re.compile(
    r"run/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:#.*)?|import/sha256-[0-9a-f]{64}(?:#.*)?"
    r"|content/sha256-[0-9a-f]{64}|dataflow/[^/#?]+/sha256-[0-9a-f]+(?:#.*)?|campaign/[^/#?]+"
    r"|agent/[a-z-]+-[^/#?]+|(?:metric|setting|attribute|parameters)/[^/#?]*|catalog"
    r"|links(?:#.*)?",
    re.DOTALL,
)
_CATALOG = re.compile(r"[^#]*/catalog")
_SHOWN = re.compile(
    r"(https?://[^\s<>\"#?]+/)"
    r"(?:run/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|import/sha256-[0-9a-f]{64})(?:#|\Z)"
)
# A scheme of one letter is the drive of a Windows path.
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_ILLEGAL = re.compile(r"[\x00-\x20<>\"{}|\\^`]")
# RFC 2606, sections 2 and 3; RFC 6761; addresses that mean another machine on each. "ex" is no
# scheme: it is the prefix of examples, which makes an IRI in JSON-LD where nothing declares it.
_NOBODYS = re.compile(
    r"(?:https?|ftp)://(?:[^/?#@]*@)?(?:(?:[^/?#:]*\.)?example(?:\.(?:org|com|net))?"
    r"|(?:[^/?#:]*\.)?(?:localhost|test|invalid|local)|127\.[0-9.]+|0\.0\.0\.0|\[::1\])"
    r"(?::[0-9]*)?(?:[/?#]|\Z)|(?:file|ex):",
    re.IGNORECASE,
)
_VOCABULARIES = (
    "http://www.w3.org/",
    "http://purl.org/",
    "https://w3id.org/",
    "http://schema.org/",
)
# RFC 3987, section 2.2: what a fragment has as it is, but for "%".
_KEPT = "-._~!$&'()*+,;=:@/?"
_OTHERS = re.compile(r"[^\w\-.~!$&'()*+,;=:@/?]")


def is_record(iri: str) -> bool:
    """Whether this names a graph of kprov's: a run, an import, or a part of an import."""
    return bool(RECORD.fullmatch(iri) or _PART.fullmatch(iri))


Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


def bases_in(iris: Iterable[str]) -> set[str]:
    """The bases of the records of kprov's that are named, or whose things are."""
    return {
        found[1]
        for iri in iris
        if ("/run/" in iri or "/import/sha256-" in iri) and (found := _SHOWN.match(iri))
    }


def _is_iri(term: object) -> TypeGuard[ox.NamedNode]:
    return isinstance(term, ox.NamedNode)


class Scope:
    """Gives the IRIs of one document; ``root`` is the graph that it is imported into.

    ``kprov`` is the base of the folder, ``own`` are all under which names are kprov's. With
    ``keep``, whole IRIs stay as they are, whosever they are, and so do names of graphs.
    """

    def __init__(self, root: str, kprov: str = DEFAULT_BASE, keep: bool = False) -> None:
        self.root = root
        self._keep = keep
        self.kprov = kprov
        # Relative IRIs are resolved against this, and recognised by it again.
        self.base = f"http://{hashlib.sha256(root.encode()).hexdigest()}.invalid/"
        self.own = {DEFAULT_BASE, kprov}
        # Namespaces of the document, such as its default one.
        self.local: tuple[str, ...] = ()
        self.vocabulary: set[str] = set()
        # What graphs of the document are called in it, by the name that they have here.
        self.graphs: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._known: dict[str, str] = {}

    def localize(self, namespaces: Iterable[str]) -> None:
        """Take these namespaces for the document's own, unless they are of a vocabulary."""
        found = {one for one in namespaces if _ABSOLUTE.match(one)}
        found -= {one for one in found if one.startswith(_VOCABULARIES)}
        self.local += tuple(sorted(found))

    # -- the names of PROV records, as they stand in ``Terms``: the Naming of ``quads``

    def thing(self, text: str) -> str:
        """A name where a subject or an object stands, as a term of N-Quads."""
        return f"<{self.blank(text[2:]) if text.startswith('_:') else self.iri(text[1:-1])}>"

    def term(self, text: str) -> str:
        """The name of a property, a class of PROV or a datatype, as a term of N-Quads."""
        return f"<{self.blank(text[2:]) if text.startswith('_:') else self.word(text[1:-1])}>"

    def graph(self, name: str | None) -> str:
        """The graph of the bundle of this name, as a term of N-Quads; None: of the toplevel."""
        return f"<{self.blank(name[2:]) if name and name.startswith('_:') else self.named(name)}>"

    def fresh(self, kind: str) -> str:
        """The next node of this kind, such as a qualified usage without an identifier."""
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return f"<{self.root}#{kind}-{self._counts[kind]}>"

    # -- IRIs

    def fragment(self, name: str) -> str:
        """A name of the document as a fragment, from which it can be told."""
        if _OTHERS.search(name):
            name = _OTHERS.sub(lambda one: quote(one[0], _KEPT, errors="surrogatepass"), name)
        return f"{self.root}#{name}"

    def blank(self, label: str) -> str:
        """The IRI of a blank node, by its label."""
        return self.fragment(f"_{label}")

    def iri(self, iri: str) -> str:
        """The IRI of a thing that the document calls ``iri``, which may be no legal one."""
        found = self._known.get(iri)
        if found is None:
            found = self._known[iri] = self._iri(iri)
        return found

    def _iri(self, iri: str) -> str:
        if iri.startswith(self.base):
            return self.fragment(f"/{iri.removeprefix(self.base)}")
        if not _ABSOLUTE.match(iri):
            return self.fragment(f"/{iri}")
        known = self._keep or iri in self.vocabulary or self._is_kprovs(iri)
        if not known and (_NOBODYS.match(iri) or iri.startswith(self.local)):
            return self.fragment(iri)
        return self._legal(iri)

    def _is_kprovs(self, iri: str) -> bool:
        return any(iri.startswith(base) and _PATH.fullmatch(iri, len(base)) for base in self.own)

    def _legal(self, iri: str) -> str:
        legal = _ILLEGAL.sub(lambda found: f"%{ord(found[0]):02X}", iri)
        try:
            ox.NamedNode(legal)
        except ValueError:  # not to be mended by escapes
            return self.fragment(iri)
        return legal

    def word(self, iri: str) -> str:
        """The IRI of a property, a class or a datatype."""
        if iri.startswith(self.base) or not _ABSOLUTE.match(iri):
            return self._iri(iri)
        return self._legal(iri)

    def named(self, iri: str | None) -> str:
        """The IRI of a graph, or bundle, of the document; None is its toplevel.

        Names of graphs repeat from document to document, so that each gets one of this document.
        Records and catalogs of kprov keep theirs, and so do the parts of an import.
        """
        if iri is None:
            return self.root
        if self._is_kprovs(iri) and (is_record(iri) or _CATALOG.fullmatch(iri)):
            return self._legal(iri)
        name = self.iri(iri)
        if self._keep:
            return name
        found = name if name.startswith(f"{self.root}#") else self.fragment(iri)
        self.graphs[found] = found if self._is_kprovs(name) else name
        return found

    # -- terms of pyoxigraph

    def keep(self, quads: Sequence[ox.Quad]) -> None:
        """Note what these statements have as properties and classes, and whose names they have."""
        self.own |= bases_in({one.value for quad in quads for one in quad if _is_iri(one)})
        for quad in quads:
            self.vocabulary.add(quad.predicate.value)
            if quad.predicate.value == RDF_TYPE and isinstance(quad.object, ox.NamedNode):
                self.vocabulary.add(quad.object.value)

    def _node(self, node: ox.NamedNode | ox.BlankNode) -> ox.NamedNode:
        if isinstance(node, ox.BlankNode):
            return ox.NamedNode(self.blank(node.value))
        return ox.NamedNode(self.iri(node.value))

    def _object(self, term: Term) -> ox.NamedNode | ox.Literal:
        if isinstance(term, ox.Literal):
            if term.datatype.value.startswith(self.base):
                return ox.Literal(term.value, datatype=ox.NamedNode(self.word(term.datatype.value)))
            return term
        if isinstance(term, ox.Triple):
            raise UnsupportedError(
                f"It has a triple term, which is RDF 1.2 and not read yet: {str(term)[:200]}"
            )
        return self._node(term)

    def _graph(self, name: ox.NamedNode | ox.BlankNode | ox.DefaultGraph) -> ox.NamedNode:
        if isinstance(name, ox.NamedNode):
            return ox.NamedNode(self.named(name.value))
        return ox.NamedNode(self.blank(name.value) if isinstance(name, ox.BlankNode) else self.root)

    def quads(self, quads: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
        """Statements of RDF with their names scoped; the default graph is that of the import."""
        names: dict[object, ox.NamedNode] = {}
        for quad in quads:
            graph = names.get(quad.graph_name)
            if graph is None:
                graph = names[quad.graph_name] = self._graph(quad.graph_name)
            subject = quad.subject
            if isinstance(subject, ox.Triple):  # pyoxigraph does not make one
                raise UnsupportedError(f"It has a triple as a subject: {str(subject)[:200]}")
            predicate = quad.predicate
            if predicate.value.startswith(self.base):
                predicate = ox.NamedNode(self.word(predicate.value))
            yield ox.Quad(self._node(subject), predicate, self._object(quad.object), graph)


class Within(Scope):
    """The names of one PROV document of several in a folder: the file's name stands before them."""

    def __init__(self, whole: Scope, file: str) -> None:
        super().__init__(whole.root, whole.kprov)
        self._file = file
        self._counts = whole._counts

    def fragment(self, name: str) -> str:
        return super().fragment(f"/{self._file}/{name}")
