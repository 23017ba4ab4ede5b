"""Real clients show our status line once it is installed, with what only the proxy knows."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.typed import COMMAND, Typist, acquaint
from tests.clients.versions import GATE, NEWEST, program
from tests.harness import Claude, Proxy
from tests.harness.terminal import Terminal
from tests.upstream import Provider, Tokens, always, say, text

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
SPENT = Tokens(input=100_000, output=10_000)
"""45 cents at the price of the model that the client asks for; a title costs as much."""


@pytest.fixture(scope="module")
def lined(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with Proxy(tmp_path_factory.mktemp("status line home"), provider.url) as running:
        yield running
        running.assert_sound()


@pytest.mark.parametrize(
    "version",
    [pytest.param(one, marks=() if one == NEWEST else pytest.mark.clients, id=one) for one in GATE],
)
def test_installed_it_shows(version: str, lined: Proxy, upstream: Provider, tmp_path: Path) -> None:
    found = program(version)
    if found is None:
        pytest.skip(f"client {version} is not installed: run `make clients`")
    upstream.play(always(say(text("well heard"), tokens=SPENT)))
    user = Claude(tmp_path, upstream.url, lined)
    user.environment["CLAUDE_LENS_CLAUDE"] = str(found)
    acquaint(user)
    settings = user.home / ".claude" / "settings.json"
    before = settings.read_text()
    lensctl(user, "--install", "--yes")
    assert json.loads(settings.read_text())["skipDangerousModePermissionPrompt"] is True
    lined.lensctl("guard", "set", "--session", "20")
    with Terminal(COMMAND, user.environment, user.cwd) as terminal:
        typist = Typist(terminal, upstream)
        typist.begin()
        typist.tell("hello", "well heard")
        # The first is the client's own figure; that a session's limit is spent from, only the proxy knows.
        terminal.wait(lambda: terminal.shows("sonnet-4.5 · ") and terminal.shows("session $"), 60)
        terminal.wait(lambda: terminal.shows(" of $20"), 60)
        assert typist.leave() == 0
    lensctl(user, "--remove")
    assert settings.read_text() == before


def lensctl(user: Claude, *arguments: str) -> None:
    command = [sys.executable, "-P", "-m", "claude_lens.cli", "statusline", *arguments]
    done = subprocess.run(
        command, env=user.environment, cwd=user.cwd, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr + done.stdout
