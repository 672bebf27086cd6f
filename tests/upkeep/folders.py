"""What the tests of upkeep share: what a folder says, and what a new store of it would."""

import itertools
import math
import shutil
from collections.abc import Sequence
from pathlib import Path

from kprov_capture.home import Home
from kprov_rdf import ingest
from kprov_rdf.runs import listing
from kprov_rdf.store import SUMMARY_GRAPH
from kprov_rdf.upkeep import removal
from kprov_rdf.validate.finished import Validator

Content = dict[str, frozenset[str]]
_COUNT = itertools.count()

DOCUMENT = """document
  prefix e <http://elsewhere.net/{name}#>
  entity(e:data, [e:size=1])
  activity(e:step, -, -)
  wasGeneratedBy(e:data, e:step, -)
  agent(e:me, [e:orcid="https://orcid.org/0000-0002-1825-0097"])
  bundle e:part
    entity(e:inner)
  endBundle
endDocument
"""


def content(home: Home) -> Content:
    """The statements of each graph, and what the summaries say of the records."""
    with ingest.open_snapshot(home) as store:
        found = {name: frozenset(map(str, store.graph(name))) for name in store.graphs()}
        summed = store.graph(SUMMARY_GRAPH)
    told = (one for one in summed if str(one.subject)[1:-1].rpartition("?")[2] in found)
    return found | {SUMMARY_GRAPH: frozenset(map(str, told))}


def rebuilt(home: Home) -> Content:
    """What a store says that is built from the journals of the folder as it lies there."""
    beside = home.path.with_name(f"rebuilt-{next(_COUNT)}")
    skipped = shutil.ignore_patterns("store", "snapshots", "owner.json")
    shutil.copytree(home.path, beside, ignore=skipped)
    try:
        return content(Home(beside))
    finally:
        shutil.rmtree(beside)


def runs(home: Home) -> list[str]:
    """The IRIs of the runs, the newest first."""
    with ingest.open_snapshot(home) as store:
        return [run.iri for run in listing(store, store.living)]


def rm(home: Home, names: Sequence[str], reason: str | None = None) -> list[removal.Planned]:
    """Remove, as the command does; the store has obeyed when it returns."""
    with ingest.open_snapshot(home) as store:
        planned = removal.plan(home, store, names)
    removal.remove(home, planned, reason)
    ingest.open_snapshot(home).close()
    return planned


def validated(home: Home) -> None:
    """Validate all that has ended."""
    ingest.open_snapshot(home).close()
    Validator(home, print, portion=math.inf, longest=600.0).catch_up()
    ingest.open_snapshot(home).close()


def document(folder: Path, name: str) -> Path:
    """A file of PROV-N with a bundle, and an agent with an ORCID."""
    path = folder / f"{name}.provn"
    path.write_text(DOCUMENT.format(name=name))
    return path
