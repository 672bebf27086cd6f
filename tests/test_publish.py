"""Publishing: what is written, under which address, and when nothing is."""

import gzip
import re
from pathlib import Path
from urllib.parse import unquote, urljoin

import pyoxigraph as ox
import pytest
import rdflib

from kprov_capture.home import Home
from kprov_capture.identity import DEFAULT_BASE
from kprov_rdf import cli, publish
from kprov_rdf.errors import InputError, NotFoundError, StorageError
from kprov_rdf.ingest import open_snapshot
from kprov_rdf.linked import ontology
from kprov_rdf.validate.finished import Validator
from tests import recording

BASE = "https://example.org/prov/"
VOID = rdflib.Namespace("http://rdfs.org/ns/void#")


def write(home: Home, out: Path, base: str = BASE) -> publish.Published:
    with open_snapshot(home) as store:
        return publish.publish(store, home.base(), out, base)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from kprov_capture.home import create

    home = create(tmp_path_factory.mktemp("published") / "home")
    recording.record(home.path)
    recording.record(home.path, 'a <b>"tag"</b> / more', "SGD", (0.5, 0.4), 0.01)
    open_snapshot(home).close()
    assert Validator(home, print).catch_up()
    write(home, home.path / "site")
    return home.path / "site"


def test_every_link_leads_to_a_file(site: Path) -> None:
    """Pages link each other with relative links only; so it works in any folder of a host."""
    pages = [name for name in files(site) if name.endswith(".html")]
    assert len(pages) > 6
    for name in pages:
        text = (site / name).read_text()
        anchors = set(re.findall(r'id="([^"]*)"', text))
        for link in re.findall(r'(?:href|src|data-points)="([^"]*)"', text):
            if link.startswith("#"):
                assert link[1:] in anchors, (name, link)
            elif not link.startswith("http"):
                target = unquote(urljoin(f"/{name}", link).partition("#")[0])
                assert (site / target[1:]).is_file(), (name, link)


def test_every_form_of_a_run_has_its_file_and_its_new_address(site: Path) -> None:
    for points in site.glob("run/*/points.json"):
        stem = points.parent
        run = f"{BASE}run/{stem.name}"
        said = []
        for suffix in ("ttl", "jsonld", "nt", "rdf"):
            form = ox.RdfFormat.from_extension(suffix)
            quads = set(ox.parse(stem.with_name(f"{stem.name}.{suffix}").read_bytes(), form))
            assert any(quad.subject.value == run for quad in quads)
            said.append(len(quads))
        assert len(set(said)) == 1
        assert f"{run}#" in stem.with_name(f"{stem.name}.provn").read_text()
    for name in files(site):
        if not name.startswith("static/"):
            data = (site / name).read_bytes()
            text = gzip.decompress(data) if name.endswith(".gz") else data
            assert b"localhost" not in text, name


def test_the_dump_holds_what_void_counts(site: Path) -> None:
    void = rdflib.Graph().parse(site / "void.ttl")
    (dataset,) = void.subjects(rdflib.RDF.type, VOID.Dataset)
    assert str(void.value(dataset, VOID.uriSpace)) == BASE
    dump = str(void.value(dataset, VOID.dataDump)).removeprefix(BASE)
    quads = set(ox.parse(gzip.decompress((site / dump).read_bytes()), ox.RdfFormat.N_QUADS))
    assert len(quads) == int(void.value(dataset, VOID.triples))  # type: ignore[arg-type]
    example = str(void.value(dataset, VOID.exampleResource)).removeprefix(BASE)
    assert (site / example / "index.html").is_file()
    assert (site / ".well-known" / "void").read_bytes() == (site / "void.ttl").read_bytes()


def test_the_ontology_is_published_with_its_forms(site: Path) -> None:
    page = (site / "ontology" / "index.html").read_text()
    anchors = set(re.findall(r'id="([^"]*)"', page))
    assert "Training" in anchors
    assert f"@base &lt;{BASE}&gt;" in page
    for suffix in ("ttl", "jsonld", "nt", "rdf"):
        form = ox.RdfFormat.from_extension(suffix)
        quads = list(ox.parse((site / f"ontology.{suffix}").read_bytes(), form))
        assert len(quads) > 2000
        assert f'href="../ontology.{suffix}"' in page
    (run, *_) = site.glob("run/*/index.html")
    for one in ontology.COMPANIONS:
        own = (site / "ontology" / one.name).read_text().replace(BASE, DEFAULT_BASE)
        assert own.encode() == one.read()
        assert f'href="{one.name}"' in page
    led_to = set(re.findall(r'href="\.\./\.\./ontology/index\.html#([^"]*)"', run.read_text()))
    assert {"Training", "valLoss"} <= led_to <= anchors


def test_the_page_of_a_run_that_failed_says_why(home: Home, tmp_path: Path) -> None:
    run = recording.begin(home.path)
    run.end_training("FINISHED_WITH_ERROR", "ValueError: no such shape")
    run.close()
    write(home, tmp_path / "site")
    (page,) = (tmp_path / "site").glob("run/*/index.html")
    _, errors = page.read_text().split("<summary>Errors ")
    assert (
        "<td>training</td><td>ValueError: no such shape</td>" in errors.partition("</details>")[0]
    )


