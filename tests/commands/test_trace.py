"""``lensctl trace``."""

from __future__ import annotations

import json

from tests.commands.conftest import OTHER, SESSION
from tests.harness.lens import Lens
from tests.tracing.collector import Collector


def test_a_recorded_session_is_sent(recorded: Lens) -> None:
    with Collector() as collector:
        sent = json.loads(recorded.lensctl("trace", SESSION[:6], "--to", collector.url, "--json").stdout)
        assert [(one["backend"], one["spans"]) for one in sent] == [("otlp", len(collector.spans))]
        assert {span.name for span in collector.spans} >= {"chat claude-sonnet-4-5"}
        told = recorded.lensctl("trace", OTHER, "--to", collector.url).stdout
        assert told.strip().endswith(f"spans sent to {collector.url}/v1/traces")


def test_all_sessions_since(recorded: Lens) -> None:
    with Collector() as collector:
        done = recorded.lensctl("trace", "--since", "2020-01-01", "--to", collector.url, "--json", check=True)
        (sent,) = json.loads(done.stdout)
        assert sent["spans"] == len(collector.spans)
        sessions = {
            a.value.string_value for s in collector.spans for a in s.attributes if a.key == "session.id"
        }
        assert {SESSION, OTHER} <= sessions
    both = recorded.lensctl("trace", SESSION, "--since", "7d")
    assert (both.returncode, "not both" in both.stderr) == (2, True)


def test_without_a_backend(recorded: Lens) -> None:
    done = recorded.lensctl("trace", check=False)
    assert done.returncode == 2
    assert "lensctl: no backend" in done.stderr
    wrong = recorded.lensctl("trace", "--to", "localhost:6006", check=False)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert wrong.stderr.startswith("lensctl: --to 'localhost:6006' is not valid: expected an address")
    gone = recorded.lensctl("trace", "--to", "http://127.0.0.1:9", check=False)
    assert gone.returncode == 1
    assert "no connection" in gone.stderr
