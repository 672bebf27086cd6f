"""A series of values in a file of the state folder, and what its run says of it."""

from collections.abc import Mapping, Sequence

from kprov_capture import statements_series
from kprov_capture.home import Home
from kprov_capture.record import Record
from kprov_capture.table import Table


class SeriesFile:
    """The table ``series/{run}/{local}.npy``; used by one thread at a time.

    The run says at once where it is, and which metrics it has as soon as they are known:
    so that it can be read also when the process is killed. ``interval`` is in seconds.
    """

    def __init__(
        self,
        record: Record,
        local: str,
        keys: Sequence[tuple[str, str]],
        interval: float | None = None,
    ) -> None:
        self._record = record
        self._local = local
        self._told = 0
        self.table = Table(Home(record.home).series / record.id / f"{local}.npy", keys)
        record.tell(statements_series.began, local, str(self.table.path), interval)

    def add(self, keys: Sequence[Sequence[float]], values: Sequence[Mapping[str, float]]) -> None:
        """Write rows; see :meth:`kprov_capture.table.Table.add`."""
        try:
            self.table.add(keys, values)
        finally:
            names = [str(name) for name in self.table.columns]
            if len(names) > self._told:
                self._record.tell(statements_series.metrics, self._local, names[self._told :])
                self._told = len(names)

    def end(self, *missing: str | None) -> None:
        """No row comes any more: say what is in the file, and what is missing, and hash it."""
        reasons = "; ".join(why for why in (self.table.missing(), *missing) if why)
        self._record.tell(statements_series.ended, self._local, self.table.values, reasons or None)
        if self.table.rows:
            self._record.hash_finished_file(self._local, str(self.table.path))
