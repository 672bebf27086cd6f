"""Statements of PROV-Dictionary (W3C note, 30 April 2013) as RDF."""

import pytest

from tests.exchange.graphs import READERS
from tests.exchange.test_quads import PROVN, quads, records, turtle

DICTIONARY = """ex:d prov:hadDictionaryMember i:pair-1 .
i:pair-1 a prov:KeyEntityPair ; prov:pairKey "k" ; prov:pairEntity ex:e .
ex:d2 prov:derivedByInsertionFrom ex:d ; prov:qualifiedInsertion ex:i .
ex:i a prov:Insertion, ex:T ; prov:dictionary ex:d ; ex:x "y" ;
  prov:insertedKeyEntityPair i:pair-2, i:pair-3 .
i:pair-2 a prov:KeyEntityPair ; prov:pairKey "a" ; prov:pairEntity ex:f .
i:pair-3 a prov:KeyEntityPair ; prov:pairKey 2 ; prov:pairEntity ex:g .
ex:d3 prov:derivedByRemovalFrom ex:d2 ; prov:qualifiedRemoval i:derivedByRemovalFrom-1 .
i:derivedByRemovalFrom-1 a prov:Removal ; prov:dictionary ex:d2 ; prov:removedKey "k", ex:key ."""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "x.provn",
            PROVN.format(
                'prov:hadDictionaryMember(ex:d, ex:e, "k")\n'
                'prov:derivedByInsertionFrom(ex:i; ex:d2, ex:d, {("a", ex:f), '
                '("2" %% xsd:integer, ex:g)}, [ex:x="y", prov:type=\'ex:T\'])\n'
                "prov:derivedByRemovalFrom(ex:d3, ex:d2, {\"k\", 'ex:key'})"
            ),
        ),
        (
            "x.json",
            records(
                hadDictionaryMember={
                    "_:m": {"prov:dictionary": "ex:d", "prov:entity": "ex:e", "prov:key": "k"}
                },
                derivedByInsertionFrom={
                    "ex:i": {
                        "prov:after": "ex:d2",
                        "prov:before": "ex:d",
                        "prov:key-entity-set": [
                            {"key": "a", "$": "ex:f"},
                            {"key": {"$": "2", "type": "xsd:integer"}, "$": "ex:g"},
                        ],
                        "ex:x": "y",
                        "prov:type": {"$": "ex:T", "type": "prov:QUALIFIED_NAME"},
                    }
                },
                derivedByRemovalFrom={
                    "_:r": {
                        "prov:after": "ex:d3",
                        "prov:before": "ex:d2",
                        "prov:key-set": ["k", {"$": "ex:key", "type": "prov:QUALIFIED_NAME"}],
                    }
                },
            ),
        ),
    ],
)
def test_dictionaries_are_said_in_the_terms_of_prov_dictionary(
    name: str, text: str | bytes
) -> None:
    """Written by hand from the Note, sections 4 and 5."""
    assert {quad.triple for quad in quads(text, name)} == turtle(DICTIONARY)


@pytest.mark.parametrize(
    "record",
    ['ex:d, -, "k"', "ex:d, ex:e", '1; ex:d, ex:e, "k"', 'ex:d, ex:e, ("k")'],
)
def test_another_form_of_a_dictionary_is_only_told(record: str) -> None:
    data = PROVN.format(f"entity(ex:e) prov:hadDictionaryMember({record})").encode()
    document = READERS["provn"](data, "x")
    assert document.dictionaries == []
    assert document.notes[0].startswith("prov:hadDictionaryMember is an extension")


@pytest.mark.parametrize(
    "record",
    [
        {},
        [],
        5,
        {"prov:dictionary": "ex:d"},
        {"prov:dictionary": "ex:d", "prov:key": "k", "prov:entity": None},
        {"prov:dictionary": "ex:d", "prov:key": [], "prov:entity": "ex:e"},
    ],
)
def test_another_form_in_prov_json_is_left_out_and_told(record: object) -> None:
    document = READERS["provjson"](records(hadDictionaryMember={"_:m": record}), "x")
    assert document.dictionaries == []
    assert "PROV-Dictionary" in document.notes[0]
