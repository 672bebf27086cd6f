"""Two documents say the same, in whatever order, format, names of blank nodes, and detail."""

import csv
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from prov.model import ProvDocument

from kprov_rdf.dm.model import ABSENT, KINDS, TIMES, Document
from kprov_rdf.dm.values import literal_term
from kprov_rdf.errors import LimitError
from kprov_rdf.validate import inputs
from kprov_rdf.validate.closures import Budget
from kprov_rdf.validate.constraints import check
from kprov_rdf.validate.equivalence import Difference, compare
from tests.validate import test_invariance as invariance
from tests.validate.rules import document

SHARED = Path(__file__).parents[3] / "shared" / "data"
SUITE = SHARED / "prov-constraints"
NAMES = [f"<urn:{letter}{number}>" for letter in "eag" for number in range(3)]
BLANK = ["_:x", "_:y", "_:z"]
TIMES_ = ['"2026-01-01T00:00:00"', '"2026-01-02T00:00:00Z"']
ONE, TWO = (literal_term(text) for text in "12")
PAIRS = [("<urn:k>", ONE), ("<urn:k>", TWO), ("<urn:l>", "<urn:v>"), ("<urn:l>", "_:v")]
REVISION = ("<http://www.w3.org/ns/prov#type>", "<http://www.w3.org/ns/prov#Revision>")
# Kind, identifier, arguments, attributes; None is what is not told.
Statement = tuple[str, str | None, tuple[str | None, ...], tuple[tuple[str, str], ...]]


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    kind = KINDS[draw(st.sampled_from(sorted(KINDS.keys() - {"mentionOf"})))]
    arguments: list[str | None] = []
    for place, name in enumerate(kind.arguments):
        values = st.sampled_from(TIMES_ if name in TIMES else NAMES + BLANK)
        arguments.append(draw(values if place < kind.mandatory else st.none() | values))
    identifier = None
    if not kind.mandatory:
        identifier = draw(st.sampled_from(NAMES + BLANK))
    elif kind.identified:
        identifier = draw(st.none() | st.sampled_from(["<urn:i>", "<urn:j>", "_:i"]))
    attributes = draw(st.lists(st.sampled_from(PAIRS), max_size=2)) if kind.identified else []
    if kind.name == "wasDerivedFrom" and draw(st.booleans()):
        attributes.append(REVISION)
    return kind.name, identifier, tuple(arguments), tuple(attributes)


def built(found: list[Statement], name: str = "a") -> Document:
    made = Document(name, "statements")
    number = made.terms.number
    for line, (kind, identifier, arguments, attributes) in enumerate(found, 1):
        made.toplevel.add(
            kind,
            number(identifier) if identifier else ABSENT,
            [number(one) if one else ABSENT for one in arguments],
            line,
            [(number(key), number(value)) for key, value in attributes],
        )
    return made


def valid(found: list[Statement]) -> bool:
    return all(outcome.valid for outcome in check(built(found)))


documents = st.lists(statements(), min_size=1, max_size=10).filter(valid)
dice = st.randoms(use_true_random=False)
SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much]
)


def same(found: list[Statement], other: list[Statement]) -> bool:
    difference = compare(built(found), built(other, "b"))
    assert difference.valid
    return difference.equivalent


def of(statements_: str) -> Document:
    return inputs.read(document(statements_), "case.provn")


def texts(told: Difference) -> tuple[list[str], list[str]]:
    return [one.written() for one in told.only_a], [one.written() for one in told.only_b]


def renamed(found: list[Statement], names: dict[str, str]) -> list[Statement]:
    return [
        (
            kind,
            names.get(identifier or "", identifier),
            tuple(names.get(one or "", one) for one in arguments),
            tuple((key, names.get(value, value)) for key, value in attributes),
        )
        for kind, identifier, arguments, attributes in found
    ]


# -- what makes no difference


@given(documents, dice)
@SETTINGS
def test_order_repetition_and_the_names_of_blank_nodes(
    found: list[Statement], lot: random.Random
) -> None:
    other = renamed(found, {"_:x": "_:y", "_:y": "_:q", "_:z": "_:x", "_:i": "_:z", "_:v": "_:i"})
    other += lot.choices(other, k=3)
    lot.shuffle(other)
    assert same(found, other)


