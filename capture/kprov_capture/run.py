"""Run: the framework-neutral recorder of one training and what goes before and follows it.

An adapter (``kprov_capture.keras``) calls it with raw values. On the calling
thread that is one queue put; see :mod:`kprov_capture.record`.
"""

import math
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kprov_capture import (
    display,
    guard,
    statements,
    statements_change,
    statements_data,
    statements_model,
    written,
)
from kprov_capture.background import Ticket
from kprov_capture.facts import (
    Change,
    Dataset,
    Earlier,
    Ending,
    Layer,
    Rule,
    Source,
    Stop,
)
from kprov_capture.nquads import Value
from kprov_capture.record import Record, writer
from kprov_capture.series import Series

if TYPE_CHECKING:
    from kprov_capture.lineage import Lineage
    from kprov_capture.preparation import Paths, Split, Step

# The time that a training waits at its end for its last batches to be written: what
# follows may end the process without a word.
_END_SECONDS = 2.0


_UNENDED = {True: "RUNNING", False: "before its training"}


class Run(Record):
    """One run: an execution of a dataflow with one training.

    ``dataflow_tag`` names what is trained; ``home`` is the state folder. See
    :class:`kprov_capture.record.Record` for both.
    """

    def __init__(
        self,
        dataflow_tag: str,
        *,
        home: str | os.PathLike[str] | None = None,
        backend: str | None = None,
        campaign: str | None = None,
    ) -> None:
        self._optimizer: Value | None = None
        self._series: dict[str, Series] = {}
        self._seconds: list[float] = []
        # Local names of the data by role, of the models that it began with, of each
        # checkpoint, and of what was written to which path.
        self._data: dict[str, list[str]] = {"train": [], "val": [], "test": []}
        self._pretrained: tuple[str, ...] = ()
        self._checkpoints: set[str] = set()
        self._files: dict[str, tuple[str, str]] = {}
        # The local name of the model as it is now.
        self.model = "model"
        # What a notebook shows, of the last epoch and the last adaptation.
        self._rate: float | None = None
        self._change: Change | None = None
        # The number of the last export to each path, and the state of the file then.
        self.exported: dict[str, tuple[int, tuple[int, int] | None]] = {}
        self.has_training = False
        self._steps: Lineage | None = None
        self._steps_lock = threading.Lock()
        super().__init__(dataflow_tag, home=home, backend=backend, campaign=campaign)

    def close(self, *, wait: bool = True) -> None:
        super().close(wait=wait)
        if self._steps is not None:
            self._steps.forget()

    def __repr__(self) -> str:
        return display.line(self._shown())

    @guard.guarded("show the run")
    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return display.html(self._shown())

    def _shown(self) -> display.Shown:
        """What the writer thread has come to; it goes on meanwhile."""
        status = self._status
        if status is None:
            status = self._default_status if self.closed else _UNENDED[self.has_training]
        return display.Shown(
            self.id,
            self.names.run,
            self.tag,
            display.relative(self.home),
            status,
            len(self._seconds),
            self._rate,
            self._change,
            # Copied at once: a metric may come that was not there before, yet without a value.
            {name: one for name, one in self._series.copy().items() if one.values},
        )

    # -- the preparation of its data

    def _preparation(self) -> "Lineage":
        from kprov_capture.lineage import Lineage

        with self._steps_lock:
            if self._steps is None:
                self._steps = Lineage(self)
                self.on_content = self._steps.found
            return self._steps

    def transformation(
        self,
        name: str,
        /,
        *,
        inputs: Mapping[str, Any] | None = None,
        using: Any = None,
        reads: "Paths" = (),
        writes: "Paths" = (),
        kind: str | None = None,
        **parameters: Any,
    ) -> "Step":
        """A step of the data preparation, to be used in a ``with`` statement.

        ``inputs`` are data by name, ``using`` what is applied to them: a scikit-learn
        estimator or pipeline, a Keras layer, a function, or its name. ``reads`` and
        ``writes`` are files or folders. What reads files and no data is a LoadData, anything
        else a Preprocessing, unless ``kind`` says so. ``parameters`` are recorded by name.
        """
        from kprov_capture.preparation import Step

        return Step(self._preparation(), name, inputs, using, reads, writes, kind, parameters)

    def split(
        self,
        name: str,
        /,
        *,
        inputs: Mapping[str, Any],
        using: Any = None,
        reads: "Paths" = (),
        writes: "Paths" = (),
        seed: Any = None,
        **parameters: Any,
    ) -> "Split":
        """A step that divides data into parts; ``seed`` is that of its random numbers."""
        from kprov_capture.preparation import Split

        if seed is not None:
            parameters = {"seed": seed, **parameters}
        return Split(
            self._preparation(), name, inputs,
            using=using, reads=reads, writes=writes, parameters=parameters,
        )  # fmt: skip

    # -- on the calling thread: hand over raw values

    def start_training(
        self,
        settings: Mapping[str, Value],
        after: Earlier | None = None,
        *,
        rules: Sequence[Rule] = (),
        pretrained: Sequence[str] = (),
        workers: tuple[int, int] | None = None,
    ) -> None:
        """The training begins. ``settings`` are hyperparameters by Keras's names.

        Call :meth:`dataset` for its data before. ``after`` is what an earlier training
        left of the model, where there was one; ``rules`` are its callbacks; ``pretrained``
        what :meth:`model_read` gave for the files that its weights come from; ``workers``
        the rank of this process, and the number of all.
        """
        self.has_training = True
        self._pretrained = tuple(pretrained)
        started = self.now()
        self._optimizer = settings.get("optimizer_name")
        self.tell(
            statements.training_started, self.plan, started, dict(settings),
            self._data["train"][:], self._data["val"][:], rules, self._pretrained, workers,
        )  # fmt: skip
        if after is not None:
            self.tell(statements_change.continued, self.plan, started, after)
        self.ask_environment()

    def architecture(
        self,
        layers: Sequence[Layer],
        parameters: int | None = None,
        trainable: int | None = None,
    ) -> None:
        """The layers of the model, how many weights it has, and how many of them can change."""
        self.tell(statements_model.architecture, layers, parameters, trainable)

    def dataset(
        self,
        role: str,
        data: Dataset,
        arrays: Mapping[str, Any] | None = None,
        source: Any = None,
    ) -> None:
        """Data in the role train, val or test; ``arrays`` are hashed in the background.

        ``source`` is the object that was given to the training, or a tuple of them: where
        a step of the preparation made it, the data are derived from what that made.
        """
        self._data[role].append(data.local)
        self.tell(statements_data.dataset, data)
        if self._steps is not None and self._mine():
            self._steps.follow(data.local, source)
        self.hash_arrays(data.local, arrays or {})

    def epoch(
        self,
        number: int,
        started: float,
        ended: float,
        elapsed: float,
        rate: float | None,
        config: int,
        metrics: Mapping[str, float],
    ) -> None:
        """An epoch ended.

        Times by :meth:`now`, ``elapsed`` in seconds; the rate in force, and the number
        of the configuration in force: 0, or that of the adaptation that generated it.
        """
        self._put(self._write_epoch, number, started, ended, elapsed, rate, config, metrics)

    def adaptation(self, change: Change) -> None:
        """A setting changed; changes are numbered from 1."""
        self._change = change
        self.tell(statements_change.adaptation, self.plan, change, self._optimizer)

    def checkpoint(self, epoch: int | None, at: float, step: int | None = None) -> str:
        """The local name of the model as it was after ``epoch``, or after ``step`` updates."""
        local = f"checkpoint-{epoch}" if step is None else f"checkpoint-step-{step}"
        if local not in self._checkpoints:
            self._checkpoints.add(local)
            self.tell(statements_model.checkpoint, local, epoch, step, at)
        return local

    def end_training(
        self,
        status: str,
        error: str | None = None,
        *,
        stop: Stop | None = None,
        restored: tuple[int, str] | None = None,
    ) -> None:
        """The training ended as FINISHED, INTERRUPTED or FINISHED_WITH_ERROR.

        ``stop`` is the decision that ended it early. ``restored`` is the epoch whose
        weights the model was given back at the end, and what did that; call
        :meth:`checkpoint` for that epoch before.
        """
        back = None if restored is None else (self.number("restoration"), *restored)
        ending = Ending(self.now(), status, error, stop, back, self._pretrained)
        self._put(self._write_training_end, ending, self._data["train"][:1])
        if self._mine():
            writer.flush(_END_SECONDS)

    def next_test_set(self) -> str:
        """The local name for the data of the next testing."""
        number = self.number("test-set")
        return "test-set" if number == 1 else f"test-set-{number}"

    def testing(
        self, started: float, ended: float, metrics: Mapping[str, float], local: str
    ) -> None:
        """An evaluation of the model on the data set ``local``."""
        self.tell(
            statements_data.testing, self.plan, self.number("testing"), started, ended, local,
            dict(metrics), self.model,
        )  # fmt: skip

    def model_file(
        self,
        started: float,
        ended: float,
        path: str,
        model: str | None = None,
        kind: str | None = None,
        finish: Callable[[int], None] | None = None,
    ) -> Ticket:
        """The model was written to a file, which is hashed in the background.

        ``model`` is the local name of what was written: without it what the training
        left; ``kind`` the format of the file. ``finish`` is called with the number N of the
        export before ``file-N`` is hashed, and may change the file. See release_data for
        the ticket.
        """
        number = self.number("export")
        self.tell(
            statements_model.model_export, number, started, ended, path, model or self.model, kind
        )
        if finish is not None:
            finish(number)
        local = f"file-{number}"
        self.exported[path] = number, written.state(path)
        self._files[path] = local, model or self.model
        self._put(self._note_file, local, path)
        return self.hash_file(local, path)

    def model_read(self, path: str, known: tuple[int, int] | None) -> tuple[str, Source]:
        """A model file that was read: its local name here, and which run wrote it.

        ``known`` are size and time of the file when it was read: its content is named
        where they are still the same.
        """
        source = written.find(self.home, path)
        local = f"pretrained-{self.number('pretrained')}"
        self.tell(statements_model.model_read, local, source)
        if known is not None and written.state(path) == known:
            self.hash_file(local, path)
        else:
            reason = "the file changed after the model was read from it"
            self.tell(statements_data.unhashed, local, reason)
        return local, source

    def resume(self, path: str, technique: str) -> None:
        """Within a training, its model was given the weights in a file.

        Where an earlier run wrote that, this one goes on with it.
        """
        local, source = self.model_read(path, written.state(path))
        number = self.number("restoration")
        self.tell(statements_model.restoration, number, self.now(), technique, local, None)
        if source.run is not None and source.run != self.names.run:
            # Where neither has a campaign, the name of the first run makes one.
            self.campaign = self.campaign or source.campaign or f"resumed-{source.run[-36:]}"
            self.tell(statements_model.resumption, source.run, self.campaign)

    def restore(self, path: str, technique: str) -> None:
        """After the training, its model was given the weights in a file."""
        number = self.number("restoration")
        model = f"model-{number + 1}"
        if path in self._files:
            used = self._files[path][1]  # what this run wrote there
        else:
            used, _ = self.model_read(path, written.state(path))
        self.tell(statements_model.restoration, number, self.now(), technique, used, model)
        self.model = model

    # -- on the writer thread: make statements and write them

    def _note_file(self, local: str, path: str) -> None:
        written.remember(self.home, path, self.names(local), self.names.run, self.campaign)

    def _write_epoch(
        self,
        number: int,
        started: float,
        ended: float,
        elapsed: float,
        rate: float | None,
        config: int,
        metrics: Mapping[str, float],
    ) -> None:
        self._seconds.append(elapsed)
        self._rate = rate
        for name, value in metrics.items():
            self._series.setdefault(name, Series()).add(value, number)
        self._append(
            statements.epoch(self.names, number, started, ended, elapsed, rate, config, metrics)
        )

    def _write_training_end(self, ending: Ending, datasets: Sequence[str]) -> None:
        self._status = ending.status
        self._append(
            statements_change.training_ended(
                self.names,
                ending,
                len(self._seconds),
                math.fsum(self._seconds) / len(self._seconds) if self._seconds else None,
                {name: series.summary() for name, series in self._series.items()},
                datasets,
            ),
            sync=True,
        )
