"""Documents of other tools as they are, and documents that mean no good."""

import csv
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kprov_capture.home import Home
from kprov_rdf import cli, ingest
from kprov_rdf.errors import InputError, KprovError, NotFoundError, UnsupportedError
from kprov_rdf.exchange import merge as merging
from kprov_rdf.exchange import reading, sources
from kprov_rdf.exchange.scope import Scope
from kprov_rdf.exchange.sources import Source
from kprov_rdf.validate import shacl
from tests.conftest import SHARED

WILD = SHARED / "data" / "wild"
needs_wild = pytest.mark.skipif(not WILD.is_dir(), reason=f"there are no documents in {WILD}")
SCOPED = re.compile(r"urn:import#[\w.-]+")

# Every file: the number of its statements, with those that its vocabulary entails in PROV-O.
OUTCOMES: dict[str, int] = {
    "cwlprov/revsort-primary.cwlprov.json": 182,
    "cwlprov/revsort-primary.cwlprov.provn": 182,
    "cwlprov/revsort-primary.cwlprov.xml": 182,
    "cwlprov/revsort-primary.cwlprov.ttl": 170,
    "cwlprov/revsort-primary.cwlprov.jsonld": 170,
    "cwlprov/revsort-primary.cwlprov.nt": 170,
    "cwlprov/nested-cwlprov-0.3.0.json": 99,
    "cwlprov/sec-wf-out-cwlprov-0.6.0.json": 151,
    "cwlprov/directory-0.6.0.ttl": 350,
    "wings-opmw/ACCOUNT1348629691667PROV-Graph.ttl": 257,
    "nidm/cff-sample.ttl": 420,
    "sdtl-provone/augment.ttl": 182,
    "case/readme-two-files-expanded.ttl": 55,
    "nanopub-testsuite/emptyprov.trig": 12,
    "taverna-wf4ever/wf1099-run1.prov.ttl": 276,
    "nidm/cff-sample.provn": 420,
    "noworkflow/now_export.provn": 618,
    "dataone/hcdb-resmap.xml": 130,
    "nf-provone/provone_provenance.jsonld": 548,
    "openlineage/example_full_event.json": 63,
    "flowcept/sample_data.json": 4907,
    "workflow-run-crate/wfexs-cosifer-nxf.ro-crate-metadata.json": 681,
    "workflow-run-crate/nf-prov.ro-crate-metadata.json": 331,
    "workflow-run-crate/snakemake.ro-crate-metadata.json": 152,
    "workflow-run-crate/runcrate-cwltool.ro-crate-metadata.json": 1094,
}


@needs_wild
def test_every_document_has_an_expected_outcome() -> None:
    with (WILD / "manifest.csv").open() as file:
        assert {row["path"].removeprefix("wild/") for row in csv.DictReader(file)} == set(OUTCOMES)


@needs_wild
@pytest.mark.parametrize("path", OUTCOMES)
def test_a_document_of_another_tool_is_merged(path: str, home: Home) -> None:
    done = merging.merge(home, Source(str(WILD / path)))
    assert done.statements == OUTCOMES[path]
    with ingest.open_snapshot(home) as snapshot:
        graphs = [iri for iri in snapshot.graphs() if "/import/" in iri]
        assert sum(len(snapshot.graph(iri)) for iri in graphs) == OUTCOMES[path]
        for iri in graphs:
            shacl.validate(iri, snapshot.graph(iri))  # says something, and does not fail
        catalog = "http://localhost:8642/catalog"
        assert shacl.validate(catalog, snapshot.graph(catalog)) == []
    assert cli.run(["--home", str(home.path), "runs"]) == 0


def scoped(path: Path) -> list[str]:
    """The statements, with the names of the document's own left out."""
    found = reading.parse(Source(path.name, path.read_bytes()), Scope("urn:import"))
    return sorted(SCOPED.sub("_", str(quad.triple)) for quad in found.quads)


