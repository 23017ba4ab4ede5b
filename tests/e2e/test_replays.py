"""Long sessions of two clients, recorded and played again: nothing diverges, whichever way and how often."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.clients.versions import NEWEST, program
from tests.e2e.played_again import Played, claude, project, recorded_in, replay
from tests.harness.lens import Lens
from tests.upstream import Provider

pytestmark = [pytest.mark.replays, pytest.mark.timeout(900)]
VERSIONS = ("2.1.197", NEWEST)


def recorded(user: Lens, provider: Provider, folder: Path, client: Path) -> tuple[str, int]:
    """A session of two prompts with a compaction between them; its id, and how many requests it had."""
    provider.play(Played(folder, agents=True).script)
    session = claude(user, folder, "MAIN go", client=client)["session_id"]
    for words in ("/compact", "SECOND go"):
        claude(user, folder, words, "--resume", session, client=client)
    return session, len(recorded_in(user, session, 17)["exchanges"])


@pytest.mark.parametrize("version", VERSIONS)
def test_a_long_session(version: str, served: Lens, provider: Provider, tmp_path: Path) -> None:
    client = program(version)
    if client is None:
        pytest.skip(f"client {version} is not installed: run `make clients`")
    folder = project(tmp_path)
    session, requests = recorded(served, provider, folder, client)
    before = len(provider.requests)
    status = subprocess.check_output(["git", "status", "--porcelain"], cwd=folder)
    for tools in ("recorded", "real"):
        for _ in range(3):
            told = replay(served, session, "--tools", tools, client=client)
            assert (told["matched"], told["diverged"], told["unused"]) == (requests, [], 0)
    assert len(provider.requests) == before
    assert subprocess.check_output(["git", "status", "--porcelain"], cwd=folder) == status
