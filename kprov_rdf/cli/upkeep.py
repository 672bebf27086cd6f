"""Commands that keep a state folder: remove, free space, back up."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kprov_capture.home import find, open_home
from kprov_rdf.cli.context import RUN_HELP, Context, pass_context, tell
from kprov_rdf.errors import NotFoundError, StoreLockedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kprov_capture.home import Home
    from kprov_rdf.store import Snapshot
    from kprov_rdf.upkeep.removal import Planned

_IMPORT_HELP = "An import is named by its IRI, or by the first digits of its SHA-256."


def _bytes(count: int) -> str:
    """A size as people read it."""
    value, unit = float(count), "bytes"
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            break
        value /= 1024
    return f"{count:,} bytes" if unit == "bytes" else f"{value:,.1f} {unit}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


@click.command(epilog=f"{RUN_HELP} {_IMPORT_HELP}", short_help="Remove runs or imports.")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--reason", metavar="TEXT", help="Why, for the record of the removal.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask. Needed where there is no terminal.")
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@click.option("--undo", is_flag=True, help="Bring back what was removed, until 'kprov gc'.")
@pass_context
def rm(
    context: Context,
    runs: tuple[str, ...],
    reason: str | None,
    yes: bool,
    dry_run: bool,
    undo: bool,
) -> None:
    """Remove runs or imports: what they say leaves the store, and a record of the removal stays.

    \b
        kprov rm 2e40e764 --reason "trained on the wrong data"
        kprov rm --dry-run @latest
        kprov rm --undo 2e40e764

    The catalog keeps that the record existed, who made it and when, its size and SHA-256, and who
    removed it, when and why, as an invalidation in the sense of PROV; 'kprov show RUN' and the
    server tell of it. Its validations and links go with it; what other runs say of it stays.
    What is removed is not taken in again by 'kprov merge'.

    A run that goes on is not removed. A run that came with an import goes with that import. The
    files move to removed/ in the state folder until 'kprov gc', and until then --undo brings them
    back; the store is built anew for that. It works while a server runs, but for --undo.
    """
    from kprov_rdf import ingest
    from kprov_rdf.upkeep import removal

    home = open_home(find(context.asked))
    if undo:
        _undo(home, runs, reason)
        return
    with ingest.open_snapshot(home) as store:
        left = _there(store, runs)
        planned = removal.plan(home, store, left) if left else []
    for one in planned:
        _tell_planned(one)
    if dry_run or not planned:
        return
    _ask(yes, f"Remove {_count(len(planned), 'record')}?")
    removal.remove(home, planned, reason)
    _obeyed(home)
    click.echo("Removed. 'kprov gc' frees the space.")


def _undo(home: "Home", names: "Sequence[str]", reason: str | None) -> None:
    from kprov_rdf import ingest, removals
    from kprov_rdf.upkeep import removal

    with ingest.open_snapshot(home) as store:
        found = {name: removals.named(store, name) for name in names}
    for name, one in found.items():
        if one is None:
            raise NotFoundError(
                f"Nothing was removed that is called {name!r}. What was is named by its IRI, or by "
                "the first or last digits of its id."
            )
        removal.undo(home, one.record, reason)
        tell(f"{one.record} is back.")


def _there(store: "Snapshot", names: "Sequence[str]") -> list[str]:
    """The names of what was not removed before, which is told of the others."""
    from kprov_rdf import removals
    from kprov_rdf.exchange import selection

    left = []
    for name in names:
        try:
            selection.find(store, [name], store.living)
        except NotFoundError:
            removed = removals.named(store, name)
            if removed is None:
                raise
            tell(f"{removed}.")
            continue
        left.append(name)
    return left


def _tell_planned(one: "Planned") -> None:
    files = f"{_count(len(one.files), 'file')} of {_bytes(one.bytes)}"
    tell(f"{one.record}: {_count(one.statements, 'statement')}, {files}")


def _ask(yes: bool, question: str) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to ask on: say --yes, or see --dry-run.")
    click.confirm(question, abort=True)


def _obeyed(home: "Home") -> None:
    """Have whoever owns the store look at the journals."""
    from kprov_rdf import ingest

    try:
        ingest.open_snapshot(home).close()
    except StoreLockedError as error:
        tell(f"kprov: the next command does it: {error}", err=True)


@click.command(short_help="Free the space of what was removed or interrupted.")
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@pass_context
def gc(context: Context, dry_run: bool) -> None:
    """Free space: what was removed, and what interrupted work left; then compact the store.

    Nothing that a living process uses goes. What was removed by 'kprov rm' cannot be brought back
    afterwards, but for what the catalog keeps. It works while a server runs.
    """
    from kprov_rdf.upkeep.collection import collect

    found, compacted = collect(open_home(find(context.asked)), dry_run)
    for one in found:
        click.echo(f"{one.what}: {_count(one.files, 'file')}, {_bytes(one.bytes)}")
    if compacted:
        click.echo(f"store: {_bytes(compacted.before)} before, {_bytes(compacted.after)} now")


@click.command(short_help="Compact the store.")
@pass_context
def optimize(context: Context) -> None:
    """Compact the store: fewer files, without what was removed.

    Not needed for answers to be right, and seldom for them to be fast: the store compacts itself
    as it grows. It takes some ten seconds for a gigabyte, and as much free space for that time as
    the store takes. It works while a server runs, whose answers wait meanwhile.
    """
    from kprov_rdf.upkeep.compaction import compact

    done = compact(open_home(find(context.asked)))
    click.echo(f"store: {_bytes(done.before)} before, {_bytes(done.after)} now")
    click.echo(f"write-ahead log: {_bytes(done.log)}")


@click.command(short_help="Write the state folder into one archive.")
@click.argument("target", metavar="FILE|DIR")
@pass_context
def backup(context: Context, target: str) -> None:
    """Write a backup of the state folder: a .tar.gz, or .tar, with a manifest of SHA-256.

    \b
        kprov backup /mnt/backups                  kprov-20261122T093000Z.tar.gz in it
        kprov backup runs.tar.gz

    Trainings may write and a server may run meanwhile: of a run that goes on the backup has all
    that was whole. The store is not in it, since it is built from the journals; neither are
    tokens, the mirror, and what was removed.
    """
    from kprov_rdf.upkeep.backup import backup as write

    kept = write(open_home(find(context.asked)), Path(target))
    others = kept.files - kept.journals
    size = _bytes(kept.bytes)
    tell(f"{kept.path}: {_count(kept.journals, 'journal')}, {_count(others, 'other file')}, {size}")


@click.command(short_help="Make a state folder of a backup.")
@click.argument("source", metavar="FILE|DIR")
@pass_context
def restore(context: Context, source: str) -> None:
    """Make a state folder of a backup: of FILE, or of the newest one in DIR.

    \b
        kprov --home restored restore /mnt/backups

    The folder must be empty, or not there. The backup is checked as a whole before anything is
    written: one that was cut or changed is refused. The store is built by the first command that
    asks, 100,000 statements a second.
    """
    from kprov_rdf.upkeep.restore import restore as write

    done = write(Path(source), find(context.asked))
    tell(f"{done.home}: {_count(done.files, 'file')}, {_bytes(done.bytes)}, from {done.source}")