def _split(statement: Statement, lot: random.Random) -> list[Statement]:
    """Of a statement with a name: one for each thing that it tells beside what it must."""
    kind, identifier, arguments, attributes = statement
    if identifier is None or identifier.startswith("_:") or kind == "wasDerivedFrom":
        return [statement]
    mandatory = KINDS[kind].mandatory

    def told(place: int, pairs: tuple[tuple[str, str], ...] = ()) -> Statement:
        kept = (one if n < mandatory or n == place else None for n, one in enumerate(arguments))
        return kind, identifier, tuple(kept), pairs

    parts = [told(place) for place in range(-1, len(arguments))]
    parts += [told(-1, (pair,)) for pair in attributes]
    lot.shuffle(parts)
    return parts


@given(documents, dice)
@SETTINGS
def test_a_statement_split_in_several(found: list[Statement], lot: random.Random) -> None:
    assert same(found, [part for one in found for part in _split(one, lot)])


@given(documents, dice)
@SETTINGS
def test_less_said_beside_it(found: list[Statement], lot: random.Random) -> None:
    less = []
    for kind, _, arguments, _ in found:
        if KINDS[kind].mandatory:
            must = KINDS[kind].mandatory
            kept = [one if n < must or lot.random() < 0.5 else None
                    for n, one in enumerate(arguments)]  # fmt: skip
            if kind == "wasDerivedFrom" and kept[2] is None:
                kept[3:] = [None, None]
            less.append((kind, None, tuple(kept), ()))
    assert same(found, found + less)


@given(documents)
@SETTINGS
def test_what_follows_written_out(found: list[Statement]) -> None:
    more: list[Statement] = []
    for number, (kind, identifier, arguments, _) in enumerate(found):
        mine, other, third = (f"_:{letter}{number}" for letter in "pqr")
        if kind == "entity":
            more.append(("wasGeneratedBy", mine, (identifier, other, None), ()))
            more.append(("alternateOf", None, (identifier, identifier), ()))
        elif kind == "activity":
            more.append(("wasStartedBy", mine, (identifier, other, third, arguments[0]), ()))
            more.append(("wasGeneratedBy", None, (other, third, None), ()))
        elif kind == "wasInformedBy":
            more.append(("wasGeneratedBy", None, (mine, arguments[1], None), ()))
            more.append(("used", None, (arguments[0], mine, None), ()))
        elif kind == "wasAttributedTo":
            more.append(("wasGeneratedBy", None, (arguments[0], mine, None), ()))
            more.append(("wasAssociatedWith", None, (mine, arguments[1], None), ()))
        elif kind == "specializationOf":
            more.append(("alternateOf", None, (arguments[1], arguments[0]), ()))
        elif kind == "wasDerivedFrom" and arguments[2]:
            more.append(("used", None, (arguments[2], arguments[1], None), ()))
            more.append(("wasGeneratedBy", None, (arguments[0], arguments[2], None), ()))
        if KINDS[kind].identified and KINDS[kind].mandatory and identifier and all(arguments[:2]):
            more.append(("wasInfluencedBy", identifier, arguments[:2], ()))
    assert same(found, found + more)


# -- what does


@given(documents, dice)
@SETTINGS
def test_one_other_constant(found: list[Statement], lot: random.Random) -> None:
    kind, identifier, arguments, attributes = lot.choice(found)
    rest = list(found)
    rest.remove((kind, identifier, arguments, attributes))
    places = [n for n, one in enumerate(arguments) if one and one.startswith("<")]
    place = lot.choice([-1, *places])
    changed = (
        kind,
        identifier if place >= 0 else "<urn:new>",
        tuple("<urn:new>" if n == place else one for n, one in enumerate(arguments)),
        attributes,
    )
    assume(place >= 0 or KINDS[kind].identified)
    assume(valid([*rest, changed]))
    told = compare(built(found), built([*rest, changed], "b"))
    assert not told.equivalent
    assert any("urn:new" in one.text for one in told.only_b)


