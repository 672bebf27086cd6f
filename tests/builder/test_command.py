"""``kprov query --spec``, ``--show`` and ``--sets``."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from kprov_capture.home import Home
from kprov_rdf import cli
from tests.builder import made

Kprov = Callable[..., tuple[int, str, str]]
BEST = """projection(otrainingmodel.epoch_id; otrainingmodel.loss)
selection(itrainingmodel.optimizer_name = :optimizer) order(otrainingmodel.loss) limit(2)"""


@pytest.fixture
def kprov(
    recorded: tuple[Home, list[made.Made]],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Kprov:
    """Run a command on the folder; gives status, standard output, standard error."""

    def call(*arguments: str, given: bytes = b"", home: Home = recorded[0]) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(given)))
        status = cli.run(["--home", str(home.path), *arguments])
        out, err = capfd.readouterr()
        return status, out, err

    return call


def test_a_specification_of_standard_input_and_of_a_file(kprov: Kprov, tmp_path: Path) -> None:
    wanted = "epoch_id,loss\r\n0,0.1\r\n1,0.3333333333333333\r\n"
    given = ("--param", "optimizer=SGD", "--format", "csv")
    assert kprov("query", "--spec", "-", *given, given=BEST.encode()) == (0, wanted, "")
    data = {"projection": ["otrainingmodel.epoch_id", "otrainingmodel.loss"], "limit": 2,
            "order": ["loss"],
            "selection": {"attribute": "itrainingmodel.optimizer_name", "op": "=",
                          "value": {"parameter": "optimizer"}}}  # fmt: skip
    file = tmp_path / "best"
    file.write_text(json.dumps(data))
    assert kprov("query", "--spec", str(file), *given) == (0, wanted, "")


def test_the_text_that_is_shown_can_be_asked_by_hand(kprov: Kprov, tmp_path: Path) -> None:
    status, text, err = kprov("query", "--spec", "q3", "--show")
    assert (status, err) == (0, "")
    file = tmp_path / "q3.rq"
    file.write_text(text)
    answers = [kprov("query", *how, "--format", "tsv") for how in (["--spec", "q3"], [str(file)])]
    assert answers[0] == answers[1]
    assert answers[0][1].startswith("?optimizer_name\t?mean_time\t?mean_loss\n")


def test_the_mirror_answers_the_same(libraries: None, kprov: Kprov, home: Home) -> None:
    for one in made.runs():
        one.record(home.path)
    asked = ("query", "--spec", "q7")
    status, _, err = kprov(*asked, "--sql", home=home)
    assert (status, "There is no mirror" in err) == (2, True)
    assert kprov("mirror", "--embedded", home=home)[0] == 0
    mine, theirs = (kprov(*asked, *sql, home=home) for sql in ([], ["--sql"]))
    assert mine == theirs
    assert len(mine[1].splitlines()) > 3
    shown = kprov(*asked, "--sql", "--show", home=home)
    assert shown[1].startswith('WITH "itrainingmodel"')


def test_data_sets_are_listed(kprov: Kprov) -> None:
    status, out, _ = kprov("query", "--sets", "alexnet")
    rows = [line.split() for line in out.splitlines() if line.strip()]
    assert status == 0
    assert ["itrainingmodel", "dropout", "a", "number", "trainingmodel", "reads"] in rows
    assert ["run", "person", "a", "text"] in rows
    assert 'f1 of "all"' in out
    status, _, err = kprov("query", "--sets", "alexnot")
    assert (status, "there are alexnet, " in err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--spec", "nowhere.dfq"), "There is no specification 'nowhere.dfq'"),
        (("--spec", "q3", "-e", "SELECT * {}"), "not both"),
        (("--spec", "q1", "--param", "epoch=x"), "otrainingmodel.epoch_id is a number"),
        (("--show", "q1"), "--show goes with --spec"),
        (("--spec", "-"), "a function was wanted"),
        (("--spec", "."), "Is a directory"),
    ],
)
def test_a_slip_is_told(kprov: Kprov, arguments: tuple[str, ...], told: str) -> None:
    status, out, err = kprov("query", *arguments)
    assert (status, out, told in err) == (2, "", True), err


def test_what_is_no_text_or_too_long_is_refused(kprov: Kprov) -> None:
    for data, told in ((b"\xff", "is not in UTF-8"), (b" " * 300_000, "longer than 256 KiB")):
        status, _, err = kprov("query", "--spec", "-", given=data)
        assert (status, told in err) == (2, True)
