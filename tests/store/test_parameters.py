"""Parameters of questions: what each type takes, and what is said of anything else."""

import math
import re

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_capture.home import Home
from kprov_capture.terms import DNNPROV_NAMESPACE, METRICS, RDF_TYPE, SETTINGS
from kprov_rdf import asked, cli, ingest, parameters, query
from kprov_rdf.errors import InputError, NotFoundError
from kprov_rdf.store import LocalStore
from tests import recording

BASE = "http://localhost:8642/"


@pytest.fixture
def store(home: Home) -> LocalStore:
    """A run that reported a metric and a setting of its own."""
    run = recording.record(home.path, own={"growth rate": 4})
    found = LocalStore()
    ingest.catch_up(home, found)
    assert run.names.run in found.graphs()
    return found


def term(kind: str, text: str, store: LocalStore | None = None) -> str:
    names = parameters.Names(store) if store is not None else None
    return parameters.term(parameters.Input("p", kind, None, "a"), text, names).value


def of(kind: str, default: str = "", query_: str = "SELECT ?p { ?s ?q ?p }") -> query.Question:
    return query.parse("own", f"# input: p {kind} {default}-- a parameter\n{query_}")


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("metric", "val_loss", f"{DNNPROV_NAMESPACE}valLoss"),
        ("metric", "valLoss", f"{DNNPROV_NAMESPACE}valLoss"),
        ("metric", "VAL_LOSS", f"{DNNPROV_NAMESPACE}valLoss"),
        ("metric", f"<{DNNPROV_NAMESPACE}valLoss>", f"{DNNPROV_NAMESPACE}valLoss"),
        ("metric", f"{DNNPROV_NAMESPACE}valLoss", f"{DNNPROV_NAMESPACE}valLoss"),
        ("metric", "elapsed_time", f"{DNNPROV_NAMESPACE}elapsedTime"),
        ("setting", "loss", f"{DNNPROV_NAMESPACE}lossFunction"),
        ("setting", "LEARNING_RATE", f"{DNNPROV_NAMESPACE}learningRate"),
        ("setting", "NUM_EPOCHS", f"{DNNPROV_NAMESPACE}numEpochs"),
        ("setting", "dropout", f"{DNNPROV_NAMESPACE}dropoutRate"),
        ("iri", "<urn:x>", "urn:x"),
        ("iri", "urn:x", "urn:x"),
        ("value", "relu", "relu"),
        ("auto|min|max", "max", "max"),
        ("tag", "test-flow", "test-flow"),
        ("limit", "7", "7"),
    ],
)
def test_what_a_type_takes(store: LocalStore, kind: str, text: str, found: str) -> None:
    assert term(kind, text, store) == found


def test_every_name_of_the_ontology_is_one(store: LocalStore) -> None:
    for kind, names in (("metric", METRICS), ("setting", SETTINGS)):
        for name, iri in names.items():
            assert term(kind, name, store) == iri
            if kind == "metric":
                assert term(kind, iri.removeprefix(DNNPROV_NAMESPACE), store) == iri


def test_names_that_runs_brought(store: LocalStore) -> None:
    """By the name as it was reported, however it is spelt, and by the IRI."""
    metric = term("metric", 'f1 of "all"', store)
    assert metric.startswith(f"{BASE}metric/f1_of_all_-")
    assert term("metric", metric, store) == metric
    setting = term("setting", "growth rate", store)
    assert setting.startswith(f"{BASE}setting/growth_rate-")
    assert term("setting", "GROWTH_RATE", store) == setting
    with pytest.raises(InputError, match="none is called 'growth rate'"):
        term("setting", "growth rate")


