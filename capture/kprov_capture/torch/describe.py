"""What PyTorch tells of a model, its optimizer and its data, as plain values."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch.nn.parameter import is_lazy
from torch.utils.data import DataLoader, RandomSampler, Subset, TensorDataset

from kprov_capture.facts import Dataset, Layer
from kprov_capture.nquads import Value
from kprov_capture.values import plain, samples

# What the vocabulary, as Keras, calls otherwise.
_NAMES = {"lr": "learning_rate", "eps": "epsilon"}
# A subset is copied to be hashed; larger ones are not.
_COPIED_BYTES = 1 << 30


def _scalar(value: Any) -> Value | None:
    """A rate in a tensor as the shortest decimal that it stands for."""
    if isinstance(value, torch.Tensor) and value.numel() == 1 and value.is_floating_point():
        # NumPy writes a float32 with the fewest digits.
        return float(str(value.detach().cpu().numpy().reshape(())[()]))
    return plain(value)


def optimizer_values(optimizer: Any) -> dict[str, Value]:
    """The settings of an optimizer by name; those of its second group end in ``_group_1``."""
    found: dict[str, Value | None] = {}
    for number, group in enumerate(optimizer.param_groups):
        end = f"_group_{number}" if number else ""
        for name, value in group.items():
            if name == "betas":
                parts = enumerate(value, 1)
                found |= {f"beta_{count}{end}": _scalar(part) for count, part in parts}
            elif name not in ("params", "param_names"):
                found[_NAMES.get(name, name) + end] = _scalar(value)
    return {name: value for name, value in found.items() if value is not None}


def _simple(value: Any) -> Any:
    """A setting of a module or a scheduler as JSON has it; None for what is none."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)) and len(value) <= 100:
        return [_simple(part) for part in value]
    return getattr(value, "__name__", None)


def _config(thing: Any) -> dict[str, Any]:
    """The public attributes of a module or a scheduler that are plain values."""
    found = {name: _simple(value) for name, value in vars(thing).items() if name[0] != "_"}
    return {name: value for name, value in found.items() if value is not None}


def _schedule(scheduler: Any) -> dict[str, Any]:
    parts = [_schedule(part) for part in getattr(scheduler, "_schedulers", ())]
    found = {"class_name": type(scheduler).__name__, "config": _config(scheduler)}
    return {**found, "schedulers": parts} if parts else found


def settings(
    model: Any, optimizer: Any, loss: Any, train: Any, schedulers: list[Any]
) -> dict[str, Value]:
    """Hyperparameters by Keras's names, where it has them."""
    values = optimizer_values(optimizer)
    found: dict[str, Value | None] = {"optimizer_name": type(optimizer).__name__}
    for name, value in values.items():
        first, _, group = name.rpartition("_group_")
        if not group.isdigit() or values.get(first) != value:
            found[name] = value
    if schedulers:
        told = [_schedule(one) for one in schedulers]
        found["learning_rate_schedule"] = json.dumps(told[0] if len(told) == 1 else told)
    if isinstance(loss, torch.nn.Module):
        found["loss"], found["loss_config"] = type(loss).__name__, json.dumps(_config(loss))
    elif loss is not None:
        found["loss"] = loss if isinstance(loss, str) else getattr(loss, "__name__", repr(loss))
    if isinstance(train, DataLoader):
        found["batch_size"] = train.batch_size
        found["shuffle"] = isinstance(train.sampler, RandomSampler)
    found["num_layers"] = len(list(model.children())) or 1
    found["seed"] = torch.initial_seed()
    first_weight = next(model.parameters(), None)
    found["device"] = None if first_weight is None else str(first_weight.device)
    return {name: value for name, value in found.items() if value is not None}


# -- architecture


def count(model: Any) -> tuple[int, int] | None:
    """How many weights a module has, and how many of them can change; None before it is built."""
    weights = list(model.parameters())
    if any(map(is_lazy, weights)):
        return None
    sizes = [(weight.numel(), weight.requires_grad) for weight in weights]
    return sum(size for size, _ in sizes), sum(size for size, can in sizes if can)


