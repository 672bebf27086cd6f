"""Capture of scikit-learn estimators.

    import kprov_capture.sklearn as kprov

    model = kprov.fit(make_pipeline(StandardScaler(), SVC()), x, y, dataflow_tag="digits-svc")
    kprov.score(model, x_test, y_test)
    kprov.dump(model, "digits.joblib")

Each calls the method of its name and records what it did. Nothing of scikit-learn is
wrapped, and an estimator that :func:`fit` did not fit passes straight through.
"""

import contextlib
import os
from typing import Any, TypeVar

from kprov_capture import guard
from kprov_capture.record import active
from kprov_capture.run import Run
from kprov_capture.sklearn.describe import dataset, metric_name
from kprov_capture.sklearn.recorder import Recorder, runs
from kprov_capture.values import check_tag

__all__ = ["Run", "dump", "fit", "saved", "score"]

E = TypeVar("E")


def fit(
    estimator: E,
    X: Any,  # noqa: N803  # as scikit-learn calls it
    y: Any = None,
    *,
    dataflow_tag: str | None = None,
    home: str | os.PathLike[str] | None = None,
    campaign: str | None = None,
    **parameters: Any,
) -> E:
    """``estimator.fit(X, y, **parameters)``, recorded as a run of the dataflow ``dataflow_tag``.

    ``home`` and ``campaign`` as in :class:`kprov_capture.record.Record`. Within ``with
    kprov.Run(tag):`` the first training belongs to that run, and the tag is its tag.
    Raises ``ValueError`` for a tag that is none, and what ``fit`` raises.
    """
    around = active()
    tag = around.tag if dataflow_tag is None and around is not None else dataflow_tag
    check_tag(tag, "fit(estimator, X, y, dataflow_tag='digits-svc')")
    arguments: tuple[Any, ...] = (X,) if y is None else (X, y)
    begin = guard.guarded("start recording")(Recorder)
    recorder = begin(estimator, str(tag), home, campaign, (X, y, parameters.get("sample_weight")))
    status, failure = "FINISHED", None
    try:
        with recorder.follow() if recorder else contextlib.nullcontext():
            estimator.fit(*arguments, **parameters)  # type: ignore[attr-defined]
    except Exception as error:
        status, failure = "FINISHED_WITH_ERROR", error
        raise
    except BaseException:  # Ctrl-C, sys.exit
        status = "INTERRUPTED"
        raise
    finally:
        if recorder:
            recorder.end(status, failure)
    return estimator


def score(estimator: Any, X: Any, y: Any = None, **parameters: Any) -> float:  # noqa: N803
    """``estimator.score(X, y, **parameters)``, recorded as a test of the run that fitted it."""
    run = _run_of(estimator)
    started = run.now() if run else 0.0
    found = float(estimator.score(X, y, **parameters))
    if run:
        _record_test(run, started, metric_name(estimator), found, X, y)
    return found


def dump(estimator: Any, path: str | os.PathLike[str], **parameters: Any) -> None:
    """``joblib.dump(estimator, path, **parameters)``, recorded with the SHA-256 of the file."""
    import joblib

    run = _run_of(estimator)
    started = run.now() if run else 0.0
    joblib.dump(estimator, path, **parameters)
    if run:
        _record_file(run, started, path)


def saved(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Record a file that the estimator was written to in some other way."""
    run = _run_of(estimator)
    if run:
        _record_file(run, run.now(), path)


@guard.guarded("find the run of an estimator")
def _run_of(estimator: Any) -> Run | None:
    """One that cannot be hashed has none."""
    return runs.get(estimator)


@guard.guarded("record a testing")
def _record_test(run: Run, started: float, name: str, found: float, x: Any, y: Any) -> None:
    ended, local = run.now(), run.next_test_set()
    run.dataset("test", *dataset("test", local, x, y, None), source=(x, y))
    run.testing(started, ended, {name: found}, local)
    run.release_data()


@guard.guarded("record the saved model")
def _record_file(run: Run, started: float, path: str | os.PathLike[str]) -> None:
    text = os.path.abspath(os.fspath(path))
    os.stat(text)
    kind = os.path.splitext(text)[1].lstrip(".") or None
    run.model_file(started, run.now(), text, kind=kind)
    run.release_data()
