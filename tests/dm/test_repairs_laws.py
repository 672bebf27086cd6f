"""What holds of all repairs: nothing is lost, nothing is mended that is right, all has limits."""

import contextlib
import csv
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prov.model import ProvDocument

from kprov_rdf.dm import provjson, provn
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.dm.repairs import MAX_LISTED, MAX_UNDECLARED, Repairs
from kprov_rdf.errors import InputError
from tests.conftest import SHARED
from tests.dm.documents import documents, said
from tests.dm.test_repairs import BASE, HEAD, READERS, Read, told
from tests.dm.test_repairs_formats import XML


@given(documents(), st.sampled_from(["json", "provn", "xml"]))
def test_documents_without_defects_are_read_the_same(written: ProvDocument, form: str) -> None:
    data = written.serialize(format=form).encode()
    read, repairs = READERS[form if form == "provn" else f"prov{form}"], Repairs(BASE, "d")
    assert said(read(data, "d", repairs)) == said(read(data, "d", None))
    assert told(repairs) == []


def suite() -> Iterator[tuple[str, Read]]:
    folder = SHARED / "data" / "prov-constraints"
    if not folder.exists():
        pytest.skip("the shared data folder is not here")
    with (folder / "manifest.csv").open() as file:
        for row in csv.DictReader(file):
            form = {"json": "provjson"}.get(row["format"], row["format"])
            if form in READERS:
                yield row["path"], READERS[form]


def test_documents_of_the_w3c_suite_are_read_the_same() -> None:
    count = 0
    for path, read in suite():
        data = (SHARED / "data" / "prov-constraints" / path).read_bytes()
        repairs = Repairs(BASE, path)
        try:
            strict: Any = said(read(data, path, None))
        except MalformedError as error:
            strict = str(error)
        try:
            lenient: Any = said(read(data, path, repairs))
        except MalformedError as error:
            lenient = str(error)
        assert (path, lenient, told(repairs)) == (path, strict, [])
        count += 1
    assert count > 200


BROKEN = [
    'entity(ex:5_"a b.txt")',
    'entity(ex:q, [ex:l="a "b" c"])',
    "wasAssociatedWith(ex:w, ex:v)",
]


@given(documents(), st.data())
def test_what_is_mended_loses_nothing_beside_it(written: ProvDocument, data: st.DataObject) -> None:
    """Statements that are broken, between lines of a document that is not."""
    lines = written.serialize(format="provn").split("\n")
    if "bundle " in "".join(lines) or any(one.count('"') % 2 for one in lines):
        return  # there a line may be part of a statement
    strict = said(provn.read("\n".join(lines).encode(), "d")).get("", {})
    broken = data.draw(st.lists(st.sampled_from(BROKEN), min_size=1))
    first = next(at for at, one in enumerate(lines) if one.strip() == "endDocument")
    for one in broken:
        lines.insert(first, one)
    lines.insert(1, "prefix ex <http://example.org/>")
    found = said(provn.read("\n".join(lines).encode(), "d", Repairs(BASE, "d")))[""]
    assert sum(found.values()) == sum(strict.values()) + len(broken)  # type: ignore[attr-defined]
    assert all(found[one] >= count for one, count in strict.items())


MANY = 100_000


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("provn", "document " + " ".join(f"entity(p{one}:a)" for one in range(MANY))),
        ("provjson", json.dumps({"entity": {f"p{one}:a": {} for one in range(MANY)}})),
        (
            "provxml",
            f"{XML}{''.join(f'<prov:other><p{one}:a/></prov:other>' for one in range(MANY))}"
            "</prov:document>",
        ),
    ],
)
def test_too_many_prefixes_are_refused(form: str, text: str) -> None:
    with pytest.raises(InputError, match=f"more than {MAX_UNDECLARED:,} prefixes"):
        READERS[form](text.encode(), "d", Repairs(BASE, "d"))


def test_many_repairs_are_counted() -> None:
    body = "\n".join(f'entity(5_"{one}", [prov:label=""x""])' for one in range(20_000))
    repairs = Repairs(BASE, "d")
    document = provn.read(f"{HEAD}default <http://d/>\n{body}\nendDocument".encode(), "d", repairs)
    assert len(document.toplevel) == 20_000
    assert repairs.counts == {"illegal-name": 20_000, "broken-text": 20_000}
    assert len(repairs.listed) == MAX_LISTED
    assert told(repairs)[-1] == "illegal-name: 19,850 more"


HOSTILE = {
    "comments": 'entity(5_"a")\n' + "entity(a, [b=/* ,\n" * MANY,
    "strings": 'entity(5_"a")\n' + 'entity(a, [b="""\n' * MANY,
    "one line": 'entity(5_"' + 'a", ' * MANY,
    "attributes": f'entity(a, [b="{"c, d=" * MANY}"])',
    "blanks": f"entity(a{' ' * MANY}b{' ' * MANY}c, [d=e{' ' * MANY}f])",
    "brackets": f"entity({'([{' * MANY})",
    "keys": f'entity(5_"a", [{"b" * MANY}{",b" * MANY}])',
    "starts": "entity\n" * MANY,
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_documents_are_read_or_refused(body: str) -> None:
    try:
        provn.read(body.encode(), "d", Repairs(BASE, "d"))
    except InputError as error:
        assert len(str(error)) < 500


@given(st.text(alphabet="ae:_5\"'\\ ,;=()[]{}%-.\n/*"), st.sampled_from(["", HEAD]))
@example('entity(a, [b="""])', "")
@example("entity(a, [b=c\\])", HEAD)
def test_any_text_is_read_or_refused(text: str, head: str) -> None:
    for body in (text, f"entity({text})", f"entity(a, [b={text}])\nentity(c)"):
        with contextlib.suppress(InputError):
            provn.read(f"{head}{body}\nendDocument".encode(), "d", Repairs(BASE, "d"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=5,
)
KINDS = st.sampled_from(["entity", "used", "program", "hasInPort", "hadMember", "wasPartOf"])


@given(st.dictionaries(KINDS, st.dictionaries(st.text(max_size=4), VALUES, max_size=2)))
def test_any_json_is_read_or_refused(found: dict[str, Any]) -> None:
    with contextlib.suppress(InputError):
        provjson.read(json.dumps(found).encode(), "d", Repairs(BASE, "d"))
