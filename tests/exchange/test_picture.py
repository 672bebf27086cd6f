"""Pictures: what is drawn, how it is named, and what is refused."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from kprov_capture.home import Home
from kprov_capture.terms import RDF_TYPE, RDFS_LABEL, Dnnprov, Prov
from kprov_rdf.errors import LimitError, UnsupportedError
from kprov_rdf.exchange import export
from kprov_rdf.exchange.export import Options
from kprov_rdf.exchange.formats import drawing, picture
from kprov_rdf.exchange.selection import Selection
from tests import recording
from tests.exchange import runs
from tests.exchange.runs import triple

E = "http://example.com/"


def selection(*triples) -> Selection:
    return Selection({f"{E}g": list(triples)}, (f"{E}g",), "http://localhost:8642/")


def lines(found: Selection, iri: str) -> list[str]:
    return drawing.drawing(found.graphs).nodes[iri].lines


def arrows(found: Selection) -> set[tuple[str, str, str]]:
    made = drawing.drawing(found.about_records).arrows
    return {(drawing.local(one.start), one.label, drawing.local(one.end)) for one in made}


def test_what_a_run_did_is_drawn(home: Home) -> None:
    recording.record(home.path)
    found = runs.chosen(home)
    (run,) = found.records
    told = arrows(found)
    assert {
        ("training", "wasInformedBy", "execution"),
        ("epoch-0", "used", "config-0"),
        ("metrics-0", "wasGeneratedBy", "epoch-0"),
        ("config-1", "wasRevisionOf", "config-0"),
        ("model", "wasDerivedFrom", "train-set"),
        ("kprov-capture-0.1.0", "actedOnBehalfOf", next(e for _, _, e in told if "person-" in e)),
    } <= told
    assert ("config-1", "wasDerivedFrom", "config-0") not in told  # a revision is one
    assert ("execution", "hadPlan") in {one[:2] for one in told}
    about = {**found.graphs}
    nodes = drawing.drawing({run: about[run]}).nodes
    kinds = {drawing.local(iri): node.kind for iri, node in nodes.items()}
    assert (kinds["training"], kinds["model"]) == ("activity", "entity")
    assert kinds["kprov-capture-0.1.0"] == "agent"
    assert nodes[f"{run}#metrics-2"].lines[:3] == ["metrics-2", "oTraining", "learningRate 0.0005"]
    assert not [iri for iri in nodes if "/metric/" in iri or "#testingmodel" in iri]


def test_relations_that_are_only_qualified_are_drawn_too() -> None:
    qualified = "http://www.w3.org/ns/prov#qualifiedUsage"
    found = selection(
        triple(f"{E}a", qualified, f"{E}u"),
        triple(f"{E}u", "http://www.w3.org/ns/prov#entity", f"{E}e"),
    )
    assert arrows(found) == {("a", "used", "e")}
    kinds = {iri: node.kind for iri, node in drawing.drawing(found.graphs).nodes.items()}
    assert kinds == {f"{E}a": "activity", f"{E}e": "entity"}


def test_many_members_are_one_node() -> None:
    members = [f"{E}p{n}" for n in range(20)]
    found = selection(
        triple(f"{E}c", RDF_TYPE, Prov.Collection),
        *(triple(f"{E}c", Prov.hadMember, one) for one in members),
        *(triple(one, RDF_TYPE, Prov.Entity) for one in members),
        *(triple(one, RDF_TYPE, Dnnprov.SoftwarePackage) for one in members),
        triple(f"{E}a", Prov.used, members[0]),
    )
    made = drawing.drawing(found.graphs)
    # One of them was used, and is a node of its own.
    assert sorted(drawing.local(iri) for iri in made.nodes) == [
        *("a", "c"),
        *("c SoftwarePackage", "p0"),
    ]
    assert made.nodes[f"{E}c SoftwarePackage"].lines == ["19 × SoftwarePackage"]


@pytest.mark.parametrize(
    ("label", "line"),
    [
        ('a "b" \\N \\G', r"a \"b\" \\N \\G"),
        ("<b>&amp;</b>", "&lt;b&gt;&amp;amp;&lt;/b&gt;"),
        ("a\nb\x07\u202ec\u2066", "a b  c"),
        ("x" * 500, "x" * 39 + "…"),
    ],
)
def test_names_mean_nothing_in_dot(label: str, line: str) -> None:
    found = selection(
        triple(f"{E}a", RDF_TYPE, Prov.Entity),
        triple(f"{E}a", RDFS_LABEL, drawing.ox.Literal(label)),
    )
    text = picture.dot(found)
    (node,) = re.findall(r'label="((?:[^"\\]|\\.)*)" tooltip', text)
    assert node == line


def test_only_addresses_of_the_web_are_links() -> None:
    found = selection(
        triple("javascript:alert(1)", RDF_TYPE, Prov.Entity),
        triple(f"{E}a", RDF_TYPE, Prov.Entity),
    )
    assert re.findall(r'URL="([^"]*)"', picture.dot(found)) == [f"{E}a"]


@runs.needs_graphviz
@pytest.mark.parametrize("text", runs.HOSTILE, ids=range(len(runs.HOSTILE)))
def test_an_image_holds_no_markup_of_a_name(text: str, home: Home) -> None:
    runs.hostile(home, text)
    data = export.write(runs.chosen(home), "svg")
    root = ET.fromstring(re.sub(rb"<!DOCTYPE[^>]*>", b"", data))
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names <= {"svg", "g", "title", "polygon", "a", "ellipse", "text", "path"}
    links = {v for e in root.iter() for k, v in e.attrib.items() if k.endswith("}href")}
    assert all(link.startswith(("http://", "https://")) for link in links)


def test_epochs_are_folded_where_they_are_many(home: Home) -> None:
    recording.record(home.path, losses=(0.5,) * (export.MOST_EPOCHS + 1))
    found = runs.chosen(home)
    assert b"epoch-7" not in export.write(found, "dot")
    assert b"13 epochs, 0 to 12" in export.write(found, "dot")
    assert b"epoch-7" in export.write(found, "dot", Options(summary=False))
    assert b"epoch-7" in export.write(found, "nq")


def test_a_picture_that_nobody_can_read_is_refused(home: Home) -> None:
    recording.record(home.path, losses=(0.5,) * 200)
    found = runs.chosen(home)
    with pytest.raises(LimitError, match=r"nodes, and nobody can read more than 400\. --summary"):
        export.write(found, "dot", Options(summary=False))
    assert export.write(found, "dot", Options(summary=False, depth=1))


def test_without_graphviz_it_says_what_to_install(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recording.record(home.path)
    found = runs.chosen(home)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnsupportedError, match=r"apt-get install graphviz.*--format dot"):
        export.write(found, "png")
    assert export.write(found, "dot")


@runs.needs_graphviz
def test_graphviz_says_what_it_cannot_draw() -> None:
    with pytest.raises(UnsupportedError, match="could not draw"):
        picture.render("no dot {", "svg")
