import sys
from pathlib import Path

import pytest

from tests.harness.processes import child_environment
from tests.harness.terminal import Terminal

PROGRAM = r"""
import os, shutil, sys
print("\x1b[1mready\x1b[0m", sys.stdin.isatty(), shutil.get_terminal_size().columns)
print("a\x1b[3Cb \x1b]0;title\x07", "got", input())
sys.exit(3)
"""


def test_a_program_on_a_terminal(tmp_path: Path) -> None:
    with Terminal([sys.executable, "-c", PROGRAM], child_environment(), tmp_path, (77, 20)) as terminal:
        terminal.wait("ready True 77")
        terminal.enter("typed")
        assert terminal.ended() == 3
        assert "a   b  got typed" in terminal.text()
        assert "title" not in terminal.text()


def test_a_wait_in_vain_shows_what_there_was(tmp_path: Path) -> None:
    with Terminal([sys.executable, "-c", "print('only this')"], child_environment(), tmp_path) as terminal:
        with pytest.raises(AssertionError, match="only this"):
            terminal.wait("something else", 10)
        assert terminal.ended() == 0
