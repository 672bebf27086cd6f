"""Which callback of Keras is acting."""

from dataclasses import dataclass
from types import FrameType

import keras


@dataclass(frozen=True)
class Cause:
    """What acted: the callback where one did, its hook, and the epoch or batch it was given."""

    callback: keras.callbacks.Callback | None = None
    hook: str | None = None
    epoch: int | None = None
    batch: int | None = None

    @property
    def name(self) -> str:
        """The class of the callback, or 'assignment' for code of the user's own."""
        return type(self.callback).__name__ if self.callback is not None else "assignment"


def cause_of(frame: FrameType | None) -> Cause:
    """The callback that is running, found on the stack.

    CallbackList calls the hooks in a loop over ``callback``, so that its frame
    tells of functions too (LambdaCallback). In a loop of the user's own it is the
    outermost method of a callback.
    """
    found = Cause()
    while frame is not None:
        told = frame.f_locals
        owner, epoch, batch = told.get("self"), told.get("epoch"), told.get("batch")
        callback = (
            told.get("callback") if isinstance(owner, keras.callbacks.CallbackList) else owner
        )
        if isinstance(callback, keras.callbacks.Callback):
            hook = frame.f_code.co_name.lstrip("_")
            found = Cause(
                callback,
                hook,
                epoch if isinstance(epoch, int) else None,
                batch if isinstance(batch, int) else None,
            )
            if callback is not owner:
                break
        frame = frame.f_back
    return found
