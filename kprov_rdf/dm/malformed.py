"""What is in a format, and breaks it."""

from kprov_rdf.errors import InputError


class MalformedError(InputError):
    """A document, or a statement in it, that is not what its format or PROV-DM demands.

    ``line`` and ``column`` count from 1; 0 where that is not known. ``mend`` says what to do.
    """

    def __init__(
        self, document: str, message: str, *, line: int = 0, column: int = 0, mend: str = ""
    ) -> None:
        self.document = document
        self.message = message
        self.line = line
        self.column = column
        self.mend = mend
        super().__init__(str(self))

    def __str__(self) -> str:
        where = f": line {self.line}" if self.line else ""
        where += f", column {self.column}" if self.line and self.column else ""
        mend = f" {self.mend}" if self.mend else ""
        return f"{self.document}{where}: {self.message}{mend}"
