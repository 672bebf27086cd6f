"""What the formats cannot say: the list of it is what trials find, and does not grow."""

import pytest

from tools import losses

EVERYWHERE = {
    "a triple term: refused",
    "the base direction of a text: changed",
    "the type of a literal that is `xsd:QName` or `prov:QUALIFIED_NAME`: changed",
    "the type of a literal that is `prov:InternationalizedString`: changed",
    "`prov:label` as a property, which is `rdfs:label` in PROV-O: changed",
    "`prov:type` of a thing, which is `rdf:type` in PROV-O: changed",
    "kprov's mark `dnnprov:Undeclared`: left out",
    "that the class of a qualifying node is not said: added",
}
BEYOND_XML = {
    "a control character of a text: refused",
    "a property whose IRI ends in no name of XML: refused",
}


@pytest.mark.parametrize("form", ["PROV-N", "PROV-JSON", "PROV-JSONLD", "PROV-XML"])
def test_nothing_else_is_lost(form: str) -> None:
    assert set(losses.losses()[form]) == EVERYWHERE | (BEYOND_XML if form == "PROV-XML" else set())


def test_each_loss_is_a_row_of_the_table() -> None:
    rows = losses.table().splitlines()
    assert rows[0] == "| what | PROV-N | PROV-JSON | PROV-XML | PROV-JSONLD |"
    assert len(rows) == 2 + len(EVERYWHERE) + len(BEYOND_XML)
    assert "| a control character of a text | kept | kept | refused | kept |" in rows


def test_what_rdf_cannot_say_of_prov_dm_is_found() -> None:
    assert losses.unsaid() == [
        "identifiers of `specializationOf`, `alternateOf`, `hadMember` and `mentionOf`",
        "a bundle without statements",
    ]
