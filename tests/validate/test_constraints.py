"""Each constraint, alone and switched off; the cases of the W3C; reasons."""

import csv
import json
from pathlib import Path

import pytest

from kprov_rdf.dm import model
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.errors import InputError
from kprov_rdf.validate import inputs, ordering
from kprov_rdf.validate.catalog import RULES
from kprov_rdf.validate.constraints import ALL, check
from kprov_rdf.validate.violations import Outcome, Violation
from tests.validate import naive
from tests.validate.rules import HELD, INFERRED, VIOLATED, document

SHARED = Path(__file__).parents[3] / "shared" / "data"
SUITE = SHARED / "prov-constraints"
# A revision "was associated with" an agent, though it is an entity: by constraints 50 and 55 that
# is invalid, whatever the name of the case says.
DISPUTED = {"prov-o-property-qualifiedRevision-PASS.ttl"}


def outcomes(statements: str, rules: frozenset[int] = ALL) -> list[Outcome]:
    return check(inputs.read(document(statements), "case.provn"), rules)


def violations(statements: str, rules: frozenset[int] = ALL) -> list[Violation]:
    return [one for found in outcomes(statements, rules) for one in found.violations]


def numbers(statements: str, rules: frozenset[int] = ALL) -> set[int]:
    return {number for one in violations(statements, rules) for number in one.numbers}


def cases(table: dict[int, list[str]]) -> list[tuple[int, str]]:
    return [(number, case) for number, found in table.items() for case in found]


@pytest.mark.parametrize(("number", "case"), cases(VIOLATED))
def test_a_violated_constraint_is_named_and_without_it_is_not(number: int, case: str) -> None:
    assert number in numbers(case)
    assert number not in numbers(case, ALL - {number})


@pytest.mark.parametrize(("number", "case"), cases(HELD))
def test_what_holds_is_valid(number: int, case: str) -> None:
    assert violations(case) == []


@pytest.mark.parametrize("number", INFERRED)
def test_an_inference_changes_the_verdict(number: int) -> None:
    assert violations(INFERRED[number])
    assert violations(INFERRED[number], ALL - {number}) == []


def test_every_constraint_has_cases() -> None:
    constraints = {number for number in RULES if number >= 22}
    assert set(VIOLATED) == set(HELD) == constraints


def suite() -> list[dict[str, str]]:
    path = SUITE / "manifest.csv"
    return list(csv.DictReader(path.read_text().splitlines())) if path.exists() else []


@pytest.mark.skipif(not SUITE.exists(), reason="the cases of the W3C are not here")
@pytest.mark.parametrize("row", suite(), ids=lambda row: str(row["path"]))
def test_cases_of_the_w3c(row: dict[str, str]) -> None:
    path = SUITE / row["path"]
    found: set[str] = set()
    try:
        for outcome in check(inputs.read(path.read_bytes(), path.name)):
            for one in outcome.violations:
                found |= {str(number) for number in one.numbers} or {"DM"}
    except MalformedError:
        found = {"DM"}
    if path.name in DISPUTED:
        assert found == {"50", "55"}
        return
    assert bool(found) == (row["expected"] == "fail")
    if row["expected"] == "fail":
        assert set(row["constraint"].split()) <= found


WILD = SHARED / "wild"
# What is no provenance that we read, and why not.
REFUSED = {
    "flowcept/sample_data.json": "FlowCept",
    "openlineage/example_full_event.json": "OpenLineage",
    "nf-provone/provone_provenance.jsonld": "@context",
    "workflow-run-crate/nf-prov.ro-crate-metadata.json": "RO-Crate",
    "workflow-run-crate/runcrate-cwltool.ro-crate-metadata.json": "RO-Crate",
    "workflow-run-crate/snakemake.ro-crate-metadata.json": "RO-Crate",
    "workflow-run-crate/wfexs-cosifer-nxf.ro-crate-metadata.json": "RO-Crate",
}
MALFORMED = {
    "nidm/cff-sample.provn": "5:",  # nidm:nidm:ConnectomeFileFormat
    "noworkflow/now_export.provn": "1:1",  # no "document"
    "taverna-wf4ever/wf1099-run1.prov.ttl": "14:1",  # the prefix : is not declared
}


def wild() -> list[str]:
    found = (path for path in WILD.rglob("*") if path.is_file() and path.name != "manifest.csv")
    return sorted(str(path.relative_to(WILD)) for path in found)


