"""Generates the parts of the documentation that the code says already."""

import click

from kprov_rdf import cli, query


def command_reference() -> str:
    """The help of every command, as Markdown."""
    parts = [_help("kprov", cli.cli)]
    parts += [
        f"## kprov {name}\n\n" + _help(f"kprov {name}", command)
        for name, command in cli.cli.commands.items()
    ]
    return "\n".join(parts)


def _help(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name, terminal_width=90, max_content_width=90)
    return f"```text\n{command.get_help(context)}\n```\n"


def questions() -> str:
    """The named questions as a Markdown table."""
    rows = ["| name | question | parameters |", "|---|---|---|"]
    for one in query.catalogue().values():
        inputs = ", ".join(
            f"`{i.name}`" + (f" ({i.default})" if i.default else "") for i in one.inputs
        )
        rows.append(f"| `{one.name}` | {one.question} | {inputs} |")
    return "\n".join(rows)
