"""The endpoint: what it answers in which form, what it refuses, and what it survives."""

import io
import json
import socket
import subprocess
import threading
import time
import warnings
from urllib.parse import quote

import pandas
import pyoxigraph as ox
import pytest
import rdflib
import SPARQLWrapper

from kprov_rdf.remote import RemoteStore
from tests.server.conftest import Server

ROWS = "SELECT ?epoch ?loss { ?m a dnnprov:oTraining ; dnnprov:epoch ?epoch ; dnnprov:loss ?loss }"
GRAPH = "CONSTRUCT { ?m dnnprov:loss ?loss } { ?m a dnnprov:oTraining ; dnnprov:loss ?loss }"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
JSON = "application/sparql-results+json"


@pytest.mark.parametrize(
    ("accept", "found", "read"),
    [
        (JSON, JSON, ox.QueryResultsFormat.JSON),
        ("application/sparql-results+xml", "application/sparql-results+xml",
         ox.QueryResultsFormat.XML),
        ("text/csv", "text/csv", None),
        ("text/tab-separated-values", "text/tab-separated-values", ox.QueryResultsFormat.TSV),
        (None, JSON, ox.QueryResultsFormat.JSON),
        ("*/*", JSON, ox.QueryResultsFormat.JSON),
        ("application/json", JSON, ox.QueryResultsFormat.JSON),
        ("text/csv;q=0.2, application/sparql-results+xml;q=0.3, image/png",
         "application/sparql-results+xml", ox.QueryResultsFormat.XML),
        (f"{JSON};q=0, */*;q=0.1", "application/sparql-results+xml", ox.QueryResultsFormat.XML),
    ],
)  # fmt: skip
def test_rows_come_in_the_form_that_is_wanted(server: Server, accept, found, read) -> None:  # type: ignore[no-untyped-def]
    reply = server.query(ROWS, accept)
    assert reply.status == 200, reply.text
    assert reply.headers["Content-Type"] == f"{found}; charset=utf-8"
    assert reply.headers["Vary"] == "Accept"
    if read:
        rows = list(ox.parse_query_results(reply.body, read))
        assert sorted(float(row["loss"].value) for row in rows) == [0.4, 0.5, 0.6, 0.7, 0.9]
    else:
        assert len(reply.text.splitlines()) == 6


@pytest.mark.parametrize(
    ("accept", "found", "read"),
    [
        (None, "text/turtle", ox.RdfFormat.TURTLE),
        ("text/turtle", "text/turtle", ox.RdfFormat.TURTLE),
        ("application/n-triples", "application/n-triples", ox.RdfFormat.N_TRIPLES),
        ("application/ld+json", "application/ld+json", ox.RdfFormat.JSON_LD),
        ("application/rdf+xml", "application/rdf+xml", ox.RdfFormat.RDF_XML),
    ],
)
def test_graphs_come_in_the_form_that_is_wanted(server: Server, accept, found, read) -> None:  # type: ignore[no-untyped-def]
    reply = server.query(GRAPH, accept)
    assert reply.headers["Content-Type"] == f"{found}; charset=utf-8"
    assert len({quad.triple for quad in ox.parse(reply.body, read)}) == 5


@pytest.mark.parametrize(
    ("accept", "text"),
    [
        (JSON, '"boolean": true'),
        ("application/sparql-results+xml", "<boolean>true</boolean>"),
        ("text/csv", "true"),
    ],
)
def test_a_yes_is_a_yes(server: Server, accept: str, text: str) -> None:
    assert text in server.query("ASK { ?s ?p ?o }", accept).text


def test_the_three_ways_to_send_a_query(server: Server) -> None:
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    direct = {"Content_Type": "application/sparql-query"}
    told = server.query(ROWS).json
    assert (
        server.ask("/sparql", method="POST", body=f"query={quote(ROWS)}".encode(), **form).json
        == told
    )
    assert server.ask("/sparql?", method="POST", body=ROWS.encode(), **direct).json == told
    direct["Content_Type"] += "; charset=UTF-8"
    assert server.ask("/sparql", method="POST", body=ROWS.encode(), **direct).json == told


