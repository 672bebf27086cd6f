"""Reads the summaries as rows, a run each."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import pyoxigraph as ox

from kprov_rdf.store import SUMMARY_GRAPH, Store, select

Row = dict[str, ox.NamedNode | ox.Literal]
_WHOLE = f"ASK {{ GRAPH <{SUMMARY_GRAPH}> {{ <{SUMMARY_GRAPH}> summary:version ?version }} }}"
_DATED = f"""SELECT ?run {{ GRAPH <{SUMMARY_GRAPH}> {{ ?run summary:started ?at }} }}
ORDER BY DESC(?at)"""
_UNDATED = f"""SELECT ?run {{ GRAPH <{SUMMARY_GRAPH}> {{
  ?run summary:epochs ?epochs FILTER NOT EXISTS {{ ?run summary:started ?at }} }} }}"""
_NAMED = f"""SELECT ?run {{ GRAPH <{SUMMARY_GRAPH}> {{ ?run summary:epochs ?epochs }}
  FILTER CONTAINS(STR(?run), %s) }}"""
_TAGGED = f"""SELECT ?run {{ GRAPH <{SUMMARY_GRAPH}> {{ ?run summary:tag %s ; summary:started ?at }}
}} ORDER BY DESC(?at) LIMIT 1"""
_COUNT = f"""SELECT (COUNT(?run) AS ?count) {{
  GRAPH <{SUMMARY_GRAPH}> {{ ?run summary:epochs ?epochs }} }}"""
_PORTION = 200


def are_in(store: Store) -> bool:
    """Whether a store has summaries: one that kprov keeps has, any other SPARQL store has not."""
    return bool(store.query(_WHOLE))


def newest(store: Store, limit: int | None = None) -> list[str]:
    """The IRIs of the runs, the newest first, those of which no start is known at the end."""
    found = _iris(store, _DATED + ("" if limit is None else f" LIMIT {limit}"))
    if limit is None or len(found) < limit:
        found += sorted(_iris(store, _UNDATED))
    return found[:limit]


def count(store: Store) -> int:
    """How many runs there are."""
    (row,) = select(store, _COUNT)
    return int(row["count"].value)


def named(store: Store, name: str) -> list[str]:
    """The runs that ``name`` may mean: their IRI, an end of their id, or the tag of the newest."""
    text = str(ox.Literal(name))
    # What part of the IRI it is, is seen here: each STR of a filter looks all of them up again.
    found = [
        iri for iri in _iris(store, _NAMED % text)
        if iri.endswith(name) or f"/run/{name}" in iri or f"#run-{name}" in iri
    ]  # fmt: skip
    return found + _iris(store, _TAGGED % text)


def rows(store: Store, wanted: Mapping[str, str], runs: Collection[str] | None) -> dict[str, Row]:
    """What the summaries say of the runs (None: of all), by run and by the keys of ``wanted``.

    The values of ``wanted`` are local names of summary properties.
    """
    keys = {f"summary:{name}": key for key, name in wanted.items()}
    found: dict[str, Row] = {}
    for portion in [None] if runs is None else _portions(list(dict.fromkeys(runs))):
        among = "" if portion is None else f"VALUES ?run {{ {_terms(portion)} }}"
        for name, key in keys.items():
            # A query a property: a union of them costs more than their sum, OPTIONAL far more.
            pattern = f"GRAPH <{SUMMARY_GRAPH}> {{ ?run {name} ?value }}"
            for row in select(store, f"SELECT ?run ?value {{ {among} {pattern} }}"):
                run, value = row["run"], row["value"]
                if isinstance(run, ox.NamedNode) and isinstance(value, (ox.NamedNode, ox.Literal)):
                    found.setdefault(run.value, {})[key] = value
    return found


def _iris(store: Store, text: str) -> list[str]:
    return [row["run"].value for row in select(store, text) if isinstance(row["run"], ox.NamedNode)]


def _terms(iris: Iterable[str]) -> str:
    return " ".join(str(ox.NamedNode(iri)) for iri in iris)


def _portions(iris: Sequence[str]) -> list[Sequence[str]]:
    return [iris[start : start + _PORTION] for start in range(0, len(iris), _PORTION)]
