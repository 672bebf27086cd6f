"""What the server takes of trainers elsewhere, and what it refuses."""

import gzip
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_capture.home import Home, create
from kprov_capture.identity import DEFAULT_BASE
from kprov_capture.journal import NO_DIGEST, chain, header
from kprov_rdf import ingest
from kprov_rdf.errors import KprovError, RefusedError, StorageError
from kprov_rdf.exchange import merge, writing
from kprov_rdf.server import received
from kprov_rdf.server.received import Held, Received, TooLargeError
from kprov_rdf.validate import finished
from tests import recording
from tests.server.conftest import Reply, Server
from tests.server.test_serve import wait_for

RUN = "01a1fd5e-0bca-7f01-843f-1baea2e9bc78"
OTHER = "01a1fd5e-26e3-741f-98e8-3d70341addc5"
IRI = f"{DEFAULT_BASE}run/{RUN}"
ELSEWHERE = {"pid": 1, "start": "1", "scope": "another host"}
HEADER = header(IRI, ELSEWHERE)
LINE = f'<http://e/a> <http://e/p> "é \\" <<( # commit 1" <{IRI}> .\n'


def journal(*batches: str, first: str = HEADER, end: bool = False) -> bytes:
    """A journal of these batches, with the right digests."""
    digest, whole = NO_DIGEST, b""
    for number, text in enumerate(batches, 1):
        batch = ((first if number == 1 else "") + text).encode("utf-8", "surrogateescape")
        digest = chain(digest, batch)
        last = " end" if end and number == len(batches) else ""
        whole += batch + f"# commit {number} {digest.hex()}{last}\n".encode()
    return whole


def recorded(tmp_path: Path, base: str | None = None) -> tuple[str, bytes]:
    """The id and the journal of a whole run, as a trainer elsewhere wrote it."""
    home = create(tmp_path / "elsewhere" / "home")
    if base:
        (home.path / "kprov.toml").write_text(f'base = "{base}"\n')
    run = recording.record(home.path)
    return run.id, run._journal.path.read_bytes()


@pytest.fixture
def taking(home: Home) -> Received:
    return Received(home)


def files(home: Home) -> set[str]:
    return {path.name for path in home.journal.iterdir()} - {"done"}


def at_rest(home: Home) -> bool:
    """Whether a server has nothing more to do: all runs ended, and were validated and loaded."""
    return any(home.done.iterdir()) and not finished.waiting(home) and not files(home)


# -- the protocol, over HTTP


def post(
    server: Server, body: bytes, query: str = "?offset=0", run: str = RUN, **more: str
) -> Reply:
    headers = {"Authorization": "Bearer secret-1", **more}
    return server.ask(f"/journal/{run}{query}", method="POST", body=body, **headers)


@pytest.fixture
def taker(serve: Callable[..., Server]) -> Server:
    return serve("--token", "secret-1")


def test_a_run_that_was_sent_is_there_as_if_recorded_here(
    home: Home, taker: Server, tmp_path: Path
) -> None:
    run, whole = recorded(tmp_path)
    cut = whole.index(b"# commit 3")
    reply = post(taker, whole[:cut], run=run)
    assert reply.status == 200
    assert reply.json["ended"] is False
    size = reply.json["size"]
    assert whole[:size].count(b"# commit") == 2
    assert post(taker, whole[size:], "?offset=0", run).status == 409
    reply = post(taker, whole[size:], f"?offset={size}", run)
    assert (reply.status, reply.json) == (200, {"size": len(whole), "ended": True})
    wait_for(lambda: at_rest(home))
    assert gzip.decompress((home.done / f"{run}.nq.gz").read_bytes()) == whole
    wait_for(lambda: "FINISHED" in taker.ask("/").text)
    assert taker.ask(f"/run/{run}").status == 200
    count = "SELECT (COUNT(*) AS ?n) { ?m a dnnprov:oTraining }"
    assert taker.query(count, "text/csv").text.split()[1] == "3"
    # Sent again it is a run that ended, and nothing is there twice.
    for body, query in ((whole, "?offset=0"), (b"x", f"?offset={len(whole)}")):
        reply = post(taker, body, query, run)
        assert (reply.status, reply.json) == (409, {"size": len(whole), "ended": True})
    assert post(taker, b"", "", run).json == {"size": len(whole), "ended": True}
    assert files(home) == set()


