"""What every reader refuses, within limits and with a reason."""

import json

import pytest

from kprov_rdf.dm.model import MAX_PREFIXES
from kprov_rdf.errors import InputError
from kprov_rdf.validate import inputs

MANY = [f"p{n}" for n in range(MAX_PREFIXES + 1)]
DECLARED = {
    "x.provn": "document\n"
    + "\n".join(f"prefix {one} <http://e/{one}/>" for one in MANY)
    + "\nendDocument",
    "x.json": json.dumps({"prefix": {one: f"http://e/{one}/" for one in MANY}, "entity": {}}),
    "x.jsonld": json.dumps(
        {
            "@context": [
                {one: f"http://e/{one}/" for one in MANY},
                "https://openprovenance.org/prov-jsonld/context.jsonld",
            ],
            "@graph": [],
        }
    ),
    "x.provx": '<prov:document xmlns:prov="http://www.w3.org/ns/prov#" '
    + " ".join(f'xmlns:{one}="http://e/{one}/"' for one in MANY)
    + "/>",
    "x.ttl": "\n".join(f"@prefix {one}: <http://e/{one}/> ." for one in MANY),
}


@pytest.mark.parametrize("name", DECLARED)
def test_more_prefixes_than_any_provenance_needs_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="prefixes, which no provenance needs"):
        inputs.read(DECLARED[name].encode(), name)
