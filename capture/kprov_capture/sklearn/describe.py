"""What scikit-learn tells of an estimator, its parts and its data, as plain values."""

from collections.abc import Iterator
from typing import Any

from kprov_capture import values
from kprov_capture.facts import Dataset, Layer
from kprov_capture.nquads import Value
from kprov_capture.values import plain

# What the vocabulary, as Keras, calls otherwise; the last ones where there are epochs.
_NAMES = {"solver": "optimizer_name", "random_state": "seed", "nesterovs_momentum": "nesterov"}
_EPOCH_NAMES = {
    "learning_rate_init": "learning_rate",
    "eta0": "learning_rate",
    "max_iter": "epochs",
}
_SOLVERS = {"adam": "Adam", "sgd": "SGD"}
# Where composite estimators keep their parts, as tuples of a name, an estimator and more.
_PARTS = ("steps", "transformer_list", "transformers", "estimators")


def final_step(estimator: Any) -> Any:
    """The last step of a pipeline."""
    while getattr(estimator, "steps", None):
        estimator = estimator.steps[-1][1]
    return estimator


def metric_name(estimator: Any) -> str:
    """What the method score computes."""
    from sklearn.base import is_classifier, is_regressor

    scoring = getattr(estimator, "scoring", None)
    if isinstance(scoring, str):
        return scoring
    return (
        "accuracy" if is_classifier(estimator)
        else "r2_score" if is_regressor(estimator)
        else "score"
    )  # fmt: skip


def _plain(value: Any) -> Value | None:
    if hasattr(value, "get_params") or callable(value):
        return getattr(value, "__name__", None) or type(value).__name__
    return plain(value)


def _renamed(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters of one estimator by Keras's names, where it has them."""
    schedule, solver = parameters.get("learning_rate"), parameters.get("solver")
    # A perceptron that is solved by L-BFGS has no rate; that of "optimal" is computed anew.
    by_epochs = isinstance(schedule, str) and schedule != "optimal" and solver != "lbfgs"
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        if name == "learning_rate" and isinstance(value, str):
            found["learning_rate_schedule"] = value
        elif name == "solver":
            found["optimizer_name"] = _SOLVERS.get(value, value)
        else:
            found[(_NAMES | (_EPOCH_NAMES if by_epochs else {})).get(name, name)] = value
    if "eta0" in parameters:
        found["optimizer_name"] = "SGD"
    return found


def settings(estimator: Any) -> dict[str, Value]:
    """All parameters: those of the last step by their own names, others as ``step__name``.

    One that is None is a setting too: for most it stands for a choice.
    """
    final = final_step(estimator)
    found = {"estimator": type(final).__name__} | _renamed(final.get_params())
    if final is not estimator:
        last = estimator.steps[-1][0]
        found |= {
            name: value
            for name, value in estimator.get_params().items()
            if name.partition("__")[0] != last and name not in ("steps", *found)
        }
    plain_ones = {name: _plain(value) for name, value in found.items()}
    return {name: "None" if value is None else value for name, value in plain_ones.items()}


def weights(estimator: Any) -> int | None:
    """How many weights a fitted linear model or perceptron has."""
    arrays = [*getattr(estimator, "coefs_", ()), *getattr(estimator, "intercepts_", ())]
    if not arrays and hasattr(estimator, "coef_"):
        arrays = [estimator.coef_, getattr(estimator, "intercept_", None)]
    return sum(int(getattr(array, "size", 0)) for array in arrays) or None


def _parts(estimator: Any) -> list[tuple[str, Any]]:
    for attribute in _PARTS:
        found = getattr(estimator, attribute, None)
        if found and isinstance(found, list):
            return [(part[0], part[1]) for part in found if isinstance(part, tuple)]
    return []


def layers(estimator: Any) -> list[Layer]:
    """The steps of a pipeline, and the parts of other composite estimators, nested ones too.

    The layers of a perceptron stand within it; any other estimator is one part.
    """
    if not _parts(estimator):
        return list(_layer(type(estimator).__name__, None, estimator, 0))
    return list(_walk(estimator, None))


def _walk(estimator: Any, path: str | None) -> Iterator[Layer]:
    for position, (name, part) in enumerate(_parts(estimator)):
        own = name if path is None else f"{path}.{name}"
        yield from _layer(own, path, part, position)
        yield from _walk(part, own)


def _layer(path: str, parent: str | None, part: Any, position: int) -> Iterator[Layer]:
    simple = hasattr(part, "get_params")  # and no word such as "passthrough"
    parameters = part.get_params(deep=False) if simple and not _parts(part) else {}
    yield Layer(
        path=path,
        parent=parent,
        name=path.rpartition(".")[2],
        type=type(part).__name__ if simple else str(part),
        position=position,
        parameters=weights(part),
        config={name: _plain(value) for name, value in parameters.items()} | _found(part) or None,
    )
    kernels = getattr(part, "coefs_", ())
    for number, (kernel, bias) in enumerate(
        zip(kernels, getattr(part, "intercepts_", ()), strict=True)
    ):
        last = number == len(kernels) - 1
        yield Layer(
            path=f"{path}.dense_{number}",
            parent=path,
            name=f"dense_{number}",
            type="Dense",
            position=number,
            activation=part.out_activation_ if last else part.activation,
            output_shape=f"None,{kernel.shape[1]}",
            parameters=int(kernel.size + bias.size),
        )


def _found(part: Any) -> dict[str, Any]:
    """What a fitted search over parameters found."""
    found: dict[str, Any] = {}
    if hasattr(part, "best_params_"):
        found["best_params_"] = {name: _plain(one) for name, one in part.best_params_.items()}
    if hasattr(part, "best_score_"):
        found["best_score_"] = _plain(part.best_score_)
    return found


def dataset(
    role: str, local: str, x: Any, y: Any, sample_weight: Any
) -> tuple[Dataset, dict[str, Any]]:
    """As for arrays, and for lists and sparse matrices."""
    import numpy as np

    source = f"{type(x).__module__}.{type(x).__qualname__}"
    parts, *others = (
        np.asarray(one) if isinstance(one, list) else one for one in (x, y, sample_weight)
    )
    sparse = all(hasattr(x, name) for name in ("indices", "indptr"))
    if sparse:
        parts = {"data": x.data, "indices": x.indices, "indptr": x.indptr}
    found, arrays = values.dataset(role, local, parts, *others)
    samples = int(x.shape[0]) if sparse else found.samples
    return found._replace(source=source, samples=samples), arrays
