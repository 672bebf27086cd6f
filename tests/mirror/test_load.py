"""How tables get into a database: values as they are, all or nothing, and what is not ours."""

import os
import signal
from collections.abc import Callable
from contextlib import closing

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kprov_capture.home import Home
from kprov_rdf.errors import InputError, MirrorError
from kprov_rdf.ingest import open_snapshot
from kprov_rdf.mirror import columns as c
from kprov_rdf.mirror import embedded, facts, load, tables
from kprov_rdf.mirror.columns import Mirror
from tests import recording
from tests.mirror.conftest import Sql

Make = Callable[..., Mirror]
HOSTILE = [
    'a "quote", a \\ and a |', "it's", "line\nend", "\r\n", "\t", "", " ", "NULL", "null", "\\N",
    "\\n", '"', "\\", "'; DROP SCHEMA kprov; --", "%s %",
    "ü 数 😀", "\ufeff", "\x7f\x1b", "a" * 100_000,
]  # fmt: skip


@pytest.fixture
def target(server: embedded.Server):
    with closing(load.connect(server.url)) as connection:
        target = load._Target(connection)
        target.run("CREATE SCHEMA a")
        target.run("CREATE TABLE a.t (id INTEGER, text TEXT, number DOUBLE)")
        connection.commit()
        yield target


# pymonetdb 1.9.1 reads the control characters U+0080 to U+009F as two each; they are stored.
CONTROLS = "".join(map(chr, range(0x80, 0xA0)))


@settings(max_examples=60)
@given(st.lists(st.text(st.characters(exclude_characters="\0" + CONTROLS, codec="utf-8"))))
@example(HOSTILE)
def test_any_text_comes_back_as_it_was(target, texts: list[str]) -> None:
    target.run("DELETE FROM a.t")
    target.copy(c.Table("a", "t", (), [(n, text, None) for n, text in enumerate(texts)]))
    assert [text for (text,) in target.ask("SELECT text FROM a.t ORDER BY id")] == texts


def test_control_characters_are_stored(target) -> None:
    target.copy(c.Table("a", "t", (), [(ord(one), one, None) for one in CONTROLS]))
    assert target.ask("SELECT count(*) FROM a.t WHERE ascii(text) = id") == [(32,)]


@settings(max_examples=30)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_any_number_comes_back_as_it_was(target, numbers: list[float]) -> None:
    target.run("DELETE FROM a.t")
    target.copy(c.Table("a", "t", (), [(n, None, one) for n, one in enumerate(numbers)]))
    found = [repr(one) for (one,) in target.ask("SELECT number FROM a.t ORDER BY id")]
    assert found == [repr(one) for one in numbers]


def test_a_server_gets_no_file_of_ours(target) -> None:
    for name in ("/etc/passwd", "rows"):
        with pytest.raises(load.pymonetdb.Error, match="only the rows of its own tables"):
            target.run(f"COPY INTO a.t FROM '{name}' ON CLIENT")
        target.run("ROLLBACK")


def test_readers_see_all_of_the_old_or_all_of_the_new(
    home: Home, server: embedded.Server, mirror: Make, sql: Sql
) -> None:
    recording.record(home.path, "t")
    mirror()
    recording.record(home.path, "t", losses=(0.5,))
    epochs = "SELECT (SELECT count(*) FROM t.ds_otrainingmodel), (SELECT count(*) FROM kprov.runs)"
    with (
        closing(load.connect(server.url)) as writing,
        closing(load.connect(server.url)) as reading,
        open_snapshot(home) as store,
    ):
        reader, writer = load._Target(reading), load._Target(writing)
        assert reader.ask(epochs) == [(3, 1)]
        former = writer.mirrored()
        load._replace(writer, tables.build(facts.read(store, set()), set()), former)
        assert writer.ask(epochs) == [(4, 2)]
        assert reader.ask(epochs) == sql(epochs) == [(3, 1)]
        writing.commit()
        assert reader.ask(epochs) == [(3, 1)], "its transaction goes on"
        reading.commit()
        assert reader.ask(epochs) == [(4, 2)]


