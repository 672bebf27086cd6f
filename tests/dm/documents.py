"""What documents say, in a form that can be compared, and documents made by the prov package."""

import datetime
from collections import Counter
from typing import Any

from hypothesis import strategies as st
from prov.constants import PROV_N_MAP
from prov.identifier import Identifier, QualifiedName
from prov.model import Literal, ProvBundle, ProvDocument, ProvRecord, canonical_xsd_datatype

from kprov_rdf.dm.model import KINDS, Document, Instance
from kprov_rdf.dm.times import time_term
from kprov_rdf.dm.values import XSD, literal_term

EX = "http://example.org/"
PROV = "http://www.w3.org/ns/prov#"
Said = dict[str, Counter[tuple[Any, ...]]]


def said(document: Document) -> Said:
    """By the name of the instance, "" for the toplevel: how often it says which statement."""
    return {one.name or "": _statements(one) for one in document.instances() if len(one)}


def _statements(instance: Instance) -> Counter[tuple[Any, ...]]:
    text = instance.terms.text
    found: Counter[tuple[Any, ...]] = Counter()
    for kind, rows in instance.rows.items():
        for row, identifier in enumerate(rows.ids):
            arguments = tuple(text[column[row]] for column in rows.columns)
            pairs = {(text[name], text[value]) for name, value in rows.attributes.get(row, ())}
            found[kind, text[identifier], arguments, frozenset(pairs)] += 1
    return found


def expected(document: ProvDocument) -> Said:
    """The same for a document of the prov package."""
    parts = {"": document.records}
    parts |= {str(one.identifier.uri): one.records for one in document.bundles}  # type: ignore[union-attr]
    return {name: Counter(map(_of_prov, records)) for name, records in parts.items() if records}


def _of_prov(record: ProvRecord) -> tuple[Any, ...]:
    kind = KINDS[PROV_N_MAP[record.get_type()]]
    formal = {name.localpart: value for name, value in record.formal_attributes}
    arguments = tuple(
        ""
        if (value := formal.get(name)) is None
        else _term(value, name in ("time", "startTime", "endTime"))
        for name in kind.arguments
    )
    identifier = f"<{record.identifier.uri}>" if record.identifier and kind.identified else ""
    pairs = {(f"<{name.uri}>", _term(value)) for name, value in record.extra_attributes}
    return kind.name, identifier, arguments, frozenset(pairs)


def _term(value: Any, is_time: bool = False) -> str:
    if isinstance(value, QualifiedName):
        return f"<{value.uri}>"
    if isinstance(value, Identifier):
        return literal_term(value.uri, f"{XSD}anyURI")
    if isinstance(value, Literal):
        if value.langtag:
            return literal_term(value.value, language=value.langtag)
        return literal_term(value.value, value.datatype.uri if value.datatype else f"{XSD}string")
    if isinstance(value, datetime.datetime):
        text = value.isoformat()
        return time_term(text) if is_time else literal_term(text, f"{XSD}dateTime")
    if isinstance(value, bool):
        return literal_term(str(value).lower(), f"{XSD}boolean")
    datatype = canonical_xsd_datatype(value)
    return literal_term(str(value), datatype.uri) if datatype else literal_term(value)


_NAMES = st.sampled_from([f"ex:{one}" for one in ("a", "b", "c", "d-1", "é", "e/f")])
_TIMES = st.datetimes(
    datetime.datetime(1900, 1, 1),
    datetime.datetime(2100, 1, 1),
    timezones=st.none()
    | st.sampled_from([datetime.UTC, datetime.timezone(datetime.timedelta(hours=-3))]),
)
_TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), max_size=8)
_T = ProvDocument().add_namespace("ex", EX)["T"]
_VALUES = (
    _TEXTS
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | _TIMES
    | st.builds(lambda text: Literal(text, langtag="en"), _TEXTS)
    | st.sampled_from(
        [
            Identifier("http://e.org/x y"),
            _T,
        ]
    )
)
_KEYS = st.sampled_from(["ex:k", "ex:other", "prov:label", "prov:location"])


@st.composite
def documents(draw: st.DrawFn) -> ProvDocument:
    """Documents with every kind of statement but mentions, in the toplevel and in bundles."""
    document = ProvDocument()
    document.add_namespace("ex", EX)
    for name in (None, "ex:bundle1", "ex:bundle2"):
        container = document if name is None else document.bundle(name)
        for kind in draw(st.lists(st.sampled_from(sorted(set(KINDS) - {"mentionOf"})), max_size=6)):
            _add(draw, container, kind)
    return document


def _add(draw: st.DrawFn, container: ProvBundle, kind: str) -> None:
    types = {name: one for one, name in PROV_N_MAP.items()}
    element = not KINDS[kind].arguments or kind == "activity"
    formal = {}
    for index, argument in enumerate(KINDS[kind].arguments):
        if index < KINDS[kind].mandatory or draw(st.booleans()):
            formal[f"prov:{argument}"] = draw(_TIMES if "ime" in argument else _NAMES)
    extra: list[tuple[Any, Any]] = []
    identifier = None
    if KINDS[kind].identified:
        identifier = draw(_NAMES if element else st.none() | _NAMES)
        extra = draw(st.lists(st.tuples(_KEYS, _VALUES), max_size=3))
        # A label is a text.
        extra = [(key, value) for key, value in extra if key != "prov:label" or type(value) is str]
    container.new_record(types[kind], identifier, formal, extra)
