"""Which process writes a journal, and whether it still runs.

A process id alone is not enough: ids are used again, differ between containers,
and mean nothing on another host. So the start time, the id of the boot and the
process namespace go with it where the system tells them (Linux).
"""

import os
import sys
import time
from pathlib import Path

# A writer touches its journal this often; a reader that cannot look at the
# process calls it gone after it missed several.
HEARTBEAT_SECONDS = 10.0
SILENCE_SECONDS = 60.0


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text("ascii", "replace").strip()
    except OSError:
        return None


def _scope() -> str:
    """Within this, a process id names one process: host, boot, and process namespace."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    import hashlib
    import socket

    # Hashed: the name of the host is nobody's business, and it is only compared.
    boot = _read("/proc/sys/kernel/random/boot_id") or ""
    return hashlib.sha256(f"{socket.gethostname()} {boot} {namespace}".encode()).hexdigest()[:32]


def _start(pid: int) -> str | None:
    """Start of a process in clock ticks since the boot (proc(5), stat, field 22).

    None where there is no such process, or only what is left of it until its parent
    looks (a zombie), or where the system does not tell.
    """
    stat = _read(f"/proc/{pid}/stat")
    fields = stat.rpartition(")")[2].split() if stat else ["Z"]
    return None if fields[0] in "ZX" else fields[19]


def describe() -> dict[str, str | int | None]:
    """This process, in a form that :func:`is_alive` understands."""
    return {"pid": os.getpid(), "start": _start(os.getpid()), "scope": _scope()}


def is_alive(process: dict[str, str | int | None], last_sign: float) -> bool:
    """Whether the described process still runs.

    ``last_sign`` is when it last touched its journal, in seconds since 1970;
    it decides where the process is on another host or the system does not tell.
    """
    if process.get("scope") == _scope() and isinstance(process.get("pid"), int):
        pid = int(str(process["pid"]))
        if process.get("start") is not None:
            return _start(pid) == process["start"]
        try:
            os.kill(pid, 0)  # signal 0 only asks (POSIX kill)
        except ProcessLookupError:
            return False
        except OverflowError:
            return False  # no process id at all
        except OSError:
            pass  # it is there, and another user's
        return True
    return time.time() - last_sign < SILENCE_SECONDS


def steady() -> float:
    """Seconds on a clock that is never set; where there is one that counts sleep, that one."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()
