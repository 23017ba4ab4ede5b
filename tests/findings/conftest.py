"""The store's fixtures, for what is read out of it."""

from __future__ import annotations

import pytest

from tests.store import conftest as store
from tests.store.conftest import backend, make, new_url, reader, sink, url

__all__ = ["backend", "make", "new_url", "reader", "sink", "url"]

ASKING = ("accepted", "cache_pause", "kept", "look", "read_again", "report", "session")
"""Modules that ask the database in words of their own, and two kinds for all that read a session."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Both kinds of database for these."""
    if metafunc.module.__name__.rpartition("test_")[2] in ASKING:
        store.pytest_generate_tests(metafunc)
