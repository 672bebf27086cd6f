"""Documents of other tools to statements and back, beside the prov package and rdflib.

The times are CPU: a first round of each is not counted, and of three the fastest counts.
"""

import functools
import gc
import io
import json
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
import rdflib
from child import Child
from common import Row, quick, report
from prov.model import ProvDocument

from kprov_capture.home import create
from kprov_rdf.exchange import merge, reading, records
from kprov_rdf.exchange.scope import Scope
from kprov_rdf.exchange.sources import Source
from kprov_rdf.exchange.writers import WRITERS

RECORDS = 100_000
# The prov package takes minutes for all of them. Its time grows as the number of records does.
PEER_RECORDS = 10_000
EXAMPLE = "http://lab.example.org/"
UNIT = "ms CPU per 1,000 records"
LABELS = {
    "provjson": "PROV-JSON",
    "provn": "PROV-N",
    "provxml": "PROV-XML",
    "provjsonld": "PROV-JSONLD",
    "ttl": "Turtle",
}


def document(size: int) -> bytes:
    """So many records: of five, two elements and three relations, as workflows write them."""
    entity, activity, generated, used, derived = {}, {}, {}, {}, {}
    for n in range(size // 5):
        time_ = f"2026-01-01T{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}Z"
        kind = {"$": "ex:File", "type": "prov:QUALIFIED_NAME"}
        entity[f"ex:e{n}"] = {"prov:type": kind, "prov:label": f"file {n}", "ex:size": n}
        activity[f"ex:a{n}"] = {"prov:startTime": time_, "prov:label": f"step {n}"}
        made = {"prov:entity": f"ex:e{n}", "prov:activity": f"ex:a{n}"}
        generated[f"_:g{n}"] = made | {"prov:time": time_}
        used[f"_:u{n}"] = {"prov:activity": f"ex:a{n}", "prov:entity": f"ex:e{max(0, n - 1)}"}
        ends = {"prov:generatedEntity": f"ex:e{n}", "prov:usedEntity": f"ex:e{max(0, n - 1)}"}
        derived[f"_:d{n}"] = ends
    return json.dumps(
        {
            "prefix": {"ex": EXAMPLE},
            "entity": entity,
            "activity": activity,
            "wasGeneratedBy": generated,
            "used": used,
            "wasDerivedFrom": derived,
        }
    ).encode()


def graph(data: bytes) -> list[ox.Triple]:
    """What such a document says, as RDF."""
    return [quad.triple for quad in parsed(data, "provjson").quads]


def parsed(data: bytes, form: str) -> reading.Document:
    return reading.parse(Source(f"bench.{form}", data), Scope("urn:bench"), reading.Manner(form))


def written(triples: list[ox.Triple], form: str) -> bytes:
    if form == "ttl":
        prefixes = {"ex": EXAMPLE, "prov": "http://www.w3.org/ns/prov#"}
        return ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=prefixes) or b""
    prefixes = {"ex": EXAMPLE, "bench": "urn:bench#"}
    return WRITERS[form](records.document({"": triples}, "", prefixes)).data


def per_thousand(size: int, work: Callable[[], object], rounds: int = 3) -> float:
    """Milliseconds of CPU for 1,000 records; the fastest of some rounds."""
    found = []
    for _ in range(rounds + 1 if rounds > 1 else 1):
        gc.collect()
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
    return min(found[1:] or found) * 1e6 / size


def peer_parsed(data: bytes, form: str) -> Callable[[], object] | None:
    """What other packages do for the same: to N-Triples or N-Quads. None where none can read it."""
    if form == "ttl":
        graphs = functools.partial(rdflib.Graph().parse, format="turtle")
        return lambda: graphs(data=data).serialize(format="nt")
    name = {"provjson": "json", "provxml": "xml"}.get(form)
    if not name:
        return None

    def work() -> None:
        found = ProvDocument.deserialize(content=data.decode(), format=name)
        found.serialize(io.StringIO(), format="rdf", rdf_format="nt")

    return work


