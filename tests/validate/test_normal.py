"""Each inference, and each uniqueness constraint, shows in the normal form; without it, not."""

import pytest

from kprov_rdf.errors import LimitError
from kprov_rdf.validate import inputs
from kprov_rdf.validate.closures import Budget
from kprov_rdf.validate.constraints import check
from kprov_rdf.validate.homomorphism import Translation, lacking
from kprov_rdf.validate.normal import ALL, normal_form
from tests.validate.rules import document

_TURTLE = """
@prefix prov: <http://www.w3.org/ns/prov#> . @prefix ex: <http://example.org/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
_NOON = "2026-01-01T12:00:00"
_AT_NOON = f'prov:atTime "{_NOON}"^^xsd:dateTime'
# By rule: what a document in PROV-N tells, and what follows, in Turtle: blank nodes are things
# that there are.
FOLLOWS: list[tuple[int, str, str]] = [
    (
        5,
        "wasInformedBy(ex:i; ex:b, ex:a)",
        "_:e prov:wasGeneratedBy ex:a . ex:b prov:used _:e .",
    ),
    (6, "wasGeneratedBy(ex:e, ex:a, -) used(ex:b, ex:e, -)", "ex:b prov:wasInformedBy ex:a ."),
    (
        6,
        "wasStartedBy(ex:s; ex:a, ex:e, -, -) used(ex:b, ex:e, -)",
        "ex:a prov:qualifiedStart ex:s . ex:s prov:entity ex:e ; prov:hadActivity _:x ."
        " ex:b prov:wasInformedBy _:x .",
    ),
    (7, "entity(ex:e)", "ex:e prov:wasGeneratedBy _:a ."),
    (7, "entity(ex:e)", "ex:e prov:wasInvalidatedBy _:a ."),
    (7, "wasAttributedTo(ex:e, ex:ag) entity(ex:e)", "ex:e prov:wasInvalidatedBy _:a ."),
    (
        8,
        f"activity(ex:a, {_NOON}, -)",
        f"ex:a prov:qualifiedStart [ prov:entity _:e ; prov:hadActivity _:b ; {_AT_NOON} ] .",
    ),
    (
        8,
        f"activity(ex:a, -, {_NOON})",
        f"ex:a prov:qualifiedEnd [ prov:entity _:e ; prov:hadActivity _:b ; {_AT_NOON} ] .",
    ),
    (9, "wasStartedBy(ex:a, ex:e, ex:b, -)", "ex:e prov:wasGeneratedBy ex:b ."),
    (9, "wasStartedBy(ex:a, -, ex:b, -)", "_:e prov:wasGeneratedBy ex:b ."),
    (
        9,
        "activity(ex:a)",
        "ex:a prov:qualifiedStart [ prov:entity _:e ; prov:hadActivity _:b ] ."
        " _:e prov:wasGeneratedBy _:b .",
    ),
    (10, "wasEndedBy(ex:a, ex:e, ex:b, -)", "ex:e prov:wasGeneratedBy ex:b ."),
    (
        10,
        "wasEndedBy(ex:n; ex:a, ex:e, -, -)",
        "ex:a prov:qualifiedEnd ex:n . ex:n prov:hadActivity _:b . ex:e prov:wasGeneratedBy _:b .",
    ),
    (
        11,
        "wasDerivedFrom(ex:d; ex:f, ex:e, ex:a, -, ex:u)",
        "ex:a prov:qualifiedUsage ex:u . ex:u prov:entity ex:e .",
    ),
    (
        11,
        "wasDerivedFrom(ex:d; ex:f, ex:e, ex:a, -, -)",
        "ex:f prov:qualifiedDerivation ex:d . ex:d prov:entity ex:e ; prov:hadGeneration _:g ."
        " ex:f prov:qualifiedGeneration _:g . _:g prov:activity ex:a .",
    ),
    (12, "wasDerivedFrom(ex:f, ex:e, [prov:type='prov:Revision'])", "ex:f prov:alternateOf ex:e ."),
    (
        13,
        "wasAttributedTo(ex:t; ex:e, ex:ag)",
        "ex:e prov:wasGeneratedBy _:a . _:a prov:wasAssociatedWith ex:ag .",
    ),
    (
        14,
        "actedOnBehalfOf(ex:d; ex:ag, ex:boss, ex:a)",
        "ex:a prov:wasAssociatedWith ex:ag .",
    ),
    (
        14,
        "actedOnBehalfOf(ex:d; ex:ag, ex:boss, -)",
        "ex:ag prov:qualifiedDelegation ex:d . ex:d prov:hadActivity _:a ; prov:agent ex:boss ."
        " _:a prov:wasAssociatedWith ex:ag, ex:boss .",
    ),
    *(
        (
            15,
            f"{kind}(ex:i; ex:x, ex:y{rest}, [ex:k='ex:v'])",
            "ex:x prov:qualifiedInfluence ex:i ."
            " ex:i a prov:Influence ; prov:influencer ex:y ; ex:k ex:v .",
        )
        for kind, rest in (
            ("wasGeneratedBy", ", -"), ("used", ", -"), ("wasInformedBy", ""),
            ("wasStartedBy", ", -, -"), ("wasEndedBy", ", -, -"), ("wasInvalidatedBy", ", -"),
            ("wasDerivedFrom", ""), ("wasAttributedTo", ""), ("wasAssociatedWith", ", -"),
            ("actedOnBehalfOf", ", -"),
        )
    ),
    (
        15,
        "wasAttributedTo(ex:i; ex:x, ex:y, [ex:k='ex:v']) wasInfluencedBy(ex:i; ex:x, ex:y)",
        "ex:x prov:qualifiedInfluence ex:i . ex:i prov:influencer ex:y ; ex:k ex:v .",
    ),
    (
        15,
        "wasGeneratedBy(ex:e, ex:a, -) used(ex:b, ex:e, -)",
        "ex:b prov:wasInfluencedBy ex:a .",
    ),
    # What the activity used is what influenced it: it is one statement.
    (
        15,
        "wasInfluencedBy(ex:i; ex:x, ex:y) used(ex:i; ex:x, -, -)",
        "ex:x prov:used ex:y .",
    ),
    (16, "entity(ex:e)", "ex:e prov:alternateOf ex:e ."),
    (17, "alternateOf(ex:e, ex:f) alternateOf(ex:f, ex:g)", "ex:e prov:alternateOf ex:g ."),
    (18, "alternateOf(ex:e, ex:f)", "ex:f prov:alternateOf ex:e ."),
    (
        19,
        "specializationOf(ex:e, ex:f) specializationOf(ex:f, ex:g)",
        "ex:e prov:specializationOf ex:g .",
    ),
    (20, "specializationOf(ex:e, ex:f)", "ex:e prov:alternateOf ex:f ."),
    (
        21,
        "entity(ex:f, [ex:k='ex:v']) specializationOf(ex:e, ex:f)",
        "ex:e a prov:Entity ; ex:k ex:v .",
    ),
    (
        21,
        "entity(ex:f, [ex:k='ex:v']) specializationOf(ex:e, ex:f)",
        "_:e a prov:Entity ; ex:k ex:v . ex:f prov:alternateOf _:e . _:e prov:alternateOf ex:e ."
        " _:e prov:specializationOf _:f .",
    ),
    (
        22,
        f"activity(ex:a, {_NOON}, -) activity(ex:a, -, {_NOON})",
        f'ex:a prov:startedAtTime "{_NOON}"^^xsd:dateTime .'
        f'ex:a prov:endedAtTime "{_NOON}"^^xsd:dateTime .',
    ),
    (
        23,
        f"used(ex:u; ex:a, ex:e, -) used(ex:u; ex:a, -, {_NOON})",
        f"ex:a prov:qualifiedUsage ex:u . ex:u prov:entity ex:e ; {_AT_NOON} .",
    ),
    *(
        (
            rule,
            f"{kind}(ex:i; ex:x, {'ex:y, -' if rule < 26 else '-, ex:y, -'})"
            f" {kind}(-; ex:x, {'ex:y' if rule < 26 else '-, ex:y'}, {_NOON})",
            f"ex:x prov:qualified{name} ex:i . ex:i {_AT_NOON} .",
        )
        for rule, kind, name in (
            (24, "wasGeneratedBy", "Generation"), (25, "wasInvalidatedBy", "Invalidation"),
            (26, "wasStartedBy", "Start"), (27, "wasEndedBy", "End"),
        )
    ),
    *(
        (
            rule,
            f"activity(ex:a, {_NOON}, {_NOON}) {kind}(ex:i; ex:a, -, -, -)",
            f"ex:a prov:qualified{name} ex:i . ex:i {_AT_NOON} .",
        )
        for rule, kind, name in ((28, "wasStartedBy", "Start"), (29, "wasEndedBy", "End"))
    ),
    (
        28,
        f"activity(ex:a) wasStartedBy(ex:a, -, -, {_NOON})",
        f'ex:a prov:startedAtTime "{_NOON}"^^xsd:dateTime .',
    ),
    (
        29,
        f"activity(ex:a) wasEndedBy(ex:a, -, -, {_NOON})",
        f'ex:a prov:endedAtTime "{_NOON}"^^xsd:dateTime .',
    ),
]  # fmt: skip
# What does not follow, though it is near.
NEAR: list[tuple[str, str]] = [
    ("used(ex:a, ex:e, -)", "ex:e a prov:Entity ."),
    ("wasInformedBy(ex:b, ex:a)", "ex:a prov:wasInformedBy ex:b ."),
    ("wasInformedBy(ex:c, ex:b) wasInformedBy(ex:b, ex:a)", "ex:c prov:wasInformedBy ex:a ."),
    ("wasDerivedFrom(ex:f, ex:e)", "_:a prov:used ex:e ."),
    ("wasDerivedFrom(ex:f, ex:e)", "ex:f prov:alternateOf ex:e ."),
    ("wasDerivedFrom(ex:g, ex:f) wasDerivedFrom(ex:f, ex:e)", "ex:g prov:wasDerivedFrom ex:e ."),
    ("alternateOf(ex:e, ex:f)", "ex:e prov:specializationOf ex:f ."),
    ("specializationOf(ex:e, ex:f)", "ex:f prov:specializationOf ex:e ."),
    ("entity(ex:e, [ex:k='ex:v']) specializationOf(ex:e, ex:f)", "ex:f a prov:Entity ."),
    ("wasAssociatedWith(ex:a, ex:ag, -)",
     "ex:a prov:qualifiedAssociation [ prov:agent ex:ag ; prov:hadPlan _:p ] ."),
    ("wasAttributedTo(ex:e, ex:ag) wasGeneratedBy(ex:e, ex:a, -)",
     "ex:a prov:wasAssociatedWith ex:ag ."),
    # Each variable stands for one thing.
    ("wasGeneratedBy(ex:e, ex:a, -) wasGeneratedBy(ex:f, ex:b, -)",
     "ex:e prov:wasGeneratedBy _:x . ex:f prov:wasGeneratedBy _:x ."),
    ("entity(ex:e, [ex:k='ex:v', ex:l='ex:w'])", "ex:e a prov:Entity ; ex:k _:x ; ex:l _:x ."),
]  # fmt: skip


def follows(told: str, turtle: str, rules: frozenset[int] = ALL) -> bool:
    """Whether what is written in Turtle follows from what is told in PROV-N."""
    document_ = inputs.read(document(told), "told.provn")
    asked = inputs.read((_TURTLE + turtle).encode(), "asked.ttl", attributes=True)
    assert not asked.malformed
    assert check(document_)[0].valid
    form = normal_form(document_.toplevel, rules)
    statements = Translation(asked.terms, document_.terms).statements(asked.toplevel)
    assert statements
    return not lacking(list(statements), form)


@pytest.mark.parametrize(("rule", "told", "conclusion"), FOLLOWS)
def test_a_rule_shows_in_the_normal_form(rule: int, told: str, conclusion: str) -> None:
    assert follows(told, conclusion)
    assert not follows(told, conclusion, ALL - {rule})


def test_every_inference_and_uniqueness_constraint_is_there() -> None:
    assert {rule for rule, _, _ in FOLLOWS} == set(range(5, 30))


@pytest.mark.parametrize(("told", "near"), NEAR)
def test_what_no_rule_concludes_is_not_in_it(told: str, near: str) -> None:
    assert not follows(told, near)


def test_what_is_there_already_is_not_made_again() -> None:
    told = (
        "entity(ex:e) wasGeneratedBy(ex:e, ex:a, -) wasInvalidatedBy(ex:e, ex:a, -)"
        " activity(ex:a) wasStartedBy(ex:a, ex:t, ex:b, -) wasEndedBy(ex:a, ex:t, ex:b, -)"
        " wasAttributedTo(ex:e, ex:ag) wasAssociatedWith(ex:a, ex:ag, -)"
        " wasGeneratedBy(ex:t, ex:b, -) wasInformedBy(ex:a, ex:b) used(ex:a, ex:t, -)"
    )
    form = normal_form(inputs.read(document(told), "told.provn").toplevel)
    # The one generation by 9 was merged with the one that is told.
    assert form.inferred == {}


def test_the_steps_are_bounded() -> None:
    told = inputs.read(document("entity(ex:e) specializationOf(ex:f, ex:e)"), "told.provn")
    form = normal_form(told.toplevel, budget=Budget(2))
    with pytest.raises(LimitError, match="2 steps"):
        for _ in range(3):
            form.alternates.after(3)
            form.specializations.after(4)
            form.specializations.after(3)
