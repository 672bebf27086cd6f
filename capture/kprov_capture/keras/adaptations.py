"""Changes of the learning rate as adaptations, and what was in force in an epoch."""

from dataclasses import dataclass, replace
from typing import Any

import keras

from kprov_capture import guard
from kprov_capture.facts import Change
from kprov_capture.keras.rates import Cause, RateWatch
from kprov_capture.run import Run


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


@dataclass
class _Within:
    """Changes from step to step within one epoch, which make one adaptation."""

    change: Change
    count: int = 1


class Adaptations:
    """Records each change of the rate of ``optimizer`` into ``run``.

    A callback that sets the rate at every step (a warm-up, a cycle) would make an
    adaptation a step: what it does within an epoch is recorded as one, at its end.
    """

    def __init__(self, run: Run, optimizer: Any) -> None:
        self._run = run
        self._count = 0
        self._epoch: int | None = None
        self._last_ended: int | None = None
        # Rate and configuration of this epoch, where they are not those in force now.
        self._of_epoch: tuple[float | None, int] | None = None
        self._within: _Within | None = None
        self._watch = RateWatch(optimizer, self._changed)

    def epoch_began(self, epoch: int) -> None:
        self._epoch = epoch
        self._of_epoch = None
        self._watch.look()
        if self._watch.rate is None:
            # A schedule object gives another rate for each step: that of the first stands
            # for the epoch.
            self._of_epoch = self._watch.read(), self._count

    def of_epoch(self) -> tuple[float | None, int]:
        """The rate in force in this epoch, and the number of its configuration."""
        return self._of_epoch or (self._watch.rate, self._count)

    def epoch_ended(self, epoch: int) -> None:
        """The epoch is recorded: what changed within it can be, too."""
        self._tell_within()
        self._last_ended = epoch

    def stop(self) -> None:
        self._watch.stop()
        self._tell_within()

    @guard.guarded("record an adaptation")
    def _changed(self, old: float, new: float, cause: Cause) -> None:
        hook = cause.hook or ""
        epoch = self._epoch if cause.epoch is None else cause.epoch
        at_end = hook == "on_epoch_end"
        change = Change(
            number=0,
            epoch=epoch,
            after_epoch=epoch if at_end else self._last_ended,
            at=self._run.now(),
            old=old,
            new=new,
            technique=type(cause.callback).__name__ if cause.callback else "assignment",
            **_kind(cause),
        )
        if "batch" in hook:
            self._of_epoch = self._of_epoch or (old, self._count)
            if self._within is None:
                self._within = _Within(change)
            else:
                self._within.change = replace(change, old=self._within.change.old)
                self._within.count += 1
            return
        self._tell_within()
        if at_end:
            self._of_epoch = self._of_epoch or (old, self._count)
        self._tell(change)

    def _tell_within(self) -> None:
        within, self._within = self._within, None
        if within is not None and within.change.old != within.change.new:
            reason = f"{within.count} changes from step to step" if within.count > 1 else None
            self._tell(replace(within.change, reason=within.change.reason or reason))

    def _tell(self, change: Change) -> None:
        self._count += 1
        self._run.adaptation(replace(change, number=self._count))
