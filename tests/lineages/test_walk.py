"""The walk: where it goes, where it does not, and what it reads for that."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_capture.facts import Dataset
from kprov_capture.home import Home
from kprov_capture.run import Run
from kprov_rdf import summaries
from kprov_rdf.exchange import merge
from kprov_rdf.exchange.sources import Source
from kprov_rdf.ingest import open_snapshot
from kprov_rdf.lineage import meant
from kprov_rdf.lineage.steps import DOWN, UP
from kprov_rdf.lineage.walk import Lineage, trace
from kprov_rdf.remote import RemoteStore
from kprov_rdf.store import LocalStore, Node, Value
from tests import recording
from tests.tuning import chain

TRACKERS = Path(__file__).parents[1] / "exchange" / "fixtures" / "trackers"
_P = "http://www.w3.org/ns/prov#"


def store(*statements: str, graph: str = "urn:g") -> LocalStore:
    """A store of statements such as ``a wasDerivedFrom b``."""
    found = LocalStore()
    lines = []
    for one in statements:
        subject, how, value = one.split()
        lines.append(f"<urn:{subject}> <{_P}{how}> <urn:{value}> <{graph}> .\n")
    found.load("".join(lines).encode())
    return found


def ends(found: Lineage) -> set[str]:
    return {re.split("[#/:]", iri)[-1] for iri in found.nodes}


def distances(found: Lineage) -> dict[str, int]:
    return {iri: one.distance for iri, one in found.nodes.items()}


def test_a_chain_of_models_leads_back_to_the_first_training(home: Home, tmp_path: Path) -> None:
    runs = chain(home, tmp_path, 4)
    with open_snapshot(home) as snapshot:
        up = trace(snapshot, [runs[-1].names("file-1")])
        assert {run.names.training for run in runs} <= up.nodes.keys()
        down = trace(snapshot, [runs[0].names("file-1")], DOWN)
        assert {run.names.model for run in runs[1:]} <= down.nodes.keys()
        # From the middle, up and down share only where they began.
        middle = runs[2].names.model
        both = trace(snapshot, [middle]).nodes.keys() & trace(snapshot, [middle], DOWN).nodes.keys()
        assert both == {middle}


def test_what_explains_a_training_leads_nowhere(home: Home) -> None:
    run = recording.record(home.path)
    with open_snapshot(home) as snapshot:
        found = trace(snapshot, [run.names("testing-1-metrics")])
        assert ends(found) == {
            *("testing-1-metrics", "testing-1", "test-set", "model", "training", "train-set"),
        }
        assert found.more == 0
        epoch = ends(trace(snapshot, [run.names("metrics-1")]))
        assert epoch == {"metrics-1", "epoch-1", "training", "train-set"}


def test_equal_content_leads_to_what_made_it_and_not_to_what_used_it(home: Home) -> None:
    raw = np.arange(100, dtype="uint8")
    made = Run("made", home=home.path)
    with made.transformation("cut", inputs={"x": raw}) as cut:
        part = raw[:50].copy()
        cut.output(x=part)
    made.close()
    users = []
    for number in range(3):
        run = Run("used", home=home.path)
        data = Dataset("train-set", "train", "numpy.ndarray", samples=50)
        run.dataset("train", data, {"x": part.copy(), "y": np.full(90, number)})
        run.start_training({"optimizer_name": "SGD", "epochs": 1})
        run.end_training("FINISHED")
        run.close()
        users.append(run)
    with open_snapshot(home) as snapshot:
        up = trace(snapshot, [users[0].names.model])
        records = {name for one in up.nodes.values() for name in one.graphs}
        # As a whole the data differ, in one of their arrays they are the same.
        assert records == {users[0].names.run, made.names.run}
        assert any(one.relation == "hadMember" for one in up.edges)
        down = trace(snapshot, [made.names("raw-1")], DOWN)
        assert {run.names.model for run in users} <= down.nodes.keys()


def test_links_lead_from_one_tool_to_another() -> None:
    ours = Source("kprov.nq", gzip.decompress((TRACKERS / "kprov.nq.gz").read_bytes()))
    others = [Source(str(TRACKERS / name)) for name in ("mlruns", "crate")]
    merged, _ = merge.together([ours, *others])
    found = trace(merged, meant.find(merged, "confusion.csv").iris)
    reached = ends(found)
    assert {"digits.keras", "file-1", "model", "training", "read-1", "digits.csv.gz"} <= reached
    assert any(one.endswith("-training") for one in reached)  # MLflow's
    assert {"equalContent"} <= {one.relation for one in found.edges}
    down = trace(merged, meant.find(merged, "digits.csv.gz").iris, DOWN)
    assert {"training", "confusion.csv"} <= ends(down)


def test_a_cycle_of_another_tool_ends() -> None:
    cycle = store("a wasDerivedFrom b", "b wasDerivedFrom c", "c wasDerivedFrom a", "c used c")
    assert ends(trace(cycle, ["urn:a"])) == ends(trace(cycle, ["urn:b"], DOWN)) == {"a", "b", "c"}


def test_relations_that_only_a_node_of_their_own_tells() -> None:
    found = LocalStore()
    prov = f"<{_P}"
    lines = [
        f"<urn:e> {prov}qualifiedGeneration> _:g <urn:g> .",
        f"_:g {prov}activity> <urn:a> <urn:g> .",
        f"<urn:a> {prov}qualifiedUsage> _:u <urn:g> .",
        f"_:u {prov}entity> <urn:raw> <urn:g> .",
        f"<urn:b> {prov}generated> <urn:raw> <urn:g> .",
    ]
    found.load("\n".join(lines).encode())
    assert ends(trace(found, ["urn:e"])) == ends(trace(found, ["urn:b"], DOWN))
    assert ends(trace(found, ["urn:e"])) == {"e", "a", "raw", "b"}


def test_depth_and_limit_tell_of_more() -> None:
    long = store(*(f"n{number} wasDerivedFrom n{number + 1}" for number in range(20)))
    found = trace(long, ["urn:n0"], depth=3)
    assert (ends(found), found.more) == ({"n0", "n1", "n2", "n3"}, 1)
    assert trace(long, ["urn:n0"], limit=5).more == 1
    assert len(trace(long, ["urn:n0"]).nodes) == 21
    wide = store(*(f"n{number} wasDerivedFrom n" for number in range(50)))
    found = trace(wide, ["urn:n"], DOWN, limit=10)
    assert len(found.nodes) == 11
    assert found.notes == [
        "urn:n is in more than 10 relations wasDerivedFrom; only so many were followed"
    ]


class Counting(LocalStore):
    """How many statements were read."""

    read = 0

    def quads(
        self, subject: Node | None, predicate: ox.NamedNode | None, value: Value | None
    ) -> Iterator[ox.Quad]:
        for one in super().quads(subject, predicate, value):
            self.read += 1
            yield one


def test_it_reads_nothing_of_what_is_not_reached(home: Home, tmp_path: Path) -> None:
    (run,) = chain(home, tmp_path, 1)
    counting = Counting()
    with open_snapshot(home) as snapshot:
        for graph in snapshot.graphs():
            lines = [f"{triple} <{graph}> .\n" for triple in snapshot.graph(graph)]
            counting.load("".join(lines).encode())
    trace(counting, [run.names.model])
    before, counting.read = counting.read, 0
    far = (
        f"<urn:x{number}> <{_P}wasDerivedFrom> <urn:x{number + 1}> <{run.names.run}> .\n"
        f"<urn:x{number}> <{_P}wasGeneratedBy> <urn:y{number}> <urn:g{number % 100}> .\n"
        for number in range(50_000)
    )
    counting.load("".join(far).encode())
    trace(counting, [run.names.model])
    assert 0 < counting.read <= before + 5  # whether the store has a relation at all


@pytest.mark.parametrize("direction", [UP, DOWN])
def test_a_remote_store_gives_the_same(
    home: Home, tmp_path: Path, remote: RemoteStore, direction: str
) -> None:
    runs = chain(home, tmp_path, 2)
    with open_snapshot(home) as snapshot:
        for graph in snapshot.graphs():
            lines = [f"{triple} <{graph}> .\n" for triple in snapshot.graph(graph)]
            remote.load("".join(lines).encode())
        start = [runs[0].names.model if direction == DOWN else runs[1].names.model]
        here, there = trace(snapshot, start, direction), trace(remote, start, direction)
    assert here.edges == there.edges != []
    assert here.nodes.keys() == there.nodes.keys()


@pytest.mark.parametrize("direction", [UP, DOWN])
def test_the_index_changes_no_lineage(home: Home, tmp_path: Path, direction: str) -> None:
    """That of each thing is the same where all is read from the statements."""
    chain(home, tmp_path, 3)
    raw = np.arange(64, dtype="float32")
    made = Run("made", home=home.path)
    with made.transformation("cut", inputs={"x": raw}) as cut:
        cut.output(x=raw[:50].copy())
    made.dataset("train", Dataset("train-set", "train", "numpy.ndarray"), {"x": raw[:50]})
    made.start_training({"optimizer_name": "SGD", "epochs": 1})
    made.end_training("FINISHED")
    made.close()
    for name in ("mlruns", "crate"):
        merge.merge(home, Source(str(TRACKERS / name)))
    plain = LocalStore()
    with open_snapshot(home) as indexed:
        for graph in indexed.graphs():
            lines = [f"{triple} <{graph}> .\n" for triple in indexed.graph(graph)]
            plain.load("".join(lines).encode())
        query = "SELECT DISTINCT ?s { GRAPH ?g { ?s ?p ?o } FILTER isIRI(?s) }"
        iris = sorted({row["s"].value for row in plain.query(query)})  # type: ignore[union-attr]
        reached, relations = 0, set[str]()
        for iri in iris:
            for depth in (1, None):
                one, other = (trace(x, [iri], direction, depth) for x in (indexed, plain))
                assert one.edges == other.edges
                assert distances(one) == distances(other)
                assert (one.more, one.notes) == (other.more, other.notes)
                for name, thing in one.nodes.items():
                    assert thing.types == other.nodes[name].types
                    assert set(thing.graphs) == set(other.nodes[name].graphs)
                    assert thing.said.keys() == other.nodes[name].said.keys()
                reached += len(one.nodes)
                relations |= {edge.relation for edge in one.edges}
        assert reached > 3 * len(iris)
        assert {"equalContent", "wasGeneratedBy", "used", "wasDerivedFrom"} <= relations


def both(lines: str) -> list[LocalStore]:
    """Stores of these statements, with the index and without."""
    indexed, plain = LocalStore(), LocalStore()
    summaries.rebuild(indexed)
    for one in (indexed, plain):
        one.load(lines.encode())
    summaries.update(indexed, lines.encode())
    return [indexed, plain]


CONTENT = "http://b/content/sha256-" + "1" * 64


def test_equal_content_is_met_whoever_tells_of_it() -> None:
    """By the graph of the generation or by that of links, and under another name."""
    same = "http://www.w3.org/2002/07/owl#sameAs"
    lines = f"""<urn:made> <{_P}wasGeneratedBy> <urn:a1> <urn:g> .
