from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from claude_lens.errors import UserError
from claude_lens.replay.stage import Wanted, replay, temporary
from claude_lens.store.reading.queries import Reader
from tests.replay.conftest import SESSION


def test_the_folder_is_gone_afterwards() -> None:
    kept: list[Path] = []

    def ended() -> None:
        with temporary() as folder:
            kept.append(folder)
            (folder / "x").write_text("x")
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt):
        ended()
    assert not kept[0].exists()


def test_real_tools_need_the_project(stored: Reader, tmp_path: Path) -> None:
    client = tmp_path / "claude"
    client.write_text("#!/bin/sh\necho 2.1.332\n")
    client.chmod(0o755)
    wanted = Wanted(session=SESSION, tools="real", claude=client)
    with pytest.raises(UserError, match="/home/me/x is not there any more"):
        replay(stored, wanted, lambda _: None)