@needs_wild
def test_one_run_says_the_same_in_each_format() -> None:
    name = WILD / "cwlprov" / "revsort-primary.cwlprov.json"
    in_json, in_provn, in_xml, in_turtle = (
        scoped(name.with_suffix(suffix)) for suffix in (".json", ".provn", ".xml", ".ttl")
    )
    # Two ways to write true.
    one, other = f'"true"^^<{XSD}boolean>', f'"1"^^<{XSD}boolean>'
    assert in_json == in_xml == sorted(line.replace(other, one) for line in in_provn)
    # prov's own writer of Turtle says less, and nothing that we do not say.
    assert set(in_turtle) < set(in_json)


TRIPLE = "<http://e/s> <http://e/p> <http://e/o>"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ('{"prefix": {"e": "http://e/"}, "entity": {"e:x": {}}}', "PROV-JSON"),
        ('[{"@id": "http://e/s", "http://e/p": 1}]', "JSON-LD"),
        ("// a comment\ndocument\nprefix e <http://e/>\nentity(e:x)\nendDocument", "PROV-N"),
        ('<document xmlns="http://www.w3.org/ns/prov#" xmlns:e="http://e/" xmlns:p='
         '"http://www.w3.org/ns/prov#"><entity p:id="e:x"/></document>', "PROV-XML"),
        (f"{TRIPLE} .", "TriG"),
        (f"@prefix e: <http://e/> . GRAPH e:g {{ {TRIPLE} }}", "TriG"),
        (f"# first\n{TRIPLE} <http://e/g> .", "N-Quads"),
        ("\ufeff@prefix e: <http://e/> . e:a e:b e:c, e:d .", "TriG"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["standard input", "x.dat"])
def test_without_a_suffix_the_content_says_the_format(text: str, form: str, name: str) -> None:
    found = reading.parse(Source(name, text.encode()), Scope("urn:import"))
    assert (found.form.label, len(list(found.quads)) > 0) == (form, True)


def test_standard_input(home: Home, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "kprov_rdf",
            "--home",
            str(home.path),
            "merge",
            "-",
            "--format",
            "nt",
        ],
        input=f"{TRIPLE} .".encode(),
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"standard input: N-Triples, 1 statement\n")


def prov_json(**kinds: object) -> str:
    return json.dumps({"prefix": {"e": "http://e/"}, **kinds})


