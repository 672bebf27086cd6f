"""What comes as a message, whatever it is, is understood or refused with a reason."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_capture.messages import read_dataflow, read_task
from kprov_capture.told import Execution
from tests.dfanalyzer import DATAFLOW, MESSAGES

anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def spoilt(draw: st.DrawFn, whole: Any) -> Any:
    """A message of which one part is something else."""
    if isinstance(whole, dict) and whole and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(whole)))
        return {**whole, key: draw(spoilt(whole[key]))}
    if isinstance(whole, list) and whole and draw(st.integers(0, 4)):
        at = draw(st.integers(0, len(whole) - 1))
        return [*whole[:at], draw(spoilt(whole[at])), *whole[at + 1 :]]
    return draw(anything)


@given(anything | spoilt(DATAFLOW))
def test_a_dataflow_is_read_or_refused(message: Any) -> None:
    with contextlib.suppress(ValueError):
        read_dataflow(message).specification()


@given(anything | st.sampled_from(MESSAGES).flatmap(spoilt))
def test_a_task_is_read_or_refused(message: Any) -> None:
    state = Execution(read_dataflow(DATAFLOW))
    with contextlib.suppress(ValueError):
        state.take(read_task(message), 1.0)


def test_a_set_that_comes_from_another_transformation_has_its_attributes() -> None:
    """Whatever was sent of them (the server of the original did so, too)."""
    flow = read_dataflow(DATAFLOW)
    written = flow.transformation("trainingmodel").set("otrainingmodel")
    assert flow.transformation("testingmodel").set("otrainingmodel", "inputs") == written
    found = {(one.previous, one.next, one.via) for one in flow.dependencies()}
    assert found == {
        ("trainingmodel", "adaptation", "otrainingmodel"),
        ("trainingmodel", "testingmodel", "otrainingmodel"),
    }


@pytest.mark.parametrize("found", [{}, "", None, []])
def test_an_empty_dependency_is_none(found: Any) -> None:
    assert read_task(MESSAGES[0] | {"dependency": found}).dependencies == ()


def test_several_ids_stand_for_several_tasks() -> None:
    told = {"tags": [{"tag": "TrainingModel"}], "ids": [{"id": "1,2"}]}
    assert read_task(MESSAGES[0] | {"dependency": told}).dependencies == (
        ("trainingmodel", "1"),
        ("trainingmodel", "2"),
    )
