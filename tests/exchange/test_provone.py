"""Small documents in each vocabulary that is built on PROV-O."""

import json

import pyoxigraph as ox
import pytest

from kprov_rdf.exchange import linked
from kprov_rdf.exchange.foreign import provone
from kprov_rdf.exchange.scope import Scope
from tests.exchange import outcome

PREFIXES = """
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix provone: <http://purl.dataone.org/provone/2015/01/15/ontology#> .
@prefix older: <http://purl.org/provone#> .
@prefix wfprov: <http://purl.org/wf4ever/wfprov#> .
@prefix wfdesc: <http://purl.org/wf4ever/wfdesc#> .
@prefix opmw: <http://www.opmw.org/ontology/> .
@prefix p-plan: <http://purl.org/net/p-plan#> .
@prefix sdth: <http://c2metadata.org/sdth#> .
@prefix np: <http://www.nanopub.org/nschema#> .
@prefix pav: <http://purl.org/pav/> .
@prefix x: <https://openprovenance.org/ns/provext#> .
@prefix e: <http://e.org/> .
"""
PROV = "http://www.w3.org/ns/prov#"


def added(text: str) -> tuple[list[ox.Quad], list[ox.Quad]]:
    quads = list(ox.parse(PREFIXES + text, ox.RdfFormat.TRIG))
    return quads, provone.add(quads)


def said(quads: list[ox.Quad]) -> set[str]:
    """Each statement in three words."""

    def short(term: object) -> str:
        value = str(getattr(term, "value", term))
        return value.replace("#", "/").rpartition("/")[2]

    return {f"{short(q.subject)} {short(q.predicate)} {short(q.object)}" for q in quads}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("e:x a provone:Execution .", {"x type Activity"}),
        ("e:x a older:ProcessExec .", {"x type Activity"}),
        ("e:x a provone:Workflow .", {"x type Plan", "x type Entity"}),
        ("e:x a provone:Data .", {"x type Entity"}),
        ("e:x a provone:User .", {"x type Agent"}),
        ("e:x provone:wasPartOf e:y .", {"x type Activity", "y type Activity"}),
        ("e:x provone:hasInPort e:y .", {"x type Plan", "x type Entity", "y type Entity"}),
        ("e:x a sdth:ProgramStep .", {"x type Plan", "x type Entity"}),
        ("e:x wfprov:usedInput e:y .", {"x used y", "x type Activity", "y type Entity"}),
        (
            "e:x wfprov:wasOutputFrom e:y .",
            {"x wasGeneratedBy y", "x type Entity", "y type Activity"},
        ),
        (
            "e:x wfprov:wasEnactedBy e:y . e:y a wfprov:WorkflowEngine .",
            {"x wasAssociatedWith y", "x type Activity", "y type Agent", "y type SoftwareAgent"},
        ),
        ("e:x wfprov:describedByProcess e:y .",
         {"x type Activity", "y type Plan", "y type Entity"}),
        ("e:x a wfdesc:Parameter .", {"x type Entity"}),
        ("e:x a opmw:WorkflowExecutionAccount .", {"x type Bundle", "x type Entity"}),
        ("e:x opmw:correspondsToTemplateProcess e:y .", {"x type Activity", "y type Entity"}),
        ("e:x p-plan:correspondsToStep e:y .", {"x type Activity", "y type Entity"}),
        ("e:x a np:Assertion .", {"x type Entity"}),
        ("e:x pav:createdBy e:y .", {"x wasAttributedTo y", "x type Entity", "y type Agent"}),
        ("e:x pav:derivedFrom e:y .", {"x wasDerivedFrom y", "x type Entity", "y type Entity"}),
        ("e:x pav:createdBy 'somebody' .", set()),
        (
            "e:x x:qualifiedMembership e:m . e:m x:collection e:y .",
            {"x hadMember y", "x type Entity", "y type Entity"},
        ),
    ],
)  # fmt: skip
def test_what_a_term_entails_is_said(text: str, wanted: set[str]) -> None:
    quads, new = added(text)
    assert said(new) == wanted
    assert not set(new) & set(quads)
    assert outcome.violations(quads + new) == []


