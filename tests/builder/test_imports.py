"""Trainings that a tracker logged: both languages have the same rows and attributes of them."""

from contextlib import closing
from functools import partial
from pathlib import Path

from kprov_capture.home import Home
from kprov_rdf import builder, cli, ingest
from kprov_rdf.builder import mirrored
from kprov_rdf.mirror import ask, embedded, load
from tests import recording
from tests.builder.test_answers import values

LOGGED = Path(__file__).resolve().parent.parent / "exchange/fixtures/trackers/mlruns"


def test_everything_of_what_was_merged(libraries: None, home: Home) -> None:
    """One of the two has no setting at all, and their epochs have more than metrics."""
    recording.record(home.path)
    assert cli.run(["--home", str(home.path), "merge", str(LOGGED)]) == 0
    with embedded.serving(home) as server, ingest.open_snapshot(home) as store:
        with closing(load.connect(server.url)) as connection:
            load.mirror(connection, store, set())
        tables = partial(ask.ask, server.url)
        for dataset in ("itrainingmodel", "otrainingmodel", "otestingmodel", "oadaptation"):
            query = builder.read(f"source({dataset}) target({dataset})")
            mine, theirs = builder.ask(store, query), mirrored.ask_mirror(tables, query)
            assert mine.columns == theirs.columns
            assert values(mine) == values(theirs)
        query = builder.read("projection(run.iri; itrainingmodel.optimizer_name)")
        assert len(values(builder.ask(store, query))) == 3
