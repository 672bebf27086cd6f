"""The documents of other tools that were merged, as the catalog lists them."""

from datetime import datetime

import pyoxigraph as ox

from kprov_capture.terms import RDFS_LABEL, Prov
from kprov_rdf.linked.html import Import
from kprov_rdf.store import Bindings, Store, select

_IMPORTS = f"""
SELECT ?catalog ?prefix ?import ?label ?at {{
  GRAPH ?catalog {{
    ?import a <{Prov.Bundle}> .
    OPTIONAL {{ ?import <{RDFS_LABEL}> ?label }}
    OPTIONAL {{ ?import <{Prov.generatedAtTime}> ?at }}
    FILTER NOT EXISTS {{ ?import <{Prov.wasInvalidatedBy}> ?removal }}
  }}
  # What is a part of one, a bundle or a training, is on its page.
  FILTER (STRSTARTS(STR(?import), ?prefix) && !CONTAINS(STR(?import), "#"))
}}
ORDER BY DESC(xsd:dateTime(IF(TZ(?at) = "", CONCAT(STR(?at), "Z"), ?at))) ?import
"""
_LINKED = "SELECT ?links ?s { GRAPH ?links { ?s ?p ?o } } LIMIT 1"


def linked(store: Store, base: str) -> bool:
    """Whether anything is linked under ``base``."""
    bound: Bindings = {"links": ox.NamedNode(f"{base}links")}
    return bool(list(select(store, _LINKED, bound)))


def imports(store: Store, base: str) -> list[Import]:
    """The imports under ``base``, the latest first."""
    bound: Bindings = {
        "catalog": ox.NamedNode(f"{base}catalog"),
        "prefix": ox.Literal(f"{base}import/"),
    }
    return [
        Import(
            row["import"].value.removeprefix(base),
            row["label"].value if row["label"] else row["import"].value,
            datetime.fromisoformat(row["at"].value) if row["at"] else None,
        )
        for row in select(store, _IMPORTS, bound)
    ]
