"""Provenance: the callback."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

import keras

from kprov_capture import display, guard, workers
from kprov_capture.keras import stops
from kprov_capture.keras.batches import Batches
from kprov_capture.keras.recorder import FINISHED, Options, Recorder, fits
from kprov_capture.nquads import Value
from kprov_capture.record import active
from kprov_capture.run import Run
from kprov_capture.system import check_interval
from kprov_capture.values import check_tag


def checked_interval(given: Any) -> float | None:
    """An interval in seconds, or None. Raises ``ValueError`` for what is neither."""
    return None if given is None else check_interval(given)


class Provenance(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Records each ``fit`` that it is given to as a run of the dataflow ``dataflow_tag``.

        model.fit(x, y, callbacks=[kprov.Provenance("digits-cnn")])

    ``home`` is the state folder; without it ``$KPROV_HOME``, the nearest
    ``.kprov`` upwards, or a new ``./.kprov``. One fit is one run; ``evaluate``
    and ``save`` of the model afterwards belong to its last run. ``hyperparameters``
    are settings of the user's own, by name; ``campaign`` names a group of runs.
    ``batch_metrics`` keeps the metrics of each batch too, ``system_metrics`` the load of
    processor, memory and GPUs every so many seconds, in files (``kprov series``).
    Within ``with kprov.Run(tag):`` the first fit belongs to that run, and the tag
    can be left out.

    The training never fails because of it: what could not be recorded is logged once.
    """

    def __init__(
        self,
        dataflow_tag: str | None = None,
        *,
        home: str | os.PathLike[str] | None = None,
        hyperparameters: Mapping[str, Value] | None = None,
        campaign: str | None = None,
        batch_metrics: bool = False,
        system_metrics: float | None = None,
    ) -> None:
        super().__init__()
        around = active()
        if dataflow_tag is None and around is not None:
            dataflow_tag = around.tag
        tag = check_tag(dataflow_tag, "Provenance('digits-cnn')")
        self.options = Options(
            tag,
            home,
            campaign,
            own=dict(hyperparameters or {}),
            batch_metrics=bool(batch_metrics),
            system_metrics=checked_interval(system_metrics),
        )
        self.recorder: Recorder | None = None
        # Set by the wrapper of fit: its arguments, the other callbacks, and what the last
        # recorded fit of the model left.
        self.arguments: Mapping[str, Any] | None = None
        self.others: list[Any] = []
        self.before: Recorder | None = None
        # Hands over what is reported at each batch, where that is wanted.
        self.batches: Batches | None = None

    @classmethod
    def with_options(cls, options: Options) -> "Provenance":
        made = cls(options.tag)
        made.options = options
        return made

    @property
    def dataflow_tag(self) -> str:
        return self.options.tag

    @property
    def home(self) -> str | os.PathLike[str] | None:
        return self.options.home

    @property
    def run(self) -> Run | None:
        """The run of the last fit."""
        return self.recorder.run if self.recorder else None

    def _repr_html_(self) -> str | None:
        """What a notebook shows."""
        return self.run._repr_html_() if self.run else display.html(None)

    def __getstate__(self) -> dict[str, Any]:
        # KerasTuner and others copy callbacks: a copy records runs of its own.
        fresh: dict[str, Any] = {"recorder": None, "arguments": None, "others": [], "before": None}
        fresh["batches"] = None
        return {**self.__dict__, **fresh, "_model": None}

    def begin(
        self, arguments: Mapping[str, Any], others: Iterable[Any], before: Recorder | None
    ) -> None:
        """The wrapper of fit is about to call it."""
        self.recorder = None
        self.arguments, self.others, self.before = arguments, list(others), before

    def release(self) -> None:
        """The fit is over: free the data sets that its arguments hold, and the model."""
        self.arguments, self.others, self.before, self.batches = None, [], None, None
        self._model = None

    @guard.guarded("start recording")
    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self.recorder = None
        outer = fits.get(stops.key(self.model))
        if outer is not None and outer is not self:
            return  # a fit within a fit of this model, whose record would be spoilt
        worker = workers.find()
        if not worker.records:
            return  # another process of this training does
        recorder = Recorder(self.options, self.model, self.before)
        self.recorder = recorder
        # Without the wrapper of fit (a training loop of the user's own) less is known.
        arguments = self.arguments or {"epochs": (self.params or {}).get("epochs")}
        recorder.start(arguments, self.others)
        recorder.run.workers(worker)
        if self.options.system_metrics is not None:
            recorder.run.follow_system(self.options.system_metrics)
        if self.batches is not None:
            self.batches.run = recorder.run

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
