"""What a question was compiled to."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Generated:
    """The text of a query in SPARQL or SQL, and the columns of its answer."""

    text: str
    columns: list[str]
