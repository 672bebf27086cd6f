"""Wrappers of what writes and reads model files: Keras's methods and functions.

``keras.saving`` hands its functions out under several names, and scripts import them before
or after this module; below them lies one function for each kind of file. Both are wrapped,
and of two that call one another only the outer one counts.
"""

import functools
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import keras

from kprov_capture import guard, travel, written
from kprov_capture.background import Ticket
from kprov_capture.keras import recorder, wrappers
from kprov_capture.keras.cause import cause_of
from kprov_capture.keras.recorder import Origin, Recorder

# Where functions of Keras live that take a model and a path, or a path.
_SAVING = ("keras.saving", "keras.models", "keras.src.saving.saving_api")
_INNER = ("keras.src.saving.saving_lib", "keras.src.legacy.saving.legacy_h5_format")

_inside = threading.local()
# Files that are being hashed: whoever writes to one again spoils its hash.
_hashing: dict[str, Ticket] = {}


def _path(given: Any) -> str | None:
    """The absolute path of a local file; None for a file object."""
    try:
        return os.path.abspath(os.fsdecode(given))
    except (TypeError, ValueError):
        return None


def _once(outer: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
    """Call ``outer(original, …)``, and ``original`` alone where one of ours is running."""

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        if getattr(_inside, "busy", False):
            return original(*args, **kwargs)
        _inside.busy = True
        try:
            return outer(original, *args, **kwargs)
        finally:
            _inside.busy = False

    return call


def _kind(path: str) -> str:
    """The format by the suffix: keras, weights.h5, h5."""
    return "weights.h5" if path.endswith(".weights.h5") else os.path.splitext(path)[1][1:]


# -- written


@guard.guarded("prepare for a file that is written")
def _about_to_write(path: str | None) -> None:
    ticket = _hashing.pop(path or "", None)
    if ticket is not None and not ticket.done.is_set():
        ticket.late = True


@guard.guarded("record the saved model")
def _record_written(model: Any, path: str, started: float, caller: Any) -> None:
    if not os.path.isfile(path):
        return  # a folder, or a place that is no local file
    inside = recorder.fit_of(model)
    if inside is not None and inside.recorder is not None:
        within: Recorder = inside.recorder
        if within.ended:
            return
        local = within.checkpoint(cause_of(caller))
        run = within.run
        _hashing[path] = run.model_file(started, run.now(), path, local, _kind(path))
        return
    run_now = wrappers.run_of(model)
    if run_now is not None:
        travel.model_file(run_now, started, run_now.now(), path, _kind(path))


def _now(model: Any) -> float:
    inside = recorder.fit_of(model)
    if inside is not None and inside.recorder is not None:
        return float(inside.recorder.run.now())
    run = wrappers.run_of(model)
    return run.now() if run is not None else 0.0


def _write(original: Callable[..., Any], model: Any, filepath: Any, *args: Any, **kw: Any) -> Any:
    path = _path(filepath)
    _about_to_write(path)
    started = guard.guarded("read the clock")(_now)(model) or 0.0
    result = original(model, filepath, *args, **kw)
    if path is not None:
        _record_written(model, path, started, sys._getframe(1))
    return result


# -- read


@guard.guarded("note where weights come from")
def _note_origin(model: Any, path: str | None, state: tuple[int, int] | None) -> None:
    """The model and its layers come from this file, wherever they are used next."""
    if path is None or model is None:
        return
    origin = Origin(path, state)
    recorder.origins[model] = origin
    for layer in model._flatten_layers(include_self=False):
        recorder.origins[layer] = origin


def _read_model(original: Callable[..., Any], filepath: Any, *args: Any, **kwargs: Any) -> Any:
    path = _path(filepath)
    state = written.state(path) if path else None
    model = original(filepath, *args, **kwargs)
    _note_origin(model, path, state)
    return model


@guard.guarded("record weights that were read")
def _record_read(model: Any, path: str | None, state: Any, caller: Any) -> None:
    if path is None:
        return
    inside = recorder.fit_of(model)
    if inside is not None:
        if inside.recorder is not None and not inside.recorder.ended:
            inside.recorder.run.resume(path, cause_of(caller).name)
        return
    run = wrappers.run_of(model)
    if run is not None:
        run.restore(path, "load_weights")
    _note_origin(model, path, state)


def _read_weights(
    original: Callable[..., Any], model: Any, filepath: Any, *args: Any, **kwargs: Any
) -> Any:
    path = _path(filepath)
    state = written.state(path) if path else None
    result = original(model, filepath, *args, **kwargs)
    _record_read(model, path, state, sys._getframe(1))
    return result


# -- changed by hand


@guard.guarded("note that weights were changed outside of a fit")
def _note_change(model: Any) -> None:
    if recorder.recorders and recorder.fit_of(model) is None:
        run = wrappers.run_of(model)
        if run is not None:
            run.alter()


def _change(original: Callable[..., Any], model: Any, *args: Any, **kwargs: Any) -> Any:
    result = original(model, *args, **kwargs)
    _note_change(model)
    return result


# -- what is wrapped


def _wrap(owner: Any, name: str, outer: Callable[..., Any]) -> None:
    original = getattr(owner, name, None)
    if original is None or getattr(original, "_kprov", False):
        return
    wrapped = _once(outer, original)
    wrapped._kprov = True  # type: ignore[attr-defined]
    setattr(owner, name, wrapped)


def install() -> None:
    """Wrap Keras's methods and functions; harmless when repeated."""
    _wrap(keras.Model, "save", _write)
    _wrap(keras.Model, "save_weights", _write)
    _wrap(keras.Model, "load_weights", _read_weights)
    _wrap(keras.Model, "set_weights", _change)
    _wrap(keras.Model, "train_on_batch", _change)
    for name, outer in (
        ("save_model", _write),
        ("save_weights", _write),
        ("load_model", _read_model),
        ("load_weights", _read_weights),
        ("save_model_to_hdf5", _write),
        ("load_model_from_hdf5", _read_model),
    ):
        for module in (*_SAVING, *_INNER):
            if module in sys.modules:
                _wrap(sys.modules[module], name, outer)
