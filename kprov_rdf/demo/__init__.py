"""``kprov demo``: the whole way of the data, and what to do next."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from contextlib import closing
from importlib.resources import files
from pathlib import Path

from kprov_capture import home as homes
from kprov_capture.home import Home
from kprov_rdf import query, tables
from kprov_rdf.dm import provo
from kprov_rdf.dm.model import Document
from kprov_rdf.errors import KprovError
from kprov_rdf.exchange import merge as merging
from kprov_rdf.exchange import writing
from kprov_rdf.ingest import open_snapshot
from kprov_rdf.publish import publish
from kprov_rdf.runs import RunInfo, listing
from kprov_rdf.store import Snapshot
from kprov_rdf.validate import constraints, shacl

_SHOWN = re.compile(r"r:(adaptation-1|model)\b(?!-)")
_WIDTH = 100
_WHO = """
SELECT ?person (REPLACE(STR(?done), "^.*[/#]", "") AS ?activity) ?graph WHERE {
  GRAPH ?graph { ?done a prov:Activity ; prov:wasAssociatedWith ?who .
                 ?who a prov:Person ; rdfs:label ?person }
} ORDER BY ?graph ?person
"""
_COPY = """document
  prefix mail <https://mail.example.org/>
  prefix dnnprov <https://w3id.org/dnnprov#>
  agent(mail:ada, [prov:type='prov:Person', prov:label="Ada"])
  entity(mail:model.keras, [prov:label="a file from a mail", dnnprov:sha256="{}"])
  activity(mail:use, -, -, [prov:label="use of the model"])
  used(mail:use, mail:model.keras, -)
  wasAssociatedWith(mail:use, mail:ada, -)
