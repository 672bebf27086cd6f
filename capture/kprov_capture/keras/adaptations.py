"""Changes of the optimizer's settings as adaptations, and what was in force in an epoch."""

import operator
from dataclasses import dataclass
from typing import Any

import keras

from kprov_capture import guard
from kprov_capture.facts import Change
from kprov_capture.keras import schedules
from kprov_capture.keras.cause import Cause
from kprov_capture.keras.rates import RateWatch, innermost
from kprov_capture.nquads import Value
from kprov_capture.run import Run

# What Keras takes None for: no momentum, no decay.
NONE_IS = {"momentum": 0.0, "weight_decay": 0.0}


def rule_of(callback: Any) -> dict[str, Any]:
    """What a callback knows of its decision; all of it is public."""
    best = getattr(callback, "best", None)
    found = None if best is None else float(best)
    least = abs(float(getattr(callback, "min_delta", 0) or 0))
    by = f" by more than {least:g}" if least else ""
    epochs = "1 epoch" if int(callback.patience) == 1 else f"{int(callback.patience)} epochs"
    shown = "None" if found is None else f"{found:.6g}"
    return {
        "monitor": callback.monitor,
        "patience": int(callback.patience),
        "best": found,
        "reason": f"{callback.monitor} did not improve on {shown}{by} for {epochs}",
    }


@guard.guarded("read the settings of a callback")
def _kind(cause: Cause) -> dict[str, Any]:
    callback = cause.callback
    if isinstance(callback, keras.callbacks.ReduceLROnPlateau):
        return {"kind": "rule", "factor": float(callback.factor), **rule_of(callback)}
    if isinstance(callback, keras.callbacks.LearningRateScheduler):
        name = getattr(callback.schedule, "__name__", type(callback.schedule).__name__)
        return {"kind": "schedule", "reason": f"set by the schedule {name!r}"}
    return {"kind": "other"}


def _plain_settings(optimizer: Any) -> dict[str, Value | None]:
    """The settings of an optimizer that are attributes of it, without the rate."""
    found: dict[str, Value | None] = {}
    for name in innermost(optimizer).get_config():
        value = getattr(innermost(optimizer), name, NONE_IS)
        if name not in ("name", "learning_rate") and (
            value is None or isinstance(value, (bool, int, float, str))
        ):
            found[name] = value
    return found


@dataclass
class _Within:
    """Changes from step to step within one epoch, which make one adaptation."""

    change: Change
    count: int = 1