<urn:made> <{_P}specializationOf> <{CONTENT}> <urn:g> .
<urn:linked> <{_P}wasGeneratedBy> <urn:a2> <urn:g> .
<urn:linked> <{_P}specializationOf> <{CONTENT}> <http://b/links> .
<urn:table> <{_P}wasGeneratedBy> <urn:a3> <urn:g> .
<urn:table> <{_P}specializationOf> <https://doi.org/10.5/data> <urn:g> .
<{CONTENT}> <{same}> <https://doi.org/10.5/data> <urn:g> .
<urn:file> <{_P}specializationOf> <{CONTENT}> <urn:h> .
"""
    for one in both(lines):
        reached = ends(trace(one, ["urn:file"]))
        assert reached >= {"file", "made", "linked", "table", "a1", "a2", "a3"}


def test_what_is_equal_a_thousand_times_is_no_lineage() -> None:
    """As empty files: of one that says where it came from."""
    lines = "".join(
        f"<urn:x{number}> <{_P}wasGeneratedBy> <urn:a{number}> <urn:document> .\n"
        f"<urn:x{number}> <{_P}specializationOf> <{CONTENT}> <urn:document> .\n"
        for number in range(1_000)
    )
    lines += f"""<urn:file> <{_P}specializationOf> <{CONTENT}> <urn:h> .
