"""Rules of a user for links: what they join, and what is no file of rules."""

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_rdf.errors import InputError
from kprov_rdf.exchange import linkrules, links
from kprov_rdf.exchange.links import Link

BASE = "http://localhost:8642/"
PROV = "http://www.w3.org/ns/prov#"
PREFIXES = f"@prefix e: <http://e.org/> . @prefix prov: <{PROV}> . "
BARCODE = '[[rule]]\nname = "same sample"\nproperty = "http://e.org/barcode"\n'
SAME = '[[same]]\nname = "device"\nthings = ["http://e.org/x", "urn:y"]\n'


def found(turtle: str, rules: str) -> list[Link]:
    triples = [quad.triple for quad in ox.parse(PREFIXES + turtle, ox.RdfFormat.TURTLE)]
    return links.find([triples], BASE, linkrules.read(rules.encode(), "r.toml"))


def test_things_with_the_same_value_meet_in_one_node() -> None:
    turtle = 'e:x e:barcode "7" . e:y e:barcode 7 . e:z e:barcode "8" . e:w e:other "7" .'
    joined = {one.subject[-1]: one for one in found(turtle, BARCODE)}
    assert set(joined) == {"x", "y", "z"}
    assert joined["x"].target == joined["y"].target != joined["z"].target
    assert joined["x"].target.startswith(f"{BASE}links#same_sample-")
    assert (joined["x"].how, joined["x"].rule) == (f"{PROV}specializationOf", "same sample")
    assert joined["x"].why == "its <http://e.org/barcode> is 7"


def test_a_value_may_be_a_thing_and_is_no_value_where_it_is_empty() -> None:
    turtle = 'e:x e:barcode e:b . e:y e:barcode e:b . e:z e:barcode "" . e:w e:barcode [] .'
    assert [one.subject[-1] for one in found(turtle, BARCODE)] == ["x", "y"]


def test_only_those_of_the_class_are_joined() -> None:
    turtle = 'e:x a e:Sample ; e:barcode "7" . e:y a e:Box ; e:barcode "7" .'
    (link,) = found(turtle, f'{BARCODE}class = "http://e.org/Sample"\nlink = "sameAs"')
    assert (link.subject, link.how) == ("http://e.org/x", links.SAME)


def test_listed_things_meet_in_one_node_in_whatever_order_they_are_listed() -> None:
    turtle = "e:x e:p 1 . <urn:y> e:p 2 . e:z e:p 3 ."
    joined = found(turtle, SAME)
    assert [one.subject for one in joined] == ["http://e.org/x", "urn:y"]
    assert len({one.target for one in joined}) == 1
    assert joined[0].why == "it is listed"
    assert found(
        turtle, SAME.replace('"http://e.org/x", "urn:y"', '"urn:y", "http://e.org/x"')
    ) == (joined)


def test_an_activity_is_no_specialization_and_may_be_the_same() -> None:
    turtle = 'e:x prov:used e:d ; e:barcode "7" . e:y a prov:Activity ; e:barcode "7" .'
    assert found(turtle, BARCODE) == []
    assert len(found(turtle, f'{BARCODE}link = "sameAs"')) == 2


def test_two_rules_do_not_meet() -> None:
    turtle = 'e:x e:barcode "7" ; e:serial "7" .'
    other = BARCODE.replace("same sample", "serial").replace("barcode", "serial")
    assert len({one.target for one in found(turtle, BARCODE + other)}) == 2


@pytest.mark.parametrize(("text", "said"), [
    ("[[rule]\n", "is no TOML that can be read"),
    ("x = 1 1", "is no TOML that can be read"),
    ("", "has [[rule]] and [[same]]; found nothing"),
    ("[other]\n", "has [[rule]] and [[same]]; found 'other'"),
    ("rules = 1\nsames = 2", "found 'rules', 'sames'"),
    ('[rule]\nname = "x"', "write [[rule]] with two brackets before each rule"),
    ("rule = [1]", "write [[rule]] with two brackets"),
    ("same = 5", "write [[same]] with two brackets"),
    ('[[rule]]\nproperty = "http://e/p"', "[[rule]] number 1 has no name"),
    ('[[rule]]\nname = " "', "[[rule]] number 1 has no name"),
    ("[[rule]]\nname = 5", "[[rule]] number 1 has no name"),
    (f'{BARCODE}\n[[rule]]\nname = "x"', "[[rule]] number 2: None is no IRI"),
    ('[[rule]]\nname = "x"\nproperty = "barcode"', "'barcode' is no IRI"),
    ('[[rule]]\nname = "x"\nproperty = "http://e/a b"', "is no IRI"),
    ('[[rule]]\nname = "x"\nproperty = 7', "7 is no IRI"),
    (f"{BARCODE}class = 'Sample'", "'Sample' is no IRI"),
    (f"{BARCODE}class = 'prov:Entity'", 'Write "http://www.w3.org/ns/prov#Entity"'),
    ('[[rule]]\nname = "content"\nproperty = "http://e/p"', "of a rule of kprov's own"),
    (f"{BARCODE}klass = 'http://e/K'", "has 'klass'; its keys are class, link, name, property"),
    (f"{BARCODE}link = 'equals'", "has the link 'equals'; there are specializationOf, sameAs"),
    (f"{BARCODE}link = ['sameAs']", "has the link ['sameAs']"),
    ('[[same]]\nname = "x"', "wants things = "),
    ('[[same]]\nname = "x"\nthings = ["http://e/x"]', "at least two"),
    ('[[same]]\nname = "x"\nthings = ["http://e/x", 5]', "5 is no IRI"),
    (f'{SAME}property = "http://e/p"', "has 'property'; its keys are link, name, things"),
    ("x = " + "[" * 5000, "is no TOML that can be read"),
])  # fmt: skip
def test_what_is_no_file_of_rules_is_refused_with_the_place(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        linkrules.read(text.encode(), "mine.toml")
    assert said in str(caught.value)
    assert str(caught.value).startswith("mine.toml")


def test_bytes_that_are_no_text_and_files_that_are_too_large_are_refused() -> None:
    with pytest.raises(InputError, match=r"mine\.toml is no TOML"):
        linkrules.read(b"x = '\xff'", "mine.toml")
    with pytest.raises(InputError, match="larger than 1 MiB"):
        linkrules.read(b"#" * ((1 << 20) + 1), "mine.toml")


@given(st.binary(max_size=60))
def test_any_bytes_are_rules_or_an_error_of_ours(data: bytes) -> None:
    for text in (data, BARCODE.encode() + data):
        try:
            found = linkrules.read(text, "mine.toml")
        except InputError:
            continue
        assert all(rule.name for rule in found)