def test_a_name_with_two_properties_is_asked_back() -> None:
    """As where runs of two bases were merged."""
    store = LocalStore()
    one, other = "http://example.org/setting/growth", f"{BASE}setting/growth"
    for iri in (one, other):
        said = f'<{iri}> <{DNNPROV_NAMESPACE}reportedName> "growth rate" <http://e/g> .\n'
        said += f"<{iri}> <{RDF_TYPE}> <{DNNPROV_NAMESPACE}HyperParameter> <http://e/g> .\n"
        store.load(said.encode())
    with pytest.raises(InputError, match=f"several properties: <{one}>, <{other}>"):
        term("setting", "growth rate", store)


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("metric", "val_los", "none is called 'val_los'; did you mean val_loss"),
        ("metric", "zzz", "none is called 'zzz'. The store has f1 of "),
        ("setting", "growth", "did you mean growth rate"),
        ("setting", "<no iri>", "not an IRI"),
        ("tag", "test-flw", "did you mean test-flow"),
        ("tag", "zzz", "The store has test-flow"),
        ("iri", "no-iri", "no-iri is not an IRI: it has no scheme"),
        ("run", "2e40e764", "not an IRI"),
        ("auto|min|max", "most", "one of auto, min, max was wanted, found 'most'"),
        ("xsd:integer>=0", "-1", "a number >= 0 was wanted, found -1"),
        ("xsd:double>1", "1", "a number > 1 was wanted, found 1"),
        ("xsd:double>1", "NaN", "a number > 1 was wanted, found NaN"),
        ("xsd:double<=1", "1.5", "a number <= 1 was wanted"),
        ("xsd:integer<9", "9", "a number < 9 was wanted"),
        ("xsd:integer", "1.5", "an xsd:integer was wanted, found '1.5'"),
        ("xsd:boolean", "yes", "an xsd:boolean was wanted"),
        ("xsd:dateTime", "today", "an xsd:dateTime was wanted"),
        ("limit", "0", "a number >= 1 was wanted, found 0"),
        ("limit", "1; DROP ALL", "an xsd:integer was wanted"),
    ],
)
def test_what_is_said_of_a_wrong_value(store: LocalStore, kind: str, text: str, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        query.bind(of(kind), {"p": text}, store)
    assert str(caught.value).startswith("The parameter p of own: ")
    assert str(caught.value).endswith((".", "?", "elsewhere"))


def test_an_empty_store_says_that_it_is() -> None:
    for kind, said in (("metric", "The store has no metric"), ("tag", "has no run yet")):
        with pytest.raises(InputError, match=said):
            term(kind, "zzz", LocalStore())


def test_any_leaves_a_parameter_unbound(store: LocalStore) -> None:
    text = "SELECT ?p ?x { ?x dnnprov:epoch ?n FILTER (COALESCE(?n = ?p, true)) }"
    for default, given_, count in (("* ", {}, 4), ("* ", {"p": "1"}, 1), ("1 ", {"p": "*"}, 4)):
        question = of("xsd:integer", default, text)
        assert len(list(query.table(store, question, given_).rows)) == count


@pytest.mark.parametrize(("given_", "count"), [({}, 2), ({"n": "3"}, 3), ({"n": "1"}, 1)])
def test_a_limit_is_the_number_after_limit(
    store: LocalStore, given_: dict[str, str], count: int
) -> None:
    """In a comment and in a string it is none, nor where the number is another one."""
    text = (
        "# input: n limit 2 -- rows\n# LIMIT 2\n"
        "SELECT ?s ('LIMIT 2' AS ?t) { { SELECT ?s { ?s a prov:Entity } LIMIT 2 } "
        "{ SELECT * { ?s ?p ?o } LIMIT 20000 } } limit 2"
    )
    rows = list(query.table(store, query.parse("x", text), given_).rows)
    assert len({row[0] for row in rows}) <= count
    assert len(rows) == count
    assert all(row[1] == ox.Literal("LIMIT 2") for row in rows)


def test_a_limit_that_the_text_lacks(store: LocalStore) -> None:
    question = query.parse("x", "# input: n limit 2 -- rows\nSELECT * { ?s ?p ?o } LIMIT 3")
    with pytest.raises(InputError, match="its default is the number after a LIMIT"):
        query.table(store, question, {})


@pytest.mark.parametrize(
    ("metric", "found"),
    [
        ("val_accuracy", "max"), ("valAccuracy", "max"), ("r2_score", "max"), ("valR2Score", "max"),
        ("auc", "max"), ("meanIoU", "max"), ("mean_io_u", "max"), ("precision", "max"),
        ("topKCategoricalAccuracy", "max"), ("truePositives", "max"), ("http://e/dice", "max"),
        ("loss", "min"), ("valLoss", "min"), ("mae", "min"), ("falsePositives", "min"),
        ("elapsedTime", "min"), ("http://e/pde_residual", "min"), ("cosineSimilarity", "max"),
        ("top3", "max"), ("val_top_5", "max"), ("top5_error", "min"), ("stop", "min"),
    ],
)  # fmt: skip
def test_which_value_of_a_metric_is_the_best(metric: str, found: str) -> None:
    assert parameters.at_best(metric) == found


@given(st.text(max_size=30))
def test_no_text_breaks_a_type_or_gets_into_the_query(text: str) -> None:
    """A term, or an error that says what was wanted; the query stays the one that it is."""
    for kind in ("metric", "setting", "tag", "iri", "value", "auto|min|max", "xsd:integer>=0",
                 "xsd:double", "xsd:string", "xsd:dateTime", "limit"):  # fmt: skip
        try:
            found = query.bind(of(kind, "", "SELECT ?p { ?s ?q ?p } LIMIT 5"), {"p": text})
        except InputError as error:
            assert "The parameter p of own" in str(error)
            continue
        if text == "*":
            assert not found
        else:
            (value,) = found.values()
            assert isinstance(value, (ox.NamedNode, ox.Literal))


@given(st.floats(allow_nan=False) | st.integers(0))
def test_a_range_holds(number: float) -> None:
    text = str(number).replace("inf", "INF")
    question = of("xsd:double>=0.5")
    if number >= 0.5:
        (found,) = query.bind(question, {"p": text}).values()
        assert math.isclose(float(found.value.replace("INF", "inf")), number)
    else:
        with pytest.raises(InputError, match=r"a number >= 0\.5 was wanted"):
            query.bind(question, {"p": text})


def test_the_latest_run_is_meant_where_none_is_given(home: Home) -> None:
    first, second = (recording.record(home.path, losses=(loss,)) for loss in (0.9, 0.4))
    with ingest.open_snapshot(home) as store:
        for given_, run in (({}, second), ({"run": first.id[-8:]}, first)):
            named = asked.named(store, query.find("epochs"), given_)
            assert named == {"run": run.names.run}
        assert "run" not in query.bind(query.find("slow-epochs"), {}, store)
        question = query.find("slow-epochs")
        assert asked.named(store, question, {})["run"] == "*"
        assert asked.named(store, question, {"run": "@latest"})["run"] == second.names.run


def test_a_thing_is_named_by_its_run_and_the_end_of_its_iri(home: Home) -> None:
    first, second = (recording.record(home.path, losses=(loss,)) for loss in (0.9, 0.4))
    question = query.find("lineage")
    with ingest.open_snapshot(home) as store:
        for text, thing in (
            ("@latest#model", second.names("model")),
            (f"{first.id[-8:]}#train-set", first.names("train-set")),
            ("test-flow#model", second.names("model")),
            (first.names("model"), first.names("model")),
            (f"<{first.names('model')}>", f"<{first.names('model')}>"),
            ("urn:x", "urn:x"),
        ):
            assert asked.named(store, question, {"thing": text}) == {"thing": thing}
        assert asked.named(store, question, {}) == {"thing": second.names("model")}
        for text, told in (("nosuch#model", "no run 'nosuch'"), ("#model", "no run ''")):
            with pytest.raises(NotFoundError, match=told):
                asked.named(store, question, {"thing": text})
        with pytest.raises(
            InputError, match="it has no scheme; an IRI, or a run and the end of one"
        ):
            query.bind(question, asked.named(store, question, {"thing": "model"}), store)


def said(capsys: pytest.CaptureFixture[str], home: Home, *arguments: str) -> tuple[int, str, str]:
    code = cli.run(["--home", str(home.path), "query", *arguments])
    out = capsys.readouterr()
    return code, out.out, out.err


def test_the_command_tells_of_an_answer_without_rows(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recording.record(home.path)
    code, out, err = said(capsys, home, "epochs", "--format", "csv")
    assert (code, out.count("\n")) == (0, 4)
    assert err == f"kprov: of the latest run, {run.id[-8:]}\n"
    assert said(capsys, home, "epochs", "--param", "run=@latest")[2] == ""
    code, out, err = said(capsys, home, "lineage", "--format", "csv")
    assert f"train-set,{run.names('train-set')}" in out.splitlines()
    assert (code, err) == (0, f"kprov: of {run.names('model')}\n")
    for arguments, told in (
        (
            ("best", "--param", "metric=val_mae"),
            "no run reported val_mae. The metrics there are: ",
        ),
        (("q1",), "no rows for epoch=30, rate=0.001"),
        (("decisions",), f"no rows: the run {run.id[-8:]} has none."),
        (("running",), "no rows: no training is going on; 'kprov runs'"),
        (("same-settings",), "no two runs have the same settings; --param except=NAME"),
    ):
        code, out, err = said(capsys, home, *arguments)
        assert (code, out) == (0, "no rows\n")
        assert told in err
    for arguments, told in (
        (("q4",), "a setting was wanted, and none is called 'k'"),
        (("epochs", "--param", "run=nosuchrun"), "There is no run 'nosuchrun'"),
        (("produced",), "needs the parameter file: its path"),
        (("best", "--param", "tag=nosuch"), "The store has test-flow"),
    ):
        code, out, err = said(capsys, home, *arguments)
        assert (code, out) == (2, "")
        assert told in err


def test_what_is_taken_for_the_best_is_said_where_the_name_of_the_metric_does_not(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recording.begin(home.path, own={"units": 16})
    run.epoch(0, run.now(), run.now(), 0.5, 0.001, 0, {"reward": 1.0, "top3": 0.5})
    run.end_training("FINISHED")
    run.close()
    given = ("leaderboard", "--format", "csv", "--param")
    err = said(capsys, home, *given, "metric=reward")[2]
    assert err == (
        "kprov: the least reward was taken for the best; --param best=max takes the greatest\n"
    )
    assert said(capsys, home, *given, "metric=reward", "--param", "best=max")[2] == ""
    assert said(capsys, home, *given, "metric=top3")[2] == ""
    err = said(capsys, home, "q7")[2]
    assert "The store has units, " in err  # one's own before those that every run has


def test_the_command_explains_one_question(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    for name, question in query.catalogue().items():
        code, out, _ = said(capsys, home, "--list", name)
        assert code == 0
        assert question.question in out
        assert f"kprov query {name}" in out
        for one in (*(i.name for i in question.inputs), *question.outputs):
            assert one in out
    assert said(capsys, home, "--list", "nosuch")[0] == 2


def test_the_examples_of_the_headers_fit() -> None:
    for question in query.catalogue().values():
        for one in question.example.split():
            name, _, value = one.partition("=")
            assert value
            assert name in {i.name for i in question.inputs}
