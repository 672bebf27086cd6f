"""What the lineage of a model costs, in one run and over a chain of 50 fine-tuned models.

In a compacted store on disk with 1,000 other runs of 100 epochs, all on the same data, with the
index that ingest keeps. (Before it is compacted, all of this takes up to ten times as long.) CPU
time of the walk of `kprov lineage`, which gives things, their classes and relations; and of the
walk with all that the command tells of them, for which their statements are read.

Its peer is the question `lineage`, a bare property path, held to the same limits, which reads the
things alone. The walk obeys rules: equal content in other records, depth, number of things, what
explains an activity.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from common import Row, quick, report

from kprov_capture.home import create
from kprov_capture.identity import uuid7
from kprov_rdf import query, summaries
from kprov_rdf.ingest import open_snapshot
from kprov_rdf.lineage import told
from kprov_rdf.lineage.steps import DOWN, UP
from kprov_rdf.lineage.walk import Lineage, trace
from kprov_rdf.store import LocalStore
from tests.tuning import chain

LENGTH = 50
OTHERS = 1_000
EPOCHS = 100
_AT_ONCE = 50


def median(work: Callable[[], object]) -> float:
    """ms of CPU, warm: other processes do not change it."""
    found = []
    for _ in range(5 if quick() else 31):
        started = time.process_time()
        work()
        found.append((time.process_time() - started) * 1000)
    return statistics.median(found)


def others(store: LocalStore, template: str, run: str) -> None:
    """Copies of one run, each with an id of its own."""
    for _ in range(OTHERS // _AT_ONCE):
        copies = (template.replace(run, str(uuid7())) for _ in range(_AT_ONCE))
        store.load("".join(copies).encode())


def lines(store: LocalStore, graph: str) -> str:
    return "".join(f"{triple} <{graph}> .\n" for triple in store.graph(graph))


def path(store: LocalStore, thing: str) -> list[tuple[query.Term, ...]]:
    """The answer to the question of the catalogue."""
    return list(query.table(store, query.find("lineage"), {"thing": thing}).rows)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "files").mkdir()
        (long,) = chain(create(folder / "long"), folder / "files", 1, EPOCHS, salt=1.0)
        (alone,) = chain(create(folder / "alone"), folder / "files", 1, EPOCHS, salt=2.0)
        runs = chain(create(folder / "home"), folder / "files", LENGTH)
        store = LocalStore(folder / "store")
        with open_snapshot(create(folder / "home")) as snapshot:
            for graph in snapshot.graphs():
                store.load(lines(snapshot, graph).encode())
        with open_snapshot(create(folder / "long")) as snapshot:
            store.load(lines(snapshot, long.names.run).encode())
            others(store, lines(snapshot, long.names.run), long.id)
        with open_snapshot(create(folder / "alone")) as snapshot:
            store.load(lines(snapshot, alone.names.run).encode())
        summaries.rebuild(store)
        store.compact()
        first, last = runs[0].names("file-1"), runs[-1].names("file-1")
        rows = []
        for what, of, direction, limit in (
            ("up from a model's file in one run", alone.names("file-1"), UP, 1.0),
            (f"the same, on data that {LENGTH - 1} others used", first, UP, None),
            (f"the same, on data that {OTHERS:,} others used", long.names("file-1"), UP, None),
            (f"up a chain of {LENGTH} models", last, UP, 10.0),
            (f"down a chain of {LENGTH} models", first, DOWN, None),
        ):

            def walk(of: str = of, direction: str = direction) -> Lineage:
                return trace(store, [of], direction)

            nodes = f"{len(walk().nodes)} things"
            asked = median(lambda of=of: path(store, of)) if direction == UP else None
            peer = "the question lineage" if asked else None
            cost = median(walk)
            rows += [
                Row(f"{what}: walk, {nodes}", cost, "ms", limit, peer=peer, peer_value=asked),
                Row(f"{what}: with telling them", median(lambda: told.tell(store, walk())), "ms"),
            ]
    report("lineage", rows)


if __name__ == "__main__":
    main()
