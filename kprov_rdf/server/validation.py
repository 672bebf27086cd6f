"""Validates the runs that have ended, beside all that the server does."""

import logging
import math
import threading
import time

from kprov_rdf.server.keeper import Keeper
from kprov_rdf.validate.finished import SERVER_SECONDS, Validator

# How soon after its end a run is validated, and how long the folder's time is not trusted:
# a file that was added within one tick of it leaves the same time.
_SECONDS = 0.5
_RECENT = 2.0

_log = logging.getLogger(__name__)


class Validation:
    """A thread that looks at the finished journals of a keeper's folder when there are new ones.

    What it finds is validated in a child with low priority; the keeper loads what came of it.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._validator = Validator(
            keeper.home, _log.warning, portion=math.inf, longest=SERVER_SECONDS, gently=True
        )
        self._thread = threading.Thread(target=self._follow, name="validation")

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End; the keeper was told to stop before. What is being validated is given up."""
        self._validator.cancel()
        self._thread.join()

    def _follow(self) -> None:
        seen = None
        while not self._keeper.stopping:
            changed = self._changed()
            if changed != seen:
                self._validator.catch_up()
                # Looked at once more where another process may have held it just now.
                seen = changed if time.time() - changed > _RECENT else None
            self._keeper.pause(_SECONDS)

    def _changed(self) -> float:
        try:
            return self._keeper.home.done.stat().st_mtime
        except OSError:
            return 0.0
