"""The command that follows a training."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from kprov_capture.home import Home, find, open_home
from kprov_rdf.cli.context import RUN_HELP, Context, pass_context, tell
from kprov_rdf.errors import NotFoundError

if TYPE_CHECKING:
    from kprov_rdf.runs import RunInfo
    from kprov_rdf.watch import Update

# How often the screen is drawn anew in a second: for its clock, and for another size.
_DRAWN = 4


@click.command(epilog=RUN_HELP, short_help="Follow a training in the terminal while it runs.")
@click.argument("run", default="@latest")
@click.option("--wait", is_flag=True, help="Wait for a run of that name to begin.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["live", "lines", "json"]),
    help="Default: live in a terminal, lines elsewhere.",
)
@click.option(
    "--interval",
    metavar="SECONDS",
    type=click.FloatRange(0.1, 3600),
    default=1.0,
    show_default=True,
    help="How often to look.",
)
@pass_context
def watch(context: Context, run: str, wait: bool, form: str | None, interval: float) -> None:
    """Follow a training while it runs: curves, last epochs, adaptations, tests, files.

    \b
        kprov watch
        kprov watch 2e40e764
        kprov watch --wait digits-cnn          # before that training begins
        kprov watch | tee training.log         # one line an epoch

    A curve and that of validation have one scale; a cross is NaN or an infinity. Epochs are
    numbered from 0. With --wait a tag or @latest means a run that is going on or begins from
    now on. A run that has ended is shown once. The training is not slowed down: only its
    journal is read, and Ctrl-C ends the watching alone.

    --format json gives one object a line. Its "event" is run (first), epoch (with "metrics"),
    adaptation, EarlyTermination, ModelRestoration, FineTuning, resumedFrom, error, test, file,
    or end (last). NaN and infinities are "NaN", "INF" and "-INF".

    It ends when the run's record is complete or its process is gone; where the process goes
    on, as in a notebook, ten seconds after the training ended and nothing followed.

    Exit status: 0 the training finished, also where a callback stopped it; 1 it failed, was
    interrupted, or crashed; 2 it could not be watched; 130 after Ctrl-C.
    """
    from kprov_rdf import watch as watching

    if form is None:
        dumb = os.environ.get("TERM") in ("dumb", "unknown")
        form = "live" if sys.stdout.isatty() and not dumb else "lines"
    found = None
    try:
        with _terminated():
            if wait:
                tell(f"kprov: waiting for a run {run} …", err=True)
                home, found = watching.wait_for(context.asked, run, interval)
            else:
                home = open_home(find(context.asked))
                found = _found(home, run)
            updates = watching.follow(home, found, interval)
            last = _live(updates) if form == "live" else _print(updates, form)
    except KeyboardInterrupt:
        _say_what_goes_on(found)
        raise
    if last.status not in watching.PLANNED:
        raise SystemExit(1)


def _found(home: Home, name: str) -> "RunInfo":
    from kprov_rdf import watch as watching

    try:
        return watching.find(home, name)
    except NotFoundError as error:
        raise NotFoundError(f"{error} With --wait, watch waits for one that begins.") from error


def _say_what_goes_on(run: "RunInfo | None") -> None:
    if run is None:
        tell("kprov: no longer waiting.", err=True)
    else:
        tell(
            f"kprov: no longer watching {run.short}. The training goes on; 'kprov watch "
            f"{run.short}' follows it again.",
            err=True,
        )


@contextmanager
def _terminated() -> Iterator[None]:
    """SIGTERM and SIGHUP leave the block as an exception does, so that the terminal is restored."""

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    ends = (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))
    # What nohup has it ignore stays ignored.
    ours = {one for one in ends if signal.getsignal(one) == signal.SIG_DFL}
    for one in ours:
        signal.signal(one, leave)
    try:
        yield
    finally:
        for one in ours:
            signal.signal(one, signal.SIG_DFL)


def _print(updates: "Iterator[Update]", form: str) -> "RunInfo":
    """Print updates line by line; gives the run as it was at last."""
    from kprov_rdf.watch import lines

    write = lines.json_lines if form == "json" else lines.lines
    for index, update in enumerate(updates):
        for line in write(update, index == 0):
            print(line)
        sys.stdout.flush()
    return update.run


def _live(updates: "Iterator[Update]") -> "RunInfo":
    """Draw updates on the other screen of the terminal, and leave the last on this one."""
    from rich.console import Console
    from rich.live import Live

    from kprov_rdf.watch.screen import Screen

    console, screen = Console(highlight=False), Screen()
    first = next(updates)
    screen.add(first)
    try:
        if not first.over:
            live = Live(screen, console=console, screen=True, refresh_per_second=_DRAWN)
            try:  # not ``with``: Ctrl-C while it starts would leave the other screen
                live.start(refresh=True)
                for update in updates:
                    screen.add(update)
            finally:
                live.stop()
    finally:
        screen.whole = True
        console.print(screen)
    return screen.run or first.run
