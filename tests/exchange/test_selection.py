"""What is exported: which names mean what, and which graphs belong to it."""

from pathlib import Path

import pytest

from kprov_capture.home import Home
from kprov_rdf import cli, ingest
from kprov_rdf.errors import NotFoundError
from kprov_rdf.exchange import selection
from kprov_rdf.exchange.merge import Merged, merge
from tests import recording
from tests.exchange import runs

DOCUMENT = b"document\nprefix e <http://example.com/>\nentity(e:a)\nbundle e:b\nentity(e:c)\n"
DOCUMENT += b"endBundle\nendDocument\n"


def merged(home: Home, data: bytes = DOCUMENT, name: str = "in.provn") -> Merged:
    return merge(home, data, name)


def test_an_import_brings_its_parts_and_what_the_catalog_says(home: Home) -> None:
    recording.record(home.path)
    done = merged(home)
    found = runs.chosen(home, done.graph)
    assert set(found.graphs) == {f"{home.base()}catalog", done.graph, *done.graphs}
    assert len(found.graphs) == 3
    assert runs.chosen(home, f"sha256-{done.graph[-64:][:12]}").graphs == found.graphs
    about = runs.texts(found.catalogs)
    assert "in.provn" in about
    assert "#execution" not in runs.texts(found.graphs)


def test_a_merged_run_is_a_run(home: Home, tmp_path: Path) -> None:
    from kprov_capture.home import create
    from kprov_rdf.exchange import export

    other = create(tmp_path / "other")
    run = recording.record(other.path)
    data = export.write(runs.chosen(other), "trig")
    merged(home, data, "run.trig")
    there = runs.chosen(home, run.id)
    assert there.records == (run.names.run,)
    assert set(there.graphs[run.names.run]) == set(runs.chosen(other).graphs[run.names.run])


def test_names_that_mean_nothing_or_several_are_refused(home: Home) -> None:
    recording.record(home.path)
    with pytest.raises(NotFoundError, match="There is no run 'beef0000'"):
        runs.chosen(home, "beef0000")
    done = merged(home)
    there = f"first digits of its SHA-256; there is {done.graph[-64:][:8]}"
    with pytest.raises(NotFoundError, match=there):
        runs.chosen(home, "nothing")
    with ingest.open_snapshot(home) as store, pytest.raises(NotFoundError, match="nothing in the"):
        selection.of_records(store, [f"{home.base()}run/none"])


def test_digits_of_several_imports_are_refused(home: Home) -> None:
    by_start: dict[str, list[str]] = {}
    for number in range(400):  # two of them begin with the same two digits
        text = DOCUMENT.replace(b"e:a", f"e:a{number}".encode())
        import hashlib

        digest = hashlib.sha256(text).hexdigest()
        by_start.setdefault(digest[:4], []).append(text.decode())
        if len(by_start[digest[:4]]) == 2:
            break
    start, pair = next((s, p) for s, p in by_start.items() if len(p) == 2)
    for text in pair:
        merged(home, text.encode())
    with pytest.raises(NotFoundError, match=f"'{start}' means 2 imports"):
        runs.chosen(home, start)


def test_an_empty_store_has_nothing_to_export(home: Home) -> None:
    with ingest.open_snapshot(home) as store, pytest.raises(NotFoundError, match="kprov demo"):
        selection.everything(store, home.base())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-o", "crate.zip"), "does not say a format; add --format with one of ttl, trig"),
        (("--format", "rocrate"), "Name a folder or a .zip with -o"),
        (("--all", "--redact", "x"), "name no run with it"),
        (("--base", "nonsense"), "Write --base https://example.org/provenance/"),
        (("--depth", "-1"), "--depth"),
        (("--format", "docx"), "'docx' is not one of 'ttl', 'trig'"),
    ],
)
def test_the_command_says_what_is_wrong(
    arguments: tuple[str, ...], said: str, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    recording.record(home.path)
    capsys.readouterr()
    assert cli.run(["--home", str(home.path), "export", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in " ".join(err.split())
