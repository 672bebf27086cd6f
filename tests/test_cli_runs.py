"""Which of the runs ``kprov runs`` lists."""

import json
from datetime import datetime, timedelta

import pytest

from kprov_capture.home import Home
from kprov_rdf import cli
from tests import recording
from tests.conftest import child_environment
from tests.watch.test_terminal import Terminal

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def listed(home: Home, capfd: Capture):
    """The tags of the runs that are listed; and status, standard output, standard error."""

    def call(*arguments: str) -> tuple[list[str], tuple[int, str, str]]:
        status = cli.run(["--home", str(home.path), "runs", "--format", "json", *arguments])
        out, err = capfd.readouterr()
        return [run["tag"] for run in json.loads(out or "[]")], (status, out, err)

    return call


@pytest.fixture
def three(home: Home) -> None:
    """Three runs, of which the last failed."""
    recording.record(home.path, tag="a")
    recording.record(home.path, tag="b")
    failed = recording.begin(home.path, tag="a")
    failed.end_training("FINISHED_WITH_ERROR", "no memory")
    failed.close()


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ("", "a b a"),
        ("--tag a", "a a"),
        ("--tag a --tag b --limit 2", "a b"),
        ("--status finished", "b a"),
        ("--status finished --status finished_with_error --tag a", "a a"),
        ("--limit 0", "a b a"),
        ("--limit 9", "a b a"),
        ("--since 1h", "a b a"),
        ("--since 1.5d --tag b", "b"),
        ("--since 2000-01-01", "a b a"),
        ("--since 2999-01-01T00:00+02:00 --limit 1", ""),
    ],
)
def test_runs_are_chosen(three, listed, options: str, wanted: str) -> None:
    tags, (status, _, err) = listed(*options.split())
    assert (tags, status) == (wanted.split(), 0)
    assert bool(err) == (not wanted)


def test_a_time_without_a_zone_is_local(home: Home, listed) -> None:
    recording.record(home.path, tag="now")
    now = datetime.now().astimezone().replace(tzinfo=None)
    assert listed("--since", (now - timedelta(minutes=1)).isoformat())[0] == ["now"]
    assert listed("--since", (now + timedelta(minutes=1)).isoformat())[0] == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--since yesterday", "how long ago: 90m, 12h"),
        ("--since nand", "how long ago"),
        ("--since 1e99d", "how long ago"),
        ("--since d", "how long ago"),
        ("--status DONE", "'crashed'"),
        ("--limit -1", "x>=0"),
    ],
)
def test_what_is_no_choice_says_so(listed, options: str, told: str) -> None:
    status, _, err = listed(*options.split())[1]
    assert status == 2
    assert told in err


def test_no_run_that_is_like_that(home: Home, capfd: Capture) -> None:
    recording.record(home.path, tag="evil\x1b[2J")
    for options, told in (
        (["--tag", "nope"], "no run has the tag nope; the latest has the tag evil\\u001b[2J."),
        (["--status", "RUNNING"], "no run is RUNNING; there are FINISHED."),
        (["--since", "0m", "--status", "finished"], "no run is all of that."),
    ):
        assert cli.run(["--home", str(home.path), "runs", *options]) == 0
        out, err = capfd.readouterr()
        assert out == ""
        assert err == f"kprov: {told}\n"


def test_a_terminal_shows_the_first_fifty(home: Home) -> None:
    for _ in range(52):
        recording.begin(home.path, tag="many").close()
    shown = Terminal(["--home", str(home.path), "runs"], child_environment(home.path))
    assert shown.wait() == 0
    shown.close()
    assert shown.out.count("many") == 50
    assert "there are more; --limit 0 shows all" in shown.out