def test_the_dataset_can_be_named(server: Server) -> None:
    count = "SELECT (COUNT(*) AS ?n) { ?m a dnnprov:oTraining }"
    runs = server.query("SELECT DISTINCT ?g { GRAPH ?g { ?m a dnnprov:Training } }", "text/csv")
    one, two = runs.text.split()[1:]
    assert server.query(count, "text/csv").text.split() == ["n", "5"]
    each = [server.query(count, "text/csv", **{"default-graph-uri": run}) for run in (one, two)]
    assert sorted(reply.text.split()[1] for reply in each) == ["2", "3"]
    both = f"default-graph-uri={quote(one)}&default-graph-uri={quote(two)}"
    reply = server.ask(f"/sparql?query={quote(count)}&{both}", "text/csv")
    assert reply.text.split() == ["n", "5"]
    named = count.replace("{ ?m", "{ GRAPH ?g { ?m").replace("}", "} }")
    reply = server.query(named, "text/csv", **{"named-graph-uri": one})
    assert reply.text.split()[1] in ("2", "3")
    assert server.query(count, **{"default-graph-uri": "no iri"}).status == 400
    # What the protocol names is the whole dataset, whatever the query names.
    other = {"default-graph-uri": one}
    assert server.query(named, "text/csv", **other).text.split()[1] == "0"
    assert server.query(count, "text/csv", **{"named-graph-uri": one}).text.split()[1] == "0"
    both = count.replace("{ ?m", f"FROM <{two}> {{ ?m")
    each = [server.query(both, "text/csv", **given).text.split()[1] for given in ({}, other)]
    assert sorted(each) == ["2", "3"]


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "status", "said"),
    [
        ("GET", "/sparql?query=SELECT", None, None, 400, "line 1, column 7"),
        ("GET", "/sparql?query=", None, None, 400, "empty"),
        ("GET", "/sparql?x=1", None, None, 400, "one parameter 'query'"),
        ("GET", "/sparql", None, None, 400, "found none"),
        ("GET", "/sparql?query=ASK{}&query=ASK{}", None, None, 400, "found 2"),
        ("GET", "/sparql?update=CLEAR+ALL", None, None, 403, "queries only"),
        ("GET", "/sparql?query=CLEAR+ALL", None, None, 400, "an update"),
        ("GET", "/sparql?query=LOAD+%3Chttp://127.0.0.1:9/%3E", None, None, 400, "an update"),
        ("POST", "/sparql", b"ASK {}", None, 400, "Content-Type"),
        ("POST", "/sparql", b"ASK {}", "text/plain", 415, "application/sparql-query"),
        ("POST", "/sparql", b"CLEAR ALL", "application/sparql-update", 403, "queries only"),
        ("POST", "/sparql?query=ASK{}", b"ASK {}", "application/sparql-query", 400, "twice"),
        ("POST", "/sparql", b"ASK { ?s ?p '\xff' }", "application/sparql-query", 400, "UTF-8"),
        ("POST", "/sparql", "ASK {}".encode("utf-16"), "application/sparql-query", 400, "UTF-8"),
        ("POST", "/sparql", b"#" * 300_000, "application/sparql-query", 413, "256 KiB"),
        ("POST", "/sparql", b"#" * 3_000_000, "application/sparql-query", 413, ""),
        ("PUT", "/sparql", b"", None, 405, ""),
        ("DELETE", "/sparql", None, None, 405, ""),
    ],
)  # fmt: skip
def test_what_is_no_query_is_refused(
    server: Server, method, path, body, kind, status, said
) -> None:  # type: ignore[no-untyped-def]
    headers = {"Content_Type": kind} if kind else {}
    reply = server.ask(path, method=method, body=body, **headers)
    assert reply.status == status, reply.text
    assert said in reply.text
    if status == 405:
        assert "GET" in reply.headers["Allow"]


def test_what_cannot_be_had_names_what_can(server: Server) -> None:
    for text, offered in ((ROWS, JSON), (GRAPH, "text/turtle")):
        reply = server.query(text, "image/png")
        assert reply.status == 406
        assert offered in reply.text
    assert server.query(ROWS, format="xlsx").status == 406


def test_errors_are_problems_for_programs_and_pages_for_people(server: Server) -> None:
    found = server.query("SELECT", JSON)
    assert found.headers["Content-Type"] == "application/problem+json"
    assert "line 1" in found.json["detail"]
    assert found.json["status"] == 400
    page = server.query("SELECT <b>", BROWSER)
    assert page.status == 400
    assert "&lt;b&gt;" in page.text
    assert "<b>" not in page.text
    assert server.query("SELECT").headers["Content-Type"].startswith("text/plain")


def test_a_browser_gets_a_page(server: Server) -> None:
    assert "<textarea" in server.ask("/sparql", BROWSER).text
    page = server.query(ROWS, BROWSER)
    assert page.headers["Content-Type"].startswith("text/html")
    assert "5 rows" in page.text
    download = server.query(ROWS, BROWSER, format="csv")
    assert download.headers["Content-Type"].startswith("text/csv")
    evil = server.query(
        'SELECT ("<script>x</script>" AS ?a) (IRI("javascript:x") AS ?b) {}', BROWSER
    )
    assert "<script>x" not in evil.text
    assert 'href="javascript' not in evil.text


