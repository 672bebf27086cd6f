"""What Keras tells of a model, its settings and its data, as plain values."""

import json
import math
import sys
from collections.abc import Mapping
from typing import Any

import keras

from kprov_capture import guard
from kprov_capture.facts import Dataset
from kprov_capture.keras.layers import config_of, frozen, sublayers
from kprov_capture.keras.rates import innermost, shortest
from kprov_capture.nquads import Value

# Arguments of fit that are hyperparameters and need no more than their value.
_FIT_SETTINGS = (
    "epochs", "validation_split", "steps_per_epoch", "initial_epoch", "class_weight",
    "validation_batch_size", "validation_steps",
)  # fmt: skip


def _plain(value: Any) -> Value | None:
    """A value that a literal can hold; None for None, JSON for what has parts."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return _plain(value.item())
    return json.dumps(value, default=repr)


def _optimizer_settings(optimizer: Any) -> dict[str, Value | None]:
    holder = innermost(optimizer)
    settings: dict[str, Value | None] = {"optimizer_name": type(holder).__name__}
    if holder is not optimizer:
        settings["optimizer_wrapper"] = type(optimizer).__name__
    config = dict(holder.get_config())
    rate = config.pop("learning_rate", None)
    config.pop("name", None)
    if isinstance(rate, dict):
        settings["learning_rate_schedule"] = json.dumps(rate, default=repr)
        # The rate of the next step stands beside it, so that runs can be compared.
        settings["learning_rate"] = shortest(
            float(keras.ops.convert_to_numpy(holder.learning_rate))
        )
    elif rate is not None:
        settings["learning_rate"] = shortest(float(rate))
    return settings | {name: _plain(value) for name, value in config.items()}


def _name_of(thing: Any) -> str | None:
    """The name of a loss: as given, of the class or function, or JSON where there are several."""
    if thing is None or isinstance(thing, str):
        return thing
    if isinstance(thing, (list, tuple)):
        return json.dumps([_name_of(one) for one in thing])
    if isinstance(thing, Mapping):
        return json.dumps({key: _name_of(one) for key, one in thing.items()})
    return getattr(thing, "__name__", None) or type(thing).__name__


def _batch_size(arguments: Mapping[str, Any]) -> int | None:
    """The batch size: as given, Keras's default for arrays, or what the data set says."""
    given = arguments.get("batch_size")
    if given is not None:
        return int(given)
    x = arguments.get("x")
    if arrays("x", x):
        return 32  # documented default of fit for arrays
    for attribute in ("batch_size", "_batch_size"):
        found = getattr(x, attribute, None)
        if isinstance(found, int):
            return found
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
    found["batch_size"] = _batch_size(arguments)
    found["num_layers"] = len(sublayers(model))
    loss = getattr(model, "loss", None)
    found["loss"] = _name_of(loss)
    if isinstance(loss, keras.Loss):
        found["loss_config"] = _plain(config_of(loss))
    # Only kept in a private place; get_compile_config() would serialize the whole optimizer.
    compiled = getattr(model, "_compile_loss", None)
    found["loss_weights"] = _plain(getattr(compiled, "_user_loss_weights", None))
    found["frozen_layers"] = json.dumps(frozen(model))
    found["seed"] = _seed()
    found["dtype_policy"] = getattr(getattr(model, "dtype_policy", None), "name", None)
    found["jit_compile"] = _plain(getattr(model, "jit_compile", None))
    found["steps_per_execution"] = _plain(getattr(model, "steps_per_execution", None))
    found["shuffle"] = _plain(arguments.get("shuffle", True))
    if arguments.get("validation_data") is not None or arguments.get("validation_split"):
        found["validation_freq"] = _plain(arguments.get("validation_freq", 1))
    for name in _FIT_SETTINGS:
        found[name] = _plain(arguments.get(name))
    found["epochs"] = 1 if found["epochs"] is None else found["epochs"]
    return {name: value for name, value in found.items() if value is not None}


# -- data


def arrays(name: str, data: Any) -> dict[str, Any]:
    """The NumPy arrays in ``data`` by name: x, or x_0, x_1, … or x_key; empty without any."""
    import numpy as np

    if data is None:
        return {}
    if isinstance(data, np.ndarray):
        return {name: data}
    parts: dict[str, Any] = {}
    if isinstance(data, Mapping):
        named = list(data.items())
    elif isinstance(data, (list, tuple)):
        named = list(enumerate(data))
    elif hasattr(data, "__array__") and hasattr(data, "shape"):
        return {name: np.asarray(data)}  # pandas, or an eager tensor
    else:
        return {}
    for key, part in named:
        found = arrays(f"{name}_{key}", part)
        if not found:
            return {}
        parts |= found
    return parts


def _cut(found: dict[str, Any], start: int | None, stop: int | None) -> dict[str, Any]:
    return {name: array[start:stop] for name, array in found.items()}


def _samples(found: Mapping[str, Any]) -> int | None:
    first = next(iter(found.values()), None)
    return int(first.shape[0]) if first is not None and first.ndim else None


def _count(source: Any) -> int | None:
    """Batches of a source that knows; tf.data answers -1 (infinite) or -2 (unknown)."""
    try:
        count = source.num_batches if hasattr(source, "num_batches") else len(source)
    except Exception:
        return None
    return int(count) if isinstance(count, int) and count >= 0 else None


def dataset(role: str, local: str, x: Any, y: Any, weights: Any) -> tuple[Dataset, dict[str, Any]]:
    """The data in one role, and its arrays where it is made of arrays."""
    found = arrays("x", x)
    kind = type(x)
    source = f"{kind.__module__}.{kind.__qualname__}"
    for name, part in (("y", y), ("sample_weight", weights)):
        if found and part is not None:
            more = arrays(name, part)
            if not more:
                reason = f"{name} is a {type(part).__qualname__}, which is no array"
                return Dataset(local, role, source, samples=_samples(found), unhashed=reason), {}
            found |= more
    if found:
        return Dataset(local, role, source, samples=_samples(found)), found
    specification = getattr(x, "element_spec", None)
    return Dataset(
        local,
        role,
        source,
        batches=_count(x),
        specification=None if specification is None else str(specification),
        unhashed=f"a {kind.__qualname__} yields its data and cannot be read twice",
    ), {}


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
    samples = _samples(found)
    if split and samples:
        # fit takes the last samples, before it shuffles.
        at = math.floor(samples * (1.0 - split))
        rest = _cut(found, at, None)
        return [
            (Dataset("train-set", "train", train.source, samples=at), _cut(found, None, at)),
            (Dataset("val-set", "val", train.source, samples=samples - at), rest),
        ]
    return [(train, found)]


def numbers(logs: Mapping[str, Any] | None) -> dict[str, float]:
    """The metrics among ``logs``: what is a number. The rate, which callbacks add, is left out."""
    found: dict[str, float] = {}
    for name, value in (logs or {}).items():
        if name == "learning_rate":
            continue
        try:
            found[name] = float(value)
        except (TypeError, ValueError):
            guard.report(TypeError(f"{name!r} is a {type(value).__name__}"), "record a metric")
    return found
