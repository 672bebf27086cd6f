"""The layers of a Keras model and how they are connected, as plain values."""

import contextlib
import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any

import keras

from kprov_capture import guard
from kprov_capture.facts import Layer


def sublayers(layer: Any) -> list[Any]:
    """The layers right within a model or a composite layer."""
    with contextlib.suppress(Exception):  # some have a number of that name, and some raise
        found = list(layer.layers)
        if all(isinstance(one, keras.Layer) or hasattr(one, "name") for one in found):
            return found
    # Wrappers and composite layers keep theirs in a private list; no public way exists.
    flatten = getattr(layer, "_flatten_layers", None)
    return list(flatten(include_self=False, recursive=False)) if flatten else []


def config_of(layer: Any) -> Any:
    """The configuration of a layer or a loss; None where it has none."""
    try:
        return layer.get_config()
    except Exception:
        return None  # custom layers need not have one, and some raise


def _activation(layer: Any, config: Any) -> str | None:
    found = config.get("activation") if isinstance(config, dict) else None
    if found is None:
        found = getattr(layer, "activation", None)
    if isinstance(found, dict):  # a serialized object
        inner = found.get("config")
        found = (isinstance(inner, dict) and inner.get("name")) or found.get("class_name")
    if found is not None and not isinstance(found, str):
        found = getattr(found, "__name__", None) or type(found).__name__
    return found


def _output_shape(layer: Any) -> str | None:
    try:
        shape = (
            layer.compute_output_shape(layer.input.shape)
            if not hasattr(layer, "output")
            else layer.output.shape
        )
        return ",".join(map(str, shape))
    except Exception:
        return None  # not built, shared by several inputs, or several outputs


def _dropout(layer: Any, config: Any) -> float | None:
    rate = config.get("rate") if isinstance(config, dict) else None
    if rate is None:
        rate = getattr(layer, "dropout", None)
    return float(rate) if isinstance(rate, (int, float)) and not isinstance(rate, bool) else None


def parameters(layer: Any) -> int | None:
    """How many weights a layer or model has."""
    try:
        return int(layer.count_params())
    except Exception:
        return None  # not built


def trainable(layer: Any) -> int | None:
    """How many weights of a layer or model can change."""
    try:
        return sum(int(math.prod(weight.shape)) for weight in layer.trainable_weights)
    except Exception:
        return None  # not built


def _inbound(model: Any) -> dict[int, list[Any]]:
    """For each layer of a functional model the layers whose outputs it reads, by id.

    What lies between two layers and is none (``keras.ops``) is passed through.
    """
    by_depth = getattr(model, "_nodes_by_depth", None)
    if not by_depth:
        return {}
    inside = {id(node) for nodes in by_depth.values() for node in nodes}
    listed = {id(layer) for layer in model.layers}
    cache: dict[int, list[Any]] = {}

    def sources(node: Any) -> list[Any]:
        found: dict[int, Any] = {}
        for before in node.parent_nodes:
            operation = before.operation
            if id(before) not in inside:
                continue
            if id(operation) in listed:
                found[id(operation)] = operation
            else:
                found |= {id(one): one for one in cache.get(id(before), ())}
        return list(found.values())

    edges: dict[int, list[Any]] = {}
    # From the inputs on, so that what is passed through is known already.
    for depth in sorted(by_depth, reverse=True):
        for node in by_depth[depth]:
            cache[id(node)] = sources(node)
            edges.setdefault(id(node.operation), []).extend(cache[id(node)])
    return edges


def _edges(parent: Any) -> dict[int, list[Any]]:
    """As :func:`_inbound`, for a sequence of layers too; nothing for any other model."""
    inside = getattr(parent, "_functional", None)
    if isinstance(parent, keras.Sequential):
        chain = list(parent.layers)
        return {id(after): [before] for before, after in itertools.pairwise(chain)}
    return _inbound(inside or parent)


def _name(layer: Any) -> str:
    """Its name; that of its class where it has none."""
    try:
        return str(layer.name)
    except Exception:
        return type(layer).__name__


def frozen(model: Any) -> list[str]:
    """Names of the layers whose weights the training may not change."""
    return [
        layer.name
        for layer in model._flatten_layers(include_self=False)
        if layer.weights and not layer.trainable
    ]


def layers(model: Any) -> list[Layer]:
    """Every layer, nested ones too, in the model's order; a shared layer stands once."""
    return list(_walk(model))


def _walk(model: Any) -> Iterator[Layer]:
    """Depth first without recursion: a model may be nested deeper than Python's stack."""
    seen: dict[int, str] = {}
    todo: list[tuple[str | None, Iterator[tuple[int, Any]], dict[int, list[Any]], set[str]]]
    todo = [(None, iter(enumerate(sublayers(model))), _safe_edges(model), set())]
    while todo:
        path, children, edges, taken = todo[-1]
        step = next(children, None)
        if step is None:
            todo.pop()
            continue
        position, layer = step
        if id(layer) in seen:
            continue
        name = _name(layer)
        own = name if path is None else f"{path}.{name}"
        while own in taken:  # composite layers may repeat a name
            own += "_"
        taken.add(own)
        seen[id(layer)] = own
        nested = sublayers(layer)
        yield _describe(
            layer, own, path, position, nested, edges.get(id(layer), ()), seen
        ) or Layer(own, path, name, type(layer).__name__, position)
        if nested:
            todo.append((own, iter(enumerate(nested)), _safe_edges(layer), set()))


def _safe_edges(parent: Any) -> dict[int, list[Any]]:
    # The graph of a functional model is private to Keras: without it, there are layers only.
    return guard.guarded("follow the connections of the layers")(_edges)(parent) or {}


@guard.guarded("describe a layer")
def _describe(
    layer: Any,
    path: str,
    parent: str | None,
    position: int,
    nested: list[Any],
    inbound: Iterable[Any],
    seen: dict[int, str],
) -> Layer:
    config = config_of(layer)
    return Layer(
        path=path,
        parent=parent,
        name=_name(layer),
        type=type(layer).__name__,
        position=position,
        activation=_activation(layer, config),
        dropout_rate=_dropout(layer, config),
        output_shape=_output_shape(layer),
        parameters=parameters(layer),
        # A nested model's configuration is that of its layers, which follow.
        config=None if nested else config,
        trainable=bool(layer.trainable),
        trainable_parameters=trainable(layer),
        inbound=tuple(dict.fromkeys(seen[id(one)] for one in inbound if id(one) in seen)),
    )
