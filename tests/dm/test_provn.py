"""PROV-N as statements: the grammar, what is malformed and how it is told, hostile documents."""

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import prov
import pyoxigraph as ox
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prov.constants import PROV_N_MAP
from prov.model import ProvBundle, ProvDocument, ProvException, QualifiedName

from kprov_rdf.dm import names, provn
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.dm.model import (
    ABSENT,
    ELEMENTS,
    KINDS,
    PLACEHOLDER,
    TIMES,
    Document,
    Instance,
    Kind,
    Terms,
)
from kprov_rdf.dm.times import time_term
from kprov_rdf.dm.values import literal_term
from kprov_rdf.errors import InputError
from tests.conftest import SHARED

HEAD = "document\nprefix ex <http://e/>\n"
XSD = "http://www.w3.org/2001/XMLSchema#"
PROV = "http://www.w3.org/ns/prov#"
# The kind, the identifier, the arguments, the attributes, the line.
Statement = tuple[str, str, tuple[str, ...], tuple[tuple[str, str], ...], int]


def read(body: str, head: str = HEAD) -> Document:
    return provn.read(f"{head}{body}\nendDocument\n".encode(), "d.provn")


def statements(instance: Instance) -> list[Statement]:
    text = instance.terms.text
    return [
        (
            kind,
            text[rows.ids[row]],
            tuple(text[column[row]] for column in rows.columns),
            tuple((text[name], text[value]) for name, value in rows.attributes.get(row, [])),
            rows.lines[row],
        )
        for kind, rows in instance.rows.items()
        for row in range(len(rows))
    ]


def only(body: str, head: str = HEAD) -> Statement:
    (one,) = statements(read(body, head).toplevel)
    return one


def malformed(body: str, head: str = HEAD) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        read(body, head)
    return caught.value


def value(written: str) -> str:
    return only(f"entity(ex:e, [ex:a={written}])")[3][0][1]


@pytest.mark.parametrize(
    ("written", "kind", "identifier", "arguments"),
    [
        ("entity(ex:e)", "entity", "<http://e/e>", ()),
        ("agent(ex:g, [])", "agent", "<http://e/g>", ()),
        ("activity(ex:a)", "activity", "<http://e/a>", ("", "")),
        (
            "activity(ex:a, 2012-11-16T16:05:00, -)",
            "activity",
            "<http://e/a>",
            ('"2012-11-16T16:05:00"', ""),
        ),
        ("used(ex:a)", "used", "", ("<http://e/a>", "", "")),
        ("used(-; ex:a, -, -)", "used", "", ("<http://e/a>", "", "")),
        ("used(ex:u; ex:a, ex:e, -)", "used", "<http://e/u>", ("<http://e/a>", "<http://e/e>", "")),
        (
            "wasStartedBy(ex:a, ex:e, ex:b, 2012-11-16T17:05:00.50+01:00)",
            "wasStartedBy",
            "",
            ("<http://e/a>", "<http://e/e>", "<http://e/b>", '"2012-11-16T16:05:00.5Z"'),
        ),
        # A plan that is "-", or not written, is none, and not an unknown one: definition 4.
        ("wasAssociatedWith(ex:a)", "wasAssociatedWith", "", ("<http://e/a>", "", "-")),
        (
            "wasDerivedFrom(ex:f, ex:e)",
            "wasDerivedFrom",
            "",
            ("<http://e/f>", "<http://e/e>", "-", "-", "-"),
        ),
        (
            "wasDerivedFrom(ex:f, ex:e, ex:a, -, -)",
            "wasDerivedFrom",
            "",
            ("<http://e/f>", "<http://e/e>", "<http://e/a>", "", ""),
        ),
        ("actedOnBehalfOf(ex:h, -)", "actedOnBehalfOf", "", ("<http://e/h>", "", "")),
        (
            "mentionOf(ex:f, ex:e, ex:b)",
            "mentionOf",
            "",
            ("<http://e/f>", "<http://e/e>", "<http://e/b>"),
        ),
        (
            "prov:mentionOf(ex:f, ex:e, ex:b)",
            "mentionOf",
            "",
            ("<http://e/f>", "<http://e/e>", "<http://e/b>"),
        ),
    ],
)
def test_arguments(written: str, kind: str, identifier: str, arguments: tuple[str, ...]) -> None:
    assert only(written) == (kind, identifier, arguments, (), 3)


