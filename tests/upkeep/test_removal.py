"""``kprov rm``: what goes, what stays, and who is refused."""

import subprocess
import sys
from pathlib import Path

import pytest

from kprov_capture.home import Home
from kprov_rdf import ingest, query, removals
from kprov_rdf.cli import run as command
from kprov_rdf.errors import NotFoundError, RefusedError
from kprov_rdf.exchange import export, linking, merge, selection
from kprov_rdf.exchange.sources import Source
from kprov_rdf.validate import shacl
from tests import recording
from tests.conftest import child_environment
from tests.upkeep.folders import content, document, rebuilt, rm, runs, validated

CATALOG = "http://localhost:8642/catalog"


def exported(home: Home, name: str, form: str = "trig") -> bytes:
    with ingest.open_snapshot(home) as store:
        chosen = selection.of_records(store, selection.find(store, [name]))
        return export.written(chosen, form).content


def test_a_run_goes_and_the_record_of_its_removal_stays(home: Home) -> None:
    recording.record(home.path, "kept")
    recording.record(home.path, "gone")
    validated(home)
    gone, kept = runs(home)
    before = content(home)
    (planned,) = rm(home, ["gone"], 'not "ours"\n')
    assert planned.record == gone
    assert planned.statements == len(before[gone])
    after = content(home)
    assert set(after) == set(before) - {gone}
    assert after[kept] == before[kept]
    about = {line for line in before[CATALOG] if line.startswith(f"<{gone}> ")}
    assert about
    assert about <= after[CATALOG], "that it existed, when it was created, by whom"
    with ingest.open_snapshot(home) as store:
        (told,) = removals.listing(store)
        assert (told.record, told.reason) == (gone, 'not "ours"\n')
        assert told.by
        assert told.created is not None
        assert told.created < told.at
        rows = query.table(store, query.find("validations"), {}).rows
        assert [str(query.value(row[0])) for row in rows] == [kept], "its validation went with it"
    assert rebuilt(home) == after


