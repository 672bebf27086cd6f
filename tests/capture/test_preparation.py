"""Steps of the data preparation, recorded without a framework."""

import functools
import gc
import graphlib
import hashlib
import inspect
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from kprov_capture import filters, lineage, record
from kprov_capture.facts import Dataset
from kprov_capture.home import Home, create
from kprov_capture.run import Run
from kprov_capture.terms import Prov
from kprov_rdf import ingest, query
from kprov_rdf.store import LocalStore
from kprov_rdf.validate import shacl

Row = tuple[Any, ...]


class Told:
    """What is recorded of a run that is closed here; it has to conform."""

    def __init__(self, run: Run) -> None:
        run.close()
        self.run = run
        self.store = LocalStore()
        ingest.catch_up(Home(run.home), self.store)
        self.triples = self.store.graph(run.names.run)
        assert shacl.validate(run.names.run, self.triples) == []

    def rows(self, pattern: str, *names: str) -> list[Row]:
        """The values of the variables for a pattern, ordered by them; nodes by local name."""
        shown = " ".join(f"?{name}" for name in names)
        text = f"SELECT {shown} {{ GRAPH <{self.run.names.run}> {{ {pattern} }} }} ORDER BY {shown}"
        answer = query.table(self.store, query.Question("test", text), {})
        return [tuple(self._short(query.value(term)) for term in row) for row in answer.rows]

    def _short(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return re.sub(r"\Ahttps?://[^ ]*[#/](?=[^ /#]+\Z)", "", value)

    def steps(self) -> list[Row]:
        """Name, classes and status of each step, as they began."""
        found = self.rows(
            "?s dnnprov:partOfExecution ?e ; rdfs:label ?name ; a ?kind ; prov:startedAtTime ?at . "
            "OPTIONAL { ?s dnnprov:status ?status } FILTER (?kind != prov:Activity)",
            "at", "name", "kind", "status",
        )  # fmt: skip
        return [row[1:] for row in found]

    def derivations(self) -> set[tuple[str, str]]:
        return set(self.rows("?a prov:wasDerivedFrom ?b", "a", "b"))

    def informed(self) -> set[tuple[str, str]]:
        pattern = "?a prov:wasInformedBy ?b . FILTER (!STRENDS(STR(?b), '#execution'))"
        return set(self.rows(pattern, "a", "b"))

    def unhashed(self) -> list[Row]:
        return self.rows("?d dnnprov:unhashedReason ?reason", "d", "reason")


@pytest.fixture
def run(home: Home) -> Iterator[Run]:
    started = Run("digits", home=home.path)
    yield started
    started.close()


X = np.arange(12.0).reshape(6, 2)


# -- what a step records


def test_a_step_has_its_data_its_filter_and_its_parameters(run: Run) -> None:
    scaler = MinMaxScaler((0, 2))
    with run.transformation("scale", inputs={"x": X}, using=scaler, axis=0, note=None) as step:
        step.output(x=scaler.fit_transform(X))
    told = Told(run)
    assert told.steps() == [("scale", "Preprocessing", "FINISHED")]
    assert told.rows("?s prov:used ?d . ?d a dnnprov:Dataset", "s", "d") == [
        ("preparation-1", "raw-1")
    ]
    assert told.derivations() == {("prepared-1", "raw-1")}
    assert told.rows("?d prov:wasGeneratedBy ?s ; dnnprov:sampleCount ?n", "d", "s", "n") == [
        ("prepared-1", "preparation-1", 6)
    ]
    ((label, config),) = told.rows(
        "?s dnnprov:appliedFilter ?f ; prov:used ?f . "
        "?f a prov:Entity ; rdfs:label ?label ; dnnprov:filterConfig ?config",
        "label", "config",
    )  # fmt: skip
    assert label == "MinMaxScaler"
    assert json.loads(config)["settings"] == {
        "clip": False, "copy": True, "feature_range": [0, 2],
    }  # fmt: skip
    parameters = "?s a dnnprov:Preprocessing ; ?p ?v . ?p a dnnprov:HyperParameter ; "
    assert told.rows(parameters + "dnnprov:reportedName ?n", "n", "v") == [
        ("axis", 0), ("note", "null")
    ]  # fmt: skip
    hashed = told.rows("?a a dnnprov:DataArray ; prov:specializationOf ?c", "a")
    assert hashed == [("prepared-1-x",), ("raw-1-x",)]


def test_a_step_that_reads_files_and_no_data_loads_them(run: Run, tmp_path: Path) -> None:
    (tmp_path / "digits.csv").write_text("1,2\n3,4\n")
    with run.transformation("load", reads=tmp_path / "digits.csv") as step:
        step.output(x=np.loadtxt(tmp_path / "digits.csv", delimiter=","))
    with run.transformation("load later") as step:
        step.reads(str(tmp_path / "digits.csv"))
        step.output(x=np.ones(3))
    told = Told(run)
    assert [row[:2] for row in told.steps() if row[1] != "Execution"] == [
        ("load", "LoadData"), ("load later", "LoadData")
    ]  # fmt: skip
    assert told.rows("?f a dnnprov:File ; dnnprov:path ?p", "p") == [
        (str(tmp_path / "digits.csv"),)
    ]
    assert told.derivations() == {("prepared-1", "read-1"), ("prepared-2", "read-1")}
    assert len(told.rows("?f a dnnprov:File ; prov:specializationOf ?c", "c")) == 1


def test_the_kind_may_be_chosen(run: Run) -> None:
    with run.transformation("download", inputs={"ids": X}, kind="LoadData"):
        pass
    with run.transformation("nothing known"):
        pass
    assert [row[:2] for row in Told(run).steps()] == [
        ("download", "LoadData"), ("nothing known", "Execution")
    ]  # fmt: skip


def test_a_step_is_informed_by_those_whose_output_it_uses(run: Run) -> None:
    with run.transformation("one", inputs={"x": X}) as step:
        step.output(x=(first := X + 1))
    with run.transformation("two", inputs={"x": X}) as step:
        step.output(x=(second := X + 2))
    with run.transformation("three", inputs={"x": [first, {"b": second}]}) as step:
        step.output(x=first + second)
    told = Told(run)
    assert told.informed() == {
        ("preparation-3", "preparation-1"),
        ("preparation-3", "preparation-2"),
    }
    assert told.rows("?s prov:used ?d . ?d a dnnprov:Dataset", "s", "d") == [
        ("preparation-1", "raw-1"), ("preparation-2", "raw-1"),
        ("preparation-3", "prepared-1"), ("preparation-3", "prepared-2"),
    ]  # fmt: skip


def test_an_error_is_recorded_and_goes_on(run: Run) -> None:
    with pytest.raises(ZeroDivisionError), run.transformation("fails", inputs={"x": X}):
        _ = 1 / 0
    with pytest.raises(KeyboardInterrupt), run.split("stopped", inputs={"x": X}):
        raise KeyboardInterrupt

    class MuteError(Exception):
        def __str__(self) -> str:
            raise ValueError("no words")

    with pytest.raises(MuteError), run.transformation("mute", inputs={"x": X}):
        raise MuteError
    told = Told(run)
    assert {(row[0], row[2]) for row in told.steps()} == {
        ("fails", "FINISHED_WITH_ERROR"),
        ("stopped", "INTERRUPTED"),
        ("mute", "FINISHED_WITH_ERROR"),
    }
    assert ("ZeroDivisionError: division by zero",) in told.rows("?s dnnprov:error ?e", "e")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_data_that_a_step_changes_in_place_are_hashed_before_and_after(run: Run) -> None:
    x = np.random.default_rng(0).normal(size=(512, 512))
    before, after = x.tobytes(), (x * 2).tobytes()
    with run.transformation("double", inputs={"x": x}) as step:
        x *= 2
        step.output(x=x)
    with run.transformation("again", inputs={"x": x}) as step:
        step.output(x=x)
    x[:] = 0
    told = Told(run)
    pattern = "?a prov:specializationOf ?c . ?c dnnprov:sha256 ?h . FILTER (STRENDS(STR(?a), '-x'))"
    wanted = {"raw-1-x": before, "prepared-1-x": after, "prepared-2-x": after}
    assert dict(told.rows(pattern, "a", "h")) == {
        name: sha256(data) for name, data in wanted.items()
    }
    assert told.derivations() == {("prepared-1", "raw-1"), ("prepared-2", "prepared-1")}


def test_data_that_are_hashed_too_slowly_get_no_hash(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lineage, "_WAIT_SECONDS", 0.0)
    block = threading.Event()
    run._later(block.wait)
    with run.transformation("slow", inputs={"x": X}) as step:
        step.output(x=X + 1)
    block.set()
    reason = "it may have changed while it was being hashed"
    assert Told(run).unhashed() == [("prepared-1", reason), ("raw-1", reason)]


# -- kinds of data


def test_tables_lists_and_mappings_of_arrays_are_hashed(run: Run) -> None:
    table = pandas.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, 2.5]})
    data = {
        "n": [1, 2],
        "t": table,
        "s": table["a"],
        "l": [X, (X, {"k": X})],
        "m": scipy.sparse.csr_matrix(X),
    }
    with run.transformation("all", inputs=data) as step:
        step.output(x=table)
    told = Told(run)
    shapes = dict(told.rows("?a a dnnprov:DataArray ; dnnprov:shape ?s", "a", "s"))
    assert shapes == {
        "raw-1-n": "2", "raw-1-t": "3,2", "raw-1-s": "3", "raw-1-l_0": "6,2", "raw-1-l_1_0": "6,2",
        "raw-1-l_1_1_k": "6,2", "raw-1-m_data": "11", "raw-1-m_indices": "11",
        "raw-1-m_indptr": "7", "prepared-1-x": "3,2",
    }  # fmt: skip
    assert told.unhashed() == []
    # The same table, so the content is the same node.
    same = "?a prov:specializationOf ?c . ?b prov:specializationOf ?c FILTER (STR(?a) < STR(?b))"
    assert ("prepared-1-x", "raw-1-t") in told.rows(same, "a", "b")


