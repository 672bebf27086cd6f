"""Provenance: the callback, and the recorder of one fit."""

import os
import re
import weakref
from collections.abc import Mapping
from typing import Any

import keras

from kprov_capture import guard, privacy
from kprov_capture.keras import describe
from kprov_capture.keras.adaptations import Adaptations
from kprov_capture.nquads import Value
from kprov_capture.run import Run

_TAG = re.compile(r"[^\x00-\x1f\x7f]{1,200}\Z")

FINISHED = "FINISHED"
INTERRUPTED = "INTERRUPTED"
FINISHED_WITH_ERROR = "FINISHED_WITH_ERROR"

# The run that a model's last training belongs to: later evaluate and save calls go there.
runs: "weakref.WeakKeyDictionary[Any, Run]" = weakref.WeakKeyDictionary()


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
        self._adaptations: Adaptations | None = None
        self._epoch_started = self.run.now()
        self._started = False
        self._layers_told = False
        self._ended = False

    def start(self, arguments: Mapping[str, Any]) -> None:
        """The model is built and the first epoch is about to begin."""
        model = self._model()
        if model is None:
            return
        self._describe(model, arguments)
        self._start_training({})  # where the description failed, the training is there all the same
        self._describe_layers(model)
        self._follow(model)

    @guard.guarded("record the settings and the data")
    def _describe(self, model: Any, arguments: Mapping[str, Any]) -> None:
        for data, arrays in describe.datasets(arguments):
            self.run.dataset(data.role, data, arrays)
        self._start_training(describe.settings(model, arguments))

    def _start_training(self, settings: Mapping[str, Value]) -> None:
        if not self._started:
            self._started = True
            self.run.start_training(settings, self._after)

    @guard.guarded("follow the model and its learning rate")
    def _follow(self, model: Any) -> None:
        runs[model] = self.run
        # Without waiting: a model is collected at any time, on any thread.
        weakref.finalize(model, self.run.close, wait=False).atexit = False
        self._adaptations = Adaptations(self.run, model.optimizer)

    @guard.guarded("record the layers")
    def _describe_layers(self, model: Any) -> None:
        """Once the model is built, which a subclassed one is only after its first batch."""
        if model is not None and model.built and not self._layers_told:
            self._layers_told = True
            self.run.architecture(describe.layers(model), int(model.count_params()))

    @guard.guarded("record the start of an epoch")
    def epoch_began(self, epoch: int) -> None:
        self._epoch_started = self.run.now()
        if self._adaptations is not None:
            self._adaptations.epoch_began(epoch)

    @guard.guarded("record an epoch")
    def epoch_ended(self, epoch: int, logs: Mapping[str, Any] | None) -> None:
        now, started = self.run.now(), self._epoch_started
        rate, config = self._adaptations.of_epoch() if self._adaptations else (None, 0)
        metrics = describe.numbers(logs)
        self.run.epoch(epoch, started, now, now - started, rate, config, metrics)
        if self._adaptations is not None:
            self._adaptations.epoch_ended(epoch)
        if not self._layers_told:
            self._describe_layers(self._model())

    @guard.guarded("record the end of the training")
    def end(self, status: str, error: BaseException | None = None) -> None:
        """The training ended; the first call counts."""
        if self._ended:
            return
        self._ended = True
        self._start_training({})  # interrupted before it began
        if self._adaptations is not None:
            self._adaptations.stop()
        told = None if error is None else privacy.clean(f"{type(error).__name__}: {error}", 2000)
        self.run.end_training(status, told)
        self.run.release_data()


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
        if not isinstance(dataflow_tag, str) or not _TAG.match(dataflow_tag):
            raise ValueError(
                "Provenance needs the name of the dataflow, such as Provenance('digits-cnn'): "
                f"up to 200 characters on one line; found {str(dataflow_tag)[:80]!r}"
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
            self.recorder.epoch_began(epoch)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self.recorder:
            self.recorder.epoch_ended(epoch, logs)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        # The wrapper of fit ends the training, since other callbacks may still fail.
        if self.recorder and self.arguments is None:
            self.recorder.end(FINISHED)
