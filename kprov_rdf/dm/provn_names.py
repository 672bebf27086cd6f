"""Qualified names of PROV-N as terms: section 3.7.1, and 3.7.4 for what declares them."""

import re
from collections.abc import Callable, Mapping

from kprov_capture.terms import PROV_NAMESPACE
from kprov_rdf.dm.model import Terms
from kprov_rdf.dm.names import name_term
from kprov_rdf.dm.repairs import TERMS, Repairs
from kprov_rdf.dm.values import XSD, XSD_VARIANTS

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_RESERVED = {"prov": PROV_NAMESPACE, "xsd": XSD}


class Names:
    """The names of a document, or of a bundle in it, which has those of ``outer`` as well.

    ``numbers`` has the numbers of the names that were asked for, as they were written. With
    ``repairs``, a prefix that is not declared here has the namespace that ``elsewhere`` or they
    tell.
    """

    def __init__(
        self,
        terms: Terms,
        outer: "Names | None" = None,
        repairs: Repairs | None = None,
        elsewhere: Mapping[str, str] | None = None,
    ) -> None:
        self.terms = terms
        self.repairs: Repairs | None = outer.repairs if outer else repairs
        self._elsewhere: Mapping[str, str] = outer._elsewhere if outer else elsewhere or {}
        self.numbers: dict[str, int] = {}
        self._outer = outer
        # The default namespace is that of the prefix "".
        self._namespaces: dict[str, str] = {}

    def declare(self, prefix: str, namespace: str) -> str:
        """Take a declaration; what is wrong with it, or an empty text."""
        namespace = self.namespace(prefix, namespace)
        before = self._namespaces.get(prefix, _RESERVED.get(prefix, namespace))
        if before != namespace:
            what = f"The prefix {prefix[:40]}" if prefix else "The default namespace"
            return f"{what} is <{before[:60]}> already"
        self._namespaces[prefix] = namespace
        return ""

    def namespace(self, prefix: str, namespace: str) -> str:
        """What a declaration is taken for: XML Schema has one namespace."""
        if self.repairs:
            return self.repairs.absolute(prefix, namespace)
        return XSD if namespace in XSD_VARIANTS else namespace

    def declared(self) -> bool:
        """Whether anything is declared here."""
        return bool(self._namespaces)

    def number(self, name: str, refuse: Callable[[str, str], Exception]) -> int:
        """The number of the term of a qualified name.

        Raises what ``refuse`` makes of a message and of what would mend it, where there is no
        such namespace.
        """
        found = self.numbers.get(name)
        if found is None:
            prefix, colon, local = name.partition(":")
            if not colon or prefix.endswith("\\"):
                prefix, local = "", name
            if "\\" in local:
                local = _ESCAPED.sub(r"\1", local)
            namespace = self._namespace(prefix)
            if namespace is None and self.repairs:
                if prefix == "_":
                    what = f"{name[:80]!r} is a blank node; read as an existential variable"
                    self.repairs.once("blank-node", name, what)
                    found = self.numbers[name] = self.terms.number(f"_:{local}")
                    return found
                namespace = self._mended(prefix, self.repairs)
            if namespace is None:
                raise refuse(*_undeclared(prefix, name))
            found = self.numbers[name] = self.terms.number(name_term(namespace + local))
        return found

    def _mended(self, prefix: str, repairs: Repairs) -> str:
        """The namespace of a prefix that is not declared here."""
        if prefix not in self._elsewhere:
            return repairs.namespace(prefix)
        what = f"{prefix[:80]!r} is declared elsewhere; read as there"
        repairs.once("late-declaration", prefix, what)
        return self.namespace(prefix, self._elsewhere[prefix])

    def attribute(self, name: str, refuse: Callable[[str, str], Exception]) -> int:
        """As ``number``, for the name of an attribute: a term of PROV may lack its prefix."""
        if self.repairs and name in TERMS and self._namespace("") is None:
            self.repairs.once(
                "unprefixed-term", name, f"{name!r} has no prefix; read as prov:{name}"
            )
            name = f"prov:{name}"
        return self.numbers.get(name) or self.number(name, refuse)

    def _namespace(self, prefix: str) -> str | None:
        found = self._namespaces.get(prefix)
        if found is None and self._outer is not None:
            found = self._outer._namespaces.get(prefix)
        return _RESERVED.get(prefix) if found is None else found


def _undeclared(prefix: str, name: str) -> tuple[str, str]:
    if prefix == "_":
        return (
            "PROV-N has no blank nodes",
            f"Declare a prefix for such names and write it in place of _, as in ex:{name[2:42]}.",
        )
    if not prefix:
        return (
            "A name without prefix, but no default namespace is declared",
            "Write its prefix, or add 'default <…>' with its namespace after 'document'.",
        )
    return (
        f"The prefix {prefix[:40]} is not declared",
        f"Add 'prefix {prefix[:40]} <…>' with its namespace after 'document'.",
    )
