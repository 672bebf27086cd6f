"""Estimators of scikit-learn: what is recorded of a fit, and that nothing changes because of it."""

import hashlib
import itertools
import json
from typing import Any

import joblib
import numpy as np
import pytest
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

import kprov_capture.sklearn as kprov
from kprov_capture.home import Home
from kprov_capture.sklearn.recorder import runs
from tests import examples
from tests.captured import reader

Data = tuple[np.ndarray, np.ndarray]

pytestmark = pytest.mark.filterwarnings(
    f"ignore::{ConvergenceWarning.__module__}.ConvergenceWarning"
)


@pytest.fixture(scope="module")
def digits() -> Data:
    """300 real scans of handwritten digits, 64 pixels each."""
    found = load_digits()
    return found.data[:300], found.target[:300]


@pytest.fixture
def captured(home: Home):
    """Closes the run of an estimator and reads the folder."""

    def read(*estimators: Any):
        return reader(home)(*(runs[one] for one in estimators))

    return read


def settings(found: Any) -> dict[str, Any]:
    """The settings by their reported or local name."""
    rows = found.rows(
        "?c a dnnprov:iTraining ; ?p ?v . OPTIONAL { ?p dnnprov:reportedName ?name } "
        "FILTER isLiteral(?v) FILTER NOT EXISTS { ?c prov:wasGeneratedBy ?a }",
        "p", "name", "v",
    )  # fmt: skip
    return {name or p.rpartition("#")[2]: value for p, name, value in rows}


def layers(found: Any) -> list[tuple[Any, ...]]:
    return found.rows(
        "?l a dnnprov:Layer ; dnnprov:layerType ?type . ?owner prov:hadMember ?l "
        "OPTIONAL { ?l dnnprov:parameterCount ?n } "
        "BIND (STRAFTER(STR(?l), '#') AS ?name) BIND (STRAFTER(STR(?owner), '#') AS ?within)",
        "name", "type", "within", "n",
    )  # fmt: skip


def test_a_pipeline_its_steps_data_test_and_file(digits, home, captured, tmp_path) -> None:
    x, y = digits
    given = make_pipeline(MinMaxScaler(), SVC(C=3.5, random_state=4))
    model = kprov.fit(given, x[:200], y[:200], dataflow_tag="digits-svc", home=home.path)
    assert model is given
    accuracy = kprov.score(model, x[200:], y[200:])
    kprov.dump(model, tmp_path / "model.joblib")
    assert accuracy == model.score(x[200:], y[200:])
    assert (joblib.load(tmp_path / "model.joblib").predict(x) == model.predict(x)).all()
    found = captured(model)
    assert [(run.tag, run.status, run.epochs) for run in found.runs] == [
        ("digits-svc", "FINISHED", 0)
    ]
    told = settings(found)
    assert (told["estimator"], told["C"], told["kernel"], told["seed"]) == ("SVC", 3.5, "rbf", 4)
    assert told["minmaxscaler__clip"] is False
    assert told["classWeight"] == "None", "a choice too"
    assert layers(found) == [
        ("layer-minmaxscaler", "MinMaxScaler", "architecture", None),
        ("layer-svc", "SVC", "architecture", None),
    ]
    assert found.rows("?m a dnnprov:oTesting ; dnnprov:accuracy ?a", "a") == [(accuracy,)]
    assert found.rows(
        "?t a dnnprov:TrainSet ; prov:hadMember ?a . ?a prov:specializationOf/dnnprov:sha256 ?h "
        "FILTER STRENDS(STR(?a), '-x')",
        "h",
    ) == [(hashlib.sha256(x[:200].tobytes()).hexdigest(),)]
    path = tmp_path / "model.joblib"
    assert found.rows(
        "?f dnnprov:path ?path ; prov:wasDerivedFrom ?m ; prov:specializationOf/dnnprov:sha256 ?h ."
        " ?m a dnnprov:TrainedModel",
        "path",
        "h",
    ) == [(str(path), hashlib.sha256(path.read_bytes()).hexdigest())]
    assert found.violations() == []


