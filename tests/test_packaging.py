"""The distribution: a wheel and an editable install find the same files."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_what_the_tree_holds(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    for package, folder in (
        ("kprov_rdf", "kprov_rdf"),
        ("kprov_capture", "capture/kprov_capture"),
        ("kprov_rdf/ontology", "ontology"),
        ("kprov_rdf/shapes", "shapes"),
    ):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                name = f"{package}/{path.relative_to(ROOT / folder)}"
                assert packed.get(name) == path.read_bytes(), name
    assert not any(name.startswith(("tests", "bench", "tools")) for name in packed)


def test_the_wheel_works_without_any_other_package(wheel: Path, tmp_path: Path) -> None:
    """Capture needs the standard library only; the resources are found inside of the wheel."""
    venv.create(tmp_path / "bare", with_pip=False)
    python = tmp_path / "bare" / "bin" / "python"
    (site,) = (tmp_path / "bare" / "lib").glob("python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    script = (
        "import sys; from kprov_capture.run import Run; from kprov_rdf import resources; "
        "run = Run('bare', home=sys.argv[1]); run.start_training({}); run.close(); "
        "print(*(len(resources.texts(n, s)) for n, s in "
        "(('ontology', '.ttl'), ('shapes', '.ttl'), ('queries', '.rq'), ('queries/fast', '.rq'), "
        "('summaries', '.rq'), ('builder/papers', '.dfq'))), resources.__file__)"
    )
    done = subprocess.run(
        [str(python), "-I", "-c", script, str(tmp_path / "home")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    *counts, where = done.stdout.split()
    assert all(int(count) > 0 for count in counts)
    assert where.startswith(str(site))
    assert len(list((tmp_path / "home" / "journal").glob("*.nq"))) == 1


def test_the_editable_install_reads_the_checkout() -> None:
    from kprov_rdf import resources

    assert Path(str(resources.folder("ontology"))) == ROOT / "ontology"
    assert Path(str(resources.folder("queries"))) == ROOT / "kprov_rdf" / "queries"


def test_the_pins_hold_hashes_and_no_addresses() -> None:
    text = (ROOT / "requirements.txt").read_text()
    assert "--hash=sha256:" in text
    for word in ("http", "--index", "--find-links", "file:"):
        assert word not in text


def test_each_version_is_the_same() -> None:
    import tomllib

    from kprov_capture import __version__

    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
