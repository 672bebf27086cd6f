"""The result formats of SPARQL 1.1: JSON, XML, CSV and TSV. All of them stream."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO
from xml.sax.saxutils import escape, quoteattr

import pyoxigraph as ox

from kprov_capture.terms import XSD_NAMESPACE
from kprov_rdf.query import Term

FORMATS = ("json", "xml", "csv", "tsv")
_XML_HEAD = (
    '<?xml version="1.0"?>\n<sparql xmlns="http://www.w3.org/2005/sparql-results#"'
    ' xmlns:its="http://www.w3.org/2005/11/its" its:version="2.0">\n<head>'
)
# What XML 1.0 cannot hold, not even escaped (section 2.2, Char).
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(columns: Sequence[str], rows: Iterable[Sequence[Term]], form: str, out: TextIO) -> None:
    """Write the rows of a SELECT in one of ``FORMATS``."""
    if form == "json":
        _write_json(columns, rows, out)
    elif form == "xml":
        _write_xml(columns, rows, out)
    elif form == "csv":
        # SPARQL 1.1 Query Results CSV and TSV Formats, section 3
        writer = csv.writer(out)
        writer.writerow(columns)
        writer.writerows([_plain(term) for term in row] for row in rows)
    else:
        print("\t".join(f"?{column}" for column in columns), file=out)
        for row in rows:
            # N-Triples terms hold no raw tab or line end.
            print("\t".join("" if term is None else str(term) for term in row), file=out)


def write_boolean(value: bool, form: str, out: TextIO) -> None:
    """Write the answer to an ASK; CSV and TSV define none, and get the word."""
    word = str(value).lower()
    if form == "json":
        out.write(f'{{"head": {{}}, "boolean": {word}}}\n')
    elif form == "xml":
        out.write(f"{_XML_HEAD}</head>\n<boolean>{word}</boolean>\n</sparql>\n")
    else:
        out.write(f"{word}\r\n" if form == "csv" else f"{word}\n")


def _plain(term: Term) -> str:
    if term is None:
        return ""
    return term.value if isinstance(term, (ox.NamedNode, ox.Literal)) else str(term)


def _json_term(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> dict[str, Any]:
    """SPARQL 1.1 Query Results JSON Format, section 3.2.2; SPARQL 1.2's for triple terms."""
    if isinstance(term, ox.NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, ox.BlankNode):
        return {"type": "bnode", "value": term.value}
    if not isinstance(term, ox.Literal):
        parts = ("subject", "predicate", "object")
        return {"type": "triple", "value": {p: _json_term(getattr(term, p)) for p in parts}}
    found: dict[str, Any] = {"type": "literal", "value": term.value}
    if term.language:
        direction = {"its:dir": term.direction.value} if term.direction else {}
        return found | {"xml:lang": term.language} | direction
    if term.datatype.value == f"{XSD_NAMESPACE}string":
        return found
    return found | {"datatype": term.datatype.value}


def _json_rows(columns: Sequence[str], rows: Iterable[Sequence[Term]]) -> Iterator[str]:
    for row in rows:
        named = zip(columns, row, strict=True)
        yield json.dumps({name: _json_term(term) for name, term in named if term is not None})


def _write_json(columns: Sequence[str], rows: Iterable[Sequence[Term]], out: TextIO) -> None:
    head = json.dumps({"vars": list(columns)})
    out.write(f'{{"head": {head}, "results": {{"bindings": [')
    for index, row in enumerate(_json_rows(columns, rows)):
        out.write(("\n  " if index == 0 else ",\n  ") + row)
    out.write("\n]}}\n")


def _xml_term(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> str:
    """SPARQL Query Results XML Format, section 2.3.1."""
    if isinstance(term, ox.Triple):
        parts = ("subject", "predicate", "object")
        inner = "".join(f"<{part}>{_xml_term(getattr(term, part))}</{part}>" for part in parts)
        return f"<triple>{inner}</triple>"
    found = _json_term(term)
    # A raw carriage return would be read as a line feed (XML 1.0, section 2.11).
    text = escape(NOT_XML.sub("\ufffd", found["value"]), {"\r": "&#13;"})
    names = ("xml:lang", "its:dir", "datatype")
    attributes = "".join(f" {name}={quoteattr(found[name])}" for name in names if name in found)
    return f"<{found['type']}{attributes}>{text}</{found['type']}>"


def _write_xml(columns: Sequence[str], rows: Iterable[Sequence[Term]], out: TextIO) -> None:
    variables = "".join(f"<variable name={quoteattr(name)}/>" for name in columns)
    out.write(f"{_XML_HEAD}{variables}</head>\n<results>\n")
    for row in rows:
        cells = "".join(
            f"<binding name={quoteattr(name)}>{_xml_term(term)}</binding>"
            for name, term in zip(columns, row, strict=True)
            if term is not None
        )
        out.write(f"<result>{cells}</result>\n")
    out.write("</results>\n</sparql>\n")