class Stream:
    element_spec = ("TensorSpec(shape=(None, 64), dtype=tf.float32)",)

    def __len__(self) -> int:
        return 45


class Refuses:
    shape = (3,)

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise RuntimeError("on another device")


class RefusesAll:
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__array__":
            raise AttributeError(name)
        raise RuntimeError(name)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (Stream(), "a Stream yields its data and cannot be read twice"),
        ((n for n in range(3)), "a generator yields its data and cannot be read twice"),
        (Refuses(), "x could not be read as an array (RuntimeError)"),
        (RefusesAll(), "x could not be read as an array (RuntimeError)"),
        (np.array([{}, None]), "x has elements of type object, which have no bytes"),
        (pandas.Series(["a", None]).astype(object), "x has elements of type object"),
        (["a", "b"], "x is a list, which is no array"),
        ([1, [2, 3]], "x could not be read as an array (ValueError)"),
        (None, "x is a NoneType, which is no array"),
        ([X] * 2000, "it has more than 1000 parts"),
    ],
)
def test_data_without_bytes_say_why(data: Any, reason: str, run: Run) -> None:
    with run.transformation("read", inputs={"x": data, "y": X}) as step:
        step.output(x=data)
    told = Told(run)
    found = [(name, why[: len(reason)]) for name, why in told.unhashed()]
    assert found == [("prepared-1", reason), ("raw-1", reason)]
    if isinstance(data, Stream):
        told_of = told.rows("?d dnnprov:elementSpecification ?e ; dnnprov:batchCount ?n", "e", "n")
        assert told_of == [("('TensorSpec(shape=(None, 64), dtype=tf.float32)',)", 45)] * 2


