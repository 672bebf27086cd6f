"""Values of others as plain ones: settings, metrics, and the arrays of a data set.

For the adapters; NumPy is imported only where data come.
"""

import re
from collections.abc import Mapping
from typing import Any

from kprov_capture import guard
from kprov_capture.facts import Dataset
from kprov_capture.nquads import Value, as_json

_TAG = re.compile(r"[^\x00-\x1f\x7f]{1,200}\Z")


def check_tag(given: Any, usage: str) -> str:
    """A name of a dataflow. Raises ``ValueError`` that shows ``usage``."""
    if not isinstance(given, str) or not _TAG.match(given):
        raise ValueError(
            f"{usage.partition('(')[0]} needs the name of the dataflow, such as {usage}: "
            f"up to 200 characters on one line; found {str(given)[:80]!r}"
        )
    return given


def plain(value: Any) -> Value | None:
    """A value that a literal can hold; None for None, JSON for what has parts.

    Of a value that raises when it is looked at, what it is.
    """
    try:
        return _plain(value)
    except Exception:
        return guard.text_of(value)


def _plain(value: Any) -> Value | None:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return _plain(value.item())
    return as_json(value)


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


def samples(found: Mapping[str, Any]) -> int | None:
    first = next(iter(found.values()), None)
    return int(first.shape[0]) if first is not None and first.ndim else None


def count(source: Any) -> int | None:
    """Batches of a source that knows; tf.data answers -1 (infinite) or -2 (unknown)."""
    try:
        count = source.num_batches if hasattr(source, "num_batches") else len(source)
    except Exception:
        return None
    return int(count) if isinstance(count, int) and count >= 0 else None


def dataset(role: str, local: str, x: Any, y: Any, weights: Any) -> tuple[Dataset, dict[str, Any]]:
    """The data in one role, and its arrays where it is made of arrays."""
    described = guard.guarded(f"describe the data of the role {role}")(_dataset)
    source = f"{type(x).__module__}.{type(x).__qualname__}"
    unknown = Dataset(local, role, source, unhashed="it could not be described")
    return described(role, local, x, y, weights) or (unknown, {})


def _dataset(role: str, local: str, x: Any, y: Any, weights: Any) -> tuple[Dataset, dict[str, Any]]:
    found = arrays("x", x)
    kind = type(x)
    source = f"{kind.__module__}.{kind.__qualname__}"
    for name, part in (("y", y), ("sample_weight", weights)):
        if found and part is not None:
            more = arrays(name, part)
            if not more:
                reason = f"{name} is a {type(part).__qualname__}, which is no array"
                return Dataset(local, role, source, samples=samples(found), unhashed=reason), {}
            found |= more
    if found:
        return Dataset(local, role, source, samples=samples(found)), found
    specification = getattr(x, "element_spec", None)
    return Dataset(
        local,
        role,
        source,
        batches=count(x),
        specification=None if specification is None else str(specification),
        unhashed=f"a {kind.__qualname__} yields its data and cannot be read twice",
    ), {}


def numbers(logs: Mapping[str, Any] | None) -> dict[str, float]:
    """The metrics among ``logs``: what is a number. The rate, which callbacks add, is left out."""
    found: dict[str, float] = {}
    for name, value in (logs or {}).items():
        if name == "learning_rate":
            continue
        try:
            found[str(name)] = float(value)
        except Exception:  # of a tensor of several numbers each framework raises another one
            guard.report(TypeError(f"{name!r} is a {type(value).__name__}"), "record a metric")
    return found