# What a server must survive: each is answered with an error while /health goes on.
def cross(ways: int) -> str:
    return " ".join(f"?s{n} ?p{n} ?o{n} ." for n in range(ways))


DEEP = "SELECT * { FILTER(" + "(" * 4000 + "1" + ")" * 4000 + ") }"
HOSTILE = {
    "4,000 parentheses": (DEEP, 400),
    "a cross product of four": (f"SELECT (COUNT(*) AS ?c) {{ {cross(4)} }}", 503),
    "groups": ("SELECT * " + "{" * 3000 + "}" * 3000, 400),
    "a long disjunction": ("SELECT * { FILTER(" + "||".join(["?x"] * 30_000) + ") }", 503),
    "a list pattern": ("SELECT * { ?s ?p (" + "?x " * 3000 + ") }", 503),
    "values": (
        "SELECT (COUNT(*) AS ?c) { "
        + " ".join(f"VALUES ?v{n} {{ {'1 ' * 10} }}" for n in range(9))
        + " }",
        503,
    ),
    "a string that doubles": (
        'SELECT (STRLEN(?x30) AS ?n) { BIND("'
        + "x" * 1000
        + '" AS ?x0) '
        + " ".join(f"BIND(CONCAT(?x{n}, ?x{n}) AS ?x{n + 1})" for n in range(30))
        + " }",
        503,
    ),
    "a path": (
        "SELECT (COUNT(*) AS ?c) { ?a (!<x:a>|!^<x:a>)* ?b . ?c (!<x:a>|!^<x:a>)* ?d }",
        503,
    ),
}


@pytest.fixture(scope="module")
def limited(shared_home, tmp_path_factory):  # type: ignore[no-untyped-def]
    """A server whose queries may take little, over a home of its own."""
    import shutil

    from tests.server import conftest

    home = tmp_path_factory.mktemp("limited") / "home"
    shutil.copytree(shared_home / "journal", home / "journal")
    found = conftest.start(
        home, "--query-seconds", "1.5", "--query-memory", "300", "--query-rows", "1000"
    )
    yield found
    conftest.end(found)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_query_ends_and_the_server_goes_on(limited: Server, name: str) -> None:
    text, status = HOSTILE[name]
    found = []

    def ask() -> None:
        kind = "application/sparql-query"
        found.append(limited.ask("/sparql", method="POST", body=text.encode(), Content_Type=kind))

    asking = threading.Thread(target=ask)
    asking.start()
    while asking.is_alive():
        assert limited.ask("/health").status == 200
        time.sleep(0.05)
    asking.join()
    assert found[0].status == status, found[0].text[:500]
    assert limited.process.poll() is None
    assert limited.query("ASK {}").json["boolean"] is True


def test_no_request_is_sent_for_a_query(limited: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.5)
        port = listening.getsockname()[1]
        for text in (
            f"SELECT * {{ SERVICE <http://127.0.0.1:{port}/> {{ ?s ?p ?o }} }}",
            f"SELECT * {{ SERVICE SILENT <http://127.0.0.1:{port}/> {{ ?s ?p ?o }} }}",
            f"PREFIX : <http://127.0.0.1:{port}/> SELECT * {{SERVICE:x{{?s ?p ?o}}}}",
            f"SELECT * {{?s ?p trueSERVICE<http://127.0.0.1:{port}/>{{?s ?p ?o}}}}",
        ):
            reply = limited.query(text)
            assert reply.status == 403
            assert "SERVICE is refused" in reply.text
        with pytest.raises(TimeoutError):
            listening.accept()
    assert limited.query("SELECT * { ?service ?p 'SERVICE <http://x/>' }").status == 200


def test_a_page_is_not_filled_with_a_giant(server: Server) -> None:
    doubled = " ".join(f"BIND(CONCAT(?x{n}, ?x{n}) AS ?x{n + 1})" for n in range(15))
    text = f'SELECT ?x15 {{ BIND("{"x" * 200}" AS ?x0) {doubled} }}'
    assert len(server.query(text, "text/csv").body) > 200 << 15
    page = server.query(text, BROWSER)
    assert page.status == 503
    assert "longer than" in page.text