@pytest.mark.skipif(not WILD.exists(), reason="the documents of other tools are not here")
@pytest.mark.parametrize("name", wild())
def test_documents_of_other_tools_have_a_verdict_or_a_reason(name: str) -> None:
    data = (WILD / name).read_bytes()
    wanted: type[Exception] = MalformedError if name in MALFORMED else InputError
    if name in REFUSED or name in MALFORMED:
        with pytest.raises(wanted, match=REFUSED.get(name) or MALFORMED[name]):
            inputs.read(data, name)
        return
    (found, *_) = check(inputs.read(data, name))
    # All eight documents of one run of cwltool: the activity has one start time, its start another.
    wrong = {28} if "cwlprov" in name else set()
    wrong_now = {number for one in found.violations for number in one.numbers}
    assert wrong_now == wrong
    if "revsort" in name:
        assert found.statements == 48


# -- what statements say together


def test_relations_of_one_identifier_are_one_influence() -> None:
    """Inference 15 with constraint 23: what the one leaves out, the other says."""
    (found,) = violations(
        "wasGeneratedBy(ex:i; ex:e, -, -) wasInfluencedBy(ex:i; ex:e, ex:f) entity(ex:f)"
    )
    assert found.numbers == (50, 55)


def test_what_specializes_an_entity_is_one_and_identifies_no_relation() -> None:
    (found,) = violations(
        "entity(ex:f) specializationOf(ex:e, ex:f) wasGeneratedBy(ex:e; ex:g, ex:a, -)"
    )
    assert found.numbers == (21, 54)


def test_one_variable_is_not_two_names() -> None:
    informed = [{"prov:informed": f"ex:{one}", "prov:informant": f"ex:{one}a"} for one in "ab"]
    informed[1] = dict.fromkeys(informed[1], "_:both")
    text = json.dumps({"prefix": {"ex": "http://e/"}, "wasInformedBy": {"ex:i": informed}})
    (found,) = check(inputs.read(text.encode(), "x.json"))
    assert [one.numbers for one in found.violations] == [(23,)]


# -- reasons


def test_a_violation_cites_both_statements_and_their_lines() -> None:
    (found,) = violations("wasGeneratedBy(ex:g; ex:e, ex:a, -) wasGeneratedBy(ex:h; ex:e, ex:a, -)")
    assert [(one.text, one.line) for one in found.cited] == [
        ("wasGeneratedBy(ex:g; ex:e, ex:a, -)", 3),
        ("wasGeneratedBy(ex:h; ex:e, ex:a, -)", 4),
    ]
    assert found.title == "unique-generation"
    assert found.link.endswith("REC-prov-constraints-20130430/#unique-generation")
    assert "identifier" in found.message


def test_a_conflict_cites_the_statement_that_said_it_not_the_one_it_was_merged_into() -> None:
    (found, *_) = violations(
        "used(ex:u; ex:a, ex:e, -) used(ex:u; ex:a, -, 2026-01-01T00:00:00)"
        " used(ex:u; ex:a, -, 2026-01-02T00:00:00)"
    )
    assert [one.line for one in found.cited] == [4, 5]


def test_a_cycle_is_told_as_the_shortest_chain_of_events_with_their_times() -> None:
    statements = " ".join(f"entity(ex:e{i})" for i in range(9))
    statements += " ".join(f" wasDerivedFrom(ex:e{i + 1}, ex:e{i})" for i in range(8))
    statements += " wasGeneratedBy(ex:g; ex:e2, -, 2026-01-01T00:00:00)"
    statements += " wasDerivedFrom(ex:e2, ex:e5)"
    shortest = min(violations(statements), key=lambda one: len(one.chain))
    assert [(step.event, step.constraint, step.strict) for step in shortest.chain] == [
        ("generation of ex:e2 (ex:g)", 42, True),
        ("generation of ex:e3", 42, True),
        ("generation of ex:e4", 42, True),
        ("generation of ex:e5", 42, True),
    ]
    assert shortest.chain[0].time == "2026-01-01T00:00:00"
    assert [one.text for one in shortest.cited][-1] == "wasDerivedFrom(ex:e2, ex:e5, -, -, -)"


def test_simultaneous_events_are_counted_and_valid() -> None:
    (found,) = outcomes("wasGeneratedBy(ex:e, ex:a, -) wasStartedBy(ex:a, ex:e, -, -)")
    assert (found.valid, found.cycles) == (True, 1)


def test_each_bundle_is_checked_by_itself() -> None:
    text = """document
    prefix ex <http://example.org/>
    entity(ex:x)
    bundle ex:b
      activity(ex:x)
    endBundle
    bundle ex:c
      entity(ex:y) activity(ex:y)
    endBundle
    endDocument"""
    found = check(inputs.read(text.encode(), "bundles.provn"))
    assert [(one.instance, one.valid) for one in found] == [
        (None, True), ("http://example.org/b", True), ("http://example.org/c", False),
    ]  # fmt: skip


