"""The endpoint of the tests of the store."""

from tests.store.conftest import endpoint, remote

__all__ = ["endpoint", "remote"]