def to_statements(size: int) -> list[Row]:
    """Each format to N-Quads."""
    rows = []
    for form, label in LABELS.items():
        data, small = _documents(size, form)
        ours = per_thousand(size, lambda data=data, form=form: parsed(data, form))
        work = peer_parsed(small, form)
        theirs = per_thousand(PEER_RECORDS, work, 1) if work else None
        peer = "rdflib" if form == "ttl" else f"prov, to N-Triples ({PEER_RECORDS:,} records)"
        limit = 40 if form == "provjson" else None
        what = f"{label} to N-Quads, names scoped"
        rows.append(Row(what, ours, UNIT, limit, peer=peer if work else None, peer_value=theirs))
    return rows


@functools.cache
def _documents(size: int, form: str) -> tuple[bytes, bytes]:
    """A document in a format, and a small one."""
    whole, small = (document(one) for one in (size, PEER_RECORDS))
    if form == "provjson":
        return whole, small
    return written(graph(whole), form), written(graph(small), form)


def to_documents(size: int) -> list[Row]:
    """N-Triples to each format."""
    large, small = (_triples(document(one)) for one in (size, PEER_RECORDS))
    rows = []
    for form, name in (("provn", "provn"), ("provjson", "json"), ("provxml", "xml"),
                       ("provjsonld", None)):  # fmt: skip

        def work(form: str = form) -> None:
            written([quad.triple for quad in ox.parse(large, ox.RdfFormat.N_TRIPLES)], form)

        def peer(name: str | None = name) -> None:
            text = small.decode()
            found = ProvDocument.deserialize(content=text, format="rdf", rdf_format="nt")
            found.serialize(format=name)

        row = Row(f"N-Triples to {LABELS[form]}", per_thousand(size, work, 2), UNIT)
        if name:
            theirs = per_thousand(PEER_RECORDS, peer, 1)
            row = replace(row, peer=f"prov ({PEER_RECORDS:,} records)", peer_value=theirs)
        rows.append(row)
    return rows


def _triples(data: bytes) -> bytes:
    return "".join(f"{one} .\n" for one in graph(data)).encode()


def merged(path: Path) -> tuple[float, int]:
    """Milliseconds of CPU for a whole merge of a file; the size of its journal."""
    with tempfile.TemporaryDirectory() as name:
        home = create(Path(name))
        started = time.process_time()
        merge.merge(home, Source(str(path)))
        took = (time.process_time() - started) * 1e3
        return took, sum(path.stat().st_size for path in home.journal.iterdir())


def files(folder: Path, size: int) -> tuple[Path, Path]:
    """A document as PROV-JSON and as N-Triples, made by another process."""
    json_, triples = folder / "bench.json", folder / "bench.nt"

    def work() -> None:
        json_.write_bytes(document(size))
        triples.write_bytes(_triples(json_.read_bytes()))

    Child(work).result()
    return json_, triples


def memory(work: Callable[..., object], *args: object) -> float:
    """MiB that a process needs at most."""
    child = Child(work, *args)
    child.result()
    return child.peak


def _read(path: Path) -> int:
    return parsed(path.read_bytes(), "provjson").records or 0


def main() -> None:
    warnings.simplefilter("ignore")
    size = PEER_RECORDS if quick() else RECORDS
    # Before this process grows: a child begins with its memory.
    with tempfile.TemporaryDirectory() as name:
        whole, triples = files(Path(name), size)
        peaks = memory(_read, whole), memory(merged, whole), memory(merged, triples)
        took, journal = Child(merged, whole).result()[0]
    told = f"{size:,} records, {len(document(size)) >> 20} MiB of PROV-JSON"
    report(
        "exchange",
        [
            *to_statements(size),
            *to_documents(size),
            Row(
                f"merge, with checks, links, and a journal of {journal >> 20} MiB",
                took / size * 1e3,
                UNIT,
            ),
            Row(f"memory at most: to read {told}", peaks[0], "MiB"),
            Row("the same, to merge them", peaks[1], "MiB"),
            Row("the same, to merge them as N-Triples, read one by one", peaks[2], "MiB"),
        ],
    )


if __name__ == "__main__":
    main()
