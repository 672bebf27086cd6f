"""The commands `kprov mirror` and `kprov query --sql`."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kprov_capture.home import Home
from kprov_rdf import cli
from kprov_rdf.mirror import embedded
from tests import recording
from tests.conftest import child_environment


@pytest.fixture
def kprov(home: Home, capfd: pytest.CaptureFixture[str]):
    """Run a command on the folder; gives status, standard output, standard error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        status = cli.run(["--home", str(home.path), *arguments])
        out, err = capfd.readouterr()
        return status, out, err

    return call


def test_install_mirror_and_ask(libraries: None, kprov, home: Home) -> None:
    recording.record(home.path, "digits-cnn")
    status, out, err = kprov("mirror", "--install-embedded", "--embedded")
    assert (status, err) == (0, "")
    (row,) = [line.split() for line in out.splitlines() if line.lstrip().startswith("digits-cnn")]
    assert row == ["digits-cnn", "digits_cnn", "1", "3", "1", "1", "20"]
    assert (home.path / "mirror.json").stat().st_mode & 0o777 == 0o600

    text = "SELECT epoch_id, loss, technique FROM digits_cnn.otrainingmodel LEFT JOIN "
    text += "digits_cnn.oadaptation USING (epoch_id) ORDER BY 1 LIMIT 2"

    def asked(form: str) -> str:
        return str(kprov("query", "--sql", "-e", text, "--format", form)[1])

    assert json.loads(asked("json")) == [
        {"epoch_id": 0.0, "loss": 0.9, "technique": "ReduceLROnPlateau"},
        {"epoch_id": 1.0, "loss": 0.7, "technique": None},
    ]
    assert asked("csv") == "epoch_id,loss,technique\n0.0,0.9,ReduceLROnPlateau\n1.0,0.7,\n"
    assert asked("tsv").splitlines()[2] == "1.0\t0.7\t"
    assert asked("table").split()[-2:] == ["1", "0.7"]
    started = kprov("query", "--sql", "-e", "SELECT started FROM kprov.runs", "--format", "json")[1]
    assert json.loads(started)[0]["started"].startswith("20")
    assert kprov("query", "--sql", "-e", "SELECT 1 WHERE 1 = 2")[1] == "no rows\n"


def test_a_mirror_that_is_behind_says_so(libraries: None, kprov, home: Home) -> None:
    recording.record(home.path)
    kprov("mirror", "--embedded")
    text = ("query", "--sql", "-e", "SELECT count(*) FROM kprov.runs", "--format", "csv")
    assert kprov(*text)[2] == ""
    recording.record(home.path)
    _, out, err = kprov(*text)
    assert out.split()[-1] == "1"
    assert "runs were recorded since" in err


def test_what_sql_changes_is_taken_back(libraries: None, kprov, home: Home) -> None:
    recording.record(home.path, "t")
    kprov("mirror", "--embedded")
    status, _, err = kprov("query", "--sql", "-e", "DROP TABLE kprov.epochs")
    assert status == 2
    assert "was taken back" in err
    count = ("query", "--sql", "-e", "SELECT count(*) AS n FROM kprov.epochs", "--format", "csv")
    assert kprov(*count)[1] == "n\n3\n"


def test_a_server_by_its_url(kprov, home: Home, server: embedded.Server) -> None:
    recording.record(home.path, "t")
    assert kprov("mirror", server.url)[0] == 0
    out = kprov("query", "--sql", "-e", "SELECT tag FROM kprov.runs", "--format", "csv")[1]
    assert out == "tag\nt\n"
    status, _, err = kprov("query", "--sql", "-e", "SELECT nothing")
    assert status == 2
    assert "identifier 'nothing' unknown" in err
    assert "kprov.mirrored" in err


def test_values_that_do_not_fit_are_told_of(libraries: None, kprov, home: Home) -> None:
    run = recording.begin(home.path, "t")
    recording.epoch(run, 0, float("nan"))
    run.close()
    assert "2 values are not in it as they are" in kprov("mirror", "--embedded")[1]


def test_serve_answers_until_it_is_interrupted(libraries: None, home: Home) -> None:
    recording.record(home.path, "t")
    with subprocess.Popen(
        [sys.executable, "-m", "kprov_rdf", "mirror", "--embedded", "--serve"],
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment(home.path),
    ) as process:
        try:
            assert process.stdout
            url = next(line for line in process.stdout if line.startswith("Serving")).split()[-1]
            import pymonetdb  # as in a notebook

            with pymonetdb.connect(url) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT * FROM t.ds_otrainingmodel")
                assert len(cursor.fetchall()) == 3
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()


def test_an_empty_store_says_so(libraries: None, kprov) -> None:
    status, out, _ = kprov("mirror", "--embedded")
    assert status == 0
    assert "no runs yet" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mirror"], "a URL, or --embedded"),
        (["mirror", "monetdb://h/d", "--embedded"], "a URL, or --embedded"),
        (["mirror", "monetdb://h/d", "--serve"], "--serve goes with --embedded"),
        (["mirror", "mysql://me:secret@h/d"], "mysql://me@h/d is no URL of a MonetDB"),
        (["mirror", "monetdb://me:secret@127.0.0.1:1/d"], "kprov mirror --embedded"),
        (["mirror", "--embedded"], "kprov mirror --install-embedded"),
        (["query", "--sql", "-e", "SELECT 1"], "kprov mirror --embedded"),
        (["query", "--sql", "q1"], "--sql -e TEXT"),
        (["query", "--sql", "-e", "SELECT 1", "--param", "a=b"], "--sql -e TEXT"),
    ],
)
def test_what_cannot_be_done(
    arguments: list[str], said: str, kprov, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    status, out, err = kprov(*arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert "secret" not in err
    assert "Traceback" not in err


def test_without_its_package_it_says_what_to_install(home: Home) -> None:
    script = (
        "import sys; sys.modules['pymonetdb'] = None\n"
        "from kprov_rdf import cli\n"
        "sys.exit(max(cli.run(['mirror', '--embedded']), cli.run(['query', '--sql', '-e', 'x'])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=child_environment(home.path),
    )
    assert done.returncode == 2
    assert done.stderr.count("pip install '.[mirror]'") == 2
    assert "Traceback" not in done.stderr
