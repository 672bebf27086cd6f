"""What runs come to: the same as their records say, whenever it is asked."""

import math
import random
import shutil
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kprov_capture.home import Home, create
from kprov_rdf import ingest, journal, query, runs, summaries
from kprov_rdf.exchange import merge
from kprov_rdf.exchange.sources import Source
from kprov_rdf.store import SUMMARY_GRAPH, SUMMARY_NAMESPACE, LocalStore
from tests import recording

NAN = math.nan
EPOCHS = ox.NamedNode(f"{SUMMARY_NAMESPACE}epochs")


def said(store: LocalStore, run: str) -> dict[str, object]:
    """The summary of a run, by the local names of its properties."""
    return {
        triple.predicate.value.removeprefix(SUMMARY_NAMESPACE): query.value(triple.object)
        for triple in store.graph(SUMMARY_GRAPH)
        if triple.subject == ox.NamedNode(run)
    }


def of(home: Home, run: str) -> dict[str, object]:
    with ingest.open_snapshot(home) as store:
        return said(store, run)


def test_a_run_is_summed_up(home: Home) -> None:
    run = recording.record(home.path, losses=(0.9, 0.5, 0.7)).names.run
    found = of(home, run)
    (own,) = (name for name in found if name.startswith("test-f1_of_all_-064e1290-"))
    dates = [found.pop(name) for name in ("started", "ended")]
    assert dates == sorted(dates, key=str)
    assert {key: value for key, value in found.items() if "ccuracy" not in key} == {
        "tag": "test-flow", "status": "FINISHED", "epochs": 3, "layers": 4, "parameters": 58,
        "setting-optimizerName": "Adam", "setting-learningRate": 0.001, "setting-numEpochs": 3,
        "setting-batchSize": 4, "test-loss": 0.8, own: 0.5,
        "count-loss": 3, "mean-loss": math.fsum([0.9, 0.5, 0.7]) / 3, "last-loss": 0.7,
        "min-loss": 0.5, "minEpoch-loss": 1, "max-loss": 0.9, "maxEpoch-loss": 0,
        "count-valLoss": 3, "mean-valLoss": math.fsum([1.15, 0.75, 0.95]) / 3, "last-valLoss": 0.95,
        "min-valLoss": 0.75, "minEpoch-valLoss": 1, "max-valLoss": 1.15, "maxEpoch-valLoss": 0,
        "count-elapsedTime": 3, "mean-elapsedTime": 1.5, "last-elapsedTime": 2.5,
        "min-elapsedTime": 0.5, "minEpoch-elapsedTime": 0,
        "max-elapsedTime": 2.5, "maxEpoch-elapsedTime": 2,
        "count-learningRate": 3, "mean-learningRate": 0.002 / 3, "last-learningRate": 0.0005,
        "min-learningRate": 0.0005, "minEpoch-learningRate": 1,
        "max-learningRate": 0.001, "maxEpoch-learningRate": 0,
    }  # fmt: skip


def test_the_properties_are_described(home: Home) -> None:
    recording.record(home.path)
    text = """SELECT ?of ?statistic ?value { GRAPH <%s> {
      summary:minEpoch-valLoss summary:of ?of ; summary:statistic ?statistic ;
        summary:epochOf ?value } }"""
    with ingest.open_snapshot(home) as store:
        (row,) = query.table(store, query.Question("", text % SUMMARY_GRAPH), {}).rows
    assert [query.value(term) for term in row] == [
        "https://w3id.org/dnnprov#valLoss", "minEpoch", f"{SUMMARY_NAMESPACE}min-valLoss",
    ]  # fmt: skip


def test_it_grows_with_the_training(home: Home) -> None:
    run = recording.begin(home.path)
    assert run.settle(10)
    assert of(home, run.names.run)["epochs"] == 0
    for number, loss in enumerate((0.5, 0.25)):
        recording.epoch(run, number, loss)
        assert run.settle(10)
        found = of(home, run.names.run)
        assert (found["epochs"], found["last-loss"]) == (number + 1, loss)
        assert "status" not in found
    run.end_training("FINISHED")
    run.close()
    found = of(home, run.names.run)
    assert (found["status"], found["mean-loss"]) == ("FINISHED", 0.375)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(width=64), min_size=1, max_size=8))
