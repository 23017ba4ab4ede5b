"""The server's side of an ASGI call, driven by a test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from claude_lens.capture.asgi import Message, Receive, Send
from claude_lens.capture.inflight import InFlight, RawHeaders
from claude_lens.recorder.frames import Arrival, Ending, Frame

BODY = (
    b'{"model":"claude-sonnet-4-5","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}'
)
HEADERS: RawHeaders = [
    (b"content-type", b"application/json"),
    (b"anthropic-version", b"2023-06-01"),
    (b"x-api-key", b"sk-lens-master"),
]


@dataclass
class Calling:
    """One request: its exchange, its frames, and what was sent to the client."""

    flight: InFlight
    frames: list[Frame] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    something: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self) -> Message:
        """Nothing until the client leaves."""
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take what goes to the client."""
        self.sent.append(message)
        if message["type"] == "http.response.body" and message.get("body"):
            self.something.set()

    async def run(self, work: Callable[[Receive, Send], Awaitable[None]], *, leave: bool = False) -> None:
        """Let ``work`` answer; with ``leave`` the client goes away at the first byte."""
        task = asyncio.ensure_future(work(self.receive, self.send))
        if leave:
            await self.something.wait()
            self.left.set()
        await asyncio.wait_for(task, 20)

    @property
    def status(self) -> int:
        """The status sent."""
        return int(self.sent[0]["status"])

    @property
    def body(self) -> bytes:
        """The body bytes sent."""
        return b"".join(message.get("body", b"") for message in self.sent[1:])

    @property
    def complete(self) -> bool:
        """Whether the last body message was sent."""
        return len(self.sent) > 1 and not self.sent[-1].get("more_body", False)

    @property
    def arrival(self) -> Arrival:
        """The first frame."""
        assert isinstance(self.frames[0], Arrival)
        return self.frames[0]

    @property
    def ending(self) -> Ending:
        """The second and last frame."""
        _, ending = self.frames
        assert isinstance(ending, Ending)
        return ending


def call(headers: RawHeaders | None = None, body: bytes = BODY, **more: object) -> Calling:
    """A request of these headers; ``more`` are fields of ``InFlight``."""
    frames: list[Frame] = []
    fields = {
        "endpoint": "/v1/messages",
        "query": "beta=true",
        "requested_model": "claude-sonnet-4-5",
        **more,
    }
    given = HEADERS if headers is None else headers
    flight = InFlight(headers=given, body=body, put=frames.append, worker="test", **fields)  # type: ignore[arg-type]
    return Calling(flight, frames)
