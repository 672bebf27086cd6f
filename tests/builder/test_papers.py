"""The papers' questions as specifications: in SPARQL and SQL, against what was trained."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from kprov_capture.dataflow import Attribute, Dataflow, DataSet, Transformation
from kprov_capture.home import Home
from kprov_capture.run import Run
from kprov_rdf import builder, ingest
from kprov_rdf.builder import mirrored
from kprov_rdf.builder.mirrored import Ask
from kprov_rdf.errors import InputError
from kprov_rdf.store import LocalStore
from tests import recording
from tests.builder.made import Made, alike, finite
from tests.builder.test_answers import values

Rows = list[tuple[Any, ...]]


def mean(cells: list[float]) -> float:
    return math.fsum(cells) / len(cells)


def epochs(known: list[Made]) -> list[tuple[Made, dict[str, Any]]]:
    return [(one, {k: finite(v) for k, v in row.items()}) for one in known for row in one.epochs]


def of_tests(known: list[Made]) -> list[tuple[Made, dict[str, Any]]]:
    return [(one, {k: finite(v) for k, v in row.items()}) for one in known for row in one.tests]


def last(cell: Any) -> tuple[bool, Any]:
    return cell is None, cell if cell is not None else 0


def q1(known: list[Made]) -> Rows:
    found = [
        (one.optimizer, row["loss"], row.get("val_loss"))
        for one, row in epochs(known)
        if row["epoch_id"] == 1 and one.rate == 0.001
    ]
    return sorted(found, key=lambda cells: (cells[0], last(cells[1])))


def q2(known: list[Made]) -> Rows:
    return [
        ("dense", "activation", "relu"), ("drop", "dropout_rate", "0.4"),
        ("out", "activation", "softmax"),
    ]  # fmt: skip


def q3(known: list[Made]) -> Rows:
    found = []
    for name in sorted({one.optimizer for one in known if one.optimizer}):
        rows = [row for one, row in epochs(known) if one.optimizer == name]
        losses = [row["loss"] for row in rows if row["loss"] is not None]
        found.append((name, mean([row["elapsed_time"] for row in rows]), mean(losses)))
    return found


def q4(known: list[Made]) -> Rows:
    best = q5(known)[0]
    one = next(one for one, row in of_tests(known) if one.settings.get("k") == best[2])
    return [(one.rate, one.optimizer, None, one.settings["k"], one.settings["l"], best[1])]


def q5(known: list[Made]) -> Rows:
    found = [
        (row.get("loss"), row.get("r2_score"), one.settings.get("k"), one.settings.get("l"))
        for one, row in of_tests(known)
    ]
    return sorted(found, key=lambda c: (last(c[1] and -c[1]), *map(last, c)))[:3]


def q6(known: list[Made]) -> Rows:
    found = [
        (row["epoch_id"], row["elapsed_time"], row["loss"])
        for one, row in epochs(known)
        if one.settings.get("k") == 32
    ]
    return sorted(found, key=lambda cells: cells[2])[:5]


def q7(known: list[Made]) -> Rows:
    times: dict[tuple[Any, Any], list[float]] = {}
    for one, row in epochs(known):
        key = one.settings.get("k"), one.settings.get("l")
        times.setdefault(key, []).append(row["elapsed_time"])
    found = [(*key, mean(cells)) for key, cells in times.items() if None not in key]
    return sorted(found, key=lambda cells: (cells[2], cells[0]))


def fig4(known: list[Made]) -> Rows:
    found = [
        (row["epoch_id"], row.get("accuracy"), row["loss"], row.get("val_loss"))
        for _, row in epochs(known)
        if row.get("val_loss") is not None and row["val_loss"] < 0.5
    ]
    return sorted(found)


def table4(known: list[Made]) -> Rows:
    found = [
        (one.tag, one.settings.get("activation"), one.rate, one.settings.get("dropout"),
         row["epoch_id"], row["val_accuracy"], row.get("val_loss"), row["elapsed_time"])
        for one, row in epochs(known)
        if "val_accuracy" in row
    ]  # fmt: skip
    return sorted(found, key=lambda cells: -cells[5])[:2]


def table5(known: list[Made]) -> Rows:
    times: dict[tuple[Any, str], list[float]] = {}
    for one, row in epochs(known):
        times.setdefault((one.settings.get("activation"), one.tag), []).append(row["elapsed_time"])
    return sorted((*key, mean(cells)) for key, cells in times.items() if key[0])


def b(known: list[Made]) -> Rows:
    return [(row["epoch_id"], row["loss"]) for row in known[0].epochs[:2]]


def a(known: list[Made]) -> Rows:
    return [(2, known[0].epochs[2]["loss"])]


ANSWERS: list[Callable[[list[Made]], Rows]] = [
    q1, q2, q3, q4, q5, q6, q7, fig4, table4, table5, a, b,
]  # fmt: skip
GIVEN: dict[str, dict[str, Any]] = {"q1": {"epoch": "1"}, "a": {"epoch": 2}, "b": {"epochs": 2}}


@pytest.mark.parametrize("expected", ANSWERS, ids=lambda one: one.__name__)
def test_the_papers_question(
    store: LocalStore, tables: Ask, known: list[Made], expected: Callable[..., Rows]
) -> None:
    name = expected.__name__
    given = {**GIVEN.get(name, {}), **({"run": known[0].iri} if name in ("q2", "b") else {})}
    asked = builder.read(builder.papers()[name])
    found = values(builder.ask(store, asked, given))
    assert alike(found, expected(known))
    assert found
    assert alike(found, values(mirrored.ask_mirror(tables, asked, given)))


def test_each_question_is_tested() -> None:
    assert {one.__name__ for one in ANSWERS} == set(builder.papers())


# -- with data sets of the user's own

BLOCK = DataSet("idenseblock", [Attribute("K", "NUMERIC"), Attribute("L", "NUMERIC")])
DENSE = DataSet("odenseblock", [Attribute("features", "NUMERIC"), Attribute("note", "LONG_TEXT")])
HOSTILE = DataSet("o\"} {node} it's", [Attribute("a.b {value} ?x\n", "TEXT")])
ODD = HOSTILE.attributes[0].name
FLOW = Dataflow(
    "densed",
    [
        Transformation("denseblock", inputs=[BLOCK], outputs=[DENSE]),
        Transformation("decoder", inputs=[DENSE], outputs=[HOSTILE]),
    ],
)
TEXT = "\"}\n# ' \\ {node} \u202e ;DROP"


# Query (a) as the paper has it: k and l are attributes of a data set of the user's own.
OWN_A = """parameter(k = 24; l = 4) mapping(RUN)
projection(otrainingmodel.epoch_id; otrainingmodel.loss)
selection(idenseblock.k = :k; idenseblock.l = :l; otrainingmodel.epoch_id = :epoch)"""


@pytest.fixture
def densed(home: Home) -> LocalStore:
    """Two runs with a dense block each, of other K; the second has two of them."""
    for number, k in enumerate((24, 32)):
        with Run(FLOW, home=home.path) as run:
            run.start_training({"learning_rate": 0.5})
            for _ in range(number + 1):
                features = [{"features": k + n, "note": TEXT} for n in range(2)]
                block = {"idenseblock": {"K": k, "L": 4}}
                made = run.task("denseblock", inputs=block, outputs={"odenseblock": features})
                dense = {"odenseblock": made["odenseblock"][:1]}
                run.task("decoder", inputs=dense,
                         outputs={HOSTILE.tag: {ODD: f"of {k}"}})  # fmt: skip
            for epoch in range(3):
                recording.epoch(run, epoch, k + epoch / 4)
    store = LocalStore()
    ingest.catch_up(home, store)
    return store


def asked(store: LocalStore, text: str, **given: Any) -> Rows:
    return values(builder.ask(store, builder.read(text), given))


def test_query_a_of_2020(densed: LocalStore) -> None:
    text = OWN_A
    assert asked(densed, text, epoch=2) == [(2, 24.5)]
    assert asked(densed, text, epoch=2, k="25") == []


def test_own_data_sets_are_joined_by_what_used_and_made_them(densed: LocalStore) -> None:
    shown = "projection(idenseblock.k; odenseblock.features)"
    one, two = [(24, 24), (24, 25)], [(32, 32), (32, 32), (32, 33), (32, 33)]
    assert asked(densed, shown) == one + two, "and not each with each of its run"
    end = f"selection({NAME}.\"{HOSTILE.attributes[0].name}\" = 'of 32')"
    assert asked(densed, f"projection(idenseblock.k; {ATTRIBUTE} as said)") == [
        (24, "of 24"), (32, "of 32"), (32, "of 32")
    ], "the dense block between them multiplies nothing"  # fmt: skip
    assert asked(densed, f"{shown} {end}") == [(32, 32), (32, 32)]
    assert asked(densed, f"selection(odenseblock.note = '{TEXT.replace(chr(39), chr(39) * 2)}') "
                         "aggregate(count(*))") == [(6,)]  # fmt: skip


NAME = '"' + HOSTILE.tag.replace('"', '""') + '"'
ATTRIBUTE = f'{NAME}."{HOSTILE.attributes[0].name}"'


def test_pairs_without_a_path_are_refused(densed: LocalStore) -> None:
    with pytest.raises(InputError, match=r"from idenseblock to otrainingmodel.*mapping\(RUN\)"):
        asked(densed, "source(idenseblock) target(otrainingmodel)")
    with pytest.raises(InputError, match="it lies on no path from idenseblock to odenseblock"):
        asked(densed, "source(idenseblock) target(odenseblock) projection(otrainingmodel.loss)")
    with pytest.raises(InputError, match="Both lead to otrainingmodel"):
        asked(densed, "projection(ilayers.name; itrainingmodel.decay)")
    with pytest.raises(InputError, match="excluding odenseblock"):
        asked(densed, f"source(idenseblock) target({NAME}) exclude(odenseblock)")
    with pytest.raises(InputError, match="have no attribute of the same name and type"):
        asked(densed, "mapping(LOGICAL) source(idenseblock) target(odenseblock)")


def test_the_mirror_says_that_it_lacks_own_data_sets(tables: Ask) -> None:
    with pytest.raises(InputError, match="users' own are in the store alone"):
        mirrored.sql(builder.read(OWN_A), tables)
    with pytest.raises(InputError, match="does not say who ran it"):
        mirrored.sql(builder.read("projection(run.person)"), tables)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "projection(otrainingmodl.loss)",
            "There is no data set 'otrainingmodl'; there are otrain",
        ),
        ("projection(otrainingmodel.los)", "has no attribute 'los'; it has loss, val_loss"),
        ("projection(run.tags)", "has no attribute 'tags'; it has tag"),
        ("execution(alexnett) projection(run.tag)", "the tag 'alexnett'; there are alexnet"),
        ("projection(otrainingmodel.loss) selection(otrainingmodel.loss = 'a')", "is a number"),
        ("projection(run.tag) selection(run.started > 'noon')", "a time in single quotes"),
        ("projection(run.tag) selection(run.tag = 1)", "a text in single quotes"),
        ("projection(run.tag) selection(run.tag < otrainingmodel.loss)", "cannot be compared"),
        ("projection(run.tag) selection(run.tag = :t)", "The parameter :t has no value"),
        ("aggregate(avg(run.tag))", "avg(run.tag) needs a number"),
        ("projection(run.tag) aggregate(count(*)) group(run.iri)", "rows are grouped without it"),
        ("projection(run.tag) order(loss)", "no column is called so; there are tag"),
        ("projection(run.tag) distinct() order(run.iri)", "ordered by what they show"),
        ("projection(run.tag as x; run.iri as x)", "Two columns are called 'x'"),
        ("source(otrainingmodel)", "go together"),
        ("mapping(RUN)", "Nothing is asked for"),
        (
            "mapping(LOGICAL) source(otrainingmodel) target(oadaptation) projection(run.tag)",
            "HYBRID",
        ),
        ("projection(otrainingmodel.loss) selection(otrainingmodel.loss like 'a')", "LIKE needs a"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(
    store: LocalStore, tables: Ask, text: str, told: str
) -> None:
    for ask in (lambda q: builder.sparql(q, store), lambda q: mirrored.sql(q, tables)):
        with pytest.raises(InputError) as error:
            ask(builder.read(text))
        assert told in str(error.value)


def test_a_parameter_that_is_not_there_is_told(store: LocalStore) -> None:
    with pytest.raises(InputError, match="has no parameter 'epok'; it has epoch, rate"):
        builder.sparql(builder.read(builder.papers()["q1"]), store, {"epok": 1})


def test_names_are_found_however_they_are_spelt(store: LocalStore, tables: Ask) -> None:
    plain = asked(store, 'projection(otrainingmodel."f1 of ""all""")')
    assert plain == [(0.0,), (0.25,), *[(None,)] * 8]
    for text in ("projection(ds_OTrainingModel.F1_of_all)", "projection(otrainingmodel.f1_of_all)"):
        assert asked(store, text) == plain
        assert values(mirrored.ask_mirror(tables, builder.read(text))) == plain


