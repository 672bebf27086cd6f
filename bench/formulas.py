"""The data of many runs as closed formulas of a run's number and an epoch: the same everywhere.

The environment of the peers has no kprov: nothing of it is imported here.
"""

import math

OPTIMIZERS = ("Adadelta", "Adagrad", "Adam", "Adamax", "Nadam", "RMSprop", "SGD")
RATES = (0.1, 0.01, 0.001, 0.0001)
GROWTH, LAYERS = (16, 24, 32), (4, 6, 8, 9)  # K and L of DenseED
TAGS = ("alexnet", "densenet", "densed", "digits", "unet")
DENSE = 12  # layers of each network
EPOCHS = 100
TESTED = 0.8  # loss of each test


def started(number: int) -> float:
    """When a run began, in seconds since 1970."""
    return 1.7e9 + number * 1000


def tag(number: int) -> str:
    """The dataflow of a run."""
    return TAGS[number % len(TAGS)]


def settings(number: int) -> dict[str, str | int | float]:
    """What the run of this number began with: the combinations one after the other."""
    return {
        "optimizer_name": OPTIMIZERS[number % 7],
        "learning_rate": RATES[number // 7 % 4],
        "batch_size": 32,
        "epochs": EPOCHS,
        "K": GROWTH[number // 28 % 3],
        "L": LAYERS[number // 84 % 4],
    }


def metrics(number: int, at: int) -> dict[str, float]:
    """What epoch ``at`` of a run reported: a curve that falls to a floor of its own."""
    floor = 0.1 + (number * 7919 % 10007) / 1e5
    loss = floor + math.exp(-(at + 1) / (10 + number % 13))
    return {
        "loss": loss,
        "accuracy": 1 - loss / 2,
        "val_loss": loss * 1.25 + (number * 31 + at * 17) % 101 / 1e4,
        "val_accuracy": 1 - loss / 1.5,
    }


def elapsed(number: int, at: int) -> float:
    """Seconds of an epoch: more with more layers."""
    return GROWTH[number // 28 % 3] * LAYERS[number // 84 % 4] / 10 + (at * 13 + number) % 17 / 100


def quality(number: int) -> str:
    """What the test of a run reported as r2, in nine digits."""
    return f"{1 - (number * 104729 % 1299709) / 1299709:.9f}"
