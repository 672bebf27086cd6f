"""The ontology as people read it: its pictures, its examples, its page."""

import itertools
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pyoxigraph as ox
import pytest
import rdflib

from kprov_capture.identity import DEFAULT_BASE
from kprov_capture.terms import DNNPROV_NAMESPACE, PROV_NAMESPACE
from kprov_rdf import resources, vocabulary
from kprov_rdf.linked import guide, html, ontology, pictures, svg
from kprov_rdf.linked.diagrams import Diagram, Point, Rect
from kprov_rdf.linked.view import Linker

TERMS = {term.iri for term in vocabulary.load().terms()}
READERS = {
    "ttl": ox.RdfFormat.TURTLE,
    "jsonld": ox.RdfFormat.JSON_LD,
    "nt": ox.RdfFormat.N_TRIPLES,
    "rdf": ox.RdfFormat.RDF_XML,
}
every_picture = pytest.mark.parametrize("picture", pictures.ALL, ids=lambda one: one.name)


def declared(iri: str) -> bool:
    """Whether a term is one of ours or of PROV-O; any other is none of our business."""
    if iri.startswith(DNNPROV_NAMESPACE):
        return iri in TERMS
    if iri.startswith(PROV_NAMESPACE):
        return iri.removeprefix(PROV_NAMESPACE) in rdflib.PROV
    return True


@pytest.fixture(scope="module")
def page() -> str:
    alternates = {one.suffix: f"ontology.{one.suffix}" for one in ontology.FORMS}
    companions = {one.label: f"ontology/{one.name}" for one in ontology.COMPANIONS}
    return html.ontology_page(Linker("ontology", DEFAULT_BASE), alternates, companions)


class TestPictures:
    @every_picture
    def test_each_term_is_declared(self, picture: Diagram) -> None:
        for term in picture.terms():
            prefix, colon, name = term.rpartition(":")
            namespace = PROV_NAMESPACE if colon else DNNPROV_NAMESPACE
            assert prefix in ("", "prov")
            assert declared(namespace + name), term

    @every_picture
    def test_each_relation_fits_domain_and_range(self, picture: Diagram) -> None:
        """A picture that shows a property where the ontology does not allow it teaches nonsense."""
        known = {term.name: term for term in vocabulary.load().terms()}
        classes = {box.name: box.term for box in picture.boxes}

        def kinds(name: str) -> set[str]:
            parents = known[name].parents if name in known else ()
            return {name}.union(*(kinds(ontology.name(parent)) for parent in parents))

        for arrow in picture.arrows:
            term = known.get(arrow.property)
            if term:
                subject, value = kinds(classes[arrow.start]), kinds(classes[arrow.end])
                domain = {ontology.name(iri) for iri in term.domain}
                assert not domain or domain & subject, arrow
                assert term.range is None or ontology.name(term.range) in value, arrow

    @every_picture
    def test_nothing_lies_on_something_else(self, picture: Diagram) -> None:
        rooms = {f"node {box.name}": picture.room(box) for box in picture.boxes}
        rooms |= {f"label {n} {a}": picture.label(a) for n, a in enumerate(picture.arrows)}
        for (one, first), (other, second) in itertools.combinations(rooms.items(), 2):
            assert not first.meets(second), (one, other)
        width, height = picture.size()
        for name, room in rooms.items():
            assert room.width / 2 <= room.x <= width - room.width / 2, name
            assert room.height / 2 <= room.y <= height - room.height / 2, name

    @every_picture
    def test_no_arrow_crosses_another_or_a_node(self, picture: Diagram) -> None:
        lines = [
            (arrow, piece)
            for arrow in picture.arrows
            for piece in itertools.pairwise(picture.path(arrow))
        ]
        for (one, first), (other, second) in itertools.combinations(lines, 2):
            assert one is other or not cross(*first, *second), (one, other)
        for arrow, (start, end) in lines:
            for box in picture.boxes:
                if box.name not in (arrow.start, arrow.end):
                    assert not through(picture.room(box), start, end), (arrow, box)

    @every_picture
    def test_it_is_xml_that_says_what_it_shows(self, picture: Diagram) -> None:
        root = ElementTree.fromstring(svg.draw(picture, ontology.address, style=True))
        names = {"svg": "http://www.w3.org/2000/svg"}
        assert root.get("role") == "img"
        assert root.findtext("svg:title", None, names) == picture.title
        assert len(root.findtext("svg:desc", "", names)) > 100
        assert len(root.findall(".//svg:a", names)) == len(picture.boxes) + len(picture.arrows)


def cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    def side(p: Point, q: Point, r: Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def through(room: Rect, start: Point, end: Point) -> bool:
    steps = ((start[0] + (end[0] - start[0]) * n / 200, start[1] + (end[1] - start[1]) * n / 200)
             for n in range(201))  # fmt: skip
    return any(room.meets(Rect(x, y, 0, 0)) for x, y in steps)


def test_the_examples_are_turtle_in_declared_terms() -> None:
    """Of the ideas and of the answers to "How do I say …?"."""
    for one in (*guide.IDEAS, *guide.RECIPES):
        assert len(one.turtle.splitlines()) <= 9, one.name
        quads = list(ox.parse(vocabulary.EXAMPLE_PREFIXES + one.turtle, ox.RdfFormat.TURTLE))
        assert len(quads) > 2
        for quad in quads:
            for node in (quad.predicate, quad.object):
                assert not isinstance(node, ox.NamedNode) or declared(node.value), (one.name, node)


def test_what_stands_between_backquotes_is_a_term_or_no_name_of_one() -> None:
    texts = [text for idea in guide.IDEAS for text in idea.text]
    for word in re.findall(r"`([^`]+)`", " ".join([*texts, *(r.text for r in guide.RECIPES)])):
        if word.isalpha() and word != "catalog":
            assert DNNPROV_NAMESPACE + word in TERMS, word
        if word.startswith("prov:"):
            assert declared(word.replace("prov:", PROV_NAMESPACE)), word


def test_each_term_has_an_anchor_and_no_anchor_stands_twice(page: str) -> None:
    anchors = re.findall(r'\bid="([^"]*)"', page)
    assert len(anchors) == len(set(anchors))
    assert {iri.removeprefix(DNNPROV_NAMESPACE) for iri in TERMS} <= set(anchors)
    for iri in TERMS:
        assert ontology.anchor(iri) in anchors


def test_every_link_within_the_page_has_its_target(page: str) -> None:
    anchors = set(re.findall(r'\bid="([^"]*)"', page))
    inside = re.findall(r'href="#([^"]*)"', page)
    assert len(inside) > 1000
    assert set(inside) <= anchors
    outside = set(re.findall(r'href="(https?://[^"]*)"', page))
    for link in outside:
        assert link.startswith(("https://www.w3.org/TR/", "https://creativecommons.org/")), link
        if "prov-o" in link:
            assert declared(PROV_NAMESPACE + link.partition("#")[2]), link


def test_it_says_of_each_term_all_that_the_ontology_says(page: str) -> None:
    text = unescape(page)
    given = vocabulary.load()
    for topic in given.topics:
        assert topic.comment in text
        for term in topic.terms:
            twin = topic.name == "metric" and term.name.startswith("val")
            assert twin or term.comment in text, term.name
            assert term.labels["en"] in text
            assert twin or term.labels["pt"] in text
            assert topic.name in ontology.TABLES or term.example in text, term.name
            for legacy in term.legacy:
                assert f"<code>{legacy}</code>" in text, (term.name, legacy)
    for told in (given.version, given.licence, DNNPROV_NAMESPACE, "not registered"):
        assert told in text


def test_alone_it_is_one_file() -> None:
    link = Linker("docs/ontology.html", DEFAULT_BASE)
    text = html.ontology_page(link, {"ttl": "../ontology/dnnprov.ttl"}, {}, alone=True)
    for word in ("<script", '<link rel="stylesheet"', "src=", "@import", "url("):
        assert word not in text
    assert ".diagram .entity" in text


def test_each_form_says_the_same_and_is_the_same_each_time() -> None:
    source = resources.texts("ontology", ".ttl")["dnnprov.ttl"]
    assert ontology.text("ttl").decode() == source

    def canonical(data: bytes, form: ox.RdfFormat) -> set[ox.Triple]:
        graph = ox.Dataset(ox.parse(data, form))
        graph.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
        return {quad.triple for quad in graph}

    wanted = canonical(source.encode(), ox.RdfFormat.TURTLE)
    for suffix, form in READERS.items():
        told = ontology.text(suffix)
        assert canonical(told, form) == wanted, suffix
        ontology.text.cache_clear()
        assert ontology.text(suffix) == told, suffix


def test_a_term_of_ours_leads_to_the_page_and_any_other_name_does_not() -> None:
    link = Linker("run/1", DEFAULT_BASE)
    assert link(f"{DNNPROV_NAMESPACE}Training", "") == "../ontology#Training"
    assert link(vocabulary.ONTOLOGY, "") == "../ontology"
    assert link(f"{DNNPROV_NAMESPACE}Nothing", "") == f"{DNNPROV_NAMESPACE}Nothing"


def test_each_picture_and_idea_belong_together_and_have_a_file() -> None:
    assert {idea.picture for idea in guide.IDEAS} == set(pictures.ALL)
    folder = Path(__file__).resolve().parent.parent.parent / "docs" / "diagrams"
    assert {path.stem for path in folder.glob("*.svg")} == {one.name for one in pictures.ALL}


def test_each_tag_is_closed_where_it_was_opened(page: str) -> None:
    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []

        def handle_starttag(self, tag: str, attrs: object) -> None:
            # These have no end here.
            if tag not in ("meta", "link", "br", "th"):
                self.open.append(tag)

        def handle_startendtag(self, tag: str, attrs: object) -> None:
            """A shape of a picture."""

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag, (tag, self.getpos())

    reader = Reader()
    reader.feed(page)
    assert reader.open == []
