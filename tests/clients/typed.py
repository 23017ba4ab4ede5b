"""A client that somebody types at: lines once it listens, each until it is answered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress

from tests.harness import ROOT, Claude
from tests.harness.interactive import introduce
from tests.harness.terminal import Terminal
from tests.upstream import Provider

COMMAND = (ROOT / "bin" / "claude-lens", "--dangerously-skip-permissions")
READY = "bypass permissions on"
RETURNS = 5
QUIET = 2.0
"""Seconds without a request after which a client waits for its human."""


def acquaint(user: Claude) -> None:
    """Answer what the client would ask its new user first."""
    introduce(user.home, user.cwd, "")
    (user.home / ".claude").mkdir(exist_ok=True)
    settings = {"skipDangerousModePermissionPrompt": True}
    (user.home / ".claude" / "settings.json").write_text(json.dumps(settings))


class Typist:
    """Types at a client in ``terminal`` whose requests end at ``provider``."""

    def __init__(self, terminal: Terminal, provider: Provider) -> None:
        self.terminal, self.provider = terminal, provider

    def begin(self) -> None:
        """Wait until it takes input."""
        self.terminal.wait(READY)
        self.settle()

    def tell(self, line: str, ready: str | Callable[[], object], seconds: float = 90) -> None:
        """Type a line, and wait for what it shows then, or a condition."""
        start, asked = len(self.terminal.output), len(self.provider.requests)
        self.terminal.type(line)

        def holds() -> object:
            return self.terminal.shows(ready, start + len(line)) if isinstance(ready, str) else ready()

        # A client that is busy takes a return that follows at once for a line of what is pasted.
        for _ in range(RETURNS):
            self.terminal.type("\r")
            with suppress(AssertionError):
                self.terminal.wait(lambda: len(self.provider.requests) > asked or holds(), 8)
                break
        self.terminal.wait(ready, seconds, start)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing was asked for a while, and every answer is read."""
        seen, since = -1, time.monotonic()

        def quiet() -> bool:
            nonlocal seen, since
            count = len(self.provider.requests)
            if count != seen or len(self.provider.outcomes) < count:
                seen, since = count, time.monotonic()
            return time.monotonic() - since > QUIET

        self.terminal.wait(quiet)

    def leave(self) -> int:
        """Type ``/exit``; the client's exit code."""
        self.terminal.type("/exit")
        for _ in range(RETURNS):
            self.terminal.type("\r")
            with suppress(AssertionError):
                return self.terminal.ended(8)
        return self.terminal.ended()
