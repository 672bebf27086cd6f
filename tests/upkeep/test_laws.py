"""Whatever is done in whatever order: the store says what one built from the journals would."""

import contextlib
import shutil
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kprov_capture.home import Home, create
from kprov_rdf import ingest, removals
from kprov_rdf.errors import NotFoundError, RefusedError
from kprov_rdf.exchange import linking, merge
from kprov_rdf.exchange.sources import Source
from kprov_rdf.store import SUMMARY_GRAPH
from kprov_rdf.upkeep import removal
from kprov_rdf.upkeep.collection import collect
from tests import recording
from tests.tuning import chain
from tests.upkeep.folders import content, document, rebuilt, rm, runs, validated

STEPS = (
    "record", "tune", "merge a", "merge b", "rm run", "rm import", "undo", "validate", "link", "gc",
    "rebuild",
)  # fmt: skip


def imports(home: Home) -> list[str]:
    from kprov_rdf.exchange import selection

    with ingest.open_snapshot(home) as store:
        return selection._imports(store)


def do(home: Home, step: str, folder: Path) -> None:
    if step == "record":
        recording.record(home.path, losses=(0.5,))
    elif step == "tune":  # the second tells of the file of the first
        chain(home, folder, 2, epochs=1)
    elif step.startswith("merge"):
        path = document(folder, step[-1])
        try:
            merge.merge(home, Source(str(path)))
        except RefusedError:
            assert removals.all_of(home)
    elif step == "rm run":
        rm(home, runs(home)[-1:])
    elif step == "rm import":
        rm(home, imports(home)[:1])
    elif step == "validate":
        validated(home)
    elif step == "link":
        with ingest.open_snapshot(home) as store:
            linking.find(home, store)
    elif step == "undo":
        with ingest.open_snapshot(home) as store:
            found = removals.listing(store)
        for one in [one for one in found if "#" not in one.record][:1]:
            with contextlib.suppress(NotFoundError):
                removal.undo(home, one.record)
    elif step == "gc":
        collect(home)
    else:
        shutil.rmtree(home.store, ignore_errors=True)


@settings(max_examples=15)
@given(steps=st.lists(st.sampled_from(STEPS), max_size=9))
def test_any_sequence_leaves_the_store_equal_to_one_built_anew(
    steps: list[str], tmp_path_factory
) -> None:
    folder = tmp_path_factory.mktemp("law")
    home = create(folder / "home")
    for step in steps:
        do(home, step, folder)
        if step.startswith("rm"):
            listed = set(runs(home))
            assert not listed & removals.invalidated(home)
    found = content(home)
    assert rebuilt(home) == found
    with ingest.open_snapshot(home) as store:
        summed = {str(one.subject) for one in store.graph(SUMMARY_GRAPH)}
    for record in removals.invalidated(home):
        assert record not in found
        assert f"<{record}>" not in summed
    shutil.rmtree(folder)
