"""A real MonetDB, installed by kprov itself into the user's cache, once for all test runs."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from kprov_capture.home import Home
from kprov_rdf.errors import KprovError
from kprov_rdf.ingest import open_snapshot
from kprov_rdf.mirror import ask, embedded, load
from kprov_rdf.mirror.columns import Mirror
from kprov_rdf.store import Store

Sql = Callable[[str], list[tuple[object, ...]]]


@pytest.fixture(scope="session")
def libraries() -> None:
    try:
        embedded.install()
    except KprovError as error:
        pytest.skip(str(error))


@pytest.fixture
def server(libraries: None, home: Home) -> Iterator[embedded.Server]:
    """A MonetDB on a new folder of the home."""
    with embedded.serving(home) as running:
        yield running


@pytest.fixture
def mirror(server: embedded.Server, home: Home) -> Callable[..., Mirror]:
    """Makes the mirror of the home's store, or of a store that is given."""

    def make(store: Store | None = None) -> Mirror:
        with closing(load.connect(server.url)) as connection:
            if store is not None:
                return load.mirror(connection, store, set())
            with open_snapshot(home) as snapshot:
                return load.mirror(connection, snapshot, snapshot.living)

    return make


@pytest.fixture
def sql(server: embedded.Server) -> Sql:
    """The rows of the answer to a statement."""
    return lambda text: ask.ask(server.url, text).rows