def test_documents_that_are_valid_each_may_contradict_each_other() -> None:
    start = "activity(ex:a, 2026-01-0{}T00:00:00, -)"
    parts = [inputs.read(document(start.format(n)), f"{n}.provn") for n in (1, 2)]
    assert all(one.valid for part in parts for one in check(part))
    (found,) = check(inputs.union(parts))
    (wrong,) = found.violations
    assert wrong.numbers == (22,)
    assert [(one.document, one.line) for one in wrong.cited] == [("1.provn", 3), ("2.provn", 3)]


def test_blank_nodes_of_two_documents_are_two() -> None:
    text = b"_:g a <http://www.w3.org/ns/prov#Generation> . <http://e/%d> "
    text += b"<http://www.w3.org/ns/prov#qualifiedGeneration> _:g ."
    parts = [inputs.read(text % n, f"{n}.ttl") for n in (1, 2)]
    (found,) = check(inputs.union(parts))
    assert found.valid


# -- RDF


def turtle(text: str) -> list[Violation]:
    prefixes = "@prefix prov: <http://www.w3.org/ns/prov#> . @prefix ex: <http://example.org/> .\n"
    found = check(inputs.read((prefixes + text).encode(), "x.ttl"))
    return [one for outcome in found for one in outcome.violations]


def test_two_values_on_a_node_that_qualifies_are_two_statements_of_one_identifier() -> None:
    (found,) = turtle("ex:e prov:qualifiedGeneration ex:g . ex:g prov:activity ex:a, ex:b .")
    assert found.numbers == (23,)


def test_a_named_and_an_anonymous_event_become_one() -> None:
    assert not turtle(
        "ex:e prov:qualifiedGeneration ex:g, [ prov:activity ex:a ] . ex:g prov:activity ex:a ."
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ex:i a prov:Usage, prov:Influence ; prov:entity ex:x .", {55}),
        ("ex:i a prov:Influence, prov:Usage ; prov:entity ex:x .", {55}),
        ("ex:i a prov:Revision, prov:Derivation ; prov:entity ex:x .", {42}),
        ("ex:i a prov:EntityInfluence ; prov:entity ex:y, ex:z .", {23}),
        ("ex:i prov:agent ex:y .", set()),
        ("ex:i a prov:Mention ; prov:influencer ex:y .", set()),
    ],
)
def test_the_class_of_a_node_says_which_influence_it_is(text: str, wanted: set[int]) -> None:
    found = turtle(f"ex:x a prov:Entity ; prov:qualifiedInfluence ex:i . {text}")
    assert {one.constraint for one in found} == wanted


def test_a_byte_order_mark_is_no_part_of_rdf() -> None:
    text = "\ufeff<http://e/a> <http://www.w3.org/ns/prov#wasDerivedFrom> <http://e/b> ."
    for suffix in ("ttl", "trig", "nt", "nq"):
        assert len(inputs.read(text.encode(), f"x.{suffix}").toplevel) == 1


def test_lines_of_n_quads() -> None:
    generated = "<http://e/e> <http://www.w3.org/ns/prov#qualifiedGeneration> <http://e/{}> ."
    by = "<http://e/{}> <http://www.w3.org/ns/prov#activity> <http://e/a> ."
    text = "\n".join(["# a comment", "", *(one.format(g) for g in "gh" for one in (generated, by))])
    (outcome,) = check(inputs.read(text.encode(), "x.nq"))
    assert [one.line for one in outcome.violations[0].cited] == [3, 5]


@pytest.mark.parametrize(
    "text",
    [
        'ex:e prov:wasAttributedTo "Ada" .',
        'ex:e prov:generatedAtTime "yesterday" .',
        "ex:e prov:generatedAtTime ex:now .",
        "ex:g a prov:Generation .",
        "ex:e prov:qualifiedDerivation [ prov:hadActivity ex:a ] .",
        "ex:e prov:mentionOf ex:f .",
    ],
)
def test_what_breaks_prov_dm_is_malformed(text: str) -> None:
    found = turtle(text)
    assert [one.title for one in found] == ["malformed"]
    assert found[0].mend


def test_what_is_malformed_has_its_bundle_and_its_line() -> None:
    prov, of = "http://www.w3.org/ns/prov#", "<http://e/g>"
    text = (
        f'<http://e/x> <{prov}wasAttributedTo> "Ada" {of} .\n'
        f"<http://e/d> <{prov}qualifiedDerivation> <http://e/q> {of} .\n"
        f'<http://e/x> <{prov}generatedAtTime> "now" .\n'
    )
    toplevel, bundle = check(inputs.read(text.encode(), "x.nq"))
    assert [one.cited[0].line for one in bundle.violations] == [1, 2]
    assert [one.cited[0].line for one in toplevel.violations] == [3]
    assert {(one.document, one.instance) for one in bundle.violations} == {("x.nq", "http://e/g")}
    (whole,) = check(inputs.union([inputs.read(text.encode(), "x.nq")]))
    assert [one.instance for one in whole.violations] == ["http://e/g", None, "http://e/g"]