def test_a_list_that_contains_itself_ends(run: Run) -> None:
    endless: list[Any] = []
    endless.append(endless)
    with run.transformation("endless", inputs={"x": endless}, using=endless, p=endless) as step:
        step.output(x=endless)
    assert len(Told(run).unhashed()) == 2


# -- filters


def plus(x: Any, n: int = 1) -> Any:
    return x + n


class Layer:
    """As Keras has them."""

    def get_config(self) -> dict[str, Any]:
        return {"name": "rescaling", "scale": 1 / 255, "mean": np.zeros((40, 40))}


class Broken:
    def get_params(self, deep: bool = True) -> dict[str, Any]:
        raise RuntimeError("no")


def test_a_pipeline_is_described_step_by_step_in_order() -> None:
    found = filters.describe(make_pipeline(StandardScaler(with_mean=False), PCA(8, whiten=True)))
    config = json.loads(found.config)
    assert (found.label, found.source) == ("Pipeline", None)
    first, second = config["settings"]["steps"]
    assert first[0] == "standardscaler"
    assert first[1]["settings"]["with_mean"] is False
    assert second[1]["class"] == "sklearn.decomposition._pca.PCA"
    assert (second[1]["settings"]["n_components"], second[1]["settings"]["whiten"]) == (8, True)


