"""What the summaries keep of the things of runs, and of what was generated: what records say."""

import random
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyoxigraph as ox
import pytest

from kprov_capture.home import Home, create
from kprov_capture.run import Run
from kprov_capture.terms import Dnnprov, Prov
from kprov_rdf import ingest, journal, summaries
from kprov_rdf.errors import JournalDamagedError
from kprov_rdf.exchange import linking, merge
from kprov_rdf.store import SUMMARY_GRAPH, LocalStore, select
from kprov_rdf.summaries import generated, related
from kprov_rdf.summaries.related import Related
from tests import recording
from tests.conftest import child_environment
from tests.tuning import chain

PROV = "http://www.w3.org/ns/prov#"


def kept(store: LocalStore, iri: str) -> Related | None:
    run, _, part = iri.partition("#")
    found = related.read(store, run)
    return found and related.thing(run, part, found)


def said(store: LocalStore, iri: str) -> Related:
    return related.of(store.quads(ox.NamedNode(iri), None, None))


def index(store: LocalStore) -> set[str]:
    """All that is kept."""
    properties = (related.PROPERTY, generated.PROPERTY)
    return {str(one) for one in store.graph(SUMMARY_GRAPH) if one.predicate in properties}


def test_of_each_thing_it_is_what_the_statements_say(home: Home, tmp_path: Path) -> None:
    first, second = chain(home, tmp_path, 2)
    with ingest.open_snapshot(home) as store:
        for run in (first, second):
            iris = related.things(store, run.names.run)
            assert {run.names.model, run.names.training, run.names("file-1")} <= iris
            assert all(kept(store, iri) == said(store, iri) for iri in iris)
        # The second read the file of the first, and says so.
        file = kept(store, first.names("file-1"))
        assert file and set(file.graphs) == {first.names.run, second.names.run}
        assert file.by[Prov.wasGeneratedBy] == [first.names("export-1")]
        assert kept(store, first.names("epoch-0")) is None


def test_a_run_that_goes_on_has_none(home: Home) -> None:
    run = recording.begin(home.path)
    assert run.settle(10)
    with ingest.open_snapshot(home) as store:
        assert related.read(store, run.names.run) is None
    run.end_training("FINISHED")
    run.close()
    with ingest.open_snapshot(home) as store:
        assert kept(store, run.names.training) == said(store, run.names.training)


def portion(store: LocalStore, lines: list[bytes]) -> None:
    store.load(b"".join(lines))
    summaries.update(store, b"".join(lines))


def test_what_would_be_long_is_not_kept(home: Home, tmp_path: Path) -> None:
    (run,) = chain(home, tmp_path, 1)
    with ingest.open_snapshot(home) as snapshot:
        lines = [f"{one} <{run.names.run}> .\n".encode() for one in snapshot.graph(run.names.run)]
    store = LocalStore()
    portion(store, lines)
    assert kept(store, run.names.model)
    many = (f"<{run.names.model}> <{PROV}wasDerivedFrom> <urn:{n}> <urn:g> .\n" for n in range(500))
    portion(store, [one.encode() for one in many])
    assert kept(store, run.names.model) is None
    assert kept(store, run.names.training) == said(store, run.names.training)
    about = "<{0}#file-1{1}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{2}> <{0}> .\n"
    files = (about.format(run.names.run, number, Dnnprov.File) for number in range(256))
    portion(store, [one.encode() for one in files])
    assert related.read(store, run.names.run) is None


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Two runs of which one tells of the other, data that one made, and what a document says."""
    folder = tmp_path_factory.mktemp("lines")
    home = create(folder / "home")
    first, _ = chain(home, folder, 2, epochs=1)
    made = Run("made", home=home.path)
    raw = np.arange(100, dtype="uint8")
    with made.transformation("cut", inputs={"x": raw}) as cut:
        cut.output(x=raw[:50].copy())
    made.close()
    with ingest.open_snapshot(home) as store:
        found = [
            f"{triple} <{graph}> .\n".encode()
            for graph in store.graphs()
            for triple in store.graph(graph)
        ]
    file, content = first.names("file-1"), first.names.content("0" * 64)
    return [
        *found,
        f"<{file}> <{PROV}wasDerivedFrom> <urn:other> <urn:document> .\n".encode(),
        f"<{file}> <{PROV}used> <{PROV}odd> <urn:document> .\n".encode(),
        f"<{file}> <{PROV}used> <prov:odd> <urn:document> .\n".encode(),
        f"<{file}> <urn:says> \"a text\" <urn:document> .\n".encode(),
        f"<urn:by> <{PROV}generated> <urn:thing> <urn:document> .\n".encode(),
        f"<urn:thing> <{PROV}specializationOf> <{content}> <urn:another> .\n".encode(),
        f"<urn:thing> <{PROV}specializationOf> <urn:general> <urn:another> .\n".encode(),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_they_follow_the_records_however_they_come(lines: list[bytes], seed: int) -> None:
    """In any order, in any portions, and some of it twice."""
    chance = random.Random(seed)
    shuffled = chance.sample(lines, len(lines))
    store = LocalStore()
    ends = sorted({0, len(lines), *chance.sample(range(len(lines)), 3 * seed)})
    for start, end in pairwise(ends):
        portion(store, shuffled[max(0, start - 3) : end])
    followed = index(store)
    summaries.rebuild(store)
    assert followed == index(store)
    runs = [name for name in store.graphs() if "/run/" in name]
    assert sum(related.read(store, run) is not None for run in runs) == 3
    for run in runs:
        assert all(kept(store, iri) == said(store, iri) for iri in related.things(store, run))


def test_what_was_generated_by_its_content(lines: list[bytes]) -> None:
    store = LocalStore()
    portion(store, lines)
    asked = """SELECT DISTINCT ?content ?thing ?graph { ?thing prov:specializationOf ?content .
        GRAPH ?graph { ?thing prov:wasGeneratedBy|^prov:generated ?by }
        FILTER(?content != <urn:general>) }"""
    told: dict[str, set[tuple[str, str]]] = {}
    for row in select(store, asked):
        told.setdefault(row["content"].value, set()).add((row["thing"].value, row["graph"].value))
    assert len(told) > 3
    for content, makers in told.items():
        assert set(generated.find(store, content) or ()) == makers
        # Whoever asks what is said of a content is shown none of it.
        rows = select(store, "SELECT ?s ?o ?p { ?s ?p ?o }", {"o": ox.NamedNode(content)})
        assert {row["p"].value for row in rows} == {Prov.specializationOf}
    (document,) = (makers for content, makers in told.items() if content.endswith("0" * 64))
    assert document == {("urn:thing", "urn:document")}
    assert generated.find(store, "urn:general") is None
    assert generated.find(store, "http://[::1]/content/sha256-" + "0" * 64) is None


def test_they_are_right_after_a_journal_that_is_damaged(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts of a long one are loaded before what is wrong is found, and stay."""
    (run,) = chain(home, tmp_path, 1)
    ingest.open_snapshot(home).close()
    graph = f"http://localhost:8642/import/sha256-{'a' * 64}"
    file, content = run.names("file-1"), run.names.content("0" * 64)
    text = (
        f"<{file}> <{PROV}wasDerivedFrom> <urn:other> <{graph}> .\n"
        f"<{file}> <{PROV}specializationOf> <{content}> <{graph}> .\n"
        + "".join(f"<urn:a{n}> <urn:b> <urn:c{n}> <{graph}> .\n" for n in range(100))
        + "<no line\n"
    )
    path = home.journal / f"import-sha256-{'a' * 64}.nq"
    journal.write(path, {"import": graph, "records": []}, text.encode())
    monkeypatch.setattr("kprov_rdf.store._BULK_BYTES", 500)
    with pytest.raises(JournalDamagedError):
        ingest.open_snapshot(home)
    path.rename(path.with_suffix(".damaged"))
    with ingest.opened(home) as store:
        assert "urn:other" in said(store, file).by[Prov.wasDerivedFrom]
        assert kept(store, file) == said(store, file)
        found = index(store)
        summaries.rebuild(store)
        assert found == index(store)


