"""Writing the store as tables into the embedded MonetDB, and asking it."""

import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from common import Row, report

from kprov_capture.home import Home, create
from kprov_capture.run import Run
from kprov_rdf.ingest import open_snapshot
from kprov_rdf.mirror import ask, embedded, load
from kprov_rdf.mirror.columns import Mirror, Table

RUNS, EPOCHS = 200, 50
PEER_ROWS = 2_000


def record(home: Home) -> None:
    """Runs of four tags, with four metrics an epoch."""
    for number in range(RUNS):
        run = Run(f"flow-{number % 4}", home=home.path)
        run.start_training({"optimizer_name": "Adam", "learning_rate": 0.001, "epochs": EPOCHS})
        for epoch in range(EPOCHS):
            loss = 1 / (1 + epoch + number / RUNS)
            metrics = {"loss": loss, "accuracy": 1 - loss, "val_loss": loss, "val_accuracy": loss}
            run.epoch(epoch, run.now(), run.now(), 0.5, 0.001, 0, metrics)
        run.end_training("FINISHED")
        run.close()


def mirrored(home: Home, url: str) -> tuple[Mirror, float]:
    """A mirror, and the seconds from a snapshot to the commit."""
    with closing(load.connect(url)) as connection, open_snapshot(home) as store:
        started = time.perf_counter()
        made = load.mirror(connection, store, set())
        return made, time.perf_counter() - started


def inserted(url: str, made: Mirror) -> tuple[float, float, float]:
    """Rows a second of one table: by COPY, as INSERTs of 1,000 rows, and by executemany."""
    source = max(made.tables, key=lambda table: len(table.rows) * table.name.startswith("ds_ot"))
    columns = ", ".join(f'"{name}" {kind}' for name, kind in source.columns)
    marks = "(" + ", ".join(["%s"] * len(source.columns)) + ")"
    rows = source.rows[:PEER_ROWS]
    found = []
    with closing(load.connect(url)) as connection:
        target, cursor = load._Target(connection), connection.cursor()
        for name in ("copied", "inserted", "many"):
            cursor.execute(f"CREATE TABLE sys.{name} ({columns})")
            started = time.perf_counter()
            if name == "copied":
                target.copy(Table("sys", name, source.columns, rows))
            elif name == "inserted":
                for part in (rows[:1000], rows[1000:]):
                    values = ", ".join([marks] * len(part))
                    flat = [cell for row in part for cell in row]
                    cursor.execute(f"INSERT INTO sys.{name} VALUES {values}", flat)  # noqa: S608
            else:
                for row in rows:  # as executemany does
                    cursor.execute(f"INSERT INTO sys.{name} VALUES {marks}", row)  # noqa: S608
            connection.commit()
            found.append(len(rows) / (time.perf_counter() - started))
    return found[0], found[1], found[2]


def main() -> None:
    embedded.install()
    with tempfile.TemporaryDirectory() as name:
        home = create(Path(name) / "home")
        record(home)
        with open_snapshot(home):  # the journals are loaded outside of what is timed
            pass
        started = time.perf_counter()
        with embedded.serving(home) as server:
            created = time.perf_counter() - started
            made, first = mirrored(home, server.url)
            again = mirrored(home, server.url)[1]
            copied, values, many = inserted(server.url, made)
            ask.remember(home, None)
        text = "SELECT r.optimizer_name, avg(e.loss) FROM kprov.epochs e JOIN kprov.runs r "
        text += "ON r.id = e.run_id GROUP BY r.optimizer_name"
        command = [sys.executable, "-m", "kprov_rdf", "--home", str(home.path), "query", "-e"]
        seconds = []
        for arguments in ([text, "--sql"], ["ASK {}"]):
            started = time.perf_counter()
            subprocess.run([*command, *arguments], check=True, capture_output=True)
            seconds.append(time.perf_counter() - started)
    rows = sum(len(table.rows) for table in made.tables)
    what = f"mirror of {RUNS} runs of {EPOCHS} epochs ({rows:,} rows, {len(made.tables)} tables)"
    report(
        "mirror",
        [
            Row(what, first, "s"),
            Row("the same again, over the former one", again, "s"),
            Row("rows in a second, all in all", rows / again, "rows/s"),
            Row(f"load of {PEER_ROWS:,} rows by COPY", copied, "rows/s",
                peer="INSERT of 1,000 rows", peer_value=values),
            Row(f"load of {PEER_ROWS:,} rows by COPY (the same)", copied, "rows/s",
                peer="executemany", peer_value=many),
            Row("create an embedded MonetDB and start it", created, "s"),
            Row("kprov query --sql, with start and stop of the embedded MonetDB", seconds[0], "s",
                peer="kprov query -e", peer_value=seconds[1]),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
