"""The questions of bench/query.py to other databases and trackers, on the same data.

Started by bench/query.py, with the Python of the environment that has them; each that cannot be
imported is left out. Prints one JSON object: answers, milliseconds, bytes a run, what is missing.

    python bench/query_peers.py FOLDER RUNS FEWER
"""

import contextlib
import csv
import importlib.util
import json
import os
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import formulas

# TRACKIO_DIR is read when trackio is imported.
os.environ |= {
    "DO_NOT_TRACK": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}

TABLES = {
    "runs": "run INTEGER PRIMARY KEY, tag VARCHAR, optimizer VARCHAR, learning_rate DOUBLE, "
    "batch_size INTEGER, planned INTEGER, k INTEGER, l INTEGER, started DOUBLE",
    "epochs": "run INTEGER, epoch INTEGER, elapsed DOUBLE, loss DOUBLE, accuracy DOUBLE, "
    "val_loss DOUBLE, val_accuracy DOUBLE",
    "tests": "run INTEGER, loss DOUBLE, r2 DOUBLE",
    "layers": "run INTEGER, position INTEGER, name VARCHAR, activation VARCHAR",
}
# SQLite reads rows: without an index it would go through all of them. DuckDB reads columns.
INDEXES = ("runs(learning_rate)", "runs(k, l)", "runs(started)", "epochs(run, epoch)", "tests(r2)",
           "layers(run)")  # fmt: skip
QUERIES = {
    "q1": """SELECT optimizer, loss, val_loss, run FROM runs JOIN epochs USING (run)
        WHERE learning_rate = 0.001 AND epoch = 30 ORDER BY optimizer, run""",
    "q2": "SELECT name, 'activation', activation FROM layers WHERE run = 7 ORDER BY position",
    "q3": """SELECT optimizer, avg(elapsed), avg(loss), count(*) FROM runs JOIN epochs USING (run)
        GROUP BY optimizer ORDER BY optimizer""",
    "q4": """SELECT learning_rate, optimizer, NULL, k, l, r2, run FROM runs JOIN tests USING (run)
        ORDER BY r2 DESC, run LIMIT 1""",
    "q5": """SELECT loss, r2, k, l, run FROM runs JOIN tests USING (run)
        ORDER BY r2 DESC, run LIMIT 3""",
    "q6": """SELECT epoch, elapsed, loss, k, l, run FROM runs JOIN epochs USING (run)
        WHERE k = 32 AND l = 9 ORDER BY loss, run, epoch LIMIT 5""",
    "q7": """SELECT avg(elapsed) AS mean, k, l, count(*) FROM runs JOIN epochs USING (run)
        GROUP BY k, l ORDER BY mean, k, l""",
    "runs": """SELECT tag, optimizer, learning_rate, planned, run,
          (SELECT count(*) FROM epochs WHERE epochs.run = runs.run)
        FROM runs ORDER BY started DESC LIMIT 50""",
}
BEST = {
    "DuckDB": """SELECT optimizer, min(val_loss), arg_min(epoch, val_loss),
          arg_min(learning_rate, val_loss), arg_min(tag, val_loss), arg_min(run, val_loss)
        FROM runs JOIN epochs USING (run) GROUP BY optimizer ORDER BY optimizer""",
    # SQLite takes the other columns of the row with the minimum.
    "SQLite": """SELECT optimizer, min(val_loss), epoch, learning_rate, tag, run
        FROM runs JOIN epochs USING (run) GROUP BY optimizer ORDER BY optimizer""",
    "trackio": """SELECT json_extract(CAST(c.config AS TEXT), '$.optimizer_name') AS optimizer,
          min(json_extract(CAST(m.metrics AS TEXT), '$.val_loss')) AS best
        FROM metrics m JOIN configs c ON c.run_id = m.run_id
        GROUP BY optimizer ORDER BY optimizer""",
}
SECONDS, MOST = 2.0, 50  # of repeats


def times(ask: Callable[[], Any], seconds: float, least: int = 5) -> list[tuple[float, float]]:
    """Milliseconds of each time, and milliseconds of CPU."""
    found: list[tuple[float, float]] = []
    until = time.perf_counter() + seconds
    while len(found) < least or (time.perf_counter() < until and len(found) < MOST):
        began, used = time.perf_counter(), time.process_time()
        ask()
        spent = time.process_time() - used
        found.append(((time.perf_counter() - began) * 1e3, spent * 1e3))
    return found


def timed(ask: Callable[[], Any], least: int = 5) -> tuple[Any, float]:
    """The answer, and the median of milliseconds; once before, unmeasured."""
    answer = ask()
    return answer, statistics.median(ms for ms, _ in times(ask, SECONDS, least))


def size(path: Path) -> int:
    """Bytes of a file, or of the files of a folder."""
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return sum(one.stat().st_size for one in files)


def say(text: str) -> None:
    """What is being done."""
    print(text, file=sys.stderr, flush=True)


def rows_of(table: str, runs: int) -> Iterator[tuple[Any, ...]]:
    """The rows of a table."""
    for run in range(runs):
        if table == "runs":
            yield (run, formulas.tag(run), *formulas.settings(run).values(), formulas.started(run))
        elif table == "epochs":
            for at in range(formulas.EPOCHS):
                told = formulas.metrics(run, at)
                yield (run, at, formulas.elapsed(run, at), *told.values())
        elif table == "tests":
            yield run, formulas.TESTED, float(formulas.quality(run))
        else:
            yield from ((run, at, f"dense_{at}", "relu") for at in range(formulas.DENSE))


