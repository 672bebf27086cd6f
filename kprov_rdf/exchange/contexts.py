"""The contexts that JSON-LD documents name by address: shipped, or given, and never fetched.

JSON-LD 1.1, sections 3.1 (contexts), 4.1.8 (scoped contexts) and 4.1.10 (imported contexts);
API, section 4.1. What each file is, and under which licence, stands in ``contexts/README.md``.
"""

import functools
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any
from urllib.parse import urljoin

from kprov_rdf.dm.guards import load_json
from kprov_rdf.errors import InputError, UnsupportedError

# All contexts that stand in a document once they are written into it. That of RO-Crate has 150 kB.
MAX_BYTES = 1 << 26
_MAX_CHAIN = 10  # contexts that name contexts
_CRATES = ("w3id.org/ro/crate/{}/context", "researchobject.org/ro-crate/{}/context",
           "researchobject.org/ro-crate/specification/{}/context")  # fmt: skip
_CODEMETA = "raw.githubusercontent.com/codemeta/codemeta/{}/codemeta"


def _crate(version: str) -> list[str]:
    return [one.format(version + end) for one in _CRATES for end in ("", "-DRAFT")]


# Name for people, file, and addresses as ``_key`` has them.
_SHIPPED: tuple[tuple[str, str, list[str]], ...] = (
    *(
        (f"RO-Crate {version}", f"ro-crate-{version}.jsonld", _crate(version))
        for version in ("1.0", "1.1", "1.2", "1.3")
    ),
    (
        "Workflow Run RO-Crate",
        "workflow-run.jsonld",
        ["w3id.org/ro/terms/workflow-run", "w3id.org/ro/terms/workflow-run/context"],
    ),
    ("schema.org", "schema-org.jsonld", ["schema.org", "schema.org/docs/jsonldcontext"]),
    ("Croissant 1.0", "croissant-1.0.jsonld", ["mlcommons.org/croissant/1.0"]),
    (
        "Croissant 1.1",
        "croissant-1.1.jsonld",
        ["mlcommons.org/croissant/1.1", "mlcommons.org/croissant"],
    ),
    (
        "CodeMeta 2.0",
        "codemeta-2.0.jsonld",
        ["doi.org/10.5063/schema/codemeta-2.0", "w3id.org/codemeta/2.0", _CODEMETA.format("2.0")],
    ),
    (
        "CodeMeta 3.0",
        "codemeta-3.0.jsonld",
        ["w3id.org/codemeta/3.0", "w3id.org/codemeta/3.1", "w3id.org/codemeta",
         _CODEMETA.format("3.0"), _CODEMETA.format("master")],
    ),
    (
        "PROV-JSONLD of 2020",
        "prov-jsonld-2020.jsonld",
        ["openprovenance.org/prov", "openprovenance.org/prov-jsonld/2020-03-23/context"],
    ),
    (
        "PROV-JSONLD of 2024",
        "prov-jsonld-2024.jsonld",
        ["openprovenance.org/prov-jsonld/context-2024-08-25",
         "w3.org/submissions/2024/SUBM-prov-jsonld-20240825/context"],
    ),
    (
        "PROV-JSONLD of 2026",
        "prov-jsonld-2026.jsonld",
        ["openprovenance.org/prov-jsonld/context",
         "openprovenance.org/prov-jsonld/context-2026-09-12"],
    ),
    ("Web Annotation", "annotation.jsonld", ["w3.org/ns/anno"]),
)  # fmt: skip
_BY_ADDRESS = {key: (label, file) for label, file, keys in _SHIPPED for key in keys}
_SCHEME = re.compile(r"\Ahttps?://(www\.)?", re.IGNORECASE)
_END = re.compile(r"(\.jsonld|\.json)?[/#]*\Z")


def _key(address: str) -> str:
    """An address without what makes no difference: http or https, www., the suffix, a last /."""
    return _END.sub("", _SCHEME.sub("", address.strip()))


@functools.cache
def _text(file: str) -> bytes:
    return (files("kprov_rdf.exchange") / "contexts" / file).read_bytes()


