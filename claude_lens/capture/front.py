"""The door: every request that Claude Code makes comes through here, before LiteLLM sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.routing import BaseRoute, Match
from starlette.types import Receive as StarletteReceive
from starlette.types import Scope as StarletteScope
from starlette.types import Send as StarletteSend

from claude_lens.capture import answers, endpoints, host, named, others, outgoing, translated
from claude_lens.capture.answers import respond_error
from claude_lens.capture.asgi import App, ClientGone, Receive, Scope, Send, read_body, replay
from claude_lens.capture.auth import Credential, judge, judge_anywhere
from claude_lens.capture.decision import Decider
from claude_lens.capture.door import Door, is_other, is_recorded, no_object, refuse, takes_an_object
from claude_lens.capture.guarding import Guard
from claude_lens.capture.lane import Lane
from claude_lens.capture.models import MODELS
from claude_lens.capture.request import ANTHROPIC_ENDPOINTS, COUNT_TOKENS, WRONG_KEY, count, opened
from claude_lens.capture.routing import SubagentRouter
from claude_lens.recorder.feed import Feed

SEEN = "claude_lens.seen"
JSON = [(b"content-type", b"application/json")]
Handler = Callable[[Scope, Receive, Send], Awaitable[None]]


class Front:
    """Decides for each request who answers it: we ourselves, the transparent lane, or LiteLLM."""

    def __init__(
        self,
        *,
        decider: Decider,
        lane: Lane,
        feed: Callable[[], Feed | None],
        guard: Guard,
        routing: Callable[[], SubagentRouter | None] = lambda: None,
        lanes: dict[str, int] | None = None,
        door: Door,
    ) -> None:
        self._door = door
        self._decider = decider
        self._lane = lane
        self._feed = feed
        self._guard = guard
        self._routing = routing
        self._lanes = {} if lanes is None else lanes
        self._handlers: dict[tuple[str, str], Handler] = {
            ("GET", "/health"): endpoints.health,
            ("HEAD", "/health"): endpoints.health,
            ("HEAD", "/api/hello"): answers.hello,
            ("GET", "/api/hello"): answers.hello,
            ("GET", "/claude-lens/status"): self._status,
            ("GET", "/claude-lens/guard"): self._limits,
            ("GET", "/claude-lens/line"): self._line,
        }

    def concerns(self, scope: Scope) -> bool:
        """Whether this is a request that has not been through here yet."""
        return scope["type"] in ("http", "websocket") and not scope.get(SEEN)

    async def __call__(self, downstream: App, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let ``downstream`` answer."""
        if not self.concerns(scope):
            await downstream(scope, receive, send)
            return
        scope[SEEN] = True
        method, path = scope.get("method"), scope["path"]
        if handler := self._handlers.get((str(method), path)):
            await handler(scope, receive, send)
            return
        known = is_recorded(scope)
        credential = judge_anywhere(scope, host.master_key())
        if refusal := self._door.refusal(scope, credential, host.refused_keys()):
            await refuse(scope, send, refusal)
        elif known:
            await self._record(downstream, credential, scope, receive, send)
        elif method == "GET" and MODELS.match(path):
            await endpoints.models(downstream, scope, receive, send)
        elif takes_an_object(scope):
            await self._checked(downstream, credential, scope, receive, send)
        elif is_other(scope):
            await self._other(downstream, credential, scope, receive, send)
        else:
            await downstream(scope, receive, send)

    async def _checked(
        self, downstream: App, credential: Credential, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            body = await read_body(receive)
        except ClientGone:
            return
        if refusal := no_object(scope, body):
            await refuse(scope, send, refusal)
        else:
            await self._other(downstream, credential, scope, replay(body, receive), send)

    async def _other(
        self, downstream: App, credential: Credential, scope: Scope, receive: Receive, send: Send
    ) -> None:
        flight = opened(scope, b"", credential, feed=self._feed(), price=host.prices)
        flight.lane_reason = others.REASON
        count(self._lanes, flight)
        await others.watch(flight, downstream, scope, receive, send)

    async def _record(
        self, downstream: App, credential: Credential, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            body = await read_body(receive)
        except ClientGone:
            return
        flight = opened(scope, body, credential, feed=self._feed(), price=host.prices)
        if flight.requested_model is None and (refusal := no_object(scope, body)):
            flight.passed(await refuse(scope, send, refusal))
            flight.end("error", refusal.status, JSON, refusal.message)
            return
        routing = self._routing()
        if routing is not None:
            send = await routing.consider(flight, send)
        elif self._guard.asks_agents:
            send = await self._guard.asking.consider(flight, send)
        if refusal := named.serve(flight):
            flight.passed(await refuse(scope, send, refusal))
            flight.end("error", refusal.status, JSON, refusal.message)
            return
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
        if not await self._guard.admit(flight, receive, send):
            return
        count(self._lanes, flight)
        if upstream:
            outgoing.for_claude(flight)
            await self._lane.forward(flight, upstream, receive, send)
        else:
            await translated.run(flight, downstream, scope, receive, send)

    async def _limits(self, scope: Scope, receive: Receive, send: Send) -> None:
        if await self._may_ask(scope, send):
            await answers.respond_json(send, 200, self._guard.status(scope["query_string"]))

    async def _line(self, scope: Scope, receive: Receive, send: Send) -> None:
        if await self._may_ask(scope, send):
            await answers.respond_json(send, 200, self._guard.line(scope["query_string"]))

    async def _may_ask(self, scope: Scope, send: Send) -> bool:
        if judge(scope["headers"], host.master_key()).verdict in ("master", "open"):
            return True
        await respond_error(send, 401, WRONG_KEY["missing"])
        return False

    async def _status(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not await self._may_ask(scope, send):
            return
        feed = self._feed()
        await answers.status(send, lanes=self._lanes, recording=feed.status() if feed else None)


class FrontRoute(BaseRoute):
    """The front as the first route of LiteLLM's app, where LiteLLM's own server runs it."""

    def __init__(self, front: Front, router: Any) -> None:
        self._front = front
        self._router = router

    def matches(self, scope: StarletteScope) -> tuple[Match, StarletteScope]:
        """Everything once; what the front has let pass goes on to LiteLLM's routes."""
        return (Match.FULL if self._front.concerns(scope) else Match.NONE), {}

    async def handle(self, scope: StarletteScope, receive: StarletteReceive, send: StarletteSend) -> None:
        """Answer, or go through LiteLLM's routes again without us."""
        await self._front(self._router, scope, receive, send)
