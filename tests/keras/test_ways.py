"""The three ways in give one record, in any order with compile (C1 to C4, C12)."""

import re
import subprocess
import sys

import keras
import pytest

import kprov_capture.keras as kprov
from kprov_capture import record
from kprov_capture.home import Home
from kprov_capture.keras import ways

ALL = {
    "OPTIMIZER_NAME": True, "LEARNING_RATE": True, "DECAY": True, "MOMENTUM": True,
    "NUM_EPOCHS": True, "BATCH_SIZE": True, "NUM_LAYERS": True,
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_autolog():
    yield
    kprov.autolog(disable=True)


def network() -> keras.Model:
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            keras.layers.Input((64,), name="pixels"),
            keras.layers.Dense(8, "relu", name="hidden"),
            keras.layers.Dense(10, "softmax", name="out"),
        ],
        name="net",
    )


def compiled(model: keras.Model) -> keras.Model:
    model.compile(keras.optimizers.SGD(0.1, momentum=0.5), "sparse_categorical_crossentropy")
    return model


def trained(model: keras.Model, digits, *callbacks) -> None:
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    model.fit(*digits, epochs=3, batch_size=60, verbose=0, callbacks=[halve, *callbacks])
    model.evaluate(*digits, verbose=0)


def by_callback(digits, home: Home, tmp_path) -> None:
    trained(compiled(network()), digits, kprov.Provenance("one-way", home=home.path))


def by_method_before(digits, home: Home, tmp_path) -> None:
    model = network()
    model.provenance(dataflow_tag="one-way", home=home.path)
    trained(compiled(model), digits)


def by_method_after(digits, home: Home, tmp_path) -> None:
    model = compiled(network())
    model.provenance("one-way", adaptation=True, home=home.path)
    trained(model, digits)


def by_autolog(digits, home: Home, tmp_path) -> None:
    kprov.autolog("one-way", home=home.path)
    kprov.autolog("one-way", home=home.path)  # harmless when repeated
    trained(compiled(network()), digits)


def by_all_three(digits, home: Home, tmp_path) -> None:
    kprov.autolog("autolog", home=tmp_path / "elsewhere")
    model = compiled(network())
    model.provenance("method", home=tmp_path / "elsewhere")
    trained(model, digits, kprov.Provenance("one-way", home=home.path))


def shape_of(found) -> list[str]:
    """Every statement of the one run, without what differs from run to run."""
    (run,) = found.runs
    text = []
    for triple in found.store.graph(run.iri):
        line = str(triple).replace(run.iri, "RUN")
        if "RUN#environment>" in line or "RUN#package-" in line:
            continue  # what this process has imported by then
        line = re.sub(r'"[^"]*"\^\^<[^>]*dateTime>', "TIME", line)
        line = re.sub(r"(elapsedTime|meanEpochTime)> \S+", r"\1> SECONDS", line)
        line = re.sub(r"<function .* at 0x\w+>", "FUNCTION", line)
        text.append(line)
    return sorted(text)


@pytest.fixture(scope="module")
def reference() -> dict[str, list[str]]:
    return {}


@pytest.mark.parametrize(
    "way", [by_callback, by_method_before, by_method_after, by_autolog, by_all_three]
)
def test_each_way_gives_the_same_record(
    way, reference, digits, home, tmp_path, captured, monkeypatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home.path.parent.parent / "one-person"))
    way(digits, home, tmp_path)
    for run in list(record._open):
        run.close()
    found = captured()
    assert found.violations() == []
    assert len(found.changes()) == 3
    told = shape_of(found)
    assert reference.setdefault("callback", told) == told
    assert not (tmp_path / "elsewhere").exists()


def test_autolog_is_off_again_when_it_is_disabled(digits, home) -> None:
    kprov.autolog("auto", home=home.path)
    kprov.autolog(disable=True)
    kprov.autolog(disable=True)
    trained(compiled(network()), digits)
    assert list(home.journal.glob("*.nq")) == []


def test_autolog_names_the_dataflow_after_the_script(tmp_path) -> None:
    script = tmp_path / "train_digits.py"
    script.write_text(
        "import keras, numpy, kprov_capture.keras as kprov\n"
        "kprov.autolog()\n"
        "model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])\n"
        "model.compile('sgd', 'mse')\n"
        "model.fit(numpy.ones((4, 2)), numpy.ones(4), verbose=0)\n"
    )
    subprocess.run([sys.executable, script], cwd=tmp_path, check=True, capture_output=True)
    (journal,) = (tmp_path / ".kprov" / "journal").glob("*.nq")
    assert "dataflow/train_digits/" in journal.read_text()


def recorded(found) -> dict[str, object]:
    """The settings of the first configuration, by the end of their IRIs."""
    rows = found.rows(
        "?c a dnnprov:iTraining ; ?p ?v . "
        "FILTER (STRENDS(STR(?c), '#config-0') && ?p != rdf:type && isLiteral(?v))",
        "p",
        "v",
    )
    return {re.split("[#/]", name)[-1]: value for name, value in rows}


