from __future__ import annotations

import json
from pathlib import Path

import pytest

from claude_lens.store.sink import StoreSink
from tests.findings.planted import READ, WRITE, Talk, said, used
from tests.harness.lens import Lens
from tests.store.conftest import Make

CACHED = 80_000
LOST = CACHED * (WRITE - READ)
SINCE = ("--since", "2025-10-01")


@pytest.fixture
def user(tmp_path: Path, make: Make) -> Lens:
    """A session that a pause made dearer, long ago."""
    one = Lens(tmp_path)
    one.home.mkdir(mode=0o700)
    sink = StoreSink(one.settings.database_url)
    talk = Talk(sink, make)
    talk.turn("first", [said("to first")], used(0, CACHED))
    talk.at += 14 * 60
    talk.turn("second", [said("to second")], used(0, CACHED + 100))
    sink.close()
    return one


def test_what_was_wasted(user: Lens) -> None:
    found = json.loads(user.lensctl("waste", *SINCE, "--json").stdout)
    (one,) = found["findings"]
    assert set(one) >= {"id", "kind", "measured", "usd", "tokens", "ms", "sentence", "remedy", "evidence"}
    assert one["usd"] == found["total_usd"] == pytest.approx(LOST)
    # What is kept of the session says the same.
    assert json.loads(user.lensctl("waste", *SINCE, "--json").stdout) == found
    shown = user.lensctl("waste", *SINCE).stdout
    assert f"${LOST:.4f}  measured  {one['id']}" in shown
    assert "→ export ENABLE_PROMPT_CACHING_1H=1" in shown
    assert "(46 %) in 1 session" in shown
    alone = json.loads(user.lensctl("waste", "--session", "s", "--json").stdout)
    assert alone["findings"] == found["findings"]


def test_nothing_to_tell(user: Lens) -> None:
    assert "no session was recorded in this range" in user.lensctl("waste").stdout
    assert "no session" in user.lensctl("waste", *SINCE, "--project", "/elsewhere").stdout
    assert user.lensctl("waste", "--since", "soon").returncode == 2
    assert "no finding was accepted yet" in user.lensctl("waste", "report").stderr


def test_accept_and_report(user: Lens) -> None:
    (one,) = json.loads(user.lensctl("waste", *SINCE, "--json").stdout)["findings"]
    noted = user.lensctl("waste", "accept", one["id"][:14], *SINCE)
    assert noted.stdout.startswith(f"{one['id']} is noted")
    (again,) = json.loads(user.lensctl("waste", *SINCE, "--json").stdout)["findings"]
    assert again["accepted_at"]
    assert "accepted 20" in user.lensctl("waste", *SINCE).stdout
    (outcome,) = json.loads(user.lensctl("waste", "report", "--json").stdout)
    # Neither before nor after was there a session in thirty days.
    assert (outcome["id"], outcome["effect"]) == (one["id"], "too early")
    assert "too early" in user.lensctl("waste", "report").stdout
    undone = json.loads(user.lensctl("waste", "accept", one["id"], "--undo", "--json").stdout)
    assert undone == {"id": one["id"], "accepted_at": None}
    assert json.loads(user.lensctl("waste", "report", "--json").stdout) == []


def test_accepting_needs_a_finding(user: Lens) -> None:
    refused = user.lensctl("waste", "accept", "cache-pause-")
    assert refused.returncode == 2
    assert "no finding 'cache-pause-': lensctl waste lists them" in refused.stderr
