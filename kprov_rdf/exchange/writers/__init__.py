"""Writing statements of PROV-DM in the formats of the W3C.

Each module has ``write(document) -> Text``. Statements are in the order of the document, and the
same document gives the same bytes.
"""

from collections.abc import Callable

from kprov_rdf.dm.model import Document
from kprov_rdf.exchange.writers import provjson, provjsonld, provn, provxml
from kprov_rdf.exchange.writers.content import Text

WRITERS: dict[str, Callable[[Document], Text]] = {
    "provn": provn.write,
    "provjson": provjson.write,
    "provxml": provxml.write,
    "provjsonld": provjsonld.write,
}