<urn:file> <{_P}wasGeneratedBy> <urn:export> <urn:h> .
"""
    for one in both(lines):
        assert ends(trace(one, ["urn:file"])) == {"file", "export"}


def test_equal_content_says_less_than_a_derivation() -> None:
    lines = f"""<urn:new> <{_P}wasDerivedFrom> <urn:old> <urn:h> .
<urn:new> <{_P}specializationOf> <{CONTENT}> <urn:h> .
<urn:old> <{_P}specializationOf> <{CONTENT}> <urn:g> .
<urn:old> <{_P}wasGeneratedBy> <urn:a> <urn:g> .
"""
    for one in both(lines):
        for found in (trace(one, ["urn:new"]), trace(one, ["urn:old"], DOWN)):
            assert ("urn:new", "wasDerivedFrom", "urn:old") in found.edges


_RELATIONS = ("wasDerivedFrom", "wasRevisionOf", "wasGeneratedBy", "used", "wasInformedBy")
_NAMES = st.integers(0, 7).map("n{}".format)
GRAPHS = st.lists(st.tuples(_NAMES, st.sampled_from(_RELATIONS), _NAMES), min_size=1, max_size=20)


@given(GRAPHS, st.one_of(st.none(), st.integers(0, 4)))
def test_up_and_down_are_inverse(told: list[tuple[str, str, str]], depth: int | None) -> None:
    """y is in the lineage of x just where x is in what was made of y, within any depth."""
    random = store(*(" ".join(one) for one in told))
    names = sorted({f"urn:{name}" for one in told for name in (one[0], one[2])})
    up = {name: trace(random, [name], UP, depth).nodes.keys() for name in names}
    down = {name: trace(random, [name], DOWN, depth).nodes.keys() for name in names}
    assert all((y in up[x]) == (x in down[y]) for x in names for y in names)
    everything = {(one.later, one.earlier) for name in names for one in trace(random, [name]).edges}
    assert everything == {(f"urn:{a}", f"urn:{b}") for a, _, b in told}
