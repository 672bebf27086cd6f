"""Tests of what is installed in environments of their own: make test-torch, make test-jax."""

import importlib.util
import os

import numpy as np
import pytest
from sklearn.datasets import load_digits

from kprov_capture.home import Home
from tests.captured import reader

# Elsewhere they are not collected: there is nothing that they could show.
collect_ignore = []
if importlib.util.find_spec("torch") is None:
    collect_ignore.append("test_torch.py")
if os.environ.get("KERAS_BACKEND") not in {"jax", "torch"}:
    collect_ignore.append("test_keras.py")


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """300 real scans of handwritten digits, 64 pixels each."""
    found = load_digits()
    return (found.data[:300] / 16).astype("float32"), found.target[:300]


@pytest.fixture
def captured(home: Home):
    """Waits for the given runs and reads the folder."""
    return reader(home)
