from __future__ import annotations

import json

from tests.commands.conftest import OTHER, SESSION
from tests.commands.filled import fill
from tests.harness.lens import Lens


def sessions(user: Lens) -> set[str]:
    return {one["id"] for one in json.loads(user.lensctl("sessions", "--json").stdout)}


def test_a_session_goes(lens: Lens) -> None:
    fill(lens)
    dry = json.loads(lens.lensctl("prune", "--session", "1111", "--dry-run", "--json").stdout)
    assert (dry["exchanges"], dry["sessions"]) == (3, 1)
    assert sessions(lens) == {SESSION, OTHER}
    assert lens.lensctl("prune", "--session", "1111").stdout.startswith(
        "3 exchanges and 1 whole sessions gone"
    )
    assert sessions(lens) == {OTHER}


def test_settings_decide_without_options(lens: Lens) -> None:
    fill(lens)
    refused = lens.lensctl("prune")
    assert refused.returncode == 2
    assert "--older-than" in refused.stderr
    lens.environment["CLAUDE_LENS_KEEP_DAYS"] = "30"
    assert lens.lensctl("prune").stdout.startswith("4 exchanges")
    assert sessions(lens) == set()


def test_mistakes(lens: Lens) -> None:
    assert lens.lensctl("prune", "--max-size", "large").returncode == 2
    assert lens.lensctl("prune", "--older-than", "soon").returncode == 2
    assert lens.lensctl("prune", "--session", "zzz").returncode == 2