def test_a_base_of_the_trainer_stays_its_own(home: Home, taker: Server, tmp_path: Path) -> None:
    """IRIs are found by their paths, whatever they begin with."""
    run, whole = recorded(tmp_path, "https://lab.example/p/")
    assert post(taker, whole, run=run).status == 200
    wait_for(lambda: "FINISHED" in taker.ask("/").text)
    page = taker.ask(f"/run/{run}.ttl")
    assert page.status == 200
    assert f"https://lab.example/p/run/{run}" in page.text


@pytest.mark.parametrize("shown", [None, "Bearer wrong", "Bearer ", "secret-1", "Bearer sécret"])
def test_who_does_not_show_the_token_is_told_so(
    home: Home, taker: Server, shown: str | None
) -> None:
    headers = {} if shown is None else {"Authorization": shown}
    for method, body in (("GET", None), ("POST", journal(LINE)), ("POST", b"")):
        reply = taker.ask(f"/journal/{RUN}?offset=0", method=method, body=body, **headers)
        assert reply.status == 401
        assert "KPROV_TOKEN" in reply.text
        assert "secret-1" not in reply.text
    assert files(home) == set()


def test_a_server_without_a_token_of_the_users_takes_nothing(home: Home, serve) -> None:  # type: ignore[no-untyped-def]
    server = serve()
    given = json.loads((home.path / "owner.json").read_text())["token"]
    reply = server.ask(
        f"/journal/{RUN}?offset=0", method="POST", body=b"x", Authorization=f"Bearer {given}"
    )
    assert reply.status == 403
    assert "--token-file" in reply.text


def test_a_token_file_is_made_and_read(home: Home, serve, tmp_path) -> None:  # type: ignore[no-untyped-def]
    place = tmp_path / "token"
    server = serve("--token-file", str(place))
    assert place.stat().st_mode & 0o077 == 0
    token = place.read_text().strip()
    assert token not in "".join(server.first_lines)
    reply = post(server, journal(LINE), Authorization=f"Bearer {token}")
    assert reply.status == 200
    server.stop()
    again = serve("--token-file", str(place))
    reply = again.ask(f"/journal/{RUN}", Authorization=f"Bearer {token}")
    assert reply.json == {"size": len(journal(LINE)), "ended": False}


def test_requests_that_make_no_sense_are_refused(home: Home, taker: Server) -> None:
    whole = journal(LINE)
    for query in (
        *("", "?offset=", "?offset=-1", "?offset=x", "?offset=1e3", "?offset=" + "9" * 99),
        *("?offset=%D9%A3", "?offset=0&age=x", "?offset=0&age=nan", "?offset=0&age=-1"),
    ):
        assert post(taker, whole, query).status == 400, query
    for run in (
        "x",
        RUN.upper(),
        RUN + "0",
        "import-sha256-0",
        "%2e%2e",
        "..%2fx",
        RUN[:-1] + "%0a",
    ):
        assert post(taker, whole, run=run).status in (400, 404), run
    assert post(taker, gzip.compress(whole), Content_Encoding="gzip").status == 415
    assert post(taker, gzip.compress(b"\0" * 10_000_000)).status == 200  # no whole batch in it
    assert taker.ask(f"/journal/{RUN}", method="PUT", Authorization="Bearer secret-1").status == 405
    assert files(home) == set()


def test_a_body_that_is_too_large_is_refused(home: Home, taker: Server) -> None:
    reply = post(taker, b"", Content_Length=str(1 << 30))
    assert reply.status == 413
    assert taker.ask("/health").status == 200


