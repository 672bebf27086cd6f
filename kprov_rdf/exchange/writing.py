"""Writing one run; what every writer needs; and files that are whole or not there.

``export`` writes several records, in more formats, and edits them before.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pyoxigraph as ox

from kprov_capture.terms import RDF_TYPE
from kprov_rdf.errors import InputError, StorageError
from kprov_rdf.store import PREFIXES, Store, select

_CATALOG = re.compile(r"(run|import)/[^/]*\Z")
_RECORD = re.compile(r".*/(run|import)/[^/#]*").fullmatch
_SAID = "SELECT ?g ?s ?p ?o { GRAPH ?g { ?s ?p ?o } }"
FORMATS = ("ttl", "trig", "nq", "jsonld", "provn", "provjson", "provxml", "provjsonld")


def about(store: Store, record: str) -> list[ox.Triple]:
    """What the catalog says of this record, and of what it names there: who, how, from what."""
    catalog = ox.NamedNode(_CATALOG.sub("catalog", record))
    found: dict[str, list[ox.Triple]] = {}
    wanted = [record]
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        bound = {"g": catalog, "s": ox.NamedNode(name)}
        rows = select(store, _SAID, bound)
        found[name] = [ox.Triple(row["s"], row["p"], row["o"]) for row in rows]
        objects = (triple.object for triple in found[name])
        # Not into other records, which are not part of this one.
        wanted += [o.value for o in objects if isinstance(o, ox.NamedNode) and not _RECORD(o.value)]
    return [triple for triples in found.values() for triple in triples]


def sorted_triples(triples: list[ox.Triple]) -> list[ox.Triple]:
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


def prefixes_for(record: str, base: str) -> dict[str, str]:
    """The prefixes that make the text of a record short."""
    kinds = ("content", "agent", "metric", "setting")
    # A run that was logged by another tool is a fragment itself, of the import.
    document = record.partition("#")[0]
    return PREFIXES | {"r": f"{document}#"} | {kind: f"{base}{kind}/" for kind in kinds}


def run(store: Store, iri: str, form: str) -> bytes:
    """The run as UTF-8 text in one of ``FORMATS``.

    ``ttl`` holds the run's graph; the others also what the catalog says of it.
    Raises ``InputError`` for another format.
    """
    if form not in FORMATS:
        raise InputError(f"There is no format {form!r}; the formats are {', '.join(FORMATS)}.")
    from kprov_rdf.exchange import formats, selection

    return cast(bytes, formats.content(selection.of_records(store, [iri]), form))


def to_file(data: bytes, path: Path) -> None:
    """Write a file whole or not at all. Raises ``StorageError``, and leaves an older one then.

    What is no file, such as a pipe or /dev/stdout, is written to and stays what it is.
    """
    try:
        if _is_special(path):
            path.write_bytes(data)
            return
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.") from error
    with replacing(path) as new:
        new.write_bytes(data)


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new file beside ``path``, which takes its place at the end of the ``with``.

    Where ``path`` is a link, that is the place it leads to. Raises ``StorageError`` where it
    fails, and leaves an older one then.
    """
    if _is_special(path):
        raise StorageError(f"{path} is a device or a pipe. Name a file with -o.")
    target = Path(os.path.realpath(path))
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            os.close(handle)
            yield Path(name)
            with open(name, "rb+") as file:
                os.fsync(file.fileno())
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(name, 0o666 & ~mask)  # mkstemp makes it private
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}. Name another file with -o, or free "
            "some space; nothing was written."
        ) from error
