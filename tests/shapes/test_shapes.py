"""The shapes of the project: what each takes and rejects, alike on both engines."""

import functools
import itertools
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator

import pyoxigraph as ox
import pyshacl
import pytest
import rdflib

from kprov_capture.home import Home
from kprov_rdf import ingest, resources, vocabulary
from kprov_rdf.errors import UnsupportedError
from kprov_rdf.validate import inputs, shacl
from kprov_rdf.validate.shacl import Finding
from tests import recording
from tests.conftest import SHARED
from tests.lineage import reachable, without_dnnprov
from tests.shapes import cases

pytest.importorskip("shacl", reason="the fast engine has no wheel for this platform")

SHAPE = f"{vocabulary.ONTOLOGY}/shapes#"
SH = "http://www.w3.org/ns/shacl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
# What says where or how a result is told, and not what is wrong.
NO_CONSTRAINT = {
    "path", "message", "severity", "property", "prefixes", "select", "declare", "prefix",
    "namespace",
}  # fmt: skip
TABLES = {"strict": cases.STRICT, "lenient": cases.LENIENT}
CASES = [
    pytest.param(profile, name, number, id=f"{profile}-{name}-{number}")
    for profile, table in TABLES.items()
    for name, updates in table.items()
    for number in range(len(updates))
]
Triples = list[ox.Triple]


@functools.cache
def example() -> tuple[ox.Triple, ...]:
    text = resources.texts("ontology", ".ttl")["example.ttl"]
    return tuple(quad.triple for quad in ox.parse(text, ox.RdfFormat.TURTLE))


@functools.cache
def edited(profile: str, name: str, number: int) -> str:
    """The document that a shape rejects, as N-Triples."""
    store = ox.Store()
    if profile == "strict":
        store.extend(ox.Quad(t.subject, t.predicate, t.object) for t in example())
    before = set(store)
    store.update(cases.PREFIXES + TABLES[profile][name][number])
    assert set(store) != before, "the edit changes nothing"
    return ntriples(quad.triple for quad in store)


def ntriples(triples: Iterable[ox.Triple]) -> str:
    return (ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"").decode()


def told(findings: Iterable[Finding]) -> set[tuple[object, ...]]:
    """All that two engines must agree on: rdflib writes the values in a message its own way."""
    return {
        (one.node, one.shape, one.severity, one.guards, one.path, one.value is None)
        for one in findings
    }


# -- what is taken


def test_the_example_of_the_ontology_is_taken_by_both_engines() -> None:
    text = ntriples(example())
    assert list(shacl.with_shacl("g", text, "strict")) == []
    assert list(shacl.with_pyshacl("g", text, "strict")) == []


def test_another_engine_needs_the_shapes_and_the_classes() -> None:
    """As docs/shapes.md says: here pySHACL by itself."""
    ontologies = resources.texts("ontology", ".ttl")
    conforms, _, said = pyshacl.validate(
        rdflib.Graph().parse(data=ontologies["example.ttl"]),
        shacl_graph=rdflib.Graph().parse(data=shacl.shapes_text("strict")),
        ont_graph=rdflib.Graph().parse(data=ontologies["classes.ttl"]),
    )
    assert conforms, said


def test_the_example_has_an_instance_of_every_class() -> None:
    types = {triple.object for triple in example() if triple.predicate.value.endswith("#type")}
    classes = [term for term in vocabulary.load().terms() if term.kind == "class"]
    # The mark of exports stands in files of PROV-DM only.
    classes = [term for term in classes if term.name != "Undeclared"]
    assert [one.name for one in classes if ox.NamedNode(one.iri) not in types] == []


def test_a_run_is_taken_by_both_engines_in_both_profiles(home: Home) -> None:
    run = recording.record(home.path)
    with ingest.open_snapshot(home) as snapshot:
        text = ntriples(snapshot.graph(run.names.run))
    for profile in shacl.PROFILES:
        assert list(shacl.with_shacl("g", text, profile)) == []
        assert list(shacl.with_pyshacl("g", text, profile)) == []


def test_the_worked_example_of_the_design_has_warnings_only() -> None:
    path = SHARED / "reference" / "sample-run.trig"
    if not path.exists():
        pytest.skip("the shared reference folder is not here")
    graphs = inputs.graphs(path.read_bytes(), ox.RdfFormat.TRIG)
    assert len(graphs) == 2
    found = [one for name, triples in graphs.items() for one in shacl.validate(str(name), triples)]
    assert shacl.conforms(found)
    # Its hashes, such as "aa", are made up; and it does not name the property that changed.
    shapes = {one.shape.removeprefix(SHAPE) for one in found}
    assert shapes == {"ContentHashDigits", "AdaptationProperty"}


