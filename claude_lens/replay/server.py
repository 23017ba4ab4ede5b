"""The replay's own proxy: a server on loopback that answers the client from the record, and its hooks.

It asks nobody. Only where it was given a :class:`Live` does it pass requests on: to the proxy that runs.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from claude_lens.messages.helpers import AUXILIARY, MAIN, helper, is_beside, is_count
from claude_lens.redact import Redactor
from claude_lens.replay import differing, serving
from claude_lens.replay.comparing import Comparing
from claude_lens.replay.live import Live, Way
from claude_lens.replay.matching import Matcher
from claude_lens.replay.order import Order
from claude_lens.replay.outcome import Outcome
from claude_lens.replay.record import Record, Recorded
from claude_lens.replay.tools import Tools
from claude_lens.store.reading.answered import answered
from claude_lens.store.reading.queries import Reader

HOOK: Final = "/claude-lens/hook"
_START: Final = 10.0
_NAMED_SINCE: Final = (2, 1, 140)
_AGENT: Final = re.compile(r"claude-cli/(\d+)\.(\d+)\.(\d+)")
_NOTHING_LEFT: Final = "[claude-lens: the record holds no further answer]"


@dataclass(slots=True, kw_only=True)
class Plan:
    """How to answer. ``folders``: the recorded project and what stands for it now, where they differ.

    ``live_from``: the order of the first request that is passed on; ``then_live``: pass on all after the
    first divergence.
    ``redactor``: what the record was redacted with, so that a secret is the mark that stands for it there.
    ``stops_at_first``: where the very first request of the main agent differs, nothing is answered.
    """

    record: Record
    comparing: Comparing
    tools: Tools | None
    paced: bool
    folders: tuple[str, str] | None = None
    way: Way | None = None
    live: Live | None = None
    live_from: int | None = None
    then_live: bool = False
    redactor: Redactor | None = None
    stops_at_first: bool = False


@dataclass(slots=True)
class Seen:
    """What the client did so far, for whoever drives it."""

    session_id: str | None = None
    at: float = field(default_factory=time.monotonic)
    requests: int = 0
    running: int = 0


class Server:
    """A running server; use as a context manager. ``url`` is its address, ``outcome`` what it found."""

    def __init__(self, reader: Reader, plan: Plan, outcome: Outcome) -> None:
        self.plan, self.outcome, self.seen = plan, outcome, Seen()
        self._reader = reader
        self._matcher = Matcher(plan.record.requests)
        self._order: Order | None = None
        self._is_live = False
        self.stopped: int | None = None
        """In how many lines the first request differed, where it was to stop then."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        routes = [
            Route("/v1/messages", self._messages, methods=["POST"]),
            Route("/v1/messages/count_tokens", self._messages, methods=["POST"]),
            Route(HOOK, self._hook, methods=["POST"]),
            Route("/{path:path}", self._other, methods=["GET", "HEAD", "POST", "PUT", "DELETE"]),
        ]
        options: dict[str, Any] = {"log_level": "critical", "access_log": False, "lifespan": "off"}
        self._server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), **options))
        self._thread = threading.Thread(target=self._serve, name="replay", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + _START
        while not self._server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(_START)
        self._socket.close()
        self.outcome.unused = self._matcher.unused()
        self.outcome.client_session = self.seen.session_id

    @property
    def is_live(self) -> bool:
        """Whether requests are passed on by now."""
        return self._is_live

    def quiet_for(self) -> float:
        """Seconds since anything was asked or answered; 0 while an answer is on its way."""
        return 0.0 if self.seen.running else time.monotonic() - self.seen.at

    def all_before(self, order: int) -> bool:
        """Whether everything in the record before this request is over, or was given up."""
        return self._order is not None and self._order.all_before(order)

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def _touched(self, change: int) -> None:
        self.seen.running += change
        self.seen.at = time.monotonic()

    async def _hook(self, request: Request) -> Response:
        self._touched(0)
        event = orjson.loads(await request.body())
        if self.plan.tools is None or not isinstance(event, Mapping):
            return JSONResponse({})
        return JSONResponse(self.plan.tools.hook(event))

    async def _other(self, request: Request) -> Response:
        if self._is_live and self.plan.live is not None:
            return await self.plan.live.pass_on(request, await request.body(), None)
        if request.url.path in ("/", "/api/hello"):
            return Response(status_code=200)
        return JSONResponse({"type": "error", "error": {"type": "not_found_error"}}, 404)

    async def _messages(self, request: Request) -> Response:
        raw = await request.body()
        redactor = self.plan.redactor if self.plan.record.redacted else None
        try:
            body = orjson.loads(raw if redactor is None else redactor.json(raw))
        except orjson.JSONDecodeError:
            return JSONResponse({"type": "error", "error": {"type": "invalid_request_error"}}, 400)
        if self._order is None:
            self._order = Order(self.plan.record.requests, awaits=self.plan.record.awaits)
        self.seen.requests += 1
        self.seen.session_id = request.headers.get("x-claude-code-session-id") or self.seen.session_id
        agent = request.headers.get("x-claude-code-agent-id")
        told = request.headers.get("x-claude-code-request-class")
        kind = helper(request.url.path, body, subagent=agent is not None)
        beside = is_beside(told, request.url.path) or kind is not None
        line = (kind or told or AUXILIARY) if beside else agent or MAIN
        if self._is_live:
            return await self._pass_on(request, raw)
        comparable = self.plan.comparing.of(body)
        match = self._matcher.match(line, comparable, named=_names_agents(request))
        found = match.recorded
        if found is not None:
            self._order.arrived(found)
        if self._begins_live(found):
            return await self._pass_on(request, raw)
        if match.same:
            self.outcome.matched += 1
        elif not beside:
            parts = [] if found is None else self._parts(found, body)
            if self.plan.stops_at_first and not self.outcome.matched and line == MAIN:
                self.stopped = differing.size(parts)
                return JSONResponse({"type": "error", "error": {"type": "invalid_request_error"}}, 400)
            new = self.outcome.differs(line, found.agent if found else agent, found, parts)
            if new and self.plan.then_live and self.plan.live is not None:
                self._is_live = True
                return await self._pass_on(request, raw)
        if found is None:
            return self._nothing_left(request, body, beside)
        return self._answer(found, body)

    def _begins_live(self, found: Recorded | None) -> bool:
        start = self.plan.live_from
        if self.plan.live is None or start is None:
            return False
        if found is None or found.order >= start:
            self._is_live = True
        return self._is_live

    def _parts(self, found: Recorded, body: Mapping[str, Any]) -> list[differing.Part]:
        recorded = self._reader.rebuild(found.id)
        return differing.parts(self.plan.comparing, recorded, body) if isinstance(recorded, Mapping) else []

    async def _pass_on(self, request: Request, raw: bytes) -> Response:
        assert self.plan.live is not None
        body = orjson.loads(raw)
        self.outcome.live += 1
        self._touched(1)
        try:
            return await self.plan.live.pass_on(request, raw, body)
        finally:
            self._touched(-1)

    def _nothing_left(self, request: Request, body: Mapping[str, Any], beside: bool) -> Response:
        if is_count(request.url.path):
            return JSONResponse({"input_tokens": max(len(orjson.dumps(body)) // 4, 1)})
        if beside:
            error = {"type": "invalid_request_error", "message": "the record holds no such request"}
            return JSONResponse({"type": "error", "error": error}, 400)
        pieces = serving.said(_NOTHING_LEFT, str(body.get("model")))
        return Response(b"".join(pieces), media_type=serving.STREAM)

    def _answer(self, found: Recorded, body: Mapping[str, Any]) -> Response:
        with self._reader.connect() as connection:
            kept = answered(connection, found.id)
        given = serving.given(
            kept,
            found,
            paced=self.plan.paced,
            streamed=bool(body.get("stream")),
            folders=self.plan.folders,
        )
        headers = dict(given.headers)
        return StreamingResponse(self._pieces(found, given), given.status, headers)

    async def _pieces(self, found: Recorded, given: serving.Given) -> AsyncIterator[bytes]:
        assert self._order is not None
        self._touched(1)
        try:
            await asyncio.sleep(given.first_after)
            if given.between:
                for piece in given.pieces:
                    yield piece
                    await asyncio.sleep(given.between)
            elif given.pieces:
                yield b"".join(given.pieces)
            await self._order.before_end(found)
            if given.cut:
                raise ConnectionResetError("as it was recorded")
            yield given.last
        finally:
            self._order.ended(found)
            self._touched(-1)


def _names_agents(request: Request) -> bool:
    """Whether the client says in a header which agent asks."""
    if "x-claude-code-request-class" in request.headers or "x-claude-code-agent-id" in request.headers:
        return True
    version = _AGENT.search(request.headers.get("user-agent", ""))
    return version is not None and tuple(map(int, version.groups())) >= _NAMED_SINCE