def test_a_function_has_its_name_and_the_hash_of_its_source() -> None:
    found = filters.describe(plus)
    assert json.loads(found.config) == {"function": f"{__name__}.plus"}
    assert found.source is not None
    assert found.source.sha256 == sha256(inspect.getsource(plus).encode())
    partial = filters.describe(functools.partial(plus, n=3))
    assert (partial.label, partial.source) == ("plus", found.source)
    assert json.loads(partial.config)["keywords"] == {"n": 3}


@pytest.mark.parametrize(
    ("thing", "label", "within"),
    [
        (Layer(), "Layer", '"elements": "float64", "shape": [40, 40], "sha256": "'),
        (StandardScaler().fit_transform, "StandardScaler", '"method": "fit_transform"'),
        (np.log1p, "log1p", '"function": "numpy.log1p"'),
        ("convert -resize 8x8", "convert -resize 8x8", "8x8"),
        ([plus, Layer()], "plus, Layer", "rescaling"),
        (ColumnTransformer([("a", MinMaxScaler(), [0])]), "ColumnTransformer", "MinMaxScaler"),
        (Broken(), "Broken", '"error": "RuntimeError"'),
        (object(), "object", '"class": "object"'),
        (np.dtype("f4"), "Float32DType", '"float32"'),
        ({1, "a", (2,)}, "set", '[1, "a", [2]]'),
        (float("nan"), "float", '"nan"'),
        ([1 << 20_000], "int", "0x1000"),
        (list(range(10_000)), "int, int", "9900 more"),
    ],
)  # fmt: skip
def test_a_filter_is_described_without_addresses_and_arrays(
    thing: Any, label: str, within: str
) -> None:
    found = filters.describe(thing)
    assert found.label.startswith(label)
    assert within in found.config
    assert not re.search(r"at 0x[0-9a-f]{6}", found.config)
    assert len(found.config) < 5_000
    assert filters.describe(thing) == found


def test_the_same_filter_in_two_steps_is_one_thing_until_its_settings_change(run: Run) -> None:
    scaler = MinMaxScaler()
    for name in ("train", "test"):
        with run.transformation(name, inputs={"x": X}, using=scaler):
            pass
    scaler.set_params(clip=True)
    with run.transformation("clipped", inputs={"x": X}, using=scaler):
        pass
    assert Told(run).rows("?s dnnprov:appliedFilter ?f", "s", "f") == [
        ("preparation-1", "filter-1"), ("preparation-2", "filter-1"), ("preparation-3", "filter-2")
    ]  # fmt: skip


# -- splits


def test_a_split_has_its_seed_its_parts_and_the_hashes_of_their_indices(run: Run) -> None:
    chosen, mask = np.array([5, 0, 2, 3]), np.array([False, True, False, False, True, False])
    with run.split("split", inputs={"x": X, "y": X[:, 0]}, seed=7, stratify=True) as step:
        step.parts(
            train=(X[chosen], X[chosen, 0]),
            test={"x": X[mask]},
            more=(n for n in X),
            indices={"train": chosen.tolist(), "more": mask},
        )
    told = Told(run)
    assert told.steps() == [("split", "Execution", "FINISHED"), ("split", "SplitData", "FINISHED")]
    assert told.rows("?s dnnprov:seed ?n", "s", "n") == [("preparation-1", 7)]
    assert told.rows(
        "?d a dnnprov:DatasetSplit ; rdfs:label ?n ; dnnprov:sampleCount ?c ; "
        "dnnprov:splitFraction ?f ; dnnprov:splitOf ?w ; prov:wasDerivedFrom ?w",
        "n", "c", "f", "w",
    ) == [
        ("more", 2, 2 / 6, "raw-1"),
        ("test", 2, 2 / 6, "raw-1"),
        ("train", 4, 4 / 6, "raw-1"),
    ]  # fmt: skip
    indices = "?d prov:hadMember ?i . ?i rdfs:label 'indices' ; prov:specializationOf ?c ; "
    assert told.rows(indices + "dnnprov:shape ?s . ?d rdfs:label ?n", "n", "s") == [
        ("more", "6"), ("train", "4")
    ]  # fmt: skip


