"""CSVLogger's files: what was appended, what is absent, and what is no such file."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.errors import InputError, KprovError
from kprov_rdf.exchange.foreign import csvlogger
from kprov_rdf.exchange.sources import Source
from tests.exchange.said import Said, empty, read


def said(text: str | bytes, name: str = "log.csv") -> Said:
    data = text if isinstance(text, bytes) else text.encode()
    return read(Source(name, data), csvlogger.read)


def epochs(found: Said) -> list[dict[int, dict[str, float]]]:
    return [found.metrics(run) for _, run in sorted(found.runs.items())]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_any_separator_and_line_end(separator: str, end: str) -> None:
    lines = ["epoch,loss,val_loss", "0,0.5,1e-3", "1,nan,-inf", ""]
    text = end.join(lines).replace(",", separator)
    assert csvlogger.claims(Source("log.csv", text.encode()))
    (found,) = epochs(said(text))
    assert found[0] == {"loss": 0.5, "valLoss": 0.001}
    assert math.isnan(found[1]["loss"])
    assert found[1]["valLoss"] == -math.inf


def test_na_is_absent_and_what_is_no_number_is_kept() -> None:
    found = said('epoch,loss,val_loss,f1\n0,0.5,NA,"[1, 2]"\n1,0.25,0.75,"[3, 4]"\n')
    assert epochs(found) == [{0: {"loss": 0.5}, 1: {"loss": 0.25, "valLoss": 0.75}}]
    (row,) = found.select('SELECT ?o { ?p rdfs:label "no numbers" . ?e ?p ?o }')
    assert json.loads(row["o"]) == [{"epoch": 0, "f1": "[1, 2]"}, {"epoch": 1, "f1": "[3, 4]"}]


def test_a_training_that_was_resumed_is_a_second_one_and_nothing_is_lost() -> None:
    found = said("epoch,loss\n0,0.9\n1,0.8\n2,0.7\n1,0.75\n2,0.65\n")
    assert epochs(found) == [
        {0: {"loss": 0.9}, 1: {"loss": 0.8}, 2: {"loss": 0.7}},
        {1: {"loss": 0.75}, 2: {"loss": 0.65}},
    ]
    assert "2 trainings" in found.says.notes[0]


def test_a_header_that_is_repeated_begins_another_training() -> None:
    found = said("epoch,loss\n0,0.9\nepoch,acc,loss\n1,0.5,0.8\n")
    assert epochs(found) == [{0: {"loss": 0.9}}, {1: {"acc": 0.5, "loss": 0.8}}]


def test_a_last_line_that_is_cut_short_is_told() -> None:
    found = said("epoch,acc,loss\n0,0.5,0.9\n1,0.6")
    assert epochs(found) == [{0: {"acc": 0.5, "loss": 0.9}}]
    assert "cut short" in found.says.notes[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("epoch,loss\n0,0.5,0.7\n", ":2: It has 3 values, and the header 2 names"),
        ("epoch,acc,loss\n0,0.5\n1,0.5,0.7\n", ":2: It has 2 values"),
        ("epoch,loss\n0.5,1\n", ":2: The epoch is '0.5'"),
        ("epoch,loss\n-1,1\n", ":2: The epoch is '-1'"),
        ("epoch,loss\n" + "9" * 5000 + ",1\n", ":2: The epoch is '9999"),
        ("epoch,loss,loss\n0,1,1\n", ":1: Two columns have one name"),
        ("loss\n1\n", ":1: It has no header"),
        ("", ":1: It has no header"),
    ],
)
def test_what_is_no_such_file_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(MalformedError) as raised:
        said(text)
    assert told in str(raised.value)


def test_too_many_trainings_are_refused() -> None:
    with pytest.raises(InputError, match="1,000 trainings"):
        said("epoch,loss\n" + "0,1\n" * 1_001)


def test_a_file_of_another_tool_with_steps_is_not_claimed() -> None:
    assert not csvlogger.claims(Source("metrics.csv", b"epoch,step,loss\n0,49,0.5\n"))
    assert not csvlogger.claims(Source("x.csv", b"\xff\xfeepoch,loss\n"))
    assert not csvlogger.claims(Source("x.csv", b"epoch,loss"))


@given(st.binary(max_size=200))
def test_garbage_gives_a_clear_error(data: bytes) -> None:
    for begin in (b"", b"epoch,loss\n", b"epoch,loss\n0,1\n"):
        try:
            csvlogger.read(Source("log.csv", begin + data), empty())
        except KprovError as error:
            assert "log.csv" in str(error)


@given(st.lists(st.tuples(st.floats(), st.floats(allow_nan=False)), min_size=1, max_size=20))
def test_every_double_comes_through(rows: list[tuple[float, float]]) -> None:
    text = "epoch,loss,own\n" + "".join(f"{at},{a!r},{b!r}\n" for at, (a, b) in enumerate(rows))
    (found,) = epochs(said(text))
    for at, (loss, own) in enumerate(rows):
        kept = found[at]["loss"]
        assert kept == loss or (math.isnan(kept) and math.isnan(loss))
        assert found[at]["own"] == own


def test_many_epochs_become_a_series(tmp_path: Path) -> None:
    found = said("epoch,loss\n" + "".join(f"{at},1.5\n" for at in range(100_001)))
    (row,) = found.ask("runs") or [{"epochs": 0}]
    assert row["epochs"] == 0
    rows = found.select('SELECT ?o { ?p rdfs:label "series" . ?e ?p ?o }')
    assert sum(len(json.loads(row["o"])["values"]) for row in rows) == 100_001


def test_a_line_that_no_csv_has_is_another_document() -> None:
    assert not csvlogger.claims(Source("a.ttl", b"@prefix a: <http://e.org/> .\r# epoch,loss\n"))
