"""The door while LiteLLM is not loaded: transparent requests are answered, others wait for it."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Mapping
from typing import Any

from claude_lens.capture import answers, models, named, outgoing
from claude_lens.capture.answers import respond_error
from claude_lens.capture.asgi import ClientGone, Receive, Scope, Send, read_body, replay
from claude_lens.capture.auth import Credential, judge_anywhere
from claude_lens.capture.door import is_recorded, no_object, refuse
from claude_lens.capture.early_config import Early
from claude_lens.capture.loading import Loading
from claude_lens.capture.paths import kind_of
from claude_lens.capture.prices import Published
from claude_lens.capture.proving import proven
from claude_lens.capture.request import (
    ANTHROPIC_ENDPOINTS,
    ARRIVED,
    RECORDED,
    count,
    model_of,
    opened,
)
from claude_lens.capture.worker import Worker
from claude_lens.hosts import HostGuard
from claude_lens.launcher import printable

STATUS = "/claude-lens/status"
GUARD = "/claude-lens/guard"
LINE = "/claude-lens/line"


class EarlyApp:
    """An ASGI app that serves from the first moment, and hands over to LiteLLM's once that is there."""

    def __init__(self, known: Early, worker: Worker, guard: HostGuard | None, loading: Loading) -> None:
        self._known = known
        self._worker = worker
        self._guard = guard
        self._loading = loading
        self._published = Published()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or wait and let LiteLLM's app answer."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif self._loading.app is not None:
            await self._loading.app(scope, receive, send)
        elif self._guard and scope["type"] == "http" and (refusal := self._guard.refusal(scope)):
            await respond_error(send, 403, refusal)
        else:
            await self._early(scope, receive, send)

    async def _early(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope.get("method"), scope["path"]
        if path == "/health" and method in ("GET", "HEAD"):
            await answers.health(
                send,
                "healthy",
                self._loading.state,
                self._known.credential,
                proven(scope, self._known.master_key, self._worker.settings.published),
            )
            return
        if path == "/api/hello" and method in ("GET", "HEAD"):
            await answers.hello(scope, receive, send)
            return
        if kind_of(path) == "health" and method in ("GET", "HEAD"):
            await answers.alive(scope, receive, send)
            return
        credential = judge_anywhere(scope, self._known.master_key)
        if refusal := self._worker.door.refusal(scope, credential):
            await refuse(scope, send, refusal)
        elif method == "GET" and path == STATUS:
            feed = self._worker.feed()
            await answers.status(send, lanes=self._worker.lanes, recording=feed.status() if feed else None)
        elif method == "GET" and path == GUARD:
            await answers.respond_json(send, 200, self._worker.guard.status(scope["query_string"]))
        elif method == "GET" and path == LINE:
            await answers.respond_json(send, 200, self._worker.guard.line(scope["query_string"]))
        elif method == "GET" and models.MODELS.match(path) and models.is_anthropics(scope):
            # Claude Code waits three seconds for it, and goes without.
            names = [deployment.name for deployment in self._known.deployments]
            await models.answer(scope, send, names, self._known_models, self._limits)
        elif credential.verdict == "master" and scope["type"] == "http":
            await self._read(scope, credential, receive, send)
        else:
            # A stranger's body stays unread, so that it costs no memory.
            await self._hold(scope, receive, send)

    async def _read(self, scope: Scope, credential: Credential, receive: Receive, send: Send) -> None:
        scope[ARRIVED] = time.time(), time.perf_counter()
        try:
            body = await read_body(receive)
        except ClientGone:
            return
        if is_recorded(scope) and model_of(body) is None and (refusal := no_object(scope, body)):
            await refuse(scope, send, refusal)
            return
        endpoint = RECORDED[scope["path"]] if is_recorded(scope) else None
        plain = endpoint in ANTHROPIC_ENDPOINTS and named.asked_for(scope["headers"]) is None
        upstream = self._known.upstream(model_of(body)) if plain else None
        if upstream is None:
            await self._hold(scope, replay(body, receive), send, gone=receive)
            return
        flight = opened(scope, body, credential, feed=self._worker.feed(), price=self._price)
        if self._worker.guard.asks_agents:
            send = await self._worker.asking.consider(flight, send)
        outgoing.for_claude(flight)
        flight.lane = "transparent"
        if not await self._worker.guard.admit(flight, receive, send):
            return
        count(self._worker.lanes, flight)
        await self._worker.lane.forward(flight, upstream, receive, send)

    async def _hold(self, scope: Scope, receive: Receive, send: Send, gone: Receive | None = None) -> None:
        """Let LiteLLM answer once it is there; ``gone`` tells when the client leaves."""
        path = printable(scope["path"])
        ready = asyncio.ensure_future(self._loading.wait(f"{scope.get('method', 'a web socket at')} {path}"))
        left = asyncio.ensure_future(gone()) if gone else None
        try:
            await asyncio.wait([ready, left] if left else [ready], return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                return
        finally:
            ready.cancel()
            if left:
                left.cancel()
        if self._loading.app is not None:
            if "state" in scope:
                scope["state"].update(self._state)
            await self._loading.app(scope, receive, send)
        elif scope["type"] == "http":
            log = self._worker.settings.home / "proxy.log"
            message = (
                f"claude-lens: LiteLLM could not be loaded; the end of {log} says why. It is tried again"
            )
            await respond_error(send, 503, message, "api_error")

    def _known_models(self) -> list[str]:
        return self._published.models("anthropic")

    def _limits(self, name: str) -> Mapping[str, int]:
        """Of the model behind a name of the configuration."""
        plain = (one for one in self._known.deployments if one.name == name)
        return self._published.limits(next((one.model for one in plain), name))

    def _price(self, model: str | None, provider: str | None) -> Mapping[str, Any] | None:
        if self._loading.app is None:
            return self._published(model, provider)
        from claude_lens.capture import host

        self._published.forget()
        return host.prices(model, provider)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        self._state: dict[str, Any] = scope.get("state", {})
        self._worker.sinks |= self._known.sinks
        self._worker.feed()
        if any(each.upstream and each.upstream.base.startswith("https:") for each in self._known.deployments):
            # Beside, so that the first request need not wait for it.
            threading.Thread(target=self._worker.client.prepare, name="claude-lens-tls", daemon=True).start()
        # What is there at the start stays; looking through it again and again costs pauses.
        gc.freeze()
        self._loading.begin(scope)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if not await self._loading.stop():
            await self._worker.close()
        await send({"type": "lifespan.shutdown.complete"})