@pytest.mark.parametrize(
    ("name", "iri"),
    [
        ("ex:", "http://e/"),
        ("ex:0.1", "http://e/0.1"),
        ("ex:a/b//c?d=".replace("=", r"\="), "http://e/a/b//c?d="),
        ("ex:/*a*/", "http://e//*a*/"),
        (r"ex:\'\(\)\,\-\:\;\[\]\.", "http://e/'(),-:;[]."),
        ("ex:@~&+*?#$!", "http://e/@~&+*?#$!"),
        ("ex:%20%c3", "http://e/%20%c3"),
        ("ex:größe·𝔘", "http://e/größe·𝔘"),
        ("a.b:c", "http://ab/c"),
        ("12", "http://default/12"),
        ("2012-11-16", "http://default/2012-11-16"),
        (r"a\:b", "http://default/a:b"),
        ("entity", "http://default/entity"),
        ("prov:Plan", f"{PROV}Plan"),
        ("xsd:int", f"{XSD}int"),
    ],
)
def test_qualified_names(name: str, iri: str) -> None:
    head = "document default <http://default/> prefix ex <http://e/> prefix a.b <http://ab/>\n"
    assert only(f"entity({name})", head)[1] == f"<{iri}>"
    assert only(f"used({name}; {name}, -, -)", head)[1:3] == (f"<{iri}>", (f"<{iri}>", "", ""))


@pytest.mark.parametrize(
    ("written", "term"),
    [
        ('"a"', f'"a"^^<{XSD}string>'),
        ('"a" %% xsd:string', f'"a"^^<{XSD}string>'),
        ('"1.5"%%xsd:double', f'"1.5"^^<{XSD}double>'),
        ('"1" %% ex:T', '"1"^^<http://e/T>'),
        ('"a"@en-GB', '"a"@en-gb'),
        ('"a" @en', '"a"@en'),
        ("42", f'"42"^^<{XSD}int>'),
        ("-7", f'"-7"^^<{XSD}int>'),
        ("'ex:v'", "<http://e/v>"),
        (r"'ex:it\'s'", "<http://e/it's>"),
        ('"ex:v" %% prov:QUALIFIED_NAME', "<http://e/v>"),
        ('"ex:v" %% xsd:QName', "<http://e/v>"),
        ('"no name" %% xsd:QName', f'"no name"^^<{XSD}QName>'),
        (r'"\t\b\n\r\f\"\'\\"', rf'"\t\b\n\r\f\"{chr(39)}\\"^^<{XSD}string>'),
        (r'"\u00e9\U0001F600"', f'"é😀"^^<{XSD}string>'),
        ('"//no /*comment*/ <x>"', f'"//no /*comment*/ <x>"^^<{XSD}string>'),
        ('""', f'""^^<{XSD}string>'),
        ('""""""', f'""^^<{XSD}string>'),
        ('"""a "quoted" ""\nline"""', rf'"a \"quoted\" \"\"\nline"^^<{XSD}string>'),
    ],
)
def test_values(written: str, term: str) -> None:
    assert value(written) == term


@given(st.text(), st.text())
def test_texts_of_literals_are_those_of_n_triples(one: str, other: str) -> None:
    assert literal_term(one) == f"{ox.Literal(one)}^^<{XSD}string>"
    assert (literal_term(one) == literal_term(other)) == (one == other)


def test_all_attributes_are_kept_in_their_order() -> None:
    attributes = only("entity(ex:e, [ex:a=1, ex:b='ex:v', ex:a=1, ex:a=2])")[3]
    one, two = f'"1"^^<{XSD}int>', f'"2"^^<{XSD}int>'
    assert attributes == (
        ("<http://e/a>", one),
        ("<http://e/b>", "<http://e/v>"),
        ("<http://e/a>", one),
        ("<http://e/a>", two),
    )


def test_comments_lines_and_a_byte_order_mark() -> None:
    body = (
        "// entity(ex:no)\r\nentity(ex:a)/* two\nlines ***/ agent(\n  ex:b //)\n)\tactivity(ex:c)"
    )
    document = provn.read(f"\ufeff{HEAD}{body} endDocument //".encode(), "d")
    found = {one[1]: one[4] for one in statements(document.toplevel)}
    assert found == {"<http://e/a>": 4, "<http://e/b>": 5, "<http://e/c>": 7}


