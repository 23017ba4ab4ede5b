from __future__ import annotations

import json

from tests.commands.conftest import SESSION
from tests.harness.lens import Lens


def test_tokens_add_up(recorded: Lens) -> None:
    found = json.loads(recorded.lensctl("context", "01", "--json").stdout)
    assert found["tokens"] == sum(item["tokens"] for item in found["items"]) == 100
    assert found["counted"]


def test_a_turn_for_people(recorded: Lens) -> None:
    shown = recorded.lensctl("context", f"{SESSION}:2").stdout
    assert "as the provider counted" in shown
    assert "100.0 %" in shown


def test_mistakes(recorded: Lens) -> None:
    assert recorded.lensctl("context", f"{SESSION}:77").returncode == 2
    assert recorded.lensctl("context", "zzz").returncode == 2