def test_the_sums_are_those_of_the_values(values: list[float]) -> None:
    """NaN and infinities too; the first epoch that had it is where a value was reached."""
    run = "http://localhost:8642/run/0193b1c2-7a10-7c3e-9d55-0f3c2b1a4e77"
    ns = "https://w3id.org/dnnprov#"
    xsd = "http://www.w3.org/2001/XMLSchema#"
    kind = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
    lines = [f"<{run}#e> <{kind}> <{ns}ExecuteDataflow> <{run}> .\n"]
    for number, value in enumerate(values):
        node, text = f"<{run}#metrics-{number}>", repr(value).replace("inf", "INF")
        text = text.replace("nan", "NaN")
        lines += [
            f"{node} <{kind}> <{ns}oTraining> <{run}> .\n",
            f'{node} <{ns}epoch> "{number}"^^<{xsd}integer> <{run}> .\n',
            f'{node} <{ns}loss> "{text}"^^<{xsd}double> <{run}> .\n',
        ]
    store = LocalStore()
    store.load("".join(lines).encode())
    summaries.rebuild(store)
    found = said(store, run)
    real = [value for value in values if not math.isnan(value)]
    assert found["epochs"] == found["count-loss"] == len(values)
    assert same(found["last-loss"], values[-1])
    assert same(found.get("min-loss"), min(real, default=None))
    assert same(found.get("max-loss"), max(real, default=None))
    if real:
        assert found["minEpoch-loss"] == values.index(min(real))
        assert found["maxEpoch-loss"] == values.index(max(real))
    mean = found["mean-loss"]
    assert isinstance(mean, float)
    assert math.isnan(mean) or mean == pytest.approx(sum(v / len(values) for v in values), 1e-9) \
        or not math.isfinite(sum(values))  # fmt: skip
    assert math.isnan(mean) or len(real) == len(values)


def same(one: object, other: object) -> bool:
    return one == other or repr(one) == repr(other)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """A record, line by line, without the end of the training."""
    home = create(tmp_path_factory.mktemp("lines"))
    run = recording.begin(home.path)
    for number, loss in enumerate((0.5, NAN, 0.25, 0.25)):
        recording.epoch(run, number, loss)
    run.close()
    (path,) = home.journal.glob("*.nq")
    return [line for line in journal.read(path).text.splitlines(True) if b"status" not in line]


@pytest.mark.parametrize("seed", range(6))
def test_they_follow_a_record_however_it_comes(lines: list[bytes], seed: int) -> None:
    """In any order, in any portions, and some of it twice."""
    chance = random.Random(seed)
    shuffled = chance.sample(lines, len(lines))
    store = LocalStore()
    ends = sorted({0, len(lines), *chance.sample(range(len(lines)), seed)})
    for start, end in pairwise(ends):
        portion = b"".join(shuffled[max(0, start - 3) : end])
        store.load(portion)
        summaries.update(store, portion)
    (run,) = {one.subject for one in store.graph(SUMMARY_GRAPH) if one.predicate == EPOCHS}
    followed = said(store, run.value)
    summaries.rebuild(store)
    assert repr(sorted(followed.items())) == repr(sorted(said(store, run.value).items()))
    assert followed["count-loss"] == 4


def test_a_store_without_them_gets_them(home: Home) -> None:
    """As one that an earlier version wrote, or one that was taken away."""
    run = recording.record(home.path).names.run
    first = of(home, run)
    with ingest.opened(home) as store:
        store.drop(SUMMARY_GRAPH)
    assert of(home, run) == first
    shutil.rmtree(home.store)
    assert of(home, run) == first


def test_they_are_in_no_record(home: Home, tmp_path) -> None:  # type: ignore[no-untyped-def]
    run = recording.record(home.path).names.run
    with ingest.open_snapshot(home) as store:
        assert SUMMARY_GRAPH not in store.graphs()
        assert sorted(store.graphs()) == ["http://localhost:8642/catalog", run]


def test_no_document_can_say_them(home: Home) -> None:
    """The name of the graph means nothing in a document: its statements are the import's own."""
    run = recording.record(home.path).names.run
    before = of(home, run)
    forged = f'<{run}> <{SUMMARY_NAMESPACE}min-loss> "-1" <{SUMMARY_GRAPH}> .\n'.encode()
    merge.merge(home, forged, "forged.nq")
    assert of(home, run) == before