# -- beside the rules by the letter


def told(data: bytes) -> list[naive.Told]:
    """The statements of PROV-N for the rules by the letter."""
    toplevel = inputs.read(data, "x.provn").toplevel
    texts: list[str | None] = [None, None, *toplevel.terms.text[2:]]
    return [
        (kind, texts[identifier], tuple(texts[column[row]] for column in rows.columns))
        for kind, rows in toplevel.rows.items()
        for row, identifier in enumerate(rows.ids)
    ]


@pytest.mark.parametrize(("number", "case"), cases(VIOLATED) + cases(HELD))
def test_rules_by_the_letter_agree(number: int, case: str) -> None:
    if "[" not in case:  # attributes are beyond them
        assert naive.valid(told(document(case))) == (not violations(case))


@pytest.mark.skipif(not SUITE.exists(), reason="the cases of the W3C are not here")
def test_rules_by_the_letter_agree_on_the_cases_of_the_w3c() -> None:
    wrong = []
    for row in suite():
        data = (SUITE / row["path"]).read_bytes()
        malformed_or_typed = {"DM", "56"} & set(row["constraint"].split())
        if row["format"] != "provn" or malformed_or_typed:
            continue
        if naive.valid(told(data)) != (row["expected"] == "pass"):
            wrong.append(row["path"])
    assert wrong == []


# -- large ones

MANY = 20_000


def test_a_long_chain_is_valid_and_a_long_cycle_is_told_once() -> None:
    chain = "\n".join(f"entity(ex:e{i}) wasDerivedFrom(ex:e{i + 1}, ex:e{i})" for i in range(MANY))
    assert not violations(chain)
    (found,) = outcomes(f"{chain}\nentity(ex:e{MANY}) wasDerivedFrom(ex:e0, ex:e{MANY})")
    assert [len(one.chain) for one in found.violations] == [MANY + 1]
    assert found.more == 0


def test_long_cycles_are_told_until_the_search_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way back goes all around, past the other derivations."""
    ring = [f"wasAttributedTo(ex:e{(i + 1) % 100}, ex:e{i})" for i in range(100)]
    ring += [
        f"entity(ex:y{i}) wasDerivedFrom(ex:y{i}, ex:e{i})"
        f" wasAttributedTo(ex:z{i}, ex:y{i}) wasAttributedTo(ex:e{i + 1}, ex:z{i})"
        for i in range(0, 100, 10)
    ]
    (found,) = outcomes("\n".join(ring))
    assert (len(found.violations), found.more) == (10, 0)
    monkeypatch.setattr(ordering, "_VISITED", 300)
    (found,) = outcomes("\n".join(ring))
    assert len(found.violations) + found.more == 10
    assert 0 < len(found.violations) < 5


def test_many_existentials_become_one_and_contradict_each_other() -> None:
    more = "\n".join(
        f"ex:e prov:qualifiedGeneration _:g{i} . _:g{i} prov:activity ex:a ."
        f" ex:d{i} prov:qualifiedDerivation [ prov:entity ex:e0 ; prov:hadActivity ex:a ;"
        f" prov:hadGeneration _:g{i} ] ."
        for i in range(1000)
    )
    found = turtle(more)
    # The generation of ex:e is that of each ex:d too: inference 11 with constraint 23.
    assert {one.numbers for one in found} == {(23,)}


def test_a_node_that_many_share_with_many_values_makes_no_more_statements_than_there_are() -> None:
    text = "@prefix prov: <http://www.w3.org/ns/prov#> . @prefix ex: <http://example.org/> .\n"
    text += "\n".join(
        f"ex:a{i} prov:qualifiedUsage ex:u . ex:u prov:entity ex:e{i} ." for i in range(1000)
    )
    document = inputs.read(text.encode(), "x.ttl")
    assert len(document.toplevel) == 1999
    (found,) = check(document)
    assert len(found.violations) + found.more == 1998


def test_too_many_graphs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "MAX_BUNDLES", 10)
    text = [f"<http://e/{i}> {{ <http://e/e> a <http://e/c> }}" for i in range(11)]
    assert len(inputs.read("\n".join(text[1:]).encode(), "x.trig").bundles) == 10
    with pytest.raises(InputError, match="more than 10 bundles"):
        inputs.read("\n".join(text).encode(), "x.trig")


def test_violations_are_counted_beyond_the_first_hundred() -> None:
    (found,) = outcomes("\n".join(f"used(ex:u; ex:a{i}, -, -)" for i in range(500)))
    assert (len(found.violations), found.more) == (100, 399)
