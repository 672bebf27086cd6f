"""What is linked, by which evidence, and what is not."""

import hashlib
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_rdf.exchange import links
from kprov_rdf.exchange.linkrules import read as rules_of
from kprov_rdf.exchange.links import Link
from kprov_rdf.exchange.merge import Options, together
from kprov_rdf.exchange.sources import Source
from kprov_rdf.validate import constraints, inputs, shacl
from tests.conftest import SHARED

BASE = "http://localhost:8642/"
PROV = "http://www.w3.org/ns/prov#"
HASH = hashlib.sha256(b"model").hexdigest()
EMPTY = hashlib.sha256(b"").hexdigest()
UUID = "01a1fd37-25db-78e6-a226-3209bddc39ad"
CONTENT = f"{BASE}content/sha256-{HASH}"
PREFIXES = f"""@prefix prov: <{PROV}> . @prefix dnn: <https://w3id.org/dnnprov#> .
  @prefix schema: <http://schema.org/> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
  @prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix e: <http://e.org/> . """


def found(turtle: str, base: str = BASE) -> list[Link]:
    triples = [quad.triple for quad in ox.parse(PREFIXES + turtle, ox.RdfFormat.TURTLE)]
    return links.find([triples], base)


@pytest.mark.parametrize("turtle", [
    f'e:x dnn:sha256 "{HASH}"',
    f'e:x a prov:Entity ; dnn:sha256 "{HASH}" ; dnn:byteSize 64',
    f'e:x schema:sha256 "{HASH}"',
    f'e:x <https://schema.org/sha256> "{HASH}"',
    f'e:x dnn:sha256 "{HASH.upper()}"',
    f'e:x dnn:sha256 "{HASH}", "{HASH.upper()}" ; schema:sha256 "{HASH}"',
    f'e:x dnn:sha256 "{HASH}" ; dnn:byteSize "large"',
    f'e:x dnn:sha256 "{HASH}" ; prov:specializationOf e:general',
    f'e:x dnn:sha256 "{HASH}" ; prov:wasGeneratedBy e:a . e:a a prov:Activity',
])  # fmt: skip
def test_an_entity_with_a_hash_is_a_specialization_of_its_content(turtle: str) -> None:
    (link,) = found(f"{turtle} .")
    assert link == Link(
        "http://e.org/x", f"{PROV}specializationOf", CONTENT, "content", f"its SHA-256 is {HASH}"
    )


@pytest.mark.parametrize("turtle", [
    f'e:x dnn:sha256 "{EMPTY}"',
    f'e:x dnn:sha256 "{EMPTY.upper()}"',
    f'e:x dnn:sha256 "{HASH}" ; dnn:byteSize 63',
    f'e:x dnn:sha256 "{HASH}" ; dcat:byteSize "0"',
    f'e:x dnn:sha256 "{HASH}" ; schema:sha256 "{"a" * 64}"',
    f'e:x dnn:sha256 "{HASH[1:]}"',
    f'e:x dnn:sha256 "sha256:{HASH}"',
    'e:x dnn:sha256 ""',
    f"e:x dnn:sha256 <http://e.org/{HASH}>",
    f'e:x schema:sha512 "{HASH}"',
    # An activity is no entity, however that is said (PROV-CONSTRAINTS, 50 and 55).
    f'e:x a prov:Activity ; dnn:sha256 "{HASH}"',
    f'e:x dnn:sha256 "{HASH}" ; prov:used e:y',
    f'e:x dnn:sha256 "{HASH}" ; prov:startedAtTime "2026-01-01T00:00:00Z"',
    f'e:x dnn:sha256 "{HASH}" . e:y prov:wasGeneratedBy e:x',
    f'e:x dnn:sha256 "{HASH}" . e:y prov:wasInformedBy e:x',
    # What is content already, or said to have it.
    f'e:x a dnn:Content ; dnn:sha256 "{HASH}"',
    f'<{CONTENT}> a prov:Entity ; dnn:sha256 "{HASH}"',
    f'e:x dnn:sha256 "{HASH}" ; prov:specializationOf <{CONTENT}>',
    f'e:x dnn:sha256 "{HASH}" ; prov:specializationOf <http://lab.org/content/sha256-{HASH}>',
])  # fmt: skip
def test_what_has_no_content_of_its_own_is_not_linked(turtle: str) -> None:
    assert found(f"{turtle} .") == []