def test_c2_hyps_choose_what_is_recorded(digits, home, captured) -> None:
    model = network()
    made = model.provenance(
        "chosen", hyps={**ALL, "DECAY": False, "BATCH_SIZE": False, "LOSS": True}, home=home.path
    )
    trained(compiled(model), digits)
    assert recorded(captured(made.run)) == {
        "optimizerName": "SGD", "learningRate": 0.1, "momentum": 0.5, "numEpochs": 3,
        "numLayers": 2, "lossFunction": "sparse_categorical_crossentropy",
    }  # fmt: skip


def test_c3_with_all_hyps_false_architecture_and_adaptations_are_there(
    digits, home, captured
) -> None:
    model = compiled(network())
    made = model.provenance("none", hyps=dict.fromkeys(ALL, False), home=home.path)
    trained(model, digits)
    found = captured(made.run)
    assert recorded(found) == {}
    assert [row[0] for row in found.rows("?l dnnprov:layerName ?name", "name")] == ["hidden", "out"]
    assert len(found.changes()) == 3
    assert found.violations() == []


def test_c3_without_adaptation_the_rates_are_there_and_no_adaptations(
    digits, home, captured
) -> None:
    model = compiled(network())
    made = model.provenance("none", adaptation=False, home=home.path)
    trained(model, digits)
    found = captured(made.run)
    assert found.changes() == []
    assert found.epochs("learningRate") == [(0, 0.05), (1, 0.025), (2, 0.0125)]
    assert found.violations() == []


def test_a_setting_that_the_optimizer_does_not_have_is_named(
    digits, home, captured, caplog, monkeypatch
) -> None:
    model = network()
    model.compile("adam", "sparse_categorical_crossentropy")
    made = model.provenance("adam", hyps={**ALL, "NESTEROV": True}, home=home.path)
    trained(model, digits)
    assert "momentum" not in recorded(captured(made.run))
    assert "LookupError: nesterov in hyps; there are amsgrad, batch_size" in caplog.text


@pytest.mark.parametrize(
    "given",
    [
        {"hyperparameters": [("growth rate", "NUMERIC"), ("B", "TEXT")], "growth rate": 16, "b": 4},
        {"hyperparameters": {"growth rate": 16, "B": "4"}},
    ],
    ids=["names-and-types", "names-and-values"],
)
def test_c12_hyperparameters_of_the_users_own_have_their_values(
    given, digits, home, captured
) -> None:
    """B13: Keras-Prov stores 'null' for each of them."""
    model = compiled(network())
    made = model.provenance("own", hyps={}, home=home.path, **given)
    trained(model, digits)
    found = captured(made.run)
    assert found.rows(
        "?c a dnnprov:iTraining ; ?p ?v . ?p dnnprov:reportedName ?name", "name", "v"
    ) == [("B", "4"), ("growth rate", 16)]
    assert found.violations() == []


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ({"dataflow_tag": ""}, ValueError, r"model\.provenance\('digits-cnn'\)"),
        ({"dataflow_tag": "x", "hyps": ["LEARNING_RATE"]}, TypeError, "found list"),
        ({"dataflow_tag": "x", "hyperparameters": [("k", "INT")]}, ValueError, "TEXT or NUMERIC"),
        ({"dataflow_tag": "x", "hyperparameters": [("k", "NUMERIC")]}, ValueError, "no value"),
        ({"dataflow_tag": "x", "k": 3}, TypeError, "knows no k"),
        (
            {"dataflow_tag": "x", "hyperparameters": [("k", "NUMERIC")], "k": "a"},
            ValueError,
            "is NUMERIC; found 'a'",
        ),
    ],
)
def test_what_was_wrong_with_the_call_is_said_at_once(arguments, error, told) -> None:
    with pytest.raises(error, match=told):
        network().provenance(**arguments)


def test_a_model_keeps_its_way_and_its_copy_has_none(digits, home, captured) -> None:
    model = compiled(network())
    made = model.provenance("twice", home=home.path)
    trained(model, digits)
    first = made.run
    trained(model, digits)
    trained(compiled(keras.models.clone_model(model)), digits)
    found = captured(first, made.run)
    assert len(found.runs) == 2
    assert ways.asked_for(model) is made


def test_the_first_fit_in_a_with_statement_belongs_to_its_run(digits, home, captured) -> None:
    with kprov.Run("prepared", home=home.path, campaign="grid") as run:
        trained(compiled(network()), digits, kprov.Provenance())
        trained(compiled(network()), digits, kprov.Provenance())
    found = captured()
    assert [(one.tag, one.status, one.epochs) for one in found.runs] == [
        ("prepared", "FINISHED", 3)
    ] * 2
    members = found.rows("?e dnnprov:partOfCampaign ?c . ?c prov:hadMember ?run", "run")
    assert set(members) == {(one.iri,) for one in found.runs}
    assert run.names.run in {one.iri for one in found.runs}
    assert found.violations() == []