def test_size_and_hash_are_those_of_the_journal(home: Home) -> None:
    import gzip
    import hashlib

    recording.record(home.path)
    ingest.open_snapshot(home).close()
    (archive,) = home.done.iterdir()
    rm(home, ["@latest"])
    data = gzip.decompress((home.removed / archive.name).read_bytes())
    with ingest.open_snapshot(home) as store:
        (told,) = removals.listing(store)
    assert (told.size, told.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_the_catalog_is_valid_provenance_after_a_removal(home: Home, capsys) -> None:
    recording.record(home.path, "gone")
    recording.record(home.path, "kept")
    validated(home)
    rm(home, ["gone"], "why")
    assert command(["--home", str(home.path), "validate"]) == 0, capsys.readouterr().out
    with ingest.open_snapshot(home) as store:
        catalog = store.graph(CATALOG)
    assert shacl.validate(CATALOG, catalog) == []


def test_removing_twice_changes_nothing(home: Home, capsys) -> None:
    recording.record(home.path)
    (iri,) = runs(home)
    planned = rm(home, [iri])
    first = content(home)
    with pytest.raises(NotFoundError, match="was removed on"):
        rm(home, [iri])
    assert command(["--home", str(home.path), "rm", "--yes", iri]) == 0
    assert "was removed on" in capsys.readouterr().out
    from kprov_rdf.upkeep import removal

    removal.remove(home, planned, "another reason")  # planned before, by two at once
    assert content(home) == first


def test_a_run_that_goes_on_is_refused_and_one_that_crashed_goes(home: Home) -> None:
    run = recording.begin(home.path)
    recording.epoch(run, 0, 0.9)
    assert run.settle(10)
    before = content(home)
    with pytest.raises(RefusedError, match="still goes on"):
        rm(home, ["@latest"])
    assert content(home) == before
    run.close()
    rm(home, [run.id])
    assert runs(home) == []


def test_a_run_whose_process_was_killed_goes(home: Home) -> None:
    script = (
        "import os, sys; from tests import recording\n"
        "run = recording.begin(sys.argv[1]); recording.epoch(run, 0, 0.5)\n"
        "run.settle(20); os._exit(3)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(home.path)], env=child_environment(home.path)
    )
    assert done.returncode == 3
    (iri,) = runs(home)
    assert len(list(home.journal.glob("*.position"))) == 1
    rm(home, [iri])
    assert runs(home) == []
    assert [p.name for p in home.journal.iterdir()] == ["done"]
    assert rebuilt(home) == content(home)


def test_dry_run_shows_and_takes_nothing(home: Home, capsys) -> None:
    recording.record(home.path)
    before = content(home)
    assert command(["--home", str(home.path), "rm", "--dry-run", "@latest"]) == 0
    (iri,) = runs(home)
    assert f"{iri}: {len(before[iri])} statements, " in capsys.readouterr().out
    assert content(home) == before
    assert not home.removed.exists()


def test_without_a_terminal_it_wants_yes(home: Home, capsys, monkeypatch) -> None:
    import io

    recording.record(home.path)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert command(["--home", str(home.path), "rm", "@latest"]) == 2
    assert "--yes" in capsys.readouterr().err
    assert len(runs(home)) == 1
    assert command(["--home", str(home.path), "rm", "--yes", "@latest"]) == 0
    assert runs(home) == []


def test_other_commands_say_that_it_was_removed(home: Home, capsys) -> None:
    recording.record(home.path)
    (iri,) = runs(home)
    rm(home, [iri], "bad data")
    for name in (iri, iri[-8:]):
        assert command(["--home", str(home.path), "show", name]) == 0
        assert "bad data" in capsys.readouterr().out
    for asked in (["export"], ["query", "epochs", "--param"], ["series"]):
        name = f"run={iri[-8:]}" if "query" in asked else iri[-8:]
        assert command(["--home", str(home.path), *asked, name]) == 2
        assert f"{iri} was removed on" in capsys.readouterr().err


def test_what_was_removed_is_not_merged_again(home: Home, tmp_path: Path) -> None:
    recording.record(home.path)
    (iri,) = runs(home)
    file = tmp_path / "run.trig"
    file.write_bytes(exported(home, iri))
    made = document(tmp_path, "a")
    merged = merge.merge(home, Source(str(made)))
    rm(home, [iri, merged.graph])
    before = content(home)
    for path in (file, made):
        with pytest.raises(RefusedError, match="was removed from this folder"):
            merge.merge(home, Source(str(path)))
    assert content(home) == before
    elsewhere = Home(tmp_path / "elsewhere")
    from kprov_capture.home import create

    merge.merge(create(elsewhere.path), Source(str(file)))
    assert runs(elsewhere) == [iri]


def test_a_removal_that_is_not_obeyed_yet_keeps_merges_out(home: Home, tmp_path: Path) -> None:
    """As when a process is killed after the journal was written."""
    from kprov_rdf.upkeep import removal

    recording.record(home.path)
    (iri,) = runs(home)
    file = tmp_path / "run.trig"
    file.write_bytes(exported(home, iri))
    with ingest.open_snapshot(home) as store:
        planned = removal.plan(home, store, [iri])
    removal.remove(home, planned)
    with pytest.raises(RefusedError, match="was removed"):
        merge.merge(home, Source(str(file)))
    assert runs(home) == []


# -- imports


def test_an_import_goes_with_its_parts_and_its_links(home: Home, tmp_path: Path) -> None:
    first = merge.merge(home, Source(str(document(tmp_path, "a"))))
    before = content(home)
    second = merge.merge(home, Source(str(document(tmp_path, "b"))))
    both = content(home)
    links = both["http://localhost:8642/links"]
    assert links > before["http://localhost:8642/links"]
    rm(home, [second.graph])
    after = content(home)
    assert set(after) == set(before)
    assert after["http://localhost:8642/links"] == before["http://localhost:8642/links"]
    assert after[first.graph] == before[first.graph]
    assert rebuilt(home) == after
    with ingest.open_snapshot(home) as store:
        rows = list(query.table(store, query.find("imports"), {}).rows)
    assert [str(query.value(row[-1])) for row in rows] == [first.graph]


def test_links_that_were_found_later_do_not_lead_to_what_was_removed(
    home: Home, tmp_path: Path
) -> None:
    merged = merge.merge(home, Source(str(document(tmp_path, "a"))))
    with ingest.open_snapshot(home) as store:
        assert linking.find(home, store)
    rm(home, [merged.graph])
    after = content(home)
    assert not any(merged.graph in line for line in after.get("http://localhost:8642/links", ()))
    assert rebuilt(home) == after


def test_a_run_that_came_with_an_import_goes_with_it_only(home: Home, tmp_path: Path) -> None:
    from kprov_capture.home import create

    elsewhere = create(tmp_path / "elsewhere")
    recording.record(elsewhere.path)
    (iri,) = runs(elsewhere)
    file = tmp_path / "run.trig"
    file.write_bytes(exported(elsewhere, iri))
    merged = merge.merge(home, Source(str(file)))
    with pytest.raises(RefusedError, match=f"kprov rm {merged.graph}"):
        rm(home, [iri])
    # The same run in another file: neither can go alone.
    other = tmp_path / "run.nq"
    other.write_bytes(exported(elsewhere, iri, "nq"))
    again = merge.merge(home, Source(str(other)))
    with pytest.raises(RefusedError, match="together"):
        rm(home, [merged.graph])
    rm(home, [merged.graph, again.graph])
    assert runs(home) == []
    assert rebuilt(home) == content(home)
    with ingest.open_snapshot(home) as store:
        assert removals.named(store, iri) is not None


def test_the_export_of_a_run_that_is_here_may_go_and_the_run_stays(
    home: Home, tmp_path: Path
) -> None:
    recording.record(home.path)
    (iri,) = runs(home)
    file = tmp_path / "run.trig"
    file.write_bytes(exported(home, iri))
    merged = merge.merge(home, Source(str(file)))
    before = content(home)
    rm(home, [merged.graph])
    assert content(home)[iri] == before[iri]
    assert runs(home) == [iri]
    assert rebuilt(home) == content(home)


def test_a_journal_that_comes_back_stays_out(home: Home) -> None:
    """Of a backup of the file, or of a trainer that sends it again."""
    import gzip
    import shutil

    recording.record(home.path)
    (iri,) = runs(home)
    rm(home, [iri])
    (archive,) = (p for p in home.removed.iterdir() if p.name.endswith(".nq.gz"))
    after = content(home)
    for place, data in (
        (home.journal / archive.name.removesuffix(".gz"), gzip.decompress(archive.read_bytes())),
        (home.done / archive.name, archive.read_bytes()),
    ):
        place.write_bytes(data)
        assert content(home) == after
        shutil.rmtree(home.store)
        assert content(home) == after


def test_a_removal_may_come_before_the_journal_that_it_is_about(home: Home, tmp_path: Path) -> None:
    """Journals of two copies of a folder, put together in any order."""
    from kprov_capture.home import create

    recording.record(home.path, "kept")
    recording.record(home.path, "gone")
    rm(home, ["gone"])
    after = content(home)
    journals = [*home.done.iterdir(), *(p for p in home.removed.iterdir() if p.is_file())]
    for number, order in enumerate((journals, journals[::-1])):
        copy = create(tmp_path / f"copy-{number}")
        for path in order:
            (copy.done / path.name).write_bytes(path.read_bytes())
            content(copy)
        assert rebuilt(copy) == after


def test_a_document_of_a_user_cannot_pose_as_a_removal(home: Home, tmp_path: Path) -> None:
    recording.record(home.path)
    (iri,) = runs(home)
    file = tmp_path / "hostile.trig"
    file.write_text(
        f"""@prefix prov: <http://www.w3.org/ns/prov#> .
        <{CATALOG}> {{ <{iri}> prov:wasInvalidatedBy <{CATALOG}#removal-x> .
          <{CATALOG}#removal-x> a <https://w3id.org/dnnprov#Removal> , prov:Activity ;
            prov:endedAtTime "2026-01-01T00:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime> }}
        <{CATALOG}#removal-x> a <https://w3id.org/dnnprov#Removal> ; prov:invalidated <{iri}> ."""
    )
    merge.merge(home, Source(str(file)))
    with ingest.open_snapshot(home) as store:
        assert removals.listing(store) == []
    assert runs(home) == [iri]


def test_a_run_that_was_merged_cannot_pose_as_a_catalog(home: Home, tmp_path: Path) -> None:
    recording.record(home.path)
    (iri,) = runs(home)
    posing = "http://elsewhere.net/run/11111111-2222-7333-8444-555555555555"
    file = tmp_path / "hostile.trig"
    file.write_text(
        f"""@prefix prov: <http://www.w3.org/ns/prov#> . @prefix d: <https://w3id.org/dnnprov#> .
        <{posing}> {{ <{iri}> prov:wasInvalidatedBy <{posing}#removal-x> .
          <{posing}#removal-x> a d:Removal ; prov:endedAtTime "yesterday" .
          <{posing}#execution> a d:ExecuteDataflow }}"""
    )
    merge.merge(home, Source(str(file)))
    with ingest.open_snapshot(home) as store:
        assert removals.listing(store) == []
    assert set(runs(home)) == {iri, posing}


def test_a_removed_record_may_have_said_anything_of_itself(home: Home, tmp_path: Path) -> None:
    merged = "http://elsewhere.net/run/11111111-2222-7333-8444-555555555555"
    file = tmp_path / "strange.trig"
    file.write_text(
        f"""@prefix d: <https://w3id.org/dnnprov#> .
        <http://elsewhere.net/catalog> {{ <{merged}> a <http://www.w3.org/ns/prov#Bundle> ;
          <http://purl.org/dc/terms/created> "yesterday" }}
        <{merged}> {{ <{merged}#execution> a d:ExecuteDataflow }}"""
    )
    document_ = merge.merge(home, Source(str(file)))
    rm(home, [document_.graph])
    with ingest.open_snapshot(home) as store:
        assert document_.graph in {one.record for one in removals.listing(store)}


# -- undone


def test_a_removal_is_undone_until_gc(home: Home, tmp_path: Path, capsys) -> None:
    from kprov_rdf.upkeep.collection import collect

    recording.record(home.path, "kept")
    recording.record(home.path, "gone")
    merged = merge.merge(home, Source(str(document(tmp_path, "a"))))
    validated(home)
    gone, kept = runs(home)
    before = content(home)
    rm(home, [gone, merged.graph], "by mistake")
    flags = ["--home", str(home.path)]
    assert command([*flags, "rm", "--undo", gone[-8:], merged.graph, "--reason", "it was"]) == 0
    after = content(home)
    assert {n: told for n, told in after.items() if n != CATALOG} == {
        n: told for n, told in before.items() if n != CATALOG
    }
    assert before[CATALOG] < after[CATALOG]
    assert not any("wasInvalidatedBy" in line for line in after[CATALOG])
    assert any('"it was"' in line for line in after[CATALOG]), "a record of it remains"
    assert rebuilt(home) == after
    assert command([*flags, "validate"]) == 0, capsys.readouterr()
    assert command([*flags, "rm", "--undo", kept]) == 2
    assert "Nothing was removed" in capsys.readouterr().err
    rm(home, [gone])
    collect(home)
    assert command([*flags, "rm", "--undo", gone]) == 2
    assert "freed by 'kprov gc'" in capsys.readouterr().err
    assert runs(home) == [kept]
    assert rebuilt(home) == content(home)
