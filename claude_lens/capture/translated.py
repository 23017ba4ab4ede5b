"""LiteLLM's pipeline, watched from outside: the request is replayed into it, what comes out is recorded.

The answer leaves as LiteLLM made it, but for what it would lose: the upstream's error, its request id and
rate-limit headers, and a sign of life when a stream is silent for long.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time

import orjson

from claude_lens import memory
from claude_lens.capture import headers as h
from claude_lens.capture import normalised, outgoing
from claude_lens.capture.answers import BILLING, REFUSED, error_body
from claude_lens.capture.asgi import App, Message, Receive, Scope, Send, replay
from claude_lens.capture.counting import Counting
from claude_lens.capture.inflight import InFlight, RawHeaders, UpstreamAnswer
from claude_lens.capture.mending import Mending
from claude_lens.capture.request import COUNT_TOKENS, MESSAGES

PING = b'event: ping\ndata: {"type": "ping"}\n\n'
SILENCE = 15.0
# Headers of another provider's answer that mean the same to Claude Code; of Anthropic's own it gets all.
RESTORED = ("request-id", "x-request-id", "retry-after", "x-should-retry")
# The body's shape on this side is LiteLLM's, so that the upstream's words for it do not apply.
FRAMING = frozenset((b"content-length", b"content-encoding", b"content-type", b"date", b"server"))
# The call id is ours; and whoever compressed an answer that the upstream did not would change it.
REPLACED = frozenset((b"x-litellm-call-id", b"content-length", b"accept-encoding"))
ECHOES = b"llm_provider-"
EVENT_STREAM = b"text/event-stream"
CALL_BEGINS = re.compile(rb'"content_block":\s*\{[^{}]*"type":\s*"tool_use"')
TURN_ENDS = re.compile(rb'("stop_reason":\s*)"end_turn"')
ERROR_EVENTS = (b"event: error", b'data: {"error"', b'data: {"type": "error"', b'data: {"type":"error"')

# By exchange id, which LiteLLM carries as its call id: how its hooks find the request they are about.
IN_FLIGHT: dict[str, InFlight] = {}
# LiteLLM imports and remembers much in its first requests, and leaves bodies behind in cycles.
_warming = memory.Warming(after=50, at_last=500, thresholds=(700, 10, 2))


async def run(
    flight: InFlight, downstream: App, scope: Scope, receive: Receive, send: Send, silence: float = SILENCE
) -> None:
    """Let LiteLLM answer; ends the exchange in every case. A stream silent for ``silence`` s gets a ping."""
    flight.arrive_soon()
    IN_FLIGHT[flight.id] = flight
    normalised.CURRENT.set(flight)
    watched = _Watched(flight, receive, send)
    answer = Counting(flight, watched.send).send if flight.endpoint == COUNT_TOKENS else watched.send
    inner = {**scope, "headers": _inner_headers(flight)}
    pinger = asyncio.ensure_future(watched.keep_alive(silence))
    try:
        await downstream(inner, replay(flight.sent, watched.receive), answer)
    except BaseException as error:
        watched.failed(error)
        raise
    finally:
        pinger.cancel()
        IN_FLIGHT.pop(flight.id, None)
        outgoing.remember(flight)
        watched.finish()
        flight.forget()
        _warming.answered(idle=not IN_FLIGHT)


def _inner_headers(flight: InFlight) -> RawHeaders:
    kept = [
        (name, value)
        for name, value in flight.headers
        if not name.startswith(b"x-claude-lens-") and name not in REPLACED
    ]
    # A proxy key in x-api-key would be forwarded to a deployment without a key of its own.
    return [
        *kept,
        (b"x-litellm-call-id", flight.id.encode()),
        (b"content-length", str(len(flight.sent)).encode()),
    ]


class _Watched:
    """The server's ``receive`` and ``send`` with our eyes on them."""

    def __init__(self, flight: InFlight, receive: Receive, send: Send) -> None:
        self._flight = flight
        self._receive = receive
        self._send = send
        self._mending = Mending(flight)
        self._status: int | None = None
        self._headers: RawHeaders = []
        self._replaced: bytes | None = None
        self._done = False
        self._gone = False
        self._cut = False
        self._streaming = False
        self._between_events = False
        self._calls = False
        self._last_sent = time.monotonic()
        self._error: str | None = None

    async def receive(self) -> Message:
        """Pass on what the server says; remember a disconnect."""
        message = await self._receive()
        if message["type"] == "http.disconnect" and not self._done:
            self._gone = True
        return message

    async def send(self, message: Message) -> None:
        """Pass on what LiteLLM says, an upstream's error restored."""
        if not self._flight.translating or self._flight.endpoint != MESSAGES:
            await self._pass(message)
            return
        for ready in self._mending.take(message):
            await self._pass(ready)

    async def _pass(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message = self._start(message)
        elif message["type"] == "http.response.body":
            if self._is_cut(message.get("body", b"")):
                return
            message = self._body(message)
        await self._send(message)

    def _start(self, message: Message) -> Message:
        status, headers = message["status"], [(bytes(k), bytes(v)) for k, v in message.get("headers", [])]
        upstream = self._flight.upstream
        if self._flight.refusal is not None:
            status, headers = REFUSED, [(b"content-type", b"application/json")]
            self._replaced = error_body(REFUSED, self._flight.refusal, BILLING)
            headers.append((b"content-length", str(len(self._replaced)).encode()))
        elif upstream and status >= 400 and upstream.status >= 400:
            status, headers, self._replaced = _honest_error(upstream, headers, self._anthropic)
        elif upstream and upstream.status < 400:
            headers = _restore(headers, upstream, self._anthropic)
        self._status, self._headers = status, headers
        self._streaming = EVENT_STREAM in (h.get(headers, b"content-type") or b"")
        self._last_sent = time.monotonic()
        return {**message, "status": status, "headers": headers}

    @property
    def _anthropic(self) -> bool:
        return self._flight.provider == "anthropic"

    def _is_cut(self, body: bytes) -> bool:
        """LiteLLM words a cut upstream as an error event; the client shall see the cut and try again."""
        if self._flight.cut and not self._cut:
            self._cut = body.startswith(ERROR_EVENTS)
        return self._cut

    def _body(self, message: Message) -> Message:
        more = message.get("more_body", False)
        if self._replaced is not None:
            message = {**message, "body": b"" if more else self._replaced}
        body = message.get("body", b"")
        if self._streaming and not self._anthropic and self._flight.endpoint == MESSAGES:
            body = self._with_calls_told(body)
            message = {**message, "body": body}
        self._flight.passed(body)
        self._done = not more
        self._last_sent = time.monotonic()
        if body:
            self._between_events = body.endswith((b"\n\n", b"\r\n\r\n"))
        return message

    def _with_calls_told(self, body: bytes) -> bytes:
        """Many providers end an answer that calls tools as any other; Claude Code is told by ``tool_use``.

        LiteLLM writes each event at once.
        """
        self._calls = self._calls or CALL_BEGINS.search(body) is not None
        if self._calls and b"message_delta" in body:
            return TURN_ENDS.sub(rb'\1"tool_use"', body)
        return body

    async def keep_alive(self, silence: float) -> None:
        """Fill a stream's silence with pings, between events only."""
        while not self._done:
            await asyncio.sleep(max(0.05, self._last_sent + silence - time.monotonic()))
            silent = time.monotonic() - self._last_sent >= silence
            if silent and self._streaming and self._between_events and not self._done:
                self._flight.passed(PING)
                self._last_sent = time.monotonic()
                await self._send({"type": "http.response.body", "body": PING, "more_body": True})
            elif silent:
                self._last_sent = time.monotonic()

    def failed(self, error: BaseException) -> None:
        """LiteLLM raised instead of answering."""
        if isinstance(error, asyncio.CancelledError):
            self._gone = True
        self._error = f"{type(error).__name__}: {error}".splitlines()[0]

    def finish(self) -> None:
        """Close the record with what is known."""
        flight = self._flight
        if flight.refusal is not None:
            flight.end("refused", self._status, self._headers, flight.refusal)
        elif self._done and not self._gone:
            flight.end("ok" if (self._status or 500) < 400 else "error", self._status, self._headers)
        elif self._gone:
            flight.end("cancelled", self._status, self._headers, "the client closed the connection")
        else:
            cut = f"the upstream cut the answer: {flight.cut}" if flight.cut else "the answer was cut"
            flight.end("error", self._status, self._headers, self._error or cut)


def _restore(headers: RawHeaders, upstream: UpstreamAnswer, anthropic: bool) -> RawHeaders:
    """LiteLLM's headers and what the upstream sent besides."""
    sent = [
        (name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in upstream.headers
        if anthropic or name.lower().startswith(RESTORED)
    ]
    known = FRAMING if anthropic else FRAMING | {name.lower() for name, _ in headers}
    if anthropic and (h.get(headers, b"content-type") or b"").startswith(EVENT_STREAM):
        # LiteLLM passes on what came as it came, and calls it a stream if one was asked for.
        known = known - {b"content-type"}
    restored = [pair for pair in h.end_to_end(sent) if pair[0] not in known]
    theirs = {name for name, _ in restored}
    return [
        *((name, value) for name, value in headers if not (name in theirs or name.startswith(ECHOES))),
        *restored,
    ]


def _honest_error(
    upstream: UpstreamAnswer, headers: RawHeaders, anthropic: bool
) -> tuple[int, RawHeaders, bytes]:
    """The upstream's status, body and telling headers, in Anthropic's form whatever the upstream speaks."""
    body = upstream.body or b""
    if not _is_anthropic_error(body):
        body = error_body(upstream.status, _message_of(body) or f"the upstream answered {upstream.status}")
    stop = (b"content-length", b"content-encoding", b"content-type", b"retry-after")
    kept = [(name, value) for name, value in headers if name.lower() not in stop]
    kept += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    return upstream.status, _restore(kept, upstream, anthropic), body


def _is_anthropic_error(body: bytes) -> bool:
    with contextlib.suppress(orjson.JSONDecodeError):
        parsed = orjson.loads(body)
        return (
            isinstance(parsed, dict)
            and parsed.get("type") == "error"
            and isinstance(parsed.get("error"), dict)
        )
    return False


def _message_of(body: bytes) -> str | None:
    words = body.decode("utf-8", "replace").strip()[:2000] or None
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return words
    if isinstance(parsed, list) and parsed:
        parsed = parsed[0]
    error = parsed.get("error", parsed) if isinstance(parsed, dict) else parsed
    message = error.get("message") if isinstance(error, dict) else error
    if isinstance(message, str):
        return message
    return words if parsed else None
