"""The learning rate, exactly, and each change of it with its cause.

Reading the variable costs 150 to 210 µs on TensorFlow and gives a float32, so
the rate is read once, and from then on ``assign`` of the variable is watched.
"""

import math
import sys
from collections.abc import Callable
from types import FrameType, MethodType
from typing import Any

import keras
import numpy as np
from keras.optimizers.schedules import LearningRateSchedule

from kprov_capture import guard
from kprov_capture.keras import schedules
from kprov_capture.keras.cause import Cause, cause_of


def shortest(value: float) -> float:
    """The double with the fewest digits that is the same float32: 0.001, not 0.0010000000475."""
    return float(str(np.float32(value)))


def exact(assigned: float, held: float, rate: float) -> float:
    """The rate that was meant, where the float32 in the variable left its noise in it.

    ``held`` is the float32 that the variable held before, ``rate`` what that stood
    for. Callbacks read the variable, multiply, and assign the result. Where
    ``assigned`` is, to the last bit, ``held`` times a number of at most six digits,
    it is ``rate`` times that number: 0.001 times 0.1 is 0.0001, not
    0.00010000000474974513. A float32 that was assigned as it is stands for the
    shortest decimal. Anything else is what it says.
    """
    if held and math.isfinite(assigned):
        factor = float(f"{assigned / held:.6g}")
        if held * factor == assigned:
            return float(f"{rate * factor:.15g}")
    return shortest(assigned) if float(np.float32(assigned)) == assigned else assigned


def innermost(optimizer: Any) -> Any:
    """The optimizer that holds the rate: loss scaling wraps another one."""
    while (inner := getattr(optimizer, "inner_optimizer", None)) is not None:
        optimizer = inner
    return optimizer


class _Assign:
    """``assign`` of a variable that is watched; a copy of the variable has the plain one."""

    def __init__(self, variable: Any, noted: Callable[[Any, FrameType], None]) -> None:
        self._variable = variable
        self._noted = noted

    def __call__(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        result = type(self._variable).assign(self._variable, value, *args, **kwargs)
        self._noted(value, sys._getframe(1))
        return result

    def __reduce__(self) -> Any:
        return MethodType, (type(self._variable).assign, self._variable)


class RateWatch:
    """Follows the rate of one optimizer while a training runs.

    ``on_change(old, new, cause)`` is called for each change. ``rate`` is the
    rate in force; None where a schedule object computes it anew each step, or
    where a tensor was assigned, and it must be read.
    """

    def __init__(self, optimizer: Any, on_change: Callable[[float, float, Cause], None]) -> None:
        self._optimizer = innermost(optimizer)
        self._on_change = on_change
        self._variable: Any = None
        self.rate: float | None = None
        self._held = math.nan  # what the variable holds
        self._single = True  # whether that is a float32, and not a float64
        self._watch()

    def _watch(self) -> None:
        variable = getattr(self._optimizer, "_learning_rate", None)
        if isinstance(variable, keras.Variable):
            self._single = variable.dtype != "float64"
            self._held = self._read_raw()
            self.rate = self._shortest(self._held)
            self._variable = variable
            variable.assign = _Assign(variable, self._noted)

    def _shortest(self, value: float) -> float:
        return shortest(value) if self._single else value

    def _read_raw(self, step: int | None = None) -> float:
        if schedules.computes(self._optimizer):
            at = schedules.steps(self._optimizer) if step is None else step
            computed = schedules.rate(self._optimizer, at)
            if computed is not None:
                return computed
        return float(keras.ops.convert_to_numpy(self._optimizer.learning_rate))

    def read(self, step: int | None = None) -> float | None:
        """The rate, read from the optimizer; None where it has none.

        ``step`` is the number of updates so far, where it is known already.
        """
        held = getattr(self._optimizer, "_learning_rate", None)
        if callable(held) and not isinstance(held, LearningRateSchedule):
            return None  # a function may count its calls: calling it might change the training
        try:  # not hasattr, which would compute the rate of a schedule object once more
            return self._shortest(self._read_raw(step))
        except AttributeError:
            return None

    def left(self) -> tuple[float, float | None]:
        """What the variable holds, and the rate that this stands for."""
        return self._held, self.rate

    def take_over(self, left: tuple[float, float | None]) -> None:
        """The rate that an earlier watch knew exactly, where the variable still holds it."""
        held, rate = left
        if held == self._held and rate is not None:
            self.rate = rate

    def look(self) -> None:
        """Notice that the variable was replaced: a schedule object was assigned."""
        if self._variable is None or self._optimizer._learning_rate is self._variable:
            return
        old = self.rate
        self.stop()
        self.rate = None
        new = self.read()
        if old is not None and new is not None:
            self._on_change(old, new, Cause())

    def stop(self) -> None:
        """Leave the variable as it was."""
        if self._variable is not None:
            self._variable.__dict__.pop("assign", None)
            self._variable = None

    def release(self) -> None:
        """Follow no more, and let the optimizer go; what it left can still be asked."""
        self.stop()
        self._optimizer = None

    @guard.guarded("follow the learning rate")
    def _noted(self, value: Any, caller: FrameType) -> None:
        try:
            assigned = float(value)
        except (TypeError, ValueError):  # a symbolic tensor: its value is not known here
            self.rate = None
            return
        old, held = self.rate, self._held
        self._held = float(np.float32(assigned)) if self._single else assigned
        if old is None:
            self.rate = self._shortest(assigned)
        elif self._held != held:
            self.rate = exact(assigned, held, old) if self._single else assigned
            self._on_change(old, self.rate, cause_of(caller))