def test_prov_without_types_is_taken_by_the_lenient_profile_only() -> None:
    text = "<urn:a> <http://www.w3.org/ns/prov#used> <urn:e> .\n"
    assert shacl.validate_text("g", text, "lenient") == []
    assert not shacl.conforms(shacl.validate_text("g", text, "strict"))


def test_the_profile_is_strict_where_something_is_of_a_class_of_dnnprov() -> None:
    text = "<urn:a> <http://www.w3.org/ns/prov#used> <urn:e> .\n"
    assert shacl.profile_for(text) == "lenient"
    assert shacl.profile_for(ntriples(example())) == "strict"


def test_a_person_is_an_agent_though_nobody_says_so() -> None:
    prov = "http://www.w3.org/ns/prov#"
    text = (
        f"<urn:a> <{prov}qualifiedUsage> <urn:p> .\n"
        f"<urn:p> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{prov}Person> .\n"
    )
    (found,) = shacl.validate_text("g", text)
    assert found.shape == f"{SHAPE}InfluencePlace"


# -- what is rejected


@pytest.mark.parametrize(("profile", "name", "number"), CASES)
def test_a_shape_rejects_its_document_on_both_engines(profile: str, name: str, number: int) -> None:
    text = edited(profile, name, number)
    found = list(shacl.with_shacl("g", text, profile))
    assert f"{SHAPE}{name}" in {one.shape for one in found}
    assert told(found) == told(shacl.with_pyshacl("g", text, profile))


def test_a_finding_says_what_is_wrong_and_what_the_shape_guards() -> None:
    (found,) = [
        one
        for one in shacl.validate_text("g", edited("strict", "SomethingChanged", 0))
        if one.shape == f"{SHAPE}SomethingChanged"
    ]
    assert found.graph == "g"
    assert found.node.endswith("#config-1")
    assert found.message.startswith("The adaptation changed nothing: old and new value are ")
    assert (found.severity, found.guards) == ("Violation", ("B8",))
    (both,) = shacl.validate_text("g", '<urn:a> <http://www.w3.org/ns/prov#used> "x" .\n')
    assert both.guards == ("constraint 50", "constraint 55")
    assert (both.node, both.path, both.value) == ('"x"', None, "x")
    assert both.where == "<urn:a> <http://www.w3.org/ns/prov#used>"
    text = f'<urn:a> <http://www.w3.org/ns/prov#used> "x"^^<{XSD}anyURI> .\n'
    assert [one.node for one in shacl.validate_text("g", text)] == [f'"x"^^<{XSD}anyURI>']


def test_without_the_fast_engine_the_other_one_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    text = edited("strict", "SomethingChanged", 0)
    found = told(shacl.validate_text("g", text))
    monkeypatch.setitem(sys.modules, "shacl", None)
    assert told(shacl.validate_text("g", text)) == found
    later = "<urn:a> <urn:p> <<( <urn:a> <urn:p> <urn:b> )>> .\n"
    with pytest.raises(UnsupportedError, match="such as a triple term"):
        shacl.validate_text("g", later)


def test_a_name_that_dnnprov_does_not_have_is_told() -> None:
    text = f'<urn:m> <{vocabulary.ONTOLOGY}#vaLoss> "1"^^<{XSD}double> .\n'
    (found,) = shacl.validate_text("g", text)
    assert (found.severity, found.node) == ("Warning", f"{vocabulary.ONTOLOGY}#vaLoss")
    assert "has no term vaLoss" in found.message
    assert found.message.endswith("Is it dnnprov:valLoss?")


# -- the properties of the ontology, whose shapes are generated


