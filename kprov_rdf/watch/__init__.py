"""Following one run while it trains: what is new (``follow``), as lines, and on a screen."""

from kprov_rdf.watch.updates import PLANNED, Epoch, Event, Update, find, follow, wait_for

__all__ = ["PLANNED", "Epoch", "Event", "Update", "find", "follow", "wait_for"]
