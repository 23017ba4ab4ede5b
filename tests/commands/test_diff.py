from __future__ import annotations

import json

from tests.commands.conftest import OTHER, SESSION
from tests.harness.lens import Lens


def test_two_turns(recorded: Lens) -> None:
    found = json.loads(recorded.lensctl("diff", f"{SESSION}:1", f"{OTHER}:1", "--json").stdout)
    (change,) = found["changes"]
    assert (change["part"], change["kind"], change["index"]) == ("messages", "changed", 0)
    assert (found["a"][:2], found["b"][:2]) == ("01", "10")


def test_for_people_with_the_one_before(recorded: Lens) -> None:
    shown = recorded.lensctl("diff", "05").stdout
    assert "01" in shown
    assert "1 messages" in shown


def test_mistakes(recorded: Lens) -> None:
    assert "agent's first" in recorded.lensctl("diff", "01").stderr
    assert recorded.lensctl("diff", "01", "zz").returncode == 2