@given(documents, st.lists(statements(), max_size=4))
@SETTINGS
def test_all_that_is_told_still_follows_beside_more(
    found: list[Statement], more: list[Statement]
) -> None:
    assume(valid(found + more))
    one, other = built(found), built(found + more, "b")
    told, reverse = compare(one, other), compare(other, one)
    assert told.only_a == ()
    assert (told.only_a, told.only_b) == (reverse.only_b, reverse.only_a)


@pytest.mark.parametrize(
    ("a", "b", "only_a", "only_b"),
    [
        (
            "entity(ex:e, [ex:k='ex:v'])",
            "entity(ex:e, [ex:k='ex:w', prov:label=\"a\"])",
            ["entity(ex:e, [ex:k='ex:v'])"],
            ["entity(ex:e, [ex:k='ex:w', prov:label=\"a\"])"],
        ),
        (
            "used(ex:u; ex:a, ex:e, 2026-01-01T00:00:00Z)",
            "used(ex:u; ex:a, ex:e, 2026-01-01T01:00:00Z)",
            ["used(ex:u; ex:a, ex:e, 2026-01-01T00:00:00Z)"],
            ["used(ex:u; ex:a, ex:e, 2026-01-01T01:00:00Z)"],
        ),
        ("used(ex:a, ex:e, -)", "used(ex:u; ex:a, ex:e, -)", [], ["used(ex:u; ex:a, ex:e, -)"]),
        ("used(ex:a, ex:e, -)", "", ["used(ex:a, ex:e, -)"], []),
        # What is inferred from it is not said once more.
        (
            "specializationOf(ex:f, ex:e) specializationOf(ex:g, ex:f) entity(ex:e)",
            "specializationOf(ex:g, ex:f) entity(ex:e)",
            ["specializationOf(ex:f, ex:e)"],
            [],
        ),
        (
            "entity(ex:e, [ex:n=\"1\" %% xsd:int, ex:t=\"1\" %% ex:own])",
            "entity(ex:e)",
            ["entity(ex:e, [ex:n=\"1\" %% xsd:int, ex:t=\"1\" %% <http://example.org/own>])"],
            [],
        ),
    ],
)  # fmt: skip
def test_the_statements_that_differ(a: str, b: str, only_a: list[str], only_b: list[str]) -> None:
    assert texts(compare(of(a), of(b))) == (only_a, only_b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("activity(ex:a, 2026-01-01T00:00:00Z, -)", "activity(ex:a, 2026-01-01T01:00:00+01:00, -)"),
        *(
            tuple(f'entity(ex:e, [ex:k="{text}" %% xsd:{kind}])' for text in texts_)
            for kind, *texts_ in (
                ("boolean", "1", "true"), ("int", "01", "1"), ("integer", "-0", "+0"),
                ("decimal", "1.50", "+1.5"), ("decimal", "0.0", "-0"), ("double", "1e1", "10.0"),
                ("dateTime", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00"),
            )
        ),
        # Which two of three alternates are told does not matter.
        (
            "alternateOf(ex:e, ex:f) alternateOf(ex:f, ex:g)",
            "alternateOf(ex:g, ex:e) alternateOf(ex:f, ex:e)",
        ),
        (
            "specializationOf(ex:e, ex:f) specializationOf(ex:f, ex:g)",
            "specializationOf(ex:e, ex:g) specializationOf(ex:f, ex:g)"
            " specializationOf(ex:e, ex:f)",
        ),
        ("wasGeneratedBy(ex:e, -, -) wasGeneratedBy(ex:e, -, -)", "wasGeneratedBy(ex:e, -, -)"),
        ("used(ex:a, ex:e, -)", "used(ex:a, ex:e, -) bundle ex:b endBundle"),
    ],
)  # fmt: skip
def test_two_ways_to_say_one_thing(a: str, b: str) -> None:
    assert compare(of(a), of(b)).equivalent


def test_bundles_are_compared_by_name() -> None:
    one = of("entity(ex:e) bundle ex:b entity(ex:f) endBundle")
    other = of("entity(ex:e) bundle ex:c entity(ex:f) endBundle")
    told = compare(one, other)
    assert [(at.instance, at.text) for at in (*told.only_a, *told.only_b)] == [
        ("http://example.org/b", "entity(ex:f)"),
        ("http://example.org/c", "entity(ex:f)"),
    ]
    assert not compare(one, of("entity(ex:e) entity(ex:f)")).equivalent


