"""The recorder of one fit."""

import contextlib
import os
import weakref
from collections.abc import Iterator
from typing import Any

from kprov_capture import guard
from kprov_capture.facts import Change, Stop
from kprov_capture.run import Run, run_for_training
from kprov_capture.sklearn import describe
from kprov_capture.sklearn.describe import final_step, metric_name, weights

# The run that fitted an estimator: later calls of score and dump belong to it.
runs: "weakref.WeakKeyDictionary[Any, Run]" = weakref.WeakKeyDictionary()


class Recorder:
    """Records one fit."""

    def __init__(
        self,
        estimator: Any,
        tag: str,
        home: str | os.PathLike[str] | None,
        campaign: str | None,
        data: tuple[Any, Any, Any],
    ) -> None:
        self._run, joined = run_for_training(
            tag, home=home, backend="scikit-learn", campaign=campaign
        )
        self._estimator = estimator
        self._epoch_started = 0.0
        self._rate: float | None = None
        self._ends: list[float] = []
        self._followed: Any = None
        self._changes = 0
        self._describe_data(data)
        settings = guard.guarded("record the settings")(describe.settings)(estimator) or {}
        self._run.start_training(settings)
        self._remember(joined)

    @guard.guarded("record the data")
    def _describe_data(self, data: tuple[Any, Any, Any]) -> None:
        self._run.dataset("train", *describe.dataset("train", "train-set", *data), source=data)

    @guard.guarded("remember the estimator")
    def _remember(self, joined: bool) -> None:
        runs[self._estimator] = self._run
        if not joined:
            # Without waiting: an estimator is collected at any time, on any thread.
            weakref.finalize(self._estimator, self._run.close, wait=False).atexit = False

    @contextlib.contextmanager
    def follow(self) -> Iterator[None]:
        """Within it each iteration of a multi-layer perceptron is recorded when it ends.

        There is no public way to hear of one: this replaces, on the estimator alone, the
        method in which it looks whether it still improves.
        """
        final, name = final_step(self._estimator), "_update_no_improvement_count"
        original = getattr(final, name, None)
        if original is None:
            yield
            return

        def update(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            self._epoch_ended(final)
            return result

        vars(final)[name] = update
        self._epoch_started = self._run.now()
        try:
            yield
        finally:
            vars(final).pop(name, None)
            self._followed = final

    @guard.guarded("record an epoch")
    def _epoch_ended(self, final: Any) -> None:
        metrics = {"loss": float(final.loss_curve_[-1])}
        if final.early_stopping:
            metrics[_monitor(final)] = float(final.validation_scores_[-1])
        # Adam's attribute is the step that it makes of the rate.
        own = final.learning_rate_init if final.solver == "adam" else final._optimizer.learning_rate
        rate = float(own)
        if self._rate is not None and rate != self._rate:
            self._changed(final, self._rate, rate)
        self._rate = rate
        now, started = self._run.now(), self._epoch_started
        self._run.epoch(len(self._ends), started, now, now - started, rate, self._changes, metrics)
        self._epoch_started = now
        self._ends.append(now)

    def _changed(self, final: Any, old: float, new: float) -> None:
        """The solver changed its rate when the epoch before had ended."""
        self._changes += 1
        change = Change(
            number=self._changes,
            epoch=len(self._ends) - 1,
            after_epoch=len(self._ends) - 1,
            at=self._epoch_started,
            old=old,
            new=new,
            kind="schedule",
            technique=final.learning_rate,
        )
        if final.learning_rate == "adaptive":
            change = change._replace(kind="rule", factor=0.2, **_rule(final))
        self._run.adaptation(change)

    @guard.guarded("record the end of the training")
    def end(self, status: str, error: BaseException | None) -> None:
        # Only now is it known how many weights there are.
        self._describe_parts()
        told = None if error is None else f"{type(error).__name__}: {error}"[:2000]
        finished = status == "FINISHED"
        stop, restored = (self._decision() or (None, None)) if finished else (None, None)
        self._run.end_training(status, told, stop=stop, restored=restored)
        self._run.release_data()

    @guard.guarded("record why the training ended early")
    def _decision(self) -> tuple[Stop | None, tuple[int, str] | None]:
        """Why a perceptron stopped, and the epoch whose weights it was given back."""
        final, count = self._followed, len(self._ends)
        if not count:
            return None, None
        stop = restored = None
        # Ctrl-C ends it too, and scikit-learn does not pass that on.
        if final._no_improvement_count > final.n_iter_no_change:
            rule = _rule(final)
            stop = Stop(self._ends[-1], count - 1, "n_iter_no_change", **rule)
        if final.early_stopping:
            scores = final.validation_scores_[-count:]
            restored = scores.index(max(scores)), "early_stopping"
            self._run.checkpoint(restored[0], self._ends[restored[0]])
        return stop, restored

    @guard.guarded("record the parts of the estimator")
    def _describe_parts(self) -> None:
        self._run.architecture(
            describe.layers(self._estimator), weights(final_step(self._estimator))
        )


def _monitor(final: Any) -> str:
    """The metric by which a perceptron judges whether it still improves."""
    return f"val_{metric_name(final)}" if final.early_stopping else "loss"


def _rule(final: Any) -> dict[str, Any]:
    """How a perceptron decides that it does not improve any more."""
    monitor, epochs = _monitor(final), int(final.n_iter_no_change)
    best = final.best_validation_score_ if final.early_stopping else final.best_loss_
    return {
        "monitor": monitor,
        "patience": epochs,
        "best": float(best),
        "reason": f"{monitor} did not improve by {final.tol} for more than {epochs} epochs",
    }
