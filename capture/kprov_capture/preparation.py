"""The preparation of data, step by step: what was read, what was applied, what came out.

:meth:`kprov_capture.run.Run.transformation` and ``split`` give the steps of a run; how a
training is linked to them is in :mod:`kprov_capture.lineage`.
"""

import json
import os
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from kprov_capture import filters, guard
from kprov_capture import statements_steps as said
from kprov_capture.lineage import Lineage
from kprov_capture.nquads import Value

_MAX_NAME = 200
_MAX_ERROR = 2_000
_KINDS = ("LoadData", "Preprocessing", "Execution")
_recorded = guard.guarded("record a step of the data preparation")

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


def _path(one: Any) -> str:
    """A path as it is recorded: absolute, and an address as it is."""
    if isinstance(one, (str, os.PathLike)):
        path = os.fsdecode(os.fspath(one))
        return path if "://" in path else os.path.abspath(path)
    raise TypeError(
        f"a file is given by its path, such as reads=['digits.csv']; found a {type(one).__name__}"
    )


def _paths(given: Paths) -> list[str]:
    if isinstance(given, (str, os.PathLike)) or not isinstance(given, Iterable):
        return [_path(given)]
    return [_path(one) for one in given]


def _by_name(given: Any, what: str) -> dict[str, Any]:
    if isinstance(given, Mapping) and all(isinstance(key, str) for key in given):
        return dict(given)
    raise TypeError(
        f"{what} are given by name, such as {what}={{'x': x, 'y': y}}; found a "
        f"{type(given).__name__}"
    )


def _value(given: Any) -> Value:
    """A parameter as a literal can hold it; JSON for what has parts."""
    if isinstance(given, float):
        return float(given)  # JSON has no NaN
    found = filters.plain(given)
    if isinstance(found, (str, int, float)):
        return found
    return json.dumps(found, ensure_ascii=False)


class Step:
    """One step of the data preparation, recorded while its ``with`` statement lasts.

        with run.transformation("normalise", inputs={"x": x}, using=scaler) as step:
            scaled = scaler.fit_transform(x)
            step.output(x=scaled)

    Where its body raises, the exception is recorded and goes on. Data are hashed while the
    body runs, and before it for what no step made; ``with`` waits for that at its begin and at
    its end, five seconds at most: afterwards the caller may change them.
    """

    def __init__(
        self,
        lineage: Lineage,
        name: str,
        inputs: Mapping[str, Any] | None,
        using: Any,
        reads: Paths,
        writes: Paths,
        kind: str | None,
        parameters: Mapping[str, Any],
    ) -> None:
        if not isinstance(name, str) or not name.strip():
            raise TypeError(f"a step needs a name, such as 'normalise'; found {name!r:.80}")
        if kind is not None and kind not in _KINDS:
            raise ValueError(
                f"kind is {', '.join(_KINDS[:-1])} or {_KINDS[-1]}; found {kind!r:.80}"
            )
        self.name = name[:_MAX_NAME]
        self._lineage = lineage
        self._inputs = _by_name({} if inputs is None else inputs, "inputs")
        self._using = using
        self._to_read, self._to_write = _paths(reads), _paths(writes)
        self._given_kind = kind
        self._parameters = parameters
        self._told_kind = "Execution"
        self._open: bool | None = None  # None: not begun
        self._failed = False
        self.local = ""
        # What it read, data and files, and what it made; of the data, how many samples.
        self._data: list[str] = []
        self._files: list[str] = []
        self._made: list[str] = []
        self._samples: int | None = None

    # -- what the body calls

    def output(self, /, **data: Any) -> None:
        """What the step made, by name: ``step.output(x=scaled, y=y)``."""
        self._check("output")
        if not data:
            raise ValueError("output needs data by name, such as step.output(x=scaled)")
        self._output(data)

    def reads(self, /, *paths: str | os.PathLike[str]) -> None:
        """Files or folders that the step reads."""
        self._check("reads")
        self._reads(_paths(paths))

    def writes(self, /, *paths: str | os.PathLike[str]) -> None:
        """Files or folders that the step writes; they are looked at when it is over."""
        self._check("writes")
        self._to_write += _paths(paths)

    def _check(self, what: str) -> None:
        if not self._open:
            state = "has not begun" if self._open is None else "is over"
            raise ValueError(
                f"the step {self.name!r} {state}: call {what} within its with statement"
            )

    def __enter__(self) -> Self:
        if self._open is not None:
            raise ValueError(
                f"the step {self.name!r} was used before: a with statement needs a step of its own"
            )
        self._open = True
        self._begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open, self._failed = False, error is not None
        self._end(error)

    # -- what is recorded of it; each does without the others

    def _kind(self) -> str | None:
        """What it does, as far as is known; LoadData and Preprocessing have read something."""
        if self._given_kind is not None:
            used = self._data or self._files or self._using is not None
            return self._given_kind if used else None
        if self._data:
            return "Preprocessing"
        return "LoadData" if self._files else None

    def _is_live(self) -> bool:
        """Whether it could begin, and its run is neither closed nor another process's."""
        return bool(self.local) and self._lineage.run._mine()

    @_recorded
    def _begin(self) -> None:
        lineage = self._lineage
        if not lineage.run._mine():
            return
        self.local = lineage.next_step()
        self._data, before, self._samples = lineage.inputs(self.local, self._inputs)
        self._inputs = {}  # nothing here holds the data any longer
        files = [lineage.read(self.local, path) for path in self._to_read]
        self._files = [local for local, _ in files]
        self._told_kind = self._kind() or "Execution"
        lineage.run.tell(
            said.started, self.local, self._told_kind, self.name, lineage.run.now(),
            [*self._data, *self._files], _distinct([*before, *(step for _, step in files)]),
            {key: _value(value) for key, value in self._parameters.items()},
        )  # fmt: skip
        if self._using is not None:
            lineage.apply(self.local, self._using)

    @_recorded
    def _output(self, data: Mapping[str, Any]) -> None:
        if not self._is_live():
            return
        sources = [*self._data, *self._files]
        self._made.append(self._lineage.output(self.local, data, sources))

    @_recorded
    def _reads(self, paths: list[str]) -> None:
        if not self._is_live():
            return
        files = [self._lineage.read(self.local, path) for path in paths]
        self._files += [local for local, _ in files]
        used, before = [local for local, _ in files], _distinct(step for _, step in files)
        self._lineage.run.tell(said.uses, self.local, used, before)

    def _last_kind(self) -> str | None:
        """What it turned out to do, where that was not known when it began."""
        return self._kind() or ("Preprocessing" if self._using is not None else None)

    @_recorded
    def _end(self, error: BaseException | None) -> None:
        if not self._is_live():
            return
        lineage, now = self._lineage, self._lineage.run.now()
        kind = self._last_kind()
        status, message = "FINISHED", None
        if error is not None:
            failed = isinstance(error, Exception)
            status = "FINISHED_WITH_ERROR" if failed else "INTERRUPTED"
            message = _message(error)
        sources = [*self._data, *self._files]
        lineage.run.tell(
            said.ended, self.local, None if kind == self._told_kind else kind, now, status, message,
            self._made, sources,
        )  # fmt: skip
        for path in self._to_write:
            lineage.write(path, self.local, now, sources)
        lineage.wait(self.local)


