"""With a server of the folder running: each command works, and pages say what was removed."""

import json
from pathlib import Path

import pytest

from kprov_capture.home import Home
from kprov_capture.journal import HEADER
from kprov_rdf import removals
from kprov_rdf.cli import run as command
from tests import recording
from tests.server.conftest import Server, serve  # noqa: F401  a fixture
from tests.upkeep.folders import content, rebuilt, runs

TOKEN = "0123456789abcdef"


def test_a_removed_run_is_gone_and_its_address_says_why(home: Home, serve, capsys) -> None:  # noqa: F811
    recording.record(home.path, "kept")
    recording.record(home.path, "gone")
    server: Server = serve()
    gone, kept = runs(home)
    path = "/" + gone.partition("8642/")[2]
    assert server.ask(path).status == 200
    flags = ["--home", str(home.path)]
    assert command([*flags, "rm", "--yes", "--reason", "<b>bad</b> data", "gone"]) == 0
    page = server.ask(path, "text/html")
    assert page.status == 410
    assert "&lt;b&gt;bad&lt;/b&gt; data" in page.text
    turtle = server.ask(path, "text/turtle")
    assert turtle.status == 410
    assert "wasInvalidatedBy" in turtle.text
    for suffix in ("ttl", "jsonld", "nt", "rdf", "html"):
        assert server.ask(f"{path}.{suffix}").status == 410
    assert server.ask(path[:-1] + ("0" if path[-1] != "0" else "1")).status == 404
    assert server.ask("/" + kept.partition("8642/")[2]).status == 200
    assert gone[-8:] not in server.ask("/", "text/html").text
    rows = server.query(
        f"ASK {{ GRAPH <{gone}> {{ ?s ?p ?o }} }}", "application/sparql-results+json"
    )
    assert rows.json["boolean"] is False
    assert server.ask("/catalog", "text/turtle").status == 200
    for name in ("gc", "optimize"):
        assert command([*flags, name]) == 0, capsys.readouterr()
    assert not [p for p in home.removed.rglob("*") if p.is_file()]
    assert server.ask(path).status == 410
    assert server.ask("/health").json["status"] == "ok"
    server.stop()
    assert runs(home) == [kept]
    assert rebuilt(home) == content(home)


def test_a_backup_while_a_server_owns_the_store(home: Home, serve, tmp_path: Path) -> None:  # noqa: F811
    from kprov_rdf.upkeep.backup import backup
    from kprov_rdf.upkeep.restore import restore

    recording.record(home.path)
    serve()
    (iri,) = runs(home)
    restore(backup(home, tmp_path / "b.tar.gz").path, tmp_path / "restored")
    again = Home(tmp_path / "restored")
    assert content(again)[iri] == content(home)[iri]
    assert not (again.path / "owner.json").exists()


def test_compaction_is_for_who_shows_the_token(home: Home, serve) -> None:  # noqa: F811
    recording.record(home.path)
    server: Server = serve()
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        assert server.ask("/compaction", method="POST", body=b"{}", **headers).status == 401
    token = json.loads((home.path / "owner.json").read_text())["token"]
    good = {"Authorization": f"Bearer {token}"}
    assert server.ask("/compaction", method="POST", body=b"{}", **good).status == 200
    assert server.ask("/compaction", **good).status == 405


def test_a_trainer_cannot_send_a_removed_run_again(home: Home, serve) -> None:  # noqa: F811
    run = recording.record(home.path)
    server: Server = serve("--host", "127.0.0.1", KPROV_TOKEN=TOKEN)
    import gzip

    (iri,) = runs(home)
    data = gzip.decompress((home.done / f"{run.id}.nq.gz").read_bytes())
    assert data.startswith(HEADER.encode())
    assert command(["--home", str(home.path), "rm", "--yes", iri]) == 0
    reply = server.ask(
        f"/journal/{run.id}?offset=0",
        method="POST",
        body=data,
        Authorization=f"Bearer {TOKEN}",
    )
    assert reply.status == 422
    assert "was removed" in reply.text
    assert runs(home) == []
    assert removals.is_removed(home, run.id)


@pytest.mark.parametrize("name", ["gc", "optimize", "backup"])
def test_a_folder_that_is_not_there_is_named(name: str, tmp_path: Path, capsys) -> None:
    more = [str(tmp_path / "b.tar")] if name == "backup" else []
    assert command(["--home", str(tmp_path / "nowhere"), name, *more]) == 2
    assert "There is no kprov folder" in capsys.readouterr().err