def test_an_older_one_is_replaced_and_nothing_else(home: Home, tmp_path: Path) -> None:
    recording.record(home.path)
    out = tmp_path / "site"
    out.mkdir()
    assert write(home, out).runs == 1
    (out / "run" / "stale.html").touch()
    # What whoever keeps the site put there stays.
    (out / "CNAME").write_text("example.org")
    (out / ".git").mkdir()
    (out / ".git" / "HEAD").touch()
    recording.record(home.path)
    (tmp_path / "link").symlink_to(out)
    assert write(home, tmp_path / "link").runs == 2
    assert (tmp_path / "link").is_symlink()
    (tmp_path / "link").unlink()
    assert not (out / "run" / "stale.html").exists()
    assert (out / "CNAME").read_text() == "example.org"
    assert (out / ".git" / "HEAD").exists()
    assert len(list(out.glob("run/*/index.html"))) == 2
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    (tmp_path / "file").touch()
    for other in ("mine", "file"):
        with pytest.raises(InputError, match="not published by kprov"):
            write(home, tmp_path / other)
    assert files(tmp_path / "mine") == {"thesis.tex"}
    assert {path.name for path in tmp_path.iterdir()} == {"site", "mine", "file", "home", "config"}


@pytest.mark.parametrize("base", ["example.org/", "https://example.org/x", "ftp://x/", "", "/"])
def test_what_is_no_base_is_said(home: Home, tmp_path: Path, base: str) -> None:
    recording.record(home.path)
    with pytest.raises(InputError, match="--base"):
        write(home, tmp_path / "site", base)
    assert not (tmp_path / "site").exists()


def test_nothing_is_no_publication(home: Home, tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NotFoundError, match="nothing to publish"):
        write(home, tmp_path / "site")
    assert cli.run(["--home", str(home.path), "publish", str(tmp_path / "s"), "--base", BASE]) == 2
    assert "nothing to publish" in capsys.readouterr().err


def test_what_is_cut_short_leaves_the_older_one(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording.record(home.path)
    out = tmp_path / "site"
    write(home, out)
    before = files(out)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "void.ttl")

    with monkeypatch.context() as patch:
        patch.setattr(publish._Site, "_dump", full)
        with pytest.raises(StorageError, match=r"void\.ttl cannot be written: No space left"):
            write(home, out)
    assert files(out) == before
    rename = Path.rename

    def once(self: Path, target: Path) -> Path:
        if target == out and not self.name.endswith(".old"):
            raise OSError(13, "Permission denied", str(out))
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", once)
        with pytest.raises(StorageError, match="what was there before is there still"):
            write(home, out)
    assert files(out) == before
    assert {path.name for path in tmp_path.iterdir()} == {"site", "home", "config"}


def test_names_that_are_no_files_are_left_out(home: Home, tmp_path: Path) -> None:
    recording.record(home.path)
    base = "http://localhost:8642/"
    evil = ("import/../../evil", "import/..", f"import/{'x' * 300}", "agent/../../x", "run/a%00b",
            f"agent/{'中' * 150}", "agent/" + "/".join(["y" * 200] * 30), "agent/x/index.html",
            "agent/x", "agent/x.ttl", "metric/top", "metric/top.nt",
            "run/11111111-1111-1111-1111-111111111111")  # fmt: skip
    with open_snapshot(home) as snapshot:
        from kprov_rdf.store import LocalStore

        store = LocalStore()
        for graph in snapshot.graphs():
            lines = [f"{triple} <{graph}> .\n" for triple in snapshot.graph(graph)]
            store.load("".join(lines).encode())
        for name in evil:
            line = f"<{base}{name}> <http://e/p> <{base}{name}> <{base}{name}> .\n"
            store.load(line.encode())
        # Legal, and nothing that RDF/XML could name.
        run = f"{base}{evil[-1]}"
        store.load(f'<a:b> <a:c> "\\u0001" <{run}> .\n<{run}> <a:c> <a:d> <{run}> .\n'.encode())
        store.living = frozenset()  # type: ignore[attr-defined]
        publish.publish(store, base, tmp_path / "deep" / "site", BASE)  # type: ignore[arg-type]
    assert {path.name for path in tmp_path.iterdir()} == {"deep", "home", "config"}
    assert {path.name for path in (tmp_path / "deep").iterdir()} == {"site"}
    written = files(tmp_path / "deep" / "site")
    assert {"metric/top/index.html", "metric/top.nt/index.html", "metric/top.ttl"} <= written
    stem = "run/11111111-1111-1111-1111-111111111111"
    assert {f"{stem}.ttl", f"{stem}/index.html"} <= written
    assert f"{stem}.provn" in written
    assert f"{stem}.rdf" not in written


def test_what_would_fall_together_is_refused(home: Home, tmp_path: Path) -> None:
    """A merged graph that has the name that a record of ours would get."""
    recording.record(home.path)
    with open_snapshot(home) as snapshot:
        from kprov_rdf.store import LocalStore

        store = LocalStore()
        for graph in snapshot.graphs():
            lines = [f"{triple} <{graph}> .\n" for triple in snapshot.graph(graph)]
            store.load("".join(lines).encode())
        store.load(f"<a:b> <a:c> <a:d> <{BASE}catalog> .\n".encode())
        store.living = frozenset()  # type: ignore[attr-defined]
        with pytest.raises(InputError, match="another --base"):
            publish.publish(store, home.base(), tmp_path / "site", BASE)  # type: ignore[arg-type]
