from __future__ import annotations

import json

import pytest

from tests.commands.filled import fill
from tests.harness.lens import Lens

# 10 fresh, 90 read, 5 out at Sonnet 4.5's published 3, 0.30 and 15 dollars a million.
USD = (10 * 3 + 90 * 0.3 + 5 * 15) / 1e6


def test_costs_are_todays(lens: Lens) -> None:
    fill(lens)
    assert "4 of 4 costs would change" in lens.lensctl("reprice", "--dry-run").stdout
    done = json.loads(lens.lensctl("reprice", "--json").stdout)
    assert (done["changed"], done["unknown"]) == (4, 0)
    found = json.loads(lens.lensctl("stats", "--json").stdout)
    assert found["total"]["cost_usd"] == pytest.approx(4 * USD)
    assert json.loads(lens.lensctl("reprice", "--json").stdout)["changed"] == 0
