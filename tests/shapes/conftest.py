"""Half of the reference engine's time goes into reading the same queries for each document."""

import functools
from collections.abc import Iterator

import pytest
from rdflib.plugins.sparql import processor
from rdflib.plugins.sparql.algebra import translateQuery
from rdflib.plugins.sparql.parser import parseQuery
from rdflib.plugins.sparql.sparql import Query


@pytest.fixture(autouse=True, scope="package")
def queries_are_read_once() -> Iterator[None]:
    """As ``rdflib.plugins.sparql.prepareQuery`` does."""

    @functools.cache
    def prepared(text: str, base: str | None, names: tuple[tuple[str, str], ...]) -> Query:
        return translateQuery(parseQuery(text), base, dict(names))

    def read(text: str, base: str | None = None, names: dict[str, str] | None = None) -> Query:
        return prepared(text, base, tuple(sorted((names or {}).items())))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processor, "parseQuery", lambda text: text)
        patch.setattr(processor, "translateQuery", read)
        yield
