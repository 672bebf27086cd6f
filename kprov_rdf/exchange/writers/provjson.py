"""Writing PROV-JSON (W3C member submission, 24 April 2013)."""

import json
from typing import Any

from kprov_rdf.dm.model import KINDS, TIMES, Document, Instance
from kprov_rdf.exchange.writers.content import (
    STRING,
    Content,
    Names,
    Statement,
    Text,
    statements,
)


def write(document: Document) -> Text:
    """A document as PROV-JSON."""
    names = Names(document)
    content = Content(document, names, "PROV-JSON")
    writer = _Writer(content)
    body = writer.container(document.toplevel)
    bundles = {
        content.bundle(name): writer.container(bundle) for name, bundle in document.bundles.items()
    }
    prefixes = {prefix: names.prefixes[prefix] for prefix in sorted(names.prefixes)}
    whole = {"prefix": prefixes, **body} | ({"bundle": bundles} if bundles else {})
    text = json.dumps(whole, ensure_ascii=False, indent=1)
    return Text(f"{text}\n".encode(), content.notes)


class _Writer:
    def __init__(self, content: Content) -> None:
        self._content = content
        self._count = 0

    def container(self, instance: Instance) -> dict[str, Any]:
        """Section 2.1: the records of an instance, by kind and by identifier."""
        found: dict[str, Any] = {}
        for one in statements(instance):
            records = found.setdefault(one.kind, {})
            key = self._content.name(one.identifier) if one.identifier else self._fresh()
            record = self._record(one)
            if key not in records:
                records[key] = record
            elif isinstance(records[key], list):
                records[key].append(record)
            else:  # section 2.3: more than one record of this identifier
                records[key] = [records[key], record]
        return found

    def _fresh(self) -> str:
        """The key of a relation that has no identifier: a blank node, which is nowhere else."""
        self._count += 1
        return f"_:id{self._count}"

    def _record(self, one: Statement) -> dict[str, Any]:
        content = self._content
        record: dict[str, Any] = {}
        for name, number in zip(KINDS[one.kind].arguments, one.arguments, strict=True):
            if number:
                text = content.time(number) if name in TIMES else content.name(number)
                record[f"prov:{name}"] = text
        values: dict[str, list[Any]] = {}
        for attribute, value in one.attributes:
            values.setdefault(content.name(attribute), []).append(self._value(value))
        return record | {
            name: found[0] if len(found) == 1 else found for name, found in values.items()
        }

    def _value(self, number: int) -> Any:
        """Section 2.2: a text, or an object with its type or its language."""
        found = self._content.value(number)
        if found is None:
            return {"$": self._content.name(number), "type": "prov:QUALIFIED_NAME"}
        if found.language:
            return {"$": found.lexical, "lang": found.language}
        if found.datatype == STRING:
            return found.lexical
        return {"$": found.lexical, "type": self._content.names(found.datatype)}