def test_bundles_have_the_namespaces_of_the_document_and_their_own() -> None:
    document = read(
        """default <http://d/>
        bundle b default <http://own/> prefix ex <http://x/> prefix o <http://o/>
          entity(e) entity(ex:e) entity(o:e) entity(p:e)
        endBundle
        entity(e)
        bundle p:c entity(e) entity(ex:e) endBundle
        bundle p:c agent(ex:g) endBundle
        entity(ex:e)""",
        f"{HEAD}prefix p <http://p/>\n",
    )
    ids = {name: [one[1] for one in statements(one)] for name, one in document.bundles.items()}
    assert ids == {
        "http://own/b": ["<http://own/e>", "<http://x/e>", "<http://o/e>", "<http://p/e>"],
        "http://p/c": ["<http://d/e>", "<http://e/e>", "<http://e/g>"],
    }
    assert [one[1] for one in statements(document.toplevel)] == ["<http://d/e>", "<http://e/e>"]
    assert document.notes == ["the bundle p:c in line 10 is there twice, and read as one"]


def test_namespaces_of_xml_schema_are_one() -> None:
    for iri in ("2001/XMLSchema", "2000/10/XMLSchema#", "2001/XMLSchema#"):
        head = f"{HEAD}prefix xsd <http://www.w3.org/{iri}> prefix xs <http://www.w3.org/{iri}>\n"
        one = only('entity(ex:e, [ex:a="1" %% xsd:int, ex:b="1" %% xs:int])', head)
        assert {term for _, term in one[3]} == {f'"1"^^<{XSD}int>'}


def test_extensions_are_read_and_noted() -> None:
    document = read(
        """prov:derivedByInsertionFrom(ex:d; ex:d2, ex:d1, {("k1", ex:e1), ("k2"@en, 'ex:e2')})
        ex:f(-; 1, -2, "t" %% xsd:int, 2012-11-16T16:05:00, -, ex:g(ex:h; (1)), [ex:a=1])
        ex:f({{1}, 2}) entity(ex:e)"""
    )
    assert [one[:2] for one in statements(document.toplevel)] == [("entity", "<http://e/e>")]
    assert document.notes == [
        "prov:derivedByInsertionFrom is an extension, of which PROV says nothing: 1 x, first in "
        "line 3",
        "ex:f is an extension, of which PROV says nothing: 2 x, first in line 4",
    ]


def test_an_empty_document() -> None:
    document = provn.read(b"document endDocument", "d")
    assert (document.form, len(document.toplevel), document.bundles) == ("PROV-N", 0, {})


