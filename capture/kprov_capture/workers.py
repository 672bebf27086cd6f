"""Which process of a training with several workers this is, and whether it is the one that records.

Asked in order: frameworks that are imported and set up, then what a launcher left in the
environment. What contradicts itself is passed over.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MOST = 1_000_000
# Rank and number of processes, as launchers tell them: torchrun, horovodrun, Keras, JAX.
_PAIRS = (
    ("RANK", "WORLD_SIZE"),
    ("HOROVOD_RANK", "HOROVOD_SIZE"),
    ("KERAS_DISTRIBUTION_PROCESS_ID", "KERAS_DISTRIBUTION_NUM_PROCESSES"),
    ("JAX_PROCESS_ID", "JAX_NUM_PROCESSES"),
    ("JAX_PROCESS_ID", "JAX_PROCESS_COUNT"),
)


@dataclass(frozen=True)
class Worker:
    """Process ``rank``, from 0, of the ``count`` that train together.

    ``records`` is true of one of them. The rank is None where it is none of those that
    train: a parameter server, an evaluator.
    """

    rank: int | None = 0
    count: int = 1
    records: bool = True


ALONE = Worker()


def find(environment: Mapping[str, str] | None = None) -> Worker:
    """The part of this process; ``ALONE`` where nothing says that there are others.

    Never raises, whatever the environment holds.
    """
    given = os.environ if environment is None else environment
    found = _torch() or _jax() or _tf_config(given.get("TF_CONFIG")) or _launched(given)
    return found or _slurm(given) or ALONE


def _ranked(rank: Any, count: Any) -> Worker | None:
    """The worker, where both are whole numbers that fit together."""
    try:
        rank, count = int(rank), int(count)
    except (TypeError, ValueError, OverflowError):
        return None
    return Worker(rank, count, rank == 0) if 0 <= rank < count <= _MOST else None


def _torch() -> Worker | None:
    """What torch.distributed says, where the training script has set it up."""
    distributed = sys.modules.get("torch.distributed")
    try:
        if distributed is not None and distributed.is_initialized():
            return _ranked(distributed.get_rank(), distributed.get_world_size())
    except Exception:  # of a framework that is half set up, anything
        return None
    return None


def _jax() -> Worker | None:
    """What JAX says, where it was told of other processes.

    Not otherwise: the question alone would make it take hold of the accelerators.
    """
    jax = sys.modules.get("jax")
    try:
        if jax is not None and jax.distributed.is_initialized():
            return _ranked(jax.process_index(), jax.process_count())
    except Exception:  # as above; older versions cannot be asked
        return None
    return None


def _tf_config(text: str | None) -> Worker | None:
    """TensorFlow's description of a cluster: the chief, or worker 0 where there is none."""
    try:
        told = json.loads(text or "null")
        cluster, task = told["cluster"], told["task"]
        kind, index = str(task["type"]), int(task["index"])
        chiefs = len(cluster.get("chief", ())) + len(cluster.get("master", ()))
        count = chiefs + len(cluster.get("worker", ()))
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError, RecursionError):
        return None
    if kind in ("chief", "master"):
        return _ranked(index, count)
    if kind == "worker":
        return _ranked(index + chiefs, count) if index >= 0 else None
    return Worker(None, count, False) if 0 < count <= _MOST and kind in cluster else None


def _launched(given: Mapping[str, str]) -> Worker | None:
    pairs: tuple[tuple[str, str], ...] = _PAIRS
    if "horovod" in sys.modules:  # started by mpirun
        pairs += (("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), ("PMI_RANK", "PMI_SIZE"))
    for rank, count in pairs:
        if found := _ranked(given.get(rank), given.get(count)):
            return found
    return None


def _slurm(given: Mapping[str, str]) -> Worker | None:
    """A task of a step of Slurm's, where the job and the step agree on how many there are.

    Tasks of a step may as well train each a model of its own. Only where an address to
    meet at was given is it one training; otherwise each records.
    """
    found = _ranked(given.get("SLURM_PROCID"), given.get("SLURM_NTASKS"))
    step = _ranked(given.get("SLURM_PROCID"), given.get("SLURM_STEP_NUM_TASKS"))
    meets = given.get("MASTER_ADDR") or given.get("JAX_COORDINATOR_ADDRESS")
    return found if found == step and meets else None
