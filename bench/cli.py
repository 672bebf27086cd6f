"""What a command costs from start to end, beside an interpreter that does nothing."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import Row, report

from kprov_capture.run import Run

TIMES = 15


def seconds(*command: str) -> float:
    """Median wall time of a command."""
    found = []
    for _ in range(TIMES):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        found.append(time.perf_counter() - started)
    return statistics.median(found)


def main() -> None:
    kprov = str(Path(sys.executable).with_name("kprov"))
    with tempfile.TemporaryDirectory() as name:
        with Run("bench", home=name) as run:
            run.start_training({"optimizer_name": "Adam", "learning_rate": 0.001})
            for number in range(100):
                run.epoch(number, run.now(), run.now(), 0.1, 0.001, 0, {"loss": 1 / (number + 1)})
            run.end_training("FINISHED")
        bare = seconds(sys.executable, "-c", "pass")
        rows = [
            Row("kprov --help", seconds(kprov, "--help"), "s", 0.2,
                peer="python -c pass", peer_value=bare),
            Row("kprov query q1", seconds(kprov, "--home", name, "query", "q1"), "s", 0.4),
            Row("kprov runs", seconds(kprov, "--home", name, "runs"), "s"),
            Row("import kprov_capture.run",
                seconds(sys.executable, "-c", "import kprov_capture.run"), "s",
                peer="python -c pass", peer_value=bare),
        ]  # fmt: skip
    report("cli", rows)


if __name__ == "__main__":
    main()