def test_the_plain_relation_stands_beside_the_qualified_one() -> None:
    _, new = added(
        "e:x a provone:Execution ; prov:qualifiedUsage e:u ; prov:qualifiedAssociation e:s . "
        "e:u prov:entity e:d ; provone:hadInPort e:p . e:s prov:agent e:a ; prov:hadPlan e:w . "
        "e:d prov:qualifiedGeneration [ prov:activity e:y ] ."
    )
    assert said(new) >= {
        "x used d", "x wasAssociatedWith a", "d wasGeneratedBy y", "p type Entity", "w type Plan",
    }  # fmt: skip
    assert not any(one.startswith(("u type", "s type")) for one in said(new))


def test_what_is_said_stands_in_the_graph_that_says_it() -> None:
    """A nanopublication: its provenance is in a graph of its own."""
    quads, new = added(
        "e:head { e:np a np:Nanopublication ; np:hasProvenance e:provenance . } "
        "e:provenance { e:assertion prov:wasDerivedFrom e:paper . } "
        "e:pubinfo { e:np pav:createdBy <https://orcid.org/0000-0002-1825-0097> . }"
    )
    graphs = {one.graph_name.value.rpartition("/")[2]: said([one]) for one in quads}
    assert graphs["provenance"] == {"assertion wasDerivedFrom paper"}
    where = {next(iter(said([one]))): one.graph_name.value for one in new}
    assert where["assertion type Entity"] == "http://e.org/provenance"
    assert where["np wasAttributedTo 0000-0002-1825-0097"] == "http://e.org/pubinfo"


@pytest.mark.parametrize(
    "text", ["e:x prov:used e:y .", "e:x a e:Execution .", "e:x a 'provone:Execution' ."]
)
def test_nothing_is_added_to_documents_in_other_terms(text: str) -> None:
    assert added(text)[1] == []


def test_the_json_ld_of_nextflow_has_its_times_and_digests() -> None:
    """As nf-provone writes it, whose context is at an address, with a class of ProvONE's."""
    document = {
        "@context": [
            {"provone": "http://purl.dataone.org/provone/2015/01/15/ontology#",
             "prov": PROV, "ex": "http://e.org/"},
            "http://openprovenance.org/prov.jsonld",
        ],
        "@graph": [
            {"@type": "provone:Execution", "@id": "ex:run",
             "startTime": "2026-02-08T05:40:28.829+01:00", "prov:label": [{"@value": "INDEX"}]},
            {"@type": "provone:Data", "@id": "ex:data", "sha256": "AB" * 32},
            {"@type": "prov:Usage", "activity": "ex:run", "entity": "ex:data"},
            {"@type": "provone:WasPartOf", "provone:child": "ex:run", "provone:parent": "ex:whole"},
            {"@type": "provone:HasSubProgram", "provone:child": "ex:program",
             "provone:parent": "ex:flow"},
            {"@type": "provone:Controls", "provone:controller": "ex:nextflow",
             "provone:program": "ex:flow"},
            {"@type": "prov:Generation", "entity": "ex:out", "activity": "ex:run"},
            {"@type": "prov:Association", "@id": "ex:'{{odd}}'", "activity": "ex:run",
             "agent": "ex:me", "plan": "ex:program"},
        ],
    }  # fmt: skip
    scope = Scope("http://localhost:8642/import/sha256-x")
    quads, _ = linked.parse(document, "a.jsonld", scope, outcome.BASE)
    whole = [*quads, *provone.add(quads)]
    assert said(whole) >= {
        "run type Activity", "run startedAtTime 2026-02-08T05:40:28.829+01:00", "run label INDEX",
        "run used data", "out wasGeneratedBy run", "run wasAssociatedWith me",
        "run wasPartOf whole", "whole type Activity", "flow hasSubProgram program",
        "nextflow controls flow", "program type Plan", f"data sha256 {'ab' * 32}",
    }  # fmt: skip
    assert outcome.lost(json.loads(json.dumps(document)), whole) <= {"ex:'{{odd}}'"}
    assert outcome.violations(whole) == []