def inline(
    found: Any, name: str, given: Mapping[str, bytes] | None = None
) -> tuple[Any, list[str]]:
    """JSON-LD with the contexts that it names written into it, and notes on where they are from.

    ``given`` has texts of contexts by address, and comes before what is shipped. ``found`` itself
    stays as it is. Raises ``UnsupportedError`` for an address that is neither given nor shipped,
    and ``InputError`` for contexts that name each other in a circle, or are too large together.
    """
    tree = json.loads(json.dumps(found))  # a copy, however deep
    work = _Inliner(name, given or {})
    work.resolve(tree, "", ())
    return tree, work.notes


class _Inliner:
    def __init__(self, name: str, given: Mapping[str, bytes]) -> None:
        self.name = name
        self.notes: list[str] = []
        self._given = {_key(address): (address, text) for address, text in given.items()}
        self._ready: dict[str, tuple[Any, int]] = {}
        self._bytes = 0
        self._literals: set[str] = set()  # the terms whose values are JSON, not JSON-LD

    def resolve(self, tree: Any, base: str, chain: tuple[str, ...]) -> None:
        """Replace each context below ``tree``, which was read from the address ``base``."""
        stack = [tree]
        while stack:
            one = stack.pop()
            if isinstance(one, list):
                stack += one
            if not isinstance(one, dict):
                continue
            if "@context" in one:
                own = one["@context"]
                one["@context"] = self._context(own, base, chain)
                # What was loaded is resolved already.
                stack += [local for local in _listed(own) if isinstance(local, dict)]
                self._note_literals(one["@context"])
            skipped = self._literals | {"@context", "@value"}
            stack += [value for key, value in one.items() if key not in skipped]

    def _context(self, value: Any, base: str, chain: tuple[str, ...]) -> Any:
        done: list[Any] = []
        for one in _listed(value):
            if isinstance(one, str):
                done += _listed(self._load(one, base, chain))
                continue
            if isinstance(one, dict) and isinstance(one.get("@import"), str):
                wanted = one.pop("@import")
                loaded = self._load(wanted, base, chain)
                if not isinstance(loaded, dict):
                    raise InputError(
                        f"{self.name} has the @import of {wanted}, which is no single context "
                        "(JSON-LD 1.1, section 4.1.10). Name it in a list of contexts instead."
                    )
                own = dict(one)
                one.clear()
                one.update(loaded | own)
            done.append(one)
        return done if isinstance(value, list) or len(done) != 1 else done[0]

    def _load(self, address: str, base: str, chain: tuple[str, ...]) -> Any:
        whole = urljoin(base, address) if base else address
        key = _key(whole)
        if key in chain or len(chain) >= _MAX_CHAIN:
            raise InputError(
                f"The contexts of {self.name} name each other in a circle, or too many times over: "
                f"{' -> '.join((*chain, key))[:500]}. Take the last one out."
            )
        if key not in self._ready:
            before = self._bytes
            loaded, size = self._read(whole, key, address)
            self.resolve(loaded, whole, (*chain, key))
            self._ready[key] = loaded["@context"], size + self._bytes - before
            self._bytes = before
        context, size = self._ready[key]
        self._bytes += size
        if self._bytes > MAX_BYTES:
            raise InputError(
                f"{self.name} names contexts so often that they take more than "
                f"{MAX_BYTES >> 20} MiB. Name each once, at the top."
            )
        return context

    def _read(self, whole: str, key: str, address: str) -> tuple[dict[str, Any], int]:
        given = self._given.get(key) or self._given.get(_key(address))
        if given:
            told, text = given
            where = f"the text given for {told}"
        elif key in _BY_ADDRESS:
            label, file = _BY_ADDRESS[key]
            text, where = _text(file), f"that of {label}, which kprov ships"
        else:
            raise UnsupportedError(
                f"The @context of {self.name} is at {whole}, and kprov fetches nothing from the "
                f"network. Save it, and name the file with --context {whole}=FILE. Shipped are "
                f"the contexts of {', '.join(label for label, _, _ in _SHIPPED)}."
            )
        found = load_json(text, f"The @context {whole}")
        if not isinstance(found, dict):
            raise InputError(
                f"The @context {whole} is no JSON-LD context: it has to be an object with "
                f"@context, found {type(found).__name__}."
            )
        self.notes.append(f"its @context {whole} is {where}")
        return found if "@context" in found else {"@context": found}, len(text)

    def _note_literals(self, context: Any) -> None:
        for one in _listed(context):
            if isinstance(one, dict):
                self._literals |= {
                    term
                    for term, said in one.items()
                    if isinstance(said, dict) and said.get("@type") == "@json"
                }


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
