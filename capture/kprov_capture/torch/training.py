"""Training: what a loop in PyTorch says of itself."""

import contextlib
import itertools
import os
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import torch

from kprov_capture import guard, workers
from kprov_capture.facts import Dataset
from kprov_capture.run import Run, run_for_training
from kprov_capture.torch import describe
from kprov_capture.torch.rates import Rates
from kprov_capture.values import check_tag, numbers, plain


class Metrics:
    """What was measured in an epoch, or in a test; ``number`` is that of the epoch, from 0."""

    def __init__(self, number: int | None = None) -> None:
        self.number = number
        self.values: dict[str, float] = {}
        self._over = False

    def log(self, metrics: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Say a metric by its name: ``epoch.log(loss=0.3, val_loss=0.4)``.

        A value is a number or a tensor with one element. May be called more than once.
        """
        self._log({**(metrics or {}), **more})

    @guard.guarded("record metrics")
    def _log(self, metrics: dict[str, Any]) -> None:
        if self._over:
            raise RuntimeError("they were logged after the end of what they measure")
        self.values |= numbers({name: _number(value) for name, value in metrics.items()})

    def close(self) -> None:
        self._over = True


def _number(value: Any) -> Any:
    """The number in a tensor with one element."""
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        return value.detach().item()
    return value


class Training:
    """Records a training loop as a run of the dataflow ``dataflow_tag``.

        with kprov.Training("digits-torch", model, optimizer, epochs=10) as training:
            for epoch in training.epochs():
                ...
                epoch.log(loss=loss, val_loss=val_loss)

    ``loss`` is the loss function. ``train`` and ``val`` are the data: a ``DataLoader``, a
    ``Dataset``, or tensors or arrays such as ``(x, y)``. ``scheduler`` is one of
    ``torch.optim.lr_scheduler`` or a list of them: what it does to the rate is put down to
    it. ``hyperparameters`` are further settings by name. ``home`` is the state folder (as
    in :class:`kprov_capture.record.Record`), ``campaign`` the group of runs that this one
    belongs to. Within ``with kprov.Run(tag):`` the first training belongs to that run.

    The loop never fails because of it: what could not be recorded is logged once. Raises
    ``TypeError`` or ``ValueError`` at once for arguments that cannot be meant. In a
    distributed training the process with rank 0 records.
    """

    def __init__(
        self,
        dataflow_tag: str,
        model: Any,
        optimizer: Any,
        *,
        epochs: int | None = None,
        loss: Any = None,
        train: Any = None,
        val: Any = None,
        batch_size: int | None = None,
        scheduler: Any = None,
        hyperparameters: Mapping[str, Any] | None = None,
        home: str | os.PathLike[str] | None = None,
        campaign: str | None = None,
    ) -> None:
        self._tag = check_tag(dataflow_tag, "Training('digits-torch', model, optimizer)")
        _check("model", "a torch.nn.Module", model, torch.nn.Module)
        _check("optimizer", "a torch.optim.Optimizer", optimizer, torch.optim.Optimizer)
        if epochs is not None and (not isinstance(epochs, int) or epochs < 0):
            raise ValueError(f"epochs is how many are planned, such as epochs=10; found {epochs!r}")
        self._model, self._optimizer, self._loss = model, optimizer, loss
        self._data = {"train": train, "val": val}
        given = scheduler if isinstance(scheduler, (list, tuple)) else [scheduler]
        self._schedulers = [one for one in given if one is not None]
        self._planned = epochs
        self._own = {**(hyperparameters or {}), "batch_size": batch_size, "epochs": epochs}
        self._home, self._campaign = home, campaign
        self._worker = workers.find()
        self.run: Run | None = None
        self._joined = False
        self._rates: Rates | None = None
        self._next = 0
        self._epoch: Metrics | None = None
        self._began = 0.0
        self._entered = self._ended = False
        self._layers_told = False

    # -- the start

    def __enter__(self) -> Self:
        self._entered = True
        self._start()
        return self

    @guard.guarded("start recording")
    def _start(self) -> None:
        if not self._worker.records:
            return  # another process of this training does
        self.run, self._joined = run_for_training(
            self._tag, home=self._home, backend="torch", campaign=self._campaign
        )
        if not self._joined:
            self.run.__enter__()
        for role, data in self._data.items():
            if data is not None:
                self._describe_data(self.run, role, data)
        self.run.start_training(self._settings() or {})
        self.run.workers(self._worker)
        self._data.clear()
        self._describe_layers(self.run)
        self._rates = Rates(self.run, self._optimizer, self._schedulers)

    @guard.guarded("record the data")
    def _describe_data(self, run: Run, role: str, data: Any) -> None:
        run.dataset(role, *describe.dataset(role, f"{role}-set", data), source=data)

    @guard.guarded("record the settings")
    def _settings(self) -> dict[str, Any]:
        found = describe.settings(
            self._model, self._optimizer, self._loss, self._data["train"], self._schedulers
        )
        own = {name: plain(value) for name, value in self._own.items()}
        return found | {name: value for name, value in own.items() if value is not None}

    @guard.guarded("record the layers")
    def _describe_layers(self, run: Run) -> None:
        """Once the model is built, which one with lazy modules is only after its first batch."""
        total = describe.count(self._model)
        if total is not None and not self._layers_told:
            self._layers_told = True
            run.architecture(describe.layers(self._model), *total)

    # -- epoch by epoch

    def epochs(self) -> Iterator[Metrics]:
        """The epochs that are planned, one after the other; without end where none are.

        An epoch ends where the loop goes on to the next. One that is left by ``break`` or
        an exception is recorded where something was logged in it.
        """
        planned = self._planned
        numbers = itertools.count(self._next) if planned is None else range(self._next, planned)
        for number in numbers:
            epoch = Metrics(number)
            self._begin(epoch)
            complete = False
            try:
                yield epoch
                complete = True
            finally:
                self._finish(epoch, complete)
        self._end("FINISHED")

    @guard.guarded("record the start of an epoch")
    def _begin(self, epoch: Metrics) -> None:
        if not self._entered:
            raise RuntimeError("it was not begun: use it as with Training(...) as training")
        if self._ended:
            raise RuntimeError("the training had ended: test and save after the loop")
        self._epoch = epoch
        if self.run is not None:
            self._began = self.run.now()
        if self._rates is not None:
            self._rates.epoch_began(self._next)

    @guard.guarded("record an epoch")
    def _finish(self, epoch: Metrics, complete: bool) -> None:
        epoch.close()
        if self._epoch is not epoch or not (complete or epoch.values):
            self._epoch = None
            return
        self._epoch = None
        number, self._next = self._next, self._next + 1
        if self.run is None:
            return
        now = self.run.now()
        rate, config = self._rates.of_epoch() if self._rates else (None, 0)
        self.run.epoch(number, self._began, now, now - self._began, rate, config, epoch.values)
        if self._rates is not None:
            self._rates.epoch_ended(number, epoch.values)
        self._describe_layers(self.run)

    # -- tests and files

    @contextlib.contextmanager
    def test(self, data: Any = None) -> Iterator[Metrics]:
        """A test of the model on ``data``: log its metrics within the ``with`` statement.

        with training.test((x_test, y_test)) as test:
            test.log(loss=loss, accuracy=accuracy)
        """
        model = self._model_now()
        started = self.run.now() if self.run else 0.0
        measured = Metrics()
        yield measured
        measured.close()
        self._tested(measured, data, started, model)

    @guard.guarded("record a testing")
    def _tested(self, measured: Metrics, data: Any, started: float, model: str | None) -> None:
        if self.run is None:
            return
        ended, local = self.run.now(), self.run.next_test_set()
        unknown = Dataset(local, "test", "unknown", unhashed="the data were not given")
        found = (unknown, {}) if data is None else describe.dataset("test", local, data)
        self.run.dataset("test", *found)
        self.run.testing(started, ended, measured.values, local, model)
        self.run.release_data()

    def save(self, path: str | os.PathLike[str], what: Any = None) -> None:
        """Write the weights of the model, or ``what``, with ``torch.save``, and record the file.

        Within an epoch it is a checkpoint of it. Raises what ``torch.save`` raises.
        """
        model = self._model_now()
        started = self.run.now() if self.run else 0.0
        torch.save(self._model.state_dict() if what is None else what, path)
        self._saved(path, started, model)

    def saved(self, path: str | os.PathLike[str]) -> None:
        """Record a file that the model was written to in some other way."""
        self._saved(path, self.run.now() if self.run else 0.0, self._model_now())

    @guard.guarded("record the saved model")
    def _saved(self, path: str | os.PathLike[str], started: float, model: str | None) -> None:
        if self.run is None:
            return
        text = os.path.abspath(os.fspath(path))
        os.stat(text)
        kind = os.path.splitext(text)[1].lstrip(".") or None
        self.run.model_file(started, self.run.now(), text, model, kind)
        self.run.release_data()

    @guard.guarded("tell which model is meant")
    def _model_now(self) -> str | None:
        """The local name of the model as it is: of an epoch within it, else what was left."""
        if self.run is not None and self._epoch is not None:
            return self.run.checkpoint(self._next, self.run.now())
        self._end("FINISHED")
        return None

    # -- the end

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._end("FINISHED")
        elif issubclass(kind, Exception):
            self._end("FINISHED_WITH_ERROR", error)
        else:  # Ctrl-C, sys.exit
            self._end("INTERRUPTED")
        self._close(kind, error, trace)

    @guard.guarded("record the end of the training")
    def _end(self, status: str, error: BaseException | None = None) -> None:
        """The training ended; the first call counts."""
        if self._ended:
            return
        if self._epoch is not None:  # somebody still holds the loop
            self._finish(self._epoch, False)
        self._ended = True
        if self.run is None:
            return
        if self._rates is not None:
            self._rates.stop()
        told = None if error is None else f"{type(error).__name__}: {error}"[:2000]
        self.run.end_training(status, told)
        self.run.release_data()

    @guard.guarded("end the run")
    def _close(self, *exception: Any) -> None:
        if self.run is not None and not self._joined:
            self.run.__exit__(*exception)


def _check(name: str, wanted: str, given: Any, kind: type) -> None:
    if not isinstance(given, kind):
        raise TypeError(
            f"Training needs {wanted} as its {name}, such as "
            f"Training('digits-torch', model, optimizer); found a {type(given).__name__}"
        )
