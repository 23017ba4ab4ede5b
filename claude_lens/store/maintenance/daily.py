"""Starting what the store needs once a day, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Final

from claude_lens.settings import Settings

FIRST_AFTER: Final = 60.0
LOOK_EVERY: Final = 3600.0


class Daily:
    """Starts ``claude_lens.store.maintenance.retention`` now and then, where the settings limit what is kept.

    Whether a day has passed that process finds out itself: several recorders share a database.
    """

    def __init__(self, settings: Settings) -> None:
        self._wanted = settings.keep_days is not None or settings.max_size is not None
        self._next = time.monotonic() + FIRST_AFTER
        self._running: subprocess.Popen[bytes] | None = None

    def tick(self) -> None:
        """Called often; costs nothing until it is time. Raises ``OSError`` where no process starts."""
        if not self._wanted or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + LOOK_EVERY
        if self._running is None or self._running.poll() is not None:
            self._running = subprocess.Popen(
                [sys.executable, "-m", "claude_lens.store.maintenance.retention"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    def close(self) -> None:
        """Stop what runs; it can be stopped at any moment."""
        if self._running is not None and self._running.poll() is None:
            self._running.terminate()
            self._running.wait()
