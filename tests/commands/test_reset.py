from __future__ import annotations

from tests.commands.filled import fill
from tests.harness.lens import Lens


def test_it_asks_first(lens: Lens) -> None:
    fill(lens)
    asked = lens.lensctl("reset")
    assert asked.returncode == 130
    assert "for good?" in asked.stderr
    assert (lens.home / "lens.db").exists()


def test_everything_is_gone(lens: Lens) -> None:
    fill(lens)
    assert lens.lensctl("reset", "--yes").stdout.endswith("deleted\n")
    assert not list(lens.home.glob("lens.db*"))
    assert lens.lensctl("reset", "--yes").stdout == "there was nothing to delete\n"
    assert lens.lensctl("sessions", "--json").stdout == "[]\n"
