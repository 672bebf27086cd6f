"""Scripts written for dfa_lib_python, which record runs of kprov instead."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kprov_capture.dataflow import Attribute, Dataflow, DataSet, Transformation
from kprov_capture.home import Home
from kprov_capture.messages import read_task
from kprov_capture.told import Execution
from kprov_rdf import ingest, query, runs
from kprov_rdf.store import LocalStore
from kprov_rdf.validate import shacl
from tests.conftest import child_environment

# The specification that the scripts share, in the style of the library's examples.
SPECIFIED = """
from kprov_capture import dfa
dfa.install()
from dfa_lib_python.dataflow import Dataflow
from dfa_lib_python.transformation import Transformation
from dfa_lib_python.attribute import Attribute
from dfa_lib_python.attribute_type import AttributeType
from dfa_lib_python.set import Set
from dfa_lib_python.set_type import SetType
from dfa_lib_python.task import Task
from dfa_lib_python.dataset import DataSet
from dfa_lib_python.element import Element

df = Dataflow("DenseED")
encoder = Transformation("Encoder")
encoder.set_sets([
    Set("iEncoder", SetType.INPUT, [Attribute("FIELD", AttributeType.TEXT)]),
    Set("oEncoder", SetType.OUTPUT, [Attribute("PADDING", AttributeType.TEXT),
                                     Attribute("STRIDES", AttributeType.NUMERIC)]),
])
df.add_transformation(encoder)
block = Transformation("DenseBlock")
o_encoder = Set("oEncoder", SetType.INPUT, [])
o_encoder.dependency = encoder._tag
block.set_sets([o_encoder])
block.set_sets([Set("oDenseBlock", SetType.OUTPUT, [Attribute("K", AttributeType.NUMERIC),
                                                    Attribute("L", AttributeType.NUMERIC)])])
df.add_transformation(block)
df.save()
"""
KERAS_PROV = """
first = Task(1, "DenseED", "trial 1", "Encoder")
first.add_dataset(DataSet("iEncoder", [Element(["it's a \\"field\\"; DROP TABLE x"])]))
first.begin()
first.add_dataset(DataSet("oEncoder", [Element(["same", 2]), Element(["valid", 1])]))
first.end()
second = Task(2, "DenseED", "trial 1", "DenseBlock", dependency=first)
second.begin()
second.add_dataset(DataSet("oDenseBlock", [Element([24, 4])]))
second.end()
"""
OLDER = """
first = Task(1, "DenseED", "Encoder")
first.begin()
first.add_dataset(DataSet("iEncoder", [Element(["it's a \\"field\\"; DROP TABLE x"])]))
first.save()
first.set_datasets([DataSet("oEncoder", [Element(["same", 2]), Element(["valid", 1])])])
first.end()
second = Task(2, "DenseED", "DenseBlock", "", first)
second.begin()
second.add_dataset(DataSet("oDenseBlock", [Element([24, 4])]))
second.end()
"""
DLPROV = """
first = Task(1, df, "trial 1", "Encoder")
first.begin()
first.add_dataset(DataSet("iEncoder", [Element(["it's a \\"field\\"; DROP TABLE x"])]))
first.add_dataset(DataSet("oEncoder", [Element(["same", 2]), Element(["valid", 1])]))
first.end()
second = Task(2, df, "trial 1", "DenseBlock", dependency=[first])
second.begin()
second.add_dataset(DataSet("oDenseBlock", [Element([24, 4])]))
second.end()
"""


def run_script(home: Home, text: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", text],
        capture_output=True,
        text=True,
        timeout=60,
        env=child_environment(home.path, **environment),
    )


def rows(store: LocalStore, pattern: str, *names: str) -> list[tuple[Any, ...]]:
    text = f"SELECT {' '.join('?' + n for n in names)} {{ {pattern} }} ORDER BY ?{names[0]}"
    found = query.table(store, query.Question("test", text), {})
    return [tuple(query.value(term) for term in row) for row in found.rows]


def recorded(home: Home) -> tuple[LocalStore, list[runs.RunInfo]]:
    """What stands in the folder, which validates."""
    store = LocalStore()
    ingest.catch_up(home, store)
    found = runs.listing(store, set())
    assert [f for one in found for f in shacl.validate(one.iri, store.graph(one.iri))] == []
    return store, found


@pytest.mark.parametrize(
    "script", [KERAS_PROV, OLDER, DLPROV], ids=["keras-prov", "older", "dlprov"]
)
def test_each_version_of_a_task_is_the_same_run(home: Home, script: str) -> None:
    done = run_script(home, SPECIFIED + script)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    store, (run,) = recorded(home)
    assert (run.tag, run.status) == ("denseed", "FINISHED")
    tags = [] if script is OLDER else [("trial 1",)]
    assert rows(store, "?x dnnprov:execTag ?tag", "tag") == tags
    told = "?t dnnprov:taskIdentifier ?n ; dnnprov:status ?s ; "
    told += "dnnprov:ofTransformation/dnnprov:tag ?of"
    assert rows(store, told, "n", "of", "s") == [
        (1, "encoder", "FINISHED"),
        (2, "denseblock", "FINISHED"),
    ]
    values = "?e dnnprov:ofSet/dnnprov:tag ?set ; ?a ?v . ?a dnnprov:reportedName ?name"
    assert sorted(row[1:] for row in rows(store, values, "e", "set", "name", "v")) == [
        ("iencoder", "FIELD", 'it\'s a "field"; DROP TABLE x'),
        ("odenseblock", "K", 24),
        ("odenseblock", "L", 4),
        ("oencoder", "PADDING", "same"),
        ("oencoder", "PADDING", "valid"),
        ("oencoder", "STRIDES", 1),
        ("oencoder", "STRIDES", 2),
    ]
    # The second came after the first, and used both elements that it wrote.
    after = "?t dnnprov:taskIdentifier 2 ; prov:wasInformedBy/dnnprov:taskIdentifier ?n"
    assert rows(store, after, "n") == [(1,)]
    assert len(rows(store, "?t dnnprov:taskIdentifier 2 ; prov:used ?e", "e")) == 2


def test_executions_are_runs_and_a_number_may_be_used_again(home: Home) -> None:
    script = """
