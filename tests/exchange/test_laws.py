"""The laws of merging, over sets of documents of all sorts: no order matters, and nothing is lost.

What the catalog records of the imports has times, and is left out.
"""

import hashlib
import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kprov_capture.home import Home, create
from kprov_capture.terms import RDF_TYPE
from kprov_rdf import ingest
from kprov_rdf.errors import InputError
from kprov_rdf.exchange import blanks, streaming, writing
from kprov_rdf.exchange import merge as merging
from kprov_rdf.exchange.merge import together
from kprov_rdf.exchange.scope import Scope
from kprov_rdf.exchange.sources import Source
from kprov_rdf.store import Store
from tests import recording

BASE = "http://localhost:8642/"
PROV = "http://www.w3.org/ns/prov#"
RUN = f"{BASE}run/01a1fd37-25db-78e6-a226-3209bddc39ad"
ELSEWHERE = "https://lab.org/prov/run/01a1fd37-25db-78e6-a226-3209bddc39ae"
# Names that mean the same in each document, and names that only their document knows.
SHARED = (
    "http://real.org/data",
    "urn:uuid:0c8e",
    "https://orcid.org/0000-0002-1825-0097",
    f"{BASE}agent/kprov-1.0",
    f"{BASE}content/sha256-{'e' * 64}",
    f"{RUN}#train-set",
)
LOCAL = (
    "http://example.org/data",
    "https://www.example.com/x y",
    "http://localhost:5000/run/1",
    "http://a.test/x",
    "file:///tmp/model.bin",
    "http://127.0.0.1/m",
    f"{BASE}mlruns/1",
)
HASHES = ("a" * 64, "B" * 64)
Found = dict[str, set[str]]


def data(store: Store) -> Found:
    """The statements by graph, without what has times."""
    return {
        iri: set(map(str, store.graph(iri)))
        for iri in store.graphs()
        if not iri.endswith("/catalog") and store.graph(iri)
    }


names = st.sampled_from(SHARED + LOCAL)
values = st.sampled_from(["1", '"text"', '"text"@en', "1.5e0", "true", f'"{HASHES[0]}"'])


@st.composite
def turtle(draw: st.DrawFn) -> str:
    """Statements of Turtle about names of both kinds, relative ones and blank nodes."""

    def node() -> str:
        found = draw(st.one_of(names, st.sampled_from(["rel", "_:b", "_:c", "#f", ""])))
        return found if found.startswith("_:") else f"<{found.replace(' ', '%20')}>"

    lines = []
    for _ in range(draw(st.integers(1, 5))):
        kind = draw(st.integers(0, 3))
        if kind == 0:
            lines.append(f"{node()} a <{PROV}Entity>, <http://example.org/Kind> .")
        elif kind == 1:
            digest = draw(st.sampled_from(HASHES))
            lines.append(f'{node()} <https://w3id.org/dnnprov#sha256> "{digest}" .')
        elif kind == 2:
            lines.append(f"{node()} <http://example.org/p> {draw(values)} .")
        else:
            lines.append(f"{node()} <{PROV}wasDerivedFrom> {node()} .")
    return "\n".join(lines)


@st.composite
def trig(draw: st.DrawFn) -> bytes:
    graphs = st.sampled_from(["http://real.org/g", "http://example.org/g", "g", ""])
    parts = [
        f"<{name}> {{ {draw(turtle())} }}" if name else draw(turtle())
        for name in draw(st.lists(graphs, min_size=1, max_size=3))
    ]
    return "\n".join(parts).encode()


