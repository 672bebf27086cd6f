"""What callbacks decide about a training: to end it early, and to give weights back."""

import itertools
import math
import re
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

import keras

from kprov_capture import guard
from kprov_capture.facts import Rule
from kprov_capture.keras.adaptations import rule_of
from kprov_capture.keras.cause import Cause, cause_of

# What a callback sends along to prove who it is (RemoteMonitor).
_PRIVATE = re.compile("header|auth|token|secret|passw|key", re.IGNORECASE)

# Who is told when a model is asked to stop, by thread and model.
# None says that the model is not to stop after all.
watchers: dict[tuple[int, int], Callable[[Cause | None], None]] = {}


def key(model: Any) -> tuple[int, int]:
    """A model in a fit of this thread."""
    return threading.get_ident(), id(model)


class StopTraining:
    """``keras.Model.stop_training``, which tells who set it while a training is recorded.

    Callbacks set it as a plain attribute and say nothing else; the value stays where
    it was, in the model's ``__dict__``.
    """

    name = "stop_training"

    def __get__(self, model: Any, owner: type | None = None) -> Any:
        if model is None:
            return self
        try:
            return model.__dict__[self.name]
        except KeyError:
            raise AttributeError(self.name) from None

    def __set__(self, model: Any, value: Any) -> None:
        model.__dict__[self.name] = value
        if watchers:
            self._tell(model, bool(value))

    def __delete__(self, model: Any) -> None:
        try:
            del model.__dict__[self.name]
        except KeyError:
            raise AttributeError(self.name) from None

    @guard.guarded("see who stops the training")
    def _tell(self, model: Any, stops: bool) -> None:
        # Callbacks may run on a thread of a pool (JAX, torch): the model decides.
        for (_, known), told in list(watchers.items()):
            if known == id(model):
                told(cause_of(sys._getframe(2)) if stops else None)


def decision(cause: Cause) -> dict[str, Any]:
    """Technique and reason of an early end."""
    callback = cause.callback
    if isinstance(callback, keras.callbacks.EarlyStopping):
        return {"technique": cause.name, **rule_of(callback)}
    if isinstance(callback, keras.callbacks.TerminateOnNaN):
        return {"technique": cause.name, "monitor": "loss", "reason": "the loss is not finite"}
    return {"technique": cause.name}


def restored(callbacks: Iterable[Any]) -> tuple[int, str] | None:
    """The epoch whose weights EarlyStopping gave back at the end, and its class.

    It does so whenever fit reached its end, whether it stopped the training or not.
    """
    found = None
    for callback in callbacks:
        if (
            isinstance(callback, keras.callbacks.EarlyStopping)
            and callback.restore_best_weights
            and callback.best_weights is not None
        ):
            found = int(callback.best_epoch), type(callback).__name__
    return found


# A setting of a callback may hold a data set: of text so much, and of parts by depth.
_TEXT = 2000
_PARTS = (0, 10, 30, 100)


def _plain(value: Any, depth: int = 3) -> Any:
    """A setting of a callback as JSON has it, without addresses in memory."""
    if isinstance(value, str):
        return value if len(value) <= _TEXT else f"{value[:_TEXT]}…"
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        bits = value.bit_length()
        return value if bits <= 1024 else f"an integer of {bits} bits"
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, (list, tuple)) and depth:
        return [_plain(one, depth - 1) for one in itertools.islice(value, _PARTS[depth])]
    if isinstance(value, dict) and depth:
        parts = itertools.islice(value.items(), _PARTS[depth])
        return {str(_plain(k, 0)): _plain(v, depth - 1) for k, v in parts}
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return _plain(value.item(), depth)
    return getattr(value, "__qualname__", None) or type(value).__name__


def _safely(value: Any) -> Any:
    try:
        return _plain(value)
    except Exception as error:
        return f"unreadable: {type(error).__name__}"


def rules(callbacks: Iterable[Any]) -> list[Rule]:
    """The callbacks of the user's with the settings that are public attributes."""
    found = []
    for callback in callbacks:
        public = {
            name: "withheld" if _PRIVATE.search(name) else _safely(value)
            for name, value in list(getattr(callback, "__dict__", {}).items())
            if not name.startswith("_") and name not in ("model", "params")
        }
        monitor, patience = public.get("monitor"), public.get("patience")
        found.append(
            Rule(
                type(callback).__name__,
                public,
                monitor if isinstance(monitor, str) else None,
                patience if isinstance(patience, int) else None,
            )
        )
    return found
