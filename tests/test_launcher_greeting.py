"""The first run from a home folder explains itself, once."""

from __future__ import annotations

import sys

from tests.harness.lens import Lens
from tests.harness.processes import ROOT
from tests.harness.terminal import Terminal


def on_a_terminal(user: Lens, **environment: str) -> str:
    """What the launcher and its claude write on a terminal of 80 columns, lines joined."""
    command = (sys.executable, ROOT / "bin" / "claude-lens")
    with Terminal(command, {**user.environment, **environment}, user.cwd, (80, 24)) as terminal:
        assert terminal.ended() == 7
        return terminal.text().replace("\n", "")


def test_two_lines_once_and_only_on_a_terminal(served: Lens) -> None:
    (served.home / "greeted").unlink(missing_ok=True)
    assert served.launch().stderr == ""
    assert "recorded" not in on_a_terminal(served, CLAUDE_LENS_GREETING="off")
    said = on_a_terminal(served)
    assert f"all that claude sends and gets is recorded in {served.home}, on this machine" in said
    assert "lensctl open, or lensctl last" in said
    assert "CLAUDE_LENS_GREETING=off" in said
    assert said.index("lensctl open") < said.index("fake claude ran")
    assert on_a_terminal(served).strip() == "fake claude ran"
