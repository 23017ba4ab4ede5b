from __future__ import annotations

import sys

from tests.commands.filled import fill
from tests.harness.lens import Lens


def test_it_asks_first(lens: Lens) -> None:
    fill(lens)
    asked = lens.lensctl("reset")
    assert asked.returncode == 2
    assert "for good?" in asked.stderr
    assert asked.stderr.endswith("lensctl: nobody is there to answer: --yes deletes without asking\n")
    line = f'echo n | "{sys.executable}" -P -m claude_lens reset'
    refused = lens.run("sh", "-c", line)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.endswith("lensctl: nothing was deleted\n")
    assert (lens.home / "lens.db").exists()


def test_everything_is_gone(lens: Lens) -> None:
    fill(lens)
    assert lens.lensctl("reset", "--yes").stdout.endswith("deleted\n")
    assert not list(lens.home.glob("lens.db*"))
    assert lens.lensctl("reset", "--yes").stdout == "there was nothing to delete\n"
    assert lens.lensctl("sessions", "--json").stdout == "[]\n"
