"""A document as a person reads it: its nodes by kind, their values, and where links go."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

import pyoxigraph as ox

from kprov_capture.terms import DNNPROV_NAMESPACE, PROV_NAMESPACE, RDF_TYPE, RDFS_LABEL
from kprov_rdf.exchange.jsonld import natural
from kprov_rdf.linked import ontology
from kprov_rdf.linked.documents import RECORDS, THINGS, Document
from kprov_rdf.store import PREFIXES

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple

# What is read first stands first; kinds that are not named here follow by the alphabet.
_ORDER = (
    "Bundle", "Import", "ExecuteDataflow", "Training", "iTraining", "ModelArchitecture", "Layer",
    "TrainSet", "ValSet", "TestSet", "Dataset", "EpochExecution", "oTraining", "Adaptation",
    "RuleAdaptation", "ScheduledAdaptation", "oAdaptation", "TrainedModel", "Testing", "oTesting",
    "RunSummary", "MetricSummary", "ModelExport", "File", "Content", "Dataflow",
)  # fmt: skip
# Groups with more nodes than this are folded up.
_OPEN = 12
_LINKED = re.compile(r"https?://[^\s]+\Z")
_NOWHERE: Mapping[str, str] = {}


@dataclass(frozen=True)
class Value:
    """A value or a link; ``href`` is None for what is no link."""

    text: str
    href: str | None = None
    note: str = ""


@dataclass
class Node:
    """One node: its anchor in the page ("" without one), and what is said of it."""

    iri: str
    anchor: str
    title: str
    href: str | None
    types: list[Value] = field(default_factory=list)
    said: list[tuple[Value, list[Value]]] = field(default_factory=list)
    incoming: list[tuple[Value, list[Value]]] = field(default_factory=list)


@dataclass(frozen=True)
class Group:
    title: str
    nodes: list[Node]

    @property
    def folded(self) -> bool:
        return len(self.nodes) > _OPEN


class Linker:
    """Relative links from one page, so that they work on any host and below any folder.

    ``page`` is the path of the page, ``located`` the path at which the page of a
    document is found: the same for a server, a file for a static copy.
    """

    def __init__(self, page: str, base: str, located: Callable[[str], str] = str) -> None:
        self._page = page
        self.base = base
        self._located = located
        self.served = located is str  # a server has more than pages

    def to(self, path: str) -> str:
        """The link to a path under the base."""
        # From the root, so that the working folder does not matter.
        folder = posixpath.dirname(f"/{self._page}")
        link = posixpath.relpath(f"/{path}", folder)
        if link == "." and path and not path.endswith("/"):  # not the folder, but what is so called
            link = f"../{posixpath.basename(path)}"
        return quote(link + ("/" if path.endswith("/") or not path else ""))

    def page(self, path: str) -> str:
        """The link to the page of the document at this path, which may end in a fragment."""
        document, mark, fragment = path.partition("#")
        return self.to(self._located(document)) + mark + quote(fragment)

    def __call__(self, iri: str, subject: str) -> str | None:
        """The link for an IRI in the document about ``subject``; None for what is no address."""
        document, _, fragment = iri.partition("#")
        term = ontology.anchor(iri)
        if term is not None:
            # Its namespace is not registered: who follows the link must find its meaning here.
            return self.page(ontology.PATH) + (f"#{quote(term)}" if term else "")
        if document == subject and fragment:
            return f"#{quote(fragment)}"
        path = document.removeprefix(self.base)
        if document.startswith(self.base) and path.partition("/")[0] in (*RECORDS, *THINGS):
            prefix = "" if path.partition("/")[0] in RECORDS else "doc/"
            return self.page(prefix + path) + (f"#{quote(fragment)}" if fragment else "")
        return iri if _LINKED.match(iri) else None

    def term(self, iri: str) -> Value:
        """A class or a property by its name, with a link to what it means."""
        return Value(short(iri), self(iri, ""), iri)

    def value(self, term: Term, subject: str = "", here: Mapping[str, str] = _NOWHERE) -> Value:
        """A term with its link, in a page about ``subject``.

        ``here`` are the anchors of foreign things that the page describes.
        """
        if isinstance(term, ox.NamedNode):
            text = short(term.value, subject, self.base)
            anchor = here.get(term.value)
            return Value(text, f"#{anchor}" if anchor else self(term.value, subject), term.value)
        if isinstance(term, ox.Literal):
            note = term.language or short(term.datatype.value)
            return Value(term.value, None, "" if note == "xsd:string" else note)
        return Value(str(term))


def short(iri: str, subject: str = "", base: str = "") -> str:
    """An IRI as people say it: a prefix and a name, or its end."""
    if subject and iri.startswith(f"{subject}#"):
        return iri[len(subject) + 1 :]
    for prefix, namespace in PREFIXES.items():
        if iri.startswith(namespace):
            name = iri.removeprefix(namespace)
            return name if namespace == DNNPROV_NAMESPACE else f"{prefix}:{name}"
    if base and iri.startswith(base):
        return re.sub(r"(sha256-[0-9a-f]{8})[0-9a-f]{8,}", r"\1…", iri.removeprefix(base))
    return iri


def _kind(types: Iterable[str]) -> str:
    """The most special of a node's types: one of ours before one of PROV's."""
    listed = sorted(types, key=_rank)
    return short(listed[0]) if listed else "Resource"


def _rank(iri: str) -> tuple[int, int, str]:
    name = short(iri)
    generic = iri.startswith(PROV_NAMESPACE) + (iri.endswith(("#Entity", "#Activity", "#Agent")))
    return generic, _ORDER.index(name) if name in _ORDER else len(_ORDER), name


def _by_property(
    pairs: Iterable[tuple[str, Value]], link: Linker
) -> list[tuple[Value, list[Value]]]:
    found: dict[str, list[Value]] = defaultdict(list)
    for predicate, value in pairs:
        found[predicate].append(value)
    return [
        (link.term(predicate), sorted(values, key=lambda one: natural(one.text)))
        for predicate, values in sorted(found.items(), key=lambda pair: short(pair[0]))
    ]


def groups(document: Document, link: Linker) -> list[Group]:
    """The nodes of a document by kind, each with what it says and what is said of it."""
    said: dict[str, list[tuple[str, Value]]] = defaultdict(list)
    incoming: dict[str, list[tuple[str, Value]]] = defaultdict(list)
    types: dict[str, list[str]] = defaultdict(list)
    labels: dict[str, str] = {}
    here = _foreign(document)
    for triple in document.statements:
        subject, predicate, term = str(_name(triple.subject)), triple.predicate.value, triple.object
        if predicate == RDF_TYPE and isinstance(term, ox.NamedNode):
            types[subject].append(term.value)
            continue
        if predicate == RDFS_LABEL and isinstance(term, ox.Literal):
            labels[subject] = term.value
        said[subject].append((predicate, link.value(term, document.subject, here)))
        if isinstance(term, ox.NamedNode):
            source = link.value(triple.subject, document.subject, here)
            incoming[term.value].append((predicate, source))
    found: dict[str, list[Node]] = defaultdict(list)
    for iri in said.keys() | types.keys():
        title = short(iri, document.subject, document.base)
        if iri in labels and not iri.startswith(f"{document.subject}#"):
            title = labels[iri]
        anchor = here.get(iri) or _anchor(iri, document)
        node = Node(iri, anchor, title, link(iri, document.subject))
        node.types = [link.term(one) for one in sorted(types[iri], key=_rank)]
        node.said, node.incoming = (
            _by_property(said[iri], link),
            _by_property(incoming[iri], link),
        )
        found[_kind(types[iri])].append(node)
    return [
        Group(kind, sorted(found[kind], key=lambda node: natural(node.title)))
        for kind in sorted(found, key=lambda kind: (_position(kind), kind))
    ]


def _foreign(document: Document) -> dict[str, str]:
    """Anchors for what the page describes and does not name itself: an import's things.

    They begin with '~', which no fragment of ours does.
    """
    subjects = {t.subject.value for t in document.statements if isinstance(t.subject, ox.NamedNode)}
    foreign = sorted(iri for iri in subjects if not iri.startswith(document.base))
    return {iri: f"~{number}" for number, iri in enumerate(foreign)}


def _name(term: ox.NamedNode | ox.BlankNode | ox.Triple) -> str:
    return term.value if isinstance(term, ox.NamedNode) else str(term)


def _position(kind: str) -> int:
    name = kind.removeprefix("prov:")
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def _anchor(iri: str, document: Document) -> str:
    """The fragment that this node is, in the page of the document that names it."""
    return iri.partition("#")[2] if iri.startswith(f"{document.subject}#") else ""


def described(document: Document, link: Linker) -> Sequence[Node]:
    """The node that the document is about, first and alone, for a page of one thing."""
    every = [node for group in groups(document, link) for node in group.nodes]
    return [node for node in every if node.iri == document.subject]