@pytest.mark.parametrize(
    ("body", "column", "message", "mend"),
    [
        ("wasAttributedTo(-, ex:g)", 17, "wasAttributedTo needs an entity as its first", "Name"),
        ("wasAttributedTo(ex:e)", 1, "wasAttributedTo needs an agent as its second", "Name it."),
        ("hadMember(ex:c, -)", 17, "hadMember needs an entity as its second", "Name it"),
        ("mentionOf(ex:a, ex:b, -)", 23, "mentionOf needs a bundle as its third", ""),
        ("entity(-)", 8, "entity needs an identifier", ""),
        (
            "wasAssociatedWith(ex:a, ex:g)",
            1,
            "takes 1 or 3 arguments, and has 2",
            "Write wasAssociatedWith(ex:a, ex:g, -).",
        ),
        ("wasGeneratedBy(ex:e, ex:a)", 1, "has 2", "Write wasGeneratedBy(ex:e, ex:a, -)."),
        (
            "used(ex:a, 2012-11-16T16:05:00Z)",
            1,
            "has 2",
            "Write used(ex:a, -, 2012-11-16T16:05:00Z).",
        ),
        (
            "activity(ex:a, 2012-11-16T16:05:00Z)",
            1,
            "activity takes 1 or 3 arguments, and has 2",
            "Write activity(ex:a, 2012-11-16T16:05:00Z, -).",
        ),
        ("entity(ex:a, ex:b)", 1, "entity takes 1 argument, and has more", ""),
        ("used(ex:a, ex:e, -, -)", 1, "used takes 1 or 3 arguments, and has more", ""),
        ("entity(foo:a)", 8, "The prefix foo is not declared", "Add 'prefix foo <…>'"),
        ("entity(a)", 8, "no default namespace", "Add 'default <…>'".lower()),
        ("entity(ex:e, [ex:a='foo:a'])", 20, "The prefix foo is not declared", ""),
        ('entity(ex:e, [ex:a="foo:a" %% xsd:QName])', 20, "The prefix foo is not", ""),
        ("entity(_:a)", 8, "PROV-N has no blank nodes", "as in ex:a"),
        ("prefix _ <http://b/>", 8, "'prefix' is followed by the prefix", "letter"),
        ("prefix ex <http://other/>", 11, "The prefix ex is <http://e/> already", ""),
        ("prefix prov <http://other/>", 13, f"The prefix prov is <{PROV}> already", ""),
        ("prefix a 'http://a'", 10, "A namespace is an IRI between < and >", "Write prefix a <"),
        ("entity(ex:a) prefix a <http://a/>", 14, "Declarations stand before", "Move"),
        ("entity(ex:a:b)", 12, "found :b)", r"written \:"),
        ("entity(ex:a.)", 12, "found .)", r"written with \."),
        (r"entity(ex:a\b)", 12, r"found \b)", r"\ stands before"),
        ("entity(ex:a%2)", 12, "found %2)", "hexadecimal"),
        ("wasGeneratedby(ex:e)", 1, "A statement of PROV-N is missing", "mean wasGeneratedBy?"),
        ("frobnicate(ex:e)", 1, "A statement of PROV-N is missing", "a name with a prefix"),
        ("entity(ex:e", 1, "lacks ',' or ')'; found endDocument", ""),
        ("entity(ex:e, [ex:a=ex:b])", 20, "A value is missing; found ex:b", "between ' and '"),
        ("entity(ex:e, [ex:a=1 ex:b=2])", 22, "',' or ']' is missing", ""),
        ("entity(ex:e, [ex:a=1,])", 22, "The name of an attribute is missing", ""),
        ("entity(ex:e, [ex:a 1])", 20, "An attribute has '=' and a value", ""),
        ('entity(ex:e, [ex:a="x"@en_GB])', 23, "no tag of a language", "@en-GB"),
        ('entity(ex:e, [ex:a="x"%%"y"])', 25, "the name of a datatype", "%% xsd:double"),
        ('entity(ex:e, [ex:a="a\nb"])', 20, "A value is missing", '"""'),
        (r'entity(ex:e, [ex:a="\q"])', 20, r"The escape \q means no character", r"\\"),
        (r'entity(ex:e, [ex:a="\ud800"])', 20, r"The escape \ud800 means no character", ""),
        ("activity(ex:a, 2012-13-01T00:00:00, -)", 16, "month must be in 1..12", ""),
        ("activity(ex:a, ex:t, -)", 16, "activity has a time there", ""),
        ("used(ex:a, 2012-11-16T16:05:00, -)", 12, "used needs an entity as its second", ""),
        ("alternateOf(ex:i; ex:a, ex:b)", 17, "no identifier of its own", "Leave it out"),
        ("alternateOf(ex:a, ex:b, [])", 25, "alternateOf has no attributes", "Leave them out"),
        ("entity(ex:i; ex:a)", 12, "The identifier of entity is followed by", ""),
        ("used(ex:i; -; ex:a)", 13, "lacks ',' or ')'; found ;", ""),
        ("used(2012-11-16T16:05:00; ex:a)", 6, "An identifier stands before ';'", ""),
        ("bundle ex:b bundle ex:c endBundle", 13, "'endBundle' is missing", "no other bundle"),
        ("bundle (", 8, "'bundle' is followed by the identifier", ""),
        ("endBundle", 1, "'endDocument' is missing", ""),
        ("/* never closed", 1, "'endDocument' is missing; found /*", "ends with */"),
        ("ex:f()", 6, "A value is missing", ""),
        ("ex:f([ex:a=1])", 6, "A value is missing; found [", ""),
        ("ex:f(1, ex:a; 2)", 13, "',' or ')' is missing; found ;", ""),
        ("ex:f({ex:a; 2})", 11, "',' or '}' is missing; found ;", ""),
        ("ex:f({1)", 8, "',' or '}' is missing", ""),
        ("ex:f(1, [ex:a=1], 2)", 17, "')' is missing after the attributes", ""),
        ("endDocument entity(ex:e)", 13, "Nothing may follow 'endDocument'", ""),
        ("entity(ex:e)\u00a0", 13, "'endDocument' is missing; found the character U+00A0", ""),
    ],
)
def test_what_is_malformed_is_told(body: str, column: int, message: str, mend: str) -> None:
    error = malformed(body)
    line = 4 if error.message.endswith("found endDocument.") else 3
    assert (error.document, error.line, error.column) == ("d.provn", line, column)
    assert message in error.message
    assert mend.lower() in error.mend.lower()


