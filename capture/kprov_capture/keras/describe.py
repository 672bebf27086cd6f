"""What Keras tells of a model, its settings and its data, as plain values."""

import contextlib
import json
import math
import re
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import keras

from kprov_capture import guard
from kprov_capture.facts import Dataset
from kprov_capture.keras.layers import config_of, frozen, sublayers
from kprov_capture.keras.rates import innermost, shortest
from kprov_capture.nquads import Iri, Value, as_json
from kprov_capture.values import arrays, dataset, plain, samples

# Arguments of fit that are hyperparameters and need no more than their value.
_FIT_SETTINGS = (
    "epochs", "validation_split", "steps_per_epoch", "initial_epoch", "class_weight",
    "validation_batch_size", "validation_steps",
)  # fmt: skip


def _optimizer_settings(optimizer: Any) -> dict[str, Value | None]:
    holder = innermost(optimizer)
    settings: dict[str, Value | None] = {"optimizer_name": type(holder).__name__}
    if holder is not optimizer:
        settings["optimizer_wrapper"] = type(optimizer).__name__
    read = guard.guarded("read the configuration of the optimizer")(holder.get_config)
    config = dict(read() or {})
    rate = config.pop("learning_rate", None)
    config.pop("name", None)
    if isinstance(
        getattr(holder, "_learning_rate", None), keras.optimizers.schedules.LearningRateSchedule
    ):
        settings["learning_rate_schedule"] = as_json(rate)
        # The rate of the next step stands beside it, so that runs can be compared.
        settings["learning_rate"] = shortest(
            float(keras.ops.convert_to_numpy(holder.learning_rate))
        )
    elif isinstance(rate, (int, float)):
        settings["learning_rate"] = shortest(float(rate))
    elif rate is not None:  # a function
        settings["learning_rate_schedule"] = as_json(rate)
    return settings | {str(name): plain(value) for name, value in config.items()}


def _name_of(thing: Any) -> str | None:
    """The name of a loss: as given, of the class or function, or JSON where there are several."""
    if thing is None or isinstance(thing, str):
        return thing
    if isinstance(thing, (list, tuple)):
        return json.dumps([_name_of(one) for one in thing])
    if isinstance(thing, Mapping):
        return json.dumps({key: _name_of(one) for key, one in thing.items()})
    return getattr(thing, "__name__", None) or type(thing).__name__


# Data sets of tf.data that hand batches on as they are.
_HAND_ON = re.compile("Prefetch|Cache|Repeat|Take|Skip|Options|Map|Shard")


def _batch_size(arguments: Mapping[str, Any]) -> int | None:
    """The batch size: as given, what Keras takes for arrays, or what the data set says."""
    given = arguments.get("batch_size")
    if given is not None:
        return int(given)
    x, steps = arguments.get("x"), arguments.get("steps_per_epoch")
    found = arrays("x", x)
    if found:
        count = samples(found)
        return math.ceil(count / steps) if steps and count else 32  # documented default of fit
    for _ in range(20):
        for attribute in ("batch_size", "_batch_size"):
            with contextlib.suppress(Exception):  # no number, or a tensor without a value
                return int(getattr(x, attribute))
        if not _HAND_ON.search(type(x).__name__):
            break
        x = getattr(x, "_input_dataset", None)
    return None


@guard.guarded("read the seed")
def _seed() -> int | None:
    """What ``keras.utils.set_random_seed`` was given; kept in a private place only."""
    ask = getattr(sys.modules.get("keras.src.utils.rng_utils"), "get_random_seed", None)
    seed = ask() if ask else None
    return seed if isinstance(seed, int) else None


def settings(model: Any, arguments: Mapping[str, Any]) -> dict[str, Value]:
    """Hyperparameters of a fit by Keras's names; ``arguments`` are those of the call."""
    found: dict[str, Value | None] = {}
    part = guard.guarded("read the settings of the optimizer")(_optimizer_settings)
    found |= part(model.optimizer) or {}
    loss = getattr(model, "loss", None)
    # Only kept in a private place; get_compile_config() would serialize the whole optimizer.
    compiled = getattr(model, "_compile_loss", None)
    readers: dict[str, Callable[[], Value | None]] = {
        "batch_size": lambda: _batch_size(arguments),
        "num_layers": lambda: len(sublayers(model)),
        "loss": lambda: _name_of(loss),
        "loss_config": lambda: plain(config_of(loss)) if isinstance(loss, keras.Loss) else None,
        "loss_weights": lambda: plain(getattr(compiled, "_user_loss_weights", None)),
        # Before it is built a model has no weights to be frozen.
        "frozen_layers": lambda: json.dumps(frozen(model)) if model.built else None,
        "seed": _seed,
        "dtype_policy": lambda: getattr(getattr(model, "dtype_policy", None), "name", None),
        "jit_compile": lambda: plain(getattr(model, "jit_compile", None)),
        "steps_per_execution": lambda: plain(getattr(model, "steps_per_execution", None)),
    }
    for name, read in readers.items():
        found[name] = guard.guarded(f"read the setting {name}")(read)()
    found["shuffle"] = plain(arguments.get("shuffle", True))
    if arguments.get("validation_data") is not None or arguments.get("validation_split"):
        found["validation_freq"] = plain(arguments.get("validation_freq", 1))
    for name in _FIT_SETTINGS:
        found[name] = plain(arguments.get(name))
    found["epochs"] = 1 if found["epochs"] is None else found["epochs"]
    return {name: value for name, value in found.items() if value is not None}


def own_settings(given: Mapping[Any, Any]) -> dict[str, Value]:
    """The user's hyperparameters as they are now: what has parts may change while the fit runs."""
    found = {
        guard.text_of(name): value if isinstance(value, (Iri, datetime)) else plain(value)
        for name, value in given.items()
    }
    return {name: value for name, value in found.items() if value is not None}


# -- data


def _cut(found: dict[str, Any], start: int | None, stop: int | None) -> dict[str, Any]:
    return {name: array[start:stop] for name, array in found.items()}


def _unpack(validation_data: Any) -> tuple[Any, Any, Any]:
    """x, y and weights, as fit unpacks its argument."""
    if isinstance(validation_data, (tuple, list)) and len(validation_data) <= 3:
        return (*validation_data, None, None, None)[:3]
    return validation_data, None, None


def datasets(arguments: Mapping[str, Any]) -> list[tuple[Dataset, dict[str, Any]]]:
    """The training data of a fit, and the validation data where there is some."""
    x, y = arguments.get("x"), arguments.get("y")
    if x is None:
        return []  # a loop of the user's own: nothing is known of its data
    weights, split = arguments.get("sample_weight"), arguments.get("validation_split") or 0.0
    validation = arguments.get("validation_data")
    train, found = dataset("train", "train-set", x, y, weights)
    if validation is not None:
        return [(train, found), dataset("val", "val-set", *_unpack(validation))]
    count = samples(found)
    if split and count:
        # fit takes the last samples, before it shuffles.
        at = math.floor(count * (1.0 - split))
        rest = _cut(found, at, None)
        return [
            (Dataset("train-set", "train", train.source, samples=at), _cut(found, None, at)),
            (Dataset("val-set", "val", train.source, samples=count - at), rest),
        ]
    return [(train, found)]
