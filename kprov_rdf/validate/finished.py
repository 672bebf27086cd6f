"""Validates each run once, when it has ended, and writes what came of it as provenance.

What came of it is a finished journal, ``journal/validation-…``, that ingest loads and keeps like
any other: so no store is held meanwhile, and it survives a rebuild. Its statements stand in the
catalog, since the record of a run does not change after its end. The names of the journals say
what is left to do; nothing else is kept.
"""

import gzip
import json
import os
import re
import struct
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kprov_capture import __version__
from kprov_capture.home import Home
from kprov_capture.identity import Names, ncname, segment
from kprov_capture.journal import HEADER, SUFFIX
from kprov_capture.nquads import Graph, Iri, instant
from kprov_capture.terms import RDFS_LABEL, Dnnprov, Prov
from kprov_rdf import child, journal

# A command begins with no other run after so long: some 50 of 600 statements each.
PORTION_SECONDS = 1.0
# The longest that one run may take of a command; 170,000 statements (10,000 epochs) take 8 s.
COMMAND_SECONDS = 30.0
SERVER_SECONDS = 600.0
# Unpacked, and to be told of: it takes seconds.
_LARGE = 16 << 20
# Deflate makes nothing smaller than that.
_MAX_RATIO = 1032
_NICE = 10

_STEM = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|import-sha256-[0-9a-f]{64}"
_FINISHED = re.compile(rf"({_STEM}){re.escape(SUFFIX)}\.gz").fullmatch
_VALIDATED = re.compile(rf"validation-({_STEM})-.*{re.escape(SUFFIX)}(?:\.gz)?").fullmatch
_START = child.program("kprov_rdf.validate.judge")

Tell = Callable[[str], object]


def waiting(home: Home) -> list[str]:
    """The finished journals that were not validated, by any version: runs first, newest first."""
    # First those that may move to the other folder meanwhile.
    names = [path.name for folder in (home.journal, home.done) for path in folder.glob("*")]
    validated = {found[1] for found in map(_VALIDATED, names) if found}
    left = {found[1] for found in map(_FINISHED, names) if found} - validated
    return sorted(left, key=lambda stem: (not stem.startswith("import"), stem), reverse=True)


class Validator:
    """Validates what waits in the folder ``home``; ``tell`` is told what a person should know.

    After ``portion`` seconds (``PORTION_SECONDS``) it begins with no other journal; one that
    takes longer than ``longest`` is given up, which is written too. ``gently``: after everything
    else that the machine has to do.
    """

    def __init__(
        self,
        home: Home,
        tell: Tell,
        portion: float | None = None,
        longest: float = COMMAND_SECONDS,
        gently: bool = False,
    ) -> None:
        self._home = home
        self._tell = tell
        self._portion = PORTION_SECONDS if portion is None else portion
        self._longest = longest
        nice = f"import os; os.nice({_NICE}); " if gently and hasattr(os, "nice") else ""
        self._code = nice + _START
        self._child: child.Child | None = None
        self._cancelled = False

    def catch_up(self) -> bool:
        """Validate what waits; whether something was written.

        Where another process validates, nothing is done. Raises nothing: what goes wrong is told.
        """
        try:
            return bool(waiting(self._home)) and self._catch_up()
        except Exception as error:  # a command shall not fail by what nobody asked of it
            self._tell(f"What has ended was not validated: {error!r}")
            return False

    def cancel(self) -> None:
        """Give up what is being validated, from another thread; nothing is written of that."""
        self._cancelled = True
        judge = self._child  # which the other thread may put away just now
        if judge:
            judge.kill()

    def _catch_up(self) -> bool:
        until, written = time.monotonic() + self._portion, False
        with _alone(self._home) as alone:
            try:
                # Looked up again: who validated before may have written since.
                for stem in waiting(self._home) if alone else ():
                    written |= self._validate(stem)
                    if self._cancelled or time.monotonic() > until:
                        break
            finally:
                self._end()
        return written

    def _validate(self, stem: str) -> bool:
        path = self._home.done / f"{stem}{SUFFIX}.gz"
        size = _unpacked(path)
        if size > _LARGE:
            self._tell(f"Validating {_named(stem)}, once: {size >> 20} MiB …")
        started = time.time()
        found = self._ask(path)
        if self._cancelled:
            return False
        told = _not_done(path, started, found) if isinstance(found, str) else found
        errors = [one["error"] for one in told if one["error"]]
        if isinstance(found, str) or errors:
            self._tell(f"{_named(stem)} was not validated: {(errors or [found])[0]}")
        text = "".join(map(_statements, told))
        name = f"validation-{stem}-{segment(__version__)}{SUFFIX}"
        journal.write(self._home.journal / name, {"validation": stem}, text.encode())
        return True

    def _ask(self, path: Path) -> list[dict[str, Any]] | str:
        """What the child says of each run in this journal, or why it said nothing."""
        judge = self._child = self._child or child.Child(self._code)
        if self._cancelled:
            return ""
        try:
            found: list[dict[str, Any]] | str = judge.ask(str(path), self._longest)
        except child.EndedError as error:
            self._end()
            if error.late:
                return f"it took longer than {self._longest:g} s"
            return f"the process that validated ended with status {error.status}"
        return found

    def _end(self) -> None:
        judge, self._child = self._child, None
        if judge:
            judge.close()