def test_other_text_is_no_prov_n() -> None:
    error = malformed("", "\n  entity(ex:e)")
    assert (error.line, error.column) == (2, 3)
    assert "begins with 'document'" in error.message


NAMES = st.from_regex(r"[a-z][a-z0-9/]{0,3}", fullmatch=True)
SPACES = st.sampled_from(["", " ", "\n", "\t// c )\n", " /* ; */"])
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(datetime.isoformat)
VALUES = st.one_of(st.text(), st.integers(-(10**12), 10**12), NAMES.map(lambda name: (name,)))
Written = tuple[Kind, str | None, list[str | None], dict[str, str | int | tuple[str]]]


@st.composite
def expressions(draw: st.DrawFn) -> Written:
    kind = draw(st.sampled_from(list(KINDS.values())))
    own = draw(NAMES if kind.name in ELEMENTS else st.none() | NAMES)
    arguments: list[str | None] = []
    for position, slot in enumerate(kind.arguments[: draw(st.sampled_from(kind.many))]):
        one = MOMENTS if slot in TIMES else NAMES
        arguments.append(draw(one if position < kind.mandatory else st.none() | one))
    attributes = draw(st.dictionaries(NAMES, VALUES, max_size=3))
    return kind, own if kind.identified else None, arguments, attributes if kind.identified else {}


def written(one: Written, space: str) -> str:
    """The expression in PROV-N, with ``space`` between its tokens."""
    kind, own, arguments, attributes = one
    parts = [
        "-" if one is None else one if slot in TIMES else f"ex:{one}"
        for slot, one in zip(kind.arguments, arguments, strict=False)
    ]
    if kind.name in ELEMENTS:
        parts.insert(0, f"ex:{own}")
        own = None
    values = []
    for name, given_ in attributes.items():
        text = str(given_)
        if isinstance(given_, tuple):
            text = f"'ex:{given_[0]}'"
        elif isinstance(given_, str):
            escaped = given_.replace("\\", "\\\\").replace('"', '\\"')
            text = f'"""{escaped}"""'
        values.append(f"ex:{name} ={space}{text} ")
    if values:
        parts.append(f"[{space}{','.join(values)}]")
    prefix = f"ex:{own} ;{space}" if own else ""
    return f"{kind.name}{space}({prefix}{f' ,{space}'.join(parts)} ){space}"


def added(one: Written, instance: Instance, line: int) -> None:
    """The same straight into the model."""
    kind, own, arguments, attributes = one
    number = instance.terms.number
    numbers = [
        PLACEHOLDER if one is None else number(time_term(one) if slot in TIMES else f"<x:{one}>")
        for slot, one in zip(kind.arguments, arguments, strict=False)
    ]
    numbers += [PLACEHOLDER] * (len(kind.arguments) - len(numbers))
    values = []
    for name, given_ in attributes.items():
        term = f"<x:{given_[0]}>" if isinstance(given_, tuple) else literal_term(str(given_))
        if isinstance(given_, int):
            term = literal_term(str(given_), f"{XSD}int")
        values.append((number(f"<x:{name}>"), number(term)))
    instance.add(kind.name, number(f"<x:{own}>") if own else ABSENT, numbers, line, values)


@given(st.lists(expressions()), SPACES)
def test_what_is_written_is_read(given_: list[Written], space: str) -> None:
    expected = Instance(Terms())
    body = ""
    for one in given_:
        added(one, expected, body.count("\n") + 2)
        body += written(one, space)
    assert statements(read(body, "document prefix ex <x:>\n").toplevel) == statements(expected)


