"""Whether there is tracing, and what it costs where there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from claude_lens.errors import SettingError
from claude_lens.recorder.sinks import Counting, Idling, Sink, factories
from claude_lens.settings import load
from claude_lens.tracing.sink import open_sink
from tests.harness import child_environment
from tests.tracing.collector import Collector

OFF = """
import json, sys
from claude_lens.settings import load
from claude_lens.tracing.sink import open_sink
assert open_sink(load()) is None
heavy = ("opentelemetry", "openinference", "arize")
print(json.dumps([name for name in sys.modules if name.split(".")[0] in heavy]))
"""


def test_it_is_installed() -> None:
    assert factories(frozenset({"tracing"}))["tracing"] is open_sink


def test_off_imports_nothing(tmp_path: Path) -> None:
    environment = child_environment(CLAUDE_LENS_HOME=str(tmp_path), HOME=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", OFF], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_on_by_the_environment_or_the_env_file(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_LENS_HOME", str(tmp_path))
    (tmp_path / ".env").write_text(
        f"OTEL_EXPORTER_OTLP_ENDPOINT={collector.url}\nOTEL_EXPORTER_OTLP_HEADERS=tenant=me\n"
    )
    sink = open_sink(load())
    assert isinstance(sink, Sink)
    assert isinstance(sink, Counting)
    assert isinstance(sink, Idling)
    assert list(sink.counters()) == ["otlp"]
    assert os.environ["OTEL_EXPORTER_OTLP_HEADERS"] == "tenant=me"
    sink.close()


def test_half_a_credential_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_LENS_HOME", str(tmp_path))
    monkeypatch.setenv("ARIZE_API_KEY", "k")
    with pytest.raises(SettingError, match="ARIZE_SPACE_ID"):
        open_sink(load())
