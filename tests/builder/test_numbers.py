"""Whole numbers that no double holds, zeros of both signs, names that no column may have."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any

import pytest

from kprov_capture.home import create
from kprov_rdf import builder, ingest
from kprov_rdf.builder import mirrored
from kprov_rdf.builder.mirrored import Ask
from kprov_rdf.mirror import ask, embedded, load
from kprov_rdf.store import LocalStore
from tests.builder.made import Made
from tests.builder.test_answers import values

LARGE = 2**60
ODD = 2**53 + 1

NAMES = ("%", "%s", "a\nb", "n" * 1500)

Both = tuple[LocalStore, Ask]


@pytest.fixture(scope="module")
def both(libraries: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("numbers")
    zeros = [
        {"epoch_id": n, "elapsed_time": 1.0, "rate": 1.0, "loss": loss}
        for n, loss in enumerate((0.0, -0.0, 0.5, -0.0))
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        home = create(folder / "home")
        for tag, epochs, own in (
            (
                "a",
                zeros,
                {
                    "seed": LARGE,
                    "k": ODD,
                    "1x": 5,
                    **dict.fromkeys(NAMES, 7),
                    "path": "C:\\a_b%c",
                },
            ),
            ("a", [], {"seed": LARGE + 1, "k": 2.0**53, "1x": 6, "path": "C:\\aXbYc"}),
            ("b", [], {"seed": LARGE + 1, "k": 5.0}),
            ("b", [], {"seed": 5, "path": ""}),
        ):
            Made(tag, "SGD", 0.5, epochs, settings=own).record(home.path)
    store = LocalStore()
    ingest.catch_up(home, store)
    with embedded.serving(home) as server:
        with closing(load.connect(server.url)) as connection:
            load.mirror(connection, store, set())
        yield store, partial(ask.ask, server.url)


SEED = "itrainingmodel.seed"
SHOWN = f"projection({SEED}) selection({SEED}"
LOSS = "otrainingmodel.loss"
PATH = "itrainingmodel.path"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"group({SEED}) aggregate(count(*) as n)", [(5, 1), (LARGE, 1), (LARGE + 1, 2)]),
        (f"projection({SEED}) distinct()", [(5,), (LARGE,), (LARGE + 1,)]),
        (f"aggregate(count(distinct {SEED}) as n; min({SEED}) as a; max({SEED}) as b)",
         [(3, 5, LARGE + 1)]),
        (f"projection({SEED}) order({SEED} desc) limit(1)", [(LARGE + 1,)]),
        (f"{SHOWN} > {LARGE})", [(LARGE + 1,)] * 2),
        (f"{SHOWN} = {LARGE}.0)", [(LARGE,)]),
        (f"{SHOWN} in ({LARGE + 1}, 5.0))", [(5,), (LARGE + 1,), (LARGE + 1,)]),
        (f"{SHOWN} in ({LARGE + 1}, 5.5))", [(LARGE + 1,)] * 2),
        (f"{SHOWN} < 1e30; not {SEED} in ({LARGE + 1}, 4.5))", [(5,), (LARGE,)]),
        (f"group({LOSS}) aggregate(count(*) as n)", [(0, 3), (0.5, 1)]),
        (f"projection({LOSS}) distinct()", [(0,), (0.5,)]),
        (f"aggregate(count(distinct {LOSS}) as n)", [(2,)]),
        *((f"projection({LOSS}) selection({LOSS} {sign})", [(0,)] * 3)
          for sign in ("= 0", "= -0.0", "in (0, 7)")),
        ('projection(itrainingmodel."1x") order(n_1x desc) limit(2)', [(6,), (5,)]),
        *((f'projection(itrainingmodel."{name}") limit(2)', [(7,), (None,)]) for name in NAMES),
        (f"projection({PATH}) selection({PATH} like 'C:\\a_b%c')",
         [("C:\\aXbYc",), ("C:\\a_b%c",)]),
        (f"projection({PATH}) selection({PATH} like '%\\')", []),
        (f"projection({PATH}) selection(not ({PATH} like 'C%' or itrainingmodel.k > 0))", []),
    ],
)  # fmt: skip
def test_both_answer(both: Both, text: str, wanted: list[tuple[Any, ...]]) -> None:
    query = builder.read(text)
    assert values(builder.ask(both[0], query)) == wanted
    assert values(mirrored.ask_mirror(both[1], query)) == wanted