def test_what_fails_leaves_the_old_tables(
    home: Home, server: embedded.Server, mirror: Make, sql: Sql
) -> None:
    recording.record(home.path, "t")
    mirror()
    with closing(load.connect(server.url)) as connection:
        load._Target(connection).run("CREATE SCHEMA own")
        load._Target(connection).run("CREATE VIEW own.v AS SELECT loss FROM t.ds_otrainingmodel")
        connection.commit()
    recording.record(home.path, "t")
    with pytest.raises(MirrorError, match=r"as it was.*depend.*drop it and try again"):
        mirror()
    assert sql("SELECT count(*) FROM own.v") == [(3,)]
    assert sql("SELECT count(*) FROM kprov.runs") == [(1,)]


def test_only_what_a_mirror_made_is_dropped(
    home: Home, server: embedded.Server, mirror: Make, sql: Sql
) -> None:
    with closing(load.connect(server.url)) as connection:
        target = load._Target(connection)
        target.run("CREATE SCHEMA theirs")
        target.run("CREATE TABLE theirs.ds_otrainingmodel (id INTEGER)")
        connection.commit()
        recording.record(home.path, "theirs")
        recording.record(home.path, "mine")
        assert mirror().schemas["theirs"].startswith("theirs_")
        target.run("CREATE TABLE mine.notes (id INTEGER)")
        connection.commit()
    from kprov_rdf.store import LocalStore

    assert mirror(LocalStore()).schemas == {}
    left = "SELECT s.name, t.name FROM sys.tables t JOIN sys.schemas s ON t.schema_id = s.id "
    assert sql(left + "WHERE NOT t.system AND s.name <> 'kprov' ORDER BY 1") == [
        ("mine", "notes"),
        ("theirs", "ds_otrainingmodel"),
    ]
    assert sql("SELECT name FROM sys.schemas WHERE name LIKE 'theirs_%'") == []


def test_a_schema_kprov_of_somebody_else_is_left_alone(target, mirror: Make) -> None:
    target.run("CREATE SCHEMA kprov")
    target.run("COMMIT")
    with pytest.raises(MirrorError, match="schema kprov that kprov did not make"):
        mirror()


def test_tables_that_were_made_again_survive_restarts(home: Home, libraries: None) -> None:
    """MonetDB Jul2021 loses rows of a table that one transaction empties and fills again."""

    def session(text: str, make: bool, kill: bool = False) -> list[tuple[object, ...]]:
        with embedded.serving(home) as server, closing(load.connect(server.url)) as connection:
            if make:
                with open_snapshot(home) as store:
                    load.mirror(connection, store, set())
            found = load._Target(connection).ask(text)
            if kill:
                os.kill(server.pid, signal.SIGKILL)
        return found

    counts = "SELECT (SELECT count(*) FROM kprov.runs), (SELECT count(*) FROM kprov.mirrored)"
    session(counts, make=True)
    for losses in ((0.5,), (0.5, 0.25)):
        recording.record(home.path, "t", losses=losses)
        for kill in (True, False):
            made = session(counts, make=True, kill=kill)
            assert [session(counts, make=False) for _ in range(3)] == [made] * 3


@pytest.mark.parametrize("url", ["mysql://a:secret@h/d", "monetdb://h", "monetdb://[::1/d", "x"])
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(InputError, match="is no URL of a MonetDB") as caught:
        load.connect(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["monetdb://me:secret@127.0.0.1:1/d", "monetdb://127.0.0.1:1/d?user=me&password=secret"]
)
def test_a_server_that_is_not_there(url: str) -> None:
    with pytest.raises(MirrorError, match=r"cannot be reached at monetdb://.*127.0.0.1:1/d:") as it:
        load.connect(url)
    assert "secret" not in str(it.value)


def test_a_url_with_a_name_and_a_password(server: embedded.Server) -> None:
    address, _, login = server.url.partition("?")
    password = login.rpartition("=")[2]
    with closing(load.connect(address.replace("//", f"//monetdb:{password}@"))) as connection:
        assert load._Target(connection).ask("SELECT 1") == [(1,)]
    for wrong in ("monetdb", "0", "hash"):
        with pytest.raises(MirrorError, match="invalid credentials"):
            load.connect(address.replace("//", f"//monetdb:{wrong}@"))
