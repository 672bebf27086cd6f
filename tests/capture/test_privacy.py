"""What is never written, and what is not where that is asked for."""

import getpass
import json
import os
import re
import socket
import sys
import urllib.parse
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kprov_capture import environment, privacy, terms
from kprov_capture.dataflow import Attribute, Dataflow, DataSet, Transformation
from kprov_capture.facts import Dataset, Layer
from kprov_capture.home import Home, HomeError, create
from kprov_capture.run import Run
from kprov_rdf import journal as reader
from kprov_rdf.validate import shacl
from tests import recording


def texts(run: Run) -> dict[str, list[str]]:
    """The strings that the journal of a run has, by the local name of their property."""
    found: dict[str, list[str]] = {}
    for quad in ox.parse(written(run), ox.RdfFormat.N_QUADS):
        if isinstance(quad.object, ox.Literal):
            name = re.split("[#/]", quad.predicate.value)[-1]
            found.setdefault(name, []).append(quad.object.value)
    return found


def written(run: Run) -> bytes:
    assert run.settle(20)
    return reader.read(run.home / "journal" / f"{run.id}.nq").text


def record(home: Path, text: str, campaign: str | None = None) -> Run:
    """A run that has the text wherever a user can bring one in."""
    run = Run(f"flow {text}", home=home, campaign=campaign)
    settings = {"optimizer_name": "Adam", "custom": text, f"of {text}": 1}
    run.dataset("train", Dataset("train-set", "train", "x", specification=text, unhashed=text))
    run.start_training(settings)
    deep = {"where": text, "inner": json.dumps({"more": text}), "odd": [repr(text), Odd(text)]}
    run.architecture([Layer(text, None, text, "Dense", 0, config=deep)])
    metrics = {text: 0.5, f"loss {text}": 0.25}
    run.epoch(0, run.now(), run.now(), 0.1, 0.001, 0, metrics)
    url = "https://example.org/?key=" + urllib.parse.quote(text, "")
    run.end_training("FINISHED_WITH_ERROR", f"ValueError: no access with {text!r} to {url}")
    now = run.now()
    run.model_file(now, now, f"/tmp/{text}/model.h5", kind="h5")
    run.close()
    return run


class Odd:
    """Something that JSON cannot say."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"Odd({self.text!r})"


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is a secret here is none to the tests after: a process remembers its secrets."""
    for name in ("_secrets", "_forms", "_looked"):
        monkeypatch.setattr(privacy, name, getattr(privacy, name))


def forms(secret: str) -> set[str]:
    """What a reader would look for, made otherwise than by the code under test."""
    once = {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], urllib.parse.quote(secret, "")}
    return once | {json.dumps(one)[1:-1] for one in once}


# What stands in each journal.
VOCABULARY = Path(terms.__file__).read_text("utf-8") + "FINISHED_WITH_ERROR"
# Of more than eight letters, so that it is not in the vocabulary by chance.
SECRETS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t\x01"),
    min_size=9,
    max_size=40,
).filter(
    lambda text: (
        len(text.strip()) > 8
        and len(set(text)) > 4
        and "\0" not in text
        and text.strip() not in VOCABULARY
    )
)