@st.composite
def prov_json(draw: st.DrawFn) -> bytes:
    prefixes = {"ex": "http://example.org/", "r": "http://real.org/", "default": "http://mine.de/"}
    things = st.sampled_from(["ex:a", "r:a", "a", "_:b", "ex:b", "undeclared:a"])

    def instance() -> dict[str, object]:
        entities = {name: {"ex:n": draw(st.integers(0, 1))} for name in draw(st.sets(things))}
        used, other = draw(things), draw(things)
        return {
            "entity": entities | {"r:hashed": {"dnn:sha256": draw(st.sampled_from(HASHES))}},
            "wasDerivedFrom": {
                "_:d": {"prov:generatedEntity": used, "prov:usedEntity": other},
            },
        }

    document = {"prefix": {**prefixes, "dnn": "https://w3id.org/dnnprov#"}, **instance()}
    if draw(st.booleans()):
        document["bundle"] = {draw(st.sampled_from(["ex:bundle", "r:bundle"])): instance()}
    return json.dumps(document).encode()


@st.composite
def prov_n(draw: st.DrawFn) -> bytes:
    things = st.sampled_from(["ex:a", "r:a", "a"])
    bundle = f"bundle ex:b\nentity({draw(things)})\nendBundle\n" if draw(st.booleans()) else ""
    return (
        "document\ndefault <http://mine.de/>\nprefix ex <http://example.org/>\n"
        f"prefix r <http://real.org/>\nentity({draw(things)}, [ex:n={draw(st.integers(0, 2))}])\n"
        f"used(ex:act, {draw(things)}, -, [prov:role='ex:role'])\n{bundle}endDocument"
    ).encode()


@st.composite
def saves(draw: st.DrawFn) -> bytes:
    """One of the states of a growing run, in which its file gets known for tiny."""
    run = draw(st.sampled_from([RUN, ELSEWHERE]))
    steps = [
        f"<{run}#execution> a <{PROV}Activity> .",
        f'<{run}#file> <https://w3id.org/dnnprov#sha256> "{HASHES[0]}" .',
        f"<{run}#file> <https://w3id.org/dnnprov#byteSize> 5 .",
        f"<{run}#file> <{PROV}wasGeneratedBy> <{run}#execution> .",
    ]
    body = "\n".join(steps[: draw(st.integers(1, len(steps)))])
    catalog = f'<{run.partition("run/")[0]}catalog> {{ <{run}> <{PROV}generatedAtTime> "x" }}'
    return f"<{run}> {{ {body} }}\n{draw(st.sampled_from(['', catalog]))}".encode()


documents = st.one_of(
    trig().map(lambda data: ("x.trig", data)),
    prov_json().map(lambda data: ("x.json", data)),
    prov_n().map(lambda data: ("x.provn", data)),
    saves().map(lambda data: ("run.trig", data)),
)
Documents = Sequence[tuple[str, bytes]]


def joined(given: Documents) -> Found:
    return data(together([Source(*one) for one in given])[0])


@settings(max_examples=120)
@given(st.lists(documents, min_size=2, max_size=4), st.data())
def test_neither_order_nor_repetition_matters(given: Documents, more: st.DataObject) -> None:
    expected = joined(given)
    assert joined(more.draw(st.permutations(given))) == expected
    assert joined([*given, more.draw(st.sampled_from(given))]) == expected
    assert joined([given[0], *given]) == expected


@settings(max_examples=60)
@given(st.lists(documents, min_size=2, max_size=3), st.lists(documents, min_size=1, max_size=2))
def test_what_was_merged_in_groups_is_the_union_of_them(one: Documents, other: Documents) -> None:
    """With each being a function of its document, the order of the groups cannot matter either."""
    left, right, whole = joined(one), joined(other), joined([*one, *other])
    assert whole == {
        iri: left.get(iri, set()) | right.get(iri, set()) for iri in left.keys() | right.keys()
    }


@settings(max_examples=12)
@given(st.lists(documents, min_size=2, max_size=3), st.randoms(use_true_random=False))
def test_a_folder_is_what_the_documents_are_together(given: Documents, random: object) -> None:
    expected = joined(given)
    with tempfile.TemporaryDirectory() as place:
        home = create(Path(place) / "home")
        mixed = [*given, given[0]]
        random.shuffle(mixed)  # type: ignore[attr-defined]
        for number, (name, text) in enumerate(mixed):
            merging.merge(home, text, name)
            if number == 0:
                with ingest.open_snapshot(home):  # which puts its journal away
                    pass
        with ingest.open_snapshot(home) as store:
            assert data(store) == expected