XSD = "http://www.w3.org/2001/XMLSchema#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XML = '<prov:document xmlns:prov="http://www.w3.org/ns/prov#">{}</prov:document>'
HOSTILE = {
    "deep.json": ("[" * 100_000 + "]" * 100_000, "more than 200 levels deep"),
    "deep.jsonld": ('{"@id":"a:b","x:y":' * 6000 + "1" + "}" * 6000, "more than 200 levels"),
    "deep.nt": ("<a:s> <a:p> " + "<<( <a:s> <a:p> " * 9000 + "1" + " )>>" * 9000, "200 levels"),
    "triple.ttl": (f"<a:s> <a:p> <<( {TRIPLE} )>> .", "RDF 1.2 and not read yet"),
    "bad.ttl": ("<http://a> <http://b>\n\n x", "at line 3 column 2"),
    "bad.json": ('{"entity": \n {,}}', ":2:3: It is no JSON"),
    "bad.jsonld": ('[{"@id": "http://a", "@type": 5}]', "no JSON-LD that can be read"),
    "bad.provn": ("document\nprefix e <a:>\nentity(e:a\nendDocument", ":4:1: entity"),
    "bad.xml": (XML.format("<prov:entity>"), ":1:56: prov:entity has no prov:id"),
    "letter": ("Dear reader, here it is.", "in no format that can be told .* --format provjson"),
    "barcodes.csv": ("sample,barcode\n1,X1\n", "in no format that can be told"),
    "paper.pdf": (b"%PDF-1.7\n%\xe2\xe3", "is a PDF"),
    "data.zip": (b"PK\x03\x04\x14\0", "a ZIP archive without an RO-Crate"),
    "other.db": (b"SQLite format 3\0\x10\0", "a database of SQLite that is not MLflow's"),
    "latin.ttl": (b'<http://a> <http://b> "\xff" .', "not UTF-8: line 1 has the byte 0xff"),
    "utf16.xml": ('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x>'.encode("utf-16"), "UTF-8"),
    "cp037.xml": ('<?xml version="1.0" encoding="cp037"?><a/>', "encoded as cp037"),
    "dtd.xml": ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>', "DOCTYPE"),
    "svg.xml": ('<svg xmlns="http://www.w3.org/2000/svg"/>', "its root is .*svg"),
    "cut.rdf": (f"<r:RDF xmlns:r='{RDF}'>", "It is no XML"),
    "deep.xml": (XML.format('<prov:entity prov:id="a">' * 5000), "more than 200 levels"),
    "twice.json": ('{"entity": {}, "entity": {}}', "the key 'entity' twice"),
    "number.json": (prov_json(entity={"e:a": {"e:b": 0}}).replace("0", "9" * 5000), "4300 digits"),
    "kinds.json": (prov_json(entity=5), "is a number, where an object"),
    "prefix.json": (json.dumps({"prefix": {"e": 5}, "entity": {"e:x": {}}}), "declared as a num"),
    "surrogate.json": (prov_json(entity={"e:a": {"e:b": "\ud800"}}), "one half of a character"),
    "list.json": ("[1, 2]", "neither PROV-JSON nor JSON-LD"),
    "own.json": ('{"loss": 1, "epoch": 2}', "found 'epoch', 'loss'"),
    "empty.json": ("{}", "nothing to merge"),
    "empty.ttl": ("", "nothing to merge"),
    "comment.nq": ("# nothing\n", "nothing to merge"),
    "empty.provn": ("document\nendDocument", "nothing to merge"),
    "lang.json": (
        prov_json(entity={"e:a": {"e:b": {"$": "x", "lang": "!"}}}), "RDF cannot say: '!' is no tag"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_read_is_refused_with_the_reason(name: str, home: Home) -> None:
    text, reason = HOSTILE[name]
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(InputError, match=reason) as caught:
        merging.merge(home, data, name)
    assert name in str(caught.value)
    assert [path.name for path in home.journal.iterdir()] == ["done"]


def test_brackets_in_a_text_are_no_nesting() -> None:
    text = prov_json(entity={"e:a": {"e:b": "[{" * 500 + '\\"'}})
    assert len(list(reading.parse(Source("x.json", text.encode()), Scope("urn:import")).quads)) == 2
    turtle = "<a:s> <a:p> " + "[ <a:p> " * 5000 + "1" + "]" * 5000 + "."
    assert (
        len(list(reading.parse(Source("x.ttl", turtle.encode()), Scope("urn:import")).quads))
        == 5001
    )


def test_what_rdf_keeps_for_tags_is_told(home: Home) -> None:
    kind = {"$": "x", "type": "r:langString"}
    text = {"prefix": {"r": RDF}, "entity": {"r:a": {"r:b": kind}}}
    done = merging.merge(home, json.dumps(text).encode(), "x.json")
    assert done.notes == (
        f"a value has the datatype <{RDF}langString> and no language: it is kept as a text",
    )


def test_files_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, said in ((tmp_path, "Is a directory"), (tmp_path / "none", "No such file")):
        with pytest.raises(NotFoundError, match=said):
            merging.from_path(name)
    monkeypatch.setattr(sources, "MAX_BYTES", 1 << 20)
    with pytest.raises(InputError, match="larger than 1 MiB"):
        merging.from_path(Path("/dev/zero"))
    monkeypatch.setattr(reading, "MAX_RECORD_BYTES", 10)
    with pytest.raises(InputError, match="takes too much memory"):
        reading.parse(Source("x.json", prov_json().encode()), Scope("urn:import"))


@pytest.fixture
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """An address, and what was sent to it."""
    hits: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(0.2)
                hits.append(connection.recv(100))

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/x", hits
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


def test_nothing_is_fetched(home: Home, listener: tuple[str, list[bytes]]) -> None:
    address, hits = listener
    contexts = [
        f'{{"@context": "{address}", "@id": "a:b", "p": 1}}',
        f'{{"@context": [{{"p": "a:p"}}, "{address}"], "@id": "a:b", "p": 1}}',
        f'{{"@context": {{"@import": "{address}"}}, "@id": "a:b", "a:p": 1}}',
        f'{{"@id": "a:b", "a:p": {{"@context": "{address}", "q": 1}}}}',
    ]
    for text in contexts:
        with pytest.raises(UnsupportedError, match=f"at {address}, and kprov fetches nothing"):
            merging.merge(home, text.encode(), "x.jsonld")
    document = (
        '<!DOCTYPE x SYSTEM "{0}">' + XML.format(""),
        XML.format('<?xml-stylesheet href="{0}"?>'),
    )
    for text in document:
        with pytest.raises(KprovError):
            merging.merge(home, text.format(address).encode(), "x.xml")
    merging.merge(home, f"@prefix : <{address}#> . :a :b <{address}> .".encode(), "x.ttl")
    assert hits == []
    socket.create_connection(("127.0.0.1", int(address.split(":")[2][:-2]))).close()
    for _ in range(50):
        if hits:
            break
        threading.Event().wait(0.05)
    assert len(hits) == 1, "the listener would have heard"


@pytest.mark.parametrize("data", [b"/**/" * 5000 + b"x", b'"' + b'\\"' * 100_000, b"//\n" * 50_000])
def test_what_has_no_format_is_found_out_soon(home: Home, data: bytes) -> None:
    """Expressions that try every way would take longer than anybody waits."""
    for name in ("x", "x.json"):
        with pytest.raises(InputError):
            merging.merge(home, data, name)


def test_a_journal_that_was_set_aside_is_set_aside(home: Home) -> None:
    first = b"<http://e/s> <http://e/p> 1 . "
    merging.merge(home, first, "x.ttl")
    (path,) = home.journal.glob("import-*.nq")
    path.write_bytes(path.read_bytes().replace(b"http", b"htpt", 1))
    path.rename(f"{path}.damaged")
    done = merging.merge(home, b"<http://e/g> { <http://e/s> <http://e/p> 2 }", "y.trig")
    assert done.graphs == (f"{done.graph}#http://e/g",)


def test_no_graph_of_a_document_is_one_of_kprovs_under_either_base(home: Home) -> None:
    """Names under the default base are renamed with ours when the folder is published."""
    (home.path / "kprov.toml").write_text('base = "https://mine.example/"\n')
    for base in ("http://localhost:8642/", "https://mine.example/"):
        for name in ("agent/person-x", "links", "x"):
            text = f"<{base}{name}> {{ <https://mine.example/agent/person-a> <http://e/p> 1 }}"
            done = merging.merge(home, text.encode(), "x.trig")
            assert done.graphs == (f"{done.graph}#{base}{name}",)
        text = f"<{base}catalog> {{ <https://mine.example/agent/person-a> <http://e/p> 1 }}"
        with pytest.raises(InputError, match="nothing to merge"):
            merging.merge(home, text.encode(), "x.trig")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.ttl").symlink_to("x.ttl")
    with pytest.raises(NotFoundError, match="Too many levels"):
        merging.from_path(tmp_path / "x.ttl")


def test_a_huge_literal_is_refused(home: Home) -> None:
    text = f'<http://e/s> <http://e/p> "{"a" * (17 << 20)}" .'
    with pytest.raises(InputError, match="longer than 16 MiB"):
        merging.merge(home, text.encode(), "x.ttl")
