"""``kprov demo``: the whole way of the data, and what to do next."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from kprov_capture import home as homes
from kprov_capture.home import Home
from kprov_rdf import query, tables
from kprov_rdf.errors import KprovError
from kprov_rdf.exchange import write
from kprov_rdf.ingest import open_snapshot
from kprov_rdf.runs import RunInfo, listing
from kprov_rdf.store import Snapshot
from kprov_rdf.validate import shacl

_SHOWN = re.compile(r"r:(adaptation-1|model)\b(?!-)")
_WIDTH = 100


def run(home: Home, epochs: int) -> None:
    """Train in a process of its own, then show what was recorded.

    Raises ``KprovError`` where the training fails or what it left is not valid.
    """
    _say("1. Train three networks on 1,797 handwritten digits; kprov records them.")
    models = home.path / "demo"
    models.mkdir(exist_ok=True)
    before = {one.iri for one in _runs(home)}
    _train(home, epochs, models)
    with open_snapshot(home) as store:
        mine = [one for one in listing(store, store.living) if one.iri not in before]
        if not mine:
            raise KprovError("The training recorded no run. Its messages are above.")
        _say(f"2. Loaded {len(mine)} runs into the store, and checked them with SHACL:")
        _validate(store, mine)
        _ask(store, mine[-1], epochs)
        _prov_n(store, mine[-1], models)
    kprov, first = _command(home), mine[-1].short
    _say("Next:")
    print(f"  {kprov} show {first:<24} the run of Adam: settings, epochs, adaptations")
    print(f"  {kprov} query {'--list':<23} the questions that have a name")
    print(f"  {kprov} export {first + ' -o run.ttl':<22} the run as PROV-O in Turtle")


def _command(home: Home) -> str:
    """How to call kprov from here: by its path where it is not on the PATH."""
    here = Path(sys.executable).with_name("kprov")
    found = shutil.which("kprov")
    same = found is not None and Path(found).resolve() == here.resolve()
    name = "kprov" if same or not here.exists() else os.path.relpath(here)
    return name if homes.find() == home.path else f"{name} --home {os.path.relpath(home.path)}"


def _say(text: str) -> None:
    print(f"\n{text}", flush=True)


def _runs(home: Home) -> list[RunInfo]:
    with open_snapshot(home) as store:
        return listing(store, store.living)


def _train(home: Home, epochs: int, models: Path) -> None:
    command = [sys.executable, "-m", "kprov_rdf.demo_training"]
    command += ["--epochs", str(epochs), "--models", str(models)]
    done = subprocess.run(command, env={**os.environ, "KPROV_HOME": str(home.path)}, check=False)
    if done.returncode != 0:
        raise KprovError(
            "The training of the demonstration failed; its messages are above. If a package is "
            "missing: pip install 'kprov-rdf[demo]'"
        )


def _validate(store: Snapshot, runs: list[RunInfo]) -> None:
    found = [one for run in runs for one in shacl.validate(run.iri, store.graph(run.iri))]
    for one in found:
        print(f"  {one.node}: {one.message}")
    if found:
        raise KprovError("The runs of the demonstration are not valid: this is a bug of kprov.")
    print(f"  {len(runs)} runs valid")


def _ask(store: Snapshot, first: RunInfo, epochs: int) -> None:
    _say("3. The first three questions of the Keras-Prov paper:")
    for name, given in (("q1", {"epoch": str(epochs - 1)}), ("q2", {"run": first.iri}), ("q3", {})):
        question = query.find(name)
        print(f"\n{name.upper()}: {question.question}")
        answer = query.table(store, question, given)
        tables.write(answer, "table", sys.stdout)


def _prov_n(store: Snapshot, run: RunInfo, folder: Path) -> None:
    text = write.run(store, run.iri, "provn")
    path = folder / f"{run.short}.provn"
    write.to_file(text, path)
    lines = [line.strip() for line in text.decode().splitlines()]
    _say(
        f"4. The same run in PROV-N: {len(lines)} lines in {os.path.relpath(path)}. "
        "Those about its model and its first adaptation:"
    )
    for line in lines:
        if _SHOWN.search(line):
            print(f"  {line if len(line) <= _WIDTH else line[: _WIDTH - 2] + ' …'}")
