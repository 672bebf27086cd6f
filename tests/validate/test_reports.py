"""What was found, in each form that it is written in."""

import json
import re
from types import ModuleType
from xml.etree import ElementTree

import pyoxigraph as ox
import pytest

from kprov_rdf import resources
from kprov_rdf.validate.catalog import RULES
from kprov_rdf.validate.reports import junit, machine, plain, sarif, turtle
from kprov_rdf.validate.reports.found import Graph, Target, status
from kprov_rdf.validate.shape_terms import SH
from kprov_rdf.validate.violations import Outcome, Step, Violation
from tests.validate.findings import ALL, BACK, FINDING, INVALID, MALFORMED, SHAPED, UNREAD, VALID

RDFS = "http://www.w3.org/2000/01/rdf-schema#"


def told(*targets: Target) -> str:
    return "\n".join(text for text, _ in plain.lines(targets))


@pytest.mark.parametrize(
    ("target", "expected"), [(VALID, 0), (INVALID, 1), (SHAPED, 1), (MALFORMED, 1), (UNREAD, 2)]
)
def test_the_status_of_a_target(target: Target, expected: int) -> None:
    assert target.status == expected
    assert status([VALID, target]) == expected


def test_the_worst_status_counts() -> None:
    assert status([INVALID, UNREAD, VALID]) == 2
    assert status([]) == 0


def test_a_warning_makes_nothing_invalid() -> None:
    graph = SHAPED.graphs[1]
    assert Target("x", graphs=(graph,)).status == 0
    assert told(Target("x", graphs=(graph,))).endswith("1 graph checked: valid, 1 warning")


# -- text


def test_a_violation_has_its_constraint_its_statements_and_what_mends_it() -> None:
    assert told(INVALID).startswith(
        "run.provn\n"
        "  constraint 42, derivation-generation-generation-ordering (by inference 7)\n"
        "  ex:e1 is generated before itself.\n"
        "    line 12  wasDerivedFrom(ex:e2, ex:e1)\n"
        "    more.provn:15  wasDerivedFrom(ex:e1, ex:e2)\n"
        "  each event comes before the next one, and the last before the first:\n"
        "    generation of ex:e1 at 2012-03-02T10:30:00, strictly before the next by constraint 42"
        ": line 12  wasDerivedFrom(ex:e2, ex:e1)\n"
        "    generation of ex:e2, not after the next by constraint 45"
        ": more.provn:15  wasDerivedFrom(ex:e1, ex:e2)\n"
        "  Take one of these statements away.\n"
        "  https://www.w3.org/TR/2013/REC-prov-constraints-20130430/"
        "#derivation-generation-generation-ordering\n"
    )


def test_a_bundle_is_named_and_what_is_not_listed_is_counted() -> None:
    text = told(INVALID)
    assert "run.provn\n  in http://e/bundle\n  constraint 24, unique-generation\n" in text
    assert "run.provn in http://e/bundle: 4 violations more were counted only." in text
    assert "2 groups of events can only be simultaneous, which is valid." in text
    assert "run.provn: SHACL was skipped. It cannot be said." in text
    assert text.endswith("2 graphs checked: INVALID, 6 violations")


def test_a_malformed_document_has_line_and_column() -> None:
    text = told(MALFORMED)
    assert text.startswith("my run.provn:3:7\n  malformed\n  A bracket is missing.\n  Add it.\n")
    assert text.endswith("0 graphs checked: INVALID, 1 document malformed")


def test_the_last_line_counts_everything() -> None:
    assert told(*ALL).endswith(
        "5 graphs checked: INVALID, 7 violations, 1 document malformed, 1 warning, "
        "1 target not read (1 of them in the lenient profile)"
    )
    assert told(VALID, UNREAD).endswith("not all could be checked, 1 target not read")


def test_a_flood_of_violations_is_counted() -> None:
    flood = Outcome("x", None, "PROV-N", 999, (INVALID.outcomes[1].violations[0],) * 250)
    text = told(Target("x", (flood,)))
    assert text.count("Two times.") == 100
    assert "and 150 more (--format json has all):\n  150 of unique-generation\n" in text


# -- JSON


def test_json_has_all_of_it() -> None:
    found = json.loads(machine.text(ALL))
    assert (found["conforms"], found["status"], found["graphs"]) == (False, 2, 5)
    assert found["profiles"] == {"lenient": 1, "strict": 1}
    (violation,), (warning,) = found["violations"], found["warnings"]
    assert (violation["graph"], violation["node"]) == ("run.ttl", "http://e/a")
    assert warning["shape"] == "http://e/Own"
    (cycle,) = found["constraints"][0]["violations"]
    assert (cycle["constraint"], cycle["also"], len(cycle["chain"])) == (42, [7], 2)
    assert cycle["statements"][1] == {"text": BACK.text, "line": 15, "document": "more.provn"}
    assert found["constraints"][1]["unlisted"] == 4
    assert found["malformed"][0]["column"] == 7
    assert found["unread"] == [{"target": "none.provn", "reason": UNREAD.unread}]
    assert found["notes"][0]["target"] == "run.provn"


