"""Records of PROV-DM as statements of PROV-O: every relation, and every kind of value."""

import json

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prov.model import ProvDocument

from kprov_rdf.errors import InputError
from kprov_rdf.exchange import reading
from kprov_rdf.exchange.naming import Unscoped
from kprov_rdf.exchange.quads import nquads
from kprov_rdf.exchange.scope import Scope
from kprov_rdf.exchange.sources import Source
from kprov_rdf.store import LocalStore
from tests.exchange.graphs import READERS, graphs

HEAD = """@prefix prov: <http://www.w3.org/ns/prov#> . @prefix ex: <http://e.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix i: <urn:import#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
PROVN = "document\nprefix ex <http://e.org/>\n{}\nendDocument\n"
T = "2026-01-02T03:04:05+02:00"
AT = f'"{T}"^^xsd:dateTime'

# Written by hand from PROV-O, sections 3.1 to 3.3 with their tables, and from PROV-LINKS.
MAPPING = [
    (
        "entity(ex:e, [prov:label=\"l\", prov:type='ex:T', prov:value=1, prov:location='ex:p'])",
        "ex:e a prov:Entity, ex:T ; rdfs:label 'l' ; prov:value '1'^^xsd:int ; "
        "prov:atLocation ex:p .",
    ),
    (
        'entity(ex:e, [prov:type="text", ex:x="a"@en, ex:x="2" %% xsd:decimal])',
        "ex:e a prov:Entity ; prov:type 'text' ; ex:x 'a'@en, '2'^^xsd:decimal .",
    ),
    (f"activity(ex:a, {T}, -)", f"ex:a a prov:Activity ; prov:startedAtTime {AT} ."),
    (f"activity(ex:a, -, {T})", f"ex:a a prov:Activity ; prov:endedAtTime {AT} ."),
    ("agent(ex:g, [prov:type='prov:Person'])", "ex:g a prov:Agent, prov:Person ."),
    ("wasGeneratedBy(ex:e, ex:a, -)", "ex:e prov:wasGeneratedBy ex:a ."),
    (
        f"wasGeneratedBy(ex:e, ex:a, {T})",
        f"ex:e prov:wasGeneratedBy ex:a ; prov:generatedAtTime {AT} ; "
        "prov:qualifiedGeneration i:wasGeneratedBy-1 . "
        f"i:wasGeneratedBy-1 a prov:Generation ; prov:activity ex:a ; prov:atTime {AT} .",
    ),
    (
        f"wasGeneratedBy(ex:e, -, {T})",
        f"ex:e prov:generatedAtTime {AT} .",
    ),
    ("used(ex:a, ex:e, -)", "ex:a prov:used ex:e ."),
    (
        f"used(ex:u; ex:a, ex:e, {T}, [prov:role='ex:r', ex:x=\"y\"])",
        "ex:a prov:used ex:e ; prov:qualifiedUsage ex:u . ex:u a prov:Usage ; prov:entity ex:e ; "
        f"prov:hadRole ex:r ; ex:x 'y' ; prov:atTime {AT} .",
    ),
    ("wasInformedBy(ex:b, ex:a)", "ex:b prov:wasInformedBy ex:a ."),
    (
        "wasInformedBy(ex:c; ex:b, ex:a)",
        "ex:b prov:wasInformedBy ex:a ; prov:qualifiedCommunication ex:c . "
        "ex:c a prov:Communication ; prov:activity ex:a .",
    ),
    (
        f"wasStartedBy(ex:a, ex:e, ex:b, {T})",
        f"ex:a prov:wasStartedBy ex:e ; prov:startedAtTime {AT} ; "
        "prov:qualifiedStart i:wasStartedBy-1 . i:wasStartedBy-1 a prov:Start ; prov:entity ex:e ; "
        f"prov:hadActivity ex:b ; prov:atTime {AT} .",
    ),
    (
        f"activity(ex:a, {T}, -)\nwasStartedBy(ex:a, ex:e, -, 2026-01-02T03:04:06+01:00)",
        f"ex:a a prov:Activity ; prov:startedAtTime {AT} ; prov:wasStartedBy ex:e ; "
        "prov:qualifiedStart i:wasStartedBy-1 . i:wasStartedBy-1 a prov:Start ; prov:entity ex:e ; "
        "prov:atTime '2026-01-02T03:04:06+01:00'^^xsd:dateTime .",
    ),
    (
        f"wasEndedBy(ex:a, -, ex:b, {T})",
        f"ex:a prov:endedAtTime {AT} ; prov:qualifiedEnd i:wasEndedBy-1 . "
        f"i:wasEndedBy-1 a prov:End ; prov:hadActivity ex:b ; prov:atTime {AT} .",
    ),
    (
        f"wasInvalidatedBy(ex:e, ex:a, {T})",
        f"ex:e prov:wasInvalidatedBy ex:a ; prov:invalidatedAtTime {AT} ; "
        "prov:qualifiedInvalidation i:wasInvalidatedBy-1 . i:wasInvalidatedBy-1 "
        f"a prov:Invalidation ; prov:activity ex:a ; prov:atTime {AT} .",
    ),
    ("wasDerivedFrom(ex:f, ex:e, -, -, -)", "ex:f prov:wasDerivedFrom ex:e ."),
    (
        "wasDerivedFrom(ex:d; ex:f, ex:e, ex:a, ex:g, ex:u)",
        "ex:f prov:wasDerivedFrom ex:e ; prov:qualifiedDerivation ex:d . ex:d a prov:Derivation ; "
        "prov:entity ex:e ; prov:hadActivity ex:a ; prov:hadGeneration ex:g ; prov:hadUsage ex:u .",
    ),
    (
        "wasDerivedFrom(ex:f, ex:e, [prov:type='prov:Revision'])",
        "ex:f prov:wasDerivedFrom ex:e ; prov:wasRevisionOf ex:e .",
    ),
    (
        "wasDerivedFrom(ex:f, ex:e, ex:a, -, -, [prov:type='prov:Quotation'])",
        "ex:f prov:wasDerivedFrom ex:e ; prov:wasQuotedFrom ex:e ; "
        "prov:qualifiedQuotation i:wasDerivedFrom-1 . i:wasDerivedFrom-1 a prov:Quotation, "
        "prov:Derivation ; prov:entity ex:e ; prov:hadActivity ex:a .",
    ),
    (
        "wasDerivedFrom(ex:s; ex:f, ex:e, [prov:type='prov:PrimarySource', prov:type='ex:T'])",
        "ex:f prov:wasDerivedFrom ex:e ; prov:hadPrimarySource ex:e ; "
        "prov:qualifiedPrimarySource ex:s . ex:s a prov:PrimarySource, prov:Derivation, ex:T ; "
        "prov:entity ex:e .",
    ),
    ("wasAttributedTo(ex:e, ex:g)", "ex:e prov:wasAttributedTo ex:g ."),
    (
        "wasAttributedTo(ex:t; ex:e, ex:g)",
        "ex:e prov:wasAttributedTo ex:g ; prov:qualifiedAttribution ex:t . "
        "ex:t a prov:Attribution ; prov:agent ex:g .",
    ),
    (
        "wasAssociatedWith(ex:a, ex:g, ex:p)",
        "ex:a prov:wasAssociatedWith ex:g ; prov:qualifiedAssociation i:wasAssociatedWith-1 . "
        "i:wasAssociatedWith-1 a prov:Association ; prov:agent ex:g ; prov:hadPlan ex:p .",
    ),
    (
        "wasAssociatedWith(ex:a, -, ex:p)",
        "ex:a prov:qualifiedAssociation i:wasAssociatedWith-1 . "
        "i:wasAssociatedWith-1 a prov:Association ; prov:hadPlan ex:p .",
    ),
    ("actedOnBehalfOf(ex:g, ex:h, -)", "ex:g prov:actedOnBehalfOf ex:h ."),
    (
        "actedOnBehalfOf(ex:g, ex:h, ex:a)",
        "ex:g prov:actedOnBehalfOf ex:h ; prov:qualifiedDelegation i:actedOnBehalfOf-1 . "
        "i:actedOnBehalfOf-1 a prov:Delegation ; prov:agent ex:h ; prov:hadActivity ex:a .",
    ),
    (
        "wasInfluencedBy(ex:i; ex:e, ex:f)",
        "ex:e prov:wasInfluencedBy ex:f ; prov:qualifiedInfluence ex:i . "
        "ex:i a prov:Influence ; prov:influencer ex:f .",
    ),
    ("specializationOf(ex:s, ex:e)", "ex:s prov:specializationOf ex:e ."),
    ("alternateOf(ex:s, ex:e)", "ex:s prov:alternateOf ex:e ."),
    ("hadMember(ex:c, ex:e)", "ex:c prov:hadMember ex:e ."),
    ("mentionOf(ex:s, ex:e, ex:b)", "ex:s prov:mentionOf ex:e ; prov:asInBundle ex:b ."),
]


def quads(data: bytes | str, name: str) -> list[ox.Quad]:
    text = data.encode() if isinstance(data, str) else data
    return list(reading.parse(Source(name, text), Scope("urn:import")).quads)


def turtle(text: str) -> set[ox.Triple]:
    return {quad.triple for quad in ox.parse(HEAD + text, ox.RdfFormat.TURTLE)}


@pytest.mark.parametrize(("record", "expected"), MAPPING)
def test_a_record_is_said_in_the_terms_of_prov_o(record: str, expected: str) -> None:
    assert {quad.triple for quad in quads(PROVN.format(record), "x.provn")} == turtle(expected)


@pytest.mark.parametrize(
    ("record", "expected", "form"),
    [
        (record, expected, form)
        for record, expected in MAPPING
        for form in ("json", "xml", "jsonld")
        # PROV-JSONLD has no mentions.
        if not (form == "jsonld" and record.startswith("mentionOf"))
    ],
)
def test_the_other_formats_say_the_same(record: str, expected: str, form: str) -> None:
    document = ProvDocument.deserialize(content=PROVN.format(record), format="provn")
    text = document.serialize(format=form)
    assert text is not None
    assert {quad.triple for quad in quads(text, f"x.{form}")} == turtle(expected)


def document(**entity: object) -> str:
    prefix = {"ex": "http://e.org/"}
    return json.dumps({"prefix": prefix, "entity": {"ex:e": {"ex:x": [entity.pop("value")]}}})


XSD = "http://www.w3.org/2001/XMLSchema#"
VALUES = [
    ("text", '"text"'),
    ("", '""'),
    (True, f'"true"^^<{XSD}boolean>'),
    (5, f'"5"^^<{XSD}int>'),
    (2**40, f'"{2**40}"^^<{XSD}long>'),
    (1.5, f'"1.5"^^<{XSD}double>'),
    (float("-inf"), f'"-INF"^^<{XSD}double>'),
    ({"$": "5", "type": "xsd:integer"}, f'"5"^^<{XSD}integer>'),
    ({"$": "0.10", "type": "xsd:decimal"}, f'"0.10"^^<{XSD}decimal>'),
    ({"$": "PT0.5S", "type": "xsd:duration"}, f'"PT0.5S"^^<{XSD}duration>'),
    ({"$": "2026-01-02T03:04:05+02:00", "type": "xsd:dateTime"},
     f'"2026-01-02T03:04:05+02:00"^^<{XSD}dateTime>'),
    ({"$": "2026-01-02T03:04:05", "type": "xsd:dateTime"},
     f'"2026-01-02T03:04:05"^^<{XSD}dateTime>'),
    ({"$": "http://e/x y", "type": "xsd:anyURI"}, f'"http://e/x y"^^<{XSD}anyURI>'),
    ({"$": "ex:y", "type": "prov:QUALIFIED_NAME"}, "<http://e.org/y>"),
    ({"$": "ex:y z", "type": "xsd:QName"}, "<http://e.org/y%20z>"),
    ({"$": "hei", "lang": "nb"}, '"hei"@nb'),
    ({"$": "4", "type": "ex:own"}, '"4"^^<http://e.org/own>'),
    ("line\nend \\ \"quote\" \u0000 ü", '"line\\nend \\\\ \\"quote\\" \\u0000 ü"'),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), VALUES)
@pytest.mark.filterwarnings("error")
def test_a_value_keeps_its_type(value: object, expected: str) -> None:
    (found,) = [q for q in quads(document(value=value), "x.json") if q.predicate.value[-1] == "x"]
    assert str(found.object) == expected


def test_a_locale_is_read_as_the_language_that_is_meant() -> None:
    (found,) = [
        q for q in quads(document(value={"$": "x", "lang": "en_US"}), "x.json")
        if isinstance(q.object, ox.Literal)
    ]  # fmt: skip
    assert found.object == ox.Literal("x", language="en-US")
    with pytest.raises(InputError, match="RDF cannot say"):
        quads(document(value={"$": "x", "lang": "!"}), "x.json")


def test_a_relation_of_prov_json_has_a_name_only_where_something_refers_to_it() -> None:
    found = reading.parse(
        Source(
            "x.json",
            json.dumps(
                {
                    "prefix": {"ex": "http://e.org/"},
                    "used": {
                        "_:u1": {"prov:activity": "ex:a", "prov:entity": "_:e"},
                        "_:u2": {"prov:activity": "ex:a", "prov:entity": "ex:f"},
                    },
                    "wasDerivedFrom": {
                        "_:d": {
                            "prov:generatedEntity": "ex:g",
                            "prov:usedEntity": "_:e",
                            "prov:usage": "_:u1",
                        }
                    },
                    "entity": {"_:e": {"ex:like": {"$": "_:e", "type": "prov:QUALIFIED_NAME"}}},
                    "bundle": {"_:b": {"entity": {"_:e": {}}}},
                }
            ).encode(),
        ),
        Scope("urn:import"),
    )
    assert found.notes == []
    expected = turtle(
        """i:_e a prov:Entity ; ex:like i:_e . ex:a prov:used i:_e, ex:f ;
        prov:qualifiedUsage i:_u1 . i:_u1 a prov:Usage ; prov:entity i:_e .
        ex:g prov:wasDerivedFrom i:_e ; prov:qualifiedDerivation i:wasDerivedFrom-1 .
        i:wasDerivedFrom-1 a prov:Derivation ; prov:entity i:_e ; prov:hadUsage i:_u1 ."""
    )
    graph = ox.NamedNode("urn:import")
    assert {q.triple for q in found.quads if q.graph_name == graph} == expected
    assert [str(q) for q in found.quads if q.graph_name != graph] == [
        "<urn:import#_e> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
        "<http://www.w3.org/ns/prov#Entity> <urn:import#_b>"
    ]


def test_attributes_of_what_prov_o_cannot_qualify_are_those_of_the_statement() -> None:
    member = {"prov:collection": "ex:c", "prov:entity": "ex:e", "ex:x": "kept"}
    text = {"prefix": {"ex": "http://e.org/"}, "hadMember": {"_:m": member}}
    found = reading.parse(Source("x.json", json.dumps(text).encode()), Scope("urn:import"))
    statement = """@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
      ex:c prov:hadMember ex:e . i:hadMember-1 a rdf:Statement ; rdf:subject ex:c ;
      rdf:predicate prov:hadMember ; rdf:object ex:e ; ex:x "kept" ."""
    assert {quad.triple for quad in found.quads} == turtle(statement)
    assert found.notes == []


_NAMES = st.text(min_size=1, max_size=12)
_WORDS = _NAMES.filter(str.strip)
_SCALARS = st.one_of(
    st.text(max_size=20), st.booleans(), st.integers(), st.floats(allow_nan=False),
    st.builds(lambda v: {"$": str(v), "type": "xsd:integer"}, st.integers()),
    st.builds(lambda v: {"$": v, "lang": "en"}, st.text(max_size=9)),
)  # fmt: skip


@given(
    namespace=st.one_of(st.just("http://e.org/"), st.just("urn:x:"), _NAMES.filter(str.strip)),
    entities=st.dictionaries(_NAMES, st.lists(_SCALARS, max_size=4), min_size=1, max_size=5),
)
def test_whatever_the_names_and_values_are_the_store_takes_it(namespace, entities) -> None:
    """Identifiers become IRIs one to one, and every statement is there after a load."""
    records = {f"n:{name}": {"n:v": values} for name, values in entities.items()}
    text = json.dumps({"prefix": {"n": namespace}, "entity": records})
    found = quads(text, "x.json")
    store = LocalStore()
    store.load(ox.serialize(found, format=ox.RdfFormat.N_QUADS) or b"")
    rows = store.query("SELECT (COUNT(DISTINCT ?s) AS ?n) { ?s a prov:Entity }")
    assert int(next(iter(rows))["n"].value) == len(records)
    parsed = set(ox.parse(ox.serialize(found, format=ox.RdfFormat.N_QUADS), ox.RdfFormat.N_QUADS))
    assert parsed == set(found)


def records(**kinds: object) -> bytes:
    prefix = {"ex": "http://e.org/", "xsd": XSD}
    return json.dumps({"prefix": prefix, **kinds}).encode()


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (
            "provn",
            'entity(ex:e, [ex:x="1.50" %% xsd:decimal, ex:x="a"@en-US, ex:x="+1" %% xsd:int])'
            "\nactivity(ex:a, 2026-01-02T23:00:00.10+02:00, -)",
        ),
        (
            "provjson",
            records(
                entity={
                    "ex:e": {
                        "ex:x": [
                            {"$": "1.50", "type": "xsd:decimal"},
                            {"$": "a", "lang": "en_US"},
                            {"$": "+1", "type": "xsd:int"},
                        ]
                    }
                },
                activity={"ex:a": {"prov:startTime": "2026-01-02T23:00:00.10+02:00"}},
            ),
        ),
    ],
)
def test_values_are_kept_as_they_are_written(form: str, text: str | bytes) -> None:
    data = text if isinstance(text, bytes) else PROVN.format(text).encode()
    lines = list(nquads(READERS[form](data, "x"), Unscoped()))
    assert [line for line in lines if '"' in line] == [
        f'<http://e.org/e> <http://e.org/x> "1.50"^^<{XSD}decimal> .\n',
        '<http://e.org/e> <http://e.org/x> "a"@en-US .\n',
        f'<http://e.org/e> <http://e.org/x> "+1"^^<{XSD}int> .\n',
        "<http://e.org/a> <http://www.w3.org/ns/prov#startedAtTime> "
        f'"2026-01-02T23:00:00.10+02:00"^^<{XSD}dateTime> .\n',
    ]


def test_of_one_value_the_first_spelling_is_kept() -> None:
    values = [{"$": one, "type": "xsd:decimal"} for one in ("1.0", "1", "1.00")]
    document = READERS["provjson"](records(entity={"ex:e": {"ex:x": values}}), "x")
    assert set(document.terms.written.values()) == {f'"1.0"^^<{XSD}decimal>'}
    pairs = document.toplevel.rows["entity"].attributes[0]
    assert len(set(pairs)) == 1


def test_another_time_of_a_start_is_not_lost() -> None:
    """An activity says its own; the start without a trigger has only this one."""
    text = f"activity(ex:a, {T}, -)\nwasStartedBy(ex:a, -, -, 2026-02-02T03:04:06Z)"
    found = {quad.triple for quad in quads(PROVN.format(text), "x.provn")}
    assert found == turtle(
        f"ex:a a prov:Activity ; prov:startedAtTime {AT} ; prov:qualifiedStart i:wasStartedBy-1 . "
        "i:wasStartedBy-1 a prov:Start ; prov:atTime '2026-02-02T03:04:06Z'^^xsd:dateTime ."
    )


@pytest.mark.parametrize("part", ["lang", "type"])
@pytest.mark.parametrize("hidden", ['"^^<b', "en> <a:b> <c:d> .\n<e:f> <g:h> <i:j", 'x"@en'])
def test_no_value_brings_statements_of_its_own(part: str, hidden: str) -> None:
    """Tags and datatypes may be any text in PROV-JSON, and would stand outside of the quotes."""
    value = {"$": 'a"^^<b>', part: f"http://e/{hidden}"}
    try:
        found = quads(records(entity={"ex:e": {"ex:x": value}}), "x.json")
    except InputError as error:
        assert "RDF cannot say" in str(error)
    else:
        assert [quad.predicate.value for quad in found][1:] == ["http://e.org/x"]
        assert isinstance(found[1].object, ox.Literal)
        assert found[1].object.value == 'a"^^<b>'


def test_further_types_of_prov_jsonld_are_types() -> None:
    text = {
        "@context": [{"ex": "http://e.org/"}],
        "@graph": [{"@type": ["prov:Entity", "Plan", "ex:T", "none:x"], "@id": "ex:e"}],
    }
    document = READERS["provjsonld"](json.dumps(text).encode(), "x")
    found = graphs("".join(nquads(document, Unscoped())))[""]
    assert set(found) == turtle("ex:e a prov:Entity, prov:Plan, ex:T .")
    assert "none" in document.notes[0]
