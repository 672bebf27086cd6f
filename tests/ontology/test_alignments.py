"""What the alignments say of other vocabularies, against the term lists of these."""

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

from kprov_capture.terms import DNNPROV_NAMESPACE, PROV_NAMESPACE
from kprov_rdf import resources

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
LISTS = Path(__file__).parent / "vocabularies"
ONTOLOGY = DNNPROV_NAMESPACE.rstrip("#/")
ROOTS = {PROV_NAMESPACE + name for name in ("Entity", "Activity", "Agent")}
VOCABULARIES = {
    "prov-o": PROV_NAMESPACE,
    "p-plan": "http://purl.org/net/p-plan#",
    "provone": "http://purl.dataone.org/provone/2015/01/15/ontology#",
    "ml-schema": "http://www.w3.org/ns/mls#",
    "fair4ml": "https://w3id.org/fair4ml#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "schema-org": "http://schema.org/",
    "croissant": "http://mlcommons.org/croissant/",
    "sosa": "http://www.w3.org/ns/sosa/",
    "qudt": "http://qudt.org/",
}
# What each kind may be in a list; rdf:Property is either kind of property.
KINDS = {
    OWL + "Class": {"class"},
    OWL + "ObjectProperty": {"object-property", "property"},
    OWL + "DatatypeProperty": {"datatype-property", "property"},
    OWL + "NamedIndividual": {"individual"},
}
PLACES = {RDFS + "subClassOf", RDFS + "subPropertyOf"}
MAPPINGS = {SKOS + name for name in ("closeMatch", "relatedMatch")}
Pairs = dict[str, set[str]]


class Graph:
    """Statements, by what is asked of them here. ``facts`` are lines of the term lists."""

    def __init__(self, text: str, facts: Iterable[list[str]] = ()) -> None:
        self.quads = list(ox.parse(text, ox.RdfFormat.TURTLE))
        self.facts = list(facts)

    def pairs(self, predicate: str) -> Iterator[tuple[str, str]]:
        """Subjects and objects that have IRIs."""
        for quad in self.quads:
            if quad.predicate.value == predicate and isinstance(quad.object, ox.NamedNode):
                yield quad.subject.value, quad.object.value

    def values(self, subject: str, predicate: str) -> set[str]:
        """The objects; those of a union one by one."""
        found: set[str] = set()
        for quad in self.quads:
            if quad.subject.value == subject and quad.predicate.value == predicate:
                if isinstance(quad.object, ox.BlankNode):
                    found |= self._union(quad.object)
                else:
                    found.add(quad.object.value)
        return found

    def _union(self, node: ox.BlankNode) -> set[str]:
        of = {q.predicate.value: q.object for q in self.quads if q.subject == node}
        members: set[str] = set()
        rest = of[OWL + "unionOf"]
        while rest != ox.NamedNode(RDF + "nil"):
            item = {q.predicate.value: q.object for q in self.quads if q.subject == rest}
            members.add(item[RDF + "first"].value)
            rest = item[RDF + "rest"]
        return members

    def above(self, name: str) -> set[str]:
        """The name and all that it is a subclass or a subproperty of."""
        found, todo = {name}, [name]
        while todo:
            new = self._parents[todo.pop()] - found
            found |= new
            todo += new
        return found

    @functools.cached_property
    def _parents(self) -> Pairs:
        parents: Pairs = defaultdict(set)
        for predicate in PLACES:
            for child, parent in self.pairs(predicate):
                parents[child].add(parent)
        for kind, child, *rest in self.facts:
            if kind in {"subclass", "subproperty"}:
                parents[child].add(rest[0])
        return parents


def lines(name: str) -> list[list[str]]:
    text = (LISTS / f"{name}.txt").read_text(encoding="utf-8")
    return [line.split() for line in text.splitlines() if not line.startswith("#")]


def ours(name: str) -> bool:
    return name.startswith(DNNPROV_NAMESPACE)


ALIGNMENTS = resources.texts("ontology", ".ttl")["alignments.ttl"]
FACTS = [line for name in VOCABULARIES for line in lines(name)]


@pytest.fixture(scope="module")
def alignments() -> Graph:
    return Graph(ALIGNMENTS)


@pytest.fixture(scope="module")
def ontology() -> Graph:
    return Graph(resources.texts("ontology", ".ttl")["dnnprov.ttl"])


@pytest.fixture(scope="module")
def together(ontology: Graph, alignments: Graph) -> Graph:
    graph = Graph("", FACTS)
    graph.quads = ontology.quads + alignments.quads
    return graph


def declared(graph: Graph) -> Pairs:
    """Each name that is declared, with its kinds."""
    found: Pairs = defaultdict(set)
    for name, kind in graph.pairs(RDF + "type"):
        if kind.startswith(OWL):
            found[name].add(kind)
    return found


def test_every_name_of_others_is_in_the_list_of_its_vocabulary(alignments: Graph) -> None:
    listed: Pairs = defaultdict(set)
    for kind, name, *_ in FACTS:
        listed[name].add(kind)
    for name, kinds in declared(alignments).items():
        for kind in kinds & set(KINDS):
            assert listed[name] & KINDS[kind], f"{name} is no {kind}"


