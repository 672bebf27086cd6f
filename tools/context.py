"""Generates ``ontology/context.jsonld`` from ``ontology/dnnprov.ttl``.

``make generate`` writes the file, and ``make check`` fails when it is not what the
ontology says. JSON has no comments, so that cog cannot mark a part of it.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kprov_rdf import vocabulary
from kprov_rdf.exchange import jsonld
from kprov_rdf.store import PREFIXES
from tools.vocabulary import PROV_TERMS

_EXCERPT = """
r:epoch-3 a dnnprov:EpochExecution , prov:Activity ; dnnprov:partOfTraining r:training ;
  prov:used r:config-0 ; prov:startedAtTime "2026-11-20T12:00:03Z"^^xsd:dateTime ;
  prov:endedAtTime "2026-11-20T12:00:05Z"^^xsd:dateTime .
r:metrics-3 a dnnprov:oTraining , prov:Entity ; prov:wasGeneratedBy r:epoch-3 ; dnnprov:epoch 3 ;
  dnnprov:learningRate 1e-3 ; dnnprov:loss 0.7124e0 ; dnnprov:valLoss "NaN"^^xsd:double ;
  <http://localhost:8642/metric/pde_residual> 5e0 .
"""
PATH = Path(__file__).resolve().parent.parent / "ontology" / "context.jsonld"
_OWL = "http://www.w3.org/2002/07/owl#"
# Other vocabularies' properties, as kprov writes them.
_OTHERS: dict[str, Any] = {
    "created": {"@id": "dcterms:created", "@type": "xsd:dateTime"},
    "format": "dcterms:format",
    "hasPart": {"@id": "dcterms:hasPart", "@type": "@id"},
    "label": "rdfs:label",
}
# No @vocab: with it, a misspelt key would be a statement with a property that does not exist.
# Without it a processor leaves such a key out (JSON-LD 1.1 API, section 5.1.2), so `kprov merge`
# names the keys that a document does not define.
#
# @protected: a context that comes later and gives a name another meaning ("status", "error" and
# "position" are everybody's) is an error then, not another statement (JSON-LD 1.1, section 4.1.11).
_KEYWORDS: dict[str, Any] = {"@version": 1.1, "@protected": True, "id": "@id", "type": "@type"}


def _typed(iri: str, kind: str, range_: str | None) -> Any:
    """The definition of one term.

    A range of strings is no type to coerce to: processors make plain strings of those values, for
    which they do not choose a term with a type (JSON-LD 1.1 API, RDF to Object Conversion, and
    IRI Compaction).
    """
    short = _short(iri)
    if kind == "object property":
        return {"@id": short, "@type": "@id"}
    xsd = PREFIXES["xsd"]
    if range_ and range_.startswith(xsd) and range_ != f"{xsd}string":
        return {"@id": short, "@type": _short(range_)}
    return short


def _short(iri: str) -> str:
    return next(
        f"{prefix}:{iri.removeprefix(namespace)}"
        for prefix, namespace in PREFIXES.items()
        if iri.startswith(namespace)
    )


def _prov(name: str) -> Any:
    if name[0].isupper():
        return f"prov:{name}"
    return {"@id": f"prov:{name}", "@type": "xsd:dateTime" if name.endswith("Time") else "@id"}


def definitions(ontology: vocabulary.Ontology) -> Iterator[tuple[str, Any]]:
    """The names and what they stand for: keywords, prefixes, terms; each group sorted.

    Raises ``ValueError`` where two would have one name.
    """
    prefixes = PREFIXES | {"owl": _OWL}
    terms = [(term.name, _typed(term.iri, term.kind, term.range)) for term in ontology.terms()]
    terms += [(name, _prov(name)) for name in PROV_TERMS]
    terms += _OTHERS.items()
    names = Counter([*_KEYWORDS, *jsonld.OWN_PREFIXES, *prefixes, *(name for name, _ in terms)])
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise ValueError(f"two things would have one name in the context: {', '.join(twice)}")
    yield from _KEYWORDS.items()
    yield from sorted(prefixes.items())
    yield from sorted(terms, key=lambda one: (one[0].casefold(), one[0]))


def text(ontology: vocabulary.Ontology) -> str:
    """The context as JSON, a term a line."""
    lines = (f"    {json.dumps(name)}: {json.dumps(said)}" for name, said in definitions(ontology))
    return '{{\n  "@context": {{\n{}\n  }}\n}}\n'.format(",\n".join(lines))


def excerpt() -> str:
    """What an epoch is as JSON-LD, written by what ``kprov export`` writes with."""
    turtle = vocabulary.EXAMPLE_PREFIXES + _EXCERPT
    triples = [quad.triple for quad in ox.parse(turtle, ox.RdfFormat.TURTLE)]
    record = triples[0].subject.value.partition("#")[0]
    text = jsonld.text({record: triples}, record, record.rpartition("run/")[0])
    return text.decode().rstrip()


def main(arguments: list[str]) -> str | None:
    """Write the file, or compare it; what is returned is the message of a failure."""
    wanted = text(vocabulary.load())
    if "--check" not in arguments:
        PATH.write_text(wanted, encoding="utf-8")
    elif not PATH.exists() or PATH.read_text(encoding="utf-8") != wanted:
        return f"{PATH.name} is not what the ontology says. Run 'make generate'."
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
