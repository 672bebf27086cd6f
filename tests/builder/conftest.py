"""A store of runs of which everything is known, and its mirror; made once for all tests here."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest

from kprov_capture.home import Home, create
from kprov_rdf import ingest
from kprov_rdf.builder.mirrored import Ask
from kprov_rdf.mirror import ask, embedded, load
from kprov_rdf.store import LocalStore
from tests.builder import made
from tests.mirror.conftest import libraries

__all__ = ["libraries"]


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, list[made.Made]]:
    """A folder with the runs, and what they are."""
    folder = tmp_path_factory.mktemp("asked")
    known = made.runs()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        home = create(folder / "home")
        for one in known:
            one.record(home.path)
    return home, known


@pytest.fixture(scope="session")
def known(recorded: tuple[Home, list[made.Made]]) -> list[made.Made]:
    return recorded[1]


@pytest.fixture(scope="session")
def store(recorded: tuple[Home, list[made.Made]]) -> LocalStore:
    found = LocalStore()
    ingest.catch_up(recorded[0], found)
    return found


@pytest.fixture(scope="session")
def tables(
    libraries: None, recorded: tuple[Home, list[made.Made]], store: LocalStore
) -> Iterator[Ask]:
    """Answers SQL: a MonetDB with the mirror of the store."""
    with embedded.serving(recorded[0]) as server:
        with closing(load.connect(server.url)) as connection:
            load.mirror(connection, store, set())
        yield partial(ask.ask, server.url)
