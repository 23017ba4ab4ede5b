"""What exists once in a worker process: settings, feed, lane, and the front before LiteLLM's routes.

``callbacks/`` may be loaded twice by LiteLLM, so state lives here and not there.
"""

from __future__ import annotations

import atexit
import logging
import os
from functools import lru_cache
from importlib.metadata import entry_points

import litellm
from litellm.integrations.custom_logger import CustomLogger

from claude_lens.agents import routes
from claude_lens.agents.files import AgentFiles
from claude_lens.agents.targets import derived
from claude_lens.capture import host
from claude_lens.capture.agent_log import AgentLog
from claude_lens.capture.decision import Decider
from claude_lens.capture.front import Front, FrontRoute
from claude_lens.capture.hooks import CaptureHooks, Marker
from claude_lens.capture.lane import Lane
from claude_lens.capture.routing import RoutingHook, SubagentRouter
from claude_lens.capture.upstream import UpstreamClient
from claude_lens.recorder.feed import Feed, recorder_command
from claude_lens.recorder.sinks import GROUP
from claude_lens.settings import Settings, load

log = logging.getLogger("claude_lens")


class Plugin:
    """The plugin in one worker. ``own_server`` is true where ``claude_lens.capture.server`` runs it."""

    def __init__(self, settings: Settings, *, own_server: bool = False) -> None:
        self.settings = settings
        self.sinks: set[str] = set()
        self.hooks = CaptureHooks()
        self.client = UpstreamClient(settings)
        self.front = Front(
            decider=Decider(transparent=settings.transparent == "auto", forward_url=settings.forward_url),
            lane=Lane(self.client, settings, own_server=own_server),
            feed=self.feed,
            routing=lambda: self.router,
        )
        self.router: SubagentRouter | None = None
        self._feed: tuple[int, Feed] | None = None
        self._own_server = own_server

    def feed(self) -> Feed | None:
        """This process's feed, started at the first call; None where no sink is enabled."""
        if self._feed and self._feed[0] == os.getpid():
            return self._feed[1]
        if not self.sinks and not _foreign_sinks():
            return None
        feed = Feed(recorder_command(sorted(self.sinks)), limit=self.settings.queue_bytes, log=log.error)
        self._feed = (os.getpid(), feed)
        feed.start()
        atexit.register(feed.close)
        return feed

    def enable(self, sink: str) -> CaptureHooks:
        """Record into this sink of ours from now on, and stand before LiteLLM's routes."""
        self.sinks.add(sink)
        self.stand_in_front()
        return self.hooks

    def route(self) -> None:
        """Ask the rules of the configuration from now on, if it has any. Raises ConfigError, SettingError."""
        os.environ.update(derived(os.environ))
        # Responses, LiteLLM's default for OpenAI, takes no long tool names and is not what others speak.
        litellm.use_chat_completions_url_for_anthropic_messages = True
        found = routes.load(host.config_file() or self.settings.config, os.environ)
        if found:
            log = AgentLog(host.shared_cache)
            self.router = SubagentRouter(found, log, AgentFiles(), strict=self.settings.strict)
        self.stand_in_front()

    def stand_in_front(self) -> None:
        """Put our route first, where LiteLLM's own server runs the app. Does nothing the second time."""
        if self._own_server:
            return
        from litellm.proxy.proxy_server import app

        routes = app.router.routes
        if not any(isinstance(route, FrontRoute) for route in routes):
            routes[0:0] = [FrontRoute(self.front, app.router)]

    async def close(self) -> None:
        """Write out what was recorded and close the connections."""
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
def plugin() -> Plugin:
    """The plugin of this process."""
    return Plugin(load(), own_server=_own_server)


def sqlite_logger() -> CustomLogger:
    """The callback that records into the store."""
    return plugin().enable("store")


@lru_cache(maxsize=1)
def arize_tracer() -> CustomLogger:
    """The callback that exports traces, where the environment names a backend."""
    plugin().enable("tracing")
    return Marker()


@lru_cache(maxsize=1)
def subagent_router() -> CustomLogger:
    """The callback that names subagents and sends them to the models of the configured rules."""
    plugin().route()
    return RoutingHook()