def _wrong(term: vocabulary.Term) -> Iterator[tuple[str, str]]:
    """Statements that the shapes of a property reject, by the shape."""
    node, prop = f"<urn:{term.name}>", f"<{term.iri}>"
    if term.domain:
        yield f"has-{term.name}", f"{node} a <urn:Other> ; {prop} <urn:o> ."
    if term.kind == "object property":
        yield term.name, f"{node} {prop} <urn:Other> ."
        return
    yield term.name, f"{node} {prop} <urn:no-literal> ."
    kind = (term.range or f"{XSD}string").removeprefix(XSD)
    two = {"boolean": ("true", "false")}.get(kind, ("1", "2"))
    yield term.name, f'{node} {prop} "{two[0]}"^^<{XSD}{kind}> , "{two[1]}"^^<{XSD}{kind}> .'
    if term.range:
        other = {"string": "1", "double": "1", "integer": "1.0", "boolean": '"true"'}[kind]
        yield term.name, f"{node} {prop} {other} ."
    if kind == "double":
        for sentinel in ('"-9999999"', '"-9.999999E6"', '"-9999999.0"'):
            yield term.name, f"{node} {prop} {sentinel}^^<{XSD}double> ."


@functools.cache
def _own_shapes() -> set[str]:
    text = resources.texts("shapes", ".ttl")["terms.ttl"]
    subjects = {quad.subject for quad in ox.parse(text, ox.RdfFormat.TURTLE)}
    return {one.value.removeprefix(SHAPE) for one in subjects if isinstance(one, ox.NamedNode)}


WRONG = [
    (shape, turtle)
    for term in vocabulary.load().terms()
    if term.kind != "class"
    for shape, turtle in _wrong(term)
    if shape in _own_shapes()
    # A property without a range takes any value, and one that may be said twice takes two.
    and not (term.range is None and "no-literal" in turtle)
    and not (term.name in ("tag", "evidenceQuery", "repair", "ruleSet") and " , " in turtle)
]


PAIRS = [
    (one, other)
    for axiom in vocabulary.load().disjoint
    for one, other in itertools.combinations(axiom, 2)
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_a_node_of_two_disjoint_classes_is_rejected(one: str, other: str) -> None:
    name = one.rpartition("#")[2]
    turtle = f"<urn:x> a <{one}> , <{other}> ."
    text = ntriples(quad.triple for quad in ox.parse(turtle, ox.RdfFormat.TURTLE))
    assert f"{SHAPE}only-{name}" in {f.shape for f in shacl.with_shacl("g", text, "strict")}


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("learningRate", '"0.1"^^<{xsd}double>', '"fast"'),
        ("batchSize", '"8"^^<{xsd}integer>', '"8"^^<{xsd}double>'),
        ("nesterov", '"true"^^<{xsd}boolean>', '"true"'),
        ("optimizerName", '"Adam"', '"1"^^<{xsd}integer>'),
    ],
)
def test_a_setting_as_a_node_has_the_type_of_its_hyperparameter(
    name: str, right: str, wrong: str
) -> None:
    kinds = {f"{SHAPE}setting-{kind}" for kind in ("double", "integer", "boolean", "string")}
    for value, conforms in ((right, True), (wrong, False)):
        dnnprov = f"{vocabulary.ONTOLOGY}#"
        turtle = (
            f"<urn:x> a <{dnnprov}HyperParameterSetting> ; "
            f"<{dnnprov}ofAttribute> <{dnnprov}{name}> ; <{dnnprov}value> {value.format(xsd=XSD)} ."
        )
        text = ntriples(quad.triple for quad in ox.parse(turtle, ox.RdfFormat.TURTLE))
        fast = told(one for one in shacl.with_shacl("g", text, "strict") if one.shape in kinds)
        slow = told(one for one in shacl.with_pyshacl("g", text, "strict") if one.shape in kinds)
        assert fast == slow
        assert (fast == set()) is conforms


def test_every_generated_shape_has_a_wrong_statement() -> None:
    without_values = {name for name in _own_shapes() if name not in dict(WRONG)}
    # The node shape of a property without a domain only leads to the shape of its values.
    assert {
        one
        for one in without_values
        if not one.startswith(("has-", "only-", "setting-", "prefixes-"))
    } == set()
    firsts = {one.rpartition("#")[2] for one, _ in PAIRS}
    assert {one for one in _own_shapes() if one.startswith("only-")} == {
        f"only-{one}" for one in firsts
    }
    domains = {term.name for term in vocabulary.load().terms() if term.domain}
    assert {one for one in without_values if one.removeprefix("has-") in domains} == set()


@pytest.mark.parametrize(
    ("shape", "turtle"), WRONG, ids=[f"{s}-{i}" for i, (s, _) in enumerate(WRONG)]
)
def test_a_property_takes_no_wrong_value(shape: str, turtle: str) -> None:
    text = ntriples(quad.triple for quad in ox.parse(turtle, ox.RdfFormat.TURTLE))
    assert f"{SHAPE}{shape}" in {one.shape for one in shacl.with_shacl("g", text, "strict")}