# -- Turtle


def parsed(*targets: Target) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(turtle.text(targets), ox.RdfFormat.TURTLE)]


def values(triples: list[ox.Triple], predicate: str, namespace: str = turtle.CONS) -> list[str]:
    return [str(one.object) for one in triples if one.predicate.value == namespace + predicate]


def test_turtle_has_a_report_of_shacl() -> None:
    triples = parsed(SHAPED)
    assert len(values(triples, "result", SH)) == 2
    assert values(triples, "conforms", SH)[0].startswith('"false"')
    assert "<http://e/a>" in values(triples, "focusNode", SH)
    assert values(triples, "resultPath", SH) == ["<http://e/p>"]
    assert values(triples, "value", SH) == ['"file.csv"@en']
    assert values(triples, "sourceShape", SH) == [f"<{FINDING.shape}>", "<http://e/Own>"]
    assert set(values(triples, "resultSeverity", SH)) == {f"<{SH}Violation>", f"<{SH}Warning>"}


def test_turtle_says_what_the_constraints_found() -> None:
    triples = parsed(INVALID, MALFORMED, UNREAD)
    assert values(triples, "constraint") == [f"<{turtle.CONS}PROV-{n}>" for n in (42, 24)]
    assert values(triples, "document").count('"more.provn"') == 2
    assert values(triples, "instance") == ["<http://e/bundle>"]
    assert [one.split('"')[1] for one in values(triples, "line")] == ["12", "15", "12", "15", "3"]
    assert values(triples, "time") == ['"2012-03-02T10:30:00"']
    assert not any(one.predicate.value.startswith(SH) for one in triples), "no shapes were asked"


def test_the_chain_in_turtle_is_a_list_in_its_order() -> None:
    graph = {
        (str(one.subject), one.predicate.value.rpartition("#")[2]): str(one.object)
        for one in parsed(INVALID)
    }
    at = next(value for (_, name), value in graph.items() if name == "chain")
    events = []
    while (at, "first") in graph:
        events.append(graph[graph[at, "first"], "event"])
        at = graph[at, "rest"]
    assert events == ['"generation of ex:e1"', '"generation of ex:e2"']
    assert at.endswith("#nil>")


def test_a_focus_node_may_be_a_literal_and_a_value_anything() -> None:
    def of(node: str, value: str | None) -> list[ox.Triple]:
        fields = {**vars(FINDING), "node": node, "value": value, "term": None}
        return parsed(Target("x", graphs=(Graph("x", None, "strict", (type(FINDING)(**fields),)),)))

    triples = of('"5"^^<http://www.w3.org/2001/XMLSchema#integer>', "not an IRI")
    assert values(triples, "focusNode", SH)[0].startswith('"5"^^')
    assert values(triples, "value", SH) == ['"not an IRI"']
    assert values(of('"broken', None), "focusNode", SH)[0].startswith("_:")


# -- the vocabulary of the constraints


def vocabulary() -> list[ox.Triple]:
    text = resources.texts("ontology", ".ttl")["constraints.ttl"]
    return [quad.triple for quad in ox.parse(text, ox.RdfFormat.TURTLE)]


def test_every_rule_has_an_iri_and_leads_into_the_recommendation() -> None:
    links = {
        one.subject.value: one.object.value
        for one in vocabulary()
        if one.predicate.value == f"{RDFS}seeAlso"
    }
    assert links == {f"{turtle.CONS}PROV-{number}": rule.link for number, rule in RULES.items()}


def test_every_term_of_the_vocabulary_is_explained() -> None:
    triples = vocabulary()
    terms = {str(one.subject) for one in triples}
    for name in ("label", "comment"):
        said = {str(one.subject) for one in triples if one.predicate.value == RDFS + name}
        assert said == terms


def test_the_report_uses_no_other_terms() -> None:
    known = {str(one.subject) for one in vocabulary()}
    used = set(re.findall(rf"<{re.escape(turtle.CONS)}[^>]*>", "\n".join(map(str, parsed(*ALL)))))
    assert used
    assert used <= known


# -- SARIF


def sarif_log(*targets: Target) -> dict:  # type: ignore[type-arg]
    return json.loads(sarif.text(targets))


