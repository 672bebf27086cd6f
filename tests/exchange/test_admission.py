"""What no document can do: add to what was recorded, forge an import, take a name of kprov's."""

import hashlib

import pytest

from kprov_capture.home import Home, create
from kprov_capture.identity import ImportNames
from kprov_rdf import ingest
from kprov_rdf.errors import InputError
from kprov_rdf.exchange import merge as merging
from kprov_rdf.exchange.sources import Source
from kprov_rdf.validate import shacl
from tests import recording
from tests.exchange.test_merge import TRIPLE, export, stored, subjects


def attack(run: str, graph: str, *lines: str) -> bytes:
    catalog = "".join(f"{line}\n" for line in lines)
    return f"""@prefix prov: <http://www.w3.org/ns/prov#> .
      GRAPH <{graph}> {{ <{run}#training> prov:wasAssociatedWith <http://evil/me> }}
      GRAPH <http://localhost:8642/catalog> {{ {catalog} }}""".encode()


def test_no_document_can_forge_the_import_of_another(home: Home) -> None:
    real = b'<http://e.org/a> <http://e.org/p> "real" .'
    graph = ImportNames(hashlib.sha256(real).hexdigest(), home.base()).graph
    forged = f'GRAPH <{graph}> {{ <http://e.org/a> <http://e.org/p> "forged" }}'.encode()
    merging.merge(home, forged, "forged.trig")
    with pytest.raises(InputError, match="came with another document, and 1 of the statements"):
        merging.merge(home, real, "real.nt")
    sources = [Source("forged.trig", forged), Source("real.nt", real)]
    with pytest.raises(InputError, match="came with another document"):
        merging.together(sources)
    # What says the same of it is no forgery.
    copy = b"GRAPH <" + graph.encode() + b"> { " + real + b" }"
    store, done = merging.together([Source("copy.trig", copy), sources[1]])
    assert len(store.graph(graph)) == 1
    assert not done[1].already


def test_no_document_can_add_to_a_run(home: Home) -> None:
    run = recording.record(home.path).names.run
    before = stored(home)
    with pytest.raises(InputError, match=r"1 of its 1 statements are new.*not changed"):
        merging.merge(home, attack(run, run), "x.trig")
    whole = export(home, run, "nq")
    more = whole + f'<{run}#training> <http://e/p> "more" <{run}> .\n'.encode()
    with pytest.raises(InputError, match="says something else of the graph"):
        merging.merge(home, more, "x.nq")
    assert stored(home) == before
    assert not list(home.journal.glob("import-*"))


def test_a_run_that_was_exported_under_another_base_is_another_record(home: Home) -> None:
    """It has the same UUID, and so a journal of the same name would be the one of the run here."""
    run = recording.record(home.path).names.run
    for base in ("http://a.example.com/", "http://b.example.com/"):
        moved = export(home, run, "nq").replace(home.base().encode(), base.encode())
        merging.merge(home, moved, "moved.nq")
        with ingest.open_snapshot(home) as store:
            assert len(store.graph(run.replace(home.base(), base))) == len(store.graph(run))


def test_a_run_that_is_not_loaded_yet_is_safe_too(home: Home) -> None:
    run = recording.begin(home.path)
    assert run.settle(10)
    assert not home.store.exists()
    with pytest.raises(InputError, match="says something else"):
        merging.merge(home, attack(run.names.run, run.names.run), "x.trig")
    run.close()


@pytest.mark.parametrize("name", [
    "content/sha256-0", "import/sha256-0", "run/1", "", "agent/x", "links",
    "run/01a1fd37-25db-78e6-a226-3209bddc39ad#training", "x/../catalog/catalog/",
])  # fmt: skip
def test_a_graph_that_is_no_record_cannot_have_a_name_of_kprovs(home: Home, name: str) -> None:
    graph = f"http://localhost:8642/{name}"
    done = merging.merge(home, attack("http://e/r", graph), "x.trig")
    escaped = graph.replace("#", "%23")
    assert done.graphs == (f"{done.graph}#{escaped}",)
    assert set(stored(home)) == {*done.graphs, "http://localhost:8642/catalog"}


def test_the_catalog_takes_only_what_is_about_the_graphs_of_the_document(home: Home) -> None:
    run = recording.record(home.path).names.run
    agent = next(iter(subjects(stored(home)["http://localhost:8642/catalog"]) - {run}))
    before = stored(home)["http://localhost:8642/catalog"]
    document = attack(
        run,
        "http://e.org/g",
        f'<{run}> prov:generatedAtTime "1999-01-01T00:00:00Z" .',
        f"<{agent}> prov:actedOnBehalfOf <http://evil/me> .",
        f"<http://e.org/g> a prov:Bundle ; prov:wasAttributedTo <{agent}> .",
        f'<{agent}> a prov:Agent, prov:Activity ; <http://e/says> "hello" .',
        "<http://e.org/g> a prov:Activity ; prov:wasGeneratedBy <http://evil/me> .",
    )
    done = merging.merge(home, document, "x.trig")
    after = stored(home)["http://localhost:8642/catalog"]
    about = {one for one in after - before if not one.subject.value.startswith(done.graph)}
    (called,) = (one for one in about if one.subject.value == "http://e.org/g")
    assert called.object.value == "http://www.w3.org/ns/prov#Entity"
    own = {s for s in subjects(about - {called}) if "/agent/" in s or "/content/" in s}
    assert subjects(about - {called}) == own
    assert agent not in subjects(after - before)
    assert shacl.validate("catalog", after) == []
    assert "9 statements of its catalog" in " ".join(done.notes)


def saved(run: str, *statements: str) -> bytes:
    return f"GRAPH <{run}> {{ {' '.join(statements)} }}".encode()


def test_a_run_that_was_saved_twice_is_there_as_it_was_the_second_time(home: Home) -> None:
    run = "http://lab.org/run/01a1fd37-25db-78e6-a226-3209bddc39ad"
    first, second = (TRIPLE.format(name) for name in "ab")
    early, late = saved(run, first), saved(run, first, second)
    for order in ((early, late), (late, early)):
        place = create(home.path.parent / f"home-{order[0] == early}")
        for text in order:
            merging.merge(place, text, "x.trig")
        stored(place)
        assert len(stored(place)[run]) == 2
    other = saved(run, second, TRIPLE.format("c"))
    with pytest.raises(InputError, match=r"1 of its 2 statements are new, and others are missing"):
        merging.merge(place, other, "y.trig")
