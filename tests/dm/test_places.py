"""Where each reader says that an argument is missing: document, line and column."""

import pytest

from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.validate import inputs

HEAD = '<prov:document xmlns:prov="http://www.w3.org/ns/prov#" xmlns:ex="http://example.org/">\n'
MISSING = {
    "x.provn": ("document prefix ex <http://e/>\n  wasAttributedTo(ex:e, -) endDocument", 25),
    "x.json": (
        '{"prefix": {"ex": "http://e/"}, "wasAttributedTo":\n'
        '  {"_:a": {"prov:entity": "ex:e"}}}',
        4,
    ),
    "x.provx": (HEAD + '  <prov:wasAttributedTo><prov:entity prov:ref="ex:e"/>'
                "</prov:wasAttributedTo></prov:document>", 3),
    "x.jsonld": (
        '{"@context": [{"ex": "http://e/"}, "https://openprovenance.org/prov-jsonld/context.json"],'
        ' "@graph": [\n  {"@type": "prov:Attribution", "entity": "ex:e"}]}',
        3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISSING)
def test_a_missing_argument_has_a_line_and_a_column(name: str) -> None:
    text, column = MISSING[name]
    with pytest.raises(MalformedError) as caught:
        inputs.read(text.encode(), name)
    assert (caught.value.document, caught.value.line, caught.value.column) == (name, 2, column)
    assert str(caught.value).startswith(f"{name}:2:{column}: ")
