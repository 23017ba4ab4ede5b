"""Every route of the installed LiteLLM's app, those that it loads at their first request included."""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from claude_lens.capture.paths import Kind, kind_of


@dataclass(frozen=True, slots=True)
class Route:
    """``path`` as LiteLLM writes it, with its parameters; ``checked``: LiteLLM itself asks for a key."""

    methods: tuple[str, ...]
    path: str
    checked: bool
    socket: bool = False

    @property
    def filled(self) -> str:
        """The path with something in the place of each parameter."""
        return re.sub(r"\{[^}]*\}", "some", self.path)

    @property
    def kind(self) -> Kind:
        """What the path is for."""
        return kind_of(self.filled)


@lru_cache(maxsize=1)
def routes() -> tuple[Route, ...]:
    """All of them, in LiteLLM's order."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from litellm.proxy import _lazy_features
        from litellm.proxy.proxy_server import app

        async def load() -> None:
            for feature in _lazy_features.LAZY_FEATURES:
                await _lazy_features._force_load(app, feature)

        asyncio.run(load())
        return tuple(_routes(app.router.routes))


def _routes(found: Any) -> Iterator[Route]:
    for route in found:
        if inner := getattr(route, "effective_candidates", None):
            yield from _routes(inner())
        elif getattr(route, "path", None):
            methods = tuple(sorted(getattr(route, "methods", None) or ("GET",)))
            socket = "WebSocket" in type(route).__name__
            yield Route(methods, route.path, _checked(getattr(route, "dependant", None)), socket)


def _checked(dependant: Any) -> bool:
    from litellm.proxy.auth.user_api_key_auth import user_api_key_auth

    if dependant is None:
        return False
    return dependant.call is user_api_key_auth or any(map(_checked, dependant.dependencies))
