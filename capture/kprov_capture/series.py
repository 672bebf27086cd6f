"""What is summed up of one metric while a training runs."""

import math

from kprov_capture.facts import MetricSummary
from kprov_capture.nquads import as_double


class Series:
    """Running minimum, maximum and mean of one metric."""

    def __init__(self) -> None:
        self.minimum: tuple[float, int] | None = None
        self.maximum: tuple[float, int] | None = None
        self.values: list[float] = []

    def add(self, value: float, epoch: int) -> None:
        value = as_double(value)
        self.values.append(value)
        if math.isnan(value):
            return
        if self.minimum is None or value < self.minimum[0]:
            self.minimum = (value, epoch)
        if self.maximum is None or value > self.maximum[0]:
            self.maximum = (value, epoch)

    @property
    def last(self) -> float:
        """The value that was added last."""
        return self.values[-1]

    def summary(self) -> MetricSummary:
        try:
            total = math.fsum(self.values)
        except (OverflowError, ValueError):  # inf - inf, or beyond a double
            total = sum(self.values)
        return MetricSummary(self.minimum, self.maximum, total / len(self.values), self.last)
