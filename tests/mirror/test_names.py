"""SQL names of tags and metrics."""

import pytest

from kprov_rdf.mirror.names import assign, quoted, snake


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("all_100epoc", "all_100epoc"),
        ("_x", "_x"),
        ("digits-cnn", "digits_cnn"),
        ('f1 of "all"', "f1_of_all"),
        ("Digits v1.0", "digits_v1_0"),
        ("2nd", "n_2nd"),
        ("数字", "unnamed"),
        ("precision", "precision"),
        ("seed", "seed_"),
    ],
)
def test_a_name_is_kept_or_made_plain(text: str, name: str) -> None:
    assert assign({"key": text}, set()) == {"key": name}


def test_where_two_meet_the_one_that_is_called_so_keeps_the_name() -> None:
    found = assign({"a": "f1", "b": "F1", "c": "f1 "}, set())
    assert found["a"] == "f1"
    assert all(found[key].startswith("f1_") for key in "bc")
    assert len(set(found.values())) == 3
    assert assign({"b": "F1", "a": "f1", "c": "f1 "}, set()) == found, "whatever the order"


def test_a_name_that_is_taken_gets_a_hash() -> None:
    found = assign({"x": "loss", "z": "val"}, {"loss"})
    assert found["x"].startswith("loss_")
    assert found["z"] == "val"


def test_a_long_name_is_cut() -> None:
    assert len(assign({"x": "a-" * 500}, set())["x"]) <= 60


def test_quotes_and_humps() -> None:
    assert quoted('a"b', "c") == '"a""b"."c"'
    assert [snake(one) for one in ("valLoss", "loss", "numEpochs")] == [
        "val_loss",
        "loss",
        "num_epochs",
    ]
