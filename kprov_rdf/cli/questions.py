"""What `kprov query --list` prints: the questions that have a name, and one of them in full."""

import shlex
from collections.abc import Mapping

import click

from kprov_rdf.parameters import Input, about
from kprov_rdf.query import GROUPS, Question, catalogue, find
from kprov_rdf.tables import print_table


def show_list() -> None:
    """Print all questions by group, with their parameters and defaults."""
    known = catalogue().values()
    for group, of in GROUPS.items():
        rows = [
            [one.name, one.question, " ".join(map(_brief, one.inputs))]
            for one in known
            if one.group == group
        ]
        print_table(["name", "question", "parameters"], rows, f"{group}: {of}")
    click.echo(
        "A parameter is given as --param NAME=VALUE; a run is @latest where none is given, and * "
        "is any.\n'kprov query --list NAME' tells all of one question."
    )


def show_one(name: str) -> None:
    """Print one question in full. Raises ``NotFoundError``."""
    question = find(name)
    click.echo(f"{question.name}: {question.question}\n")
    if question.source:
        click.echo(f"From {question.source}.\n")
    if question.inputs:
        rows = [[one.name, about(one.type), default(one), one.text] for one in question.inputs]
        print_table(["parameter", "what it takes", "default", "meaning"], rows)
    print_table(["column", "meaning"], [list(one) for one in question.outputs.items()])
    click.echo(f"{example(question)}\n\n{_body(question)}")


def example(question: Question) -> str:
    """A command that asks it."""
    given = dict(one.split("=", 1) for one in question.example.split())
    missing = [one for one in question.inputs if one.default is None and one.name not in given]
    return command(
        question.name,
        given | {one.name: "@latest" if one.type == "run" else "…" for one in missing},
    )


def command(name: str, given: Mapping[str, str]) -> str:
    """The command with these parameters."""
    params = [f"--param {shlex.quote(f'{key}={value}')}" for key, value in given.items()]
    return " ".join(["kprov query", name, *params])


def _brief(one: Input) -> str:
    return f"{one.name}={default(one)}"


def default(one: Input) -> str:
    """What is taken where nothing is given; … where something has to be."""
    if one.default is None:
        return "@latest" if one.type == "run" else "…"
    return one.default


def _body(question: Question) -> str:
    """The query without its header."""
    lines = question.text.splitlines()
    start = next((i for i, line in enumerate(lines) if not line.startswith("# ")), 0)
    return "\n".join(lines[start:])