@given(st.binary())
@example(b"document \xff")
@example("document \ud7ff".encode())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for start in (b"", HEAD.encode(), HEAD.encode() + b"entity(ex:e, ["):
        with pytest.raises(InputError):
            provn.read(start + data, "d")


CUT = HEAD + 'entity(ex:a.b, [ex:a="""x\\n""" %% xsd:string, ex:b=\'ex:c\']) ex:f({1}) endDocument'


@given(st.integers(0, len(CUT) - 1), st.sampled_from(" \x00\"'<>()[]{},;=%-.:\\/*_0aé\u2028"))
def test_documents_that_are_cut_or_changed_are_read_or_refused(at: int, by: str) -> None:
    with pytest.raises(MalformedError):
        provn.read(CUT[:at].encode(), "d")
    try:
        document = provn.read(f"{CUT[:at]}{by}{CUT[at + 1 :]}".encode(), "d")
    except MalformedError as error:
        assert (error.line, error.column) > (0, 0)
    else:
        assert len(document.toplevel) <= 1


MANY = 200_000
HEAVY = {
    "deep tuples": f"ex:f({'(' * MANY}",
    "deep extensions": f"{'ex:f(' * MANY}",
    "open comments": f"entity(ex:a, [{'ex:b=/* ,' * MANY}",
    "stars": f"/*{'*' * MANY}",
    "open strings": f'entity(ex:a, [ex:b="""{chr(34) * 2}a{"x" * MANY}',
    "backslashes": f'entity(ex:a, [ex:b="{chr(92) * MANY}',
    "dots": f"entity(ex:a{'.' * MANY})",
    "dots in names": f"entity(ex:{'a.' * MANY})",
    "percent": f"entity(ex:{'a.%' * MANY})",
    "arguments": f"used({'ex:a, ' * MANY}ex:a)",
    "identifiers": f"used({'ex:a; ' * MANY}ex:a)",
    "colons": f"entity({'a:' * MANY})",
    "brackets": "<" * MANY,
    "a word": "wasGeneratedBy" * MANY,
    "a year": f"activity(ex:a, {'1' * MANY}-01-01T00:00:00, -)",
}


@pytest.mark.parametrize("body", HEAVY.values(), ids=HEAVY)
def test_hostile_documents_are_refused(body: str) -> None:
    error = malformed(body)
    assert error.line
    assert len(str(error)) < 400


def test_large_documents_are_read() -> None:
    declared = "".join(f"prefix p{number} <http://e/{number}/>\n" for number in range(90_000))
    bundles = "".join(f"bundle p{number}:b entity(p7:e) endBundle\n" for number in range(1000))
    name = "a" * 1_000_000
    document = read(f"{bundles} entity(p9:{name}) ex:f({'(' * MANY}1{')' * MANY})", HEAD + declared)
    assert len(document.bundles) == 1000
    assert statements(document.toplevel)[0][1] == f"<http://e/9/{name}>"


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provn, "MAX_BUNDLES", 10)
    assert len(read("bundle ex:b endBundle " * 10).bundles) == 1
    with pytest.raises(InputError, match="more than 10 bundles"):
        read("bundle ex:b endBundle " * 11)
    monkeypatch.setattr(names, "MAX_TEXT", 100_000)
    head = f"{HEAD} prefix l <http://{'l' * 10_000}/>\n"
    assert len(read("entity(l:e) " * 100, head).toplevel) == 100
    for body in (
        " ".join(f"entity(l:{number})" for number in range(10)),
        " ".join(f"bundle ex:b prefix o <o> entity(l:{one}) endBundle" for one in range(10)),
        "entity(ex:e, [" + ", ".join(f'ex:a="{one}" %% l:t' for one in range(10)) + "])",
    ):
        with pytest.raises(InputError, match="written out with their namespaces"):
            read(body, head)
    monkeypatch.setattr(provn, "MAX_BYTES", 1000)
    with pytest.raises(InputError, match="more than the 0 MiB"):
        provn.read(b" " * 1001, "d")
    with pytest.raises(InputError, match="line 2 has the byte 0xff"):
        provn.read(b"document\n\xff", "d")


def suite() -> dict[str, str]:
    """The PROV-N documents of the shared data, and the constraint that each is about."""
    manifest = SHARED / "data" / "prov-constraints" / "manifest.csv"
    if not manifest.exists():
        pytest.skip("the shared data folder is not here")
    with manifest.open() as file:
        rows = [row for row in csv.DictReader(file) if row["format"] == "provn"]
    return {f"prov-constraints/{row['path']}": row["constraint"] for row in rows}


