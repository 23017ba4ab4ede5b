"""What exists once in a worker process where LiteLLM is loaded: its hooks, and the front before its routes.

``callbacks/`` may be loaded twice by LiteLLM, so state lives here and not there.
"""

from __future__ import annotations

import os
from functools import lru_cache

import litellm
from litellm.integrations.custom_logger import CustomLogger

from claude_lens.agents import routes
from claude_lens.agents.targets import derived
from claude_lens.capture import host, normalised, offline
from claude_lens.capture.decision import Decider
from claude_lens.capture.front import Front, FrontRoute
from claude_lens.capture.hooks import CaptureHooks, Marker
from claude_lens.capture.routing import RoutingHook, SubagentRouter
from claude_lens.capture.worker import Worker, worker


class Plugin:
    """The plugin in one worker."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.settings = settings = worker.settings
        self.hooks = CaptureHooks()
        self.router: SubagentRouter | None = None
        worker.cache.redis = lambda: host.shared_cache().redis_cache
        self.front = Front(
            decider=Decider(transparent=settings.transparent == "auto", forward_url=settings.forward_url),
            lane=worker.lane,
            feed=worker.feed,
            routing=lambda: self.router,
            guard=worker.guard,
            lanes=worker.lanes,
            door=worker.door,
        )

    def enable(self, sink: str) -> CaptureHooks:
        """Record into this sink of ours from now on, and stand before LiteLLM's routes."""
        self.worker.sinks.add(sink)
        normalised.install()
        offline.stay()
        self.stand_in_front()
        return self.hooks

    def route(self) -> None:
        """Ask the rules of the configuration from now on, if it has any. Raises ConfigError, SettingError."""
        os.environ.update(derived(os.environ))
        # Responses, LiteLLM's default for OpenAI, takes no long tool names and is not what others speak.
        litellm.use_chat_completions_url_for_anthropic_messages = True
        found = routes.load(host.config_file() or self.settings.config, os.environ)
        if found:
            self.router = SubagentRouter(found, self.worker.asking)
        self.stand_in_front()

    def stand_in_front(self) -> None:
        """Put our route first, where LiteLLM's own server runs the app. Does nothing the second time."""
        if self.worker.own_server:
            return
        from litellm.proxy.proxy_server import app

        routes = app.router.routes
        if not any(isinstance(route, FrontRoute) for route in routes):
            routes[0:0] = [FrontRoute(self.front, app.router)]


@lru_cache(maxsize=1)
def plugin() -> Plugin:
    """The plugin of this process."""
    return Plugin(worker())


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
