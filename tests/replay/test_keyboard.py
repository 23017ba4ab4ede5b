from __future__ import annotations

import os
import sys
from pathlib import Path

from claude_lens.replay.keyboard import Keyboard

ECHO = "import sys\nfor line in sys.stdin: print('got', line.strip(), flush=True)\n"


def test_typing(tmp_path: Path) -> None:
    with Keyboard([sys.executable, "-c", ECHO], dict(os.environ), tmp_path) as keyboard:
        keyboard.type("hello")
        keyboard.press("\n")
        assert keyboard.wait(lambda: b"got hello" in keyboard.tail, 20)
        assert keyboard.code() is None
        assert keyboard.quiet_for() < 20
        assert not keyboard.wait(lambda: b"got never" in keyboard.tail, 0.2)
        keyboard.press("\x04")
        assert keyboard.wait(lambda: keyboard.code() is not None, 20)
        assert keyboard.code() == 0


def test_it_ends_with_its_block(tmp_path: Path) -> None:
    with Keyboard([sys.executable, "-c", "input()"], dict(os.environ), tmp_path) as keyboard:
        keyboard.read(0.1)
    assert keyboard.code() is not None