def test_parts_that_are_more_than_the_whole_have_no_share(run: Run) -> None:
    with run.split("bootstrap", inputs={"x": X}) as step:
        step.parts(train=np.concatenate([X, X]))
    assert Told(run).rows("?d dnnprov:splitFraction ?f", "f") == []


def test_a_split_without_parts_is_told_and_does_not_break(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    with run.split("empty", inputs={"x": X}):
        pass
    assert "'empty' has told no parts" in caplog.text
    assert ("empty", "SplitData", "FINISHED") not in Told(run).steps()


# -- files


def test_a_file_that_one_step_wrote_and_another_read_is_one_thing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    with run.transformation("save", inputs={"x": X}, writes=path):
        np.save(path, X)
    with run.transformation("load", reads=[path]) as step:
        step.output(x=np.load(path))
        step.writes(path)
        np.save(path, X + 1)
    told = Told(run)
    assert told.rows("?s prov:used ?f . ?f a dnnprov:File", "s", "f") == [
        ("preparation-2", "written-1")
    ]
    assert told.informed() == {("preparation-2", "preparation-1")}
    assert ("written-1", "raw-1") in told.derivations()
    assert ("written-2", "written-1") in told.derivations()
    hashed = told.rows("?f a dnnprov:File ; prov:specializationOf ?c", "f", "c")
    assert [row[0] for row in hashed] == ["written-1", "written-2"]
    assert len(set(hashed)) == 2


def test_a_folder_is_hashed_by_the_files_in_it(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "1.png").write_bytes(b"one")
    (folder / "2.png").write_bytes(b"two")
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe")

    def content() -> list[Row]:
        run = Run("digits", home=home.path)
        with run.transformation("load", reads=folder):
            pass
        return Told(run).rows("?f a dnnprov:File ; prov:specializationOf ?c", "c")

    first = content()
    assert len(first) == 1
    assert content() == first
    (folder / "2.png").write_bytes(b"TWO")
    assert content() != first


def pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.skipif(os.name != "posix", reason="pipes and modes of POSIX")
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (pipe, "it is neither a file nor a folder"),
        (lambda path: None, "it could not be read: "),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    make: Callable[[Path], None], reason: str, run: Run, tmp_path: Path
) -> None:
    make(tmp_path / "file")
    with run.transformation("load", reads=tmp_path / "file", writes=tmp_path / "not written"):
        pass
    found = Told(run).unhashed()
    assert [name for name, _ in found] == ["read-1", "written-1"]
    assert found[0][1].startswith(reason)


@pytest.mark.parametrize("path", ["s3://bucket/digits.csv", "a\0b", "\udcff.csv", "x" * 5000])
def test_a_path_may_be_anything(path: str, run: Run) -> None:
    with run.transformation("load", reads=path) as step:
        step.writes(path)
    assert len(Told(run).unhashed()) == 2


def test_a_file_that_changes_before_it_is_hashed_gets_no_hash(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lineage, "_WAIT_SECONDS", 0.0)
    path, block = tmp_path / "growing.csv", threading.Event()
    path.write_text("1")
    record.files.put(block.wait)
    with run.transformation("load", reads=path):
        path.write_text("1,2")
    block.set()
    assert Told(run).unhashed() == [("read-1", "it changed before it was hashed")]


# -- which data come from which


def fit(run: Run, x: Any, source: Any = None) -> Told:
    """What is recorded where a training on ``x`` follows, told as an adapter does."""
    found = {"x": x} if isinstance(x, np.ndarray) else {}
    unhashed = None if found else "it cannot be read twice"
    run.dataset("train", Dataset("train-set", "train", "t", unhashed=unhashed), found, source)
    run.start_training({"learning_rate": 0.1})
    run.end_training("FINISHED")
    return Told(run)


def prepare(run: Run) -> np.ndarray:
    with run.transformation("one", inputs={"x": X}) as step:
        step.output(x=(made := X * 3 + 1))
    return made


