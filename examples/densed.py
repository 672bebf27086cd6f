"""A search over the dense encoder-decoder of the Keras-Prov papers, on flow through porous media.

The network learns to give the pressure for a field of permeability. Twelve trials differ in k,
the growth of a dense block, and l, its number of layers; then the best one is trained once more.
About a minute on two cores. Ask meanwhile, or afterwards:

    kprov query q5                        the three best tests, with their k and l
    kprov query q6 --param k=8            the epochs with the lowest loss where k is 8
    kprov query leaderboard --param metric=val_loss --param tag=densed
"""

import argparse
from itertools import pairwise

import keras
import numpy

import kprov_capture.keras as kprov

SIZE = 12  # cells along each side


def pressure(permeability):
    """Darcy's law on a square, by finite volumes: the pressure is 0 around it, and the source 1."""
    number = numpy.arange(SIZE * SIZE).reshape(SIZE, SIZE)
    matrix = numpy.zeros((SIZE * SIZE, SIZE * SIZE))
    for axis in (0, 1):
        here, there = (
            numpy.moveaxis(number, axis, 0)[cut].ravel() for cut in (slice(-1), slice(1, None))
        )
        flat = permeability.ravel()
        flow = 2 * flat[here] * flat[there] / (flat[here] + flat[there])
        matrix[here, there] = matrix[there, here] = -flow
        numpy.add.at(matrix, (here, here), flow)
        numpy.add.at(matrix, (there, there), flow)
    edge = numpy.unique(numpy.r_[number[0], number[-1], number[:, 0], number[:, -1]])
    matrix[edge, edge] += 2 * permeability.ravel()[edge]
    return numpy.linalg.solve(matrix, numpy.ones(SIZE * SIZE))


def layered(random):
    """A field of layers whose permeability differs by up to a factor of ten."""
    depths = numpy.sort(random.integers(1, SIZE, 3))
    values = 10 ** random.uniform(-0.5, 0.5, 4)
    tilt = random.integers(-2, 3)
    rows = numpy.arange(SIZE)[:, None] + tilt * numpy.arange(SIZE)[None] // SIZE
    return values[numpy.searchsorted(depths, rows)]


def standardized(values):
    """Mean 0 and deviation 1."""
    return ((values - values.mean()) / values.std()).astype("float32")


def prepare(samples):
    """Simulate, standardize and divide, in a run of its own."""
    random = numpy.random.default_rng(7)
    with kprov.Run("densed-data") as run:
        with run.transformation("simulate", samples=samples, size=SIZE, using=pressure) as step:
            fields = numpy.stack([layered(random) for _ in range(samples)])
            solved = numpy.stack([pressure(one) for one in fields])
            step.output(fields=fields, pressure=solved)
        given = {"fields": fields, "pressure": solved}
        with run.transformation("standardize", inputs=given, using=standardized) as step:
            x, y = standardized(numpy.log(fields))[..., None], standardized(solved)
            step.output(x=x, y=y)
        parts = {}
        with run.split("split", inputs={"x": x, "y": y}, quarters="2 1 1") as step:
            ends = [0, samples // 2, samples * 3 // 4, samples]
            for name, (start, end) in zip(("train", "val", "test"), pairwise(ends), strict=True):
                parts[name] = x[start:end], y[start:end]
            step.parts(**parts)
    return parts


def network(k, l, dropout):  # noqa: E741
    """Down by two, a dense block of l layers with k features each, and up again."""
    inputs = keras.layers.Input((SIZE, SIZE, 1))
    features = keras.layers.Conv2D(k, 3, 2, "same", activation="relu", name="encoder")(inputs)
    for number in range(l):
        grown = keras.layers.Conv2D(k, 3, 1, "same", activation="relu", name=f"dense_{number}")(
            features
        )
        features = keras.layers.Concatenate(name=f"joined_{number}")([features, grown])
    features = keras.layers.Dropout(dropout, name="dropout")(features)
    decoded = keras.layers.Conv2DTranspose(1, 3, 2, "same", name="decoder")(features)
    return keras.Model(inputs, keras.layers.Flatten(name="pressure")(decoded))


def trial(k, l, epochs, data, seed=0):  # noqa: E741
    """Train and test one network; gives its R² on the test data."""
    keras.utils.set_random_seed(seed)
    model = network(k, l, 0.1)
    r2 = keras.metrics.R2Score(class_aggregation="variance_weighted_average")
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=[r2])
    settings = {"k": k, "l": l}
    model.fit(
        *data["train"], validation_data=data["val"], epochs=epochs, verbose=0,
        callbacks=[kprov.Provenance("densed", hyperparameters=settings)],
    )  # fmt: skip
    tested = model.evaluate(*data["test"], verbose=0, return_dict=True)
    print(f"k={k} l={l}: R² {tested['r2_score']:.4f}", flush=True)
    return tested["r2_score"]


def main(epochs, samples, growths, depths):
    data = prepare(samples)
    found = {(k, l): trial(k, l, epochs, data) for k in growths for l in depths}  # noqa: E741
    best = max(found, key=found.get)
    trial(*best, epochs, data, seed=1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--samples", type=int, default=240)
    parser.add_argument("--k", type=int, nargs="+", default=[4, 6, 8])
    parser.add_argument("--l", type=int, nargs="+", default=[2, 3, 4, 5])
    given = parser.parse_args()
    main(given.epochs, given.samples, given.k, given.l)
