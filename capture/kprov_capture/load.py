"""What the system tells of its load: processor and memory. GPUs are in :mod:`kprov_capture.gpu`.

Where /proc is (Linux) of the process and of the machine; elsewhere what the standard
library tells of the process.
"""

import sys
import time

PROCESS_CPU = "process_cpu_percent"  # of one core: 200 is two cores
MACHINE_CPU = "machine_cpu_percent"  # of all cores
PROCESS_MEMORY = "process_memory_bytes"  # resident
PROCESS_PEAK = "process_peak_memory_bytes"  # where the present value is not told
MACHINE_MEMORY = "machine_memory_bytes"  # in use: all but what is available
# Less time than this between two looks tells nothing of a clock that ticks 100 times a second.
_LEAST_SECONDS = 0.05


class Load:
    """The load since the last look; the first one is when it is made."""

    def __init__(self) -> None:
        self._at = time.monotonic()
        self._process = time.process_time()
        self._machine = _machine_times()

    def look(self) -> dict[str, float]:
        """Values by name; what cannot be found out is left out."""
        found = _memory()
        now, process, machine = time.monotonic(), time.process_time(), _machine_times()
        if now - self._at < _LEAST_SECONDS:
            return found
        found[PROCESS_CPU] = 100 * (process - self._process) / (now - self._at)
        if machine and self._machine and machine[0] > self._machine[0]:
            total, idle = (new - old for new, old in zip(machine, self._machine, strict=True))
            found[MACHINE_CPU] = 100 * (1 - idle / total)
        self._at, self._process, self._machine = now, process, machine
        return found


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def _machine_times() -> tuple[int, int] | None:
    """All time of all cores since the boot, and that without work, in ticks (proc_stat(5))."""
    text = _read("/proc/stat")
    if text is None:
        return None
    # The eight kinds from user to steal; the time of guests is in that of users.
    ticks = [int(one) for one in text.partition("\n")[0].split()[1:9]]
    return sum(ticks), sum(ticks[3:5])


def _memory() -> dict[str, float]:
    found: dict[str, float] = {}
    # proc_pid_statm(5), proc_meminfo(5)
    statm, meminfo = _read("/proc/self/statm"), _read("/proc/meminfo")
    if statm is not None:
        import resource

        found[PROCESS_MEMORY] = int(statm.split()[1]) * resource.getpagesize()
    elif (peak := _peak()) is not None:
        found[PROCESS_PEAK] = peak
    if meminfo is not None:
        lines = dict(line.split(":", 1) for line in meminfo.splitlines() if ":" in line)
        total, available = (lines.get(name) for name in ("MemTotal", "MemAvailable"))
        if total and available:
            found[MACHINE_MEMORY] = 1024 * (int(total.split()[0]) - int(available.split()[0]))
    return found


def _peak() -> int | None:
    try:
        import resource
    except ImportError:
        return None  # not POSIX
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # getrusage(2): the unit differs
