"""Writing PROV-JSONLD (W3C member submission, 25 August 2024)."""

import json
from typing import Any

from kprov_capture.terms import PROV_NAMESPACE
from kprov_rdf.dm.model import KINDS, TIMES, Document, Instance
from kprov_rdf.dm.relations import RELATIONS
from kprov_rdf.exchange.writers.content import (
    STRING,
    Content,
    Names,
    Statement,
    Text,
    statements,
)

# Section 3: where the context lives. Readers know it; nothing is fetched.
CONTEXT = "https://openprovenance.org/prov-jsonld/context.jsonld"
_TYPES = {"entity": "Entity", "activity": "Activity", "agent": "Agent"}
_TYPES |= {how.property: name for name, how in RELATIONS.items()}
_TERMS = {PROV_NAMESPACE + name: name for name in ("type", "label", "role", "location", "value")}
# Of these the context says that a text is a name.
_REFERRING = ("type", "role", "location")
# Terms of the context, which no prefix may have.
_TAKEN = {name for kind in KINDS.values() for name in kind.arguments} | set(_TYPES.values())
_TAKEN |= {*_TERMS.values(), "Bundle", "hadMember"}
_PREFIXING = (":", "/", "?", "#", "[", "]", "@")  # JSON-LD 1.1, section 4.1.5


def write(document: Document) -> Text:
    """A document as PROV-JSONLD. Mentions have a type that is not in the submission."""
    names = Names(document, _TAKEN)
    writer = _Writer(Content(document, names, "PROV-JSONLD"))
    graph = writer.graph(document.toplevel)
    for name, bundle in document.bundles.items():
        identifier = writer.content.bundle(name)
        graph.append({"@type": "Bundle", "@id": identifier, "@graph": writer.graph(bundle)})
    prefixes = {prefix: _definition(names.prefixes[prefix]) for prefix in sorted(names.prefixes)}
    whole = {"@context": [prefixes, CONTEXT] if prefixes else [CONTEXT], "@graph": graph}
    text = json.dumps(whole, ensure_ascii=False, indent=1)
    return Text(f"{text}\n".encode(), writer.content.notes)


def _definition(namespace: str) -> Any:
    if namespace.endswith(_PREFIXING):
        return namespace
    return {"@id": namespace, "@prefix": True}


class _Writer:
    def __init__(self, content: Content) -> None:
        self.content = content

    def graph(self, instance: Instance) -> list[dict[str, Any]]:
        return [self._statement(one) for one in statements(instance)]

    def _statement(self, one: Statement) -> dict[str, Any]:
        """Section 4: an object with the names that PROV-DM gives the arguments."""
        content = self.content
        if one.kind == "mentionOf":
            content.note("PROV-JSONLD has no mentions: other tools may not read them")
        found: dict[str, Any] = {"@type": _TYPES[one.kind]}
        if one.identifier:
            found["@id"] = content.name(one.identifier)
        for name, number in zip(KINDS[one.kind].arguments, one.arguments, strict=True):
            if number:
                found[name] = content.time(number) if name in TIMES else content.name(number)
        for attribute, value in one.attributes:
            term = _TERMS.get(content.iri(attribute), "")
            # The context has the short name of prov:value in entities only.
            short = term and (term != "value" or one.kind == "entity")
            key = term if short else content.name(attribute)
            found.setdefault(key, []).append(self._value(value, term))
        return found

    def _value(self, number: int, term: str) -> Any:
        found = self.content.value(number)
        if found is None:
            name = self.content.name(number)
            return name if term in _REFERRING else {"@value": name, "@type": "xsd:QName"}
        if found.language:
            return {"@value": found.lexical, "@language": found.language}
        if found.datatype == STRING:
            return {"@value": found.lexical}
        return {"@value": found.lexical, "@type": self.content.names(found.datatype)}
