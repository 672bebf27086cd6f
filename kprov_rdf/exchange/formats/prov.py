"""The representations of PROV-DM: PROV-N, PROV-JSON, PROV-XML and PROV-JSONLD."""

from collections.abc import Iterable, Mapping

import pyoxigraph as ox

from kprov_rdf.exchange import records
from kprov_rdf.exchange.formats import Written
from kprov_rdf.exchange.selection import Selection, base_of
from kprov_rdf.exchange.writers import WRITERS
from kprov_rdf.exchange.writers.content import Text
from kprov_rdf.exchange.writing import prefixes_for


def write(selection: Selection, form: str) -> Written:
    """What is in no graph, else the catalog, as the toplevel instance; other graphs as bundles.

    Raises ``UnsupportedError`` for what the format cannot say.
    """
    record = selection.records[0] if len(selection.records) == 1 else ""
    base = base_of(record, selection.base)
    toplevel = "" if "" in selection.graphs else f"{base}catalog"
    text = graphs(selection.graphs, toplevel, record, base, form)
    return Written(text.data, tuple(text.notes))


def graphs(
    told: Mapping[str, Iterable[ox.Triple]], toplevel: str, record: str, base: str, form: str
) -> Text:
    """Statements by graph, with prefixes for what is under ``base`` and of one ``record``.

    Raises as ``write`` does.
    """
    names = prefixes_for(record, base) | {"run": f"{base}run/", "kprov": base}
    if not record:
        del names["r"]
    return WRITERS[form](records.document(told, toplevel, names))
