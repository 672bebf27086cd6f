"""IRIs resolve: to which document, in which form, with which headers."""

import json
import re
import warnings
from pathlib import Path
from urllib.parse import unquote, urljoin

import prov.model
import pyoxigraph as ox
import pytest
import rdflib

from kprov_capture.home import Home
from kprov_rdf import ingest
from kprov_rdf.exchange import merge
from kprov_rdf.linked import ontology
from tests import recording
from tests.server.conftest import Reply, Server

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
RDFLIB = (
    "application/rdf+xml, text/n3, text/turtle, application/n-triples, application/ld+json, "
    "application/n-quads, application/trix, application/trig"
)
BASE = "http://localhost:8642/"
READERS = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
}


@pytest.fixture(scope="module")
def runs(server: Server) -> list[str]:
    """The paths of the two runs; the second has a tag full of markup."""
    reply = server.query(
        "SELECT ?run { GRAPH ?run { ?d a dnnprov:Dataflow ; dnnprov:tag ?tag } } "
        "ORDER BY DESC(?tag)",
        "text/csv",
    )
    return [f"/{iri.removeprefix(BASE)}" for iri in reply.text.split()[1:]]


def kind(reply: Reply) -> str:
    return str(reply.headers["Content-Type"]).partition(";")[0]


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        (None, "text/turtle"),
        ("*/*", "text/turtle"),
        (BROWSER, "text/html"),
        ("text/html", "text/html"),
        ("text/turtle", "text/turtle"),
        ("application/ld+json", "application/ld+json"),
        ("application/n-triples", "application/n-triples"),
        ("application/rdf+xml", "application/rdf+xml"),
        ("text/provenance-notation", "text/provenance-notation"),
        (RDFLIB, "text/turtle"),
        ("text/turtle;q=0.5, application/ld+json", "application/ld+json"),
        ("application/ld+json;q=0, text/turtle;q=0.1", "text/turtle"),
        ("image/png, text/html;q=0.1", "text/html"),
    ],
)
def test_a_run_is_a_document_in_the_form_that_is_wanted(server, runs, accept, found) -> None:  # type: ignore[no-untyped-def]
    reply = server.ask(runs[0], accept)
    assert reply.status == 200
    assert kind(reply) == found
    assert "Accept" in reply.headers["Vary"]
    links = reply.headers.get_all("Link")
    others = {re.search('type="(.*?)"', link)[1]: re.match("<(.*?)>", link)[1] for link in links}  # type: ignore[index]
    assert found not in others
    assert len(others) == 5
    for type_, link in others.items():
        address = urljoin(runs[0], link)
        assert kind(server.ask(address)) == type_
    if found in READERS:
        quads = list(ox.parse(reply.body, READERS[found]))
        iri = ox.NamedNode(f"{BASE}{runs[0][1:]}")
        assert any(quad.subject == iri for quad in quads), "it describes the IRI that was asked"
        assert len({quad.triple for quad in quads}) > 100


def test_every_form_says_the_same(server: Server, runs) -> None:  # type: ignore[no-untyped-def]
    said = []
    for accept, form in READERS.items():
        store = ox.Store()  # which keeps values: 0.5 is 5.0E-1
        store.bulk_load(server.ask(runs[0], accept).body, form)
        said.append({quad.triple for quad in store})
    assert said[0] == said[1] == said[2] == said[3] != set()


def test_prov_reads_the_prov_n(server: Server, runs, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "x.provn").write_bytes(server.ask(f"{runs[0]}.provn").body)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = prov.model.ProvDocument.deserialize(str(tmp_path / "x.provn"), format="provn")
    (bundle,) = read.bundles
    assert len(bundle.records) > 50