def test_the_engines_agree_on_all_wrong_values_at_once() -> None:
    text = ""
    for number, (_, turtle) in enumerate(WRONG):
        renamed = turtle.replace("<urn:", f"<urn:{number}:", 1)
        text += ntriples(quad.triple for quad in ox.parse(renamed, ox.RdfFormat.TURTLE))
    assert told(shacl.with_shacl("g", text, "strict")) == told(
        shacl.with_pyshacl("g", text, "strict")
    )


@pytest.mark.parametrize("value", ["NaN", "INF", "-INF"])
def test_a_number_that_is_not_finite_is_a_value(value: str) -> None:
    text = f'<urn:m> <{vocabulary.ONTOLOGY}#loss> "{value}"^^<{XSD}double> .\n'
    for engine in (shacl.with_shacl, shacl.with_pyshacl):
        assert f"{SHAPE}loss" not in {one.shape for one in engine("g", text, "strict")}


# -- each constraint is needed


@functools.cache
def _shapes(profile: str) -> tuple[ox.Triple, ...]:
    """Parsed once: a blank node has another name in each reading."""
    parsed = ox.parse(shacl.shapes_text(profile), ox.RdfFormat.TURTLE)
    return tuple(quad.triple for quad in parsed)


def _constraints(profile: str) -> Iterator[tuple[str, ox.Triple]]:
    """Each constraint and target of the shapes that are written by hand, with its shape."""
    generated = _own_shapes()
    for triple in _shapes(profile):
        local = triple.predicate.value.removeprefix(SH)
        if not isinstance(triple.subject, ox.NamedNode) or not triple.predicate.value.startswith(
            SH
        ):
            continue
        name = triple.subject.value.removeprefix(SHAPE)
        if local not in NO_CONSTRAINT and name not in generated:
            yield name, triple


def _compiled_without(profile: str, triple: ox.Triple) -> object:
    import shacl as engine

    rest = ntriples(one for one in _shapes(profile) if one != triple)
    return engine.Shapes.from_text(rest, "ntriples")


def _results(compiled: object, text: str) -> set[tuple[str, str, str]]:
    report = compiled.validate_text(shacl.classes() + text, "ntriples")  # type: ignore[attr-defined]
    return {(one.focus_node, str(one.root_shape), one.component) for one in report.results}


@pytest.mark.parametrize("profile", shacl.PROFILES)
def test_a_document_notices_when_a_constraint_or_a_target_is_taken_away(profile: str) -> None:
    import shacl as engine

    whole = engine.Shapes.from_turtle(shacl.shapes_text(profile))
    table = TABLES[profile]
    leads: dict[str, set[str]] = defaultdict(set)  # from a node shape to those of its properties
    for triple in _shapes(profile):
        if triple.predicate.value == f"{SH}property" and isinstance(triple.object, ox.NamedNode):
            leads[str(triple.subject)].add(triple.object.value.removeprefix(SHAPE))
    unnoticed = []
    for name, triple in _constraints(profile):
        mutant = _compiled_without(profile, triple)
        names = [one for one in {name, *leads[str(triple.subject)]} if one in table]
        texts = [edited(profile, one, n) for one in names for n in range(len(table[one]))]
        if all(_results(mutant, text) == _results(whole, text) for text in texts):
            unnoticed.append(f"{name} {triple.predicate.value.removeprefix(SH)} {triple.object}")
    # Of the shapes of both profiles, the lenient cases are the evidence.
    if profile == "strict":
        shared = {name for name, _ in _constraints("lenient")}
        unnoticed = [one for one in unnoticed if one.split()[0] not in shared]
    assert unnoticed == []


# -- PROV alone


def test_without_dnnprov_the_model_still_leads_to_all_that_made_it(home: Home) -> None:
    run = recording.record(home.path)
    iri = run.names.run
    with ingest.open_snapshot(home) as snapshot:
        triples = snapshot.graph(iri)
    plain = without_dnnprov(triples)
    assert len(plain) < len(triples)
    for profile in shacl.PROFILES:
        assert shacl.validate(iri, plain, profile) == []
    found = {node.removeprefix(iri) for node in reachable(plain, f"{iri}#model")}
    assert found >= {"#train-set", "#config-0", "#config-1", "#architecture", "#layer-dense"}
    assert found >= {"#adaptation-1", "#metrics-0", "#epoch-0", "#training", "#execution"}