def check_location(location: dict) -> None:  # type: ignore[type-arg]
    """Sections 3.28 to 3.30 of SARIF 2.1.0."""
    physical = location["physicalLocation"]
    uri = physical["artifactLocation"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", uri), uri
    region = physical.get("region", {"startLine": 1})
    assert region["startLine"] >= 1
    assert region.get("startColumn", 1) >= 1
    for logical in location.get("logicalLocations", ()):
        assert logical["fullyQualifiedName"]


def test_sarif_has_what_its_standard_requires() -> None:
    log = sarif_log(*ALL)
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "kprov"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    assert {f"PROV-{number}" for number in range(22, 57)} < set(ids)
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["helpUri"].startswith("http")
    for result in run["results"]:
        assert result["level"] in ("none", "note", "warning", "error")
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["message"]["text"]
        for location in result["locations"]:
            check_location(location)
        numbers = [one["id"] for one in result.get("relatedLocations", ())]
        assert numbers == list(range(1, len(numbers) + 1))
        for related in result.get("relatedLocations", ()):
            check_location(related)
            assert related["message"]["text"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 2
    for notification in invocation["toolExecutionNotifications"]:
        assert notification["message"]["text"]
        assert notification["level"] in ("none", "note", "warning", "error")


def test_sarif_places_each_statement() -> None:
    results = sarif_log(INVALID)["runs"][0]["results"]
    assert [one["ruleId"] for one in results] == ["PROV-42", "PROV-24"]
    cycle, key = results
    region = cycle["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 12}
    related = [
        one["physicalLocation"]["artifactLocation"]["uri"] for one in cycle["relatedLocations"]
    ]
    assert related == ["more.provn", "run.provn", "more.provn"], "a statement, and two events"
    assert "region" not in key["locations"][0]["physicalLocation"], "its line is not known"


def test_sarif_tells_warnings_from_errors() -> None:
    results = sarif_log(SHAPED, MALFORMED)["runs"][0]["results"]
    assert [(one["ruleId"], one["level"]) for one in results] == [
        ("SHACL-EntityPlace", "error"),
        ("SHACL http://e/Own", "warning"),
        ("PROV-malformed", "error"),
    ]


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("a b/ü.provn", "a%20b/%C3%BC.provn"),
        ("/tmp/x#y.provn", "file:///tmp/x%23y.provn"),
        (r"C:\runs\x.ttl", "file:///C:/runs/x.ttl"),
        ("http://e/g?x=1#run", "http://e/g?x=1#run"),
        ("-", "-"),
    ],
)
def test_sarif_names_files_by_uri(name: str, uri: str) -> None:
    assert sarif.uri(name) == uri


# -- JUnit


def test_junit_has_a_suite_for_each_target() -> None:
    root = ElementTree.fromstring(junit.text(ALL))
    assert [suite.get("name") for suite in root] == [one.name for one in ALL]
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("8", "4", "1")
    names = [case.get("name") for case in root.iter("testcase")]
    assert names == [
        "constraints: toplevel",
        "constraints: http://e/bundle",
        "constraints: toplevel",
        "shapes: default graph",
        "shapes: http://e/g",
        "well-formed",
        "read",
        "constraints: toplevel",
    ]
    failure = next(root.iter("failure"))
    assert failure.get("type") == "PROV-42"
    assert "line 12  wasDerivedFrom(ex:e2, ex:e1)" in (failure.text or "")
    assert next(root.iter("error")).get("message") == UNREAD.unread


def test_junit_holds_any_name() -> None:
    odd = 'a<b>&"\x00\x1b\ud800.provn'
    violation = Violation(odd, None, 55, "]]> <x>\x08", "")
    text = junit.text([Target(odd, (Outcome(odd, None, "PROV-N", 1, (violation,)),))])
    (suite,) = ElementTree.fromstring(text.encode())
    assert suite.get("name") == 'a<b>&"\ufffd\ufffd\ufffd.provn'
    assert next(suite.iter("failure")).get("message") == "]]> <x>\ufffd"


@pytest.mark.parametrize("form", [turtle, sarif, machine, junit])
def test_a_name_that_is_no_text_can_be_told(form: ModuleType) -> None:
    name = "run-\udcff.provn"  # as the system gives the name with the byte 0xff
    outcome = Outcome(name, None, "PROV-N", 1, (Violation(name, None, 55, "Both.", ""),))
    assert "run-" in form.text([Target(name, (outcome,))])


def test_a_long_chain_is_cut_in_the_middle() -> None:
    steps = tuple(Step(f"generation of ex:e{i}", 42, True) for i in range(1000))
    wrong = Violation("run.provn", None, 42, "A cycle.", "", (), (), steps)
    text = [line for line, _ in plain.violation(wrong)]
    assert [line.split(",")[0].strip() for line in text[4:6]] == [
        "generation of ex:e0", "generation of ex:e1",
    ]  # fmt: skip
    assert "    … 980 more (--format json has all) …" in text
    assert sum("generation of" in line for line in text) == 20
