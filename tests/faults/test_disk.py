"""Disks that are full, and folders that cannot be written to, that vanish, or are none.

The training goes on and gives what it gives without capture; what was written before is
readable; one warning says what was not.
"""

from pathlib import Path
from typing import Any

import pytest

import kprov_capture.keras as kprov
from kprov_capture.home import create
from tests.faults.networks import fit, network

# A limit on the size of files is a full disk that needs no root: Python ignores SIGXFSZ, and
# write() fails with EFBIG once a part is written.
SCRIPT = """
import logging, os, resource, shutil, sys
import keras
import kprov_capture.keras as kprov
from tests.faults.networks import fit, network

logging.basicConfig(format="%(name)s %(levelname)s %(message)s")
place, kind = sys.argv[1:]

class Fault(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        assert self.run.settle(20)
        if epoch == 1:
            if kind == "removed":
                shutil.rmtree(place)
            elif kind != "none":
                (name,) = os.listdir(f"{place}/journal")[:1] or [None]
                size = os.stat(self.run._journal.path).st_size
                resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, resource.RLIM_INFINITY))
        if epoch == 4 and kind == "passes":
            infinity = resource.RLIM_INFINITY
            resource.setrlimit(resource.RLIMIT_FSIZE, (infinity, infinity))

    def on_train_begin(self, logs=None):
        self.run = ours.run

ours = kprov.Provenance("disk", home=place)
print("\\n".join(fit(network(), ours, Fault(), epochs=8)))
"""


@pytest.fixture(scope="module")
def without() -> list[str]:
    """What the training leaves where nothing is recorded."""
    return fit(network(), epochs=8)


def warnings_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("kprov WARNING")]


def test_a_disk_that_is_full_to_the_end(nursery, found, state, tmp_path, without) -> None:
    child = nursery.run(SCRIPT, tmp_path, str(state), "stays")
    assert child.out.splitlines() == without
    told = warnings_in(child.err)
    assert len(told) == len({line.split(":")[0] for line in told}), "each kind once"
    assert "write epoch" in told[0]
    assert "File too large" in told[0]
    assert "Traceback" not in child.err
    assert found().outline == [("CRASHED", 2)]


def test_a_disk_that_is_full_for_a_while(nursery, found, state, tmp_path, without) -> None:
    child = nursery.run(SCRIPT, tmp_path, str(state), "passes")
    assert child.out.splitlines() == without
    assert len(warnings_in(child.err)) == 1
    assert found().outline == [("FINISHED", 8)]


def test_a_state_folder_that_is_removed_stays_removed(nursery, state, tmp_path, without) -> None:
    """Whoever removed it did not want it; nothing of it comes back in part."""
    child = nursery.run(SCRIPT, tmp_path, str(state), "removed")
    assert child.out.splitlines() == without
    assert "No such file" in warnings_in(child.err)[0]
    assert not state.exists()


FULL_BEFORE = """
import logging, resource, sys
import kprov_capture.keras as kprov
from tests.faults.networks import fit, network

told = []  # standard error is a file, too

class Kept(logging.Handler):
    def emit(self, record):
        told.append(f"{record.name} {record.levelname} {record.getMessage()}")

logging.getLogger("kprov").addHandler(Kept())
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
fit(network(), kprov.Provenance("disk", home=sys.argv[1]))
infinity = resource.RLIM_INFINITY
resource.setrlimit(resource.RLIMIT_FSIZE, (infinity, infinity))
fit(network(), kprov.Provenance("disk", home=sys.argv[1]))
print("\\n".join(told))
"""


def test_a_disk_that_is_full_from_the_start(nursery, found, state, tmp_path) -> None:
    """Nothing half-made stays behind that would be taken for what it should be."""
    child = nursery.run(FULL_BEFORE, tmp_path, str(state), env={"XDG_CONFIG_HOME": str(tmp_path)})
    (told,) = warnings_in(child.out)
    assert "cannot be created" in told
    assert found().outline == [("FINISHED", 3)]
    assert (state / ".gitignore").read_text() == "*\n"
    assert "base" in (state / "kprov.toml").read_text()
    assert (tmp_path / "kprov" / "person-id").read_text().strip()


READ_ONLY = """
import ctypes, logging, os, sys
import kprov_capture.keras as kprov
from tests.faults.networks import fit, network

logging.basicConfig(format="%(name)s %(levelname)s %(message)s")
place = sys.argv[1]
if os.geteuid() == 0:  # without its capabilities (capset(2), version 3), root obeys permissions
    libc = ctypes.CDLL(None, use_errno=True)
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert libc.capset(header, none) == 0, os.strerror(ctypes.get_errno())
for folder in sys.argv[2:]:
    os.chmod(folder, 0o555)
print("\\n".join(fit(network(), kprov.Provenance("locked", home=place), epochs=8)))
for folder in sys.argv[2:]:
    os.chmod(folder, 0o755)
"""


def test_a_folder_that_is_read_only(nursery, tmp_path, without) -> None:
    (tmp_path / "locked").mkdir()
    place, locked = tmp_path / "locked" / "home", str(tmp_path / "locked")
    child = nursery.run(READ_ONLY, tmp_path, str(place), locked)
    assert child.out.splitlines() == without
    (told,) = warnings_in(child.err)
    assert "cannot be created: Permission denied" in told
    assert "--home" in told


def test_a_state_folder_that_became_read_only(nursery, found, state, tmp_path, without) -> None:
    journal = create(state).journal
    child = nursery.run(READ_ONLY, tmp_path, str(state), str(journal), str(journal / "done"))
    assert child.out.splitlines() == without
    assert all("Permission denied" in told for told in warnings_in(child.err))
    assert len(warnings_in(child.err)) > 0
    assert found().outline == [("FINISHED", 8)], "written as soon as it can be"


def put_a_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")


def put_a_folder(path: Path) -> None:
    path.mkdir(parents=True)


def put_nonsense(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\xff\x00 [")


@pytest.mark.parametrize(
    ("name", "put", "told"),
    [
        ("home", put_a_file, "cannot be created"),
        ("home/journal", put_a_file, "cannot be created"),
        ("home/kprov.toml", put_a_folder, "cannot be used"),
        ("home/kprov.toml", put_nonsense, "cannot be used"),
    ],
)
def test_what_stands_in_the_place_of_a_folder(
    name: str, put: Any, told: str, tmp_path: Path, without: list[str], caplog: Any
) -> None:
    put(tmp_path / name)
    ours = kprov.Provenance("misplaced", home=tmp_path / "home")
    assert fit(network(), ours, epochs=8) == without
    (line,) = [one.getMessage() for one in caplog.records if one.name == "kprov"]
    assert told in line
