"""Exceptions, Ctrl-C and sys.exit in each hook of a callback, and in the data."""

from typing import Any

import keras
import pytest

import kprov_capture.keras as kprov
from tests.faults.networks import X, Y, network

HOOKS = [
    "on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end",
    "on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_end",
    "on_epoch_end", "on_train_end",
]  # fmt: skip
# How many of two epochs have ended when the second call of the hook raises.
ENDED = {"on_epoch_begin": 1, "on_epoch_end": 2, "on_train_end": 2}
ERRORS = {
    KeyboardInterrupt: "INTERRUPTED",
    SystemExit: "INTERRUPTED",
    GeneratorExit: "INTERRUPTED",
    RuntimeError: "FINISHED_WITH_ERROR",
}


class Raises(keras.callbacks.Callback):
    """Raises at the second call of a hook; at the first of those that are called once."""

    def __init__(self, hook: str, error: type[BaseException]) -> None:
        super().__init__()
        self.calls = 1 if hook in ("on_train_begin", "on_train_end") else 0

        def raise_it(*_: Any, **__: Any) -> None:
            self.calls += 1
            if self.calls == 2:
                raise error

        setattr(self, hook, raise_it)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return network(run_eagerly=True)


@pytest.mark.parametrize(
    ("hook", "error"),
    [
        *((hook, KeyboardInterrupt) for hook in HOOKS),
        *((hook, RuntimeError) for hook in HOOKS),
        *(("on_train_batch_end", error) for error in (SystemExit, GeneratorExit)),
    ],
)
def test_what_a_hook_raises_is_the_users_and_ends_the_record(
    hook: str, error: type[BaseException], model, state, found
) -> None:
    ours = kprov.Provenance("interrupted", home=state)
    with pytest.raises(error):
        model.fit(
            X, Y, batch_size=40, validation_data=(X, Y), epochs=2, verbose=0,
            callbacks=[Raises(hook, error), ours],
        )  # fmt: skip
    ours.run.close()
    within = 1 if hook.startswith(("on_train_batch", "on_test")) else 0
    assert found().outline == [(ERRORS[error], ENDED.get(hook, within))]


def failing(after: int, error: BaseException) -> Any:
    for _ in range(after):
        yield X[:10], Y[:10]
    raise error


class AwkwardError(ValueError):
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize("error", [ValueError("no more"), AwkwardError(), OSError(5, "gone")])
def test_a_generator_that_raises(error: BaseException, model, state, found) -> None:
    ours = kprov.Provenance("generator", home=state)
    # TensorFlow wraps it, with all that it knows, in an error of its own.
    with pytest.raises(Exception, match=r"no more|gone|no text|generator|AwkwardError"):
        model.fit(
            failing(6, error),
            steps_per_epoch=4,
            epochs=3,
            verbose=0,
            shuffle=False,
            callbacks=[ours],
        )
    ours.run.close()
    read = found()
    assert read.outline == [("FINISHED_WITH_ERROR", 1)]
    assert len(read.rows("?t a dnnprov:Training ; dnnprov:error ?e", "e")) == 1


def test_an_error_whose_text_raises_is_told_by_its_class(model, state, found) -> None:
    class Fails(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            raise AwkwardError

    ours = kprov.Provenance("awkward", home=state)
    with pytest.raises(AwkwardError):
        model.fit(X, Y, verbose=0, callbacks=[Fails(), ours])
    ours.run.close()
    read = found()
    assert read.outline == [("FINISHED_WITH_ERROR", 1)]
    ((told,),) = read.rows("?t a dnnprov:Training ; dnnprov:error ?e", "e")
    assert told.startswith("AwkwardError: ")