def test_a_perceptron_has_epochs_and_layers(digits, home, captured) -> None:
    """Each iteration as it ends, in a pipeline too, and the same losses as without."""

    def network() -> Any:
        last = MLPClassifier((8, 5), max_iter=4, early_stopping=True, random_state=1)
        return make_pipeline(StandardScaler(), last)

    alone = network().fit(*digits)[-1]
    model = kprov.fit(network(), *digits, dataflow_tag="digits-mlp", home=home.path)
    last = model[-1]
    assert last.loss_curve_ == alone.loss_curve_
    assert "_update_no_improvement_count" not in vars(last)
    found = captured(model)
    assert found.epochs("loss", "valAccuracy", "learningRate") == [
        (number, loss, score, 0.001)
        for number, (loss, score) in enumerate(
            zip(last.loss_curve_, last.validation_scores_, strict=True)
        )
    ]
    told = settings(found)
    assert (told["optimizerName"], told["learningRate"], told["numEpochs"]) == ("Adam", 0.001, 4)
    assert (told["hidden_layer_sizes"], told["beta1"]) == ("[8, 5]", 0.9)
    assert found.runs[0].planned == 4
    # It was given back the weights of the epoch with the best score.
    best = int(np.argmax(last.validation_scores_))
    assert found.rows(
        "?m a dnnprov:TrainedModel ; dnnprov:restoredFrom ?c . ?c dnnprov:epoch ?epoch", "epoch"
    ) == [(best,)]
    assert found.rows("?s a dnnprov:EarlyTermination", "s") == []
    assert layers(found) == [
        ("layer-mlpclassifier", "MLPClassifier", "architecture", 520 + 45 + 60),
        ("layer-mlpclassifier.dense_0", "Dense", "layer-mlpclassifier", 520),
        ("layer-mlpclassifier.dense_1", "Dense", "layer-mlpclassifier", 45),
        ("layer-mlpclassifier.dense_2", "Dense", "layer-mlpclassifier", 60),
        ("layer-standardscaler", "StandardScaler", "architecture", None),
    ]
    assert found.violations() == []


@pytest.mark.parametrize(
    ("schedule", "kind"), [("invscaling", "ScheduledAdaptation"), ("adaptive", "RuleAdaptation")]
)
def test_a_rate_that_the_solver_changes(schedule, kind, digits, home, captured) -> None:
    model = MLPRegressor(
        hidden_layer_sizes=4, solver="sgd", learning_rate=schedule, max_iter=5, tol=1e9,
        n_iter_no_change=1, random_state=0,
    )  # fmt: skip
    x, y = digits
    kprov.fit(model, x / 16, y / 10, dataflow_tag="rates", home=home.path)
    found = captured(model)
    rates = [row[1] for row in found.epochs("learningRate")]
    assert len(found.changes()) == len(set(rates)) - 1 > 0
    assert [change[1:3] for change in found.changes()] == [
        (old, new) for old, new in itertools.pairwise(rates) if old != new
    ]
    assert {change[3] for change in found.changes()} == {schedule}
    assert len(found.rows(f"?a a dnnprov:{kind}", "a")) == len(found.changes())
    assert settings(found)["learningRateSchedule"] == schedule
    assert found.violations() == []


def test_a_perceptron_that_no_longer_improves_says_why_it_stopped(digits, home, captured) -> None:
    model = MLPClassifier((4,), tol=1e9, n_iter_no_change=1, max_iter=9, random_state=0)
    kprov.fit(model, *digits, dataflow_tag="stop", home=home.path)
    found = captured(model)
    assert (found.runs[0].status, found.runs[0].epochs) == ("FINISHED", model.n_iter_)
    assert found.rows(
        "?s a dnnprov:EarlyTermination ; dnnprov:technique ?by ; dnnprov:monitoredMetric ?metric ; "
        "dnnprov:patience ?patience ; prov:used ?m . ?m dnnprov:epoch ?epoch",
        "by", "metric", "patience", "epoch",
    ) == [("n_iter_no_change", "loss", 1, model.n_iter_ - 1)]  # fmt: skip
    assert found.violations() == []