for trial in ("a", "b"):
    for k in (16, 16):
        task = Task(3, "denseed", trial, "denseblock")
        task.begin()
        task.add_dataset(DataSet("odenseblock", [Element([k, 4])]))
        task.save()
        task.add_dataset(DataSet("odenseblock", [Element([k, 4])]))
        task.end()
"""
    done = run_script(home, SPECIFIED + script)
    assert done.returncode == 0, done.stderr
    store, found = recorded(home)
    assert [run.status for run in found] == ["FINISHED", "FINISHED"]
    assert rows(store, "?x dnnprov:execTag ?tag", "tag") == [("a",), ("b",)]
    # What happens in this process happens: nothing is taken for a repetition.
    assert len(rows(store, "?t dnnprov:taskIdentifier 3 ; prov:endedAtTime ?end", "t")) == 4
    assert len(rows(store, "?e dnnprov:ofSet ?set", "e")) == 8


def test_a_transformation_that_is_added_later_counts_from_the_next_save(home: Home) -> None:
    script = """
task = Task(1, "denseed", "a", "encoder")
task.begin()
decoder = Transformation("decoder", [Set("odecoder", SetType.OUTPUT, [
    Attribute("R2", AttributeType.NUMERIC), Attribute("MODEL", AttributeType.RDFILE)])])
df.add_transformation(decoder)
df.save()
late = Task(4, "denseed", "a", "decoder", dependency=task)
late.add_dataset(DataSet("odecoder", [Element([0.99, "/nowhere/model"])]))
late.begin(); late.end()
task.end()
from dfa_lib_python.task_status import TaskStatus
broken = Task(5, "denseed", "a", "decoder", error="no memory")
broken.begin()
broken.set_status(TaskStatus.FINISHED_WITH_ERROR)
broken.end()
"""
    done = run_script(home, SPECIFIED + script)
    assert done.returncode == 0, done.stderr
    store, (run,) = recorded(home)
    assert run.status == "FINISHED_WITH_ERROR"
    assert rows(store, "?e ?a 0.99e0 . ?a dnnprov:reportedName ?name", "name") == [("R2",)]
    assert len(rows(store, "?new prov:wasRevisionOf ?old . ?new a dnnprov:Dataflow", "new")) == 1
    assert rows(store, "?t dnnprov:error ?e", "e") == [("no memory",)]


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ('Task(1, "denseed", "a", "pool").begin()', "has no transformation 'pool'"),
        ('Task(1, "other", "a", "pool").begin()', "dataflow 'other' is not known. Save it first"),
        (
            't = Task(1, "denseed", "a", "denseblock"); t.begin()\n'
            't.add_dataset(DataSet("odenseblock", [Element([1])])); t.end()',
            "2 attributes (K, L), and an element with 1 values",
        ),
        ('Task(1, "denseed")', "Task(id, dataflow_tag, exec_tag, transformation_tag) was wanted"),
        ('Set("x", "INPUT", [])', "is a SetType; found str"),
    ],
)
def test_misuse_is_told_at_once(home: Home, script: str, told: str) -> None:
    done = run_script(home, SPECIFIED + script)
    assert done.returncode == 1
    assert told in done.stderr


def test_a_folder_that_cannot_be_used_stops_no_script(home: Home, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    place = str(tmp_path / "file" / "home")
    done = run_script(home, SPECIFIED + KERAS_PROV, KPROV_STRICT="0", KPROV_HOME=place)
    assert done.returncode == 0, done.stderr
    assert "kprov could not" in done.stderr


def test_the_shim_is_put_in_place_and_taken_away(home: Home, tmp_path: Path) -> None:
    package = tmp_path / "real" / "dfa_lib_python"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "task.py").write_text("real = True")
    script = """
from kprov_capture import dfa
dfa.install(); dfa.install()
import dfa_lib_python.task
assert not hasattr(dfa_lib_python.task, "real")
dfa.uninstall(); dfa.uninstall()
import dfa_lib_python.task
assert dfa_lib_python.task.real
try:
    dfa.install()
except ImportError as error:
    print(error)
"""
    import_path = {"PYTHONPATH": ":".join([*filter(None, sys.path), str(tmp_path / "real")])}
    done = run_script(home, script, **import_path)
    assert done.returncode == 0, done.stderr
    assert "was imported already" in done.stdout


def test_a_repetition_in_mid_task_is_seen_and_a_new_row_is_not_taken_for_one() -> None:
    flow = Dataflow("f", [Transformation("t", outputs=[DataSet("s", [Attribute("x", "NUMERIC")])])])
    state = Execution(flow)

    def told(*values: str, status: str = "RUNNING") -> int | None:
        sets = [{"tag": "s", "elements": [[value] for value in values]}] if values else []
        message = {
            "dataflow": "f",
            "transformation": "t",
            "id": "1",
            "status": status,
            "sets": sets,
        }
        found = state.take(read_task(message), 1.0)
        return None if found is None else len(found.produced)

    assert told() == 0
    assert told("1", "1") == 2
    assert told("1", "1") is None
    assert told("1", "2") == 1
    assert not state.over
    assert told(status="FINISHED") == 0
    assert told("1", "1") is None
    assert told("3") == 1  # of another execution of the task
    assert not state.over
    with pytest.raises(ValueError, match="NUMERIC"):
        told("x")
