"""Statements without persons, hosts and paths."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import unquote

import pyoxigraph as ox

from kprov_capture.identity import DEFAULT_BASE
from kprov_capture.privacy import MASK
from kprov_capture.terms import RDF_TYPE, RDFS_LABEL, XSD_NAMESPACE, Dnnprov, Prov
from kprov_rdf.errors import InputError
from kprov_rdf.exchange.edits import private
from kprov_rdf.exchange.edits.private import Texts
from kprov_rdf.exchange.selection import Graphs
from kprov_rdf.exchange.writing import sorted_triples
from kprov_rdf.store import PREFIXES

_TYPE, _LABEL = ox.NamedNode(RDF_TYPE), ox.NamedNode(RDFS_LABEL)
_SOFTWARE = {Prov.SoftwareAgent, Dnnprov.CaptureLibrary}
# Words of ours, and digests; a name may be one of them by chance.
_KEPT = {Dnnprov.sha256, Dnnprov.status, Dnnprov.gitCommit, Dnnprov.shape, Dnnprov.elementType}
_UNTOUCHED = {
    f"{XSD_NAMESPACE}{name}"
    for name in (
        "double", "float", "decimal", "integer", "boolean", "dateTime", "date", "time",
        "duration", "dayTimeDuration", "nonNegativeInteger", "int", "long",
    )
}  # fmt: skip


# Names in these are words of a vocabulary, whatever they are made of.
_VOCABULARIES = (
    *PREFIXES.values(),
    "http://www.w3.org/", "http://purl.org/", "http://xmlns.com/", "http://schema.org/",
    "https://schema.org/", "https://w3id.org/",
)  # fmt: skip
_LONGEST_NAME = 100  # characters
_OF_IMPORT = re.compile(r"/import/sha256-[0-9a-f]{64}#")
_WORD = re.compile(r"[^\W_]{3,}")


def redact(
    graphs: Graphs, records: Iterable[str] = (), base: str = ""
) -> dict[str, list[ox.Triple]]:
    """The statements without persons, hosts and paths.

    A person, an organization or a machine becomes an agent of a name such as ``#person-1`` in
    the first record that names it: the same in all the document, and made of nothing of the
    person's. Of paths the name of the file stays. What names them is taken out of all texts,
    and IRIs that hold it get other names. ``private`` lists the properties.

    Raises ``InputError`` where ``base``, which all IRIs of kprov's begin with, names a host or
    a person that is to be left out.
    """
    return Redaction(graphs, records, base).graphs()


class _Named:
    """Who and what is named in the statements: ``kinds`` by IRI, and their names."""

    def __init__(self, graphs: Graphs) -> None:
        self._graphs = graphs
        self.kinds = self._agents()
        self._values = self._private_values()

    def _agents(self) -> dict[str, str]:
        """The IRIs of persons, organizations and machines, and which of these each is."""
        types: dict[str, set[str]] = defaultdict(set)
        led: set[str] = set()
        for triple in self.all():
            if isinstance(triple.object, ox.NamedNode):
                if triple.predicate == _TYPE and isinstance(triple.subject, ox.NamedNode):
                    types[triple.subject.value].add(triple.object.value)
                elif triple.predicate.value in private.LEADS_TO_PERSON:
                    led.add(triple.object.value)
        found = {iri: _kind(types[iri]) or "person" for iri in led if not types[iri] & _SOFTWARE}
        return found | {iri: kind for iri, said in types.items() if (kind := _kind(said))}

    def _private_values(self) -> set[object]:
        """What has a value under a name that tells that it is private."""
        return {
            one.subject
            for one in self.all()
            if one.predicate.value in private.VALUE_NAMES
            and isinstance(one.object, ox.Literal)
            and private.tells(one.object.value)
        }

    def is_private_value(self, triple: ox.Triple) -> bool:
        """Whether this is such a value."""
        return triple.predicate.value in private.VALUES and triple.subject in self._values

    def all(self) -> Iterator[ox.Triple]:
        for told in self._graphs.values():
            yield from told

    def words(self) -> Iterator[str]:
        """The names of persons and hosts, and of users in paths."""
        for triple in self.all():
            for term in (triple.subject, triple.object):
                if isinstance(term, ox.NamedNode):
                    yield from private.names("", term.value)
            if isinstance(triple.object, ox.Literal):
                yield from self._words_of(triple, triple.object.value)

    def _words_of(self, triple: ox.Triple, text: str) -> Iterator[str]:
        yield from private.names(triple.predicate.value, text)
        if self.is_private_value(triple):
            yield text
        kind = self.kinds.get(str(getattr(triple.subject, "value", "")))
        if kind == "machine" and _is_name(triple):
            yield text
            yield text.partition(".")[0]
        elif triple.predicate.value in private.LEADS_TO_PERSON or (
            kind and kind != "machine" and len(text) <= _LONGEST_NAME
        ):
            yield from private.parts(text)


class Redaction:
    """Finds who and what is named in the statements, and takes it out. Raises as ``redact``."""

    def __init__(self, graphs: Graphs, records: Iterable[str], base: str) -> None:
        self._graphs = graphs
        self._named_in_it = named = _Named(graphs)
        self._kinds = named.kinds
        self.texts = Texts(named.words())
        if base and self.texts.has_word(base):
            raise InputError(
                f"All IRIs begin with {base}, which names a host or a person. Give another one "
                "with --base https://example.org/provenance/"
            )
        self._names: dict[str, str] = {}
        self._counts: dict[str, int] = defaultdict(int)
        self._base = base
        self._telling = {
            triple.subject.value
            for triple in named.all()
            if isinstance(triple.subject, ox.NamedNode) and self._is_made_of_it(triple)
        }
        self._there = {
            term.value
            for triple in named.all()
            for term in (triple.subject, triple.object)
            if isinstance(term, ox.NamedNode)
        }
        clean = (one for one in records if not self._is_private(one))
        home = next(clean, f"{base or DEFAULT_BASE}redacted")
        self._home = home.partition("#")[0]

    def _is_made_of_it(self, triple: ox.Triple) -> bool:
        """Whether the name of a thing of an import has words that are left out of its texts."""
        if not isinstance(triple.object, ox.Literal):
            return False
        iri, value = str(triple.subject)[1:-1], triple.object.value
        if not _OF_IMPORT.search(iri):
            return False
        cleaned = self._literal(triple.predicate.value, triple.object).value
        gone = set(_WORD.findall(value)) - set(_WORD.findall(cleaned))
        return not gone.isdisjoint(_WORD.findall(unquote(iri.partition("#")[2])))

    def graphs(self) -> dict[str, list[ox.Triple]]:
        """The statements without it."""
        return {
            self.iri(name): sorted_triples(list(dict.fromkeys(self._cleaned(told))))
            for name, told in self._graphs.items()
        }

    def _cleaned(self, told: Sequence[ox.Triple]) -> Iterator[ox.Triple]:
        for triple in told:
            cleaned = self._triple(triple)
            if cleaned is not None:
                yield cleaned
        for subject in dict.fromkeys(t.subject for t in told if t.predicate == _TYPE):
            kind = self._kinds.get(subject.value) if isinstance(subject, ox.NamedNode) else None
            if kind:
                yield ox.Triple(self._node(subject), _LABEL, ox.Literal(f"a {kind}"))  # type: ignore[arg-type]

    def _triple(self, triple: ox.Triple) -> ox.Triple | None:
        subject, predicate, value = triple
        if private.is_private(predicate.value) or self._named_in_it.is_private_value(triple):
            return None
        if isinstance(value, ox.Literal):
            kind = self._kinds.get(subject.value) if isinstance(subject, ox.NamedNode) else None
            if kind and (kind != "machine" or _is_name(triple)):
                return None
            if predicate.value in private.LEADS_TO_PERSON:
                return None
            value = self._literal(predicate.value, value)
        else:
            value = self._term(value)
        return ox.Triple(self._term(subject), self._node(predicate), value)  # type: ignore[arg-type]

    def _literal(self, predicate: str, literal: ox.Literal) -> ox.Literal:
        datatype = literal.datatype.value
        if predicate in _KEPT or datatype in _UNTOUCHED:
            return literal
        if private.is_path(predicate):
            text = self.texts.path(literal.value) or MASK
        else:
            text = self.texts.literal(literal.value, datatype)
        if text == literal.value:
            return literal
        if literal.language:
            return ox.Literal(text, language=literal.language)
        return ox.Literal(text, datatype=literal.datatype)

    def _term(self, term: object) -> object:
        if isinstance(term, ox.Triple):
            return ox.Triple(*map(self._term, term))  # type: ignore[arg-type]
        return self._node(term) if isinstance(term, ox.NamedNode) else term

    def _node(self, node: ox.NamedNode) -> ox.NamedNode:
        return ox.NamedNode(self.iri(node.value))

    def iri(self, iri: str) -> str:
        """The IRI, or another one where it names a person, a host or a path."""
        if iri not in self._names:
            self._names[iri] = self._named(iri)
        return self._names[iri]

    def _named(self, iri: str) -> str:
        kind = self._kinds.get(iri)
        if kind is None and iri not in self._telling and not self._is_private(iri):
            return iri
        kind = kind or "thing"
        while True:
            self._counts[kind] += 1
            name = f"{self._home}#{kind}-{self._counts[kind]}"
            if name not in self._there:
                return name

    def _is_private(self, iri: str) -> bool:
        if iri.startswith(_VOCABULARIES):
            return False
        told = iri.removeprefix(self._base) if self._base else iri
        return bool(
            private.PRIVATE_IRI(iri) or private.is_machine_url(told) or self.texts.has_word(told)
        )


def _kind(types: set[str]) -> str | None:
    """What an agent is: a person, an organization, a machine; None for software and what is none.

    What is only said to be an agent may be a person.
    """
    if Dnnprov.Machine in types:
        return "machine"
    if types & private.PERSONS:
        return "organization" if any(one.endswith("Organization") for one in types) else "person"
    return "person" if Prov.Agent in types and not types & _SOFTWARE else None


def _is_name(triple: ox.Triple) -> bool:
    name = triple.predicate.value.lower()
    return name.endswith(("label", "name", "title", "identifier", "nick"))