# -- what may stand in a journal

CATALOG = f"{DEFAULT_BASE}catalog"
DEEP = f"<http://e/a> <http://e/p> {'<<( <http://e/a> <http://e/p> ' * 50_000}"
HOSTILE = {
    "a changed byte": journal(LINE, LINE).replace(b"http://e/a", b"http://e/b", 1),
    "a batch left out": journal(LINE) + journal(LINE, LINE, LINE)[-len(journal(LINE)) :],
    "a wrong number": journal(LINE).replace(b"# commit 1 ", b"# commit 2 "),
    "more after the end": journal(LINE, end=True) + journal(LINE),
    "the graph of another run": journal(LINE.replace(RUN, OTHER)),
    "a name within the run": journal(LINE.replace(f"<{IRI}>", f"<{IRI}#x>")),
    "the default graph": journal(LINE.replace(f" <{IRI}>", "")),
    "a blank node": journal(LINE.replace("<http://e/a>", "_:a")),
    "a blank graph": journal(LINE.replace(f"<{IRI}>", "_:g")),
    "another thing in the catalog": journal(f"<{IRI}9> <http://e/p> <http://e/o> <{CATALOG}> .\n"),
    "a name for an agent": journal(
        f'<{DEFAULT_BASE}agent/person-1> <http://e/name> "x" <{CATALOG}> .\n'
    ),
    "the catalog of another base": journal(f"<{IRI}> <http://e/p> <{IRI}> <http://e/catalog> .\n"),
    "the header of another run": journal(LINE, first=header(IRI.replace(RUN, OTHER), ELSEWHERE)),
    "a run that has no base": journal(LINE, first=header(f"run/{RUN}", ELSEWHERE)),
    "a base that is none": journal(LINE, first=header(f"http://e/ >/run/{RUN}", ELSEWHERE)),
    "the header of an import": journal(LINE, first=header(IRI, {}).replace('"run"', '"import"')),
    "a header that says more": journal(LINE, first=HEADER.replace("{", '{"import": "x", ', 1)),
    "no header": journal(LINE, first=""),
    "a header that nests": journal(LINE, first='# kprov journal 1 {"run": ' + "[" * 4000 + "\n"),
    "a long header": journal(LINE, first=header(IRI, {"pid": "9" * 9000})),
    "a header of odd parts": journal(LINE, first=header(IRI, {"pid": [1]})),
    "a header of later days": journal(LINE, first=HEADER.replace("journal 1", "journal 2")),
    "a second header": journal(LINE, HEADER + LINE),
    "a remark": journal("# hello\n" + LINE),
    "an empty line": journal("\n" + LINE),
    "triple terms, nested deep": journal(f"{DEEP} <{IRI}> .\n"),
    "a relative IRI": journal(LINE.replace("http://e/a", "a")),
    "an IRI that is none": journal(LINE.replace("http://e/a", "http://e/%zz[")),
    "a wrong escape": journal(LINE.replace('"é', '"\\x')),
    "a lone surrogate": journal(LINE.replace('"é', '"\\uD800')),
    "bytes that are no UTF-8": journal(LINE.replace('"é', '"\udcff')),
    "two statements on a line": journal(LINE[:-1] + LINE),
    "a line end within": journal(LINE.replace('"é', '"\r')),
    "a tag of RDF 1.2": journal(f'<http://e/a> <http://e/p> "x"@en--ltr <{IRI}> .\n'),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_journal_that_could_do_harm_is_refused_whole(
    home: Home, taking: Received, what: str
) -> None:
    with pytest.raises(RefusedError):
        taking.append(RUN, 0, HOSTILE[what], 0.0)
    assert files(home) == set()
    assert taking.held(RUN) == Held(0, False)


def test_hostile_journals_leave_a_server_and_its_runs_as_they_were(
    home: Home, taker: Server, tmp_path: Path
) -> None:
    recording.record(home.path, "mine")
    wait_for(lambda: at_rest(home))
    before = taker.query("SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }", "text/csv").text
    for what, body in HOSTILE.items():
        reply = post(taker, body)
        assert reply.status == 422, what
        assert len(reply.text) < 1000, what
    assert taker.ask("/health").json == {"status": "ok", "problem": None}
    after = taker.query("SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }", "text/csv").text
    assert before == after


def test_what_a_run_says_of_agents_and_of_itself_is_taken(home: Home, taking: Received) -> None:
    agent = f"{DEFAULT_BASE}agent/kprov-capture-1"
    kind = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
    text = (
        f"<{IRI}> <{kind}> <http://www.w3.org/ns/prov#Bundle> <{CATALOG}> .\n"
        f"<{agent}> <{kind}> <http://www.w3.org/ns/prov#Agent> <{CATALOG}> .\n"
        f'<http://e/a> <http://e/p> "x"@pt-BR <{IRI}> .\n'
        f'<http://e/ü> <http://e/p> "1"^^<http://www.w3.org/2001/XMLSchema#integer> <{IRI}> .\n'
    )
    whole = journal(text, "", LINE, end=True)
    assert taking.append(RUN, 0, whole, 0.0) == (Held(len(whole), True), True)
    with ingest.open_snapshot(home) as store:
        assert len(store.graph(IRI)) == 3


def test_a_graph_that_was_merged_before_does_not_grow(
    home: Home, taking: Received, tmp_path: Path
) -> None:
    run, whole = recorded(tmp_path)
    elsewhere = Home(tmp_path / "elsewhere" / "home")
    with ingest.open_snapshot(elsewhere) as store:
        merge.merge(home, writing.run(store, f"{DEFAULT_BASE}run/{run}", "trig"), "x.trig")
    before = files(home)
    with pytest.raises(RefusedError, match="already"):
        taking.append(run, 0, whole, 0.0)
    assert files(home) == before


def test_a_run_that_is_recorded_here_is_not_written_to(home: Home, taking: Received) -> None:
    run = recording.begin(home.path)
    assert run.settle(10)
    path = run._journal.path
    before, stat = path.read_bytes(), path.stat()
    digest = bytes.fromhex(before.splitlines()[-1].split()[3].decode())
    number = before.count(b"# commit") + 1
    batch = LINE.replace(RUN, run.id).encode()
    forged = batch + f"# commit {number} {chain(digest, batch).hex()}\n".encode()
    with pytest.raises(RefusedError, match="own machine"):
        taking.append(run.id, len(before), forged, 0.0)
    assert taking.touch(run.id, 3600.0) == Held(len(before), False)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, stat.st_mtime_ns)
    run.close()