@given(SECRETS)
def test_a_secret_of_the_environment_is_nowhere_in_a_journal(
    home: Home, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    assume(f" {secret.strip()} " not in " redacted ")
    with monkeypatch.context() as patch:
        patch.setenv("MY_API_TOKEN", secret)
        run = record(home.path, secret, campaign=secret)
    text = written(run)
    for form in forms(secret):
        assert form.encode() not in text
        assert form.encode("unicode_escape") not in text
    values = [value for told in texts(run).values() for value in told]
    assert not [value for value in values if secret in value]
    assert [value for value in values if "redacted" in value]
    assert reader.read(home.journal / f"{run.id}.nq").ended, "and all of it is N-Quads"
    notes = [one.read_bytes() for one in (home.path / "written").iterdir()]
    assert not [one for one in notes if json.dumps(secret)[1:-1].encode() in one]


def test_a_record_with_a_masked_secret_is_valid(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PASSWORD", "trainingmodel")  # also a word of ours
    run = recording.record(home.path)
    quads = ox.parse(written(run), ox.RdfFormat.N_QUADS)
    graph = [quad.triple for quad in quads if quad.graph_name.value == run.names.run]
    assert shacl.validate(run.names.run, graph) == []


def test_a_secret_that_is_set_later_is_masked_too(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = recording.begin(home.path)
    monkeypatch.setenv("HF_TOKEN", "hf_LaterThanTheRun")
    run.end_training("FINISHED_WITH_ERROR", "no access with hf_LaterThanTheRun")
    run.close()
    assert texts(run)["error"] == ["no access with redacted"]


def test_a_secret_that_is_taken_away_stays_one(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_TakenAwayAgain")
    run = recording.begin(home.path)
    monkeypatch.delenv("HF_TOKEN")
    run.end_training("FINISHED_WITH_ERROR", "no access with hf_TakenAwayAgain")
    run.close()
    assert texts(run)["error"] == ["no access with redacted"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKENIZERS_PARALLELISM", "parallelism"),  # no token
        ("SOME_TOKEN", "short"),  # a word as any other
        ("PWD", "not a password"),
    ],
)
def test_what_is_no_secret_is_written(
    home: Home, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    run = recording.begin(home.path)
    run.end_training("FINISHED_WITH_ERROR", f"it was {value}")
    run.close()
    assert texts(run)["error"] == [f"it was {value}"]


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        (["--token=abc"], "--token=redacted"),
        (["--api-key", "k 1"], "--api-key redacted"),
        (["-password", "x", "--epochs", "3"], "-password redacted --epochs 3"),
        (["db.passwd=x"], "db.passwd=redacted"),
        (["postgres://me:pw@db:1/x"], "postgres://redacted@db:1/x"),
        (["https://ghp_1@github.com/a?token=abc&b=1"], "https://redacted@github.com/a?token=redacted&b=1"),
        (["--tokenizer=bpe", "--secret"], "--tokenizer=bpe --secret"),
        (["--token", "--verbose"], "--token --verbose"),
        (["me@example.org"], "me@example.org"),
        (["--pass", "a b", "--db-pass=x"], "--pass redacted --db-pass=redacted"),
        (["--auth", "me:x", "--basic_auth=y"], "--auth redacted --basic_auth=redacted"),
        (["--key=x", "--ssh-key", "y", "-key", "z"],
         "--key=redacted --ssh-key redacted -key redacted"),
        (["--passes", "3", "--keyword=a", "--token_ids=1", "--tokenizer", "b"],
         "--passes 3 --keyword=a --token_ids=1 --tokenizer b"),
        (["--author=me", "--monkey", "b", "dataset.key=image", "--bypass", "c"],
         "--author=me --monkey b dataset.key=image --bypass c"),
    ],
)  # fmt: skip
def test_the_command_line_has_no_value_of_an_option_for_a_secret(
    monkeypatch: pytest.MonkeyPatch, argument: list[str], shown: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py", *argument])
    code = environment.code()
    assert [v for k, v in code.items() if k.endswith("commandLine")] == [f"train.py {shown}"]


def test_a_secret_of_the_command_line_is_masked_elsewhere_too(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py", "--password", "correct-horse"])
    run = record(home.path, "correct-horse")
    assert b"correct-horse" not in written(run)


SECRET_SETTINGS = {
    "api_key": "short",
    "password": "hunter2hunter2",
    "pin_passwd": 123456,
    "wandb": '{"mode": "on", "login": [{"auth": "deep-secret", "user": "ana"}]}',
}
PLAIN_SETTINGS: dict[str, str | int] = {
    "passes": 3,
    "keyword": "a",
    "label_key": "label",
    "token_ids": "1 2",
    "tokenizer": "bpe",
    "max_tokens": 512,
    "oov_token": "[UNK]",
}


def test_options_of_a_command_in_an_error_are_masked() -> None:
    told = "failed: t.py --pass hunter --ssh-key=k --db-auth z, forward pass: 3, --passes 4"
    assert privacy.clean(told) == (
        "failed: t.py --pass redacted --ssh-key=redacted --db-auth redacted, "
        "forward pass: 3, --passes 4"
    )


def test_a_value_whose_name_says_that_it_is_a_secret_is_not_written(home: Home) -> None:
    setting = [Attribute(name) for name in (*SECRET_SETTINGS, "tokenizer")]
    flow = Dataflow("flow", [Transformation("login", [DataSet("accounts", setting)])])
    given = {name: str(value) for name, value in SECRET_SETTINGS.items()}
    run = Run(flow, home=home.path)
    run.task("login", inputs={"accounts": given | {"tokenizer": "bpe"}})
    with run.transformation("fetch", **SECRET_SETTINGS):
        pass
    run.start_training(SECRET_SETTINGS | PLAIN_SETTINGS)
    run.architecture([Layer("a", None, "a", "Dense", 0, config={"token": "deep-secret"})])
    run.end_training("FINISHED")
    run.close()
    text = written(run)
    for secret in ('"short"', "hunter2", "123456", "deep-secret"):
        assert secret.encode() not in text
    graph = [q.triple for q in ox.parse(text, ox.RdfFormat.N_QUADS)
             if q.graph_name.value == run.names.run]  # fmt: skip
    config = run.names("config-0")
    told = {
        one.predicate.value.rpartition("/")[2]: one.object.value
        for one in graph
        if one.subject.value == config
    }
    assert {name: told[name] for name in ("api_key", "password", "pin_passwd")} == dict.fromkeys(
        ("api_key", "password", "pin_passwd"), "redacted"
    )
    assert json.loads(told["wandb"])["login"] == [{"auth": "redacted", "user": "ana"}]
    assert {name: told[name] for name in PLAIN_SETTINGS} == {
        name: str(value) for name, value in PLAIN_SETTINGS.items()
    }
    assert shacl.validate(run.names.run, graph) == []


def test_an_error_that_names_a_secret_is_cut_only_when_that_is_out() -> None:
    told = "x" * 40 + " password=hunter2hunter2"
    assert "hunter" not in privacy.clean(told)[:57]


def test_by_default_who_where_and_how_are_recorded(home: Home) -> None:
    run = record(home.path, "some text")
    found = texts(run)
    assert {getpass.getuser(), socket.gethostname()} <= set(found["label"])
    assert "/tmp/some text/model.h5" in found["path"]
    assert found["commandLine"] == [" ".join(sys.argv)]


@pytest.mark.parametrize("how", ["kprov.toml", "environment"])
def test_one_setting_redacts_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    here = tmp_path / "a person's"
    here.mkdir()
    monkeypatch.setenv("HOME", str(here))
    monkeypatch.setenv("LOGNAME", "person-of-here")  # what getpass asks first
    monkeypatch.setattr(socket, "gethostname", lambda: "host-of-here.example.org")
    monkeypatch.setattr(sys, "argv", [str(here / "train.py"), "--data=/mnt/clinic/x.csv"])
    home = create(tmp_path / "home")
    if how == "environment":
        monkeypatch.setenv("KPROV_REDACT", "true")
    else:
        (home.path / "kprov.toml").write_text("redact = true")
    text = f"{here}/layers.json of person-of-here on host-of-here or /mnt/clinic/y.csv"
    run = record(home.path, text)
    whole = written(run).decode()
    # Not in names of IRIs, in which the letters are, one by one.
    for part in ("person-of-here", "host-of-here", str(here), "/mnt/clinic"):
        assert not [one for told in texts(run).values() for one in told if part in one]
        assert json.dumps(part)[1:-1] not in re.sub("<[^>]*>", "", whole)
    found = texts(run)
    assert found["label"].count("redacted") == 2
    assert found["commandLine"] == ["redacted"]
    assert "model.h5" in found["path"]
    assert '"layers.json of redacted on redacted or y.csv"' in found["error"][0]
    graph = [q.triple for q in ox.parse(whole.encode(), ox.RdfFormat.N_QUADS)
             if q.graph_name.value == run.names.run]  # fmt: skip
    assert shacl.validate(run.names.run, graph) == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/mnt/a/b.csv", "b.csv"),
        ("no file '/mnt/a b/c d.csv' there", "no file 'c d.csv' there"),
        ("file:///x/y/z.h5 ~/q/w.txt ../q/w.txt", "z.h5 w.txt w.txt"),
        (r"C:\Users\ana\m.h5", "m.h5"),
        ('{"p": "/x/y/z", "q": "%2Fx%2Fy"}', '{"p": "z", "q": "y"}'),
        *((one, one) for one in ("f1/micro and/or", "http://e.org/a/b", "1 / 2", "(8,) //", "/")),
    ],
)  # fmt: skip
def test_of_a_path_in_a_text_the_file_name_is_left(
    home: Home, monkeypatch: pytest.MonkeyPatch, text: str, left: str
) -> None:
    monkeypatch.setenv("KPROV_REDACT", "paths")
    run = recording.begin(home.path)
    run.end_training("FINISHED_WITH_ERROR", text)
    run.close()
    assert texts(run)["error"] == [left]


def test_a_part_is_redacted_alone(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPROV_REDACT", "host, paths")
    monkeypatch.setattr(sys, "argv", ["/opt/x/train.py", "--data=../y/z.csv"])
    run = recording.record(home.path)
    found = texts(run)
    assert socket.gethostname() not in found["label"]
    assert getpass.getuser() in found["label"]
    assert found["commandLine"] == ["train.py --data=z.csv"]


@pytest.mark.parametrize(
    "told", ["redact = 3", 'redact = ["users"]', "redact = ", 'redact="users"']
)
def test_a_setting_that_is_not_understood_records_nothing(home: Home, told: str) -> None:
    (home.path / "kprov.toml").write_text(told)
    with pytest.raises(HomeError, match=r"kprov\.toml cannot be used"):
        Run("flow", home=home.path)
    assert list(home.journal.glob("*.nq")) == []


def test_the_first_line_of_a_journal_does_not_name_the_host(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "host-of-here")
    run = recording.begin(home.path)
    assert b"host-of-here" not in written(run).splitlines()[0]
    run.close()


def test_requirements_are_names_and_versions_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine-1.0.dist-info"
    folder.mkdir()
    (folder / "direct_url.json").write_text(json.dumps({"url": f"file://{tmp_path}"}))
    (folder / "METADATA").write_text(f"Name: mine\nVersion: 1.0 @ file://{tmp_path}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = environment.installed()
    assert found["mine"] == "1.0"
    assert not [one for one in (*found, *found.values()) if os.sep in one or "@" in one]