def test_other_parts_and_searches(digits, home, captured) -> None:
    halves = ColumnTransformer(
        [("left", StandardScaler(), slice(32)), ("rest", "passthrough", [40])]
    )
    search = GridSearchCV(
        make_pipeline(halves, LogisticRegression(max_iter=20)),
        {"logisticregression__C": [0.1, 1.0]}, cv=2, scoring="f1_macro",
    )  # fmt: skip
    kprov.fit(search, *digits, dataflow_tag="search", home=home.path)
    pipe = kprov.fit(search.best_estimator_, *digits, dataflow_tag="best", home=home.path)
    value = kprov.score(search, *digits)
    found = captured(search, pipe)
    assert [row[:3] for row in layers(found)] == [
        ("layer-GridSearchCV", "GridSearchCV", "architecture"),
        ("layer-columntransformer", "ColumnTransformer", "architecture"),
        ("layer-columntransformer.left", "StandardScaler", "layer-columntransformer"),
        ("layer-columntransformer.rest", "passthrough", "layer-columntransformer"),
        ("layer-logisticregression", "LogisticRegression", "architecture"),
    ]
    ((config,),) = found.rows(
        '?l dnnprov:layerType "GridSearchCV" ; dnnprov:layerConfig ?config', "config"
    )
    best = json.loads(config)
    assert best["best_params_"] == search.best_params_
    assert best["best_score_"] == search.best_score_
    assert found.rows(
        '?p dnnprov:reportedName "f1_macro" . ?m a dnnprov:oTesting ; ?p ?v', "v"
    ) == [(value,)]
    assert found.violations() == []


def test_what_fit_raises_goes_on(home, captured) -> None:
    model = SVC()
    with pytest.raises(ValueError, match="inconsistent numbers"):
        kprov.fit(model, np.ones((3, 2)), np.ones(2), dataflow_tag="broken", home=home.path)
    found = captured(model)
    assert found.runs[0].status == "FINISHED_WITH_ERROR"
    ((told,),) = found.rows("?t dnnprov:error ?e", "e")
    assert told.startswith("ValueError: Found input variables with inconsistent numbers")
    assert found.violations() == []


@pytest.mark.parametrize(
    ("x", "arrays"),
    [
        (sparse.csr_array(np.eye(6)), {"x_data", "x_indices", "x_indptr", "y"}),
        ([[float(n)] for n in range(6)], {"x", "y"}),
    ],
    ids=["sparse", "list"],
)
def test_data_that_are_no_arrays(x, arrays, home, captured) -> None:
    model = kprov.fit(Ridge(), x, list(range(6)), dataflow_tag="data", home=home.path)
    kprov.score(model, x, list(range(6)))
    found = captured(model)
    rows = found.rows("?t a dnnprov:TrainSet ; prov:hadMember ?a ; dnnprov:sampleCount 6", "a")
    assert {row[0].rpartition("#train-set-")[2] for row in rows} == arrays
    assert len(found.rows("?m a dnnprov:oTesting ; dnnprov:r2Score ?v", "v")) == 1
    assert found.violations() == []


def test_a_fit_joins_the_run_around_it(digits, home, captured) -> None:
    with kprov.Run("whole", home=home.path) as around:
        first = kprov.fit(Ridge(), *digits)
        second = kprov.fit(Ridge(), *digits, dataflow_tag="second")
    assert runs[first] is around
    found = captured(first, second)
    assert sorted(run.tag for run in found.runs) == ["second", "whole"]
    assert found.violations() == []


def test_misuse_and_what_was_not_recorded(digits, tmp_path, monkeypatch, caplog) -> None:
    with pytest.raises(ValueError, match="dataflow_tag='digits-svc'"):
        kprov.fit(Ridge(), *digits)
    other = Ridge().fit(*digits)
    assert kprov.score(other, *digits) == other.score(*digits)
    monkeypatch.setenv("KPROV_STRICT", "0")
    (tmp_path / "file").write_text("")
    model = kprov.fit(Ridge(), *digits, dataflow_tag="t", home=tmp_path / "file" / "home")
    assert model.predict(digits[0]).shape == (300,)
    kprov.dump(model, tmp_path / "model.joblib")
    assert "cannot be created" in caplog.text
    assert (tmp_path / "model.joblib").exists()


def test_parameters_are_written_as_they_are(digits, home, captured) -> None:
    model = SVC(class_weight={0: 2.0}, kernel=lambda a, b: a @ b.T)
    kprov.fit(model, *digits, dataflow_tag="own", home=home.path)
    told = settings(captured(model))
    assert json.loads(told["classWeight"]) == {"0": 2.0}
    assert told["kernel"] == "<lambda>"


def test_the_example(home: Home) -> None:
    found = examples.run("sklearn_pipeline.py", home)
    assert found.rows("?l dnnprov:layerType 'StandardScaler'", "l")
