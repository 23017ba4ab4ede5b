"""Spares LiteLLM the search through its hundreds of routes for the two that Claude Code asks all day."""

from __future__ import annotations

import time
from typing import Any

from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

PATHS = frozenset(("/v1/messages", "/v1/messages/count_tokens"))
FRESH_FOR = 5.0


class Shortcut(BaseRoute):
    """The first route of LiteLLM's app: remembers which of the others answers each of ``PATHS``.

    LiteLLM adds routes while it runs, so what is remembered is looked up anew when their number changes and
    every few seconds.
    """

    def __init__(self, router: Any) -> None:
        self._router = router
        self._known: dict[str, tuple[float, int, BaseRoute]] = {}

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As the route that would be found without us, for those paths; nothing for all others."""
        route = self._target(scope) if scope["type"] == "http" and scope["path"] in PATHS else None
        return route.matches(scope) if route else (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let that route answer."""
        route = self._target(scope)
        assert route is not None
        await route.handle(scope, receive, send)

    def _target(self, scope: Scope) -> BaseRoute | None:
        key, now, count = f"{scope['method']} {scope['path']}", time.monotonic(), len(self._router.routes)
        known = self._known.get(key)
        if known and known[1] == count and now - known[0] < FRESH_FOR:
            return known[2]
        for route in self._router.routes:
            if route is not self and route.matches(scope)[0] is Match.FULL:
                if scope["method"] == "POST":
                    self._known[key] = (now, count, route)
                return route  # type: ignore[no-any-return]
        return None


def install(app: Any) -> None:
    """Put the shortcut before the routes of a FastAPI or Starlette app; does nothing the second time."""
    routes = app.router.routes
    if not any(isinstance(route, Shortcut) for route in routes):
        routes.insert(0, Shortcut(app.router))