endDocument
"""
_WHENCE = """
SELECT ?who ?file ?optimizer ?run WHERE {
  ?use prov:used ?copy ; prov:wasAssociatedWith/rdfs:label ?who . ?copy rdfs:label ?file .
  ?copy prov:specializationOf ?content .            # the link
  ?saved prov:specializationOf ?content ; prov:wasDerivedFrom*/prov:wasGeneratedBy ?training .
  GRAPH ?run { ?training a dnnprov:Training ; dnnprov:optimizerName ?optimizer }
} ORDER BY ?run LIMIT 3
"""
_Q3 = """
SELECT optimizer_name, avg(elapsed_time) AS mean_time, avg(loss) AS mean_loss, count(*) AS epochs
FROM digits_cnn.ds_otrainingmodel JOIN digits_cnn.ds_itrainingmodel USING (trainingmodel_task_id)
GROUP BY optimizer_name ORDER BY optimizer_name
"""


def run(home: Home, epochs: int) -> None:
    """Train in a process of its own, then show what was recorded.

    Raises ``KprovError`` where the training fails or what it left is not valid.
    """
    _say("1. Train three networks on 1,797 handwritten digits; kprov records them.")
    folder = home.path / "demo"
    folder.mkdir(exist_ok=True)
    before = {one.iri for one in _runs(home)}
    _train(home, epochs, folder)
    with open_snapshot(home) as store:
        mine = [one for one in listing(store, store.living) if one.iri not in before]
        if not mine:
            raise KprovError("The training recorded no run. Its messages are above.")
        rules = "PROV-CONSTRAINTS and SHACL"
        _say(f"2. Loaded {len(mine)} runs into the store, and checked them by {rules}:")
        _validate(store, mine)
        _ask(store, mine[-1], epochs)
        _prov_n(store, mine[-1], folder)
    _merge(home)
    _link(home, folder / "digits-adam.keras")
    _mirror(home)
    _publish(home, folder / "site")
    _next(_command(home), mine[-1])


def _next(kprov: str, run: RunInfo) -> None:
    _say("Next:")
    for command, text in (
        ("serve", "and open http://localhost:8642/: runs, charts, links, SPARQL"),
        ("demo", "meanwhile, in another terminal: watch three more runs come in"),
        (f"show {run.short}", "the run of Adam: settings, epochs, adaptations"),
        ("query --list", "the questions that have a name"),
        (f"export {run.short} -o run.ttl", "the run as PROV-O in Turtle"),
    ):
        print(f"  {kprov} {command:<26} {text}")


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
    command = [sys.executable, "-m", "kprov_rdf.demo.training"]
    command += ["--epochs", str(epochs), "--models", str(models)]
    done = subprocess.run(command, env={**os.environ, "KPROV_HOME": str(home.path)}, check=False)
    if done.returncode != 0:
        raise KprovError(
            "The training of the demonstration failed; its messages are above. If a package is "
            "missing: pip install '.[demo]' in a clone of kprov"
        )


def _validate(store: Snapshot, runs: list[RunInfo]) -> None:
    found = []
    for run in runs:
        triples = store.graph(run.iri)
        document = provo.triples(triples, Document(run.short, "RDF"), None)
        found += [one.message for at in constraints.check(document) for one in at.violations]
        found += [f"{one.node}: {one.message}" for one in shacl.validate(run.iri, triples)]
    for message in found:
        print(f"  {message}")
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
    text = writing.run(store, run.iri, "provn")
    path = folder / f"{run.short}.provn"
    writing.to_file(text, path)
    lines = [line.strip() for line in text.decode().splitlines()]
    _say(
        f"4. The same run in PROV-N: {len(lines)} lines in {os.path.relpath(path)}. "
        "Those about its model and its first adaptation:"
    )
    for line in lines:
        if _SHOWN.search(line):
            print(f"  {line if len(line) <= _WIDTH else line[: _WIDTH - 2] + ' …'}")


def _merge(home: Home) -> None:
    """A document of another hand beside the runs, asked in one question."""
    document = files("kprov_rdf.demo") / "digits.provn"
    done = merging.merge(home, document.read_bytes(), "digits.provn")
    _say(
        "5. Where the digits come from, written in PROV-N by another hand, merged beside the runs:"
    )
    print(f"  {done.graph}\n\n{_WHO.strip()}\n")
    with open_snapshot(home) as store:
        question = query.Question("who", _WHO)
        tables.write(query.table(store, question, {}), "table", sys.stdout)


def _link(home: Home, model: Path) -> None:
    """A document that knows a model by its hash only, linked to the run that made it."""
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    done = merging.merge(home, _COPY.format(digest).encode(), "mail.provn")
    print("  A document, made up here, knows a file by its SHA-256. It is linked to a run's model:")
    for link in done.links:
        print(f"  {link.subject.rpartition('/')[2]} has the content sha256-{digest[:8]}…")
    print(f"{_WHENCE}")
    with open_snapshot(home) as store:
        question = query.Question("whence", _WHENCE)
        tables.write(query.table(store, question, {}), "table", sys.stdout)


def _mirror(home: Home) -> None:
    """The tables of Keras-Prov in a real MonetDB; left out where there is none to be had."""
    from kprov_rdf.mirror import ask, embedded, load

    _say("6. The same in SQL: the tables of Keras-Prov, in a MonetDB that is fetched once (4 MB):")
    try:
        if not embedded.installed():
            embedded.install()
        with embedded.serving(home) as server:
            with closing(load.connect(server.url)) as connection, open_snapshot(home) as store:
                load.mirror(connection, store, store.living)
            ask.remember(home, None)
            answer = ask.ask(server.url, _Q3)
    except KprovError as error:
        print(f"  Left out: {error}")
        return
    print(f"{_Q3.strip()}\n")
    tables.write_sql(answer.columns, answer.rows, "table", sys.stdout)


def _publish(home: Home, out: Path) -> None:
    with open_snapshot(home) as store:
        done = publish(store, home.base(), out, "https://example.org/digits/")
    _say(
        f"7. Published as linked data for a web host: {done.documents} documents, {done.files} "
        f"files in {os.path.relpath(out)}."
    )
