"""Changes of an optimizer's settings, and what was in force in an epoch.

Schedulers write into ``param_groups`` as everybody does. So these are compared at the
bounds of each epoch and at its first step, and a change is put down to a scheduler that
has moved on and says that this is its rate.
"""

from typing import Any

from torch.optim.lr_scheduler import ReduceLROnPlateau

from kprov_capture import guard
from kprov_capture.facts import Change
from kprov_capture.nquads import Value
from kprov_capture.run import Run
from kprov_capture.torch.describe import optimizer_values


class Rates:
    """Records each change of the settings of ``optimizer`` into ``run``."""

    def __init__(self, run: Run, optimizer: Any, schedulers: list[Any]) -> None:
        self._run = run
        self._optimizer = optimizer
        self._schedulers = schedulers
        self._values = optimizer_values(optimizer)
        self._places = [getattr(one, "last_epoch", 0) for one in schedulers]
        self._reported: dict[float, set[str]] = {}
        self._count = 0
        self._steps = 0
        self._epoch: int | None = None
        self._last_ended: int | None = None
        self._first = False
        self._of_epoch = self._now()
        register = getattr(optimizer, "register_step_pre_hook", None)
        self._hook = register(self._step) if register else None

    def _now(self) -> tuple[float | None, int]:
        rate = self._values.get("learning_rate")
        return (float(rate) if isinstance(rate, (int, float)) else None), self._count

    def _step(self, *_: Any) -> None:
        """The optimizer is about to change the weights."""
        self._steps += 1
        if self._first:
            self._first = False
            self.look()
            self._of_epoch = self._now()

    def epoch_began(self, epoch: int) -> None:
        self.look()
        self._epoch = epoch
        self._first = True
        self._of_epoch = self._now()

    def of_epoch(self) -> tuple[float | None, int]:
        """The rate in force in this epoch, and the number of its configuration."""
        return self._of_epoch

    def epoch_ended(self, epoch: int, metrics: dict[str, float]) -> None:
        """The epoch is recorded: what changed within it, or right after, can be, too."""
        self._first = False
        for name, value in metrics.items():
            self._reported.setdefault(value, set()).add(name)
        self.look(ended=epoch)
        self._last_ended = epoch

    def stop(self) -> None:
        self.look()
        if self._hook is not None:
            self._hook.remove()

    @guard.guarded("follow the settings of the optimizer")
    def look(self, ended: int | None = None) -> None:
        """Record what changed since the last look."""
        values, before = optimizer_values(self._optimizer), self._values
        places = [getattr(one, "last_epoch", 0) for one in self._schedulers]
        moved = [new - old for new, old in zip(places, self._places, strict=True)]
        self._values, self._places = values, places
        for name, new in values.items():
            old = before.get(name)
            if old is not None and old != new:
                self._tell(name, old, new, moved, ended)

    def _tell(self, name: str, old: Value, new: Value, moved: list[int], ended: int | None) -> None:
        cause, steps = self._cause(name, new, moved)
        # What changes from step to step goes on within the epoch; the rest follows its end.
        after = self._last_ended if ended is None or steps > 1 else ended
        self._count += 1
        self._run.adaptation(
            Change(
                number=self._count,
                epoch=self._epoch,
                after_epoch=after,
                at=self._run.now(),
                old=old,
                new=new,
                setting=name,
                step=self._steps,
                **cause,
            )
        )

    def _cause(self, name: str, new: Value, moved: list[int]) -> tuple[dict[str, Any], int]:
        """What is known of the cause of a change, and in how many steps it was made."""
        for scheduler, steps in zip(reversed(self._schedulers), reversed(moved), strict=True):
            rates = [float(rate) for rate in scheduler.get_last_lr()]
            if (steps or not hasattr(scheduler, "last_epoch")) and (
                new in rates or not name.startswith("learning_rate")
            ):
                technique = {"technique": type(scheduler).__name__}
                if isinstance(scheduler, ReduceLROnPlateau):
                    return technique | self._rule(scheduler), steps
                told = f"{steps} changes from step to step" if steps > 1 else None
                return technique | {"kind": "schedule", "reason": told}, steps
        reason = None
        if not self._schedulers and "initial_lr" in self._optimizer.param_groups[0]:
            reason = "perhaps made by a scheduler, of which the training was not told"
        return {"technique": "assignment", "kind": "other", "reason": reason}, 0

    def _rule(self, scheduler: ReduceLROnPlateau) -> dict[str, Any]:
        """What a plateau knows of its decision. Which metric it was given, its best value tells."""
        best = float(scheduler.best)
        names = self._reported.get(best, set())
        monitor = next(iter(names)) if len(names) == 1 else None
        watched, epochs = monitor or "what it watches", int(scheduler.patience) + 1
        return {
            "kind": "rule",
            "monitor": monitor,
            "patience": int(scheduler.patience),
            "factor": float(scheduler.factor),
            "best": best,
            "reason": f"{watched} did not improve on {best} for {epochs} epochs",
        }