def test_a_number_is_found_in_any_of_its_forms(store: LocalStore, tables: Ask) -> None:
    seed = 2**60 + 1
    for of, number, wanted in (
        ("itrainingmodel.seed", str(seed), [(seed,)]),
        ("itrainingmodel.batch_size", "8.0", [(8,)]),
        ("otrainingmodel.epoch_id", "2e0", [(2,), (2,)]),
        ("otrainingmodel.elapsed_time", "1", [(1.0,), (1.0,)]),
        ("otrainingmodel.loss", "1e-400", []),
    ):
        for sign in (f"= {number}", f"in ({number})"):
            query = builder.read(f"projection({of}) selection({of} {sign})")
            assert values(builder.ask(store, query)) == wanted
            assert values(mirrored.ask_mirror(tables, query)) == wanted


def test_runs_are_chosen(store: LocalStore, tables: Ask, known: list[Made]) -> None:
    third = known[2]
    started = dict(asked(store, "projection(run.iri; run.started)"))
    chosen = [
        f"run({third.iri[-8:]})",
        f"run('{third.iri}')",
        f"after({started[third.iri]}) before({started[known[3].iri]})",
        f"selection(run.iri = '{third.iri}')",
        "execution(densenet) status(FINISHED) selection(run.optimizer_name = 'Adam')",
    ]
    for text in chosen:
        query = builder.read(f"{text} projection(run.iri; otrainingmodel.epoch_id)")
        assert values(builder.ask(store, query)) == [(third.iri, 0), (third.iri, 1)]
        assert values(mirrored.ask_mirror(tables, query)) == [(third.iri, 0), (third.iri, 1)]


WORDS = ["it's 50% \\ \"new\"",
         "' OR '1'='1", "\\' OR 1=1 --", "\"} DROP ALL #", "}\n}", "?x", "{0}",
         "%s", "\x00", "\u2028\U0001f600", "", "$1", "<urn:x>", "/*", "\\u0022"]  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
def test_a_value_is_only_a_value(store: LocalStore, tables: Ask, word: str) -> None:
    text = "projection(itrainingmodel.optimizer_name) selection(itrainingmodel.optimizer_name = :w)"
    wanted = [(word,)] if word.startswith("it's") else []
    for query, given in (
        (builder.read(text), {"w": word}),
        (builder.read(text.replace(":w", "'" + word.replace("'", "''") + "'")), {}),
        (builder.read(text.replace("= :w", "IN (:w, :w)")), {"w": word}),
    ):
        assert values(builder.ask(store, query, given)) == wanted
        assert values(mirrored.ask_mirror(tables, query, given)) == wanted
    with pytest.raises(InputError):
        builder.sparql(builder.read(f"execution('{word.replace(chr(39), chr(39) * 2)}')"), store)
