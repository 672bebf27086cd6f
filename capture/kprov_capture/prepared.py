"""What a run records of the steps around its training: preparation, and the user's dataflow."""

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kprov_capture import tasks
from kprov_capture.record import Record
from kprov_capture.tasks import Done, Given

if TYPE_CHECKING:
    from kprov_capture.lineage import Lineage
    from kprov_capture.preparation import Paths, Split, Step


class Prepared(Record):
    """A record with steps; :class:`kprov_capture.run.Run` is one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._steps: Lineage | None = None
        self._steps_lock = threading.Lock()
        super().__init__(*args, **kwargs)

    def close(self, *, wait: bool = True) -> None:
        super().close(wait=wait)
        if self._steps is not None:
            self._steps.forget()

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

    def task(
        self,
        transformation: str,
        inputs: Mapping[str, Given] | None = None,
        outputs: Mapping[str, Given] | None = None,
        *,
        started: float | None = None,
        error: str | None = None,
    ) -> Done:
        """A step of the user's own dataflow was executed; see :func:`kprov_capture.tasks.task`."""
        return tasks.task(self, transformation, inputs, outputs, started=started, error=error)