def test_every_name_that_is_used_is_declared(alignments: Graph, ontology: Graph) -> None:
    known = set(declared(alignments)) | {n for n in declared(ontology) if ours(n)}
    for quad in alignments.quads:
        for term in (quad.subject, quad.predicate, quad.object):
            if isinstance(term, ox.NamedNode) and not term.value.startswith((RDF, RDFS, OWL)):
                if quad.subject.value.startswith(ONTOLOGY + "/"):
                    continue  # what the header says of the ontology itself
                assert term.value in known, term.value


def test_mappings_are_annotations_and_skos_is_not_imported(alignments: Graph) -> None:
    used = {q.predicate.value for q in alignments.quads if q.predicate.value.startswith(SKOS)}
    assert used == MAPPINGS
    assert used <= {name for _, name, *_ in lines("skos")}
    for name in used:
        assert declared(alignments)[name] == {OWL + "AnnotationProperty"}
    assert [imported for _, imported in alignments.pairs(OWL + "imports")] == [ONTOLOGY]


@pytest.mark.parametrize("name", sorted(VOCABULARIES))
def test_each_vocabulary_has_a_mapping(name: str, alignments: Graph) -> None:
    mapped = [pair for how in PLACES | MAPPINGS for pair in alignments.pairs(how)]
    assert [pair for pair in mapped if pair[1].startswith(VOCABULARIES[name])]


def test_every_mapping_is_of_ours_to_another_and_of_one_kind(
    alignments: Graph, ontology: Graph
) -> None:
    kinds = declared(ontology) | declared(alignments)
    for how in PLACES | MAPPINGS:
        for one, other in alignments.pairs(how):
            assert ours(one) and not ours(other)
            if kinds[other] != {OWL + "NamedIndividual"}:
                assert kinds[one] & kinds[other], f"{one} and {other} are of two kinds"
            else:
                assert how == SKOS + "relatedMatch", f"{one} is no individual, as {other} is"


def test_every_class_still_descends_from_one_root_of_prov(ontology: Graph, together: Graph) -> None:
    for name, kinds in declared(ontology).items():
        if ours(name) and OWL + "Class" in kinds:
            assert len(together.above(name) & ROOTS) == 1, name


def test_no_class_is_below_two_that_are_disjoint(ontology: Graph, together: Graph) -> None:
    disjoint = [line[1:] for line in FACTS if line[0] == "disjoint"]
    assert [PROV_NAMESPACE + "Activity", PROV_NAMESPACE + "Entity"] in disjoint
    for name in filter(ours, declared(ontology)):
        for pair in disjoint:
            assert not set(pair) <= together.above(name), name


def test_what_a_superclass_says_to_exist_is_there(ontology: Graph, together: Graph) -> None:
    """Some property of ours, of that class, is below the property of the existential axiom."""
    demanded = [line[1:] for line in FACTS if line[0] == "some"]
    checked = set()
    for name in filter(ours, declared(ontology)):
        above = together.above(name)
        for of, wanted, _ in demanded:
            if of in above:
                checked.add((name.removeprefix(DNNPROV_NAMESPACE), of, wanted))
                assert any(
                    wanted in together.above(one) and together.values(one, RDFS + "domain") & above
                    for one in filter(ours, declared(ontology))
                ), f"{name} has no {wanted}, which every {of} has"
    mls = VOCABULARIES["ml-schema"]
    assert checked == {
        ("HyperParameterSetting", f"{mls}HyperParameterSetting", f"{mls}{wanted}")
        for wanted in ("hasValue", "specifiedBy")
    }


@pytest.mark.parametrize("side", ["domain", "range"])
def test_a_superproperty_infers_no_class_that_is_not_so(
    side: str, alignments: Graph, together: Graph
) -> None:
    for one, other in alignments.pairs(RDFS + "subPropertyOf"):
        classes = together.values(one, RDFS + side)
        for above in together.above(other):
            for line in FACTS:
                if line[:2] == [side, above]:
                    assert classes, f"{one} has no {side}, and {above} has one"
                    for name in classes:
                        assert line[2] in together.above(name), f"{name} is no {line[2]}"


def test_a_superproperty_makes_no_two_things_one(alignments: Graph, together: Graph) -> None:
    functional = {line[1] for line in FACTS if line[0] == "functional"}
    inverse = {frozenset(line[1:]) for line in FACTS if line[0] == "inverse"}
    backwards = {name for pair in inverse for name in pair if pair - {name} <= functional}
    below = {one: together.above(other) for one, other in alignments.pairs(RDFS + "subPropertyOf")}
    assert {one for one, above in below.items() if above & backwards} == set()
    # An execution is of one transformation: shapes/run.ttl says so too.
    once = {one for one, above in below.items() if above & functional}
    assert once == {DNNPROV_NAMESPACE + "ofTransformation"}


@pytest.mark.parametrize("name", [*sorted(VOCABULARIES), "skos"])
def test_each_list_says_where_it_comes_from_and_is_in_order(name: str) -> None:
    text = (LISTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    header = [line for line in text if line.startswith("#")]
    for wanted in ("Namespace", "Version: ", "Read from ", "Licence: "):
        assert any(line.startswith(f"# {wanted}") for line in header), wanted
    assert text == header + sorted(set(text[len(header) :]))
