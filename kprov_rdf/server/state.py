"""What the routes of one server share."""

from dataclasses import dataclass, field
from threading import BoundedSemaphore

from kprov_rdf.server.keeper import Keeper
from kprov_rdf.server.pool import Pool

# Below the number of threads, so that pages that follow a run leave some for the rest.
MAX_STREAMS = 16
THREADS = 32


@dataclass(frozen=True)
class State:
    """``token`` is what a request must show to take or change something.

    ``takes``: it was given by the user, and trainers that show it may send their runs.
    """

    keeper: Keeper
    pool: Pool
    token: str
    takes: bool = False
    streams: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(MAX_STREAMS))
