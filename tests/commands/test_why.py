from __future__ import annotations

import json

from tests.commands.conftest import SESSION
from tests.harness.lens import Lens


def test_a_session_and_an_exchange(recorded: Lens) -> None:
    found = json.loads(recorded.lensctl("why", SESSION, "--json").stdout)
    # The same request four times: none of them goes on from another.
    assert [(one["verdict"], one["cause"]) for one in found] == [("hit", "first")] * 4
    alone = json.loads(recorded.lensctl("why", "05", "--json").stdout)
    assert alone == found[-1]


def test_for_people(recorded: Lens) -> None:
    assert "0 of 4 requests missed the cache" in recorded.lensctl("why", SESSION).stdout
    assert "the agent's first request" in recorded.lensctl("why", "05").stdout
    assert recorded.lensctl("why", "zzz").returncode == 2


def test_a_range_is_added_up(recorded: Lens) -> None:
    found = json.loads(recorded.lensctl("why", "--since", "2000-01-01", "--json").stdout)
    assert (found["misses"], found["causes"], found["cost_usd"]) == (0, [], 0)
    assert found["requests"] > 4
    shown = recorded.lensctl("why", "--since", "2000-01-01")
    assert shown.stdout == f"0 of {found['requests']} requests missed the cache\n"
    nothing = recorded.lensctl("why", "--project", "/nowhere")
    assert nothing.stdout == "no request was recorded in this range\n"


def test_a_range_and_a_session_are_one_too_many(recorded: Lens) -> None:
    refused = recorded.lensctl("why", SESSION, "--since", "7d")
    assert refused.returncode == 2
    assert "not both" in refused.stderr
