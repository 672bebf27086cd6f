"""Another store over the network: questions with parameters, and what is never sent."""

import contextlib
import socket
import threading
from pathlib import Path

import pyoxigraph as ox
import pytest

from kprov_capture.home import Home
from kprov_rdf import cli, query
from kprov_rdf import remote as remote_module
from kprov_rdf.errors import InputError, RemoteError
from kprov_rdf.ingest import open_snapshot
from kprov_rdf.remote import RemoteStore
from tests import recording


@pytest.fixture
def both(home: Home, remote: RemoteStore):  # type: ignore[no-untyped-def]
    """The same runs in the local and in the remote store."""
    recording.record(home.path, own={"k": 4, "l": 2})
    recording.record(home.path, "other-flow", "SGD", (0.5, 0.4), 0.01, {"k": 8, "l": 2})
    with open_snapshot(home) as local:
        for graph in local.graphs():
            lines = [f"{triple} <{graph}> .\n" for triple in local.graph(graph)]
            remote.load("".join(lines).encode())
        yield local


# What has to be given, and what the tests of these runs reported.
MORE = {
    "produced": {"file": "model.keras"},
    "derived": {"data": "0" * 64},
    "q1": {"epoch": "1"},
    "q4": {"metric": "loss"},
    "q5": {"metric": "loss", "limit": "1"},
    "q6": {"k": "4", "limit": "2"},
    "qa": {"l": "2"},
    "best": {"tag": "other-flow"},
    "leaderboard": {"metric": "loss", "limit": "1"},
    "fig4": {"below": "0.9"},
    "filters": {"setting": "dropout"},
}


def test_every_question_has_the_same_answer_there(both, remote) -> None:  # type: ignore[no-untyped-def]
    run = next(graph for graph in both.graphs() if "/run/" in graph)
    asked = 0
    for question in query.catalogue().values():
        given = {one.name: run for one in question.inputs if one.type == "run"}
        given |= {one.name: f"{run}#model" for one in question.inputs if one.type == "iri"}
        given |= MORE.get(question.name, {})
        answers = [query.table(store, question, given) for store in (both, remote)]
        here, there = ([one.columns, [tuple(map(rounded, row)) for row in one.rows]]
                       for one in answers)  # fmt: skip
        assert here == there, question.name
        asked += len(here[1])
    assert asked > 60


def rounded(term: query.Term) -> object:
    """A mean that is made of the means of runs differs in its last digits from that of all."""
    found = query.value(term)
    return f"{found:.12g}" if isinstance(found, float) else term


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


ANSWERS = {
    "a page": (b"200 OK", b"text/html", b"<html>hello</html>"),
    "no type": (b"200 OK", None, b"{}"),
    "nothing": (b"200 OK", b"application/sparql-results+json", b""),
    "other JSON": (b"200 OK", b"application/sparql-results+json", b'{"a": 1}'),
    "broken JSON": (b"200 OK", b"application/sparql-results+json", b'{"head": {"vars": ["x"]}, '),
    "a broken row": (
        b"200 OK", b"application/sparql-results+json",
        b'{"head":{"vars":["x"]},"results":{"bindings":[{"x":{"type":"uri","value":"no iri"}}]}}',
    ),
    "deep JSON": (
        b"200 OK", b"application/sparql-results+json",
        b'{"head":{"vars":["x"]},"results":{"bindings":[{"x":'
        + b'{"type":"triple","value":{"subject":' * 30_000,
    ),
    "deep triples": (b"200 OK", b"application/n-triples", b"<a:b> <a:c> <<( " * 30_000),
    "long error": (b"400 Bad", b"text/plain", b"x" * 1_000_000),
    "teapot": (b"418 Teapot", b"text/plain", b"x" * 1_000_000),
    "no HTTP": (b"", None, b""),
    "cut short": (b"200 OK", b"application/sparql-results+json", b"CUT"),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_what_a_strange_endpoint_answers_is_an_error_that_says_so(name: str) -> None:
    status, kind, body = ANSWERS[name]
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1 << 16)
                if not status:
                    connection.sendall(b"what?\r\n\r\n")
                    return
                head = b"HTTP/1.1 %s\r\nConnection: close\r\n" % status
                head += b"Content-Type: %s\r\n" % kind if kind else b""
                length = len(body) + 100 * (body == b"CUT")
                connection.sendall(head + b"Content-Length: %d\r\n\r\n" % length + body)

        thread = threading.Thread(target=answer)
        thread.start()
        store = RemoteStore(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        with pytest.raises((InputError, RemoteError)) as error:
            store.query("SELECT ?x { ?x ?p ?o }")
        thread.join()
    assert len(str(error.value)) < 1500
    # The error may be dropped by any thread, and such rows only by their own.
    held = [value for entry in error.traceback for value in entry.frame.f_locals.values()]
    held += _locals(error.value.__cause__)
    assert not any(isinstance(value, ox.QuerySolutions) for value in held)


def _locals(error: BaseException | None) -> list[object]:
    at, found = error.__traceback__ if error else None, []
    while at:
        found += list(at.tb_frame.f_locals.values())
        at = at.tb_next
    return found


def test_an_endless_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_module, "_MOST", 1 << 20)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(1 << 16)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: x/json\r\n\r\n")
                for _ in range(10_000):
                    connection.sendall(b" " * 65_536)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(RemoteError, match="more than 1 MiB"):
            RemoteStore(f"http://127.0.0.1:{listening.getsockname()[1]}/").query("ASK {}")
        thread.join()


def test_a_sub_select_takes_a_parameter(remote: RemoteStore) -> None:
    remote.load(
        b"<http://e/a> <http://e/p> <http://e/o> .\n<http://e/b> <http://e/p> <http://e/o> ."
    )
    text = "SELECT ?s ?n { SELECT ?s (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?s } # }"
    (row,) = remote.query(text, {"s": ox.NamedNode("http://e/b")})
    assert row["s"] == ox.NamedNode("http://e/b")