def test_of_one_run_no_more_is_taken_than_fits(
    home: Home, taking: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = journal(LINE, LINE)
    monkeypatch.setattr(received, "MAX_RUN", len(whole) - 1)
    first = len(journal(LINE))
    assert taking.append(RUN, 0, whole[:first], 0.0)[1]
    with pytest.raises(TooLargeError):
        taking.append(RUN, first, whole[first:], 0.0)
    assert taking.held(RUN) == Held(first, False)


# -- what is written


@given(cuts=st.lists(st.integers(1, 3000), min_size=1, max_size=12), restarts=st.booleans())
def test_however_it_is_cut_it_arrives_once(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], restarts: bool
) -> None:
    whole = journal(LINE, LINE * 3, "", LINE * 9, LINE, end=True)
    home = create(tmp_path_factory.mktemp("cut") / "home")
    taking, size, ended = Received(home), 0, False
    for cut in [*cuts, len(whole)]:
        if restarts:
            taking = Received(home)
        held, taken = taking.append(RUN, size, whole[size : size + cut], 0.0)
        assert taken is not ended
        size, ended = held.size, held.ended
        assert whole[:size] == b"" or whole[:size].splitlines()[-1].startswith(b"# commit")
    assert (size, ended) == (len(whole), True)
    assert (home.journal / f"{RUN}.nq").read_bytes() == whole