def test_bundles_without_names_are_compared_by_what_they_say() -> None:
    entity = "<urn:{}> a <http://www.w3.org/ns/prov#Entity> ."
    text = "_:{} {{ " + entity + " }}\n"
    one = inputs.read((text.format("a", 1) + text.format("b", 2)).encode(), "a.trig")
    other = inputs.read((text.format("a", 2) + text.format("c", 1)).encode(), "b.trig")
    more = inputs.read((text.format("a", 2) + text.format("c", 3)).encode(), "c.trig")
    assert compare(one, other).equivalent
    told = compare(one, more)
    assert texts(told) == (["entity(<urn:1>)"], ["entity(<urn:3>)"])


def test_only_valid_documents_are_compared() -> None:
    told = compare(of("entity(ex:x) activity(ex:x)"), of("entity(ex:x)"))
    assert (told.valid, told.equivalent) == (False, False)
    assert [one.constraint for at in told.invalid_a for one in at.violations] == [55]
    assert told.invalid_b == ()


# -- formats


def _sayable(kind: str, arguments: tuple[str | None, ...]) -> bool:
    return kind != "actedOnBehalfOf" or arguments[1] is not None  # the prov package demands it


@pytest.mark.parametrize("form", ["json", "xml", "jsonld", "provn"])
@given(found=documents)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
def test_formats(form: str, found: list[Statement]) -> None:
    """The same statements, written by the prov package."""
    names = {f"_:{letter}": f"<urn:blank{letter}>" for letter in "xyziv"}
    told = [one for one in renamed(found, names) if _sayable(one[0], one[2])]
    assume(told and valid(told))
    text = _provn(told)
    written = ProvDocument.deserialize(content=text.decode(), format="provn")
    data = written.serialize(format=form).encode()
    suffix = {"xml": "provx"}.get(form, form)
    one, other = inputs.read(text, "a.provn"), inputs.read(data, f"b.{suffix}")
    assert texts(compare(one, other)) == ([], [])
    assert compare(one, built(told)).equivalent


def _provn(found: list[Statement]) -> bytes:
    def name(term: str | None) -> str:
        if term is None or not term.startswith("<"):
            return (term or "-").strip('"')
        return term[1:-1].replace("urn:", "u:").replace("http://www.w3.org/ns/prov#", "prov:")

    lines = []
    for kind, identifier, arguments, attributes in found:
        told = [name(one) for one in arguments]
        if not KINDS[kind].mandatory:
            told = [name(identifier), *told]
        elif identifier:
            told = [f"{name(identifier)}; {told[0]}", *told[1:]]
        pairs = [
            f"{name(key)}={value[:3]}" if value in (ONE, TWO) else f"{name(key)}='{name(value)}'"
            for key, value in attributes
        ]
        told += [f"[{', '.join(pairs)}]"] if pairs else []
        lines.append(f"{kind}({', '.join(told)})")
    return "\n".join(["document", "prefix u <urn:>", *lines, "endDocument"]).encode()


@given(invariance.documents)
@SETTINGS
def test_prov_o(found: list[invariance.Statement]) -> None:
    # Several relations of one identifier are one node, whose properties RDF cannot keep apart.
    nodes = [one[1] for one in found if one[1] and KINDS[one[0]].mandatory]
    assume(len(nodes) == len(set(nodes)))
    one = inputs.read(invariance.provn(found), "a.provn")
    assume(all(outcome.valid for outcome in check(one)))
    other = inputs.read(invariance.turtle(found), "b.ttl", attributes=True)
    assert texts(compare(one, other)) == ([], [])


def test_the_two_formats_of_the_w3c_cases_say_the_same() -> None:
    if not (SUITE / "manifest.csv").exists():
        pytest.skip("the shared data folder is not here")
    with (SUITE / "manifest.csv").open() as file:
        passing = [Path(row["path"]) for row in csv.DictReader(file)
                   if row["expected"] == "pass" and row["path"].endswith(".provn")]  # fmt: skip
    compared, different = 0, {}
    for path in passing:
        twin = SUITE / path.with_suffix(".xml")
        if twin.exists():
            one, other = (
                inputs.read((SUITE / path).read_bytes(), path.name),
                inputs.read(twin.read_bytes(), twin.name),
            )
            compared += 1
            told = compare(one, other)
            if not told.equivalent:
                different[path.name] = texts(told)
    assert different == {}
    assert compared > 60