def _walk(model: Any, path: str | None, seen: dict[int, str]) -> Iterator[tuple[str, Any, int]]:
    for position, (name, module) in enumerate(model.named_children()):
        if id(module) not in seen:
            own = seen[id(module)] = name if path is None else f"{path}.{name}"
            yield own, module, position
            yield from _walk(module, own, seen)


def layers(model: Any) -> list[Layer]:
    """Every module within the model, in its order; a shared one stands once.

    A model without modules within it is its own single layer.
    """
    seen: dict[int, str] = {}
    walked = list(_walk(model, None, seen)) or [(type(model).__name__, model, 0)]
    parents: dict[str, list[str | None]] = {path: [] for path, _, _ in walked}
    for owner, holder in [(None, model), *((path, module) for path, module, _ in walked)]:
        for module in holder.children():
            parents[seen[id(module)]].append(owner)
    return [_layer(path, module, position, parents[path]) for path, module, position in walked]


def _layer(path: str, module: Any, position: int, parents: list[str | None]) -> Layer:
    total, trainable = count(module) or (None, None)
    rate = (
        getattr(module, "p", None)
        if isinstance(module, torch.nn.modules.dropout._DropoutNd)
        else None
    )
    parent, *others = parents or [None]
    return Layer(
        path=path,
        parent=parent,
        name=path.rpartition(".")[2],
        type=type(module).__name__,
        position=position,
        dropout_rate=rate,
        parameters=total,
        config={name: value for name, value in _config(module).items() if name != "training"},
        also_in=tuple(one for one in others if one is not None),
        trainable=None if not total else bool(trainable),
        trainable_parameters=trainable,
    )


# -- data


def _array(data: Any) -> Any:
    """A tensor as a NumPy array on the same memory, where it lies in the computer's own."""
    return data.numpy(force=True) if isinstance(data, torch.Tensor) else np.asarray(data)


def _parts(data: Any) -> dict[str, Any]:
    """The tensors or arrays that data are made of, by name; a ``TypeError`` says why not."""
    if isinstance(data, Subset):
        whole = _parts(data.dataset)
        indices = np.asarray(data.indices, np.intp)
        if sum(part[:1].nbytes for part in whole.values()) * len(indices) > _COPIED_BYTES:
            raise TypeError("a subset this large is not copied to be hashed")
        return {name: part[indices] for name, part in whole.items()}
    if isinstance(data, TensorDataset):
        data = data.tensors
    if isinstance(data, Mapping):
        return {f"x_{name}": _array(part) for name, part in data.items()}
    if isinstance(data, (tuple, list)) and all(hasattr(part, "shape") for part in data):
        names = ("x", "y", *(f"tensor_{number}" for number in range(2, len(data))))
        return {name: _array(part) for name, part in zip(names, data, strict=False)}
    if hasattr(data, "shape"):
        return {"x": _array(data)}
    raise TypeError(f"a {type(data).__qualname__} gives its samples only one by one")


def _count(length: Callable[[Any], int], data: Any) -> int | None:
    try:
        return length(data)
    except (TypeError, NotImplementedError):
        return None  # a stream


def dataset(role: str, local: str, data: Any) -> tuple[Dataset, dict[str, Any]]:
    """The data in one role, and its arrays where it is made of tensors or arrays."""
    source = f"{type(data).__module__}.{type(data).__qualname__}"
    batches = None
    if isinstance(data, DataLoader):
        batches, data = _count(len, data), data.dataset
    try:
        arrays = _parts(data)
    except (TypeError, ValueError, RuntimeError) as error:
        number = _count(len, data)
        return Dataset(local, role, source, number, batches, unhashed=str(error)), {}
    return Dataset(local, role, source, samples(arrays), batches), arrays