class Split(Step):
    """A step that divides data into parts.

    with run.split("split", inputs={"x": x, "y": y}, seed=7) as step:
        …
        step.parts(train=(x_train, y_train), test=(x_test, y_test), indices={"train": chosen})
    """

    def __init__(self, lineage: Lineage, name: str, inputs: Mapping[str, Any], **more: Any) -> None:
        super().__init__(lineage, name, inputs, kind=None, **more)
        if not self._inputs:
            raise ValueError(
                "a split needs the data that it divides: inputs={'x': x, 'y': y}; found none"
            )

    def parts(self, /, *, indices: Mapping[str, Any] | None = None, **parts: Any) -> None:
        """The parts by name, each an array, a tuple (x, y), or a mapping of arrays.

        ``indices`` says by the same names which samples were chosen: a sequence of
        numbers, or a mask.
        """
        self._check("parts")
        if not parts:
            raise ValueError("parts needs the parts by name, such as parts(train=x1, test=x2)")
        chosen = _by_name({} if indices is None else indices, "indices")
        unknown = sorted(chosen.keys() - parts.keys())
        if unknown:
            raise ValueError(
                f"indices are of the parts {', '.join(sorted(parts))}; found {', '.join(unknown)}"
            )
        self._parts(parts, chosen)

    @_recorded
    def _parts(self, parts: Mapping[str, Any], indices: Mapping[str, Any]) -> None:
        if not self._is_live():
            return
        for name, part in parts.items():
            local = self._lineage.part(
                self.local, name, _named(part), self._data, self._samples, indices.get(name)
            )
            self._made.append(local)

    def _kind(self) -> str | None:
        return None

    def _last_kind(self) -> str | None:
        if self._made or self._failed:
            return "SplitData"
        guard.log.warning("kprov: the split %r has told no parts (step.parts)", self.name)
        return "Preprocessing"


def _named(part: Any) -> dict[str, Any]:
    """The data of a part by the names that fit has for them, so that equal data look equal."""
    if isinstance(part, Mapping):
        return {str(key): value for key, value in part.items()}
    if isinstance(part, tuple) and len(part) <= 3:
        return dict(zip(("x", "y", "sample_weight"), part, strict=False))
    return {"x": part}


def _distinct(steps: Iterable[str | None]) -> list[str]:
    return [step for step in dict.fromkeys(steps) if step is not None]


def _message(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:_MAX_ERROR]
    except Exception:  # its __str__ is anybody's code
        return type(error).__name__