@pytest.mark.parametrize("turtle", [
    'e:x a prov:Person ; e:orcid "0000-0002-1825-0097"',
    "e:x a prov:Agent ; schema:identifier <https://orcid.org/0000-0002-1825-0097>",
    "e:x a prov:Agent ; schema:identifier <http://orcid.org/0000-0002-1825-0097/>",
    'e:x a prov:Organization ; schema:url "https://www.orcid.org/0000-0002-1825-0097"',
    'e:x a prov:Agent ; schema:sameAs " orcid:0000-0002-1825-0097 "',
    'e:x a prov:Agent ; e:ORCID "0000-0002-1825-0097", "https://orcid.org/0000-0002-1825-0097"',
])  # fmt: skip
def test_an_agent_is_the_person_of_its_orcid(turtle: str) -> None:
    person = "https://orcid.org/0000-0002-1825-0097"
    subjects = {(link.subject, link.how, link.target, link.rule) for link in found(f"{turtle} .")}
    assert ("http://e.org/x", links.SAME, person, "orcid") in subjects
    assert {target for _, _, target, _ in subjects} == {person}


@pytest.mark.parametrize("turtle", [
    'e:x a prov:Person ; e:orcid "0000-0002-1825-0098"',  # its check digit is wrong
    'e:x a prov:Person ; e:orcid "0000-0002-1825-009"',
    'e:x a prov:Person ; e:orcid "see 0000-0002-1825-0097"',
    'e:x a prov:Person ; e:orcid "0000-0002-1825-0097", "0000-0001-5109-3700"',
    'e:x a prov:Person ; foaf:knows "0000-0002-1825-0097"',
    'e:x a prov:Entity ; e:orcid "0000-0002-1825-0097"',
    'e:x e:orcid "0000-0002-1825-0097"',
    "<https://orcid.org/0000-0002-1825-0097> a prov:Person",
    'e:x a prov:Person ; e:orcid "٠٠٠٠-0002-1825-0097"',
])  # fmt: skip
def test_who_has_no_orcid_or_two_is_nobody_else(turtle: str) -> None:
    assert found(f"{turtle} .") == []


@pytest.mark.parametrize(("iri", "orcid"), [
    ("http://orcid.org/0000-0002-1694-233X", "0000-0002-1694-233X"),
    ("https://orcid.org/0000-0002-1694-233x", "0000-0002-1694-233X"),
    ("https://www.orcid.org/0000-0001-5109-3700/", "0000-0001-5109-3700"),
])  # fmt: skip
def test_an_address_of_orcid_is_a_person_where_it_is_only_pointed_at(iri: str, orcid: str) -> None:
    (link,) = found(f"e:x prov:wasAttributedTo <{iri}> .")
    assert (link.subject, link.target) == (iri, f"https://orcid.org/{orcid}")


@given(st.integers(0, 10**15 - 1))
def test_of_eleven_check_digits_one_is_right(number: int) -> None:
    digits = f"{number:015d}"
    written = "-".join((digits[:4], digits[4:8], digits[8:12], digits[12:]))
    assert sum(bool(links._orcid_of(f"{written}{last}")) for last in "0123456789X") == 1


def test_one_path_under_two_bases_is_one_thing() -> None:
    paths = [f"run/{UUID}", f"run/{UUID}#training", f"content/sha256-{HASH}",
             f"import/sha256-{HASH}#http://x/y"]  # fmt: skip
    for path in paths:
        (link,) = found(f"<https://lab.org/kprov/{path}> e:p 1 .")
        assert (link.how, link.target, link.rule) == (links.SAME, BASE + path, "base")
        assert found(f"<https://lab.org/kprov/{path}> e:p 1 .", "https://lab.org/kprov/") == []
    for path in ("agent/x", "run/1", f"run/{UUID}x", f"content/sha256-{HASH}x", "catalog"):
        assert found(f"<https://lab.org/{path}> e:p 1 .") == []
    # The hash that content has by its name is no second link to the same thing.
    theirs = f"<https://lab.org/content/sha256-{HASH}>"
    assert [one.rule for one in found(f'{theirs} dnn:sha256 "{HASH}" .')] == ["base"]


def test_what_several_graphs_say_of_a_thing_counts_together() -> None:
    one = [ox.Triple(ox.NamedNode("http://e.org/x"), ox.NamedNode(f"{PROV}used"),
                     ox.NamedNode("http://e.org/y"))]  # fmt: skip
    turtle = PREFIXES + f'e:x dnn:sha256 "{HASH}" .'
    other = [quad.triple for quad in ox.parse(turtle, ox.RdfFormat.TURTLE)]
    assert len(links.find([other], BASE)) == 1
    assert links.find([one, other], BASE) == []


RULES = b"""[[rule]]
name = "sample"
property = "http://e.org/barcode"
link = "specializationOf"
"""


