"""What is refused before an engine sees it, and what only looks like it."""

import subprocess
import sys

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


MIXED = """
import sys
import pyoxigraph as ox
from kprov_rdf.query import Question, table
from kprov_rdf.store import LocalStore
XSD = "http://www.w3.org/2001/XMLSchema#"
values = [ox.Literal(number * 7919 % 3001) for number in range(200)]
values += [ox.Literal(number / 7) for number in range(200)]
for kind in ("string", "dateTime", "date", "integer"):
    for number in range(200):
        text = {"string": f"{number * 31 % 307}x", "integer": f"{number}x"}.get(
            kind, f"{1000 + number * 977 % 1999}-01-01" + "T00:00:00" * (kind == "dateTime")
        )
        values.append(ox.Literal(text, datatype=ox.NamedNode(XSD + kind)))
        if kind == "dateTime":
            for zone in ("Z", "+13:00", "-11:00"):
                at = f"2020-01-0{number % 3 + 1}T{number % 24:02}:00:00"
                values.append(ox.Literal(at, datatype=ox.NamedNode(XSD + kind)))
                values.append(ox.Literal(at + zone, datatype=ox.NamedNode(XSD + kind)))
                at = at.replace("-", "")
                values.append(ox.Literal(at + zone, datatype=ox.NamedNode(XSD + kind)))
values += [ox.Literal(str(number * 13 % 211), language="en") for number in range(200)]
values += [ox.NamedNode(f"http://e/{number}") for number in range(50)]
values = values[::3] + values[1::3] + values[2::3]
store = LocalStore()
lines = [f"<http://e/s{n}> <http://e/p> {one} <http://e/g> .\\n" for n, one in enumerate(values)]
store.load("".join(lines).encode())
rows = [row[0] for row in table(store, Question("", sys.argv[1]), {}).rows]
assert set(rows) == set(values)
literals = [row for row in rows if isinstance(row, ox.Literal)]
kinds = ("integer", "double")
numbers = [float(one.value) for one in literals if one.value.replace(".", "").isdigit()
           and one.datatype.value.removeprefix(XSD) in kinds]
assert numbers == sorted(numbers, reverse="DESC" in sys.argv[1])
print(len(rows))
"""


@pytest.mark.parametrize(
    "order", ["?v", "DESC(?v)", "(?v)", "?absent asc(?v)", "COALESCE(?v, 1) ?s"]
)
def test_values_of_mixed_types_are_ordered_without_ending_the_process(order: str) -> None:
    text = f"SELECT ?v {{ ?s <http://e/p> ?v }} ORDER BY {order}"
    done = subprocess.run(
        [sys.executable, "-c", MIXED, text], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]


@pytest.mark.parametrize(
    "order",
    [
        "?s DESC(?o) LIMIT 5",
        "DESC(COUNT(?s)) MAX(STR(?s)) ?s",
        'IF(?o = ")", 1, ?p)?o VALUES (?s) {(1)}',
        "STRLEN(STR(?o)) <http://www.w3.org/2001/XMLSchema#double>(?o) asc(?o)",
        "(?s)?o # ORDER BY ?x",
        "EXISTS { ?s ?p ?o } ?o",
        "NOT EXISTS { ?s ?p ?o }",
        "xsd:double(?o) OFFSET 1",
        "?s HAVING(?o)",
    ],
)
def test_an_order_by_kinds_is_a_query_where_it_was_one(order: str) -> None:
    group = "GROUP BY ?s" if "COUNT" in order else ""
    said = "?s" if group else "*"
    text = f"SELECT {said} {{ ?s ?p ' ORDER BY ?o ' , ?o }} {group} ORDER BY {order}"
    prefixes = {"xsd": "http://www.w3.org/2001/XMLSchema#"}
    try:
        ox.Store().query(text, prefixes=prefixes)
    except SyntaxError:
        with pytest.raises(SyntaxError):
            ox.Store().query(sparql.in_kinds(text), prefixes=prefixes)
    else:
        ox.Store().query(sparql.in_kinds(text), prefixes=prefixes)
