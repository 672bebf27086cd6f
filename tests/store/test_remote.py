"""Another store over the network: questions with parameters, and what is never sent."""

from pathlib import Path

import pyoxigraph as ox
import pytest

from kprov_capture.home import Home
from kprov_rdf import cli, query
from kprov_rdf.errors import InputError, RemoteError
from kprov_rdf.ingest import open_snapshot
from kprov_rdf.remote import RemoteStore
from tests import recording


@pytest.fixture
def both(home: Home, remote: RemoteStore):  # type: ignore[no-untyped-def]
    """The same runs in the local and in the remote store."""
    recording.record(home.path)
    recording.record(home.path, "other-flow", "SGD", (0.5, 0.4), 0.01)
    with open_snapshot(home) as local:
        for graph in local.graphs():
            lines = [f"{triple} <{graph}> .\n" for triple in local.graph(graph)]
            remote.load("".join(lines).encode())
        yield local


def test_every_question_has_the_same_answer_there(both, remote) -> None:  # type: ignore[no-untyped-def]
    run = next(graph for graph in both.graphs() if "/run/" in graph)
    asked = 0
    for question in query.catalogue().values():
        given = {one.name: run for one in question.inputs if one.type == "run"}
        answers = [query.table(store, question, given) for store in (both, remote)]
        here, there = ([answer.columns, list(answer.rows)] for answer in answers)
        assert here == there, question.name
        asked += len(here[1])
    assert asked > 30


def test_a_graph_is_the_same_there(both, remote) -> None:  # type: ignore[no-untyped-def]
    for graph in both.graphs():
        assert set(remote.graph(graph)) == set(both.graph(graph)) != set()


@pytest.mark.parametrize(
    "text",
    [
        "CONSTRUCT { ?s ?p ?v } WHERE { ?s ?p ?v }",
        "PREFIX w: <http://e/> CONSTRUCT { ?s ?p ?v } # WHERE {\n { ?s ?p ?v }",
        "CONSTRUCT{?s ?p ?v}WHERE{{?s ?p ?v}UNION{?s <http://e/p> ?v}}",
    ],
)
def test_a_template_is_no_place_for_a_parameter(remote: RemoteStore, text: str) -> None:
    remote.load(b'<http://e/s> <http://e/p> "1" .')
    remote.load(b'<http://e/s> <http://e/p> "2" .')
    found = list(remote.query(text, {"v": ox.Literal("2")}))
    assert [triple.object for triple in found] == [ox.Literal("2")]


def test_a_filter_sees_its_parameter(remote: RemoteStore) -> None:
    remote.load(b'<http://e/s> <http://e/p> "5"^^<http://www.w3.org/2001/XMLSchema#integer> .')
    text = "SELECT ?o ?least (EXISTS { ?a ?b ?c } AS ?x) { ?s ?p ?o FILTER(?o > ?least) }"
    for least, rows in (("4", 1), ("5", 0)):
        answer = remote.query(text, {"least": query.literal(least, "integer")})
        assert len(list(answer)) == rows


def test_an_update_is_never_sent_for_a_query(both, remote) -> None:  # type: ignore[no-untyped-def]
    for text in ("DROP ALL", "CLEAR ALL", "INSERT DATA { <http://e/s> <http://e/p> 1 }"):
        with pytest.raises(InputError):
            remote.query(text)
    assert remote.graphs() == both.graphs()


def test_the_command_line_asks_there(both, endpoint: str, capsys) -> None:  # type: ignore[no-untyped-def]
    """Without a state folder, and by names of runs as ever."""
    text = "SELECT (COUNT(*) AS ?n) { ?m a dnnprov:oTraining }"
    assert cli.run(["--home", "/nonexistent", "query", "--store", endpoint, "-e", text]) == 0
    assert capsys.readouterr().out.split()[-1] == "5"
    arguments = ["query", "--store", endpoint, "epochs", "--param", "run=other-flow"]
    assert cli.run([*arguments, "--format", "csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


@pytest.mark.parametrize(
    ("url", "error", "said"),
    [
        ("ftp://127.0.0.1/", InputError, "no address of a SPARQL endpoint"),
        ("localhost:7878", InputError, "no address of a SPARQL endpoint"),
        ("http://127.0.0.1:9/", RemoteError, "does not answer"),
    ],
)
def test_what_is_no_endpoint_is_said(url: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        RemoteStore(url).query("ASK {}")


def test_a_page_is_no_endpoint(endpoint: str, tmp_path: Path) -> None:
    with pytest.raises((InputError, RemoteError), match="endpoint"):
        RemoteStore(endpoint.replace("/query", "/nothing")).query("ASK {}")
