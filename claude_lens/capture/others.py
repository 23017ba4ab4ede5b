"""Every other way to a provider that LiteLLM offers, recorded from outside and otherwise left alone.

Nothing is held back or changed: the request goes on while it arrives, the answer leaves as LiteLLM made it.
Of both, the first ``KEPT`` bytes are recorded; of a web socket all that was said stands as the answer.
"""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs

from claude_lens.capture import headers as h
from claude_lens.capture.asgi import App, Message, Receive, Scope, Send
from claude_lens.capture.inflight import InFlight, RawHeaders
from claude_lens.capture.paths import provider_in
from claude_lens.capture.request import model_of
from claude_lens.capture.translated import IN_FLIGHT
from claude_lens.wire.dialect import model_in

KEPT = 32 * 2**20
OWN = b"x-claude-lens-"
CALL_ID = b"x-litellm-call-id"
COST = b"x-litellm-response-cost"
# What the framework says where LiteLLM has no such route: no provider was asked.
NO_ROUTE = {404: b'{"detail":"Not Found"}', 405: b'{"detail":"Method Not Allowed"}'}
# Until it is clear that there is such a route.
UNSEEN = 0.5
REASON = "another endpoint than Claude Code's"


async def watch(flight: InFlight, downstream: App, scope: Scope, receive: Receive, send: Send) -> None:
    """Let LiteLLM answer; ends the exchange in every case, but for paths that LiteLLM does not know."""
    flight.provider = provider_in(scope["path"])
    IN_FLIGHT[flight.id] = flight
    watched = (
        _Socket(flight, receive, send) if scope["type"] == "websocket" else _Request(flight, receive, send)
    )
    kept = [(name, value) for name, value in flight.headers if not name.startswith(OWN) and name != CALL_ID]
    if flight.provider is None:
        kept.append((CALL_ID, flight.id.encode()))
    timer = asyncio.get_running_loop().call_later(UNSEEN, watched.wait_no_longer)
    try:
        await downstream({**scope, "headers": kept}, watched.receive, watched.send)
    except BaseException as error:
        watched.failed(error)
        raise
    finally:
        timer.cancel()
        IN_FLIGHT.pop(flight.id, None)
        watched.finish()
        flight.forget()


class _Kept:
    """The first ``KEPT`` bytes of what passes in one direction."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0

    def add(self, part: bytes) -> bytes:
        """Take ``part``; returns what of it is kept."""
        part_kept = part[: max(0, KEPT - self.size)]
        self.size += len(part)
        if part_kept:
            self.parts.append(part_kept)
        return part_kept

    @property
    def lost(self) -> str | None:
        """One clause where not all was kept."""
        return f"{KEPT >> 20} MB of {self.size} bytes kept" if self.size > KEPT else None


class _Watched:
    """The server's ``receive`` and ``send`` with our eyes on them."""

    def __init__(self, flight: InFlight, receive: Receive, send: Send) -> None:
        self._flight = flight
        self._receive = receive
        self._send = send
        self._asked, self._answered = _Kept(), _Kept()
        self._status: int | None = None
        self._headers: RawHeaders = []
        self._done = self._gone = False
        self._whole = self._due = False
        self._error: str | None = None

    def wait_no_longer(self) -> None:
        """Show the request to the recorder as soon as all of it is there."""
        self._due = True
        if self._whole:
            self.arrive()

    def arrive(self) -> None:
        """Show the request to the recorder, with what has come of it."""
        flight = self._flight
        if flight.arrived:
            return
        flight.body = b"".join(self._asked.parts)
        flight.requested_model = (
            model_of(flight.body) or model_in(flight.endpoint) or _asked_for(flight.query)
        )
        flight.lane_reason = ": ".join(filter(None, (REASON, self._asked.lost)))
        flight.arrive()

    def failed(self, error: BaseException) -> None:
        """LiteLLM raised instead of answering."""
        self._gone = self._gone or isinstance(error, asyncio.CancelledError)
        self._error = f"{type(error).__name__}: {error}".splitlines()[0]

    def finish(self) -> None:
        """Close the record with what is known."""
        flight, status = self._flight, self._status
        if not flight.arrived and NO_ROUTE.get(status or 0) == b"".join(flight.chunks):
            return
        self.arrive()
        cost = h.get(self._headers, COST)
        flight.cost_usd = _number(cost) if cost else None
        if self._done and not (self._gone and self._error):
            flight.end("ok" if (status or 500) < 400 else "error", status, self._headers, self._answered.lost)
        elif self._gone:
            flight.end("cancelled", status, self._headers, "the client closed the connection")
        else:
            flight.end("error", status, self._headers, self._error or "the answer was cut")


class _Request(_Watched):
    """An HTTP request."""

    async def receive(self) -> Message:
        """Pass on what the client says; keep the body."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._gone = not self._done
        elif message["type"] == "http.request":
            self._asked.add(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._due and self._whole:
                self.arrive()
        return message

    async def send(self, message: Message) -> None:
        """Pass on what LiteLLM says; keep it."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = [(bytes(name), bytes(value)) for name, value in message.get("headers", [])]
        elif message["type"] == "http.response.body":
            if not NO_ROUTE.get(self._status or 0):
                self.arrive()
            self._flight.passed(self._answered.add(message.get("body", b"")))
            self._done = not message.get("more_body", False)
        await self._send(message)


class _Socket(_Watched):
    """A web socket: what was said, a message a line, ``>`` before the client's, ``<`` before the answers."""

    async def receive(self) -> Message:
        """Pass on what the client says; keep its messages."""
        message = await self._receive()
        if message["type"] == "websocket.receive":
            self._answered_with(b"> ", message)
        elif message["type"] == "websocket.disconnect":
            self._done = True
        return message

    async def send(self, message: Message) -> None:
        """Pass on what LiteLLM says; keep its messages."""
        if message["type"] == "websocket.accept":
            self._status = 101
            self.arrive()
        elif message["type"] == "websocket.close":
            self._status, self._done = self._status or 403, True
        elif message["type"] == "websocket.http.response.start":
            self._status, self._done = message["status"], True
        elif message["type"] == "websocket.send":
            self._answered_with(b"< ", message)
        await self._send(message)

    def _answered_with(self, mark: bytes, message: Message) -> None:
        text = message.get("text")
        said = text.encode() if text is not None else message.get("bytes") or b""
        self._flight.passed(self._answered.add(mark + said + b"\n"))


def _asked_for(query: str) -> str | None:
    """The model that a query names, as OpenAI's realtime API has it."""
    return next(iter(parse_qs(query).get("model", ())), None)


def _number(value: bytes) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
