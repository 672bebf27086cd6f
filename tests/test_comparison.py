"""What differs between two runs: the library, and the command kprov diff."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from kprov_capture.facts import Dataset, Layer
from kprov_capture.home import Home
from kprov_capture.run import Run
from kprov_rdf import cli
from kprov_rdf.comparison import Comparison, compare
from kprov_rdf.errors import NotFoundError
from kprov_rdf.exchange.merge import merge
from kprov_rdf.exchange.sources import Source
from kprov_rdf.ingest import open_snapshot
from kprov_rdf.runs import listing
from tests import recording

Kprov = Callable[..., tuple[int, str, str]]
TRACKERS = Path(__file__).parent / "exchange" / "fixtures" / "trackers"


@pytest.fixture
def kprov(home: Home, capfd: pytest.CaptureFixture[str]) -> Kprov:
    """Run a command on the folder; gives status, standard output, standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        status = cli.run(["--home", str(home.path), *map(str, arguments)])
        return status, *capfd.readouterr()

    return call


def compared(home: Home, a: Run, b: Run, tolerance: float = 0.0) -> Comparison:
    with open_snapshot(home) as store:
        return compare(store, a.names.run, b.names.run, tolerance)


def differing(found: Comparison) -> dict[str, dict[str, tuple[Any, Any]]]:
    return {
        one.title: {each.name: (each.a, each.b) for each in one.differences}
        for one in found.sections
        if one.differences
    }


def test_the_same_twice_differs_in_nothing(home: Home, kprov: Kprov) -> None:
    a, b = recording.record(home.path), recording.record(home.path)
    found = compared(home, a, b)
    assert (found.same, differing(found), found.partings) == (True, {}, ())
    assert found.shared == (0, 1, 2)
    assert {"loss", "valLoss", "accuracy", "valAccuracy", "learningRate"} == set(found.alike)
    status, out, err = kprov("diff", a.id, b.id)
    assert (status, err) == (0, "")
    assert "metrics: identical through epoch 2" in out
    assert "same: parameters, layers (4)" in out
    assert "The runs are the same." in out


def test_metrics_part_at_the_first_epoch_that_differs(home: Home, kprov: Kprov) -> None:
    a = recording.record(home.path, losses=(0.9, 0.7, 0.6))
    b = recording.record(home.path, losses=(0.9, 0.7 + 2**-50, 0.5))
    found = compared(home, a, b)
    loss, val = found.partings
    assert (loss.metric, loss.epoch, loss.a, loss.b) == ("loss", 1, 0.7, 0.7 + 2**-50)
    assert (loss.largest, loss.largest_epoch) == (abs(0.6 - 0.5), 2)
    assert (val.metric, val.epoch) == ("valLoss", 1)
    assert differing(found) == {}
    assert not found.same
    assert compared(home, a, b, 1e-9).partings[0].epoch == 2
    assert compared(home, a, b, 0.2).same
    status, out, _ = kprov("diff", a.id, b.id)
    assert status == 1
    assert "0.7000000000000008" in out  # to the last digit
    assert kprov("diff", a.id, b.id, "--tolerance", "0.2")[0] == 0


def variant(
    home: Home,
    settings: Mapping[str, Any] = MappingProxyType({}),
    layers: list[Layer] = recording.LAYERS,
    samples: int = 10,
    losses: tuple[float, ...] = (0.9, 0.7),
) -> Run:
    """A run whose training has just these settings, layers, data and losses."""
    run = Run("test-flow", home=home.path)
    data = Dataset("train-set", "train", "numpy.ndarray", samples=samples, unhashed="no")
    run.dataset("train", data)
    told = {"optimizer_name": "Adam", "learning_rate": 0.001, "epochs": 2, "batch_size": 4}
    run.start_training(told | dict(settings))
    run.architecture(layers, 58)
    for number, loss in enumerate(losses):
        run.epoch(number, run.now(), run.now(), 0.5, 0.001, 0, {"loss": loss})
    run.end_training("FINISHED")
    run.close()
    return run


def test_parameters_layers_and_data(home: Home) -> None:
    dense, _, *inner = recording.LAYERS
    wider = dense._replace(parameters=80, output_shape="None,16")
    norm = Layer("norm", None, "norm", "BatchNormalization", 1, None, None, "None,16", 64)
    a = variant(home)
    b = variant(home, {"optimizer_name": "SGD", "momentum": 0.9}, [wider, norm, *inner], 12)
    found = differing(compared(home, a, b))
    assert found["parameters"] == {"optimizerName": ("Adam", "SGD"), "momentum": (None, 0.9)}
    layers = found["layers"]
    assert layers["dense.parameterCount"] == (40, 80)
    assert layers["dense.outputShape"] == ("None,8", "None,16")
    assert layers["drop"][0]["layerType"] == "Dropout"
    assert layers["drop"][1] is None
    assert layers["norm"][1]["layerType"] == "BatchNormalization"
    assert found["data"] == {"train-set.sampleCount": (10, 12)}
    assert found.keys() == {"parameters", "layers", "data"}


