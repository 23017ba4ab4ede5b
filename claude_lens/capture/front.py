"""The door: every request that Claude Code makes comes through here, before LiteLLM sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from starlette.routing import BaseRoute, Match
from starlette.types import Receive as StarletteReceive
from starlette.types import Scope as StarletteScope
from starlette.types import Send as StarletteSend

from claude_lens.capture import answers, endpoints, host, outgoing, translated
from claude_lens.capture.answers import respond_error
from claude_lens.capture.asgi import App, ClientGone, Receive, Scope, Send, read_body
from claude_lens.capture.auth import Credential, judge
from claude_lens.capture.decision import Decider
from claude_lens.capture.lane import Lane
from claude_lens.capture.request import ANTHROPIC_ENDPOINTS, COUNT_TOKENS, RECORDED, WRONG_KEY, count, opened
from claude_lens.capture.routing import SubagentRouter
from claude_lens.recorder.feed import Feed

SEEN = "claude_lens.seen"
Handler = Callable[[Scope, Receive, Send], Awaitable[None]]


class Front:
    """Decides for each request who answers it: we ourselves, the transparent lane, or LiteLLM."""

    def __init__(
        self,
        *,
        decider: Decider,
        lane: Lane,
        feed: Callable[[], Feed | None],
        routing: Callable[[], SubagentRouter | None] = lambda: None,
        lanes: dict[str, int] | None = None,
    ) -> None:
        self._decider = decider
        self._lane = lane
        self._feed = feed
        self._routing = routing
        self._lanes = {} if lanes is None else lanes
        self._handlers: dict[tuple[str, str], Handler] = {
            ("GET", "/health"): endpoints.health,
            ("HEAD", "/health"): endpoints.health,
            ("HEAD", "/api/hello"): answers.hello,
            ("GET", "/api/hello"): answers.hello,
            ("GET", "/claude-lens/status"): self._status,
        }

    def handler(self, scope: Scope) -> Handler | Literal["record", "models"] | None:
        """Who answers this request; None is LiteLLM, unwatched."""
        if scope["type"] != "http" or scope.get(SEEN):
            return None
        method, path = scope["method"], scope["path"]
        if method == "POST" and path in RECORDED:
            return "record"
        if method == "GET" and path == "/v1/models":
            return "models"
        return self._handlers.get((method, path))

    async def __call__(self, downstream: App, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let ``downstream`` answer."""
        handler = self.handler(scope)
        if handler is None:
            await downstream(scope, receive, send)
            return
        scope[SEEN] = True
        if not isinstance(handler, str):
            await handler(scope, receive, send)
            return
        credential = judge(scope["headers"], host.master_key())
        if credential.verdict in WRONG_KEY and not host.has_virtual_keys():
            await respond_error(send, 401, WRONG_KEY[credential.verdict])
        elif handler == "models":
            await endpoints.models(downstream, scope, receive, send)
        else:
            await self._record(downstream, credential, scope, receive, send)

    async def _record(
        self, downstream: App, credential: Credential, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            body = await read_body(receive)
        except ClientGone:
            return
        flight = opened(scope, body, credential, feed=self._feed(), price=host.prices)
        routing = self._routing()
        if routing is not None:
            send = await routing.consider(flight, send)
        outgoing.prepare(flight)
        if flight.target is not None:
            upstream, flight.lane_reason = None, f"a rule gives it to {flight.target}"
        elif flight.endpoint in ANTHROPIC_ENDPOINTS:
            decision = self._decider.decide(flight.requested_model, credential.verdict)
            upstream, flight.lane_reason = decision.upstream, decision.reason
            if upstream is None and flight.endpoint == COUNT_TOKENS and credential.verdict != "foreign":
                # LiteLLM asks no callback about a count, never passes a login on and drops most fields.
                upstream = self._decider.anthropic(flight.requested_model)
        else:
            upstream, flight.lane_reason = None, "not an Anthropic endpoint"
        flight.lane = "transparent" if upstream else "translated"
        count(self._lanes, flight)
        if upstream:
            await self._lane.forward(flight, upstream, receive, send)
        else:
            await translated.run(flight, downstream, scope, receive, send)

    async def _status(self, scope: Scope, receive: Receive, send: Send) -> None:
        if judge(scope["headers"], host.master_key()).verdict not in ("master", "open"):
            await respond_error(send, 401, WRONG_KEY["missing"])
            return
        feed = self._feed()
        await answers.status(send, lanes=self._lanes, recording=feed.status() if feed else None)


class FrontRoute(BaseRoute):
    """The front as the first route of LiteLLM's app, where LiteLLM's own server runs it."""

    def __init__(self, front: Front, router: Any) -> None:
        self._front = front
        self._router = router

    def matches(self, scope: StarletteScope) -> tuple[Match, StarletteScope]:
        """All that the front has a say in; what it has let pass goes on to LiteLLM's routes."""
        return (Match.NONE if self._front.handler(scope) is None else Match.FULL), {}

    async def handle(self, scope: StarletteScope, receive: StarletteReceive, send: StarletteSend) -> None:
        """Answer, or go through LiteLLM's routes again without us."""
        await self._front(self._router, scope, receive, send)
