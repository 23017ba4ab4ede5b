"""The demo's provider: a small server on loopback that speaks Anthropic's API by :mod:`.script`."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from claude_lens.demo import script

PAUSE = 0.03
START_TIMEOUT = 10.0


class Provider:
    """A running server; use as a context manager. ``url`` is its address, ``requests`` counts the answers."""

    def __init__(self) -> None:
        self.requests = 0
        self._sizes: dict[str, int] = {}
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        routes = [
            Route("/v1/messages", self._messages, methods=["POST"]),
            Route("/v1/messages/count_tokens", self._count, methods=["POST"]),
        ]
        options: dict[str, Any] = {"log_level": "error", "access_log": False, "lifespan": "off"}
        self._server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), **options))
        self._thread = threading.Thread(target=self._serve, name="demo provider", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + START_TIMEOUT
        while not self._server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(START_TIMEOUT)
        self._socket.close()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    async def _messages(self, request: Request) -> Response:
        raw = await request.body()
        body = json.loads(raw)
        self.requests += 1
        agent = request.headers.get("x-claude-code-agent-id")
        auxiliary = request.headers.get("x-claude-code-request-class") == "auxiliary"
        said = script.blocks(body, agent, auxiliary)
        who = f"{request.headers.get('x-claude-code-session-id')} {agent} {auxiliary}"
        before, self._sizes[who] = self._sizes.get(who, 0), len(raw)
        whole = script.message(body, said, script.usage(len(raw), min(before, len(raw)), said), self.requests)
        headers = {"request-id": f"req_demo_{self.requests:04d}"}
        if body.get("stream"):
            return StreamingResponse(_stream(whole), media_type="text/event-stream", headers=headers)
        return JSONResponse(whole, headers=headers)

    async def _count(self, request: Request) -> Response:
        return JSONResponse({"input_tokens": max(len(await request.body()) // 4, 1)})


async def _stream(whole: Mapping[str, Any]) -> AsyncIterator[bytes]:
    for event in script.events(whole):
        yield script.encode(event)
        await asyncio.sleep(PAUSE)
