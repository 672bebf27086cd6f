"""All that a validation found, by what it was asked to look at."""

from collections.abc import Sequence
from dataclasses import dataclass

from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.validate.shacl import Finding, conforms
from kprov_rdf.validate.violations import Outcome

VALID, INVALID, UNREAD = 0, 1, 2


@dataclass(frozen=True)
class Graph:
    """What the SHACL shapes say of one graph of a document.

    ``instance`` is its IRI, None the default graph.
    """

    document: str
    instance: str | None
    profile: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Target:
    """What was found in one thing that was to be checked: a file, a run, a graph, or a union.

    ``malformed`` is what breaks the rules of its format or of PROV-DM, ``unread`` why all or a
    part of it could not be checked. ``notes`` change no verdict.
    """

    name: str
    outcomes: tuple[Outcome, ...] = ()
    graphs: tuple[Graph, ...] = ()
    malformed: tuple[MalformedError, ...] = ()
    unread: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> int:
        """The exit status of the command line, if this were all."""
        if self.unread is not None:
            return UNREAD
        right = all(one.valid for one in self.outcomes)
        right = right and all(conforms(one.findings) for one in self.graphs)
        return VALID if right and not self.malformed else INVALID

    def instances(self) -> list[str | None]:
        """The toplevel (None) and the bundles that were looked at and say anything."""
        said = [one.instance for one in self.outcomes if one.statements or one.violations]
        found = list(dict.fromkeys([*said, *(one.instance for one in self.graphs)]))
        return found or [None] * bool(self.outcomes)


def status(targets: Sequence[Target]) -> int:
    """The worst of them."""
    return max((one.status for one in targets), default=VALID)


def findings(targets: Sequence[Target]) -> tuple[list[Finding], list[Finding]]:
    """The results of SHACL: those that make a graph invalid, and the others."""
    every = [one for target in targets for graph in target.graphs for one in graph.findings]
    wrong = [one for one in every if one.severity == "Violation"]
    return wrong, [one for one in every if one.severity != "Violation"]
