"""Questions over many runs, as users ask them, beside other databases and trackers.

    python bench/query.py [--runs N] [--folder DIR] [--peers PYTHON] [--quick]

makes N runs of 100 epochs (10,000; with --quick 1,000) as capture records them, in a temporary
folder or in DIR, where they stay and are used again. 10,000 take some ten minutes and 5 GB. The
limits are for as many. DuckDB, MLflow and trackio are asked in the environment of `make
bench-peers`; without it, SQLite is the only peer.

A question is found, its parameters are checked, and all of its rows are read and turned into
Python values. Each is asked in turn, in a process of its own as the command asks it, until what it
reads is warm and then again; and all that in several turns. In a process that has asked others
before, such as a server, the shortest questions take up to 1.5 times as long.
"""

import io
import json
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from functools import partial
from gzip import compress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import many
from common import PARSER, Row, given, report
from query_peers import SECONDS, say, size, timed, times

from kprov_capture.home import create
from kprov_rdf import journal, query, runs, summaries
from kprov_rdf.lineage.walk import trace
from kprov_rdf.store import LocalStore
from tests.tuning import chain

ALL, FEWER = 10_000, 1_000
# A machine that is shared is slower for some seconds at a time: no question is asked only then.
TURNS = 5
CHAIN = 50
PORTION = 100_000_000  # bytes that are loaded together
KL = {"growth": "K", "depth": "L"}
HERE = Path(__file__).resolve().parent
NOTE = """\
What limits the store beside DuckDB: DuckDB keeps columns, packed, and reads only those that a
question names, in batches and on both cores. The store keeps each statement in six sorted orders
(that is its size on disk), and one core reads it: 0.25 µs for a statement in order, 1 µs to join it
with others by a hash table, 4 µs or more for a statement that is looked up by its subject, 3 µs or
more for each IRI in an answer. So what is asked of all runs costs some microseconds a run and
property, however little comes out; Q2 is all reading and planning its text."""

Rows = list[tuple[Any, ...]]
Turn = tuple[Rows, list[tuple[float, float]]]


@dataclass(frozen=True)
class Asked:
    """A question to the store; ``limit`` in ms holds for 10,000 runs."""

    what: str
    limit: float
    ask: Callable[[LocalStore], Rows] | None = None
    peer: str = ""  # its name in query_peers.py
    run: int | None = None  # the column that names a run
    store: Path | None = None  # where it is another one
    thing: str = ""  # whose lineage is asked for
    walk: bool = False  # as the command does, and not by the question of the catalogue


def rows(store: LocalStore, name: str, parameters: dict[str, str]) -> Rows:
    """All rows of a question of the catalogue, as Python values."""
    found = query.table(store, query.find(name), parameters)
    return [tuple(query.value(term) for term in row) for row in found.rows]


def of_catalogue(
    name: str, what: str, limit: float, parameters: dict[str, str], run: int | None = None
) -> Asked:
    return Asked(what, limit, lambda store: rows(store, name, parameters), name, run)


def page(store: LocalStore) -> Rows:
    """The first page of `kprov runs`, in the order of the peers' columns."""
    return [
        (run.tag, run.optimizer, run.rate, run.planned, run.iri, run.epochs)
        for run in runs.listing(store, set(), limit=50)
    ]


def questions(store: LocalStore) -> dict[str, Asked]:
    """What is asked, by name."""
    one = runs.listing(store, set(), limit=50)[-1]
    r2, best = {"metric": "r2", **KL}, {"k": "32", "l": "9", **KL}
    return {
        "q1": of_catalogue("q1", "Q1: loss and val_loss per optimizer at an epoch", 75, {}, 3),
        "q2": of_catalogue("q2", "Q2: activations of one run", 1, {"run": one.iri}),
        "q3": of_catalogue("q3", "Q3: mean epoch time and loss per optimizer", 150, {}),
        "q4": of_catalogue("q4", "Q4: the best run by r2", 5, r2, 6),
        "q5": of_catalogue("q5", "Q5: the three best runs by r2", 5, r2, 4),
        "q6": of_catalogue("q6", "Q6: the best epochs with K=32 and L=9", 40, best, 5),
        "q7": of_catalogue("q7", "Q7: mean epoch time per K and L", 120, KL),
        "best": of_catalogue("best", "best val_loss per optimizer", 500, {}, 5),
        "runs": Asked("the first page of runs, 50", 100, page, "runs", 4),
        "find": Asked(
            "the run that a short name means", math.inf,
            lambda store: [(runs.find(store, set(), one.short).iri,)],
        ),
    }  # fmt: skip


def made(folder: Path, count: int) -> Path:
    """A store of so many runs; made where it is not in the folder yet."""
    path = folder / f"kprov-{count}"
    if path.exists():
        store = LocalStore(path)
        if summaries.is_whole(store):
            store.close()
        else:
            _finish(store)
        return path
    unfinished = folder / f"kprov-{count}.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    store = LocalStore(unfinished)
    part: list[bytes] = []
    for number, (_, text) in enumerate(many.runs(count), 1):
        part.append(text)
        if sum(map(len, part)) > PORTION or number == count:
            store.load(b"".join(part))
            part.clear()
            say(f"kprov: {number:,} of {count:,} runs loaded …")
    _finish(store)
    unfinished.rename(path)
    return path


