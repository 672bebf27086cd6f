"""Keras on the handwritten digits, with whichever backend it is set to.

Run it with KERAS_BACKEND=jax, torch or tensorflow, and then `kprov show @latest`.
"""

import keras
from sklearn.datasets import load_digits

import kprov_capture.keras as kprov

keras.utils.set_random_seed(7)
digits = load_digits()
x, y = (digits.data / 16).astype("float32"), digits.target

model = keras.Sequential(
    [
        keras.layers.Input((64,)),
        keras.layers.Dense(32, "relu"),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(10, "softmax"),
    ]
)
model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(
    x[:1500],
    y[:1500],
    validation_split=0.2,
    epochs=15,
    verbose=0,
    callbacks=[
        kprov.Provenance("digits-keras"),
        keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=1),
    ],
)
loss, accuracy = model.evaluate(x[1500:], y[1500:], verbose=0)
model.save("digits.keras")
print(f"accuracy {accuracy} on {keras.backend.backend()}")
