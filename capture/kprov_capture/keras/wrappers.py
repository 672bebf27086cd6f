"""Wrappers of ``fit`` and ``evaluate`` of ``keras.Model``."""

import copy
import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any

import keras

from kprov_capture import guard, values
from kprov_capture.keras import recorder, stops, ways
from kprov_capture.keras.batches import Batches
from kprov_capture.keras.callback import Provenance
from kprov_capture.keras.recorder import Recorder
from kprov_capture.run import Run

# One Provenance may be given to two fits at once.
_taking = threading.Lock()


def _provenance_in(given: Any) -> Provenance | None:
    """The kprov callback among the callbacks of a call."""
    if isinstance(given, keras.callbacks.CallbackList):
        given = given.callbacks
    return next((one for one in keras.tree.flatten(given) if isinstance(one, Provenance)), None)


def _ours_first(provenance: Provenance, given: Any) -> tuple[Any, list[Any]]:
    """The callbacks with ours first, and those of the user.

    What a later callback raises loses no epoch then. One fit is one training, however many
    of ours are given.
    """
    if isinstance(given, keras.callbacks.CallbackList):  # one that Keras has set up already
        others = [one for one in given.callbacks if not isinstance(one, Provenance)]
        given.callbacks[:] = [provenance, *others]
        if provenance.options.batch_metrics:
            text = "a CallbackList was set up before: give fit the callbacks themselves"
            guard.report(ValueError(text), "record the metrics of each batch")
        return given, others
    flat = keras.tree.flatten(given)
    others = [one for one in flat if one is not None and not isinstance(one, Provenance)]
    ours: list[Any] = [provenance]
    if provenance.options.batch_metrics:
        # Before the other: what waits for the end of an epoch belongs to that epoch.
        provenance.batches = Batches()
        ours.insert(0, provenance.batches)
    return [*ours, *others], others


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
        # What a list that Keras has set up already held before.
        is_list = isinstance(self.callbacks, keras.callbacks.CallbackList)
        self.had = list(self.callbacks.callbacks) if is_list else None

    def set_callbacks(self, callbacks: Any) -> None:
        if len(self.args) > self._at:
            self.args = (*self.args[: self._at], callbacks, *self.args[self._at + 1 :])
        else:
            self.kwargs = {**self.kwargs, "callbacks": callbacks}


@guard.guarded("find the run of a model")
def recorder_of(model: Any) -> Recorder | None:
    """The recorder of the model's last training. A model that cannot be hashed has none."""
    return recorder.recorders.get(model)


@guard.guarded("forget the run of a model")
def forget(model: Any) -> None:
    recorder.recorders.pop(model, None)


def run_of(model: Any) -> Run | None:
    """The run that is open for what is done with a trained model."""
    found = recorder_of(model)
    return found.run if found is not None and not found.run.closed else None


def _call(signature: inspect.Signature, args: Any, kwargs: Any) -> _Call | None:
    """None where the arguments do not fit: Keras says so itself."""
    try:
        return _Call(signature, args, kwargs)
    except TypeError:
        return None


def _take(model: Any, call: _Call) -> Provenance | None:
    """The callback that records this fit: that of the call, of the model, or of autolog."""
    given = _provenance_in(call.callbacks)
    found = given or ways.asked_for(model)
    if found is None:
        return None
    with _taking:
        if found.arguments is not None:  # another fit is using it: a copy records this one
            found = copy.copy(found)
        before = recorder.lasts.get(model)
        callbacks, others = _ours_first(found, call.callbacks)
        if given is None and isinstance(call.callbacks, keras.callbacks.CallbackList):
            found.set_model(model)  # what Keras does with those that it is given
            found.set_params(call.callbacks.params)
        found.begin(call.arguments, others, before)
    call.set_callbacks(callbacks)
    return found


def _wrap_fit(original: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(original)

    @guard.guarded("look at the arguments of fit")
    def prepare(
        model: Any, args: Any, kwargs: Any
    ) -> tuple[Provenance, _Call, Recorder | None] | None:
        if stops.key(model) in recorder.fits:  # a fit that calls fit of its superclass
            return None
        call = _call(signature, args, kwargs)
        found = None if call is None else _take(model, call)
        # A training that is not recorded: what is done with the model afterwards
        # is no longer about what the last run left.
        current = recorder_of(model)
        forget(model)
        return (found, call, current) if found is not None and call is not None else None

    @functools.wraps(original)
    def fit(self: Any, *args: Any, **kwargs: Any) -> Any:
        prepared = prepare(self, args, kwargs)
        if prepared is None:
            return original(self, *args, **kwargs)
        provenance, call, current = prepared
        key = stops.key(self)
        recorder.fits[key] = provenance
        status, failure = recorder.FINISHED, None
        try:
            return original(self, *call.args, **call.kwargs)
        except Exception as error:
            status, failure = recorder.FINISHED_WITH_ERROR, error
            raise
        except BaseException:  # Ctrl-C, sys.exit
            status = recorder.INTERRUPTED
            raise
        finally:
            recorder.fits.pop(key, None)
            if provenance.recorder:
                provenance.recorder.end(status, failure)
            else:
                recorder.put_back(self, current)  # it was refused before it began
            if call.had is not None:
                call.callbacks.callbacks[:] = call.had
            provenance.release()
            failure = None  # an error holds this frame, and with it the data

    return fit


class _Metrics(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Keeps what evaluate reports: the mean over the data, by name."""

    found: dict[str, float] | None = None

    @guard.guarded("read what evaluate reports")
    def on_test_end(self, logs: Any = None) -> None:
        self.found = values.numbers(logs)


def _wrap_evaluate(original: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(original)

    @guard.guarded("look at the arguments of evaluate")
    def prepare(model: Any, args: Any, kwargs: Any) -> tuple[Run, _Metrics, _Call] | None:
        run = run_of(model)
        if run is None or recorder.fit_of(model) is not None:
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
        data, arrays = values.dataset("test", local, x, y, weights)
        run.dataset("test", data, arrays, source=(x, y, weights))
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
                left = [one for one in call.callbacks.callbacks if one is not metrics]
                call.callbacks.callbacks[:] = left
        record(run, metrics, call, started)
        return result

    return evaluate


def install() -> None:
    """Wrap the methods of ``keras.Model``; harmless when repeated."""
    for name, wrap in (("fit", _wrap_fit), ("evaluate", _wrap_evaluate)):
        original = getattr(keras.Model, name)
        if not getattr(original, "_kprov", False):
            wrapped = wrap(original)
            wrapped._kprov = True  # type: ignore[attr-defined]
            setattr(keras.Model, name, wrapped)
    if not isinstance(vars(keras.Model).get("stop_training"), stops.StopTraining):
        keras.Model.stop_training = stops.StopTraining()
