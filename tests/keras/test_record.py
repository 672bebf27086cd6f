"""What a plain training leaves: settings, times, environment, agents (C5 to C21)."""

import json
import platform
from datetime import datetime

import keras
import pytest

import kprov_capture.keras as kprov


@pytest.fixture
def found(digits, home, captured):
    """The record of three epochs with SGD."""
    model = keras.Sequential(
        [
            keras.layers.Input((64,)),
            keras.layers.Dense(8, activation="relu", kernel_initializer="he_normal", name="hidden"),
            keras.layers.Dense(10, activation="softmax", name="out"),
        ]
    )
    optimizer = keras.optimizers.SGD(0.05, momentum=0.5, weight_decay=0.001)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    provenance = kprov.Provenance("plain", home=home.path)
    model.fit(*digits, epochs=3, batch_size=50, verbose=0, callbacks=[provenance])
    return captured(provenance.run)


def test_c5_c6_the_training_has_its_hyperparameters_and_each_epoch_its_metrics(found) -> None:
    assert found.rows(
        "?t a dnnprov:Training ; dnnprov:optimizerName ?name ; dnnprov:learningRate ?rate ; "
        "dnnprov:numEpochs ?epochs ; dnnprov:numLayers ?layers ; dnnprov:momentum ?momentum ; "
        "dnnprov:batchSize ?batch . ?t prov:used ?c . ?c dnnprov:weightDecay ?decay",
        "name", "rate", "epochs", "layers", "momentum", "batch", "decay",
    ) == [("SGD", 0.05, 3, 2, 0.5, 50, 0.001)]  # fmt: skip
    assert [len(row) for row in found.epochs("loss", "accuracy", "elapsedTime")] == [4, 4, 4]
    assert found.violations() == []


def test_c15_each_epoch_and_the_training_have_their_times(found) -> None:
    rows = found.rows(
        "?e dnnprov:partOfTraining ?t ; prov:startedAtTime ?began ; prov:endedAtTime ?ended . "
        "?m prov:wasGeneratedBy ?e ; dnnprov:elapsedTime ?seconds . "
        "?t prov:startedAtTime ?first ; prov:endedAtTime ?last",
        "began", "ended", "seconds", "first", "last",
    )  # fmt: skip
    assert len(rows) == 3
    for began, ended, seconds, first, last in rows:
        times = [datetime.fromisoformat(one) for one in (first, began, ended, last)]
        assert times == sorted(times)
        # The clock of the record has microseconds.
        assert (times[2] - times[1]).total_seconds() == pytest.approx(seconds, abs=2e-6)
    ((count, mean),) = found.rows(
        "?s a dnnprov:RunSummary ; dnnprov:epochCount ?n ; dnnprov:meanEpochTime ?mean", "n", "mean"
    )
    assert (count, mean) == (3, pytest.approx(sum(row[2] for row in rows) / 3))


def test_c17_the_network_is_told_by_the_configuration_of_each_layer(found) -> None:
    ((config,),) = found.rows(
        '?l dnnprov:layerName "hidden" ; dnnprov:layerConfig ?config', "config"
    )
    told = json.loads(config)
    assert (told["units"], told["kernel_initializer"]["class_name"]) == (8, "HeNormal")


def test_c20_the_environment_is_told(found) -> None:
    rows = found.rows(
        "?x dnnprov:ranIn ?e . ?e a dnnprov:Environment ; dnnprov:pythonVersion ?python ; "
        "dnnprov:backend ?backend ; dnnprov:requirements ?all ; prov:hadMember ?p . "
        '?p dnnprov:packageName "keras" ; dnnprov:packageVersion ?keras',
        "python", "backend", "keras", "all",
    )  # fmt: skip
    ((python, backend, version, requirements),) = rows
    assert (python, backend) == (platform.python_version(), keras.backend.backend())
    assert version == keras.__version__
    assert f"keras=={version}" in requirements.splitlines()
    assert len(found.rows("?x dnnprov:ranCode ?c . ?c dnnprov:commandLine ?line", "line")) == 1


def test_c21_person_machine_and_library_are_its_agents(found) -> None:
    rows = found.rows(
        "?x a dnnprov:ExecuteDataflow ; prov:wasAssociatedWith ?agent . ?agent a ?kind ; "
        "rdfs:label ?label FILTER (?kind IN (dnnprov:Scientist, dnnprov:Machine, "
        "dnnprov:CaptureLibrary))",
        "kind",
        "label",
    )
    kinds = {row[0].rpartition("#")[2] for row in rows}
    assert kinds == {"CaptureLibrary", "Machine", "Scientist"}
    # The library acted for the person in this execution, and in no other.
    assert found.rows(
        "?library prov:qualifiedDelegation ?d . ?d prov:agent ?person ; prov:hadActivity ?x . "
        "?person a dnnprov:Scientist . ?x a dnnprov:ExecuteDataflow BIND (1 AS ?n)",
        "n",
    ) == [(1,)]
