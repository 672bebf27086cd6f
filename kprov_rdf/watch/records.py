"""What a run has recorded since it was asked last, from its journal alone.

A journal that is followed costs the training nothing: the store is neither opened nor
copied, so that it may be in use by anybody, and the disk may be read-only.
"""

import gzip
import zlib
from pathlib import Path

from kprov_capture.home import Home
from kprov_capture.journal import SUFFIX
from kprov_capture.process import is_alive
from kprov_rdf import journal
from kprov_rdf.errors import JournalDamagedError, NotFoundError, StorageError
from kprov_rdf.journal import Position, Reading
from kprov_rdf.store import LocalStore


def finished(home: Home, run_id: str) -> Path:
    """Where the journal of a run is, once it has ended and was put away."""
    return home.done / f"{run_id}{SUFFIX}.gz"


class Records:
    """The journal of one run, read on and on into a store in memory.

    ``store`` has all that was read, ``ended`` says that there will be no more.
    """

    def __init__(self, home: Home, run_id: str) -> None:
        self.store = LocalStore()
        self.ended = False
        self._live = home.journal / f"{run_id}{SUFFIX}"
        self._done = finished(home, run_id)
        self._position = Position()
        self._process: dict[str, str | int | None] = {}

    def there(self) -> bool:
        """Whether the run has a journal: one that another tool logged has none of its own."""
        return self._live.is_file() or self._done.is_file()

    def iri(self) -> str | None:
        """The IRI of the run; None where the first line of the journal is not there yet."""
        if self._live.is_file():
            found = journal.describe(self._live).get("run")
        else:
            data = self._archived(Position()).text
            found = journal.told(data[: data.find(b"\n") + 1], self._done).get("run")
        return None if found is None else str(found)

    def news(self) -> tuple[bytes, LocalStore | None]:
        """The text that is new and a store of nothing but that; empty and None where none is.

        Raises ``JournalDamagedError``, ``StorageError``; ``NotFoundError`` where the journal
        was taken away.
        """
        first = self._position == Position()
        reading = self._read()
        self._position = reading.position
        self.ended = reading.ended
        if not reading.text:
            return b"", None
        self.store.load(reading.text)
        if first:
            return reading.text, self.store
        # What is new can be asked for without looking at the thousands of epochs before it.
        new = LocalStore()
        new.load(reading.text)
        return reading.text, new

    def alive(self) -> bool:
        """Whether the process that writes the journal still runs."""
        try:
            self._process = self._process or journal.describe(self._live).get("process", {})
            return is_alive(self._process, self._live.stat().st_mtime)
        except (OSError, StorageError):
            return False  # it has ended, and was put away

    def _read(self) -> Reading:
        if not self._live.is_file():
            return self._archived(self._position)
        try:
            return journal.read(self._live, self._position)
        except StorageError:
            if self._live.is_file():
                raise
            return self._archived(self._position)  # put away just now

    def _archived(self, start: Position) -> Reading:
        try:
            data = gzip.decompress(self._done.read_bytes())
            return journal.whole(data[start.offset :], start)
        except FileNotFoundError as error:
            raise NotFoundError(
                f"The journal {self._live} is not there any more: the run was taken away. "
                "'kprov runs' lists those that there are."
            ) from error
        except OSError as error:
            if not isinstance(error, gzip.BadGzipFile):
                raise StorageError(f"{self._done} cannot be read: {error.strerror}.") from error
            raise JournalDamagedError(_damaged(self._done, error)) from error
        except (EOFError, zlib.error, ValueError) as error:
            raise JournalDamagedError(_damaged(self._done, error)) from error


def _damaged(path: Path, error: Exception) -> str:
    return f"The finished journal {path} is damaged: {error}. Put back an intact copy."
