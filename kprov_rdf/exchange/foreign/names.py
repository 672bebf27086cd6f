"""What trackers call metrics and settings, and the names that Keras and the ontology have."""

import math
import re
import struct
from collections.abc import Iterable, Mapping

from kprov_capture.terms import METRICS, SETTINGS, TYPES

RATE = "learning_rate"
_RATES = (RATE, "lr")
# epoch_loss, epoch/val_loss, validation/epoch_loss, train/accuracy, train_loss
_PARTS = re.compile(
    r"(?:epoch[/_])?(?:(?P<val>val(?:idation)?[/_])|train(?:ing)?[/_])?(?:epoch[/_])?(?P<rest>.+)\Z"
)
_SETTINGS = {
    "lr": RATE,
    "opt_learning_rate": RATE,
    "optimizer": "optimizer_name",
    "opt_name": "optimizer_name",
    "num_epochs": "epochs",
    "n_epochs": "epochs",
    "max_epochs": "epochs",
    "loss_function": "loss",
}
_TRUTH = {"true": True, "false": False}


def metric(name: str) -> str:
    """What Keras calls the metric ``name``, or "learning_rate"; ``name`` itself of any other."""
    found = _PARTS.match(name)
    if name in METRICS or not found:
        return name
    if found["rest"] in _RATES and not found["val"]:
        return RATE
    plain = ("val_" if found["val"] else "") + found["rest"]
    return plain if plain in METRICS else name


def metrics(names: Iterable[str]) -> dict[str, str]:
    """Each name with Keras' name for it. Of two that mean the same, one keeps its own."""
    found = {name: name for name in names}
    taken = {name for name in found if metric(name) == name}
    for name in found:
        if (known := metric(name)) not in taken:
            taken.add(known)
            found[name] = known
    return found


def settings(found: Mapping[str, str | int | float | bool]) -> dict[str, str | int | float | bool]:
    """The settings that the ontology declares, by Keras' names, in the types that it declares.

    Trackers keep texts of numbers: "0.001". What is no such number is left out.
    """
    known: dict[str, str | int | float | bool] = {}
    for name, given in found.items():
        plain = _SETTINGS.get(name, name)
        if plain not in SETTINGS or (plain != name and plain in found):
            continue
        value = _typed(plain, given) if isinstance(given, str) else given
        if value is not None:
            known.setdefault(plain, value)
    return known


def _typed(name: str, text: str) -> str | int | float | bool | None:
    kind = TYPES.get(name, str)
    if kind is bool:
        return _TRUTH.get(text.strip().lower())
    try:
        found: str | int | float = kind(text)
    except ValueError:
        return None
    return found


def same_rate(one: float, other: float) -> bool:
    """Whether two rates are one: a tracker may have it from a variable of 32 bits.

    0.001 and 0.0010000000474974513 are. Two that differ as floats of the same width are not.
    """
    if one == other or (math.isnan(one) and math.isnan(other)):
        return True
    narrow, other_narrow = _narrow(one), _narrow(other)
    return narrow == other_narrow and (one == narrow) != (other == other_narrow)


def _narrow(value: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return value
