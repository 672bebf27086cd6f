"""What a question was compiled to."""

from dataclasses import dataclass

WIDTH = 90
"""What is longer than so many characters stands on lines of its own."""


@dataclass(frozen=True)
class Generated:
    """The text of a query in SPARQL or SQL, and the columns of its answer."""

    text: str
    columns: list[str]