def _finish(store: LocalStore) -> None:
    """Make the summaries, and compact."""
    say("kprov: making the summaries …")
    summaries.rebuild(store)
    store.flush()
    say("kprov: compacting …")
    store._store.optimize()
    store.reopen()  # without its write-ahead log
    store.close()


def memory(path: str, name: str) -> float:
    """MiB that a process has at most that opens the store and asks one question."""
    store = LocalStore(Path(path), read_only=True)
    questions(store)[name].ask(store)
    told = Path("/proc/self/status").read_text().partition("VmHWM:")[2]
    return int(told.split()[0]) / 1024  # not ru_maxrss: it is inherited from who started it


def walked(store: LocalStore, thing: str) -> Rows:
    """What the walk of `kprov lineage` reaches."""
    return [(one.iri, one.distance) for one in trace(store, [thing]).nodes.values()]


def turn(path: str, name: str, thing: str, walk: bool) -> Turn:
    """One turn of a question, or of the lineage of a thing where there is one, in this process."""
    store = LocalStore(Path(path), read_only=True)
    if walk:
        ask = partial(walked, store, thing)
    elif thing:
        ask = partial(rows, store, "lineage", {"thing": thing})
    else:
        ask = partial(questions(store)[name].ask, store)
    return ask(), times(ask, SECONDS / TURNS)


def alone(work: Callable[..., Any], *given: list[Any]) -> list[Any]:
    """What it finds for each, every one in a process of its own, as the command is."""
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
        return list(pool.map(work, *given))


def alike(ours: Rows, theirs: Rows, question: str) -> None:
    """Check that both found the same, in whatever order: means differ in their last digits."""

    def key(row: tuple[Any, ...]) -> tuple[str, ...]:
        return tuple(f"{one:.9g}" if isinstance(one, float) else str(one) for one in row)

    assert len(ours) == len(theirs), f"{question}: {len(ours)} rows, and {len(theirs)} of the peer"
    for one, other in zip(sorted(ours, key=key), sorted(theirs, key=key), strict=True):
        for mine, its in zip(one, other, strict=True):
            same = math.isclose(mine, its, rel_tol=1e-9) if isinstance(its, float) else mine == its
            assert same, f"{question}: {one}, and of the peer {other}"


def without(found: Rows | list[list[Any]], column: int | None) -> Rows:
    """The rows without a column: a run has another name elsewhere."""
    return [tuple(cell for at, cell in enumerate(row) if at != column) for row in found]


