"""What documents in vocabularies built on PROV-O leave unsaid: the PROV classes and relations.

ProvONE, the models of Wf4Ever (wfprov, wfdesc) and Taverna, OPMW and P-Plan, SDTH, PAV and
nanopublications say that their terms are PROV's; the documents do not repeat it. Nothing reasons
here, so it is said for them: the classes, the relations, and the plain relation beside a qualified
one (PROV-O, section 3.3). What relates two things must relate those of the right classes.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import pyoxigraph as ox

from kprov_capture.terms import PROV_NAMESPACE, RDF_TYPE, Dnnprov
from kprov_rdf.exchange.sniff import Format

FORMAT = Format(
    "vocabularies on PROV-O",
    "any RDF",
    versions=(
        "ProvONE (nf-provone, DataONE, SDTL), Wf4Ever and Taverna, OPMW (WINGS), P-Plan, SDTH, "
        "PAV, nanopublications"
    ),
    kept="all statements, and the classes and relations of PROV that the terms entail",
    left="–",
)
_TYPE = ox.NamedNode(RDF_TYPE)
# ProvONE has had several namespaces; the one of 2015 is the last.
_PROVONE = (
    r"https?://(purl\.dataone\.org/provone/([\d/]+/)?ontology#|purl\.org/provone(/ontology)?#"
    r"|dataone\.org/ns/provone#)"
)
_SDTH = r"https?://(c2metadata\.org|rdf-vocabulary\.ddialliance\.org)/sdth#"
_WFPROV = r"http://purl\.org/(wf4ever|ro)/wfprov#"
_WFDESC = r"http://purl\.org/(wf4ever|ro)/wfdesc#"
_TAVERNA = r"http://ns\.taverna\.org\.uk/2012/tavernaprov/"
_OPMW = r"http://www\.opmw\.org/ontology/"
_PPLAN = r"http://purl\.org/net/p-plan#"
_NANOPUB = r"http://www\.nanopub\.org/nschema#"
_PAV = r"http://purl\.org/pav/"


def _by_name(
    *rows: tuple[str, str, str],
) -> list[tuple[re.Pattern[str], dict[str, tuple[str, ...]]]]:
    """Rows of namespace, names, and what they are in PROV, as tables by namespace."""
    tables: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for namespace, names, classes in rows:
        said = tuple(PROV_NAMESPACE + one for one in classes.split())
        tables[namespace].update(dict.fromkeys(names.split(), said))
    return [(re.compile(f"{namespace}(\\w+)\\Z"), names) for namespace, names in tables.items()]


_CLASSES = _by_name(
    (_PROVONE, "Execution ProcessExec WorkflowExec", "Activity"),
    (_PROVONE, "Program Process Workflow", "Plan Entity"),
    (_PROVONE, "Port InputPort OutputPort Channel Controller DataLink SeqCtrlLink", "Entity"),
    (_PROVONE, "Data Document Visualization", "Entity"),
    (_PROVONE, "Collection", "Collection Entity"),
    (_PROVONE, "User", "Agent"),
    (_SDTH, "Program ProgramStep", "Plan Entity"),
    (_SDTH, "DataframeInstance VariableInstance FileInstance Dataframe Variable File", "Entity"),
    (_WFPROV, "ProcessRun WorkflowRun", "Activity"),
    (_WFPROV, "Artifact", "Entity"),
    (_WFPROV, "WorkflowEngine", "SoftwareAgent Agent"),
    (_WFDESC, "Workflow Process WorkflowDefinition", "Plan Entity"),
    (_WFDESC, "Parameter Input Output Artifact DataLink WorkflowInstance", "Entity"),
    (_TAVERNA, "TavernaEngine", "SoftwareAgent Agent"),
    (_TAVERNA, "Content Error", "Entity"),
    (_OPMW, "WorkflowExecutionProcess", "Activity"),
    (_OPMW, "WorkflowExecutionArtifact WorkflowTemplateArtifact WorkflowTemplateProcess", "Entity"),
    (_OPMW, "DataVariable ParameterVariable", "Entity"),
    (_OPMW, "WorkflowTemplate", "Plan Entity"),
    (_OPMW, "WorkflowExecutionAccount", "Bundle Entity"),
    (_PPLAN, "Activity", "Activity"),
    (_PPLAN, "Entity Step MultiStep Variable", "Entity"),
    (_PPLAN, "Plan", "Plan Entity"),
    (_PPLAN, "Bundle", "Bundle Entity"),
    (_NANOPUB, "Nanopublication Assertion Provenance PublicationInfo", "Entity"),
)
_RELATIONS = _by_name(
    (_WFPROV, "usedInput", "used"),
    (_WFPROV, "wasOutputFrom", "wasGeneratedBy"),
    (_WFPROV, "wasEnactedBy", "wasAssociatedWith"),
    (_PAV, "createdBy authoredBy contributedBy curatedBy providedBy", "wasAttributedTo"),
    (_PAV, "derivedFrom importedFrom retrievedFrom", "wasDerivedFrom"),
    (_PAV, "previousVersion", "wasRevisionOf"),
)
# Of their own relations, what the subject is, and what the object.
_SUBJECTS = _by_name(
    (_PROVONE, "wasPartOf", "Activity"),
    (_PROVONE, "hasSubProgram hasSubProcess hasInPort hasOutPort controlledBy", "Plan Entity"),
    (_PROVONE, "connectsTo hasDefaultParam controls", "Entity"),
    (_WFPROV, "wasPartOfWorkflowRun describedByProcess describedByWorkflow", "Activity"),
    (_WFPROV, "describedByParameter", "Entity"),
    (_WFDESC, "hasSubProcess hasInput hasOutput hasDataLink", "Plan Entity"),
    (_PPLAN, "correspondsToStep", "Activity"),
    (_PPLAN, "correspondsToVariable isStepOfPlan isVariableOfPlan", "Entity"),
    (_OPMW, "correspondsToTemplateProcess hasExecutableComponent", "Activity"),
    (_OPMW, "correspondsToTemplateArtifact", "Entity"),
)
_OBJECTS = _by_name(
    (_PROVONE, "wasPartOf", "Activity"),
    (_PROVONE, "hasSubProgram hasSubProcess controls", "Plan Entity"),
    (_PROVONE, "hasInPort hasOutPort hadInPort hadOutPort connectsTo", "Entity"),
    (_PROVONE, "hasDefaultParam hadEntity controlledBy", "Entity"),
    (_WFPROV, "wasPartOfWorkflowRun", "Activity"),
    (_WFPROV, "describedByProcess describedByWorkflow", "Plan Entity"),
    (_WFPROV, "describedByParameter", "Entity"),
    (_WFDESC, "hasSubProcess", "Plan Entity"),
    (_WFDESC, "hasInput hasOutput hasDataLink", "Entity"),
    (_TAVERNA, "content", "Entity"),
    (_PPLAN, "correspondsToStep correspondsToVariable", "Entity"),
    (_PPLAN, "isStepOfPlan isVariableOfPlan", "Plan Entity"),
    (_OPMW, "correspondsToTemplateProcess correspondsToTemplateArtifact", "Entity"),
    (_OPMW, "hasExecutableComponent", "Entity"),
)
# Of PROV's own (PROV-CONSTRAINTS, constraint 50).
_ENDS = {
    f"{PROV_NAMESPACE}{name}": [f"{PROV_NAMESPACE}{one}" for one in ends.split()]
    for name, ends in {
        "used": "Activity Entity",
        "wasGeneratedBy": "Entity Activity",
        "wasInformedBy": "Activity Activity",
        "wasDerivedFrom": "Entity Entity",
        "wasRevisionOf": "Entity Entity",
        "hadPrimarySource": "Entity Entity",
        "wasAttributedTo": "Entity Agent",
        "wasAssociatedWith": "Activity Agent",
        "actedOnBehalfOf": "Agent Agent",
        "specializationOf": "Entity Entity",
        "alternateOf": "Entity Entity",
        "hadMember": "Entity Entity",
    }.items()
}
_PROVEXT = "https://openprovenance.org/ns/provext#"
# The node that qualifies, and the plain relation with what that node names.
_QUALIFIED = {
    f"{PROV_NAMESPACE}{name}": (f"{PROV_NAMESPACE}{plain}", (f"{PROV_NAMESPACE}{names}",))
    for name, plain, names in (
        ("qualifiedUsage", "used", "entity"),
        ("qualifiedGeneration", "wasGeneratedBy", "activity"),
        ("qualifiedAssociation", "wasAssociatedWith", "agent"),
        ("qualifiedDerivation", "wasDerivedFrom", "entity"),
        ("qualifiedAttribution", "wasAttributedTo", "agent"),
        ("qualifiedCommunication", "wasInformedBy", "activity"),
    )
} | {
    # PROV-JSONLD qualifies what PROV-O does not; its versions differ in the name of the member.
    f"{_PROVEXT}{name}": (
        f"{PROV_NAMESPACE}{plain}",
        tuple(f"{_PROVEXT}{one}" for one in names.split()),
    )
    for name, plain, names in (
        ("qualifiedSpecialization", "specializationOf", "generalEntity"),
        ("qualifiedMembership", "hadMember", "member collection"),
        ("qualifiedAlternate", "alternateOf", "alternate"),
    )
}
_NAMING = {one for _, names in _QUALIFIED.values() for one in names}
_MOST = 20  # names of a node that qualifies, which has one
# The nodes by which nf-provone relates two things, and the relation of ProvONE that it stands for.
_PAIR = re.compile(f"({_PROVONE})(WasPartOf|HasSubProgram|Controls)\\Z")
_PAIRS = {
    "WasPartOf": ("wasPartOf", "child", "parent"),
    "HasSubProgram": ("hasSubProgram", "parent", "child"),
    "Controls": ("controls", "controller", "program"),
}
_PAIR_END = re.compile(f"({_PROVONE})(child|parent|controller|program)\\Z")
_HAD_PLAN, _PLAN = f"{PROV_NAMESPACE}hadPlan", f"{PROV_NAMESPACE}Plan"
_ENTITY = f"{PROV_NAMESPACE}Entity"
_OWN_SHA256 = re.compile(r".*/attribute/sha256\Z")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}\Z")
_VOCABULARIES = (
    _PROVONE, _SDTH, _WFPROV, _WFDESC, _TAVERNA, _OPMW, _PPLAN, _NANOPUB, _PAV, _PROVEXT,
)  # fmt: skip
_ANY = re.compile("|".join(_VOCABULARIES))

_Tables = list[tuple[re.Pattern[str], dict[str, tuple[str, ...]]]]


def add(quads: Iterable[ox.Quad]) -> list[ox.Quad]:
    """What a document in these vocabularies says in PROV-O, and does not say itself.

    Nothing for a document in none of them.
    """
    said = list(quads)
    if not concerns(_terms(said)):
        return []
    told = list(_relations(said))
    found = [*told, *_classes([*said, *told])]
    there = set(said)
    return [one for one in dict.fromkeys(found) if one not in there]


def concerns(terms: Iterable[str]) -> bool:
    """Whether a document with these properties and classes says more in PROV-O."""
    return any(map(_ANY.match, terms))


def _terms(quads: Iterable[ox.Quad]) -> set[str]:
    found = {quad.predicate.value for quad in quads}
    return found | {
        quad.object.value
        for quad in quads
        if quad.predicate == _TYPE and isinstance(quad.object, ox.NamedNode)
    }


def _look(tables: _Tables, iri: str) -> tuple[str, ...]:
    for pattern, names in tables:
        found = pattern.match(iri)
        if found:
            return names.get(found[found.re.groups], ())
    return ()


def _relations(quads: Sequence[ox.Quad]) -> Iterator[ox.Quad]:
    named: dict[tuple[object, object], list[ox.Quad]] = defaultdict(list)
    for quad in quads:
        if quad.predicate.value in _NAMING or _PAIR_END.match(quad.predicate.value):
            named[quad.subject, quad.graph_name].append(quad)
    for quad in quads:
        subject, predicate, value, graph = quad
        if isinstance(value, ox.Literal):
            if _OWN_SHA256.match(predicate.value) and _SHA256.match(value.value):
                # nf-provone's own key for the digest of a file
                yield ox.Quad(
                    subject, ox.NamedNode(Dnnprov.sha256), ox.Literal(value.value.lower()), graph
                )
            continue
        pair = _PAIR.match(value.value) if predicate == _TYPE else None
        if pair:
            yield from _pair(pair[1], pair[pair.re.groups], named[subject, graph])
        for relation in _look(_RELATIONS, predicate.value):
            yield ox.Quad(subject, ox.NamedNode(relation), value, graph)
        plain, names = _QUALIFIED.get(predicate.value, ("", ()))
        for other in named[value, graph][:_MOST] if plain else ():
            if other.predicate.value in names:
                yield ox.Quad(subject, ox.NamedNode(plain), other.object, graph)


def _pair(namespace: str, name: str, said: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
    """The relation that a node of nf-provone's stands for."""
    relation, first, second = _PAIRS[name]
    ends = {quad.predicate.value.removeprefix(namespace): quad for quad in said}
    if first in ends and second in ends:
        one, other = ends[first].object, ends[second].object
        if isinstance(one, ox.NamedNode) and isinstance(other, ox.NamedNode):
            term = ox.NamedNode(namespace + relation)
            yield ox.Quad(one, term, other, ends[first].graph_name)


def _classes(quads: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
    for subject, predicate, value, graph in quads:
        iri = predicate.value
        kinds = list(_look(_SUBJECTS, iri)) + _ENDS.get(iri, [])[:1]
        if predicate == _TYPE and isinstance(value, ox.NamedNode):
            kinds += _look(_CLASSES, value.value)
        for kind in kinds:
            yield ox.Quad(subject, _TYPE, ox.NamedNode(kind), graph)
        if isinstance(value, ox.Literal):
            continue
        kinds = list(_look(_OBJECTS, iri)) + _ENDS.get(iri, [])[1:]
        if iri == _HAD_PLAN:
            kinds += [_PLAN, _ENTITY]
        for kind in kinds:
            yield ox.Quad(value, _TYPE, ox.NamedNode(kind), graph)
