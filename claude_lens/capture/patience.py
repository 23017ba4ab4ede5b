"""How long a client may leave an answer unread, though its connection is open."""

from __future__ import annotations

import asyncio


class Patience:
    """Cancels the task that made it where one sending takes ``seconds``; ``over`` then tells the reason.

    One timer an answer: ``asyncio.timeout`` around each piece would cost more than forwarding it.
    """

    def __init__(self, seconds: float) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._since: float | None = None
        self._timer = self._loop.call_later(seconds, self._look)
        self.over = False

    def begin(self) -> None:
        """Sending begins."""
        self._since = self._loop.time()

    def end(self) -> None:
        """It was taken."""
        self._since = None

    def spent(self) -> None:
        """The cancellation was ours, and has been dealt with."""
        self._task.uncancel()

    def close(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        began = now if self._since is None else self._since
        if began + self._seconds > now:
            self._timer = self._loop.call_at(began + self._seconds, self._look)
        else:
            self.over = True
            self._task.cancel()