def test_what_a_killed_server_left_torn_is_written_over(home: Home, taking: Received) -> None:
    whole = journal(LINE, LINE, LINE, end=True)
    first = len(journal(LINE))
    taking.append(RUN, 0, whole[:first], 0.0)
    path = home.journal / f"{RUN}.nq"
    for torn in (whole[: first + 30], whole[:first] + b"\0" * 500, whole[:first]):
        path.write_bytes(torn)
        again = Received(home)
        assert again.held(RUN) == Held(first, False)
        assert again.append(RUN, first, whole[first : first + 200], 0.0)[1]
    path.write_bytes(whole[:20])  # within the first line
    again = Received(home)
    assert again.append(RUN, 0, whole, 0.0) == (Held(len(whole), True), True)
    assert path.read_bytes() == whole


def test_those_who_send_the_same_at_once_add_it_once(home: Home, taking: Received) -> None:
    whole = journal(LINE, LINE, end=True)
    start, told = threading.Barrier(8), []

    def send() -> None:
        start.wait()
        told.append(taking.append(RUN, 0, whole, 0.0))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken for _, taken in told) == [False] * 7 + [True]
    assert {held for held, _ in told} == {Held(len(whole), True)}
    assert (home.journal / f"{RUN}.nq").read_bytes() == whole


def test_a_full_disk_is_said_and_what_comes_later_fits(
    home: Home, taking: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = journal(LINE, LINE, end=True)
    first, real = len(journal(LINE)), os.write

    def full(handle: int, data: bytes) -> int:
        real(handle, bytes(data)[:5])
        raise OSError(28, "No space left on device")

    for size, until in ((0, first), (first, len(whole))):
        monkeypatch.setattr(received.os, "write", full)
        with pytest.raises(StorageError, match="No space"):
            taking.append(RUN, size, whole[size:until], 0.0)
        assert taking.held(RUN) == Held(size, False)
        monkeypatch.setattr(received.os, "write", real)
        assert taking.append(RUN, size, whole[size:until], 0.0)[1]
    assert (home.journal / f"{RUN}.nq").read_bytes() == whole


def test_a_run_lives_as_long_as_its_writer_gives_signs(home: Home, taking: Received) -> None:
    taking.append(RUN, 0, journal(LINE), 0.0)
    assert ingest.alive(home) == {IRI}
    taking.touch(RUN, 3600.0)
    assert ingest.alive(home) == set()
    taking.touch(RUN, 1.0)
    assert ingest.alive(home) == {IRI}
    # What is sent later than it was written does not bring its writer back to life.
    whole = journal(LINE, LINE)
    taking.append(RUN, len(journal(LINE)), whole[len(journal(LINE)) :], 3600.0)
    assert ingest.alive(home) == set()
    assert taking.touch(OTHER, 0.0) == Held(0, False)
    assert files(home) == {f"{RUN}.nq", f"{RUN}.received"}


def test_a_damaged_file_is_not_written_to(home: Home, taking: Received) -> None:
    taking.append(RUN, 0, journal(LINE, LINE), 0.0)
    path = home.journal / f"{RUN}.nq"
    bad = path.read_bytes().replace(b"http://e/a", b"http://e/b", 1)
    path.write_bytes(bad)
    with pytest.raises(KprovError, match="damaged"):
        Received(home).append(RUN, len(bad), journal(LINE), 0.0)
    assert path.read_bytes() == bad


def test_what_is_taken_is_what_the_parser_reads(taking: Received) -> None:
    """The guard before the parser lets through what kprov writes, to the last character."""
    assert len(list(ox.parse(LINE, ox.RdfFormat.N_QUADS))) == 1
    assert taking.append(RUN, 0, journal(LINE), 0.0)[1]
