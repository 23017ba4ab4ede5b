"""The launcher beside the client's own tracing."""

from pathlib import Path

import pytest

from claude_lens import launcher


@pytest.mark.parametrize(
    ("told", "joined"),
    [
        ({"CLAUDE_CODE_ENABLE_TELEMETRY": "1", "OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"CLAUDE_CODE_ENABLE_TELEMETRY": "1", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"CLAUDE_CODE_ENABLE_TELEMETRY": "1", "OTEL_METRICS_EXPORTER": "otlp"}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, False),
    ],
)
def test_a_client_that_traces_says_where_our_spans_belong(
    tmp_path: Path, told: dict[str, str], joined: bool
) -> None:
    place = launcher.Place({"CLAUDE_LENS_HOME": str(tmp_path)})
    changes = launcher.claude_environment(told, place, "k", True)
    assert changes.get("CLAUDE_CODE_PROPAGATE_TRACEPARENT") == ("1" if joined else None)
    mine = {**told, "CLAUDE_CODE_PROPAGATE_TRACEPARENT": "0"}
    assert "CLAUDE_CODE_PROPAGATE_TRACEPARENT" not in launcher.claude_environment(mine, place, "k", True)
