"""The error of a document in a format of PROV that breaks the rules of that format."""

from kprov_rdf.errors import InputError


class MalformedError(InputError):
    """A document in a known format that breaks its rules: it is invalid, not merely unread.

    ``document`` is its name, ``line`` and ``column`` where it is wrong, from 1 (0: not known),
    ``mend`` what would make it right, ``instance`` the IRI of the bundle (None: the toplevel, or
    not known). The text of the error says it all.
    """

    def __init__(
        self,
        document: str,
        message: str,
        *,
        line: int = 0,
        column: int = 0,
        mend: str = "",
        instance: str | None = None,
    ) -> None:
        self.document = document
        self.instance = instance
        self.message = message
        self.line = line
        self.column = column
        self.mend = mend
        place = f":{line}" + (f":{column}" if column else "") if line else ""
        super().__init__(f"{document}{place}: {message}" + (f" {mend}" if mend else ""))

    def placed(self, column: int) -> "MalformedError":
        """The same with a column, unless it has one."""
        return MalformedError(
            self.document, self.message, line=self.line, column=self.column or column,
            mend=self.mend,
        )  # fmt: skip
