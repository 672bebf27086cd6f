"""The training of the demonstration: a script as a user would write it.

Three small networks learn scikit-learn's handwritten digits (1,797 real scans
of 8x8 pixels), each with another optimizer. kprov is one import and one callback.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import kprov_capture.keras as kprov


def network() -> keras.Model:
    return keras.Sequential(
        [
            keras.layers.Input((8, 8, 1)),
            keras.layers.Conv2D(16, 3, name="convolution"),
            keras.layers.Activation("relu", name="activation_1"),
            keras.layers.MaxPooling2D(2, name="pooling"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dropout(0.2, name="dropout_1"),
            keras.layers.Dense(32, activation="relu", name="hidden"),
            keras.layers.Dense(10, activation="softmax", name="digits"),
        ]
    )


def halve_every_ten(epoch: int, rate: float) -> float:
    return rate * 0.5 if epoch and epoch % 10 == 0 else rate


def main(epochs: int, models: Path) -> None:
    digits = load_digits()
    images = (digits.images / 16.0).astype("float32")[..., None]
    x, x_test, y, y_test = train_test_split(
        images, digits.target, test_size=0.2, random_state=0, stratify=digits.target
    )
    plateau = keras.callbacks.ReduceLROnPlateau(
        monitor="val_loss", factor=0.5, patience=3, min_delta=0.05
    )
    trials: tuple[tuple[str, keras.Optimizer, list[keras.callbacks.Callback]], ...] = (
        ("adam", keras.optimizers.Adam(0.001), [plateau]),
        ("sgd", keras.optimizers.SGD(0.001, momentum=0.9),
         [keras.callbacks.LearningRateScheduler(halve_every_ten)]),
        ("rmsprop", keras.optimizers.RMSprop(0.001), []),
    )  # fmt: skip
    for name, optimizer, callbacks in trials:
        keras.utils.set_random_seed(0)
        model = network()
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        print(f"  {name}: {epochs} epochs …", flush=True)
        model.fit(
            x, y, validation_split=0.2, epochs=epochs, batch_size=32, verbose=0,
            callbacks=[*callbacks, kprov.Provenance("digits-cnn")],
        )  # fmt: skip
        model.evaluate(x_test, y_test, verbose=0)
        model.save(models / f"digits-{name}.keras")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=31)
    parser.add_argument("--models", type=Path, required=True)
    given = parser.parse_args()
    main(given.epochs, given.models)
