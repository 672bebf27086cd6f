"""What the commands share: the state folder that was asked for, and how a run is named."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from kprov_capture.home import find, open_home

if TYPE_CHECKING:
    from kprov_rdf.store import Snapshot

RUN_HELP = "RUN is the last 8 digits of an id, a prefix of it, a tag (its latest run), or @latest."


class Context:
    """The state folder that was asked for."""

    def __init__(self, home: str | None) -> None:
        self.asked = home

    @contextmanager
    def reading(self) -> "Iterator[Snapshot]":
        """A snapshot of the store, with all that the journals hold."""
        from kprov_rdf.ingest import open_snapshot

        with open_snapshot(open_home(find(self.asked))) as store:
            yield store


pass_context = click.make_pass_decorator(Context)
