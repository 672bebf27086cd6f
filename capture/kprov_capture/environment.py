"""What a run ran in: software, hardware, code, and who. Called off the training thread.

Modules that take milliseconds to import are imported where they are used, so that
importing the recorder costs a training script little.
"""

import os
import sys
from pathlib import Path

from kprov_capture import __version__, privacy
from kprov_capture.facts import Agent
from kprov_capture.nquads import Value
from kprov_capture.person import small_file
from kprov_capture.terms import Dnnprov

_GIT_SECONDS = 10


def library() -> Agent:
    return Agent("kprov-capture", __version__, f"kprov_capture {__version__}")


def _processor() -> str:
    import platform

    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None  # not POSIX


def machine() -> Agent:
    import platform
    import socket

    properties: dict[str, Value | None] = {
        Dnnprov.operatingSystem: f"{platform.system()} {platform.release()}",
        Dnnprov.processor: _processor(),
        Dnnprov.coreCount: os.cpu_count(),
        Dnnprov.memorySize: _memory(),
    }
    return Agent("machine", _machine_id(), socket.gethostname(), properties)


def _machine_id() -> str:
    """An id of this computer, hashed: machine-id(5) asks not to hand it on as it is.

    Not one from the user's settings, which a cluster shares among its machines.
    """
    import hashlib
    import socket

    known = small_file(Path("/etc/machine-id")) or socket.gethostname()
    return hashlib.sha256(f"kprov {known}".encode()).hexdigest()[:16]


def installed() -> dict[str, str]:
    """Name and version of each installed distribution, from the names of their folders.

    Reading each one's metadata would take 100 times as long and hold the GIL.
    """
    found: dict[str, str] = {}
    for folder in sys.path:
        try:
            entries = os.listdir(folder or ".")
        except OSError:
            continue  # a zip file, or not there
        for entry in entries:
            if entry.endswith(".dist-info"):
                name, _, version = entry.removesuffix(".dist-info").partition("-")
                found.setdefault(name.replace("_", "-").lower(), version)
    return dict(sorted(found.items()))


def imported(distributions: dict[str, str]) -> dict[str, str]:
    """Name and version of each imported top-level package that tells its version."""
    found: dict[str, str] = {}
    for name, module in sorted(sys.modules.copy().items()):
        if "." in name or name.startswith("_") or name in sys.stdlib_module_names:
            continue
        # Not getattr(module, …): a lazy module would start importing.
        version = getattr(module, "__dict__", {}).get("__version__") or distributions.get(
            name.replace("_", "-").lower()
        )
        if isinstance(version, str):
            found[name] = version
    return found


def software(backend: str | None) -> tuple[dict[str, Value | None], dict[str, str]]:
    """Properties of the environment, and the imported packages."""
    import platform

    distributions = installed()
    properties: dict[str, Value | None] = {
        Dnnprov.pythonVersion: platform.python_version(),
        Dnnprov.operatingSystem: f"{platform.system()} {platform.release()}",
        Dnnprov.backend: backend,
        Dnnprov.requirements: "\n".join(f"{n}=={v}" for n, v in distributions.items()),
    }
    return properties, imported(distributions)


def accelerators(folder: str = "/proc/driver/nvidia/gpus") -> list[str]:
    """Models of the GPUs that NVIDIA's driver tells of (proc(5) style files, Linux)."""
    found = []
    for path in sorted(Path(folder).glob("*/information")):
        for line in (small_file(path) or "").splitlines():
            name, _, value = line.partition(":")
            if name == "Model" and value.strip():
                found.append(value.strip())
    return found


def _git(folder: str, *arguments: str) -> str | None:
    import subprocess

    command = ["git", "-C", folder, *arguments]
    # GIT_OPTIONAL_LOCKS: looking must not disturb a git command of the user's.
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_GIT_SECONDS,
            stdin=subprocess.DEVNULL, env=quiet, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None  # no git, or too slow a file system
    return done.stdout.strip() if done.returncode == 0 else None


def code() -> dict[str, Value | None]:
    """The script, the command line, and the git commit of the script's or working folder."""
    main = sys.modules.get("__main__")
    script = getattr(main, "__file__", None)
    try:
        path = os.path.abspath(script) if script else None
        folder = os.path.dirname(path) if path else os.getcwd()
    except OSError:  # the working folder is gone
        path, folder = script, os.path.sep
    commit = _git(folder, "rev-parse", "HEAD")
    changed = None if commit is None else _git(folder, "status", "--porcelain", "-uno")
    if changed == "" and path and _git(folder, "ls-files", "--error-unmatch", path) is None:
        changed = "the script is not in the commit"
    return {
        Dnnprov.path: path,
        Dnnprov.commandLine: privacy.command_line([str(one) for one in getattr(sys, "argv", ())]),
        Dnnprov.gitCommit: commit,
        Dnnprov.gitDirty: None if changed is None else changed != "",
    }
