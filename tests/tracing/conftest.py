"""Fixtures of the tracing tests: an OTLP endpoint, and an environment without anybody's backends."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.tracing.collector import Collector

OURS = ("ARIZE_", "OTEL_", "OPENINFERENCE_")


@pytest.fixture(autouse=True)
def clean_environment() -> Iterator[None]:
    """No tracing variable comes into a test, and none that it sets outlives it."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(OURS)}
    yield
    for name in [name for name in os.environ if name.startswith(OURS)]:
        del os.environ[name]
    os.environ.update(kept)


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A running OTLP endpoint that accepts everything."""
    with Collector() as running:
        yield running
