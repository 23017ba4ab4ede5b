"""Starting what the store needs now and then, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Final

from claude_lens.settings import Settings

FIRST_AFTER: Final = 60.0
LOOK_EVERY: Final = 3600.0
AHEAD_EVERY: Final = 300.0
"""Seconds between two looks whether sessions went quiet: a page that shows one then has it worked out."""
ROOM: Final = "claude_lens.store.maintenance"


class Daily:
    """Starts ``claude_lens.store.maintenance.retention`` now and then, where the settings limit what is kept.

    Whether a day has passed that process finds out itself: several recorders share a database. ``upgrading``
    is started where an earlier version's database is not brought over whole yet, as ``is_older`` says,
    ``claude_lens.findings.ahead`` where sessions wait for it, as ``is_behind`` says.
    """

    def __init__(
        self,
        settings: Settings,
        is_older: Callable[[], bool] = lambda: False,
        is_behind: Callable[[], bool] = lambda: False,
    ) -> None:
        wanted = settings.keep_days is not None or settings.max_size is not None
        self._jobs = [
            _Job(f"{ROOM}.retention", lambda: wanted, time.monotonic() + FIRST_AFTER),
            _Job(f"{ROOM}.upgrading", is_older, 0.0),
            _Job("claude_lens.findings.ahead", is_behind, time.monotonic() + FIRST_AFTER, AHEAD_EVERY),
        ]

    def tick(self) -> None:
        """Called often; costs nothing until it is time. Raises ``OSError`` where no process starts."""
        for job in self._jobs:
            job.tick()

    @property
    def running(self) -> bool:
        """Whether any of them runs."""
        return any(job.runs for job in self._jobs)

    def close(self) -> None:
        """Stop what runs; it can be stopped at any moment."""
        for job in self._jobs:
            job.close()


class _Job:
    """A module that is run as a program, when it is ``wanted`` and time for it."""

    def __init__(
        self, module: str, wanted: Callable[[], bool], first: float, every: float = LOOK_EVERY
    ) -> None:
        self._module, self._wanted, self._next, self._every = module, wanted, first, every
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def tick(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._every
        if not self.runs and self._wanted():
            self._running = subprocess.Popen(
                [sys.executable, "-m", self._module],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    def close(self) -> None:
        if self._running is not None and self.runs:
            self._running.terminate()
            self._running.wait()
