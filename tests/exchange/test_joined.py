"""One real training that kprov and four tools logged, merged: they meet in its data and its model.

tools/trackers.py made the files, and says how.
"""

import gzip
from pathlib import Path

import pyoxigraph as ox
import pytest

from kprov_capture.home import Home, create
from kprov_rdf import cli, ingest
from kprov_rdf.exchange.links import SAME
from kprov_rdf.exchange.merge import Merged, together
from kprov_rdf.exchange.sources import Source
from kprov_rdf.store import LocalStore
from kprov_rdf.validate import shacl
from tests.exchange.logged import LOGGED, own_epochs, own_hashes

TOOLS = ("mlruns", "mlflow", "wandb", "tensorboard", "log.csv")
LINKS = "http://localhost:8642/links"
Joined = tuple[LocalStore, dict[str, Merged]]


@pytest.fixture(scope="module")
def joined() -> Joined:
    sources = [Source(str(LOGGED / name)) for name in ("kprov.nq.gz", *TOOLS)]
    store, done = together(sources)
    return store, {Path(one.name).name: one for one in done}


def rows(store: LocalStore, text: str) -> list[ox.QuerySolution]:
    found = store.query(text)
    assert isinstance(found, ox.QuerySolutions)
    return list(found)


def test_all_are_read_and_kprovs_own_run_keeps_its_name(joined: Joined) -> None:
    store, done = joined
    assert set(done) == {"kprov.nq.gz", *TOOLS}
    own = LocalStore()
    own.load(gzip.decompress((LOGGED / "kprov.nq.gz").read_bytes()))
    (run,) = (iri for iri in own.graphs() if "/run/" in iri)
    assert done["kprov.nq.gz"].graphs == (run,)
    assert set(store.graph(run)) == set(own.graph(run))
    assert not done["kprov.nq.gz"].links, "what has content already needs no link"


# From what MLflow calls its model, over the content of the file, to the training of kprov's run,
# and the metrics of its epochs.
_PATH = """SELECT ?epoch ?loss {
  GRAPH ?mlflow { ?model a dnnprov:TrainedModel }
  GRAPH <LINKS> { ?model prov:specializationOf ?content }
  GRAPH ?run {
    ?saved prov:specializationOf ?content ; (prov:wasDerivedFrom|prov:wasGeneratedBy)* ?training .
    ?training a dnnprov:Training .
    ?execution a dnnprov:EpochExecution .
    ?metrics prov:wasGeneratedBy ?execution ; dnnprov:epoch ?epoch ; dnnprov:loss ?loss .
  }
  FILTER (STRSTARTS(STR(?mlflow), "GRAPH"))
} ORDER BY ?epoch"""


@pytest.mark.parametrize("name", ["mlruns", "mlflow", "wandb"])
def test_one_path_leads_from_a_tools_model_to_the_epochs_that_kprov_recorded(
    joined: Joined, name: str
) -> None:
    store, done = joined
    question = _PATH.replace("LINKS", LINKS).replace('"GRAPH"', f'"{done[name].graph}"')
    found = {int(row["epoch"].value): float(row["loss"].value) for row in rows(store, question)}
    assert found == {row["epoch"]: row["loss"] for row in own_epochs()}


@pytest.mark.parametrize("name", ["mlruns", "mlflow", "wandb"])
def test_data_set_and_model_are_linked_by_their_hashes(joined: Joined, name: str) -> None:
    _, done = joined
    targets = {one.target.rpartition("-")[2] for one in done[name].links if one.rule == "content"}
    assert len(targets & own_hashes()) >= 2
    assert {one.rule for one in done[name].links} == {"content"}


def test_tools_meet_one_another_where_kprov_is_not(joined: Joined) -> None:
    store, done = joined
    found = rows(
        store,
        f"""SELECT ?content (COUNT(DISTINCT ?file) AS ?files) {{
      GRAPH <{LINKS}> {{ ?file prov:specializationOf ?content }} }} GROUP BY ?content""",
    )
    assert max(int(row["files"].value) for row in found) >= 3
    linked = {one.subject.partition("#")[0] for tool in done.values() for one in tool.links}
    assert linked >= {done[name].graph for name in ("mlruns", "mlflow", "wandb")}


def test_the_links_are_valid_and_make_no_thing_of_two(joined: Joined) -> None:
    store, _ = joined
    assert shacl.validate("links", store.graph(LINKS)) == []
    assert not rows(store, f"SELECT * {{ GRAPH <{LINKS}> {{ ?s <{SAME}> ?o }} }}")


def test_a_dry_run_says_what_would_be_joined_with_the_run(
    home: Home, capfd: pytest.CaptureFixture[str]
) -> None:
    kprov, mlflow = str(LOGGED / "kprov.nq.gz"), str(LOGGED / "mlruns")
    assert cli.run(["--home", str(home.path), "merge", kprov]) == 0
    capfd.readouterr()
    assert cli.run(["--home", str(home.path), "merge", "--dry-run", mlflow]) == 0
    out = capfd.readouterr().out
    assert "Would be joined:" in out
    assert "(content: its SHA-256 is " in out
    assert out.count("    so is run/") >= 2
    with ingest.open_snapshot(home) as store:
        assert LINKS not in store.graphs()
    # Without the run, what is alike is said all the same.
    other = create(home.path.parent / "other")
    assert cli.run(["--home", str(other.path), "merge", "--dry-run", mlflow]) == 0
    assert "linked to what nothing else is linked to yet" in capfd.readouterr().out