def test_what_a_version_without_them_loaded_is_in_them(home: Home, tmp_path: Path) -> None:
    (run,) = chain(home, tmp_path, 1)
    ingest.open_snapshot(home).close()
    file, content = run.names("file-1"), run.names.content("0" * 64)
    other = LocalStore(home.store)  # as it opened the store
    other.load(f"<{file}> <{PROV}specializationOf> <{content}> <urn:document> .\n".encode())
    other.flush()
    other.close()
    with ingest.open_snapshot(home) as store:
        assert content in said(store, file).by[Prov.specializationOf]
        assert kept(store, file) == said(store, file)
        assert (file, run.names.run) in set(generated.find(store, content) or ())


def test_they_are_not_made_anew_after_a_process_was_killed(home: Home, tmp_path: Path) -> None:
    chain(home, tmp_path, 1)
    ingest.open_snapshot(home).close()
    chain(home, tmp_path, 1)
    killed = """
import os, sys
from kprov_capture.home import Home
from kprov_rdf import ingest
from pathlib import Path
with ingest.opened(Home(Path(sys.argv[1]))) as store:
    ingest.catch_up(Home(Path(sys.argv[1])), store)
    os.kill(os.getpid(), 9)
"""
    command = [sys.executable, "-c", killed, str(home.path)]
    assert subprocess.run(command, env=child_environment(home.path)).returncode == -signal.SIGKILL
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(summaries, "rebuild", None)
        with ingest.open_snapshot(home) as store:
            assert index(store)


def test_what_is_cut_short_is_made_anew(home: Home, tmp_path: Path) -> None:
    runs = chain(home, tmp_path, 2)
    with ingest.open_snapshot(home) as snapshot:
        whole = index(snapshot)
    with (
        pytest.raises(KeyboardInterrupt),
        ingest.opened(home) as store,
        summaries.unsaying_graph(store, runs[1].names.run),
    ):
        assert index(store) < whole
        raise KeyboardInterrupt
    with ingest.open_snapshot(home) as snapshot:
        assert index(snapshot) == whole


def test_what_links_said_goes_with_them(home: Home, tmp_path: Path) -> None:
    chain(home, tmp_path, 2)
    document = f"""<http://elsewhere.net/file> a <{PROV}Entity> ;
        <{Dnnprov.sha256}> "{"0" * 64}" ; <{PROV}wasGeneratedBy> <http://elsewhere.net/a> .
        <http://elsewhere.net/a> a <{PROV}Activity> ."""
    merge.merge(home, document.encode(), "document.ttl")  # which links what is equal
    with ingest.open_snapshot(home) as store:
        linked = index(store)
        assert sum("/import/" in one for one in linked) == 1
    linking.remove(home)
    with ingest.opened(home) as store:
        left = index(store)
        assert left == {one for one in linked if "/import/" not in one}
        summaries.rebuild(store)
        assert index(store) == left
