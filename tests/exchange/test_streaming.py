"""Large RDF, read statement by statement: it says what it says when it is read at once."""

from pathlib import Path

import pytest

from kprov_capture.home import Home, create
from kprov_rdf import exchange, ingest
from kprov_rdf.errors import InputError
from kprov_rdf.exchange import merge as merging
from kprov_rdf.exchange import streaming
from kprov_rdf.exchange.linkrules import Rule
from kprov_rdf.exchange.merge import Options
from kprov_rdf.exchange.scope import Scope
from kprov_rdf.exchange.sources import Source
from tests.exchange.test_merge import stored

TURTLE = """@prefix prov: <http://www.w3.org/ns/prov#> . @prefix e: <http://example.org/> .
  @prefix d: <https://w3id.org/dnnprov#> . @prefix s: <http://schema.org/> .
  e:run a prov:Activity, e:Training ; prov:used <data.csv> ; e:rate 0.10 ; e:note "a"@en-GB .
  <data.csv> a prov:Entity ; d:sha256 "{sha}" ; e:barcode "7" .
  e:ana a prov:Person ; s:identifier <https://orcid.org/0000-0002-1825-0097> .
  e:Training a <http://www.w3.org/2002/07/owl#Class> .
  <http://lab.org/run/01a1fd37-25db-78e6-a226-3209bddc39ad#model> a prov:Entity .
"""
DOCUMENTS = {
    "a.ttl": TURTLE.replace("{sha}", "ab" * 32),
    "a.trig": "GRAPH <http://lab.org/g> { <x> <http://e.org/p> 1, 01 } <y> <http://e.org/p> <x> .",
    "a.nq": '<http://e.org/a> <http://e.org/p> "1" <http://e.org/g> .\n' * 3,
    "a.nt": "<http://localhost/a> <http://e.org/p> <file:///b> .\n",
}
# Why each of these has to be read at once.
OTHERS = {
    "blank.ttl": "[] <http://e.org/p> 1 .",
    "record.trig": "GRAPH <http://lab.org/run/01a1fd37-25db-78e6-a226-3209bddc39ad> "
    "{ <http://e.org/a> <http://e.org/p> 1 }",
    "provone.ttl": "<http://e.org/a> a "
    "<http://purl.dataone.org/provone/2015/01/15/ontology#Data> .",
    "defect.ttl": ":a <http://e.org/p> 1 .",
}


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any document is large."""
    monkeypatch.setattr(streaming, "LEAST", 0)


def both(home: Home, name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Home, Home]:
    rules = (
        Rule("sample", "http://www.w3.org/ns/prov#specializationOf", "http://example.org/barcode"),
    )
    other = create(home.path / "other")
    for place, least in ((home, 0), (other, 1 << 30)):
        monkeypatch.setattr(streaming, "LEAST", least)
        done = merging.merge(place, Source(name, text.encode()), options=Options(rules=rules))
        assert done.form
    return home, other


@pytest.mark.parametrize("name", [*DOCUMENTS, *OTHERS])
def test_a_large_document_says_what_a_small_one_says(
    home: Home, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (DOCUMENTS | OTHERS)[name]
    first, second = (stored(one) for one in both(home, name, text, monkeypatch))
    catalog = "http://localhost:8642/catalog"
    assert {k: v for k, v in first.items() if k != catalog} == {
        k: v for k, v in second.items() if k != catalog
    }
    assert len(first[catalog]) == len(second[catalog])


@pytest.mark.parametrize("name", [*DOCUMENTS, *OTHERS])
def test_what_needs_all_of_it_is_read_at_once(name: str, large: None) -> None:
    source = Source(name, (DOCUMENTS | OTHERS)[name].encode())
    found = streaming.find(source, Scope("http://localhost:8642/import/x"), None)
    assert (found is not None) is (name in DOCUMENTS)


def test_a_large_document_that_is_broken_is_refused_with_the_place(home: Home, large: None) -> None:
    with pytest.raises(InputError, match="at line 2 between columns 1 and 3"):
        merging.merge(home, Source("x.nt", b"<http://a> <http://b> <http://c> .\nno"))
    assert not list(home.journal.glob("*.nq*"))


def test_its_journal_is_checked_like_any_other(home: Home, large: None) -> None:
    merging.merge(home, Source("a.nt", DOCUMENTS["a.nt"].encode()))
    with ingest.open_snapshot(home) as snapshot:  # which reads it, with its digests
        assert len(snapshot.graphs()) == 2


def test_statements_can_be_had_one_by_one(tmp_path: Path, large: None) -> None:
    for name in ("a.ttl", "blank.ttl"):
        path = tmp_path / name
        path.write_text((DOCUMENTS | OTHERS)[name])
        assert set(exchange.stream(path)) == set(exchange.read(path).quads)
