"""A reader of what was recorded, for the tests of every framework."""

from collections.abc import Callable
from typing import Any

from kprov_capture.home import Home
from kprov_capture.run import Run
from kprov_rdf import ingest, query, runs
from kprov_rdf.store import LocalStore
from kprov_rdf.validate import shacl


class Captured:
    """What the journals of a folder say, in a store in memory."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.store = LocalStore()
        ingest.catch_up(home, self.store)
        self.runs = runs.listing(self.store, ingest.alive(home))

    def rows(self, pattern: str, *names: str) -> list[tuple[Any, ...]]:
        """The values of the variables for a SPARQL pattern, ordered by the first."""
        text = f"SELECT {' '.join('?' + n for n in names)} {{ {pattern} }} ORDER BY ?{names[0]}"
        answer = query.table(self.store, query.Question("test", text), {})
        return [tuple(query.value(term) for term in row) for row in answer.rows]

    def epochs(self, *metrics: str) -> list[tuple[Any, ...]]:
        """Number and metrics of each epoch."""
        pattern = "?m a dnnprov:oTraining ; dnnprov:epoch ?epoch ."
        pattern += "".join(f" OPTIONAL {{ ?m dnnprov:{one} ?{one} }}" for one in metrics)
        return self.rows(pattern, "epoch", *metrics)

    def changes(self) -> list[tuple[Any, ...]]:
        """Epoch, old and new rate, technique, in the order in which they were made."""
        return [
            row[1:]
            for row in self.rows(
                "?c dnnprov:oldValue ?old ; dnnprov:newValue ?new ; dnnprov:epoch ?epoch ; "
                "prov:wasGeneratedBy ?a . ?a dnnprov:technique ?by ; prov:startedAtTime ?at",
                "at",
                "epoch",
                "old",
                "new",
                "by",
            )
        ]

    def violations(self) -> list[shacl.Finding]:
        return [
            one for run in self.runs for one in shacl.validate(run.iri, self.store.graph(run.iri))
        ]


def reader(home: Home) -> Callable[..., Captured]:
    """A function that waits for the given runs and reads the folder."""

    def read(*waited: Run | None, close: bool = True) -> Captured:
        for run in waited:
            assert run is not None
            if close:
                run.close()
            else:
                assert run.settle(20)
        return Captured(home)

    return read
