"""Whatever is done to a document, it is read, or refused with an error that is meant for people."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prov.model import ProvDocument

from kprov_rdf.dm import detect, names, provjson, provjsonld, provxml
from kprov_rdf.errors import InputError
from tests.dm.documents import documents

READERS = {"json": provjson.read, "xml": provxml.read, "jsonld": provjsonld.read}
_ODD = st.one_of(
    st.sampled_from([None, True, 0, -1.5, "", "x", "_:", "_:a", ":", "u:x", "ex:a", [], {}]),
    st.sampled_from([[[]], [{}], [None], {"$": 1}, {"$": None}, {"$": "x", "lang": 1}]),
    st.sampled_from([{"@id": 1}, {"@value": []}, {"": {}}]),
)


@pytest.mark.parametrize("form", READERS)
@settings(max_examples=100)
@given(
    document=documents(),
    cut=st.floats(0, 1),
    length=st.integers(0, 12),
    put=st.sampled_from(["", "<", ">", '"', "{", "]", ":", "&", "\0", "\ud7ff", "prov:", "xmlns:"]),
)
def test_text_that_was_damaged(
    form: str, document: ProvDocument, cut: float, length: int, put: str
) -> None:
    text = document.serialize(format=form)
    at = int(cut * len(text))
    data = (text[:at] + put + text[at + length :]).encode()
    for read in (READERS[form], detect.detect):
        try:
            read(data, "x")
        except InputError as error:
            assert str(error).startswith("x")


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    return [path, *(found for key in keys for found in _paths(value[key], (*path, key)))]


@pytest.mark.parametrize("form", ["json", "jsonld"])
@settings(max_examples=150)
@given(document=documents(), choice=st.floats(0, 0.999), odd=_ODD, key=st.booleans())
def test_json_with_something_else_in_a_place(
    form: str, document: ProvDocument, choice: float, odd: Any, key: bool
) -> None:
    whole = {"": json.loads(document.serialize(format=form))}
    paths = _paths(whole)[1:]
    *path, last = paths[int(choice * len(paths))]
    place: Any = whole
    for step in path:
        place = place[step]
    if key and isinstance(place, dict) and isinstance(odd, str):
        place[odd] = place.pop(last)
    else:
        place[last] = odd
    try:
        READERS[form](json.dumps(whole.get("", odd)).encode(), "x")
    except InputError as error:
        assert str(error).startswith("x")


@pytest.mark.parametrize("form", READERS)
def test_a_long_namespace_does_not_make_much_of_a_small_document(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = ProvDocument()
    document.add_namespace("ex", "http://e.org/" + "x" * 9000)
    for number in range(20):
        document.entity(f"ex:{number}")
    data = document.serialize(format=form).encode()
    assert len(READERS[form](data, "x").toplevel) == 20
    with pytest.raises(InputError, match="namespace of 18,013 characters"):
        READERS[form](data.replace(b"x" * 9000, b"x" * 18_000), "x")
    monkeypatch.setattr(names, "MAX_TEXT", 100_000)
    with pytest.raises(InputError, match="take more than 0 MiB"):
        READERS[form](data, "x")