def test_training_data_come_from_the_object_that_a_step_made(run: Run) -> None:
    stream = Stream()
    with run.transformation("batch", inputs={"x": X}) as step:
        step.output(d=stream)
    assert ("train-set", "prepared-1") in fit(run, None, stream).derivations()


def test_training_data_come_from_data_of_equal_content(run: Run) -> None:
    told = fit(run, prepare(run).copy())
    assert {("train-set", "prepared-1"), ("train-set-x", "prepared-1-x")} < told.derivations()


def test_a_view_comes_from_the_array_that_it_shows(run: Run) -> None:
    made = prepare(run)
    told = fit(run, made[:4], (made[:4], None))
    assert ("train-set", "prepared-1") in told.derivations()


def test_other_data_come_from_nothing(run: Run) -> None:
    """Also those that have the address of an object that is gone."""
    for _ in range(50):
        prepare(run)
    other = [X + n for n in range(2, 60)]
    told = fit(run, X + 1, other)
    assert [one for one in told.derivations() if one[0].startswith("train-set")] == []


def test_what_is_made_is_known_by_content_in_the_next_step_too(run: Run) -> None:
    made = prepare(run).copy()
    with run.transformation("two", inputs={"x": made}):
        pass
    told = Told(run)
    assert ("raw-2", "prepared-1") in told.derivations()
    assert told.informed() == {("preparation-2", "preparation-1")}


def test_nothing_comes_from_what_was_made_after_it(run: Run) -> None:
    """Though the content is equal: A becomes B, and B becomes A again."""
    a, b = X.copy(), X + 1
    with run.transformation("there", inputs={"x": a}) as step:
        step.output(x=b.copy())
    with run.transformation("back", inputs={"x": b}) as step:
        step.output(x=a.copy())
    with run.transformation("there again", inputs={"x": a.copy()}) as step:
        step.output(x=b.copy())
    told = Told(run)
    assert_acyclic(told)
    assert ("raw-3", "prepared-2") in told.derivations()
    assert ("raw-1", "prepared-2") not in told.derivations()


def assert_acyclic(told: Told) -> None:
    graph: dict[str, set[str]] = {}
    for triple in told.triples:
        if triple.predicate.value in (Prov.wasDerivedFrom, Prov.wasInformedBy):
            graph.setdefault(triple.subject.value, set()).add(triple.object.value)
    graphlib.TopologicalSorter(graph).prepare()


VALUES = arrays(
    np.int8, st.tuples(st.integers(0, 3), st.integers(1, 2)), elements=st.integers(0, 1)
)


