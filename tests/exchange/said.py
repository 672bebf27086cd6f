"""What a mapping said, for the tests: a store that is asked, and graphs that are validated."""

from collections.abc import Callable
from typing import Any

import pyoxigraph as ox

from kprov_rdf import query
from kprov_rdf.exchange.sources import Source
from kprov_rdf.exchange.statements import Statements
from kprov_rdf.store import LocalStore
from kprov_rdf.validate import judge, shacl

BASE = "http://localhost:8642/"


class Said:
    """The statements of one document. ``says`` has its notes; ``runs`` its trainings by name."""

    def __init__(self, says: Statements) -> None:
        self.says = says
        self.store = LocalStore()
        self.store.load(says.text().encode())

    @property
    def runs(self) -> dict[str, str]:
        rows = self.select(
            "SELECT ?g ?tag { GRAPH ?g { ?e a dnnprov:ExecuteDataflow . "
            "?d a dnnprov:Dataflow ; dnnprov:tag ?tag } }"
        )
        return {str(row["tag"]): str(row["g"]) for row in rows}

    @property
    def run(self) -> str:
        """The only training."""
        (found,) = self.runs.values()
        return found

    def select(self, text: str) -> list[dict[str, Any]]:
        found = self.store.query(text)
        assert isinstance(found, ox.QuerySolutions)
        names = [one.value for one in found.variables]
        return [
            {name: query.value(row[name]) for name in names if row[name] is not None}
            for row in found
        ]

    def ask(self, question: str, **given: str) -> list[dict[str, Any]]:
        """The rows of a question of kprov's own."""
        table = query.table(self.store, query.find(question), given)
        return [dict(zip(table.columns, map(query.value, row), strict=True)) for row in table.rows]

    def metrics(self, run: str) -> dict[int, dict[str, float]]:
        """The values of each epoch, by the last part of the property's IRI."""
        found: dict[int, dict[str, float]] = {}
        for row in self.ask("metrics", run=run):
            name = str(row["metric"]).replace("#", "/").rpartition("/")[2]
            found.setdefault(row["epoch"], {})[name] = row["value"]
        return found

    def wrong(self) -> list[str]:
        """What the shapes and PROV-CONSTRAINTS find in any of the graphs, as shape and node."""
        found: list[str] = []
        for graph in self.store.graphs():
            ntriples = shacl.ntriples(self.store.graph(graph))
            told = shacl.validate_text(graph, ntriples)
            found += [f"{one.shape} {one.node} {one.message}" for one in told]
            judged = judge.judge(graph, ntriples)
            assert judged.error is None
            known = sum(one.severity == "Violation" for one in shacl.validate_text(graph, ntriples))
            if judged.violations > known:
                found.append(f"PROV-CONSTRAINTS: {judged.violations - known} in {graph}")
        return found


def empty() -> Statements:
    return Statements(f"{BASE}import/sha256-{'0' * 64}", BASE)


def read(source: Source, reader: Callable[[Source, Statements], None]) -> Said:
    says = empty()
    reader(source, says)
    return Said(says)
