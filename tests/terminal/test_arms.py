from __future__ import annotations

import pytest

from claude_lens.terminal.arms import table

USAGE = {
    "input_tokens": 10,
    "output_tokens": 20,
    "cache_read_input_tokens": 90,
    "cache_creation_input_tokens": 0,
}
ARM = {
    "model": "haiku",
    "session_id": "s1",
    "verdict": {"exit_code": 0, "passed": True},
    "turns": 3,
    "usage": USAGE,
    "cost_usd": 0.25,
    "duration_ms": 1500.0,
    "files_changed": ["a", "b"],
    "error": None,
}
FAILED = {
    **ARM,
    "session_id": None,
    "verdict": None,
    "usage": None,
    "cost_usd": None,
    "error": "it\x1b[31m broke",
}


def test_a_row_an_arm(capsys: pytest.CaptureFixture[str]) -> None:
    no = {**ARM, "model": "opus", "verdict": {"exit_code": 1, "passed": False}}
    table({"origin": "o1", "from": "f" * 32, "arms": [ARM, no, FAILED]})
    out = capsys.readouterr().out
    lines = [line.split() for line in out.splitlines()]
    assert lines[1][:2] == ["haiku", "passed"]
    assert lines[2][:2] == ["opus", "failed"]
    assert lines[3][:2] == ["haiku", "error"]
    assert "$0.2500" in lines[1]
    assert "haiku: it [31m broke" in out
    assert "lensctl sessions --tag fork-of:o1" in out