def test_the_list_of_runs_is_that_of_the_records(home: Home) -> None:
    """Finished, crashed, live and imported ones."""
    recording.record(home.path)
    recording.record(home.path, tag="other", optimizer="SGD", losses=(NAN, 0.5))
    live = recording.begin(home.path)
    assert live.settle(10)
    logged_ = Path(__file__).parent.parent / "exchange" / "fixtures" / "trackers" / "mlruns"
    merge.merge(home, Source(str(logged_)))
    with ingest.open_snapshot(home) as store:
        assert summaries.are_in(store)
        summed = dict(runs._summed(store, None, None))
        read = dict(runs._read(store, None, None))
    live.close()
    assert list(summed) == list(read)
    for iri, row in read.items():
        assert plain(summed[iri]) == plain(row)


def plain(row: Mapping[str, query.Term]) -> dict[str, object]:
    return {key: query.value(term) for key, term in row.items() if key != "run"}


def test_a_run_is_found_without_a_list_of_all(home: Home) -> None:
    one, two = recording.record(home.path), recording.record(home.path, tag="other")
    with ingest.open_snapshot(home) as store:
        for name in (one.id, one.id[-8:], one.names.run, "test-flow"):
            assert runs.find(store, set(), name).id == one.id
        for name in ("@latest", "other"):
            assert runs.find(store, set(), name).id == two.id
        for wrong in ("nothing", 'a" ) } #', "*"):
            with pytest.raises(runs.NotFoundError, match="The latest are"):
                runs.find(store, set(), wrong)
        assert [one.id for one in runs.listing(store, set(), limit=1)] == [two.id]


def test_what_a_version_without_sums_loaded_gets_them(home: Home) -> None:
    recording.record(home.path)
    ingest.open_snapshot(home).close()
    added = recording.record(home.path, tag="other")
    (path,) = home.journal.glob("*.nq")
    text = journal.read(path).text
    store = LocalStore(home.store)
    store.load(text)
    store.flush()
    store.close()
    ingest._archive(home, path, text)
    with ingest.open_snapshot(home) as found:
        assert {run.tag for run in runs.listing(found, set())} == {"test-flow", "other"}
    assert of(home, added.names.run)["epochs"] == 3


def test_properties_of_the_same_local_name_are_kept_apart(home: Home, tmp_path: Path) -> None:
    run = "http://elsewhere.net/run/11111111-2222-7333-8444-555555555555"
    file = tmp_path / "clash.trig"
    file.write_text(
        f"""@prefix d: <https://w3id.org/dnnprov#> . @prefix o: <http://other.net/ns#> .
        <{run}> {{ <{run}#execution> a d:ExecuteDataflow . <{run}#flow> a d:Dataflow ; d:tag "t" .
          <{run}#metrics-0> a d:oTraining ; d:epoch 0 ; d:loss 0.5e0 ; o:loss 7e0 .
          <{run}#metrics-1> a d:oTraining ; d:epoch 1 ; d:loss 0.3e0 ; o:loss 0.1e0 }}"""
    )
    merge.merge(home, Source(str(file)))
    with ingest.open_snapshot(home) as store:
        for metric, best in (("loss", 0.3), ("<http://other.net/ns#loss>", 0.1)):
            answer = query.table(store, query.find("leaderboard"), {"metric": metric})
            assert [query.value(row[0]) for row in answer.rows] == [best]


def test_a_start_that_is_no_time_is_none(home: Home, tmp_path: Path) -> None:
    said_ = ["20200103T050000Z", "2020-W01-1T00:00:00Z", "2020-01-03", "2020-01-03T05:00:00+15:00"]
    kind = "<http://www.w3.org/2001/XMLSchema#dateTime>"
    lines = []
    for number, text in enumerate([*said_, "2020-01-03T05:00:00"]):
        run = f"http://elsewhere.net/run/11111111-2222-7333-8444-55555555555{number}"
        lines.append(
            f"<{run}> {{ <{run}#execution> a <https://w3id.org/dnnprov#ExecuteDataflow> ; <http://"
            f'www.w3.org/ns/prov#startedAtTime> "{text}"^^{kind} }}'
        )
    file = tmp_path / "times.trig"
    file.write_text("\n".join(lines))
    merge.merge(home, Source(str(file)))
    with ingest.open_snapshot(home) as store:
        dates = [run.started for run in runs.listing(store, set())]
    assert [date is not None for date in dates] == [True, False, False, False, False]
