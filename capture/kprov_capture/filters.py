"""What a filter is, as plain values: its class or function and its settings, by duck typing.

A filter is what a step of the data preparation applies: a scikit-learn estimator or
pipeline, a Keras layer, a function, or only a name. Nothing here holds a memory address,
nor an array as a whole.
"""

import functools
import hashlib
import inspect
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from kprov_capture import fingerprint
from kprov_capture.facts import Filter, Fingerprint

_MAX_TEXT = 2_000  # characters of one value
_MAX_PARTS = 2_000  # values in one configuration
_MAX_DEPTH = 12
_MAX_LENGTH = 100  # of a list
_MAX_HASHED = 64 << 20  # bytes of an array that is a setting
_MORE = "…"


def class_name(thing: Any) -> str:
    """The qualified name of the class of ``thing``."""
    return _qualified(type(thing))


def _qualified(thing: Any) -> str:
    name = getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None)
    module = getattr(thing, "__module__", None)
    if not isinstance(name, str):
        return class_name(thing)
    if not isinstance(module, str):
        module = type(thing).__module__  # a ufunc of NumPy
    return name if module in ("builtins", None) else f"{module}.{name}"


def describe(filter_: Any) -> Filter:
    """Label, configuration and code of what a step applies.

    A method bound to an object (``scaler.transform``) is that object, and the method's name.
    """
    config = json.dumps(_Plain().value(filter_), ensure_ascii=False)
    return Filter(_label(filter_), config, _source(filter_))


def plain(value: Any) -> Any:
    """``value`` as JSON has it: bounded, without addresses, arrays by type, shape and SHA-256."""
    return _Plain().value(value)


def _owner(thing: Any) -> Any:
    """The object that a method is bound to; None for functions, and methods of classes."""
    owner = getattr(thing, "__self__", None)
    return None if owner is None or inspect.isclass(owner) or inspect.ismodule(owner) else owner


def _label(thing: Any, within: bool = False) -> str:
    if isinstance(thing, str):
        return thing[:_MAX_TEXT]
    if isinstance(thing, (list, tuple)) and not within:
        return ", ".join(_label(one, within=True) for one in thing[:20])
    if _is_function(thing):
        owner = _owner(thing)
        return _label(owner) if owner is not None else str(thing.__name__)
    if inspect.isclass(thing):
        return thing.__name__
    if isinstance(thing, functools.partial):
        return _label(thing.func, within)
    return type(thing).__name__


def _is_function(thing: Any) -> bool:
    return callable(thing) and hasattr(thing, "__name__") and not inspect.isclass(thing)


def _source(thing: Any) -> Fingerprint | None:
    """SHA-256 of the text of a function, where Python can find it."""
    function = thing.func if isinstance(thing, functools.partial) else thing
    if not _is_function(function) or _owner(function) is not None:
        return None
    try:
        text = inspect.getsource(function).encode("utf-8", "backslashreplace")
    except (OSError, TypeError, ValueError, IndexError, SyntaxError):
        return None  # written in C, or at a prompt
    return Fingerprint(hashlib.sha256(text).hexdigest(), len(text))


class _Plain:
    """One walk through a value, which may refer to itself; it ends when it has seen enough."""

    def __init__(self) -> None:
        self._left = _MAX_PARTS

    def value(self, thing: Any, depth: int = 0) -> Any:
        self._left -= 1
        if self._left < 0 or depth > _MAX_DEPTH:
            return _MORE
        if thing is None or isinstance(thing, bool):
            return thing
        if isinstance(thing, str):
            return str(thing)[:_MAX_TEXT] + (_MORE if len(thing) > _MAX_TEXT else "")
        if isinstance(thing, int):
            return int(thing) if thing.bit_length() <= 1024 else _shortened(hex(thing))
        if isinstance(thing, float):
            number = float(thing)
            return number if math.isfinite(number) else str(number)
        if isinstance(thing, Mapping):
            return self._mapping(thing, depth)
        if isinstance(thing, (list, tuple)):
            return self._several(thing, depth)
        if isinstance(thing, (set, frozenset)):
            # Their order differs from process to process.
            return self._several(sorted(thing, key=lambda one: (class_name(one), str(one))), depth)
        try:
            return self._object(thing, depth)
        except Exception as error:  # get_params and get_config are the user's code
            return {"class": class_name(thing), "error": _shortened(type(error).__name__)}

    def _several(self, things: Sequence[Any], depth: int) -> list[Any]:
        found = [self.value(one, depth + 1) for one in things[:_MAX_LENGTH]]
        more = len(things) - len(found)
        return [*found, f"{_MORE} and {more} more"] if more else found

    def _mapping(self, thing: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, one in thing.items():
            if self._left < 0:
                found[_MORE] = _MORE
                break
            name = key if isinstance(key, str) else json.dumps(self.value(key, depth + 1))
            found[_shortened(name)] = self.value(one, depth + 1)
        return found

    def _object(self, thing: Any, depth: int) -> Any:
        if inspect.isclass(thing):
            return {"class": _qualified(thing)}
        if hasattr(thing, "dtype") and hasattr(thing, "shape"):
            return self._array(thing, depth)
        if _is_function(thing):
            owner = _owner(thing)
            if owner is None:
                return {"function": _qualified(thing)}
            return {"method": thing.__name__, "of": self.value(owner, depth + 1)}
        found: dict[str, Any] = {"class": class_name(thing)}
        if isinstance(thing, functools.partial):
            parts = {"function": thing.func, "arguments": thing.args, "keywords": thing.keywords}
            return found | self._mapping(parts, depth)
        if hasattr(thing, "get_params"):
            # Not deep: a pipeline has its steps among its parameters, in their order.
            return found | {"settings": self._mapping(thing.get_params(deep=False), depth)}
        if hasattr(thing, "get_config"):
            config = thing.get_config()
            if isinstance(config, Mapping):
                return found | {"settings": self._mapping(config, depth)}
        if isinstance(getattr(thing, "name", None), str) and hasattr(thing, "itemsize"):
            return str(thing.name)  # a type of elements
        return found

    def _array(self, thing: Any, depth: int) -> Any:
        if not thing.shape and hasattr(thing, "item"):
            item = thing.item()
            if item is not thing:
                return self.value(item, depth + 1)
        found = {"elements": str(thing.dtype), "shape": [int(size) for size in thing.shape]}
        array = thing.__array__() if hasattr(thing, "__array__") else thing
        if getattr(array, "nbytes", _MAX_HASHED) < _MAX_HASHED and hasattr(array, "flags"):
            try:
                return found | {"sha256": fingerprint.of_array(array).sha256}
            except (TypeError, ValueError):
                return found  # elements without bytes of their own
        return found


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + _MORE