def duckdb(path: Path, runs: int) -> Callable[[str], list[Any]]:
    """A database of DuckDB, filled where it is not there yet; asks it."""
    import duckdb

    if not path.exists():
        unfinished = path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        with duckdb.connect(str(unfinished)) as connection:
            for table, columns in TABLES.items():
                text = path.with_suffix(".csv")
                with text.open("w", newline="") as file:
                    csv.writer(file).writerows(rows_of(table, runs))
                connection.execute(f"CREATE TABLE {table} ({columns})")
                connection.execute(f"COPY {table} FROM '{text}' (HEADER false)")
                text.unlink()
        unfinished.rename(path)
    connection = duckdb.connect(str(path), read_only=True)
    return lambda text: connection.execute(text).fetchall()


def sqlite(path: Path, runs: int) -> Callable[[str], list[Any]]:
    """A database of SQLite, filled where it is not there yet; asks it."""
    if not path.exists():
        unfinished = path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(unfinished)) as connection:
            for table, columns in TABLES.items():
                marks = ", ".join("?" * len(columns.split(", ")))
                connection.execute(f"CREATE TABLE {table} ({columns})")
                insert = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608
                connection.executemany(insert, rows_of(table, runs))
            for number, index in enumerate(INDEXES):
                connection.execute(f"CREATE INDEX index_{number} ON {index}")
            connection.execute("ANALYZE")
            connection.commit()
        unfinished.rename(path)
    connection = sqlite3.connect(path)
    return lambda text: connection.execute(text).fetchall()


def database(name: str, folder: Path, runs: int) -> dict[str, Any]:
    """The answers and times of a database of rows, and its size."""
    say(f"{name}: {runs:,} runs …")
    path = folder / f"{name.lower()}-{runs}.db"
    ask = {"DuckDB": duckdb, "SQLite": sqlite}[name](path, runs)
    found: dict[str, Any] = {"answers": {}, "ms": {}, "bytes": size(path) / runs}
    for question, text in {**QUERIES, "best": BEST[name]}.items():
        answer, wall = timed(lambda text=text: ask(text))  # type: ignore[misc]
        found["answers"][question], found["ms"][question] = answer, wall
    return found


def trackio(folder: Path, runs: int) -> dict[str, Any]:
    """Its own SQL; it keeps an epoch as one object of JSON."""
    home = folder / f"trackio-{runs}"
    os.environ["TRACKIO_DIR"] = str(home)
    from trackio.sqlite_storage import SQLiteStorage

    ready = folder / f"trackio-{runs}.filled"
    say(f"trackio: {runs:,} runs …")
    for run in range(0 if not ready.exists() else runs, runs):
        SQLiteStorage.bulk_log(
            "bench", f"run-{run}", [formulas.metrics(run, at) for at in range(formulas.EPOCHS)],
            config=formulas.settings(run), run_id=f"run-{run}",
        )  # fmt: skip
    ready.touch()
    answer, wall = timed(lambda: SQLiteStorage.query_project("bench", BEST["trackio"])["rows"])
    rows = [list(row.values()) for row in answer]
    return {"answers": {"best": rows}, "ms": {"best": wall}, "bytes": size(home) / runs}


def mlflow(folder: Path, runs: int) -> dict[str, Any]:
    """Its search, which sees the last values only, and the history of each run."""
    import mlflow
    from mlflow.entities import Metric, Param

    path = folder / f"mlflow-{runs}.db"
    ready = folder / f"mlflow-{runs}.filled"
    if not ready.exists():
        path.unlink(missing_ok=True)
    mlflow.set_tracking_uri(f"sqlite:///{path}")
    client = mlflow.MlflowClient()
    if not ready.exists():
        say(f"MLflow: {runs:,} runs, some minutes for a thousand …")
        experiment = client.create_experiment("bench", artifact_location=str(folder / "artifacts"))
        for run in range(runs):
            one = client.create_run(experiment, start_time=int(formulas.started(run) * 1e3))
            told = [
                Metric(name, value, int(formulas.started(run) * 1e3) + at, at)
                for at in range(formulas.EPOCHS)
                for name, value in formulas.metrics(run, at).items()
            ]
            client.log_batch(
                one.info.run_id, told,
                [Param(name, str(value)) for name, value in formulas.settings(run).items()],
            )  # fmt: skip
            client.set_terminated(one.info.run_id)
        ready.touch()
    say("MLflow: asking …")

    def search() -> Any:
        found = mlflow.search_runs(experiment_names=["bench"])
        return found.groupby("params.optimizer_name")["metrics.val_loss"].min()

    def histories() -> list[tuple[str, float]]:
        best: dict[str, float] = {}
        for _, row in mlflow.search_runs(experiment_names=["bench"]).iterrows():
            told = client.get_metric_history(row["run_id"], "val_loss")
            name = row["params.optimizer_name"]
            best[name] = min(best.get(name, float("inf")), *(one.value for one in told))
        return sorted(best.items())

    _, searched = timed(search, least=3)
    began = time.perf_counter()
    answer = histories()
    ms = {"last": searched, "best": (time.perf_counter() - began) * 1e3}
    return {"answers": {"best": answer}, "ms": ms, "bytes": size(path) / runs}


def main() -> None:
    folder, runs, fewer = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    folder.mkdir(exist_ok=True)
    found: dict[str, Any] = {"missing": []}
    with contextlib.redirect_stdout(sys.stderr):  # they talk
        for name in ("DuckDB", "SQLite", "trackio", "MLflow"):
            if name != "SQLite" and importlib.util.find_spec(name.lower()) is None:
                found["missing"].append(name)
            elif name in ("DuckDB", "SQLite"):
                sizes = {runs, fewer}
                found[name] = {str(count): database(name, folder, count) for count in sizes}
            else:
                ask = {"trackio": trackio, "MLflow": mlflow}[name]
                found[name] = {str(fewer): ask(folder, fewer)}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