def test_layers_that_keras_counts_are_aligned(home: Home) -> None:
    def counted(first: str, second: str) -> list[Layer]:
        return [
            Layer(name, None, name, "Dense", place, None, None, "None,8", 40)
            for place, name in enumerate((first, second))
        ]

    a, b = (variant(home, layers=counted(*names))
            for names in (("dense", "dense_1"), ("dense_2", "dense_3")))  # fmt: skip
    assert compared(home, a, b).same
    c = variant(home, layers=counted("dense_1", "dense"))
    assert differing(compared(home, a, c)) == {
        "layers": {"order": (["dense", "dense_1"], ["dense_1", "dense"])}
    }


def test_values_that_are_no_numbers(home: Home) -> None:
    a = variant(home, losses=(math.nan, math.inf))
    assert compared(home, a, variant(home, losses=(math.nan, math.inf))).same
    (parting,) = compared(home, a, variant(home, losses=(math.nan, 0.5))).partings
    assert (parting.epoch, parting.a, parting.largest) == (1, math.inf, math.inf)
    (parting,) = compared(home, a, variant(home, losses=(0.5, math.inf))).partings
    assert (parting.epoch, parting.largest) == (0, math.inf)


def test_json_has_all_of_it(home: Home, kprov: Kprov) -> None:
    a, b = variant(home), variant(home, {"momentum": 0.9}, losses=(0.9, 0.6, 0.5))
    status, out, _ = kprov("diff", a.id, b.id, "--format", "json")
    found = json.loads(out)
    assert (status, found["same"]) == (1, False)
    assert found["a"] == {"run": a.names.run, "dataflow": "test-flow"}
    assert found["sections"]["parameters"]["differences"] == [
        {"name": "momentum", "a": None, "b": 0.9}
    ]
    assert found["sections"]["outcome"]["differences"] == [{"name": "epochs", "a": 2, "b": 3}]
    assert found["metrics"]["epochs"] == [0, 1]
    (parting,) = found["metrics"]["part"]
    assert (parting["metric"], parting["epoch"], parting["b"]) == ("loss", 1, 0.6)


def test_numbers_that_json_has_not_are_texts(home: Home, kprov: Kprov) -> None:
    a, b = variant(home, losses=(math.nan,)), variant(home, losses=(1.0,))
    out = kprov("diff", a.id, b.id, "--format", "json")[1]

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    (parting,) = json.loads(out, parse_constant=refuse)["metrics"]["part"]
    assert (parting["a"], parting["largest"]) == ("NaN", "INF")


def test_trainings_that_another_tool_logged(home: Home, kprov: Kprov) -> None:
    ours = recording.record(home.path)
    merge(home, Source(str(TRACKERS / "mlruns")))
    with open_snapshot(home) as store:
        runs = [run for run in listing(store, frozenset()) if "#run-" in run.iri]
        logged = next(run.iri for run in runs if run.epochs)
        assert not any(compare(store, logged, run.iri).same for run in runs if not run.epochs)
        assert compare(store, logged, logged).same
        found = compare(store, logged, ours.names.run)
        with pytest.raises(NotFoundError, match="is no run"):
            compare(store, "urn:nothing", logged)
    assert "loss" in {one.metric for one in found.partings}
    assert not any(name.startswith("run-") for name in differing(found).get("data", {}))
    assert kprov("diff", logged, ours.id)[0] == 1


def test_runs_as_records(home: Home, kprov: Kprov, tmp_path: Path) -> None:
    a, b = recording.record(home.path), recording.record(home.path)
    status, out, _ = kprov("diff", "--records", a.id, b.id)
    assert (status, "statements differ" in out) == (1, True)
    assert kprov("diff", "--records", a.id, a.id)[0] == 0
    path = tmp_path / "a.ttl"
    assert kprov("export", a.id, "-o", path)[0] == 0
    assert kprov("diff", a.id, path)[0] == 0
    status, _, err = kprov("diff", a.id, path, "--tolerance", "1")
    assert (status, "--tolerance" in err) == (2, True)
    status, _, err = kprov("diff", a.id, "nothing")
    assert (status, "There is no run 'nothing'" in err) == (2, True)
