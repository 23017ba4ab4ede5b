"""The day in a terminal."""

import json
from pathlib import Path

from claude_lens.happened.visits import NAME
from tests.commands.conftest import OTHER, SESSION
from tests.commands.filled import fill
from tests.harness.lens import Lens


def test_json(recorded: Lens) -> None:
    found = json.loads(recorded.lensctl("today", "--json", "--since", "2025-10-01").stdout)
    assert set(found) >= {
        "running",
        "waiting",
        "finished",
        "failed",
        "cost_usd",
        "usual_usd",
        "windows",
        "losses",
        "dearest",
        "since",
    }
    assert {one["id"] for one in found["finished"]} == {OTHER, SESSION}
    assert found["cost_usd"] == 0
    assert not (recorded.home / NAME).exists()


def test_for_people(lens: Lens) -> None:
    user = fill(lens)
    lines = user.lensctl("today", "--since", "2025-10-01").stdout
    assert "today $0.0000" in lines
    assert "finished since" in lines
    assert "prompt of 1" in lines
    assert "\x1b" not in lines


def test_nothing_yet(lens: Lens) -> None:
    done = lens.lensctl("today")
    assert done.returncode == 0
    assert "run: claude-lens" in done.stdout


def test_a_look_is_remembered(lens: Lens, tmp_path: Path) -> None:
    user = fill(lens)
    assert user.lensctl("today").returncode == 0
    assert (user.home / NAME).exists()


def test_a_time_that_is_none(lens: Lens) -> None:
    done = lens.lensctl("today", "--since", "soon")
    assert done.returncode == 2
    assert "is no time" in done.stderr
