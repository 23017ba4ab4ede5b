from __future__ import annotations

import json

from tests.commands.conftest import SESSION
from tests.harness.lens import Lens


def test_a_session_and_an_exchange(recorded: Lens) -> None:
    found = json.loads(recorded.lensctl("why", SESSION, "--json").stdout)
    assert [one["cause"] for one in found] == ["not asked"] * 4
    alone = json.loads(recorded.lensctl("why", "05", "--json").stdout)
    assert alone == found[-1]


def test_for_people(recorded: Lens) -> None:
    assert "0 of 4 requests missed the cache" in recorded.lensctl("why", SESSION).stdout
    assert "no cache_control" in recorded.lensctl("why", "05").stdout
    assert recorded.lensctl("why", "zzz").returncode == 2