def test_a_run_of_another_tool_in_five_formats() -> None:
    """Its RDF has lost which plan an association had; the others say the same."""
    folder = SHARED / "wild" / "cwlprov"
    if not folder.exists():
        pytest.skip("the shared data folder is not here")
    read = {}
    for form in ("json", "provn", "xml", "ttl", "nt"):
        name = f"revsort-primary.cwlprov.{form}"
        read[form] = inputs.read((folder / name).read_bytes(), name, attributes=True)
        # By constraint 28 it is invalid: an activity is said to start twice, at two times.
        for rows in (read[form].toplevel.rows[kind] for kind in ("wasStartedBy", "wasEndedBy")):
            rows.columns[3][:] = [ABSENT] * len(rows)
    assert compare(read["json"], read["provn"]).equivalent
    assert compare(read["json"], read["xml"]).equivalent
    assert compare(read["ttl"], read["nt"]).equivalent
    told = compare(read["json"], read["ttl"])
    assert told.only_b == ()
    assert {one.text.partition("(")[0] for one in told.only_a} == {"wasAssociatedWith"}


# -- size


def _large(order: random.Random, count: int, blank: bool) -> Document:
    """Usages and generations along a chain, with derivations, specializations and attributes."""
    made = Document("large", "statements")
    number, add = made.terms.number, made.toplevel.add
    names = [f"_:b{order.randrange(1 << 60)}" if blank else f"<urn:g{n}>" for n in range(count)]
    label = number("<urn:label>")
    for n in order.sample(range(count), count):
        entity, other, activity = (
            number(f"<urn:{one}>") for one in (f"e{n}", f"e{n + 1}", f"a{n % 100}")
        )
        add("entity", entity, (), 0, [(label, number(literal_term(str(n))))])
        add("wasGeneratedBy", number(names[n]), (entity, activity, ABSENT))
        add("used", ABSENT, (activity, other, ABSENT))
        add("wasDerivedFrom", ABSENT, (entity, other, ABSENT, ABSENT, ABSENT))
        add("alternateOf", ABSENT, (entity, other))
    return made


@pytest.mark.parametrize("blank", [False, True])
def test_many_statements(blank: bool) -> None:
    one, other = (_large(random.Random(seed), 4000, blank) for seed in (1, 2))
    assert len(one.toplevel) == 20_000
    assert compare(one, other).equivalent
    other.toplevel.add("used", ABSENT, (other.terms.number("<urn:a7>"), ABSENT, ABSENT))
    other.toplevel.add(
        "alternateOf", ABSENT, (other.terms.number("<urn:e0>"), other.terms.number("<urn:new>"))
    )
    assert texts(compare(one, other)) == ([], ["alternateOf(<urn:e0>, <urn:new>)"])


def test_a_long_chain_of_blank_nodes() -> None:
    def chain(order: list[int]) -> Document:
        made = Document("chain", "statements")
        number = made.terms.number
        for n in order:
            pair = number(f"_:b{n}"), number(f"_:b{n + 1}")
            made.toplevel.add("wasDerivedFrom", ABSENT, (*pair, ABSENT, ABSENT, ABSENT))
        made.toplevel.add("wasAttributedTo", ABSENT, (number("_:b0"), number("<urn:ag>")))
        return made

    order = list(range(5000))
    one = chain(order)
    random.Random(1).shuffle(order)
    assert compare(one, chain(order)).equivalent
    told = compare(chain(order[:4999]), one)
    assert not told.equivalent


def test_too_much_work_is_refused() -> None:
    def web(step: int) -> Document:
        made = Document("web", "statements")
        number = made.terms.number
        for n in range(30):
            for far in (1, step):
                pair = number(f"_:b{n}"), number(f"_:b{(n + far) % 30}")
                made.toplevel.add("alternateOf", ABSENT, pair)
                made.toplevel.add("hadMember", ABSENT, pair)
        return made

    with pytest.raises(LimitError, match="blank nodes"):
        compare(web(7), web(11), Budget(10_000))
