"""Samples of the system's load; nvidia-smi is a script that tells what the real one tells."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from kprov_capture import load, system
from kprov_capture.home import Home
from kprov_capture.terms import Dnnprov, Prov
from kprov_rdf.validate import shacl
from tests import recording
from tests.capture.test_batches import file_of, said, triples, until
from tests.conftest import child_environment

LINUX = sys.platform == "linux"


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Have a script be the nvidia-smi; gives the file to which it writes its process id."""

    def make(script: str) -> Path:
        folder, noted = tmp_path / "bin", tmp_path / "pid"
        folder.mkdir()
        (folder / "nvidia-smi").write_text(f"#!/bin/sh\necho $$ > {noted}\n{script}")
        (folder / "nvidia-smi").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        return noted

    return make


def has_ended(noted: Path) -> bool:
    try:
        os.kill(int(noted.read_text()), 0)
    except ProcessLookupError:
        return True
    return False


TELLS = """
[ "$1" = "--query-gpu=index,utilization.gpu,memory.used" ] || exit 1
while :; do echo "0, 37, 2048"; echo "1, [N/A], 100"; sleep 0.05; done
"""


def test_the_load_is_sampled_until_the_training_ends(home: Home, nvidia_smi) -> None:
    noted = nvidia_smi(TELLS)
    run = recording.begin(home.path)
    before = run.now()
    run.follow_system(0.1)
    path = file_of(home, run, "system")
    until(lambda: path.exists() and "gpu_0_percent" in np.load(path).dtype.names)
    run.end_training("FINISHED")
    run.close()
    found = np.load(path)
    assert ((found["time"] >= before) & (found["time"] <= run.now())).all()
    assert (np.diff(found["time"]) > 0).all()
    assert np.nanmin(found["gpu_0_percent"]) == np.nanmax(found["gpu_0_percent"]) == 37
    assert np.nanmax(found["gpu_0_memory_bytes"]) == 2048 * 1024**2
    assert "gpu_1_percent" not in found.dtype.names, "it is not told"
    assert np.nanmax(found["gpu_1_memory_bytes"]) == 100 * 1024**2
    assert np.nanmin(found[load.PROCESS_CPU]) >= 0
    if LINUX:
        assert (found[load.PROCESS_MEMORY] > 1e6).all()
        assert (found[load.MACHINE_MEMORY] > 1e6).all()
        machine = found[load.MACHINE_CPU]
        assert ((machine >= 0) & (machine <= 100) | np.isnan(machine)).all()
    assert has_ended(noted)
    series = said(home, run, "system")
    assert series[Dnnprov.samplingInterval] == {"0.1"}
    assert len(series[Dnnprov.ofMetric]) == len(found.dtype.names) - 1
    assert Prov.specializationOf in series
    assert Dnnprov.incompleteReason not in series
    assert shacl.validate(run.names.run, triples(home, run)) == []


def test_a_short_training_has_one_sample_and_says_that_no_gpu_was_measured(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nothing")
    run = recording.begin(home.path)
    run.follow_system(3600)
    time.sleep(2 * load._LEAST_SECONDS)
    run.end_training("FINISHED")
    run.close()
    assert len(np.load(file_of(home, run, "system"))) == 1
    (why,) = said(home, run, "system")[Dnnprov.incompleteReason]
    assert why == "GPUs were not measured (nvidia-smi: No such file or directory)"


@pytest.mark.parametrize(
    "script",
    [
        "echo NVIDIA-SMI has failed because it could not communicate with the driver; exit 9",
        "printf '0, 37, 2048'; head -c 300000 /dev/zero; printf '\\n,,,\\nx, 1, 2\\n0, 1\\n'",
        "trap '' TERM; while :; do sleep 1; done",
    ],
    ids=["fails", "nonsense", "hangs"],
)
def test_an_nvidia_smi_that_is_of_no_use(script: str, home: Home, nvidia_smi) -> None:
    noted = nvidia_smi(script)
    run = recording.begin(home.path)
    run.follow_system(0.1)
    path = file_of(home, run, "system")
    until(lambda: noted.exists() and path.exists() and len(np.load(path)) > 2)
    run.end_training("FINISHED")
    run.close()
    assert has_ended(noted)
    (why,) = said(home, run, "system")[Dnnprov.incompleteReason]
    assert why == "GPUs were not measured (nvidia-smi told nothing of one)"


def test_no_nvidia_smi_outlives_a_process_that_is_killed(home: Home, nvidia_smi) -> None:
    noted = nvidia_smi(TELLS)
    script = (
        "import sys, time; from tests import recording; r = recording.begin(sys.argv[1]); "
        "r.follow_system(0.1); time.sleep(60)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(home.path)],
        stderr=subprocess.DEVNULL,
        env=child_environment(home.path),
    )
    until(lambda: noted.exists() and noted.read_text() != "")
    child.send_signal(signal.SIGKILL)
    child.wait()
    until(lambda: has_ended(noted))


def test_where_there_is_no_proc_the_record_says_what_is_missing(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "_read", lambda path: None)
    run = recording.begin(home.path)
    run.follow_system(3600)
    time.sleep(2 * load._LEAST_SECONDS)
    run.end_training("FINISHED")
    run.close()
    found = np.load(file_of(home, run, "system"))
    assert found.dtype.names == ("time", load.PROCESS_PEAK, load.PROCESS_CPU)
    assert found[load.PROCESS_PEAK][0] > 1e6
    (why,) = said(home, run, "system")[Dnnprov.incompleteReason]
    assert f"{load.MACHINE_CPU}, {load.PROCESS_MEMORY}, {load.MACHINE_MEMORY}" in why


def test_work_of_the_process_is_its_processor_time() -> None:
    looked = load.Load()
    ended = time.process_time() + 0.2
    while time.process_time() < ended:
        pass
    started = looked._at
    share = looked.look()[load.PROCESS_CPU] / 100 * (looked._at - started)
    assert 0.2 <= share < 0.4


@pytest.mark.parametrize("wrong", [0, -1, 0.01, float("nan"), float("inf"), "5", None])
def test_an_interval_that_is_none_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="such as 5"):
        system.check_interval(wrong)  # type: ignore[arg-type]


def test_there_is_no_thread_and_no_process_before_it_is_asked_for(home: Home, nvidia_smi) -> None:
    noted = nvidia_smi(TELLS)
    run = recording.record(home.path)
    assert not noted.exists()
    assert said(home, run, "system") == {}
