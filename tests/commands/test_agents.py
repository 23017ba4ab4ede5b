from __future__ import annotations

import json

from tests.commands.conftest import SESSION
from tests.harness.lens import Lens


def test_the_tree_as_json(recorded: Lens) -> None:
    found = json.loads(recorded.lensctl("agents", SESSION, "--json").stdout)
    (main,) = found["agents"]
    (explore,) = main["agents"]
    (counter,) = explore["agents"]
    assert [one["id"] for one in (main, explore, counter)] == [None, "a1", "a2"]
    assert explore["total_cost_usd"] == explore["cost_usd"] == 0.01
    assert main["total_cost_usd"] == main["cost_usd"] + explore["cost_usd"]
    assert counter["cost_usd"] is None


def test_for_people(recorded: Lens) -> None:
    lines = recorded.lensctl("agents", SESSION).stdout.splitlines()
    outer, inner = (next(x for x in lines if name in x) for name in ("Explore look", "counter"))
    assert inner.index("counter") > outer.index("Explore")
    assert "?" in inner
