"""The graph of links of a folder: looked for anew, taken away."""

import hashlib
from collections.abc import Iterable

from kprov_capture.home import Home
from kprov_capture.journal import SUFFIX
from kprov_rdf import ingest, journal, summaries
from kprov_rdf.errors import StorageError
from kprov_rdf.exchange import links
from kprov_rdf.exchange.linkrules import Rule
from kprov_rdf.exchange.links import Link
from kprov_rdf.exchange.merge import alone
from kprov_rdf.store import Store


def find(home: Home, store: Store, rules: Iterable[Rule] = ()) -> list[Link]:
    """Look for links in all that was merged; with rules of a user, in all that there is.

    What is found is written as a journal, which the next reader loads. Raises ``StorageError``.
    """
    base, given = home.base(), list(rules)
    names = [
        iri
        for iri in store.graphs()
        if iri != links.graph_name(base)
        and (given or "/import/" in iri or not iri.startswith(base))
    ]
    found = links.find((store.graph(iri) for iri in names), base, given)
    text = links.text(found, base).encode()
    if text:
        path = home.journal / f"links-found-{hashlib.sha256(text).hexdigest()}{SUFFIX}"
        try:
            journal.write(path, {"links": base}, text)
        except OSError as error:
            raise StorageError(
                f"The journal {path} cannot be written: {error.strerror or error}. Free some "
                "space, or make the folder writable, and try again: nothing was written."
            ) from error
    return found


def remove(home: Home) -> int:
    """Take all links away; how many statements they were. What they link stays as it is.

    Raises ``StoreLockedError`` while another process owns the store.
    """
    name = links.graph_name(home.base())
    with alone(home), ingest.opened(home) as store:
        ingest.make_whole(home, store)
        ingest.catch_up(home, store)
        size = len(store.graph(name))
        # First the journals: what is cut short here is as it was, or is removed by the next try.
        for folder in (home.journal, home.done):
            for path in folder.glob(f"links-*{SUFFIX}*"):
                path.unlink()
        with summaries.unsaying_graph(store, name):
            store.drop(name)
        store.flush()
    return size
