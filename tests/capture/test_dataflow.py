"""The user's own dataflow: its specification, its tasks, and what is wrong with either."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_capture import statements_dataflow, tasks
from kprov_capture.dataflow import TYPES, Attribute, Dataflow, DataSet, Program, Transformation
from kprov_capture.home import Home
from kprov_capture.identity import Names, uuid7
from kprov_capture.run import Run
from kprov_capture.statements_dataflow import Task
from kprov_capture.terms import RDFS_LABEL, Dnnprov
from kprov_rdf import ingest, query
from kprov_rdf.store import LocalStore
from kprov_rdf.validate import shacl

ENCODED = DataSet("oencoder", [Attribute("padding"), Attribute("strides", "NUMERIC")])
BLOCK = DataSet(
    "idenseblock", [Attribute("k", "NUMERIC", unit="UNITLESS"), Attribute("l", "NUMERIC")]
)
DENSE = DataSet(
    "odenseblock", [Attribute("features", "NUMERIC"), Attribute("seconds", "NUMERIC", unit="SEC")]
)
DECODED = DataSet("odecoder", [Attribute("field", "FILE"), Attribute("note", "LONG_TEXT")])
# The domain of the DenseED case study: encoder, dense block with k and l, decoder.
DENSED = Dataflow(
    "densed",
    [
        Transformation("encoder", outputs=[ENCODED], programs=["encoder.py"]),
        Transformation("denseblock", inputs=[ENCODED, BLOCK], outputs=[DENSE]),
        Transformation("decoder", inputs=[DENSE], outputs=[DECODED]),
    ],
)


def loaded(home: Home) -> LocalStore:
    store = LocalStore()
    ingest.catch_up(home, store)
    return store


def rows(store: LocalStore, pattern: str, *names: str) -> list[tuple[Any, ...]]:
    text = f"SELECT {' '.join('?' + n for n in names)} {{ {pattern} }} ORDER BY ?{names[0]}"
    found = query.table(store, query.Question("test", text), {})
    return [tuple(query.value(term) for term in row) for row in found.rows]


def test_densed_is_recorded_with_its_plan_and_its_lineage(home: Home, tmp_path: Path) -> None:
    picture = tmp_path / "field.npy"
    np.save(picture, np.zeros((4, 4)))
    with Run(DENSED, home=home.path) as run:
        encoded = run.task("encoder", outputs={"oencoder": {"padding": "same", "strides": 2}})
        dense = run.task(
            "denseblock",
            inputs={"oencoder": encoded["oencoder"], "idenseblock": {"k": 24, "l": np.int64(4)}},
            outputs={
                "odenseblock": [
                    {"features": 96, "seconds": np.float64(0.5)},
                    {"features": 97, "seconds": math.nan},
                ]
            },
        )
        run.task(
            "decoder",
            inputs={"odenseblock": dense["odenseblock"]},
            outputs={"odecoder": {"field": picture, "note": 'it said "well"\n'}},
        )
    store = loaded(home)
    assert shacl.validate(run.names.run, store.graph(run.names.run)) == []
    # From the file back to the block's settings, by PROV alone.
    lineage = "?f dnnprov:path ?p ; (prov:wasGeneratedBy/prov:used)+ ?e . ?e ?k ?v . "
    lineage += "FILTER(isNumeric(?v)) ?k dnnprov:reportedName ?name"
    assert set(rows(store, lineage, "name", "v")) >= {("k", 24), ("l", 4), ("strides", 2)}
    depends = "?d dnnprov:previousTransformation/dnnprov:tag ?a ; "
    depends += "dnnprov:nextTransformation/dnnprov:tag ?b ; dnnprov:viaSet/dnnprov:tag ?via"
    assert rows(store, depends, "a", "b", "via") == [
        ("denseblock", "decoder", "odenseblock"),
        ("encoder", "denseblock", "oencoder"),
    ]
    assert rows(store, "?a dnnprov:reportedName 'seconds' ; dnnprov:unit ?u", "u") == [
        ("http://qudt.org/vocab/unit/SEC",)
    ]
    # The built-in transformations are beside those of the user's own.
    assert len(rows(store, "?d dnnprov:hasTransformation ?t", "t")) == 6
    assert rows(store, "?f dnnprov:path ?p ; prov:specializationOf ?c", "p") == [(str(picture),)]


def test_an_activity_of_another_part_can_have_elements(home: Home) -> None:
    with Run(DENSED, home=home.path) as run:
        at = run.now()
        run.tell(statements_dataflow.task, run.plan, Task("mine-1", started=at, ended=at))
        tasks.elements(run, "mine-1", "denseblock", {"idenseblock": {"k": 1, "l": None}})
    store = loaded(home)
    assert shacl.validate(run.names.run, store.graph(run.names.run)) == []
    assert rows(
        store, "?t dnnprov:ofTransformation/dnnprov:tag ?of ; prov:used ?e . ?e ?k 1", "of"
    ) == [("denseblock",)]


def test_a_plan_has_one_iri_however_it_is_said_and_another_when_it_differs(home: Home) -> None:
    other_order = Dataflow("densed", list(reversed(DENSED.transformations)))
    plans = []
    for flow in (
        DENSED,
        other_order,
        Dataflow("densed"),
        Dataflow("densed", DENSED.transformations[:2]),
    ):
        run = Run("densed", dataflow=flow, home=home.path)
        plans.append(run.plan)
        run.close()
    run = Run("densed", home=home.path)
    run.close()
    assert plans[0] == plans[1]
    assert plans[2] == run.plan
    assert len(set(plans)) == 3


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"idenseblock": {"k": "24", "l": 4}},
         "'k' of the set 'idenseblock' is NUMERIC: a number was wanted; "
         "found '24' (str)"),
        ({"idenseblock": {"k": True, "l": 4}}, "found True (bool)"),
        ({"idenseblock": {"k": -9999999, "l": 4}}, "math.nan"),
        ({"idenseblock": {"k": 1}}, "lacks attribute 'l'"),
        ({"idenseblock": {"k": 1, "l": 2, "m": 3}}, "has no attribute 'm'"),
        ({"idenseblock": [1, 2]}, "is a dict of its attributes (k, l); found int"),
        ({"odenseblock": {"features": 1, "seconds": 1}},
         "reads no set 'odenseblock'; it reads "
         "oencoder, idenseblock"),
        ({"oencoder": {"padding": 3, "strides": 2}}, "is TEXT: a text was wanted; found 3 (int)"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit_are_refused_at_the_call(home: Home, inputs: Any, told: str) -> None:
    with Run(DENSED, home=home.path) as run:
        with pytest.raises(ValueError) as raised:
            run.task("denseblock", inputs=inputs)
        assert told in str(raised.value)
        with pytest.raises(ValueError, match="no transformation 'pool'; it has encoder"):
            run.task("pool")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Attribute("k", "FLOAT"), "is one of TEXT, NUMERIC"),
        (lambda: Attribute("k", "NUMERIC", unit="m/s"), "name of a unit of QUDT"),
        (lambda: DataSet("s", []), "has no attribute"),
        (lambda: DataSet("s", [Attribute("k"), Attribute("k", "NUMERIC")]), "'k' twice"),
        (lambda: Transformation("t", inputs=BLOCK), "is a list of DataSet"),
        (lambda: Dataflow("f", [Transformation("t"), Transformation("t")]), "'t' twice"),
        (
            lambda: Dataflow("f", [
                Transformation("t", [BLOCK], [DataSet("idenseblock", [Attribute("k")])])
            ]),
            "other attributes in one transformation",
        ),
    ],
)  # fmt: skip
def test_a_specification_that_cannot_be_is_refused(make: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make()


@pytest.mark.parametrize(
    ("shift", "told"), [(-60, "before the run began"), (60, "in the future"), (math.nan, "no time")]
)
def test_a_task_began_in_the_run_and_not_later_than_now(
    home: Home, shift: float, told: str
) -> None:
    with Run(DENSED, home=home.path) as run:
        with pytest.raises(ValueError, match=told) as raised:
            run.task("encoder", started=run.now() + shift)
        assert "run.now()" in str(raised.value)
        for given in ("12:00", datetime.now(UTC), True):
            with pytest.raises(TypeError, match=r"run\.now\(\).*found"):
                run.task("encoder", started=given)  # type: ignore[arg-type]
        run.task("encoder", started=np.float64(run.now()))
    store = loaded(home)
    assert shacl.validate(run.names.run, store.graph(run.names.run)) == []
    assert len(rows(store, "?t a dnnprov:Execution", "t")) == 1


def test_a_failed_task_says_how(home: Home) -> None:
    with Run(DENSED, home=home.path) as run:
        run.task("encoder", started=run.now(), error="ValueError: no field")
    store = loaded(home)
    assert shacl.validate(run.names.run, store.graph(run.names.run)) == []
    assert rows(store, "?t dnnprov:error ?e ; dnnprov:status ?s", "e", "s") == [
        ("ValueError: no field", "FINISHED_WITH_ERROR")
    ]


names = st.text(min_size=1, max_size=12)
attributes = st.builds(
    Attribute, names, st.sampled_from(TYPES), st.sampled_from([None, "SEC", "UNITLESS"])
)
schemas = st.lists(
    st.tuples(names, st.lists(attributes, min_size=1, max_size=4, unique_by=lambda a: a.name)),
    min_size=1, max_size=5, unique_by=lambda s: s[0],
).map(lambda found: [DataSet(tag, some) for tag, some in found])  # fmt: skip


@st.composite
def dataflows(draw: st.DrawFn) -> Dataflow:
    sets = draw(schemas)
    some = st.lists(st.sampled_from(sets), max_size=3, unique_by=lambda s: s.tag)
    programs = st.lists(st.builds(Program, names, names), max_size=2)
    steps = st.lists(
        st.builds(Transformation, names, some, some, programs), min_size=1, max_size=5,
        unique_by=lambda t: t.tag,
    )  # fmt: skip
    return Dataflow(draw(names), draw(steps))


def read_back(text: str, plan: str) -> Dataflow:
    """The dataflow that the statements say."""
    said: dict[tuple[str, str], list[str]] = {}
    for quad in ox.parse(text.encode(), ox.RdfFormat.N_QUADS):
        said.setdefault((quad.subject.value, quad.predicate.value), []).append(quad.object.value)

    def all_of(subject: str, predicate: str) -> list[str]:
        return said.get((subject, predicate), [])

    def one(subject: str, predicate: str) -> str:
        (found,) = all_of(subject, predicate)
        return found

    def schema(iri: str) -> DataSet:
        ordered = sorted(
            all_of(iri, Dnnprov.hasAttribute), key=lambda a: int(one(a, Dnnprov.position))
        )
        read = [
            Attribute(
                one(a, Dnnprov.reportedName),
                one(a, Dnnprov.dataType),
                next(iter(all_of(a, Dnnprov.unit)), None),
            )
            for a in ordered
        ]
        return DataSet(one(iri, Dnnprov.tag), read)

    def steps() -> Iterator[Transformation]:
        for iri in all_of(plan, Dnnprov.hasTransformation):
            used = all_of(iri, Dnnprov.usesProgram)
            yield Transformation(
                one(iri, Dnnprov.tag),
                [schema(s) for s in all_of(iri, Dnnprov.hasInputSet)],
                [schema(s) for s in all_of(iri, Dnnprov.hasOutputSet)],
                [Program(one(p, RDFS_LABEL), one(p, Dnnprov.path)) for p in used],
            )

    return Dataflow(one(plan, Dnnprov.tag), list(steps()))


@given(dataflows())
def test_a_specification_is_the_same_after_a_way_through_rdf(flow: Dataflow) -> None:
    plan_iri = Names(uuid7()).dataflow(flow.tag, flow.specification())
    text = statements_dataflow.plan(Names(uuid7()), plan_iri, flow)
    found = read_back("\n".join(dict.fromkeys(text.split("\n"))), plan_iri)
    assert found.specification() == flow.specification()
    assert found.dependencies() == flow.dependencies()
