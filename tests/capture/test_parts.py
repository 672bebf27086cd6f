"""The small parts of kprov_capture: home, process, environment, fingerprint, imports."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from kprov_capture import environment, fingerprint, home, process
from kprov_capture.person import person
from kprov_capture.terms import Dnnprov

# -- home


def test_the_folder_is_found_upwards_like_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.create(tmp_path / ".kprov")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert home.find() == tmp_path / ".kprov"
    monkeypatch.setenv("KPROV_HOME", str(tmp_path / "other"))
    assert home.find() == tmp_path / "other"
    assert home.find(tmp_path / "named") == tmp_path / "named"


def test_the_folder_keeps_itself_out_of_repositories(tmp_path: Path) -> None:
    home.create(tmp_path / ".kprov")
    assert (tmp_path / ".kprov" / ".gitignore").read_text() == "*\n"


def test_creating_again_changes_nothing(tmp_path: Path) -> None:
    made = home.create(tmp_path / ".kprov")
    (made.path / "kprov.toml").write_text('base = "http://e.org/"\n')
    assert home.create(made.path).base() == "http://e.org/"


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(home.HomeError, match="kprov init"):
        home.open_home(tmp_path / "nothing")


# -- process


def test_this_process_is_alive() -> None:
    assert process.is_alive(process.describe(), last_sign=0.0)


def test_a_process_that_ended_is_not() -> None:
    script = "from kprov_capture import process; import json; print(json.dumps(process.describe()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    import json

    assert not process.is_alive(json.loads(done.stdout), last_sign=0.0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_what_is_left_of_a_killed_process_is_not_alive() -> None:
    """A zombie, since nobody has waited for it yet; in a container perhaps nobody ever will."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        import json

        os.write(write, json.dumps(process.describe()).encode())
        os._exit(0)
    import json

    described = json.loads(os.read(read, 10_000))
    os.close(read)
    os.close(write)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # it has ended, and is not reaped
    assert not process.is_alive(described, last_sign=0.0)
    os.waitpid(child, 0)


def test_an_id_that_another_process_uses_now_is_not_the_one() -> None:
    described = process.describe()
    if described["start"] is None:
        pytest.skip("this system does not tell when a process started")
    assert not process.is_alive({**described, "start": "1"}, last_sign=0.0)


def test_on_another_host_the_heartbeat_decides() -> None:
    elsewhere = {"pid": 1, "start": "1", "scope": "another host"}
    assert process.is_alive(elsewhere, time.time())
    assert not process.is_alive(elsewhere, time.time() - process.SILENCE_SECONDS - 1)


# -- environment


def test_installed_and_imported_packages_are_found_with_their_versions() -> None:
    distributions = environment.installed()
    assert distributions["numpy"] == np.__version__
    assert environment.imported(distributions)["numpy"] == np.__version__


def test_the_id_of_a_person_is_kept() -> None:
    assert person() == person()


def test_settings_that_cannot_be_written_give_a_person_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    assert person().name


def test_commit_and_changes_are_those_of_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e"]
        return subprocess.run(
            [*command, *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    script = tmp_path / "train.py"
    script.write_text("1\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "one")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(script), raising=False)
    clean = environment.code()
    assert clean[Dnnprov.gitCommit] == git("rev-parse", "HEAD")
    assert clean[Dnnprov.gitDirty] is False
    script.write_text("2\n")
    assert environment.code()[Dnnprov.gitDirty] is True


def test_without_git_there_is_no_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert environment.code()[Dnnprov.gitCommit] is None


# -- fingerprint


def test_a_file_is_named_by_its_bytes(tmp_path: Path) -> None:
    data = os.urandom(5_000_000)
    (tmp_path / "f").write_bytes(data)
    found = fingerprint.of_file(str(tmp_path / "f"))
    assert (found.sha256, found.size) == (hashlib.sha256(data).hexdigest(), len(data))


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype="float32").reshape(4, 6),
        np.arange(24).reshape(4, 6)[:, ::2],
        np.asfortranarray(np.arange(24).reshape(4, 6)),
        np.zeros((0, 3)),
        np.array(3.5),
        np.array(["a", "bc"]),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
    ],
    ids=["plain", "view", "fortran", "empty", "scalar", "text", "dates"],
)
def test_an_array_is_named_by_its_elements_in_c_order(array: np.ndarray) -> None:
    assert fingerprint.of_array(array).sha256 == hashlib.sha256(array.tobytes()).hexdigest()


def test_equal_bytes_of_another_shape_or_type_are_other_data() -> None:
    bytes_ = np.zeros(8, "uint8")
    found = {
        fingerprint.of_arrays({"x": one})[0].sha256
        for one in (bytes_, bytes_.reshape(2, 4), bytes_.view("float32"), bytes_.view("int64"))
    }
    assert len(found) == 4


def test_objects_have_no_bytes() -> None:
    with pytest.raises(TypeError, match="no bytes"):
        fingerprint.of_array(np.array([object()]))


# -- imports


def test_the_recorder_needs_the_standard_library_only() -> None:
    script = (
        "import sys; before = set(sys.modules); import kprov_capture.run; "
        "new = {n.partition('.')[0] for n in set(sys.modules) - before}; "
        "print(sorted(new - set(sys.stdlib_module_names) - {'kprov_capture'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_costly_modules_wait_until_they_are_needed() -> None:
    script = (
        "import sys, kprov_capture.run; "
        "costly = {'importlib.metadata', 'urllib.request', 'http.client', 'ssl', 'tomllib'}; "
        "print(sorted(costly & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_gpus_are_told_by_their_models(tmp_path: Path) -> None:
    for number, model in enumerate(("NVIDIA H100 80GB HBM3", "NVIDIA A2")):
        folder = tmp_path / f"0000:0{number}:00.0"
        folder.mkdir()
        (folder / "information").write_text(f"Model: \t\t {model}\nIRQ:   \t\t 42\n")
    (tmp_path / "0000:09:00.0").mkdir()
    assert environment.accelerators(str(tmp_path)) == ["NVIDIA H100 80GB HBM3", "NVIDIA A2"]
    assert environment.accelerators(str(tmp_path / "nothing")) == []
