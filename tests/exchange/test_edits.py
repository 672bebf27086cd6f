"""Other edits: what stays, that it is valid, and what the folded epochs say."""

import math
from itertools import product
from pathlib import Path

import pyoxigraph as ox
import pytest

from kprov_capture.facts import Change
from kprov_capture.home import Home
from kprov_capture.terms import RDF_TYPE, RDFS_LABEL, Prov
from kprov_rdf import exchange
from kprov_rdf.errors import InputError
from kprov_rdf.exchange import export
from kprov_rdf.exchange.edits import fold, near, rebase
from kprov_rdf.exchange.export import Options
from kprov_rdf.exchange.selection import Graphs, Selection
from kprov_rdf.store import LocalStore
from tests import recording
from tests.conftest import SHARED
from tests.exchange import runs
from tests.exchange.runs import triple

BASE = "http://localhost:8642/"


@pytest.fixture
def found(home: Home) -> Selection:
    recording.record(home.path, losses=(0.9, math.nan, 0.5, 0.7))
    return runs.chosen(home)


def subjects(graphs: Graphs) -> set[str]:
    return {t.subject.value for told in graphs.values() for t in told}  # type: ignore[union-attr]


def values(graphs: Graphs, subject: str) -> dict[str, str]:
    said = (t for told in graphs.values() for t in told)
    return {
        t.predicate.value.rpartition("/")[2]: t.object.value
        for t in said
        if t.subject == ox.NamedNode(subject) and isinstance(t.object, ox.Literal)
    }


def test_the_epochs_are_one_node_and_their_metrics_another(found: Selection) -> None:
    (run,) = found.records
    folded = fold.fold(found.graphs)
    assert runs.violations(folded) == []
    left = subjects(folded)
    assert not [one for one in left if "#epoch-" in one or "#metrics-" in one]
    assert values(folded, f"{run}#training-epochs")[RDFS_LABEL.rpartition("/")[2]] == (
        "4 epochs, 0 to 3"
    )
    told = values(folded, f"{run}#training-epochs-metrics")
    assert (told["loss-best"], told["loss-last"], told["epochs-last"]) == ("0.5", "0.7", "3")
    assert float(told["loss-mean"]) == pytest.approx((0.9 + 0.5 + 0.7) / 3)
    assert told["valAccuracy-best"] == "0.25"  # of an accuracy the greatest
    assert "learningRate-best" not in told
    # What led to an epoch leads to the node: the rule that watched its metrics.
    adaptation = ox.NamedNode(f"{run}#adaptation-1")
    related = {t.object for t in folded[run] if t.subject == adaptation}
    assert ox.NamedNode(f"{run}#training-epochs-metrics") in related
    assert ox.NamedNode(f"{run}#training-epochs") in related
    assert fold.epochs(found.graphs) == 4
    assert fold.epochs(folded) == 0
    assert fold.fold(folded) == folded


def test_many_adaptations_are_one_node_too(home: Home) -> None:
    run = recording.begin(home.path)
    for number in range(8):
        recording.epoch(run, number, 1 / (number + 1), number, 0.1 / 2**number)
        run.adaptation(
            Change(
                number + 1, number, number, run.now(), 0.1 / 2**number, 0.1 / 2 ** (number + 1),
                "schedule", "LearningRateScheduler", None,
            )
        )  # fmt: skip
    run.end_training("FINISHED")
    run.close()
    found = runs.chosen(home)
    folded = fold.fold(found.graphs)
    assert runs.violations(folded) == []
    left = {one.rpartition("#")[2] for one in subjects(folded)}
    assert {"training-adaptations", "training-adaptations-settings", "config-0"} <= left
    assert not [one for one in left if one.startswith(("adaptation-", "config-1"))]
    told = values(folded, f"{found.records[0]}#training-adaptations-settings")
    assert told["learningRate-last"] == repr(0.1 / 2**8)
    assert fold.fold(folded) == folded


def test_one_epoch_is_no_summary(home: Home) -> None:
    recording.record(home.path, losses=(0.9,))
    found = runs.chosen(home)
    assert fold.fold(found.graphs) == found.graphs


def test_each_step_adds_to_what_is_near(found: Selection) -> None:
    (run,) = found.records
    before: set[ox.Triple] = set()
    for steps in range(6):
        graphs = near.near(found.graphs, steps)
        assert runs.violations(graphs) == []
        told = set(graphs[run])
        assert before <= told <= set(found.graphs[run])
        assert graphs[f"{BASE}catalog"] == found.graphs[f"{BASE}catalog"]
        named = {t.object for t in told if t.predicate.value in (Prov.agent, Prov.used)}
        typed = {t.subject for t in told if t.predicate.value == RDF_TYPE}
        assert named <= typed, "a relation to what is not there"
        before = told
    assert f"{run}#training" in subjects(near.near(found.graphs, 1))
    assert f"{run}#epoch-0" not in subjects(near.near(found.graphs, 1))
    assert f"{run}#epoch-0" in subjects(near.near(found.graphs, 2))


def test_without_an_execution_all_activities_are_seen() -> None:
    e = "http://example.com/"
    graphs = {
        f"{e}g": [
            triple(f"{e}a", RDF_TYPE, Prov.Activity),
            triple(f"{e}x", RDF_TYPE, Prov.Entity),
            triple(f"{e}x", Prov.wasGeneratedBy, f"{e}a"),
            triple(f"{e}y", RDF_TYPE, Prov.Entity),
            triple(f"{e}y", Prov.wasDerivedFrom, f"{e}x"),
        ]
    }
    assert subjects(near.near(graphs, 1)) == {f"{e}a", f"{e}x"}
    assert near.near(graphs, 2) == graphs


def test_the_base_is_the_same_everywhere(found: Selection) -> None:
    new = "https://example.org/provenance/"
    moved = export.edited(found, Options(base=new))
    assert BASE not in runs.texts(moved.graphs)
    assert all(name.startswith(new) for name in moved.graphs)
    assert moved.records == (found.records[0].replace(BASE, new),)
    back = export.edited(moved, Options(base=BASE))
    assert back.graphs == found.graphs
    assert runs.violations(moved) == []


def test_a_base_that_is_none_or_joins_two_graphs_is_refused() -> None:
    with pytest.raises(InputError, match="Write --base https"):
        rebase.renaming([BASE], "example.org")
    one = [triple("http://e/a", "http://e/b", "http://e/c")]
    name = rebase.renaming([BASE], "http://e/")
    with pytest.raises(InputError, match="Take another --base"):
        rebase.rename({f"{BASE}x": one, "http://e/x": one}, name)


def test_any_options_give_valid_provenance(found: Selection) -> None:
    bases = (None, "https://example.org/p/")
    for given in product((None, 0, 1, 2, 5), (False, True), (False, True), bases):
        assert runs.violations(export.edited(found, Options(*given))) == [], given


_TRIG = sorted((SHARED / "data" / "wild").rglob("*.ttl"))


@pytest.mark.skipif(not _TRIG, reason="the shared documents of other tools are not there")
@pytest.mark.parametrize("path", _TRIG, ids=lambda path: path.name)
def test_documents_of_others_survive_every_edit(path: Path) -> None:
    document = exchange.read(path)
    store = LocalStore()
    store.load(document.text)
    graphs = {name: store.graph(name) for name in store.graphs()}
    found = Selection(graphs, (document.root,), BASE)
    before = runs.violations(found)
    for options in (Options(1), Options(summary=True), Options(redact=True), Options(base=BASE)):
        after = runs.violations(export.edited(found, options))
        assert len(after) <= len(before)
