"""Writing one run: Turtle, TriG, N-Quads, PROV-N, PROV-JSON."""

import os
import tempfile
from pathlib import Path

import pyoxigraph as ox

from kprov_capture.terms import RDF_TYPE
from kprov_rdf.errors import InputError, StorageError
from kprov_rdf.store import PREFIXES, Store

FORMATS = ("ttl", "trig", "nq", "provn", "provjson")
_RDF = {"ttl": ox.RdfFormat.TURTLE, "trig": ox.RdfFormat.TRIG, "nq": ox.RdfFormat.N_QUADS}


def _catalog(store: Store, run: str) -> list[ox.Triple]:
    """What the catalog says of this run and of the agent that it is attributed to."""
    whole = store.graph(run.rpartition("run/")[0] + "catalog")
    mine = [triple for triple in whole if getattr(triple.subject, "value", "") == run]
    agents = {triple.object for triple in mine if isinstance(triple.object, ox.NamedNode)}
    return mine + [triple for triple in whole if triple.subject in agents]


def _sorted(triples: list[ox.Triple]) -> list[ox.Triple]:
    """By subject, types first: so that a text can be read, and compared with another."""
    return sorted(
        triples,
        key=lambda t: (
            str(t.subject),
            t.predicate.value != RDF_TYPE,
            str(t.predicate),
            str(t.object),
        ),
    )


def run(store: Store, iri: str, form: str) -> bytes:
    """The run as UTF-8 text in one of ``FORMATS``.

    ``ttl`` holds the run's graph; the others also what the catalog says of it.
    Raises ``InputError`` for another format.
    """
    if form not in FORMATS:
        raise InputError(f"There is no format {form!r}; the formats are {', '.join(FORMATS)}.")
    triples, catalog = _sorted(store.graph(iri)), _sorted(_catalog(store, iri))
    if form in ("provn", "provjson"):
        from kprov_rdf.exchange import records  # prov takes 0.1 s to import

        document = records.document(iri, catalog, triples)
        text = document.serialize(format="provn" if form == "provn" else "json")
        return f"{(text or '').rstrip()}\n".encode()
    base = iri.rpartition("run/")[0]
    prefixes = PREFIXES | {"r": f"{iri}#", "content": f"{base}content/", "agent": f"{base}agent/"}
    prefixes |= {"metric": f"{base}metric/", "setting": f"{base}setting/"}
    if form == "ttl":
        return ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=prefixes) or b""
    name, catalog_name = ox.NamedNode(iri), ox.NamedNode(f"{base}catalog")
    quads = [ox.Quad(t.subject, t.predicate, t.object, catalog_name) for t in catalog]
    quads += [ox.Quad(t.subject, t.predicate, t.object, name) for t in triples]
    return ox.serialize(quads, format=_RDF[form], prefixes=prefixes) or b""


def to_file(data: bytes, path: Path) -> None:
    """Write a file whole or not at all. Raises ``StorageError``, and leaves an older one then."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent or ".", prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(name, 0o666 & ~mask)  # mkstemp makes it private
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}. Name another file with -o, or free "
            "some space; nothing was written."
        ) from error
