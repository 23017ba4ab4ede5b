from __future__ import annotations

import json

from tests.commands.conftest import OTHER, SESSION
from tests.harness.lens import Lens


def test_numbers_as_json(recorded: Lens) -> None:
    found = json.loads(recorded.lensctl("stats", "--by", "session", "--json").stdout)
    assert (found["total"]["requests"], found["total"]["errors"], found["total"]["unpriced"]) == (6, 1, 1)
    assert {one["key"]: one["requests"] for one in found["groups"]} == {SESSION: 5, OTHER: 1}
    assert found["limits"] is None


def test_days_as_if_on_another_model(recorded: Lens) -> None:
    words = ("stats", "--by", "day", "--tz", "UTC", "--as-if", "claude-sonnet-4-5", "--json")
    found = json.loads(recorded.lensctl(*words).stdout)
    assert [one["key"] for one in found["groups"]] == ["2025-10-09"]
    # Five answers of 10 fresh tokens, 90 from the cache, 5 out, at 3, 0.30 and 15 dollars a million.
    assert abs(found["total"]["as_if_usd"] - 5 * (10 * 3 + 90 * 0.3 + 5 * 15) / 1e6) < 1e-12


def test_for_people(recorded: Lens) -> None:
    shown = recorded.lensctl("stats", "--by", "model").stdout
    assert "gpt-5" in shown
    assert "$0.0400 + ?" in shown
    assert "? 1 requests of models without a known price" in shown
    assert recorded.lensctl("stats", "--tools").stdout.startswith("tool")


def test_mistakes(recorded: Lens) -> None:
    assert recorded.lensctl("stats", "--as-if", "no-model").returncode == 2
    assert recorded.lensctl("stats", "--by", "colour").returncode == 2
