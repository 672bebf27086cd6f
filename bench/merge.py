"""Reading PROV-JSON into statements, beside the RDF writer of the prov package."""

import io
import json
import tempfile
import time
import warnings
from pathlib import Path

import pyoxigraph as ox
from common import Row, report
from prov.model import ProvDocument

from kprov_capture.home import create
from kprov_rdf.exchange import merge, reading
from kprov_rdf.exchange.scope import Scope

RECORDS = 20_000


def document(records: int) -> bytes:
    """So many records: of five, two elements and three relations, as workflows write them."""
    entity, activity, generated, used, derived = {}, {}, {}, {}, {}
    for n in range(records // 5):
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
            "prefix": {"ex": "http://example.org/"},
            "entity": entity,
            "activity": activity,
            "wasGeneratedBy": generated,
            "used": used,
            "wasDerivedFrom": derived,
        }
    ).encode()


def main() -> None:
    data = document(RECORDS)
    started = time.perf_counter()
    found = reading.parse(data, "bench.json", Scope("urn:bench"))
    ox.serialize(found.quads, format=ox.RdfFormat.N_QUADS)
    ours = RECORDS / (time.perf_counter() - started)
    assert found.records == RECORDS

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        started = time.perf_counter()
        peer = ProvDocument.deserialize(content=data.decode(), format="json")
        parsed = time.perf_counter() - started
        peer.serialize(io.StringIO(), format="rdf", rdf_format="nt")
        theirs = RECORDS / (time.perf_counter() - started)

    with tempfile.TemporaryDirectory() as name:
        home = create(Path(name))
        started = time.perf_counter()
        merge.merge(home, data, "bench.json")
        whole = RECORDS / (time.perf_counter() - started)
    report(
        "merge",
        [
            Row(f"PROV-JSON to N-Quads ({RECORDS:,} records)", ours, "records/s",
                peer="prov, PROV-JSON to N-Triples", peer_value=theirs),
            Row("of it, what prov needs to parse the JSON", RECORDS / parsed, "records/s"),
            Row("merge, with the checks and the journal", whole, "records/s"),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
