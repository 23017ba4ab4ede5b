"""What a worker process has once, LiteLLM loaded or not: settings, lane, connections, feed, guard."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import os
from functools import lru_cache
from importlib.metadata import entry_points

from claude_lens.agents.files import AgentFiles
from claude_lens.capture.agent_log import AgentLog
from claude_lens.capture.asking import Asking, Cache
from claude_lens.capture.door import Door
from claude_lens.capture.guarding import Guard
from claude_lens.capture.lane import Lane
from claude_lens.capture.upstream import UpstreamClient
from claude_lens.recorder.feed import Feed, recorder_command
from claude_lens.recorder.sinks import GROUP
from claude_lens.settings import Settings, load

log = logging.getLogger("claude_lens")


class Worker:
    """One worker. ``own_server`` is true where ``claude_lens.capture.server`` runs it.

    ``sinks`` are those of ours that are enabled, ``lanes`` the requests counted by lane and reason.
    """

    def __init__(self, settings: Settings, *, own_server: bool = False) -> None:
        self.settings = settings
        self.own_server = own_server
        self.sinks: set[str] = set()
        self.lanes: dict[str, int] = {}
        self.door = Door(settings)
        self.client = UpstreamClient(settings)
        self.lane = Lane(self.client, settings, own_server=own_server)
        self.cache = Cache()
        self.asking = Asking(AgentLog(lambda: self.cache), AgentFiles(), strict=settings.strict)
        self.guard = Guard(settings, self.asking)
        self._feed: tuple[int, Feed] | None = None

    def feed(self) -> Feed | None:
        """This process's feed, started at the first call; None where no sink is enabled."""
        if self._feed and self._feed[0] == os.getpid():
            return self._feed[1]
        if not self.sinks and not _foreign_sinks():
            # Nobody will tell what was spent.
            self.guard.complete = True
            return None
        feed = Feed(
            recorder_command(sorted(self.sinks)),
            home=self.settings.home,
            limit=self.settings.queue_bytes,
            spool_limit=self.settings.spool_bytes,
            log=log.error,
            told=self.guard.told,
        )
        self._feed = (os.getpid(), feed)
        feed.start()
        atexit.register(feed.close)
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop()
            self.guard.start()
        return feed

    async def close(self) -> None:
        """Write out what was recorded and close the connections."""
        await self.guard.close()
        await self.client.close()
        if self._feed and self._feed[0] == os.getpid():
            self._feed[1].close()


def _foreign_sinks() -> bool:
    return any(not entry.value.startswith("claude_lens.") for entry in entry_points(group=GROUP))


_own_server = False


def serve_ourselves() -> None:
    """Say, before anything else is asked here, that our own server wraps LiteLLM's app."""
    global _own_server
    _own_server = True


@lru_cache(maxsize=1)
def worker() -> Worker:
    """The worker that this process is."""
    return Worker(load(), own_server=_own_server)
