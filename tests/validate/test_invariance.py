"""What must not change a verdict: order, names, format, files, repetition; and what only adds."""

import random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from prov.model import ProvDocument

from kprov_rdf.dm.model import KINDS
from kprov_rdf.validate import inputs
from kprov_rdf.validate.constraints import check
from kprov_rdf.validate.kinds import TYPES
from tests.validate import naive
from tests.validate.rules import VIOLATED, document

# Few names and times, so that statements meet; mostly of what PROV-DM wants in their place.
NAMES = [f"ex:{letter}{number}" for letter in "eag" for number in range(3)]
_OF = {"entity": NAMES[:3], "activity": NAMES[3:6], "agent": NAMES[6:]}
TIMES = ["2026-01-01T00:00:00", "2026-01-02T00:00:00Z"]
Statement = tuple[str, str | None, tuple[str | None, ...]]


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    """A kind, an identifier, and arguments; None is what is not said."""
    kind = KINDS[draw(st.sampled_from(sorted(KINDS.keys() - {"mentionOf"})))]
    arguments: list[str | None] = []
    for place, name in enumerate(kind.arguments):
        wanted = _OF.get(TYPES.get(kind.name, {}).get(place, ""), NAMES)
        names = st.sampled_from(wanted) if draw(st.integers(0, 19)) else st.sampled_from(NAMES)
        known = st.sampled_from(TIMES) if name.lower().endswith("time") else names
        arguments.append(draw(known if place < kind.mandatory else st.none() | known))
    if kind.name == "actedOnBehalfOf":
        arguments[1] = arguments[1] or "ex:g0"  # the prov package demands it
    identifier = None
    if not kind.mandatory:
        identifier = draw(st.sampled_from(_OF[kind.name]))
    elif kind.identified:
        own = [f"ex:{kind.name}{number}" for number in range(2)]
        identifier = draw(st.none() | st.sampled_from(own * 9 + ["ex:i", "ex:e0"]))
    return kind.name, identifier, tuple(arguments)


documents = st.lists(statements(), min_size=1, max_size=12)


def provn(found: list[Statement]) -> bytes:
    """PROV-N with all arguments."""
    lines = []
    for kind, identifier, arguments in found:
        told = [one or "-" for one in arguments]
        if not KINDS[kind].mandatory:
            told = [str(identifier), *told]
        begin = f"{identifier}; " if identifier and KINDS[kind].mandatory else ""
        lines.append(f"{kind}({begin}{', '.join(told)})")
    return document("\n".join(lines))


def of(data: bytes, name: str) -> tuple[bool, frozenset[int | None]]:
    """Valid or not, and the constraints of the violations."""
    found = [one for outcome in check(inputs.read(data, name)) for one in outcome.violations]
    return not found, frozenset(one.constraint for one in found)


def verdict(data: bytes, name: str) -> bool:
    return of(data, name)[0]