def nodes(found: Found) -> set[str]:
    """What stands as a subject or an object of the graphs."""
    quads = [one for told in found.values() for text in told for one in ox.parse(
        f"{text} .", ox.RdfFormat.N_TRIPLES)]  # fmt: skip
    subjects = {one.subject.value for one in quads if isinstance(one.subject, ox.NamedNode)}
    return subjects | {
        one.object.value
        for one in quads
        if isinstance(one.object, ox.NamedNode) and one.predicate.value != RDF_TYPE
    }


@settings(max_examples=100)
@given(documents, documents)
def test_two_documents_share_no_node_that_only_one_of_them_knows(
    one: tuple[str, bytes], other: tuple[str, bytes]
) -> None:
    first, second = joined([one]), joined([other])
    links = f"{BASE}links"
    first.pop(links, None)
    second.pop(links, None)
    if one[1] != other[1]:
        known = (*SHARED, "http://real.org/", RUN, ELSEWHERE)
        assert [iri for iri in nodes(first) & nodes(second) if not iri.startswith(known)] == []


def told(quad: ox.Quad, root: str, base: str) -> tuple[str, ...]:
    """A statement with the renaming of ``Scope`` undone."""

    def undone(term: object) -> str:
        if isinstance(term, ox.Literal) or not str(term).startswith(f"<{root}"):
            return str(term)
        if str(term) == f"<{root}>":
            return ""
        name = unquote(str(term)[len(root) + 2 : -1])
        if name.startswith("_"):
            return f"_:{name[1:]}"
        return f"<{base}{name[1:]}>" if name.startswith("/") else f"<{name}>"

    return tuple(map(undone, (quad.subject, quad.predicate, quad.object, quad.graph_name)))


@settings(max_examples=150)
@given(trig())
def test_nothing_that_was_in_a_document_is_lost(text: bytes) -> None:
    store, (done,) = together([Source("x.trig", text)])
    base = Scope(done.graph).base  # on which canonical labels depend
    quads, _ = blanks.canonical(list(ox.parse(text, ox.RdfFormat.TRIG, base_iri=base)))
    graphs = [done.graph, *done.graphs]
    found = {
        told(ox.Quad(t.subject, t.predicate, t.object, ox.NamedNode(iri)), done.graph, base)
        for iri in graphs
        for t in store.graph(iri)
    }
    expected = {
        tuple("" if str(term) == "DEFAULT" else str(term) for term in quad) for quad in quads
    }
    # A store keeps values: doubles have one way to be written.
    assert found == {tuple(one.replace('"1.5e0"', '"1.5"') for one in quad) for quad in expected}


def test_two_runs_share_only_what_kprov_names_for_all(home: Home, tmp_path: Path) -> None:
    others = create(tmp_path / "others")
    runs = [recording.record(place.path).names.run for place in (home, others)]
    with ingest.open_snapshot(home) as here, ingest.open_snapshot(others) as there:
        texts = [
            writing.run(one, run, "trig") for one, run in zip((here, there), runs, strict=True)
        ]
        before = data(here)[runs[0]], data(there)[runs[1]]
    found = joined([("a.trig", texts[0]), ("b.trig", texts[1])])
    assert (found[runs[0]], found[runs[1]]) == before
    common = nodes({"": found[runs[0]]}) & nodes({"": found[runs[1]]})
    kinds = {iri.removeprefix(BASE).partition("/")[0] for iri in common if iri.startswith(BASE)}
    assert kinds <= {"agent", "content", "dataflow", "metric", "setting"}
    assert not [iri for iri in common if "/run/" in iri or "/import/" in iri]