def test_the_graph_of_links_says_why_and_is_valid() -> None:
    turtle = f"""{PREFIXES} e:x a prov:Entity ; dnn:sha256 "{HASH}" ; e:barcode "7" .
      e:p a prov:Person, prov:Agent ; e:orcid "0000-0002-1825-0097" .
      <http://lab.org/run/{UUID}> e:p 1 . <http://lab.org/run/{UUID}#a> e:p 1 ."""
    options = Options(rules=tuple(rules_of(RULES, "r.toml")))
    store, (done,) = together([Source("x.ttl", turtle.encode())], options)
    graph = store.graph(f"{BASE}links")
    said = {(t.subject.value, t.predicate.value) for t in graph if "#link-" not in str(t.subject)}
    assert {(one.subject, one.how) for one in done.links} <= said
    (rows,) = [
        list(store.query(
            f"SELECT ?s ?rule ?why {{ GRAPH <{BASE}links> {{ ?l a rdf:Statement ; rdf:subject ?s ; "
            "rdf:predicate ?p ; rdf:object ?o ; dcterms:type ?rule ; rdfs:comment ?why . "
            "?s ?p ?o } } ORDER BY ?rule"
        ))
    ]  # fmt: skip
    assert [row["rule"].value for row in rows] == ["base", "content", "orcid", "sample"]
    assert [row["why"].value for row in rows][3] == "its <http://e.org/barcode> is 7"
    assert shacl.validate("links", graph) == []
    entity = ox.NamedNode(f"{PROV}Entity")
    entities = {t.subject for t in graph if t.object == entity}
    special = [t for t in graph if t.predicate.value == f"{PROV}specializationOf"]
    assert entities == {t.subject for t in special} | {t.object for t in special}


PAIRS = [
    # The same content: one file made of the other, at two times, by two.
    (f'e:a a prov:Entity ; dnn:sha256 "{HASH}" ; prov:wasGeneratedBy e:one .',
     f'e:b a prov:Entity ; dnn:sha256 "{HASH}" ; prov:wasDerivedFrom e:a .'),
    (f'e:a a prov:Entity ; dnn:sha256 "{HASH}" ; prov:specializationOf e:b .',
     f'e:b a prov:Entity ; dnn:sha256 "{HASH}" .'),
    (f'<{CONTENT}> a prov:Entity ; dnn:sha256 "{HASH}" .',
     f'e:b a prov:Entity ; dnn:sha256 "{HASH}" ; prov:alternateOf <{CONTENT}> .'),
    (f'e:run dnn:sha256 "{HASH}" ; prov:used e:data .',
     'e:run a prov:Activity ; prov:wasAssociatedWith e:p . e:p a prov:Agent .'),
    ('e:p a prov:Person, prov:Agent ; e:orcid "0000-0002-1825-0097" .',
     'e:x a prov:Entity ; prov:wasAttributedTo <https://orcid.org/0000-0002-1825-0097> .'),
    (f'<http://lab.org/run/{UUID}#t> a prov:Activity ; prov:used e:x .',
     f'<{BASE}run/{UUID}#t> a prov:Activity ; prov:used e:x .'),
]  # fmt: skip


def union(texts: list[str], with_links: bool) -> list[str]:
    """What PROV-CONSTRAINTS have against all that the graphs say, as one instance."""
    store, _ = together([Source("x.ttl", (PREFIXES + one).encode()) for one in texts])
    triples = [
        t
        for iri in store.graphs()
        if not iri.endswith("/catalog") and (with_links or not iri.endswith("/links"))
        for t in store.graph(iri)
    ]
    data = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
    assert data is not None
    outcomes = constraints.check(inputs.read(data, "x.nt", "nt"))
    return [str(one) for outcome in outcomes for one in outcome.violations]


@pytest.mark.parametrize("pair", PAIRS)
def test_links_make_no_valid_pair_invalid(pair: tuple[str, str]) -> None:
    assert union(list(pair), with_links=False) == []
    assert union(list(pair), with_links=True) == []


SUITE = SHARED / "data" / "wild"


@pytest.mark.skipif(not SUITE.is_dir(), reason=f"there are no documents in {SUITE}")
@pytest.mark.parametrize("name", ["revsort-primary.cwlprov.ttl", "revsort-primary.cwlprov.json"])
def test_links_of_a_real_document_make_nothing_worse(name: str) -> None:
    path = Path(SUITE, "cwlprov", name)
    hashed = f'{PREFIXES} e:x a prov:Entity ; dnn:sha256 "{HASH}" .'
    store, done = together([Source(str(path)), Source("x.ttl", hashed.encode())])
    assert done[1].links

    def against(links_too: bool) -> int:
        graphs = [g for g in store.graphs() if "/import/" in g or (links_too and "/links" in g)]
        lines = [t for g in graphs for t in store.graph(g)]
        data = ox.serialize(lines, format=ox.RdfFormat.N_TRIPLES)
        assert data is not None
        found = constraints.check(inputs.read(data, "x.nt", "nt"))
        return sum(len(outcome.violations) for outcome in found)

    assert against(True) == against(False)