@given(documents, st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_order_and_repetition(found: list[Statement], dice: random.Random) -> None:
    again = found + dice.choices(found, k=3)
    dice.shuffle(again)
    assert verdict(provn(found), "a.provn") == verdict(provn(again), "b.provn")


@given(documents, st.permutations(range(len(NAMES))))
@settings(max_examples=200, deadline=None)
def test_names_are_only_names(found: list[Statement], order: list[int]) -> None:
    text = provn(found).decode()
    for old, new in zip(NAMES, order, strict=True):
        text = text.replace(f"{old}", f"ex:renamed{new}x")
    assert of(provn(found), "a.provn") == of(text.encode(), "b.provn")


@given(documents, st.lists(statements(), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_more_statements_never_mend(found: list[Statement], more: list[Statement]) -> None:
    assume(not verdict(provn(found), "a.provn"))
    assert not verdict(provn(found + more), "b.provn")


@given(documents, st.integers(1, 4))
@settings(max_examples=200, deadline=None)
def test_splitting_over_files(found: list[Statement], parts: int) -> None:
    split = [provn(found[n::parts]) for n in range(parts)]
    together = inputs.union(inputs.read(data, f"{n}.provn") for n, data in enumerate(split))
    valid = all(outcome.valid for outcome in check(together))
    assert valid == verdict(provn(found), "whole.provn")


def _sayable(kind: str, arguments: tuple[str | None, ...]) -> bool:
    """Whether all formats can say it: only PROV-N can say that there is no plan, or no activity."""
    if kind == "wasAssociatedWith":
        return arguments[2] is not None
    return kind != "wasDerivedFrom" or arguments[2] is not None


@pytest.mark.parametrize("form", ["json", "xml", "jsonld"])
@given(found=documents)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_formats(form: str, found: list[Statement]) -> None:
    """The same statements, written by the prov package."""
    told = [one for one in found if _sayable(one[0], one[2])]
    assume(told)
    text = provn(told)
    written = ProvDocument.deserialize(content=text.decode(), format="provn")
    data = written.serialize(format=form).encode()
    suffix = {"jsonld": "jsonld", "json": "json", "xml": "provx"}[form]
    assert of(text, "a.provn") == of(data, f"b.{suffix}")


TURTLE = """@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix ex: <http://example.org/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
_QUALIFIED = {
    "wasGeneratedBy": ("qualifiedGeneration", ("activity", "atTime")),
    "used": ("qualifiedUsage", ("entity", "atTime")),
    "wasInformedBy": ("qualifiedCommunication", ("activity",)),
    "wasStartedBy": ("qualifiedStart", ("entity", "hadActivity", "atTime")),
    "wasEndedBy": ("qualifiedEnd", ("entity", "hadActivity", "atTime")),
    "wasInvalidatedBy": ("qualifiedInvalidation", ("activity", "atTime")),
    "wasDerivedFrom": (
        "qualifiedDerivation", ("entity", "hadActivity", "hadGeneration", "hadUsage")
    ),
    "wasAttributedTo": ("qualifiedAttribution", ("agent",)),
    "wasAssociatedWith": ("qualifiedAssociation", ("agent", "hadPlan")),
    "actedOnBehalfOf": ("qualifiedDelegation", ("agent", "hadActivity")),
    "wasInfluencedBy": ("qualifiedInfluence", ("influencer",)),
}  # fmt: skip
_ELEMENT = {
    "entity": ("Entity", ()),
    "agent": ("Agent", ()),
    "activity": ("Activity", ("startedAtTime", "endedAtTime")),
}


def turtle(found: list[Statement]) -> bytes:
    """The same statements in PROV-O, each relation with a node that qualifies it."""
    lines = []
    for kind, identifier, arguments in found:
        if kind in _ELEMENT:
            name, properties = _ELEMENT[kind]
            told = _properties(properties, arguments)
            lines.append(" ; ".join([f"{identifier} a prov:{name}", *told]) + " .")
        elif kind in _QUALIFIED:
            link, properties = _QUALIFIED[kind]
            told = _properties(properties, arguments[1:])
            if identifier:
                lines.append(f"{arguments[0]} prov:{link} {identifier} .")
                lines += [f"{identifier} {one} ." for one in told]
            else:
                lines.append(f"{arguments[0]} prov:{link} [ {' ; '.join(told)} ] .")
        else:
            lines.append(f"{arguments[0]} prov:{kind} {arguments[1]} .")
    return (TURTLE + "\n".join(lines)).encode()


def _properties(names: tuple[str, ...], values: tuple[str | None, ...]) -> list[str]:
    return [
        f'prov:{name} "{value}"^^xsd:dateTime' if name.endswith("Time") else f"prov:{name} {value}"
        for name, value in zip(names, values, strict=True)
        if value
    ]


@given(documents)
@settings(max_examples=300, deadline=None)
def test_prov_o(found: list[Statement]) -> None:
    told = [one for one in found if _sayable(one[0], one[2])]
    # Several relations of one identifier are one node, whose properties RDF cannot keep apart.
    nodes = [one[1] for one in told if one[1] and KINDS[one[0]].mandatory]
    assume(told and len(nodes) == len(set(nodes)))
    assert verdict(provn(told), "a.provn") == verdict(turtle(told), "b.ttl")


@pytest.mark.parametrize("case", [case for found in VIOLATED.values() for case in found])
def test_a_violation_beside_anything_else_stays_one(case: str) -> None:
    more = " entity(ex:other) wasGeneratedBy(ex:other, ex:made, -) used(ex:made, ex:more, -)"
    assert not verdict(document(case + more), "more.provn")


@given(st.lists(statements(), min_size=1, max_size=6))
@settings(max_examples=300, deadline=None)
def test_the_verdict_is_that_of_the_rules_by_the_letter(found: list[Statement]) -> None:
    assert verdict(provn(found), "a.provn") == naive.valid(found)
