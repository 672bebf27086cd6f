"""One training that several trackers logged (tools/trackers.py), as kprov itself recorded it."""

import gzip
from pathlib import Path
from typing import Any

from kprov_rdf import query
from kprov_rdf.store import LocalStore

LOGGED = Path(__file__).parent / "fixtures" / "trackers"


def own() -> LocalStore:
    store = LocalStore()
    store.load(gzip.decompress((LOGGED / "kprov.nq.gz").read_bytes()))
    return store


def own_epochs() -> list[dict[str, Any]]:
    """The values of each epoch, as the question "epochs" gives them."""
    store = own()
    (run,) = (graph for graph in store.graphs() if "/run/" in graph)
    table = query.table(store, query.find("epochs"), {"run": run})
    return [dict(zip(table.columns, map(query.value, row), strict=True)) for row in table.rows]


def own_hashes() -> set[str]:
    """The SHA-256 of all content that the record names, in hex."""
    found = own().query("SELECT DISTINCT ?hash { GRAPH ?g { ?s dnnprov:sha256 ?hash } }")
    return {row["hash"].value for row in found}  # type: ignore[union-attr, index]
