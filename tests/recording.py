"""Makes runs without a framework, for the tests of the store side."""

from pathlib import Path

from kprov_capture.facts import Change, Dataset, Layer
from kprov_capture.nquads import Value
from kprov_capture.run import Run

LAYERS = [
    Layer("dense", None, "dense", "Dense", 0, "relu", None, "None,8", 40),
    Layer("drop", None, "drop", "Dropout", 1, None, 0.4, "None,8", 0),
    Layer("inner", None, "inner", "Sequential", 2, None, None, "None,2", 18),
    Layer("inner.out", "inner", "out", "Dense", 0, "softmax", None, "None,2", 18),
]


def begin(
    home: Path,
    tag: str = "test-flow",
    optimizer: str = "Adam",
    rate: float = 0.001,
    own: dict[str, Value] | None = None,
) -> Run:
    """A run whose training has begun; ``own`` are settings beside the usual ones."""
    run = Run(tag, home=home)
    run.dataset("train", Dataset("train-set", "train", "numpy.ndarray", samples=10, unhashed="no"))
    settings = {"optimizer_name": optimizer, "learning_rate": rate, "epochs": 3, "batch_size": 4}
    run.start_training(settings | (own or {}))
    run.architecture(LAYERS, 58)
    return run


def epoch(run: Run, number: int, loss: float, config: int = 0, rate: float = 0.001) -> None:
    started = run.now()
    metrics = {"loss": loss, "accuracy": 0.5, "val_loss": loss + 0.25, "val_accuracy": 0.25}
    run.epoch(number, started, run.now(), 0.5 + number, rate, config, metrics)


def record(
    home: Path,
    tag: str = "test-flow",
    optimizer: str = "Adam",
    losses: tuple[float, ...] = (0.9, 0.7, 0.6),
    rate: float = 0.001,
    own: dict[str, Value] | None = None,
) -> Run:
    """A whole run: epochs, one adaptation by a rule after epoch 0, and a test."""
    run = begin(home, tag, optimizer, rate, own)
    for number, loss in enumerate(losses):
        epoch(run, number, loss, min(number, 1), rate if number == 0 else rate / 2)
        if number == 0:
            run.adaptation(
                Change(
                    number=1,
                    epoch=0,
                    after_epoch=0,
                    at=run.now(),
                    old=rate,
                    new=rate / 2,
                    kind="rule",
                    technique="ReduceLROnPlateau",
                    reason="val_loss did not improve",
                    monitor="val_loss",
                    patience=1,
                    factor=0.5,
                    best=1.0,
                )
            )
    run.end_training("FINISHED")
    started = run.now()
    local = run.next_test_set()
    run.dataset("test", Dataset(local, "test", "numpy.ndarray", samples=5, unhashed="no"))
    run.testing(started, run.now(), {"loss": 0.8, 'f1 of "all"': 0.5}, local)
    run.close()
    return run