def test_documents_of_the_w3c_suite() -> None:
    refused = set()
    cases = suite()
    for path in cases:
        try:
            assert provn.read((SHARED / "data" / path).read_bytes(), path).notes == []
        except MalformedError as error:
            assert error.line
            refused.add(path)
    assert refused == {path for path, constraint in cases.items() if constraint == "DM"}
    assert len(cases) > 100


@pytest.mark.parametrize(
    ("path", "line", "column", "message"),
    [
        ("noworkflow/now_export.provn", 1, 1, "PROV-N begins with 'document'; found prefix"),
        # A name with two colons, of a prefix that nothing declares.
        ("nidm/cff-sample.provn", 5, 59, "found 'nidm:nidm:ConnectomeFileFormat'"),
    ],
)
def test_documents_of_other_tools_that_are_malformed(
    path: str, line: int, column: int, message: str
) -> None:
    file = SHARED / "data" / "wild" / path
    if not file.exists():
        pytest.skip("the shared data folder is not here")
    with pytest.raises(MalformedError) as caught:
        provn.read(file.read_bytes(), path)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert message in caught.value.message


def by_prov(bundle: ProvBundle) -> Iterator[tuple[object, ...]]:
    """The statements of a bundle, as the prov package has them."""
    for record in bundle.get_records():
        own = f"<{record.identifier.uri}>" if record.identifier else ""
        given_ = dict(record.formal_attributes)
        arguments = []
        for name in record.FORMAL_ATTRIBUTES:
            one = given_.get(name)
            if isinstance(one, QualifiedName):
                arguments.append(f"<{one.uri}>")
            else:
                arguments.append(time_term(one.isoformat()) if one else "")
        names = frozenset(f"<{name.uri}>" for name, _ in record.extra_attributes)
        yield PROV_N_MAP[record.get_type()], own, tuple(arguments), names


def ours(instance: Instance) -> Counter[tuple[object, ...]]:
    return Counter(
        # prov does not tell "-" from what is left out.
        (kind, own, tuple("" if one == "-" else one for one in arguments), names)
        for kind, own, arguments, pairs, _ in statements(instance)
        for names in [frozenset(name for name, _ in pairs)]
    )


def compare(data: bytes, name: str) -> None:
    """Raises where either does not read it, and fails where they read it differently."""
    read_by_prov = ProvDocument.deserialize(content=data.decode(), format="provn")
    document = provn.read(data, name)
    theirs = {bundle.identifier.uri: bundle for bundle in read_by_prov.bundles}
    assert theirs.keys() == document.bundles.keys()
    for uri, bundle in theirs.items():
        assert ours(document.bundles[uri]) == Counter(by_prov(bundle)), (name, uri)
    assert ours(document.toplevel) == Counter(by_prov(read_by_prov)), name


def test_the_prov_package_reads_the_shared_documents_as_we_do() -> None:
    for path, constraint in [*suite().items(), ("wild/cwlprov/revsort-primary.cwlprov.provn", "")]:
        if constraint != "DM":
            compare((SHARED / "data" / path).read_bytes(), path)


@pytest.mark.filterwarnings("ignore::prov.model.ProvFutureRejectionWarning")
def test_the_prov_package_reads_its_own_documents_as_we_do() -> None:
    """Those that its wheel has: ProvToolbox's, and the examples of the Recommendations."""
    folder = Path(prov.__file__).parent / "tests" / "provn"
    if not folder.exists():
        pytest.skip("prov was installed without its tests")
    same, not_theirs, not_ours = 0, [], []
    for file in sorted(folder.rglob("*.provn")):
        try:
            compare(file.read_bytes(), file.name)
        except ProvException:
            not_theirs.append(file.name)
        except MalformedError as error:
            not_ours.append(error.message)
        else:
            same += 1
    # prov takes "-" for any argument, and values with prefixes that nothing declares.
    assert [one for one in not_ours if " needs " not in one and "not declared" not in one] == []
    assert same > 450
    # Extensions, which prov does not read, and examples that are no documents.
    assert "prov-n-example-64.provn" in not_theirs
