"""The test span of ``lensctl doctor``."""

from __future__ import annotations

from pathlib import Path

import pytest

from claude_lens.settings import load
from claude_lens.tracing.probe import send_test_span
from tests.tracing.collector import Collector


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_LENS_HOME", str(tmp_path))


def test_off() -> None:
    ok, line = send_test_span(load())
    assert ok
    assert line.startswith("off")


def test_taken_and_not_taken(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    assert send_test_span(load()) == (True, f"otlp at {collector.url}/v1/traces took a test span")
    assert collector.spans[0].name == "lensctl doctor"
    collector.mode = "partial"
    ok, line = send_test_span(load())
    assert (ok, "too old" in line) == (False, True)
    collector.stop()
    ok, line = send_test_span(load())
    assert not ok
    assert line.endswith("did not take a test span: no connection")


def test_no_credential_is_shown(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.replace("//", "//me:pass-word@"))
    assert send_test_span(load()) == (True, f"otlp at {collector.url}/v1/traces took a test span")


def test_half_a_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARIZE_SPACE_ID", "s")
    ok, line = send_test_span(load())
    assert not ok
    assert "ARIZE_API_KEY" in line
