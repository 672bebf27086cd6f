"""kprov_capture.workers: which process of several records."""

import json
import sys
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_capture.home import Home
from kprov_capture.run import Run
from kprov_capture.terms import Dnnprov
from kprov_capture.workers import ALONE, Worker, find
from kprov_rdf import ingest
from kprov_rdf.validate import shacl


def tf(kind: str, index: int, **cluster: int) -> dict[str, str]:
    hosts = {name: [f"{name}{n}:1" for n in range(count)] for name, count in cluster.items()}
    told = {"cluster": hosts, "task": {"type": kind, "index": index}}
    return {"TF_CONFIG": json.dumps(told)}


SLURM = {"SLURM_PROCID": "1", "SLURM_NTASKS": "2", "SLURM_STEP_NUM_TASKS": "2"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ALONE),
        (tf("worker", 0, worker=2), Worker(0, 2, True)),
        (tf("worker", 1, worker=2), Worker(1, 2, False)),
        (tf("chief", 0, chief=1, worker=2), Worker(0, 3, True)),
        (tf("worker", 0, chief=1, worker=2), Worker(1, 3, False)),
        (tf("ps", 0, chief=1, worker=2, ps=1), Worker(None, 3, False)),
        (tf("evaluator", 0, worker=2, evaluator=1), Worker(None, 2, False)),
        (tf("worker", 2, worker=2), ALONE),
        ({"RANK": "0", "WORLD_SIZE": "4"}, Worker(0, 4, True)),
        ({"RANK": "3", "WORLD_SIZE": "4"}, Worker(3, 4, False)),
        ({"RANK": "4", "WORLD_SIZE": "4"}, ALONE),
        ({"RANK": "1"}, ALONE),
        ({"RANK": "one", "WORLD_SIZE": "4"}, ALONE),
        ({"RANK": "-1", "WORLD_SIZE": "4"}, ALONE),
        ({"HOROVOD_RANK": "1", "HOROVOD_SIZE": "2"}, Worker(1, 2, False)),
        ({"JAX_PROCESS_ID": "1", "JAX_NUM_PROCESSES": "2"}, Worker(1, 2, False)),
        (
            {"KERAS_DISTRIBUTION_PROCESS_ID": "0", "KERAS_DISTRIBUTION_NUM_PROCESSES": "2"},
            Worker(0, 2, True),
        ),
        # Tasks that nothing makes one training each record.
        (SLURM, ALONE),
        ({**SLURM, "MASTER_ADDR": "node1"}, Worker(1, 2, False)),
        # A batch script of a job of two tasks is itself one process.
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "2", "MASTER_ADDR": "node1"}, ALONE),
        # MPI counts only where Horovod is there.
        ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"}, ALONE),
        ({"TF_CONFIG": "{torn", "RANK": "1", "WORLD_SIZE": "2"}, Worker(1, 2, False)),
    ],
)
def test_who_records(environment: dict[str, str], expected: Worker) -> None:
    assert find(environment) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["cluster", "task", "type", "index", "worker", "chief", "x"]), inner
        )
    ),
    max_leaves=12,
)


@given(told=JSON.map(json.dumps) | st.text() | st.sampled_from(["[" * 100_000, "1" * 5000]))
def test_no_tf_config_raises(told: str) -> None:
    found = find({"TF_CONFIG": told})
    assert found.rank is None or 0 <= found.rank < found.count


def test_a_framework_that_is_set_up_is_asked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    class Distributed(types.ModuleType):
        ready = True

        def is_initialized(self) -> bool:
            return self.ready

        def get_rank(self) -> int:
            return 2

        def get_world_size(self) -> int:
            return 8

    distributed = Distributed("torch.distributed")
    monkeypatch.setitem(sys.modules, "torch.distributed", distributed)
    launched = {"RANK": "0", "WORLD_SIZE": "2"}
    assert find(launched) == Worker(2, 8, False)
    distributed.ready = False
    assert find(launched) == Worker(0, 2, True)


def test_jax_is_asked_only_where_it_knows_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked otherwise, it would take hold of the accelerators."""
    jax = types.ModuleType("jax")
    monkeypatch.setitem(sys.modules, "jax", jax)
    assert find({}) == ALONE  # a version that cannot be asked
    known = {"initialized": False}
    jax.distributed = types.SimpleNamespace(is_initialized=lambda: known["initialized"])  # type: ignore[attr-defined]
    jax.process_index = lambda: 1  # type: ignore[attr-defined]
    jax.process_count = lambda: 2  # type: ignore[attr-defined]
    assert find({}) == ALONE
    known["initialized"] = True
    assert find({}) == Worker(1, 2, False)


def test_the_training_says_which_of_how_many_recorded_it(home: Home) -> None:
    for worker in (Worker(0, 4), ALONE):
        run = Run("several", home=home.path)
        run.start_training({"epochs": 1})
        run.workers(worker)
        run.end_training("FINISHED")
        run.close()
    with ingest.open_snapshot(home) as snapshot:
        (row,) = snapshot.query(
            "SELECT * { ?t a dnnprov:Training ; dnnprov:workerCount ?n ; dnnprov:workerRank ?r }"
        )
        assert (row["n"].value, row["r"].value) == ("4", "0")
        graph = row["t"].value.partition("#")[0]
        assert shacl.validate(graph, snapshot.graph(graph)) == []
    assert Dnnprov.workerCount.endswith("workerCount")