@pytest.mark.parametrize("again", ["the export", "the document"])
def test_an_import_that_was_exported_comes_back_as_it_was(
    home: Home, tmp_path: Path, again: str
) -> None:
    """With the graphs that it has beside its own, and beside the document itself."""
    text = b"<http://real.org/g> { <rel> <http://e.org/p> _:b . } <rel> <http://e.org/p> 1 ."
    done = merging.merge(home, text, "x.trig")
    with ingest.open_snapshot(home) as store:
        before = data(store)
        quads = [
            ox.Quad(t.subject, t.predicate, t.object, ox.NamedNode(iri))
            for iri in store.graphs()
            for t in store.graph(iri)
        ]
    export = ox.serialize(quads, format=ox.RdfFormat.N_QUADS)
    assert export is not None
    other = create(tmp_path / "other")
    copied = merging.merge(other, export, "x.nq")
    assert set(copied.graphs) == {done.graph, *done.graphs}
    second = merging.merge(
        other, *((export, "x.nq") if again == "the export" else (text, "x.trig"))
    )
    assert second.already == (again == "the export")
    for place in (other, home):
        merging.merge(place, export, "x.nq")
        with ingest.open_snapshot(place) as store:
            assert data(store) == before


def test_what_a_catalog_says_of_an_imported_run_grows_with_it_in_any_order() -> None:
    run = f"<{RUN}> {{ <{RUN}#a> a <{PROV}Activity> }}"
    when = f'<{BASE}catalog> {{ <{RUN}> <{PROV}generatedAtTime> "x" }}'
    other = when.replace('"x"', '"y"')
    texts = [run, f"{run} {when}", f"{run} {other}"]

    def times(*given: str) -> set[str]:
        store, _ = together([Source("x.trig", one.encode()) for one in given])
        return {
            str(t.object) for t in store.graph(f"{BASE}catalog") if t.subject == ox.NamedNode(RUN)
        }

    assert times(*texts[:2]) == times(texts[1], texts[0]) == {'"x"'}
    assert times(*texts[1:]) == {'"x"'}, "a record has one time"


def test_a_document_that_is_given_twice_is_one_import_also_without_statements_of_its_own() -> None:
    given = [Source(name, b"<http://real.org/g> { <a> <http://e.org/p> 1 }") for name in "ab"]
    store, (first, second) = together(given)
    assert (first.already, second.already) == (False, True)
    started = [
        one
        for one in store.graph(f"{BASE}catalog")
        if one.predicate.value == f"{PROV}startedAtTime"
    ]
    assert len(started) == 1


@pytest.mark.parametrize("part", ["", "#http://real.org/g"])
def test_no_document_comes_before_another_one_with_something_else_in_its_name(
    home: Home, part: str
) -> None:
    """In either order the second is refused, and what is there stays."""
    text = b"<http://real.org/g> { <a> <http://e.org/p> 1 } <a> <http://e.org/p> 1 ."
    graph = f"{BASE}import/sha256-{hashlib.sha256(text).hexdigest()}"
    forged = f"<{graph}{part}> {{ <{graph}#/a> <http://e.org/p> 2 }}".encode()
    for first, second in ((text, forged), (forged, text)):
        with pytest.raises(InputError, match="statements"):
            together([Source("x.trig", first), Source("y.trig", second)])
    merging.merge(home, forged, "y.trig")
    with ingest.open_snapshot(home) as store:
        before = data(store)
    with pytest.raises(InputError, match="came with another document"):
        merging.merge(home, text, "x.trig")
    with ingest.open_snapshot(home) as store:
        assert data(store) == before


@settings(max_examples=60)
@given(st.lists(trig(), min_size=1, max_size=2))
def test_what_is_read_statement_by_statement_is_what_is_read_at_once(texts: list[bytes]) -> None:
    activity = f"""<urn:a> <{PROV}wasGeneratedBy> <urn:b> .
      <urn:b> <https://w3id.org/dnnprov#sha256> "{HASHES[0]}" ."""
    # Blank nodes have labels by all that is said, and are not read so.
    given = [
        ("x.trig", re.sub(rb"_:(\w)", rb"<urn:\1>", text) + activity.encode()) for text in texts
    ]
    expected = joined(given)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streaming, "LEAST", 0)
        assert joined(given) == expected