@given(data=st.data())
def test_any_chain_of_steps_conforms_and_has_no_circle(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Arrays are so small that many are equal; steps nest, change in place, split, and fail."""
    home = create(tmp_path_factory.mktemp("chain") / "home")
    run = Run("chain", home=home.path)
    pool = [data.draw(VALUES)]

    def steps(depth: int) -> None:
        for _ in range(data.draw(st.integers(0, 4 - depth))):
            given_ = {
                f"x{n}": data.draw(st.sampled_from(pool))
                for n in range(data.draw(st.integers(1, 2)))
            }
            first = given_["x0"]
            try:
                if data.draw(st.booleans()):
                    with run.split("s", inputs=given_, seed=data.draw(st.integers())) as part:
                        one, two = first[:1], first[1:].copy()
                        part.parts(a=one, b=(two, one))
                        pool.extend([one, two])
                else:
                    with run.transformation("t", inputs=given_, n=len(pool)) as step:
                        if depth < 2:
                            steps(depth + 1)
                        if data.draw(st.booleans()):
                            first ^= 1
                        made = data.draw(st.sampled_from([first, first.copy(), *pool]))
                        step.output(x=made, y=data.draw(VALUES))
                        pool.append(made)
                        if data.draw(st.integers(0, 5)) == 0:
                            raise RuntimeError("a step fails")
            except RuntimeError:
                pass

    steps(0)
    last = pool[-1]
    assert_acyclic(fit(run, data.draw(st.sampled_from([last, last.copy()])), tuple(pool)))


# -- misuse


def test_a_step_is_used_within_its_with_statement_only(run: Run) -> None:
    step = run.transformation("late", inputs={"x": X})
    with pytest.raises(ValueError, match="'late' has not begun: call output within its with"):
        step.output(x=X)
    with step:
        pass
    for call in (lambda: step.output(x=X), lambda: step.reads("a"), lambda: step.writes("a")):
        with pytest.raises(ValueError, match="'late' is over"):
            call()
    with pytest.raises(ValueError, match="was used before"), step:
        pass


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"inputs": X}, "inputs are given by name, such as inputs={'x': x, 'y': y}; found a nd"),
        ({"inputs": {1: X}}, "inputs are given by name"),
        ({"kind": "Loading"}, "kind is LoadData, Preprocessing or Execution; found 'Loading'"),
        ({"reads": [3]}, "a file is given by its path, such as reads=.*; found a int"),
        ({"writes": 3}, "a file is given by its path"),
    ],
)  # fmt: skip
def test_wrong_arguments_say_what_was_wanted(
    arguments: dict[str, Any], said: str, run: Run
) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        run.transformation("wrong", **arguments)


def test_wrong_names_and_parts_say_what_was_wanted(run: Run) -> None:
    with pytest.raises(TypeError, match="a step needs a name"):
        run.transformation("")
    with pytest.raises(ValueError, match="a split needs the data that it divides"):
        run.split("s", inputs={})
    with run.split("s", inputs={"x": X}) as step:
        with pytest.raises(ValueError, match="parts needs the parts by name"):
            step.parts()
        with pytest.raises(ValueError, match="indices are of the parts a; found b"):
            step.parts(a=X, indices={"b": [1]})
        with pytest.raises(ValueError, match="output needs data by name"):
            step.output()
        step.parts(a=X)


def test_parameters_may_have_any_name_and_value(run: Run) -> None:
    odd = {
        'a "b" <c>': float("inf"), "": b"bytes", "batch_size": -1, "self": 1 << 4000, "épo": {1: X},
        "none": None, "learning_rate": "cosine", "f": plus, "s": "x" * 100_000, "\udcff": "\udcff",
        "seed": True, "now": object(),
    }  # fmt: skip
    with run.transformation("odd", inputs={"x": X}, **odd):
        pass
    names = [row[0] for row in Told(run).rows("?p dnnprov:reportedName ?n", "n")]
    assert sorted(name.replace("\\udcff", "\udcff") for name in names) == sorted(odd)


def test_nested_steps_are_both_recorded(run: Run) -> None:
    with run.transformation("outer", inputs={"x": X}) as outer:
        with run.transformation("inner", inputs={"x": X}) as inner:
            inner.output(x=(made := X + 1))
        outer.output(x=made)
    told = Told(run)
    assert told.derivations() == {
        ("prepared-1", "raw-1"), ("prepared-2", "raw-1"), ("prepared-2", "prepared-1")
    }  # fmt: skip


def test_steps_in_threads_have_names_of_their_own(run: Run) -> None:
    def one(number: int) -> None:
        with run.transformation(f"step {number}", inputs={"x": X + number}) as step:
            step.output(x=X * number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(40)))
    told = Told(run)
    assert {name for name, _, _ in told.steps()} == {f"step {n}" for n in range(40)}
    assert len(told.rows("?d prov:wasGeneratedBy ?s . ?d a dnnprov:Dataset", "d")) == 40


def test_a_thousand_steps(run: Run) -> None:
    made = X
    for number in range(1000):
        with run.transformation("step", inputs={"x": made}) as step:
            step.output(x=(made := made + number))
    told = fit(run, made)
    assert len(told.derivations()) == 1004
    assert_acyclic(told)


def test_after_the_run_a_step_records_nothing(run: Run) -> None:
    with run.transformation("open", inputs={"x": X}) as step:
        run.close()
        step.output(x=X)
    with run.transformation("late", inputs={"x": X}) as step:
        step.output(x=X)
    told = Told(run)
    assert {name for name, _, _ in told.steps()} == {"open"}
    assert told.rows("?s prov:wasGeneratedBy ?x", "x") == []


def test_a_closed_run_holds_no_data(run: Run) -> None:
    import weakref

    made = prepare(run)
    listed = [1.0, 2.0]
    with run.transformation("list", inputs={"x": listed}):
        pass
    gone = weakref.ref(made)
    del made
    gc.collect()
    run.settle(10)
    assert gone() is None  # an array, not even before
    before = sys.getrefcount(listed)
    run.close()
    assert sys.getrefcount(listed) < before  # what has no weak references
