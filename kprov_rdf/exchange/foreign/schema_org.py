"""What happened in terms of schema.org, said in those of PROV-O beside it.

So RO-Crates tell their runs (profiles Process, Workflow and Provenance Run Crate 0.1 to 0.6), and
Croissant its data. An action is an activity: ``object`` is what it used, ``result`` what it
generated, ``agent`` who did it, ``instrument`` the plan that it followed. An action on actions,
such as that of a workflow engine, informed them. All else that has a class is an entity.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

import pyoxigraph as ox

from kprov_capture.terms import PROV_NAMESPACE, RDF_TYPE, Dnnprov, Prov
from kprov_rdf.exchange.foreign.values import date_time, sha256, size
from kprov_rdf.exchange.scope import Scope

_SCHEMA = re.compile(r"\Ahttps?://schema\.org/")
_RUN_TERMS = "https://w3id.org/ro/terms/workflow-run#"
_PEOPLE = {"Person": Prov.Person}
_GROUPS = {
    "Organization", "Consortium", "Corporation", "CollegeOrUniversity", "EducationalOrganization",
    "FundingAgency", "FundingScheme", "GovernmentOrganization", "LibrarySystem", "NGO", "Project",
    "ResearchOrganization", "ResearchProject",
}  # fmt: skip
_PROGRAMS = {"SoftwareApplication", "WebApplication", "MobileApplication", "SoftwareSourceCode"}
_PLANS = {"HowTo", "HowToStep", "HowToSection", "ComputationalWorkflow"}
_MAKERS = ("author", "creator", "contributor")
_MAX_AGENTS = 20  # of one action: with as many plans, each pair would be a statement
# These say what kind of statement a node is, or what a word means: none of them is a thing.
_NO_THINGS = (PROV_NAMESPACE, "http://www.w3.org/2002/07/owl#",
              "http://www.w3.org/2000/01/rdf-schema#",
              "http://www.w3.org/1999/02/22-rdf-syntax-ns#")  # fmt: skip

Node = ox.NamedNode | ox.BlankNode | ox.Triple  # the last two are not there once scoped


def add(quads: Iterable[ox.Quad], scope: Scope) -> list[ox.Quad]:
    """The statements of PROV-O that those of schema.org amount to, each in the graph of these."""
    graphs: dict[ox.NamedNode | ox.BlankNode | ox.DefaultGraph, list[ox.Quad]] = defaultdict(list)
    for quad in quads:
        graphs[quad.graph_name].append(quad)
    return [
        ox.Quad(subject, ox.NamedNode(predicate), value, graph)
        for graph, found in graphs.items()
        for subject, predicate, value in dict.fromkeys(_Mapping(found, scope).all())
    ]


Statement = tuple[Node, str, Node | ox.Literal]


class _Mapping:
    """The statements of one graph."""

    def __init__(self, quads: Iterable[ox.Quad], scope: Scope) -> None:
        self._scope = scope
        self._said: dict[Node, dict[str, list[Node | ox.Literal]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self._types: dict[Node, set[str]] = defaultdict(set)
        for quad in quads:
            predicate = quad.predicate.value
            if predicate == RDF_TYPE:
                if isinstance(quad.object, ox.NamedNode):
                    self._types[quad.subject].add(quad.object.value)
            else:
                name = _SCHEMA.sub("", predicate).removeprefix(_RUN_TERMS)
                self._said[quad.subject][name].append(quad.object)
        self._actions = {node for node in self._types if self._is_action(node)}
        self._agents = self._found_agents()

    def all(self) -> Iterator[Statement]:
        for node in self._types:
            if node in self._actions:
                yield from self._action(node)
        for node, types in self._types.items():
            if node in self._agents:
                yield from self._agent(node)
            elif node not in self._actions and not any(one.startswith(_NO_THINGS) for one in types):
                yield from self._entity(node)
        for node in self._agents - self._types.keys():
            yield from self._agent(node)

    def _names(self, node: Node) -> set[str]:
        return {re.split(r"[/#]", one)[-1] for one in self._types.get(node, ())}

    def _nodes(self, node: Node, name: str) -> list[Node]:
        found = self._said[node][name] if node in self._said else []
        return [one for one in found if not isinstance(one, ox.Literal)]

    def _texts(self, node: Node, name: str) -> list[str]:
        return [one.value for one in self._said[node][name] if isinstance(one, ox.Literal)]

    def _is_action(self, node: Node) -> bool:
        """Whether it is one that happened: a possible one is none."""
        types = {_SCHEMA.sub("", one) for one in self._types[node] if _SCHEMA.match(one)}
        states = [str(getattr(one, "value", "")) for one in self._said[node]["actionStatus"]]
        planned = any(state.endswith("PotentialActionStatus") for state in states)
        return any(one.endswith("Action") for one in types) and not planned

    def _found_agents(self) -> set[Node]:
        acting = {one for action in self._actions for one in self._nodes(action, "agent")}
        made = {
            one
            for node in self._types
            if node not in self._actions
            for name in _MAKERS
            for one in self._nodes(node, name)
        }
        known = {node for node in self._types if self._names(node) & (_GROUPS | _PEOPLE.keys())}
        return (acting | made | known) - self._actions

    def _action(self, node: Node) -> Iterator[Statement]:
        yield node, RDF_TYPE, ox.NamedNode(Prov.Activity)
        for name, term in (("startTime", Prov.startedAtTime), ("endTime", Prov.endedAtTime)):
            for text in self._texts(node, name):
                time = date_time(text)
                if time:
                    yield node, term, time
        for other in self._nodes(node, "object"):
            if other not in self._actions:
                yield from self._thing(other)
                yield node, Prov.used, other
        for other in self._nodes(node, "result"):
            if other not in self._actions:
                yield from self._thing(other)
                yield other, Prov.wasGeneratedBy, node
        for other in self._nodes(node, "object") + self._nodes(node, "result"):
            if other in self._actions and other != node:
                yield other, Prov.wasInformedBy, node
        yield from self._association(node)

    def _association(self, node: Node) -> Iterator[Statement]:
        """One for each agent and each plan; of the plan only where no agent, or many, are told."""
        agents = [one for one in self._nodes(node, "agent") if one not in self._actions]
        plans = [one for one in self._nodes(node, "instrument") if one not in self._actions]
        for one in agents:
            yield node, Prov.wasAssociatedWith, one
        few = 0 < len(agents) <= _MAX_AGENTS
        who: list[Node | None] = [*agents] if few else [None]
        for plan in plans:
            yield from self._thing(plan)
            yield plan, RDF_TYPE, ox.NamedNode(Prov.Plan)
            for agent in who:
                told = ox.NamedNode(self._scope.fresh("association")[1:-1])
                yield node, Prov.qualifiedAssociation, told
                yield told, RDF_TYPE, ox.NamedNode(Prov.Association)
                yield told, Prov.hadPlan, plan
                if agent is not None:
                    yield told, Prov.agent, agent

    def _agent(self, node: Node) -> Iterator[Statement]:
        names = self._names(node)
        yield node, RDF_TYPE, ox.NamedNode(Prov.Agent)
        if "Person" in names:
            yield node, RDF_TYPE, ox.NamedNode(Prov.Person)
        if names & _GROUPS:
            yield node, RDF_TYPE, ox.NamedNode(f"{PROV_NAMESPACE}Organization")
        if names & _PROGRAMS:
            yield node, RDF_TYPE, ox.NamedNode(Prov.SoftwareAgent)
            yield from self._entity(node)

    def _thing(self, node: Node) -> Iterator[Statement]:
        yield node, RDF_TYPE, ox.NamedNode(Prov.Entity)

    def _entity(self, node: Node) -> Iterator[Statement]:
        yield from self._thing(node)
        if self._names(node) & _PLANS:
            yield node, RDF_TYPE, ox.NamedNode(Prov.Plan)
        yield from self._content(node)
        if "PropertyValue" in self._names(node):
            for one in self._said[node]["value"]:
                yield node, f"{PROV_NAMESPACE}value", one
        for name in _MAKERS:
            for maker in self._nodes(node, name):
                if maker in self._agents:
                    yield node, Prov.wasAttributedTo, maker
        for source in self._nodes(node, "isBasedOn"):
            if source != node and source not in self._actions | self._agents:
                yield from self._thing(source)
                yield node, Prov.wasDerivedFrom, source
        parts = [one for one in self._nodes(node, "hasPart") if one not in self._actions]
        if parts:
            yield node, RDF_TYPE, ox.NamedNode(Prov.Collection)
        for part in parts:
            if part != node:
                yield from self._thing(part)
                yield node, Prov.hadMember, part

    def _content(self, node: Node) -> Iterator[Statement]:
        for text in self._texts(node, "sha256"):
            digest = sha256(text)
            if digest:
                yield node, Dnnprov.sha256, ox.Literal(digest)
        for text in self._texts(node, "contentSize"):
            count = size(text)
            if count is not None:
                yield node, Dnnprov.byteSize, ox.Literal(count)
