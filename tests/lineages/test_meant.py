"""What a name means, and what is said where it means nothing or too much."""

import hashlib
from pathlib import Path

import pytest

from kprov_capture.home import Home
from kprov_rdf.errors import InputError, NotFoundError
from kprov_rdf.ingest import open_snapshot
from kprov_rdf.lineage import meant
from kprov_rdf.runs import listing, resolve
from kprov_rdf.store import LocalStore, select
from tests import recording
from tests.tuning import chain


@pytest.fixture
def found(home: Home, tmp_path: Path):
    """Two runs that wrote files, and a third without; the store, and the runs."""
    runs = [*chain(home, tmp_path, 2), recording.record(home.path, "other")]
    with open_snapshot(home) as store:
        yield store, runs


def test_a_run_means_its_model_however_it_is_named(found) -> None:
    store, runs = found
    listed = listing(store, frozenset())
    for name in ("@latest", "other", runs[2].id, runs[2].id[-8:], runs[2].names.run):
        assert meant.find(store, name).iris == (runs[2].names.model,)
        assert resolve(name, listed).iri == runs[2].names.run  # as everywhere
    assert meant.find(store, "tuning").iris == (runs[1].names.model,)


def test_the_end_of_an_iri_is_enough_where_one_thing_has_it(found) -> None:
    store, runs = found
    assert meant.find(store, "#pretrained-1").iris == (runs[1].names("pretrained-1"),)
    assert meant.find(store, f"{runs[0].id[-8:]}#model").iris == (runs[0].names.model,)
    assert meant.find(store, "@latest#testing-1").iris == (runs[2].names("testing-1"),)
    assert meant.find(store, runs[0].names("file-1")).iris == (runs[0].names("file-1"),)
    with pytest.raises(NotFoundError, match=r"'#model' means 3 things: .*[0-9a-f]{8}#model\."):
        meant.find(store, "#model")


def test_a_file_is_known_by_what_it_holds_or_by_its_path(
    found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, runs = found
    path = tmp_path / "model-0.keras"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    content = (runs[0].names.content(digest),)
    copy = tmp_path / "a copy.bin"
    copy.write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    for name in (str(path), "model-0.keras", str(copy), f"sha256:{digest}", f"sha256:{digest[:8]}"):
        assert meant.find(store, name).iris == content
    path.unlink()
    assert meant.find(store, "model-0.keras").iris == content  # as it was recorded
    path.write_text("something else")
    changed = meant.find(store, "model-0.keras")
    assert changed.iris == content
    assert "as it is now" in changed.notes[0]


def test_what_is_not_there_is_said_with_what_is_alike(found) -> None:
    store, _ = found
    with pytest.raises(NotFoundError, match=r"no 'model-7.keras'.* mean model-[01].keras"):
        meant.find(store, "model-7.keras")
    with pytest.raises(NotFoundError, match="sha256:00000000"):
        meant.find(store, "sha256:00000000")
    with pytest.raises(NotFoundError, match="the store is empty"):
        meant.find(LocalStore(), "model")
    with pytest.raises(InputError, match="empty"):
        meant.find(store, "  ")


@pytest.mark.parametrize(
    "name",
    ["a b", 'q"uo\'te', "<urn:x>", "urn:x> ?y", "\\u0000", "#", "/", "@", "#model> .", "é\u202e",
     "x" * 5000, "\x00", "}} UNION {{", "?name", "sha256:", "sha256:xyz", "http://["],
)  # fmt: skip
def test_any_name_is_only_a_name(found, name: str) -> None:
    with pytest.raises(NotFoundError, match="There is no"):
        meant.find(found[0], name)


def test_a_run_whose_weights_were_given_back_means_its_model(home: Home) -> None:
    run = recording.begin(home.path)
    recording.epoch(run, 0, 0.9)
    run.checkpoint(0, run.now())
    run.end_training("FINISHED", restored=(0, "EarlyStopping"))
    run.close()
    with open_snapshot(home) as store:
        assert meant.find(store, "@latest").iris == (run.names.model,)


def test_files_of_one_path_without_a_hash_are_not_said_to_differ(home: Home) -> None:
    for _ in range(2):
        recording.record(home.path)
    asked = "SELECT ?path { GRAPH ?g { ?code a dnnprov:SourceCode ; dnnprov:path ?path } } LIMIT 1"
    with open_snapshot(home) as store:
        path = next(select(store, asked))["path"].value
        with pytest.raises(NotFoundError) as caught:
            meant.find(store, path)
    assert f"2 files, which may differ, were recorded as {path!r}:" in str(caught.value)
    assert all(line.startswith("  ") for line in str(caught.value).splitlines()[1:])