class Adaptations:
    """Records each change of the settings of ``optimizer`` into ``run``.

    A callback that sets the rate at every step (a warm-up, a cycle) would make an
    adaptation a step: what it does within an epoch is recorded as one, at its end. Of a
    schedule object the rate of the first step stands for the epoch. Settings beside the
    rate are compared when an epoch begins. Without ``record`` the rates are followed and
    no adaptation is recorded.
    """

    def __init__(
        self,
        run: Run,
        optimizer: Any,
        *,
        record: bool = True,
        left: tuple[float, float | None] | None = None,
    ) -> None:
        self._run = run
        self._optimizer = optimizer
        self._record = record
        self._count = 0
        self._epoch: int | None = None
        self._last_ended: int | None = None
        # Rate and configuration of this epoch, where they are not those in force now.
        self._of_epoch: tuple[float | None, int] | None = None
        self._scheduled: float | None = None
        self._within: _Within | None = None
        self._steps_before: int | None = None  # of this epoch, once it was asked for
        self._plain: dict[str, Value | None] = {}
        read = guard.guarded("read the settings of the optimizer")(_plain_settings)
        self._plain = read(optimizer) or {}
        self._holder = innermost(optimizer)
        # All of them at once, and compared at once: it is done in each epoch.
        self._glance = operator.attrgetter("__class__", *self._plain)
        self._seen: Any = None
        # What is in force now, of what changed.
        self.changed: dict[str, Value] = {}
        self._watch = RateWatch(optimizer, self._rate_changed)
        if left is not None:
            self._watch.take_over(left)
        if self._watch.rate is None:
            self._scheduled = self._watch.read()

    @property
    def rate(self) -> float | None:
        """The rate in force now; None where a schedule object computes it."""
        return self._watch.rate

    def left(self) -> tuple[float, float | None]:
        """What the next fit takes over: see :class:`RateWatch`."""
        return self._watch.left()

    @property
    def config(self) -> int:
        """The number of the configuration in force."""
        return self._count

    def epoch_began(self, epoch: int) -> None:
        self._epoch = epoch
        self._of_epoch = None
        self._steps_before = None
        self._watch.look()
        try:
            seen = self._glance(self._holder)
            changed = self._seen is not None and seen != self._seen
            self._seen = seen
        except Exception:  # an attribute that is gone, or that raises
            changed = True
        if changed:
            self._compare()
        if self._watch.rate is None:
            self._follow_schedule(epoch)

    def _follow_schedule(self, epoch: int) -> None:
        # One look at the device tells both the step and, of some schedules, the rate.
        step = self._counted()
        old, new = self._scheduled, self._watch.read(step)
        self._scheduled = new
        if old is not None and new is not None and old != new:
            schedule = getattr(innermost(self._optimizer), "_learning_rate", None)
            of_keras = isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule)
            self._tell(
                self._change(
                    Cause(epoch=epoch), old, new, "learning_rate", step=step,
                    kind="schedule" if of_keras else "other",
                    technique=type(schedule).__name__ if of_keras else "assignment",
                )
            )  # fmt: skip
        self._of_epoch = new, self._count

    @guard.guarded("compare the settings of the optimizer")
    def _compare(self) -> None:
        holder = self._holder
        for name, old in self._plain.items():
            new = getattr(holder, name, old)
            if new is old or new == old:
                continue
            self._plain[name] = new
            before = NONE_IS.get(name) if old is None else old
            after = NONE_IS.get(name) if new is None else new
            if before is not None and after is not None and before != after:
                self._tell(self._change(Cause(), before, after, name, kind="other"))

    def of_epoch(self) -> tuple[float | None, int]:
        """The rate in force in this epoch, and the number of its configuration."""
        return self._of_epoch or (self._watch.rate, self._count)

    def epoch_ended(self, epoch: int) -> None:
        """The epoch is recorded: what changed within it can be, too."""
        self._tell_within()
        self._last_ended = epoch

    def stop(self) -> None:
        """The training is over; the optimizer is let go."""
        self._watch.release()
        self._holder = None
        self._tell_within()
        self._optimizer = None

    def _steps(self, cause: Cause) -> int | None:
        """How many updates of the weights were made before the change.

        Reading the optimizer's counter waits for the device, so within an epoch it is
        read once, and batches are counted from there.
        """
        if cause.batch is None:
            return self._counted()
        done = cause.batch + (1 if cause.hook and cause.hook.endswith("end") else 0)
        if self._steps_before is None:
            counted = self._counted()
            if counted is None:
                return None
            self._steps_before = counted - done
        return self._steps_before + done

    @guard.guarded("read the number of steps")
    def _counted(self) -> int | None:
        optimizer = self._optimizer
        return schedules.steps(optimizer) if hasattr(optimizer, "iterations") else None

    def _change(self, cause: Cause, old: Value, new: Value, setting: str, **more: Any) -> Change:
        epoch = self._epoch if cause.epoch is None else cause.epoch
        at_end = cause.hook == "on_epoch_end"
        if "step" not in more:
            more["step"] = self._steps(cause)
        return Change(
            number=0,
            epoch=epoch,
            after_epoch=epoch if at_end else self._last_ended,
            at=self._run.now(),
            old=old,
            new=new,
            setting=setting,
            **{"technique": cause.name, **more},
        )

    @guard.guarded("record an adaptation")
    def _rate_changed(self, old: float, new: float, cause: Cause) -> None:
        kind = _kind(cause)
        change = self._change(cause, old, new, "learning_rate", **(kind or {"kind": "other"}))
        if "batch" in (cause.hook or ""):
            self._of_epoch = self._of_epoch or (old, self._count)
            if self._within is None:
                self._within = _Within(change)
            else:
                self._within.change = change._replace(old=self._within.change.old)
                self._within.count += 1
            return
        self._tell_within()
        # The epoch was trained with the old one; its validation comes after that.
        if cause.hook == "on_epoch_end" or (cause.hook or "").startswith("on_test"):
            self._of_epoch = self._of_epoch or (old, self._count)
        self._tell(change)

    def _tell_within(self) -> None:
        within, self._within = self._within, None
        if within is not None and within.change.old != within.change.new:
            reason = f"{within.count} changes from step to step" if within.count > 1 else None
            self._tell(within.change._replace(reason=within.change.reason or reason))

    def _tell(self, change: Change) -> None:
        self.changed[change.setting] = change.new
        if self._record:
            self._count += 1
            self._run.adaptation(change._replace(number=self._count))
