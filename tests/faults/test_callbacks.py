"""Callbacks that nobody can write down, settings of the user's own, and copies of ours."""

from typing import Any

import keras
import numpy as np
import pytest

import kprov_capture.keras as kprov
from tests.faults.networks import fit, network, same
from tests.faults.odd import AwkwardError, Unreadable, self_referential


class Collector(keras.callbacks.Callback):
    """Holds what nobody can write down."""

    def __init__(self) -> None:
        super().__init__()
        self.unreadable = Unreadable()
        self.loop = self_referential()
        self.list = [self.loop]
        self.list.append(self.list)  # type: ignore[arg-type]
        self.text = "x" * 50_000_000
        self.cube = [[[0.5] * 100] * 100] * 10_000
        self.number = 10**5000
        self.mapping = {Unreadable(): 1, (1, 2): 2, b"\xff": 3}
        self.array = np.zeros((1000, 1000))
        self.nan = float("nan")
        self.monitor = Unreadable()
        self.patience = 10**400
        setattr(self, "a name\n\x00\ud800", 1)

    @property
    def raising(self) -> Any:
        raise AwkwardError


def test_a_callback_that_holds_what_nobody_can_write_down(ours, found, state) -> None:
    same(lambda: network(run_eagerly=True), ours, Collector)
    ours.run.close()
    ((label, config),) = found().rows(
        "?c a dnnprov:Callback ; rdfs:label ?label ; dnnprov:callbackConfig ?config",
        "label",
        "config",
    )
    assert label == "Collector"
    assert "unreadable: RuntimeError" in config
    assert len(config) < 200_000
    assert sum(one.stat().st_size for one in (state / "journal").glob("*.nq")) < 1_000_000


def test_settings_of_the_users_own_are_written_as_they_were(state, found) -> None:
    parts = [1, 2]
    own: dict[Any, Any] = {
        "list": parts,
        "unreadable": Unreadable(),
        "digits": 10**5000,
        3: "number",
        "__proto__": 1.5,
        "a\nb\x00\"'\ud800": True,
        "none": None,
        "loop": self_referential(),
        "scalar": np.float32(0.1),
    }
    ours = kprov.Provenance("own", home=state, hyperparameters=own)
    change = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: parts.append(epoch))
    same(lambda: network(run_eagerly=True), ours, lambda: change)
    ours.run.close()
    pattern = "?p dnnprov:reportedName ?name . ?c a dnnprov:iTraining ; ?p ?value"
    told = dict(found().rows(pattern, "name", "value"))
    assert told["list"] == "[1, 2, 0, 1, 2]"
    assert told["3"] == "number"
    assert told["__proto__"] == 1.5
    assert told["scalar"] == float(np.float32(0.1))
    assert "whose text cannot be had" in told["unreadable"]
    assert {name for name in told if "\n" in name} == {"a\nb\x00\"'\\ud800"}
    assert "none" not in told


@pytest.mark.parametrize("campaign", [3, b"x", ["a"]])
def test_a_campaign_that_is_no_name_is_said(campaign: Any, state, found, told) -> None:
    same(lambda: network(run_eagerly=True), kprov.Provenance("own", home=state, campaign=campaign))
    assert "a campaign is a name" in told()


# -- copies


def test_copies_before_within_and_after_a_fit(state, found) -> None:
    import copy
    import pickle

    ours = kprov.Provenance("copies", home=state, hyperparameters={"k": [1]})
    copies = [copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))]

    class Copies(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            copies.extend([copy.copy(ours), copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))])
            pickle.loads(pickle.dumps(self.model))
            copy.deepcopy(self.model.optimizer.learning_rate)

    model = same(lambda: network(run_eagerly=True), ours, Copies, epochs=1)
    copies.append(copy.deepcopy(ours))
    for one in copies:
        fit(model, one, epochs=1)
    for one in (ours, *copies):
        one.run.close()
    assert found().outline == [("FINISHED", 1)] * (1 + len(copies))


def test_a_model_is_copied_as_without_capture(state) -> None:
    """Nothing of ours hangs on it, also within a fit."""
    import copy

    class Clones(keras.callbacks.Callback):
        weights: Any = None

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.weights = copy.deepcopy(self.model).get_weights()

    clones = Clones()
    fit(network(run_eagerly=True), kprov.Provenance("clones", home=state), clones)
    assert len(clones.weights) == 4
