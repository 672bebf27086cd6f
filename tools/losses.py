"""What a format of PROV-DM cannot say of RDF, and RDF of PROV-DM: tried, not remembered.

Each trial is a document. It is written in each format and read again, and what differs is a loss.
"""

import json
from collections import defaultdict

import pyoxigraph as ox

from kprov_rdf.dm import provjson, provjsonld, provn, provxml
from kprov_rdf.dm.detect import LABELS
from kprov_rdf.dm.values import literal_term
from kprov_rdf.errors import UnsupportedError
from kprov_rdf.exchange import records
from kprov_rdf.exchange.naming import Unscoped
from kprov_rdf.exchange.quads import nquads
from kprov_rdf.exchange.writers import WRITERS

READERS = {
    "provn": provn.read,
    "provjson": provjson.read,
    "provxml": provxml.read,
    "provjsonld": provjsonld.read,
}
_HEAD = """@prefix prov: <http://www.w3.org/ns/prov#> . @prefix e: <http://example.org/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix dnnprov: <https://w3id.org/dnnprov#> .
"""
# Statements of RDF, by what is special in them.
TRIALS = {
    "a triple term": "e:a e:p <<( e:s e:p e:o )>> .",
    "the base direction of a text": 'e:a a prov:Entity ; e:p "x"@en--ltr .',
    "the type of a literal that is `xsd:QName` or `prov:QUALIFIED_NAME`": (
        'e:a a prov:Entity ; e:p "e:x"^^xsd:QName .'
    ),
    "the type of a literal that is `prov:InternationalizedString`": (
        'e:a a prov:Entity ; e:p "x"^^prov:InternationalizedString .'
    ),
    "a control character of a text": 'e:a a prov:Entity ; e:p "\\u0001" .',
    "a property whose IRI ends in no name of XML": "e:a a prov:Entity ; <http://example.org/1> 2 .",
    "`prov:label` as a property, which is `rdfs:label` in PROV-O": (
        'e:a a prov:Entity ; prov:label "x" .'
    ),
    "`prov:type` of a thing, which is `rdf:type` in PROV-O": "e:a a prov:Entity ; prov:type e:T .",
    "kprov's mark `dnnprov:Undeclared`": "e:a a prov:Entity , dnnprov:Undeclared .",
    "that the class of a qualifying node is not said": (
        "e:a a prov:Activity ; prov:used e:b ; prov:qualifiedUsage e:u . e:u prov:entity e:b ."
    ),
    "that a qualified relation is not said plainly": (
        "e:a prov:qualifiedUsage e:u . e:u a prov:Usage ; prov:entity e:b ."
    ),
    "a relation that is one of two special derivations": "e:a prov:wasQuotedFrom e:b .",
    "a thing without a class of PROV": "e:a a e:T ; e:p e:b .",
    "a thing of two classes of PROV": "e:a a prov:Entity , prov:Agent ; e:p 1 .",
    "a text in the place of a thing": 'e:a a prov:Activity ; prov:used "x" .',
    "a node that qualifies nothing": "e:u a prov:Usage ; prov:entity e:b .",
    "two times of one event": (
        'e:a a prov:Activity ; prov:startedAtTime "2026-01-02T03:04:05Z"^^xsd:dateTime , '
        '"2026-01-02T03:04:06Z"^^xsd:dateTime .'
    ),
    "a time that is none": 'e:a a prov:Activity ; prov:startedAtTime "soon" .',
    "a mention": "e:a prov:mentionOf e:b ; prov:asInBundle e:c .",
    "a blank node": "[] a prov:Entity ; e:p 1 .",
    "a graph of no name beside the toplevel": "e:g { e:a a prov:Entity }",
}
# Statements of PROV-DM that PROV-O has no words for, in PROV-JSON.
_RECORDS = {
    "identifiers of `specializationOf`, `alternateOf`, `hadMember` and `mentionOf`": {
        "alternateOf": {"e:i": {"prov:alternate1": "e:a", "prov:alternate2": "e:b"}}
    },
    "a bundle without statements": {"bundle": {"e:b": {}}},
}


def losses() -> dict[str, list[str]]:
    """By the name of each format: what of RDF it cannot say, or only with more beside it."""
    found: dict[str, list[str]] = {}
    for form in WRITERS:
        lost = found[LABELS[form]] = []
        for what, text in TRIALS.items():
            outcome = _tried(_HEAD + text, form)
            if outcome:
                lost.append(f"{what}: {outcome}")
    return found


def unsaid() -> list[str]:
    """What PROV-DM says and RDF cannot."""
    found = []
    for what, content in _RECORDS.items():
        text = json.dumps({"prefix": {"e": "http://example.org/"}, **content})
        document = provjson.read(text.encode(), "x")
        # Every record is said in some quads, and tells what is left out.
        if not list(nquads(document, Unscoped())) or document.notes:
            found.append(what)
    return found


def _tried(text: str, form: str) -> str:
    """What becomes of a document in a format; nothing where it stays what it is."""
    graphs = defaultdict(list)
    for quad in ox.parse(text, ox.RdfFormat.TRIG):
        name = quad.graph_name
        graphs["" if isinstance(name, ox.DefaultGraph) else name.value].append(quad.triple)
    before = {_said(name, one) for name, triples in graphs.items() for one in triples}
    try:
        data = WRITERS[form](records.document(graphs, "")).data
    except UnsupportedError:
        return "refused"
    lines = "".join(nquads(READERS[form](data, "x"), Unscoped()))
    after = {
        _said("" if isinstance(one.graph_name, ox.DefaultGraph) else one.graph_name.value, one)
        for one in ox.parse(lines, ox.RdfFormat.N_QUADS)
    }
    if before - after:
        return "changed" if after - before else "left out"
    return "added" if after - before else ""


def _said(graph: str, one: ox.Triple | ox.Quad) -> tuple[str, ...]:
    term = one.object
    value = str(term)
    if isinstance(term, ox.Literal):
        direction = f"--{term.direction.value}" if term.direction else ""
        value = literal_term(term.value, term.datatype.value, term.language or "") + direction
    blank = isinstance(one.subject, ox.BlankNode)
    return graph, "_:" if blank else str(one.subject), one.predicate.value, value


def table() -> str:
    """The losses as a table in Markdown: a row for each, a column for each format."""
    found = losses()
    names = dict.fromkeys(one.rpartition(": ")[0] for lost in found.values() for one in lost)
    lines = [f"| what | {' | '.join(found)} |", "|---" * (len(found) + 1) + "|"]
    for name in names:
        told = [
            next((one.rpartition(": ")[2] for one in lost if one.startswith(f"{name}: ")), "kept")
            for lost in found.values()
        ]
        lines.append(f"| {name} | {' | '.join(told)} |")
    return "\n".join(lines)