def peers(folder: Path, count: int, fewer: int, python: Path) -> dict[str, Any]:
    """What query_peers.py found, in the environment of the peers where there is one."""
    if not python.exists():
        say(f"There is no {python}: `make bench-peers` sets up what MLflow and DuckDB need.")
    command = [str(python if python.exists() else sys.executable), str(HERE / "query_peers.py")]
    done = subprocess.run(
        [*command, str(folder / "peers"), str(count), str(fewer)],
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    for name in found["missing"]:
        say(f"left out: {name}")
    return found


def by_turns(path: Path, asked: dict[str, Asked]) -> dict[str, tuple[Rows, float, float]]:
    """The answer to each question, and the medians of its ms and ms of CPU."""
    stores = [str(one.store or path) for one in asked.values()]
    things, walks = zip(*((one.thing, one.walk) for one in asked.values()), strict=True)
    found: dict[str, list[Turn]] = {name: [] for name in asked}
    for number in range(TURNS):
        say(f"kprov: asking, turn {number + 1} of {TURNS} …")
        for name, told in zip(asked, alone(turn, stores, list(asked), things, walks), strict=True):
            found[name].append(told)
    shown = {}
    for name, turns in found.items():
        wall, cpu = zip(*(each for _, told in turns for each in told), strict=True)
        shown[name] = turns[0][0], statistics.median(wall), statistics.median(cpu)
    return shown


def measured(path: Path, count: int, asked: dict[str, Asked], found: dict[str, Any]) -> list[Row]:
    """The rows of one store, beside the databases with the same runs."""
    times = by_turns(path, asked)
    shown: list[Row] = []
    for name, one in asked.items():
        answer, wall, cpu = times[name]
        what = f"{one.what} ({len(answer)} rows of {count:,} runs)"
        limit = one.limit if count == ALL and one.limit < math.inf else None
        if name == "best" and count == FEWER:
            limit = 50
        beside = {
            peer: found[peer][str(count)]
            for peer in ("DuckDB", "SQLite")
            if one.peer and str(count) in found.get(peer, {})
        }
        for told in beside.values():
            theirs = without(told["answers"][one.peer], one.run)
            alike(without(answer, one.run), theirs, name)
        peer, told = next(iter(beside.items()), (None, None))
        value = told["ms"][one.peer] if told else None
        shown.append(Row(what, wall, "ms", limit, peer=peer, peer_value=value))
        for peer in list(beside)[1:]:
            value = beside[peer]["ms"][one.peer]
            shown.append(Row(f"{one.what} (the same)", wall, "ms", peer=peer, peer_value=value))
        shown.append(Row(f"{one.what}, CPU", cpu, "ms"))
    return shown


@contextmanager
def lineages(path: Path) -> Iterator[dict[str, Asked]]:
    """What a model's file came of, in one run and over a chain of models beside those runs.

    The chain goes into a copy of the store, which takes no room: its files are linked.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as name:
        folder = Path(name)
        LocalStore(path, read_only=True).backup(folder / "store")
        store = LocalStore(folder / "store")
        home = create(folder / "home")
        with redirect_stderr(io.StringIO()):
            chained = chain(home, folder, CHAIN)
        for file in home.journal.glob("*.nq"):
            text = journal.read(file).text
            store.load(text)
            summaries.update(store, text)
        store.flush()
        store.close()
        yield {
            f"{name} {walk}": Asked(
                f"{'the walk of kprov' if walk else 'the question'} lineage, {what}",
                limit, store=folder / "store", thing=run.names("file-1"), walk=walk,
            )
            for walk in (True, False)
            for name, what, limit, run in (
                ("one", "in one run", 1, chained[0]),
                ("chain", f"over a chain of {CHAIN} models beside", 10, chained[-1]),
            )
        }  # fmt: skip


def trackers(path: Path, count: int, found: dict[str, Any]) -> list[Row]:
    """The best val_loss per optimizer beside trackers; MLflow's search has the last only."""
    store = LocalStore(path, read_only=True)
    answer, wall = timed(lambda: rows(store, "best", {}))
    shown = []
    for name, ms, what in (
        ("trackio", "best", "trackio, its SQL"),
        ("MLflow", "best", "MLflow, search_runs and get_metric_history of each run"),
        ("MLflow", "last", "MLflow, search_runs (last values)"),
    ):
        if told := found.get(name, {}).get(str(count)):
            theirs = [tuple(row) for row in told["answers"]["best"]]
            alike([row[:2] for row in answer], theirs, name)
            asked = f"best val_loss per optimizer (of {count:,} runs, the same)"
            shown.append(Row(asked, wall, "ms", peer=what, peer_value=told["ms"][ms]))
    return shown


def space(path: Path, count: int, found: dict[str, Any]) -> list[Row]:
    """Bytes on disk, of a run and of an epoch, and quads."""
    texts = [text for _, text in many.runs(len(many.TAGS))]
    more = [text for _, text in many.runs(len(many.TAGS), many.EPOCHS + 1)]
    quads = [statistics.mean(text.count(b"\n") for text in of) for of in (texts, more)]
    ours = size(path) / count
    shown = [
        Row("quads of an epoch with four metrics", quads[1] - quads[0], "quads", 17),
        Row(f"quads of a run of {many.EPOCHS} epochs", quads[0], "quads"),
    ]
    sizes = {
        name: told["bytes"]
        for name in ("DuckDB", "SQLite", "trackio", "MLflow")
        for runs, told in found.get(name, {}).items()
        if runs == str(count) or name in ("trackio", "MLflow")
    }
    for number, (peer, value) in enumerate(sizes.items()):
        again = " (the same)" if number else ""
        shown.append(Row(f"disk of a run, the store{again}", ours / 1024, "KiB", peer=peer,
                         peer_value=value / 1024))  # fmt: skip
    journal = statistics.mean(len(compress(text)) for text in texts)
    return [
        *shown,
        Row("disk of a run, its journal, compressed", journal / 1024, "KiB"),
        Row("disk of an epoch, the store", ours / many.EPOCHS, "bytes"),
        Row("disk of an epoch, its journal, compressed", journal / many.EPOCHS, "bytes"),
    ]


def main() -> None:
    PARSER.add_argument("--runs", type=int, metavar="N", help="number of runs (10,000)")
    PARSER.add_argument("--folder", type=Path, metavar="DIR", help="keep the stores there")
    PARSER.add_argument(
        "--peers", type=Path, metavar="PYTHON", help="Python that has the peers",
        default=HERE.parent / ".venv-peers/bin/python",
    )  # fmt: skip
    options = given()
    count = options.runs or (FEWER if options.quick else ALL)
    fewer = min(FEWER, count)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        path, small = made(folder, count), made(folder, fewer)
        found = peers(folder, count, fewer, options.peers)
        asked = questions(LocalStore(path, read_only=True))
        with lineages(path) as more:
            shown = measured(path, count, asked | more, found)
        if fewer != count:
            shown += measured(small, fewer, {"best": asked["best"]}, found)
        shown += trackers(small, fewer, found)
        say("kprov: memory …")
        peaks = dict(zip(asked, alone(memory, [str(path)] * len(asked), list(asked)), strict=True))
        worst = max(peaks, key=lambda name: peaks[name])
        shown.append(
            Row(f"memory of a process that asks one, at most ({worst})", peaks[worst], "MiB", 500)
        )
        shown += space(path, count, found)
    report("query", shown, NOTE)


if __name__ == "__main__":
    main()
