"""Generates docs/queries.md: each question of the catalogue, with its answer on the demo's data.

The data are a record of real trainings (tools/query_demo.py), so that the page is the same
wherever it is generated.
"""

import functools
import gzip
import re

from kprov_capture.identity import DEFAULT_BASE
from kprov_capture.terms import DNNPROV_NAMESPACE, PROV_NAMESPACE
from kprov_rdf import asked, query, runs, tables
from kprov_rdf.cli import questions
from kprov_rdf.parameters import about
from kprov_rdf.query import Question
from kprov_rdf.store import LocalStore
from tools.query_demo import RECORD

_WIDTH = 60
_HEX = re.compile(r"([0-9a-f]{8})[0-9a-f]{56}")
_RUN = re.compile(r"run/[0-9a-f-]{28}([0-9a-f]{8})(?![0-9a-f])")
_SECONDS = re.compile(r"(\dT\d\d:\d\d:\d\d)\.\d+Z")


@functools.cache
def _store() -> LocalStore:
    store = LocalStore()
    store.load(gzip.decompress(RECORD.read_bytes()))
    return store


def contents() -> str:
    """The questions by group, each with a link."""
    parts = []
    for group, told in query.GROUPS.items():
        rows = [(f"[`{one.name}`](#{one.name})", one.question) for one in _of(group)]
        parts.append(
            f"**{group[0].upper()}{group[1:]}**: {told}\n\n{_table(('name', 'question'), rows)}"
        )
    return "\n\n".join(parts)


def all_questions() -> str:
    """Each question: what it takes, a command, and the answer."""
    return "\n\n".join(
        f"## {group[0].upper()}{group[1:]}\n\n" + "\n\n".join(_section(one) for one in _of(group))
        for group in query.GROUPS
    )


def _of(group: str) -> list[Question]:
    return [one for one in query.catalogue().values() if one.group == group]


def _section(question: Question) -> str:
    source = f" ({question.source})" if question.source else ""
    parts = [f"### {question.name}", f"{question.question}{source}"]
    if question.inputs:
        rows = [
            (f"`{one.name}`", about(one.type), questions.default(one), one.text)
            for one in question.inputs
        ]
        parts.append(_table(("parameter", "takes", "default", "meaning"), rows))
    given = dict(one.split("=", 1) for one in question.example.split())
    command, columns, found = _answer(question, given)
    parts.append(f"```sh\n{command}\n```")
    if not found:
        return "\n\n".join([*parts, "No rows: nothing of the kind is recorded in the demo."])
    most = 12 if question.group == "papers" else 6
    cells = [tuple(_cell(tables.cell(one)) for one in row) for row in found[:most]]
    parts.append(_table(tuple(columns), cells))
    if len(found) > most:
        more = len(found) - most
        parts.append(f"… and {more} more row{'s' if more > 1 else ''}.")
    return "\n\n".join(parts)


def _answer(
    question: Question, given: dict[str, str]
) -> tuple[str, list[str], list[tuple[query.Term, ...]]]:
    """The command, and the answer: of the first run that has one, where a run is asked for."""
    wanted = [one.name for one in question.inputs if one.type == "run" and one.default is None]
    latest = runs.listing(_store(), frozenset())
    for run in reversed(latest) if wanted else latest[:1]:
        tried = given | dict.fromkeys(wanted, run.short)
        answer = query.table(_store(), question, asked.named(_store(), question, tried))
        rows = list(answer.rows)
        if rows:
            return questions.command(question.name, tried), answer.columns, rows
    return questions.command(question.name, tried), answer.columns, []


def _cell(text: str) -> str:
    """As people tell things apart: IRIs without the base, times to the second, hashes cut."""
    short = _RUN.sub(r"\1", _HEX.sub(r"\1…", text.replace(DEFAULT_BASE, "")))
    short = short.replace(DNNPROV_NAMESPACE, "dnnprov:").replace(PROV_NAMESPACE, "prov:")
    short = _SECONDS.sub(r"\1Z", short).replace("\n", " ")
    return short if len(short) <= _WIDTH else f"{short[: _WIDTH - 1]}…"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )
