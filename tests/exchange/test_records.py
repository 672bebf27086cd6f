"""Graphs of RDF as statements of PROV-DM and back, and through each format: nothing is lost."""

import warnings

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prov.model import ProvDocument

from kprov_rdf.dm.model import KINDS, Document
from kprov_rdf.dm.relations import DERIVATIONS, RELATIONS
from kprov_rdf.exchange import records
from kprov_rdf.exchange.writers import WRITERS
from tests.exchange.graphs import OF_PROV, READERS, quads, said

PROV = "http://www.w3.org/ns/prov#"
EX = "http://example.org/"
XSD = "http://www.w3.org/2001/XMLSchema#"
A = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
# What PROV-O entails: the class of a node that qualifies.
_CLASSES = {how.qualified: name for name, how in RELATIONS.items() if how.qualified}
_CLASSES |= {link: special for special, (_, link) in DERIVATIONS.items()}
_ENTAILED = [(PROV + link, PROV + name) for link, name in _CLASSES.items()]
_ENTAILED += [(PROV + link, PROV + "Derivation") for _, link in DERIVATIONS.values()]

_things = st.sampled_from([f"{EX}{name}" for name in ("a", "b", "c", "d", "q1", "q2")])
_properties = st.sampled_from(
    sorted(
        {PROV + how.property for how in RELATIONS.values()}
        | {PROV + link for link in _CLASSES}
        | {PROV + how.influencer for how in RELATIONS.values() if how.influencer}
        | {PROV + one for how in RELATIONS.values() for one in how.more.values()}
        | {PROV + how.time for how in RELATIONS.values() if how.time}
        | {PROV + name for name, _ in DERIVATIONS.values()}
        | {PROV + one for one in ("value", "atLocation", "hadRole", "asInBundle", "generated")}
        | {f"{EX}p", f"{EX}loss", "http://www.w3.org/2000/01/rdf-schema#label"}
    )
)
_classes = st.sampled_from(
    [PROV + name for name in ("Entity", "Activity", "Agent", *_CLASSES.values())]
    + [f"{EX}T", "https://w3id.org/dnnprov#Training"]
)
_TIMES = ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.250+02:00", "2026-01-02T03:04:06")
_literals = st.one_of(
    st.builds(ox.Literal, st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=5)),
    st.sampled_from(["1", "02", "-3"]).map(lambda one: _typed(one, "integer")),
    st.sampled_from(["0.5", "1e3", "NaN"]).map(lambda one: _typed(one, "double")),
    st.sampled_from(_TIMES).map(lambda one: _typed(one, "dateTime")),
    st.sampled_from(["en", "en-US"]).map(lambda one: ox.Literal("x", language=one)),
    st.just(ox.Literal("x", datatype=ox.NamedNode(f"{EX}own"))),
)


def _typed(lexical: str, kind: str) -> ox.Literal:
    return ox.Literal(lexical, datatype=ox.NamedNode(XSD + kind))


def _triple(subject: str, predicate: str, term: ox.NamedNode | ox.Literal) -> ox.Triple:
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), term)


_triples = st.lists(
    st.one_of(
        st.builds(_triple, _things, st.just(A), _classes.map(ox.NamedNode)),
        st.builds(_triple, _things, _properties, _things.map(ox.NamedNode)),
        st.builds(_triple, _things, _properties, _literals),
        st.builds(_triple, _things, st.sampled_from(
            [f"{PROV}atTime", *(PROV + how.time for how in RELATIONS.values() if how.time)]
        ), st.sampled_from(_TIMES).map(lambda one: _typed(one, "dateTime"))),
    ),
    max_size=25,
)  # fmt: skip
_graphs = st.dictionaries(st.sampled_from(["", f"{EX}bundle", "urn:b:2"]), _triples, max_size=3)


def entailed(triples: set[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """What PROV-O says beside these, of what is added."""
    return {(o, A, f"<{name}>") for s, p, o in triples for link, name in _ENTAILED if p == link}


def check(before: dict[str, list[ox.Triple]], after: dict[str, list[ox.Triple]]) -> None:
    expected, found = said(before), said(after)
    assert {name for name, one in expected.items() if one} == set(found)
    for name, one in found.items():
        assert expected[name] - one == set()
        assert one - expected[name] - entailed(expected[name]) == set()


@settings(max_examples=300, deadline=None)
@given(given_=_graphs)
def test_whatever_a_graph_says_is_said_by_records(given_) -> None:
    check(given_, quads(records.document(given_, "")))


@pytest.mark.parametrize("form", WRITERS)
@settings(deadline=None)
@given(given_=_graphs)
def test_whatever_a_graph_says_is_said_in_each_format(form: str, given_) -> None:
    document = records.document(given_, "")
    text = WRITERS[form](document)
    read = READERS[form](text.data, "x")
    assert (text.notes, read.notes) == ([], [])
    check(given_, quads(read))
    if not is_beyond_prov(document, form):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ProvDocument.deserialize(content=text.data.decode(), format=OF_PROV[form])


def is_beyond_prov(document: Document, form: str) -> bool:
    """Whether there are mentions, or attributes that the prov package takes for arguments."""
    arguments = {f"<{PROV}{one}>" for kind in KINDS.values() for one in kind.arguments}
    rows = [rows for instance in document.instances() for rows in instance.rows.values()]
    names = {name for one in rows for pairs in one.attributes.values() for name, _ in pairs}
    mentions = any(len(one.rows["mentionOf"]) for one in document.instances())
    return any(document.terms.text[one] in arguments for one in names) or (
        mentions and form == "provjsonld"
    )
