"""Wrappers of ``fit``, ``evaluate`` and ``save`` of ``keras.Model``."""

import copy
import functools
import inspect
import os
import threading
from collections.abc import Callable
from typing import Any

import keras

from kprov_capture import guard, travel
from kprov_capture.facts import Dataset
from kprov_capture.keras import callback as callbacks
from kprov_capture.keras import describe
from kprov_capture.keras.callback import Provenance
from kprov_capture.run import Run

# The models that are in a recorded fit, by thread: evaluating one there is validation.
_fits: set[tuple[int, int]] = set()
# One Provenance may be given to two fits at once.
_taking = threading.Lock()


def _fit_key(model: Any) -> tuple[int, int]:
    return threading.get_ident(), id(model)


def _provenance_in(given: Any) -> Provenance | None:
    """The kprov callback among the callbacks of a call."""
    if isinstance(given, keras.callbacks.CallbackList):
        given = given.callbacks
    if isinstance(given, Provenance):
        return given
    if isinstance(given, (list, tuple)):
        for one in given:
            found = _provenance_in(one)
            if found is not None:
                return found
    return None


def _first(provenance: Provenance, given: Any) -> Any:
    """The callbacks with ours first: what a later one raises loses no epoch then."""
    if isinstance(given, Provenance):
        return provenance
    if not isinstance(given, (list, tuple)):
        return given  # a list that Keras has set up already
    flat = keras.tree.flatten(list(given))
    # One fit is one training, however many of ours are given.
    return [provenance, *(one for one in flat if not isinstance(one, Provenance))]


class _Call:
    """The arguments of one call of a wrapped method, by name, and the way to change callbacks.

    Nothing else of the call changes: giving an argument its default is not always
    the same as leaving it out.
    """

    def __init__(self, signature: inspect.Signature, args: Any, kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs
        self._at = list(signature.parameters).index("callbacks") - 1  # without self
        bound = signature.bind(None, *args, **kwargs)
        bound.apply_defaults()
        self.arguments = dict(bound.arguments)
        self.callbacks = self.arguments["callbacks"]

    def set_callbacks(self, callbacks: Any) -> None:
        if len(self.args) > self._at:
            self.args = (*self.args[: self._at], callbacks, *self.args[self._at + 1 :])
        else:
            self.kwargs = {**self.kwargs, "callbacks": callbacks}


@guard.guarded("find the run of a model")
def _run_of(model: Any) -> Run | None:
    """The run of the model's last training. A model that cannot be hashed has none."""
    return callbacks.runs.get(model)


def _call(signature: inspect.Signature, args: Any, kwargs: Any) -> _Call | None:
    """None where the arguments do not fit: Keras says so itself."""
    try:
        return _Call(signature, args, kwargs)
    except TypeError:
        return None


def _wrap_fit(original: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(original)

    @guard.guarded("look at the arguments of fit")
    def prepare(model: Any, args: Any, kwargs: Any) -> tuple[Provenance, _Call] | None:
        # A training that is not recorded: what is done with the model afterwards
        # is no longer about what the last run left.
        callbacks.runs.pop(model, None)
        call = _call(signature, args, kwargs)
        if call is None:
            return None
        found = _provenance_in(call.callbacks)
        if found is None:
            return None
        with _taking:
            if found.arguments is not None:  # another fit is using it: a copy records this one
                found = copy.copy(found)
            found.arguments, found.recorder = call.arguments, None
        call.set_callbacks(_first(found, call.callbacks))
        return found, call

    @functools.wraps(original)
    def fit(self: Any, *args: Any, **kwargs: Any) -> Any:
        last = _run_of(self)
        prepared = prepare(self, args, kwargs)
        if prepared is None:
            return original(self, *args, **kwargs)
        provenance, call = prepared
        provenance.after = last.names.training if last else None
        key = _fit_key(self)
        _fits.add(key)
        status, failure = callbacks.FINISHED, None
        try:
            return original(self, *call.args, **call.kwargs)
        except Exception as error:
            status, failure = callbacks.FINISHED_WITH_ERROR, error
            raise
        except BaseException:  # Ctrl-C, sys.exit
            status = callbacks.INTERRUPTED
            raise
        finally:
            _fits.discard(key)
            if provenance.recorder:
                provenance.recorder.end(status, failure)
            # Free the data sets that the arguments hold.
            provenance.arguments = None

    return fit


class _Metrics(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Keeps what evaluate reports: the mean over the data, by name."""

    found: dict[str, float] | None = None

    @guard.guarded("read what evaluate reports")
    def on_test_end(self, logs: Any = None) -> None:
        self.found = describe.numbers(logs)


def _wrap_evaluate(original: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(original)

    @guard.guarded("look at the arguments of evaluate")
    def prepare(model: Any, args: Any, kwargs: Any) -> tuple[Run, _Metrics, _Call] | None:
        run = _run_of(model)
        if run is None or run.closed or _fit_key(model) in _fits:
            return None
        call, metrics = _call(signature, args, kwargs), _Metrics()
        if call is None:
            return None
        given = call.callbacks
        if isinstance(given, keras.callbacks.CallbackList):
            given.callbacks.append(metrics)
        else:
            listed = list(given) if isinstance(given, (list, tuple)) else [given] if given else []
            call.set_callbacks([*listed, metrics])
        return run, metrics, call

    @guard.guarded("record a testing")
    def record(run: Run, metrics: _Metrics, call: _Call, started: float) -> None:
        ended = run.now()
        if metrics.found is None:
            return
        local = run.next_test_set()
        x, y, weights = (call.arguments[name] for name in ("x", "y", "sample_weight"))
        described = guard.guarded("describe the test set")(describe.dataset)
        source = f"{type(x).__module__}.{type(x).__qualname__}"
        unknown = Dataset(local, "test", source, unhashed="it could not be described")
        run.dataset("test", *(described("test", local, x, y, weights) or (unknown, {})))
        run.testing(started, ended, metrics.found, local)
        run.release_data()

    @functools.wraps(original)
    def evaluate(self: Any, *args: Any, **kwargs: Any) -> Any:
        prepared = prepare(self, args, kwargs)
        if prepared is None:
            return original(self, *args, **kwargs)
        run, metrics, call = prepared
        started = run.now()
        try:
            result = original(self, *call.args, **call.kwargs)
        finally:
            if isinstance(call.callbacks, keras.callbacks.CallbackList):
                call.callbacks.callbacks.remove(metrics)
        record(run, metrics, call, started)
        return result

    return evaluate


def _wrap_save(original: Callable[..., Any]) -> Callable[..., Any]:
    @guard.guarded("record the saved model")
    def record(run: Run, path: Any, started: float) -> None:
        text = os.path.abspath(os.fspath(path))
        if os.path.isfile(text):
            travel.model_file(run, started, run.now(), text)

    @functools.wraps(original)
    def save(self: Any, filepath: Any, *args: Any, **kwargs: Any) -> Any:
        run = _run_of(self)
        if run is None or run.closed or _fit_key(self) in _fits:
            return original(self, filepath, *args, **kwargs)
        started = run.now()
        result = original(self, filepath, *args, **kwargs)
        record(run, filepath, started)
        return result

    return save


def install() -> None:
    """Wrap the methods of ``keras.Model``; harmless when repeated."""
    for name, wrap in (("fit", _wrap_fit), ("evaluate", _wrap_evaluate), ("save", _wrap_save)):
        original = getattr(keras.Model, name)
        if not getattr(original, "_kprov", False):
            wrapped = wrap(original)
            wrapped._kprov = True  # type: ignore[attr-defined]
            setattr(keras.Model, name, wrapped)
