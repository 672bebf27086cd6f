"""Questions without SPARQL, for ``kprov query``: specifications, and what they may name."""

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kprov_capture.home import find, open_home
from kprov_rdf.cli.context import Context
from kprov_rdf.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from kprov_rdf.builder import Query
    from kprov_rdf.query import Table
    from kprov_rdf.store import Store


def ask(
    context: Context,
    opened: AbstractContextManager["Store"],
    name: str,
    given: Mapping[str, str],
    form: str,
    sql: bool,
    show: bool,
) -> None:
    """Answer a specification, or show what it is compiled to."""
    from kprov_rdf import builder

    query = builder.read(_text(name))
    if sql:
        _ask_mirror(context, query, given, form, show)
        return
    with opened as store:
        if show:
            click.echo(builder.sparql(query, store, given).text, nl=False)
        else:
            _write(builder.ask(store, query, given), form)


def _ask_mirror(
    context: Context, query: "Query", given: Mapping[str, str], form: str, show: bool
) -> None:
    from kprov_rdf.builder import mirrored
    from kprov_rdf.mirror.ask import ask, last, newer

    home = open_home(find(context.asked))
    with last(home) as url:
        if show:
            click.echo(mirrored.sql(query, partial(ask, url), given).text, nl=False)
            return
        answer = mirrored.ask_mirror(partial(ask, url), query, given)
    _write(answer, form)
    made = newer(home)
    if made:
        click.echo(
            f"kprov: the mirror is of {made}, and runs were recorded since. 'kprov mirror' makes "
            "it anew.",
            err=True,
        )


def _write(answer: "Table", form: str) -> None:
    from kprov_rdf.tables import write

    first = next(answer.rows, None)
    answer.rows = answer.rows if first is None else chain([first], answer.rows)
    write(answer, form, sys.stdout)


def _text(name: str) -> str:
    """A specification: from standard input, a file, or one of the papers' by its name."""
    from kprov_rdf import builder

    if name == "-":
        data = sys.stdin.buffer.read(builder.MAX_BYTES + 1)
    else:
        path = Path(name)
        known = builder.papers()
        if name.lower() in known and not path.exists():
            return known[name.lower()]
        try:
            with path.open("rb") as file:
                data = file.read(builder.MAX_BYTES + 1)
        except OSError as error:
            raise NotFoundError(
                f"There is no specification {name!r}: it is not a file that can be read "
                f"({error.strerror}), and the papers' are {', '.join(known)}."
            ) from error
    if len(data) > builder.MAX_BYTES:
        raise InputError(f"The specification {name} is longer than {builder.MAX_BYTES >> 10} KiB.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"The specification {name} is not in UTF-8: {error}.") from error


def list_sets(opened: AbstractContextManager["Store"], tag: str) -> None:
    """Show the data sets that specifications may name, with their attributes."""
    from kprov_rdf import builder
    from kprov_rdf.tables import print_table

    with opened as store:
        rows = [
            [dataset, name, kind, by]
            for dataset, name, kind, by in builder.sets(store, tag or None)
        ]
    print_table(["data set", "attribute", "values", "transformations"], rows)