@contextmanager
def _alone(home: Home) -> Iterator[bool]:
    """Whether no other process validates in this folder now (POSIX); nobody waits."""
    try:
        import fcntl
    except ImportError:
        yield True
        return
    handle, alone = os.open(home.done, os.O_RDONLY), True
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            alone = False
        except OSError:
            pass  # a file system without locks, such as some NFS: as where there is no fcntl
        yield alone
    finally:
        os.close(handle)


def _statements(told: Mapping[str, Any]) -> str:
    """What the catalog says of the validation of one run."""
    base, _, run_id = str(told["run"]).rpartition("run/")
    names = Names(run_id, base)
    agent = names.agent("kprov", __version__)
    validation = f"{names.catalog}#{ncname(f'validation-{run_id}-{__version__}')}"
    report = f"{names.catalog}#{ncname(f'report-{run_id}-{__version__}')}"
    error = told.get("error")
    catalog = Graph(names.catalog)
    # Of a run that was merged without its catalog nothing is said there yet.
    catalog.node(names.run, (Prov.Bundle, Prov.Entity))
    catalog.node(agent, (Prov.SoftwareAgent, Prov.Agent), (RDFS_LABEL, f"kprov {__version__}"))
    catalog.node(
        validation,
        (Dnnprov.RecordValidation, Prov.Activity),
        (Prov.startedAtTime, instant(told["started"])),
        (Prov.endedAtTime, instant(told["ended"])),
        (Prov.used, Iri(names.run)),
        (Prov.wasAssociatedWith, Iri(agent)),
        (Dnnprov.status, "FINISHED_WITH_ERROR" if error else "FINISHED"),
        (Dnnprov.error, error),
    )
    if error:
        return catalog.text()
    catalog.node(
        report,
        (Dnnprov.ValidationReport, Prov.Entity),
        (Prov.wasGeneratedBy, Iri(validation)),
        (Prov.generatedAtTime, instant(told["ended"])),
        (Dnnprov.conforms, told["violations"] == 0),
        (Dnnprov.violationCount, told["violations"]),
        (Dnnprov.warningCount, told["warnings"]),
        *((Dnnprov.ruleSet, name) for name in told["rules"]),
    )
    return catalog.text()


def _named(stem: str) -> str:
    return f"an {stem[:22]}…" if stem.startswith("import") else f"run {stem[-8:]}"


def _not_done(path: Path, started: float, why: str) -> list[dict[str, Any]]:
    """That a run could not be validated; nothing of an import, which may have brought several."""
    try:
        with gzip.open(path) as packed:
            line = packed.readline(100_000)
        run = json.loads(line.decode().removeprefix(HEADER)).get("run")
    except (OSError, EOFError, zlib.error, ValueError, AttributeError):
        run = None
    if not isinstance(run, str):
        return []
    return [{"run": run, "started": started, "ended": time.time(), "error": why}]


def _unpacked(path: Path) -> int:
    """The size of what gzip compressed, as its last four bytes say (RFC 1952 section 2.3.1).

    Of a damaged file, which the child tells of, 0.
    """
    try:
        with path.open("rb") as file:
            packed = file.seek(-4, os.SEEK_END)
            size = int(struct.unpack("<I", file.read(4))[0])
    except OSError:
        return 0
    return size if size < _MAX_RATIO * packed else 0