def test_rdflib_reads_an_iri(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    """Where the base is the server's own address, the very IRI opens, fragments and all."""
    server = serve()
    port = server.url.rsplit(":", 1)[1].rstrip("/")
    server.stop()
    base = f"http://localhost:{port}/"
    (home.path / "kprov.toml").write_text(f'base = "{base}"\n')
    recording.record(home.path)
    again = serve("--port", port)
    assert again.url == base
    with ingest.open_snapshot(home) as store:
        run = next(graph for graph in store.graphs() if "/run/" in graph)
        agent = next(t.object.value for t in store.graph(run) if "library" in str(t.subject)
                     and "agent" in str(t.object))  # fmt: skip
        graph = rdflib.Graph().parse(f"{run}#training")
        training = rdflib.URIRef(f"{run}#training")
        assert graph.value(training, rdflib.PROV.startedAtTime) is not None
        assert len(rdflib.Graph().parse(agent)) > 3, "through 303"


def things(server: Server) -> list[str]:
    reply = server.query(
        "SELECT DISTINCT ?s { ?s ?p ?o FILTER(!STRSTARTS(STR(?s), CONCAT(STR(prov:x), '#')) "
        f"&& REGEX(STR(?s), '^{BASE}(content|dataflow|agent|metric|setting)/[^#]*$')) }}",
        "text/csv",
    )
    return reply.text.split()[1:]


def test_what_is_no_document_leads_to_one(server: Server) -> None:
    found = things(server)
    assert {iri.removeprefix(BASE).partition("/")[0] for iri in found} == {
        "dataflow",
        "agent",
        "metric",
    }
    for iri in found:
        path = "/" + iri.removeprefix(BASE)
        for accept in (None, BROWSER, "text/turtle"):
            reply = server.ask(path, accept)
            assert reply.status == 303
            location = reply.headers["Location"]
            assert not location.startswith(("http", "/")), "relative: right on any host"
            document = urljoin(path, location)
            read = server.ask(document, accept)
            assert read.status == 200
            assert kind(read) == ("text/html" if accept == BROWSER else "text/turtle")
        triples = [quad.triple for quad in ox.parse(read.body, ox.RdfFormat.TURTLE)]
        assert any(t.subject == ox.NamedNode(iri) for t in triples)
        assert f'<{iri}>; rel="describes"' in read.headers.get_all("Link")
        assert server.ask(document, "text/provenance-notation").status == 406


def test_a_dataflow_tells_its_parts_and_who_followed_it(server: Server) -> None:
    (iri,) = [one for one in things(server) if "dataflow/test-flow" in one]
    text = server.ask(f"/doc/{iri.removeprefix(BASE)}", "application/n-triples").text
    assert f"<{iri}#trainingmodel> <https://w3id.org/dnnprov#tag>" in text
    assert f"#hadPlan> <{iri}>" in text


@pytest.mark.parametrize(
    "path",
    [
        "/run/none",
        "/run/",
        "/run/../../etc/passwd",
        "/run/%2e%2e%2f%2e%2e%2fetc/passwd",
        "/run/%00",
        "/run/a%0d%0aX-Evil:1",
        "/run/%3Cscript%3E",
        "/content/sha256-0",
        "/agent/a%20b%3Cc",
        "/doc/agent/none.ttl",
        "/doc/run/x",
        "/import/sha256-0",
        "/static/../../pyproject.toml",
        "/nothing",
        "/live/none",
        "/live/%3C%3E",
    ],
)
@pytest.mark.parametrize("accept", [None, BROWSER, "application/json"])
def test_what_is_not_there_is_not_there(server: Server, path: str, accept: str | None) -> None:
    reply = server.ask(path, accept)
    assert reply.status == 404, reply.text[:300]
    assert "X-Evil" not in reply.headers
    assert accept != BROWSER or "<script>" not in reply.text
    assert kind(reply) == {
        None: "text/plain", BROWSER: "text/html", "application/json": "application/problem+json"
    }[accept]  # fmt: skip


def test_a_form_that_is_not_there_is_said(server: Server, runs) -> None:  # type: ignore[no-untyped-def]
    reply = server.ask(runs[0], "image/png")
    assert reply.status == 406
    assert "text/turtle" in reply.text


def test_what_did_not_change_is_not_sent_again(server: Server, runs) -> None:  # type: ignore[no-untyped-def]
    for accept in ("text/turtle", "text/html", "text/provenance-notation"):
        first = server.ask(runs[0], accept)
        again = server.ask(runs[0], accept, If_None_Match=first.headers["ETag"])
        assert (again.status, again.body) == (304, b"")
        assert again.headers["Vary"] == "Accept"
    turtle = server.ask(runs[0], "text/turtle").headers["ETag"]
    assert server.ask(runs[0], "text/html", If_None_Match=turtle).status == 200


@pytest.mark.parametrize("path", ["/", "/sparql?query=ASK%7B%7D", "/health", "/catalog"])
def test_head_is_get_without_its_body(server: Server, path: str) -> None:
    get, head = server.ask(path), server.ask(path, method="HEAD")
    assert head.body == b""
    for name in ("Content-Type", "Content-Length", "ETag", "Vary", "Content-Security-Policy"):
        assert head.headers[name] == get.headers[name], name


def test_every_answer_is_fenced_in(server: Server, runs) -> None:  # type: ignore[no-untyped-def]
    for path in ("/", runs[0], "/nothing", "/sparql", "/static/run.js", "/health"):
        headers = server.ask(path, BROWSER).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in headers


class TestPages:
    def test_the_runs_are_listed_and_led_to(self, server: Server, runs) -> None:  # type: ignore[no-untyped-def]
        text = server.ask("/", BROWSER).text
        for path in runs:
            assert f'href="{path[1:]}"' in text
        assert "a &lt;b&gt;&#34;tag&#34;&lt;/b&gt; &amp; more" in text
        assert "<b>" not in text

    def test_a_page_has_an_anchor_for_every_fragment(self, server: Server, runs) -> None:  # type: ignore[no-untyped-def]
        for path in runs:
            page = server.ask(path, BROWSER).text
            anchors = re.findall(r'id="([^"]*)"', page)
            assert len(anchors) == len(set(anchors))
            quads = ox.parse(server.ask(path, "text/turtle").body, ox.RdfFormat.TURTLE)
            iri = f"{BASE}{path[1:]}#"
            fragments = {
                q.subject.value.removeprefix(iri) for q in quads if q.subject.value.startswith(iri)
            }
            assert len(fragments) > 20
            assert fragments <= set(anchors)

    def test_every_link_of_a_page_leads_somewhere(self, server: Server, runs) -> None:  # type: ignore[no-untyped-def]
        seen = set()
        for path in ("/", runs[0], "/catalog"):
            page = server.ask(path, BROWSER).text
            anchors = set(re.findall(r'id="([^"]*)"', page))
            for link in re.findall(r'(?:href|src)="([^"]*)"', page):
                assert not link.startswith("http://localhost"), "links are relative"
                if link.startswith("#"):
                    assert link[1:] in anchors
                elif not link.startswith("http"):
                    seen.add(urljoin(path, link).partition("#")[0])
        assert len(seen) > 20
        for address in seen:
            assert server.ask(address, BROWSER).status in (200, 303), address

    def test_relations_are_told_both_ways(self, server: Server, runs) -> None:  # type: ignore[no-untyped-def]
        page = server.ask(runs[0], BROWSER).text
        section = page[page.index('id="config-1"') :]
        section = section[: section.index("</section>")]
        assert "prov:wasGeneratedBy" in section
        assert 'href="#adaptation-1"' in section
        assert "is prov:used of" in section
        assert 'href="#epoch-1"' in section

    def test_a_merged_document_is_one_page(self, home: Home, serve) -> None:  # type: ignore[no-untyped-def]
        """Its things have addresses elsewhere; links between them stay in the page."""
        turtle = """@prefix prov: <http://www.w3.org/ns/prov#> . @prefix e: <http://o.org/> .
            e:report a prov:Entity ; prov:wasGeneratedBy e:writing . e:writing a prov:Activity ;
            prov:used <#notes> . <#notes> a prov:Entity ; prov:wasDerivedFrom e:elsewhere ."""
        merge.merge(home, turtle.encode(), "x.ttl")
        server = serve()
        first = server.ask("/", BROWSER).text
        (path,) = re.findall(r'href="(import/[^"]*)"', first)
        assert 'href="links"' not in first, "nothing is linked"
        page = server.ask(f"/{path}", BROWSER).text
        anchors = set(re.findall(r'id="([^"]*)"', page))
        inside = {unquote(one) for one in re.findall(r'href="#([^"]*)"', page)}
        assert inside <= anchors
        assert {"~0", "~1", "/%23notes"} <= anchors
        assert 'href="http://o.org/report"' in page, "its own address is one step away"
        assert 'href="http://o.org/elsewhere"' in page
        assert server.ask(f"/{path}", "text/turtle").status == 200
        assert server.ask(f"/{path}", "text/provenance-notation").status == 406

    def test_the_page_of_an_import_has_its_bundles_and_leads_to_its_links(  # type: ignore[no-untyped-def]
        self, home: Home, serve
    ) -> None:
        text = f"""@prefix d: <https://w3id.org/dnnprov#> .
            @prefix p: <http://www.w3.org/ns/prov#> .
            GRAPH <http://o.org/b> {{ <f> a p:Entity ; d:sha256 "{"a" * 64}" }}"""
        done = merge.merge(home, text.encode(), "x.trig")
        server, path = serve(), done.graph.removeprefix(BASE)
        found = set(ox.parse(server.ask(f"/{path}").text.encode(), ox.RdfFormat.TURTLE))
        file = ox.NamedNode(f"{done.graph}#/f")
        assert file in {one.subject for one in found}
        assert 'id="/f"' in server.ask(f"/{path}", BROWSER).text
        links = server.ask("/links").text.encode()
        content = ox.NamedNode(f"{BASE}content/sha256-{'a' * 64}")
        said = {(one.subject, one.object) for one in ox.parse(links, ox.RdfFormat.TURTLE)}
        assert (file, content) in said
        assert server.ask("/links", BROWSER).status == 200
        assert 'href="links"' in server.ask("/", BROWSER).text

    def test_a_training_of_another_tool_is_led_to_on_the_page_of_its_import(  # type: ignore[no-untyped-def]
        self, home: Home, serve
    ) -> None:
        merge.merge(home, b"epoch,loss\n0,0.5\nepoch,loss\n0,0.25\n", "log.csv")
        merge.merge(home, b"document\nbundle e\nentity(e)\nendBundle\nendDocument", "b.provn")
        server = serve()
        links = re.findall(r'href="(import/[^"]*)"', server.ask("/", BROWSER).text)
        parts = [one.partition("#") for one in links]
        assert sorted(fragment for _, _, fragment in parts) == ["", "", "run-1", "run-2"]
        for path, _, fragment in parts:
            page = server.ask(f"/{path}", BROWSER)
            assert page.status == 200
            assert not fragment or f'id="{fragment}"' in page.text

    def test_hostile_statements_stay_text(self, home: Home, serve) -> None:  # type: ignore[no-untyped-def]
        evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'"
        run = recording.begin(home.path, evil)
        now = run.now()
        run.epoch(0, now, now, 0.5, 0.001, 0, {evil: 0.5, "loss": float("nan")})
        run.close()
        server = serve()
        (path,) = re.findall(r'href="(run/[^"]*)"', server.ask("/", BROWSER).text)
        for address in ("/", f"/{path}", "/catalog", f"/{path}.jsonld", "/live"):
            page = server.ask(address, BROWSER).text
            assert "<script>alert" not in page or address.endswith((".jsonld", "/live"))
            assert "<img" not in page or address.endswith((".jsonld", "/live"))
        points = server.ask(f"/live/{path.partition('/')[2]}", "application/json").json
        assert points["epochs"][0]["values"][evil] == 0.5
        assert points["epochs"][0]["values"]["loss"] is None
        assert json.dumps(points)


def test_a_run_is_found_by_the_end_of_its_id(server: Server, runs) -> None:  # type: ignore[no-untyped-def]
    reply = server.ask(f"/run/{runs[0][-8:]}", BROWSER)
    assert reply.status == 302
    assert urljoin(f"/run/{runs[0][-8:]}", reply.headers["Location"]) == runs[0]
    assert server.ask(f"/run/{runs[0][-3:]}").status == 404
    assert server.ask(f"/run/{runs[0][5:9]}").status == 404, "both begin so: it was the same minute"


def test_names_in_any_script_have_their_documents(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    turtle = """@prefix prov: <http://www.w3.org/ns/prov#> .
        <http://localhost:8642/agent/tool-名前> a prov:Agent ; prov:label "\\u0001" .
        <http://localhost:8642/agent/tool-é> a prov:Agent ."""
    merge.merge(home, turtle.encode(), "x.ttl")
    server = serve()
    for name in ("tool-%E5%90%8D%E5%89%8D", "tool-%C3%A9"):
        location = server.ask(f"/agent/{name}").headers["Location"]
        assert location == f"../doc/agent/{name}"
        reply = server.ask(f"/doc/agent/{name}", BROWSER)
        assert reply.status == 200
        assert f'agent/{name}>; rel="describes"' in reply.headers.get_all("Link")[-1]
    refused = server.ask("/doc/agent/tool-%E5%90%8D%E5%89%8D.rdf")
    assert refused.status == 406
    assert "control character" in refused.text


def test_pages_of_other_sites_can_link_and_not_ask(server: Server) -> None:
    for mode, status in (("navigate", 200), ("no-cors", 403), ("cors", 403)):
        headers = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": mode}
        assert server.ask("/sparql?query=ASK%7B%7D", **headers).status == status


def test_a_base_of_its_own_is_found_by_path(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    """Runs under another base than that of the folder, as after a merge or a change of it."""
    (home.path / "kprov.toml").write_text('base = "https://one.example/a/"\n')
    recording.record(home.path)
    (home.path / "kprov.toml").write_text('base = "https://two.example/"\n')
    recording.record(home.path)
    server = serve()
    links = re.findall(r'href="(run/[^"]*)"', server.ask("/", BROWSER).text)
    found = [server.ask(f"/{link}", "text/turtle") for link in links]
    assert [reply.status for reply in found] == [200, 200]
    assert "https://two.example/run/" in found[0].text
    assert "https://one.example/a/run/" in found[1].text
    page = server.ask(f"/{links[1]}", BROWSER).text
    assert "../doc/agent/kprov-capture" in page


class TestOntology:
    @pytest.mark.parametrize(
        ("accept", "found"),
        [
            (None, "text/turtle"),
            (BROWSER, "text/html"),
            (RDFLIB, "text/turtle"),
            ("application/ld+json", "application/ld+json"),
            ("application/n-triples", "application/n-triples"),
            ("application/rdf+xml", "application/rdf+xml"),
        ],
    )
    def test_it_is_a_document_like_the_others(
        self, server: Server, accept: str | None, found: str
    ) -> None:
        reply = server.ask("/ontology", accept)
        assert (reply.status, kind(reply)) == (200, found)
        assert "Accept" in reply.headers["Vary"]
        others = [re.match("<(.*?)>", link)[1] for link in reply.headers.get_all("Link")]  # type: ignore[index]
        assert len(others) == 4
        addresses = [*others, reply.headers["Content-Location"]]
        assert {kind(server.ask(f"/{one}")) for one in addresses} == {"text/html", *READERS}
        assert server.ask(f"/{reply.headers['Content-Location']}").body == reply.body
        again = server.ask("/ontology", accept, If_None_Match=reply.headers["ETag"])
        assert (again.status, again.body) == (304, b"")
        head = server.ask("/ontology", accept, method="HEAD")
        assert head.body == b""
        for name in ("Content-Type", "Content-Length", "ETag", "Vary"):
            assert head.headers[name] == reply.headers[name], name
        if found in READERS:
            quads = ox.parse(reply.body, READERS[found])
            iri = ox.NamedNode("https://w3id.org/dnnprov#Training")
            assert any(quad.subject == iri for quad in quads)

    def test_what_it_has_not_is_said(self, server: Server) -> None:
        assert server.ask("/ontology", "text/provenance-notation").status == 406
        assert server.ask("/ontology.provn").status == 404
        missing = server.ask("/ontology/x", BROWSER)
        assert missing.status == 404
        assert 'href="../ontology">Ontology</a>' in missing.text

    @pytest.mark.parametrize("one", ontology.COMPANIONS, ids=lambda one: one.name)
    def test_what_belongs_to_it_is_there_too(self, server: Server, one: ontology.Companion) -> None:
        page = server.ask("/ontology", BROWSER).text
        assert f'href="ontology/{one.name}">{one.label}</a>' in page
        reply = server.ask(f"/ontology/{one.name}")
        assert reply.headers["Content-Type"] == f"{one.form.types[0]}; charset=utf-8"
        assert reply.text.encode() == one.read()
        assert reply.headers["Cache-Control"] == "no-cache"
        again = server.ask(f"/ontology/{one.name}", If_None_Match=reply.headers["ETag"])
        assert again.status == 304
        if one.form.suffix == "ttl":
            assert list(ox.parse(reply.text, ox.RdfFormat.TURTLE))

    def test_the_terms_of_other_pages_lead_to_it(self, server: Server, runs) -> None:  # type: ignore[no-untyped-def]
        anchors = set(re.findall(r'id="([^"]*)"', server.ask("/ontology", BROWSER).text))
        for path, prefix in ((runs[0], "../"), ("/catalog", "")):
            page = server.ask(path, BROWSER).text
            assert "w3id.org/dnnprov" not in re.sub(r'title="[^"]*"', "", page)
            terms = set(re.findall(rf'href="{prefix}ontology#([^"]*)"', page))
            assert terms <= anchors
            assert "CaptureLibrary" in terms
        page = server.ask(runs[0], BROWSER).text
        for term in ("Training", "partOfTraining", "valLoss", "adaptedProperty"):
            assert f'href="../ontology#{term}"' in page, term
        assert 'href="../ontology">Ontology</a>' in page


def test_the_page_of_runs_has_the_newest_hundred(serve, home: Home) -> None:  # type: ignore[no-untyped-def]
    """And a link to all of them; so it is there at once, however many there are."""
    made = [recording.record(home.path, losses=()).id for _ in range(102)]
    server = serve()
    page, every = server.ask("/", BROWSER), server.ask("/?all", BROWSER)
    assert len(re.findall("<tr data-path=", page.text)) == 100
    assert made[-1][-8:] in page.text
    assert made[0][-8:] not in page.text
    assert '<a href="?all">All runs</a>, with 2 older ones.' in page.text
    assert len(re.findall("<tr data-path=", every.text)) == 102
    assert "?all" not in every.text.replace("live?all", "")
    for address, count in (("/live", 100), ("/live?all", 102)):
        assert len(server.ask(address).json) == count
    # A run that is not on the page is found by its digits.
    moved = server.ask(f"/run/{made[0][-8:]}", BROWSER)
    assert moved.headers["Location"].endswith(made[0])
