"""What nvidia-smi tells of the GPUs: one child that goes on telling, since a call costs much."""

import contextlib
import os
import subprocess

_QUERY = "index,utilization.gpu,memory.used"
_MEBIBYTE = 1 << 20
_MOST = 1 << 16  # of what it tells between two looks, more is not kept
_END_SECONDS = 0.5


class Gpus:
    """The GPUs of NVIDIA; none where there is no nvidia-smi.

    The child tells every ``seconds``. It ends with :meth:`close`; when this process is
    killed, it ends the next time that it tells something to nobody.
    """

    def __init__(self, seconds: float) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._pipe = -1
        self._text = b""
        self._found = False
        self._last: dict[str, float] = {}
        self._problem: str | None = None
        command = [
            "nvidia-smi",
            f"--query-gpu={_QUERY}",
            "--format=csv,noheader,nounits",
            f"--loop-ms={max(1, round(seconds * 1000))}",
        ]
        try:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the training
            )
            if self._child.stdout is not None:
                self._pipe = self._child.stdout.fileno()
                os.set_blocking(self._pipe, False)
        except OSError as error:
            self._problem = f"nvidia-smi: {error.strerror}"

    def look(self) -> dict[str, float]:
        """The last values that were told, by name; never waits."""
        if self._child is None:
            return {}
        with contextlib.suppress(BlockingIOError):
            while part := os.read(self._pipe, _MOST):
                self._text = (self._text + part)[-_MOST:]
        lines, _, self._text = self._text.rpartition(b"\n")
        found: dict[str, float] = {}
        for line in lines.decode("utf-8", "replace").splitlines():
            found |= _values(line)
        self._found = self._found or bool(found)
        # It tells as often as it is looked at, but not in step: the last values hold for one
        # look more, and no longer, since they might be those of a child that is gone.
        told, self._last = found or self._last, found
        return told

    def missing(self) -> str | None:
        """Why there are no values, where there never were any."""
        if self._found:
            return None
        return f"GPUs were not measured ({self._problem or 'nvidia-smi told nothing of one'})"

    def close(self) -> None:
        """End the child; waits a second at most."""
        if self._child is None:
            return
        for end in (self._child.terminate, self._child.kill):
            end()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(_END_SECONDS)
                break
        if self._child.stdout is not None:
            self._child.stdout.close()


def _values(line: str) -> dict[str, float]:
    """The values of one GPU; nothing where the line is not as it was asked for, such as [N/A]."""
    index, *told = (cell.strip() for cell in line.split(","))
    if not index.isdecimal() or len(told) != 2:
        return {}
    found: dict[str, float] = {}
    names = ((f"gpu_{int(index)}_percent", 1), (f"gpu_{int(index)}_memory_bytes", _MEBIBYTE))
    for (name, unit), cell in zip(names, told, strict=True):
        with contextlib.suppress(ValueError):
            found[name] = float(cell) * unit
    return found
