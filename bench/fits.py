"""What the benchmarks of capture train, and how they measure the CPU time of parts of it."""

import functools
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Imports cost what they cost from the second time on.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

import keras
from sklearn.datasets import load_digits

TRAIN = 1437  # of 1,797 digits; the others are for validation


def digits() -> tuple[Any, Any]:
    """Real digits: (1797, 64) float32 from 0 to 1, and their labels."""
    data = load_digits()
    return (data.data / 16).astype("float32"), data.target


def tiny() -> keras.Model:
    """2,410 weights: an epoch costs Keras so little that what is added to it shows."""
    model = keras.Sequential(
        [
            keras.layers.Input((64,)),
            keras.layers.Dense(32, "relu"),
            keras.layers.Dense(10, "softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def convolutional(optimizer: keras.Optimizer, filters: int) -> keras.Model:
    """Two layers of 3 by 3, the second with twice as many filters."""
    model = keras.Sequential(
        [
            keras.layers.Input((64,)),
            keras.layers.Reshape((8, 8, 1)),
            keras.layers.Conv2D(filters, 3, activation="relu"),
            keras.layers.Conv2D(2 * filters, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10, "softmax"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def alexnet(optimizer: keras.Optimizer) -> keras.Model:
    """Five convolutions and three dense layers, as in the case study of the papers, for digits.

    The digits are drawn four times as large, 32 by 32; 1.0 million weights.
    """
    layers: list[keras.Layer] = [
        keras.layers.Input((64,)),
        keras.layers.Reshape((8, 8, 1)),
        keras.layers.UpSampling2D(4),
    ]
    for filters, pool in ((24, True), (64, True), (96, False), (96, False), (64, True)):
        layers.append(keras.layers.Conv2D(filters, 3, padding="same", activation="relu"))
        if pool:
            layers.append(keras.layers.MaxPooling2D())
    layers.append(keras.layers.Flatten())
    for _ in range(2):
        layers += [keras.layers.Dense(512, activation="relu"), keras.layers.Dropout(0.4)]
    model = keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Stopwatch:
    """CPU seconds of the calling thread inside of some functions, call by call."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        # How many calls there had been at the end of each epoch (see `callbacks`).
        self.marks: list[int] = []

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            started = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds.append(time.thread_time() - started)

        return call

    @contextmanager
    def callbacks(self, wanted: Callable[[Any], bool]) -> Iterator[None]:
        """Times each hook of the callbacks that are wanted, whoever hands them to fit."""
        lists = keras.callbacks.CallbackList
        begin, end = lists.on_train_begin, lists.on_epoch_end

        def began(hooks: Any, logs: Any = None) -> None:
            for callback in filter(wanted, hooks.callbacks):
                for name in dir(callback):
                    default = getattr(keras.callbacks.Callback, name, None)
                    if name.startswith("on_") and getattr(type(callback), name) is not default:
                        setattr(callback, name, self.timed(getattr(callback, name)))
            begin(hooks, logs)

        def ended(hooks: Any, epoch: int, logs: Any = None) -> None:
            end(hooks, epoch, logs)
            self.marks.append(len(self.seconds))

        lists.on_train_begin, lists.on_epoch_end = began, ended
        try:
            yield
        finally:
            lists.on_train_begin, lists.on_epoch_end = begin, end

    def per_epoch(self, skipped: int) -> float:
        """Seconds per epoch, without the first ones, which pay for imports and caches."""
        start, stop = self.marks[skipped - 1], self.marks[-1]
        return sum(self.seconds[start:stop]) / (len(self.marks) - skipped)
