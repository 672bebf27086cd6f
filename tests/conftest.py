"""Fixtures that several tests share, and the profiles of Hypothesis."""

import os
import signal
import sqlite3  # noqa: F401  before TensorFlow, which brings an SQLite without FTS5
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from kprov_capture import guard, record
from kprov_capture.home import Home, create

# A shell has its background jobs ignore it, and so would every process that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,  # time is never asserted
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("ci")

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Errors of ours are raised, and neither settings nor folders of the user are touched."""
    monkeypatch.setenv("KPROV_STRICT", "1")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("KPROV_HOME", "KPROV_SERVER", "KPROV_TOKEN", "KPROV_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(record, "_announced", True)
    guard._seen.clear()
    guard._from_background.clear()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty state folder."""
    return create(tmp_path / "home")


def child_environment(home: Path, **more: str) -> dict[str, str]:
    """The environment for a process that records into ``home``."""
    return {
        **os.environ,
        "KPROV_HOME": str(home),
        "KPROV_STRICT": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "XDG_CONFIG_HOME": str(home.parent / "config"),
        **more,
    }
