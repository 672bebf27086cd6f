"""What the commands share: the state folder that was asked for, and how a run is named."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from kprov_capture.home import Home, find, open_home
from kprov_capture.identity import DEFAULT_BASE
from kprov_rdf.errors import KprovError

if TYPE_CHECKING:
    from kprov_rdf.store import Snapshot

_LONG_HASH = re.compile(r"([0-9a-f]{8})[0-9a-f]{56}")
RUN_HELP = "RUN is the last 8 digits of an id, a prefix of it, a tag (its latest run), or @latest."


class Context:
    """The state folder that was asked for."""

    def __init__(self, home: str | None) -> None:
        self.asked = home

    @contextmanager
    def reading(self) -> "Iterator[Snapshot]":
        """A snapshot of the store, with all that the journals hold.

        What has ended since is validated first, unless a server of the folder does that.
        """
        with _validated(open_home(find(self.asked))) as store:
            yield store


def _validated(home: Home) -> "Snapshot":
    from kprov_rdf import owner
    from kprov_rdf.ingest import open_snapshot
    from kprov_rdf.validate.finished import Validator

    store = open_snapshot(home)
    try:
        told = owner.server(home) is None and Validator(home, _tell).catch_up()
        after = open_snapshot(home) if told else store
    except KprovError:
        return store  # held by another process now: the next command has what was written
    except BaseException:
        store.close()
        raise
    if after is not store:
        store.close()
    return after


def brief(text: str) -> str:
    """IRIs of kprov's as people tell them apart: without the base, and with 8 digits of hashes."""
    return _LONG_HASH.sub(r"\1…", text.replace(DEFAULT_BASE, ""))


def tell(text: str, err: bool = False) -> None:
    """Print a line that has a name or a text of someone else's in it: a terminal obeys none of it.

    What stands for bytes of a file name that are no text is replaced. A line of ours that goes on
    in another one is indented there; any other line end is shown, and begins none.
    """
    from kprov_rdf.tables import printable

    shown = printable(text.encode("utf-8", "replace").decode())
    click.echo(re.sub(r"\n(?!  )", r"\\n", shown), err=err)


def _tell(text: str) -> None:
    tell(f"kprov: {text}", err=True)


pass_context = click.make_pass_decorator(Context)


def hang_up() -> None:
    """The reader of the pipe has enough, and nothing more can be said to it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complete_streams() -> None:
    """Give what was closed before the start, as by a scheduler, nothing to read and no reader."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
