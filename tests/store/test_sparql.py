"""What is refused before an engine sees it, and what only looks like it."""

import pyoxigraph as ox
import pytest

from kprov_rdf import sparql
from kprov_rdf.errors import InputError, RefusedError

REFUSED = [
    "SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }",
    "SELECT * { service silent <http://127.0.0.1:9/> { ?s ?p ?o } }",
    "PREFIX e: <http://127.0.0.1:9/> SELECT * { SERVICE # why\n e:x { ?s ?p ?o } }",
    "PREFIX : <http://127.0.0.1:9/> SELECT * {SERVICE:x{?s ?p ?o}}",
    "PREFIX : <http://127.0.0.1:9/> SELECT * {SERVICE:x#c\n{?s ?p ?o}}",
    "PREFIX : <http://127.0.0.1:9/> SELECT * {SERVICESILENT:x{?s ?p ?o}}",
    "SELECT * {?s ?p trueSERVICE<http://127.0.0.1:9/>{?s ?p ?o}}",
    "SELECT * {?s ?p 1SERVICE<http://127.0.0.1:9/>{?s ?p ?o}}",
    "SELECT * {?s ?p 1.5e3SERVICE<http://127.0.0.1:9/>{?s ?p ?o}}",
    "SELECT * {?s ?p 'x'SERVICE<http://127.0.0.1:9/>{?s ?p ?o}}",
    "SELECT * {?s ?p 'x'@enSERVICE <http://127.0.0.1:9/> {?s ?p ?o} SERVICE ?x {}}",
    "SELECT * { ?x <http://e/a> ?y FILTER(?x<1) SERVICE <http://127.0.0.1:9/> { } }",
    "SELECT * { FILTER EXISTS { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } } }",
    'SELECT * { ?s ?p """a"b\\"""" SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }',
    "SELECT * { FILTER(1<2)SERVICE#>\n<http://127.0.0.1:9/> {?s ?p ?o} }",
    "SELECT * { FILTER(1<'>')SERVICE<http://127.0.0.1:9/> {?s ?p ?o} FILTER('a'='a') }",
    "SELECT * { OPTIONAL{?s <http://x/\\u0041'> 1} "
    "SERVICE <http://127.0.0.1:9/> {} FILTER('a'='b') }",
    "PREFIX x:<http://x/\\u0041#>SELECT * { SERVICE <http://127.0.0.1:9/> {?s ?p ?o} }",
    "SELECT * { OPTIONAL{?q <http://x/\\u0041'> 1} FILTER(1<'>'||'b'='b') "
    "SERVICE <http://127.0.0.1:9/> {?s ?p ?o} FILTER('a'!='b') }",
    "SELECT * { SERVICE <http://127.0.0.1:9/\\u003E> {?s ?p ?o} }",
    "PREFIX e: <http://127.0.0.1:9/> SELECT * { SERVICE e:a\\#b\\'.c%20 # {\n {?s ?p ?o} }",
    "SELECT * { { SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } } } }",
]
HARMLESS = [
    "SELECT * { ?s ?p 'SERVICE <http://e/>' }",
    'SELECT * { ?s ?p """ SERVICE "" {\n \\""" {""" }',
    "SELECT * { ?s ?p '''it's a SERVICE''' }",
    "SELECT * { ?s <http://e/SERVICE> ?o } # a SERVICE",
    "SELECT ?service { ?service ?p $SERVICE }",
    "PREFIX service: <http://e/> SELECT * { ?s service:endpoint ?o . { ?o ?p ?s } }",
    "PREFIX e: <http://e/> SELECT * { ?s e:SERVICE ?o ; e:a.service ?q . { ?o ?p ?s } }",
    "PREFIX e: <http://e/> SELECT * { _:SERVICE e:\\~SERVICE e:%20SERVICE }",
    "SELECT * { ?s ?p 'x'@service }",
    "SELECT * { ?s ?p ?o FILTER(?o<5 && ?s>?o) }",
]


@pytest.mark.parametrize("text", REFUSED)
def test_service_is_refused_however_it_is_written(text: str) -> None:
    with pytest.raises(RefusedError, match="SERVICE is refused"):
        sparql.refuse_service(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_service_is_not(text: str) -> None:
    ox.Store().query(text)  # it is SPARQL
    sparql.refuse_service(text)


def test_brackets_count_where_they_nest() -> None:
    deep = "SELECT * { FILTER(" + "(" * 4000 + "1" + ")" * 4000 + ") }"
    with pytest.raises(InputError, match="nested more than 100 levels"):
        sparql.refuse_deep(deep)
    sparql.refuse_deep("SELECT * { ?s ?p '" + "(" * 4000 + "' } # " + "{" * 4000)
    sparql.refuse_deep("SELECT * { " + "{ ?s ?p ?o } " * 4000 + "}")
