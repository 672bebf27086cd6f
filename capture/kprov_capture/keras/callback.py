"""Provenance: the callback, and the recorder of one fit."""

import os
import weakref
from collections.abc import Mapping
from typing import Any

import keras

from kprov_capture import guard
from kprov_capture.keras import describe
from kprov_capture.keras.rates import Cause, RateWatch
from kprov_capture.run import Run
from kprov_capture.statements import Change

FINISHED = "FINISHED"
INTERRUPTED = "INTERRUPTED"
FINISHED_WITH_ERROR = "FINISHED_WITH_ERROR"

# The run that a model's last training belongs to: later evaluate and save calls go there.
runs: "weakref.WeakKeyDictionary[Any, Run]" = weakref.WeakKeyDictionary()


def _rule(callback: Any) -> dict[str, Any]:
    """What a ReduceLROnPlateau knows of its decision; all of it is public."""
    best = None if callback.best is None else float(callback.best)
    return {
        "kind": "rule",
        "monitor": callback.monitor,
        "patience": int(callback.patience),
        "factor": float(callback.factor),
        "best": best,
        "reason": f"{callback.monitor} did not improve on {best} for {callback.patience} epochs",
    }


def _kind(cause: Cause) -> dict[str, Any]:
    callback = cause.callback
    if isinstance(callback, keras.callbacks.ReduceLROnPlateau):
        return _rule(callback)
    if isinstance(callback, keras.callbacks.LearningRateScheduler):
        name = getattr(callback.schedule, "__name__", type(callback.schedule).__name__)
        return {"kind": "schedule", "reason": f"set by the schedule {name!r}"}
    return {"kind": "other"}


class Recorder:
    """Records one fit of one model into one run."""

    def __init__(
        self,
        tag: str,
        home: str | os.PathLike[str] | None,
        model: Any,
        after: str | None,
    ) -> None:
        self.run = Run(tag, home=home, backend=keras.backend.backend())
        self._model = weakref.ref(model)
        self._after = after
        self._watch: RateWatch | None = None
        self._changes = 0
        self._epoch_started = self.run.now()
        self._last_epoch: int | None = None
        # Rate and configuration of this epoch, where a hook at its end has changed them.
        self._of_epoch: tuple[float, int] | None = None
        self._layers_told = False
        self._ended = False

    @guard.guarded("record the start of the training")
    def start(self, arguments: Mapping[str, Any]) -> None:
        """The model is built and the first epoch is about to begin."""
        model = self._model()
        if model is None:
            return
        for data, arrays in describe.datasets(arguments):
            self.run.dataset(data.role, data, arrays)
        self.run.start_training(describe.settings(model, arguments), self._after)
        self._describe_layers(model)
        runs[model] = self.run
        # Without waiting: a model is collected at any time, on any thread.
        weakref.finalize(model, self.run.close, wait=False).atexit = False
        self._watch = RateWatch(model.optimizer, self._rate_changed)

    @guard.guarded("record the layers")
    def _describe_layers(self, model: Any) -> None:
        """Once the model is built, which a subclassed one is only after its first batch."""
        if model is not None and model.built and not self._layers_told:
            self._layers_told = True
            self.run.architecture(describe.layers(model), int(model.count_params()))

    def _rate_changed(self, old: float, new: float, cause: Cause) -> None:
        self._note_change(old, new, cause)

    @guard.guarded("record an adaptation")
    def _note_change(self, old: float, new: float, cause: Cause) -> None:
        ended = cause.hook == "on_epoch_end"
        if ended and self._of_epoch is None:
            self._of_epoch = old, self._changes
        self._changes += 1
        technique = type(cause.callback).__name__ if cause.callback else "assignment"
        self.run.adaptation(
            Change(
                number=self._changes,
                epoch=cause.epoch,
                after_epoch=cause.epoch if ended else self._last_epoch,
                at=self.run.now(),
                old=old,
                new=new,
                technique=technique,
                **_kind(cause),
            )
        )

    @guard.guarded("record the start of an epoch")
    def epoch_began(self) -> None:
        self._epoch_started = self.run.now()
        self._of_epoch = None

    @guard.guarded("record an epoch")
    def epoch_ended(self, epoch: int, logs: Mapping[str, Any] | None) -> None:
        now, started = self.run.now(), self._epoch_started
        if self._of_epoch is not None:
            rate: float | None = self._of_epoch[0]
            config = self._of_epoch[1]
        else:
            rate = self._watch.current() if self._watch is not None else None
            config = self._changes
        metrics = describe.numbers(logs)
        self.run.epoch(epoch, started, now, now - started, rate, config, metrics)
        self._last_epoch = epoch
        if not self._layers_told:
            self._describe_layers(self._model())

    @guard.guarded("record the end of the training")
    def end(self, status: str, error: BaseException | None = None) -> None:
        """The training ended; the first call counts."""
        if self._ended:
            return
        self._ended = True
        if self._watch is not None:
            self._watch.stop()
        self.run.release_data()
        told = None if error is None else f"{type(error).__name__}: {error}"[:2000]
        self.run.end_training(status, told)


class Provenance(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Records each ``fit`` that it is given to as a run of the dataflow ``dataflow_tag``.

        model.fit(x, y, callbacks=[kprov.Provenance("digits-cnn")])

    ``home`` is the state folder; without it ``$KPROV_HOME``, the nearest
    ``.kprov`` upwards, or a new ``./.kprov``. One fit is one run; ``evaluate``
    and ``save`` of the model afterwards belong to its last run. The training
    never fails because of it: what could not be recorded is logged once.
    """

    def __init__(self, dataflow_tag: str, *, home: str | os.PathLike[str] | None = None) -> None:
        super().__init__()
        if not dataflow_tag or not isinstance(dataflow_tag, str):
            raise ValueError(
                "Provenance needs the name of the dataflow, such as Provenance('digits-cnn'); "
                f"found {dataflow_tag!r}"
            )
        self.dataflow_tag = dataflow_tag
        self.home = home
        self.recorder: Recorder | None = None
        # Set by the wrapper of fit: its arguments, and the training that went before.
        self.arguments: Mapping[str, Any] | None = None
        self.after: str | None = None

    @property
    def run(self) -> Run | None:
        """The run of the last fit."""
        return self.recorder.run if self.recorder else None

    def __getstate__(self) -> dict[str, Any]:
        # KerasTuner and others copy callbacks: a copy records runs of its own.
        return {**self.__dict__, "recorder": None, "arguments": None, "_model": None}

    @guard.guarded("start recording")
    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self.recorder = None
        recorder = Recorder(self.dataflow_tag, self.home, self.model, self.after)
        self.recorder = recorder
        # Without the wrapper of fit (a training loop of the user's own) less is known.
        arguments = self.arguments or {"epochs": (self.params or {}).get("epochs")}
        recorder.start(arguments)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self.recorder:
            self.recorder.epoch_began()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self.recorder:
            self.recorder.epoch_ended(epoch, logs)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        # The wrapper of fit ends the training, since other callbacks may still fail.
        if self.recorder and self.arguments is None:
            self.recorder.end(FINISHED)