def test_rows_end_at_the_limit_and_the_answer_says_so(limited: Server) -> None:
    text = f"SELECT * {{ {cross(3)} }}"
    reply = limited.query(text, JSON)
    assert reply.status == 200
    assert len(reply.json["results"]["bindings"]) == 1000
    assert reply.headers["X-KProv-Truncated"] == "rows=1000"
    assert "X-KProv-Truncated" not in limited.query(f"{text} LIMIT 1000", JSON).headers
    graph = limited.query("CONSTRUCT { ?s0 ?p0 ?o1 } { " + cross(2) + " }", "application/n-triples")
    assert graph.headers["X-KProv-Truncated"] == "rows=1000"
    assert "and there are more" in limited.query(text, BROWSER).text


def test_more_queries_than_children_wait_and_then_are_told(limited: Server) -> None:
    """The slow ones end by their limit; the short one is answered between them or told to wait."""
    slow = f"SELECT (COUNT(*) AS ?c) {{ {cross(4)} }}"
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(limited.query(slow).status))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    healthy = 0
    while any(thread.is_alive() for thread in threads):
        healthy += limited.ask("/health").status == 200
        time.sleep(0.1)
    assert statuses == [503] * 12
    assert healthy > 5
    assert limited.query("ASK {}").status == 200


def test_a_child_that_is_killed_is_replaced(limited: Server) -> None:
    assert limited.query("ASK {}").status == 200
    listed = subprocess.run(
        ["pgrep", "-P", str(limited.process.pid)], capture_output=True, text=True
    ).stdout.split()
    assert listed
    subprocess.run(["kill", "-9", *listed], check=True)
    statuses = [limited.query("ASK {}").status for _ in range(len(listed) + 1)]
    assert statuses[-1] == 200


class TestClients:
    """The clients that people use, as they are."""

    def test_sparqlwrapper(self, server: Server) -> None:
        for method, direct in (
            (SPARQLWrapper.GET, False),
            (SPARQLWrapper.POST, False),
            (SPARQLWrapper.POST, True),
        ):
            client = SPARQLWrapper.SPARQLWrapper(f"{server.url}sparql")
            client.setMethod(method)
            if direct:
                client.setRequestMethod(SPARQLWrapper.POSTDIRECTLY)
            client.setQuery(ROWS_DECLARED)
            client.setReturnFormat(SPARQLWrapper.JSON)
            assert len(client.queryAndConvert()["results"]["bindings"]) == 5
            client.setReturnFormat(SPARQLWrapper.XML)
            assert client.queryAndConvert().getElementsByTagName("result").length == 5
            client.setReturnFormat(SPARQLWrapper.CSV)
            assert client.queryAndConvert().count(b"\r\n") == 6
            client.setQuery(GRAPH_DECLARED)
            for form in (
                SPARQLWrapper.TURTLE,
                SPARQLWrapper.RDFXML,
                SPARQLWrapper.JSONLD,
                SPARQLWrapper.XML,
            ):
                client.setReturnFormat(form)
                with warnings.catch_warnings():  # of rdflib, at what SPARQLWrapper does with it
                    warnings.simplefilter("ignore", DeprecationWarning)
                    found = client.queryAndConvert()
                if isinstance(found, bytes):
                    found = rdflib.Graph().parse(data=found, format="turtle")
                assert len(found) == 5, form

    def test_rdflib_as_a_store(self, server: Server) -> None:
        from rdflib.plugins.stores.sparqlstore import SPARQLStore

        found = SPARQLStore(f"{server.url}sparql").query(ROWS_DECLARED)
        assert len(list(found)) == 5

    def test_pandas(self, server: Server) -> None:
        frame = pandas.read_csv(f"{server.url}sparql?format=csv&query={quote(ROWS)}")
        assert list(frame.columns) == ["epoch", "loss"]
        assert sorted(frame["loss"]) == [0.4, 0.5, 0.6, 0.7, 0.9]

    def test_curl(self, server: Server) -> None:
        url = f"{server.url}sparql"
        asked = ["curl", "-sS", "--get", url, "--data-urlencode", f"query={ROWS}"]
        assert len(json.loads(subprocess.check_output(asked))["results"]["bindings"]) == 5
        table = subprocess.check_output([*asked, "-H", "Accept: text/csv"])
        assert len(pandas.read_csv(io.BytesIO(table))) == 5
        posted = ["curl", "-sS", url, "--data-urlencode", f"query={GRAPH}"]
        assert len(rdflib.Graph().parse(data=subprocess.check_output(posted), format="turtle")) == 5

    def test_kprov_itself(self, server: Server) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            store = RemoteStore(f"{server.url}sparql")
            assert len(list(store.query(ROWS))) == 5
            assert len(store.graphs()) == 3


PREFIX = "PREFIX dnnprov: <https://w3id.org/dnnprov#> "
ROWS_DECLARED, GRAPH_DECLARED = PREFIX + ROWS, PREFIX + GRAPH
