"""A request in flight: its clock, what passed so far, and its two frames for the recorder."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from claude_lens.exchange import Agent, Headers, Identity, Lane, Status
from claude_lens.normalising.problem import Problem
from claude_lens.recorder.frames import Arrival, Ending, Frame
from claude_lens.wire.headers import redact

RawHeaders = list[tuple[bytes, bytes]]
# The recorder's work on a request would take the processor from an answer that is about to come.
UNSEEN = 0.03
ESTIMATED = "tokens in the answer estimated by LiteLLM: the provider told none"
FIRST_TOKEN = (b"content_block_delta", b'"delta":{')


def new_id() -> str:
    """32 hex digits that sort by time: milliseconds, then chance."""
    return f"{time.time_ns() // 1_000_000:012x}{uuid.uuid4().hex[:20]}"


def text_headers(raw: RawHeaders) -> Headers:
    """Header pairs as text (latin-1, as HTTP has it), credentials redacted."""
    return redact((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)


@dataclass(slots=True)
class UpstreamAnswer:
    """What the provider itself answered before LiteLLM worded it anew. ``body`` only for errors."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes | None = None


@dataclass(slots=True)
class InFlight:
    """One exchange between arrival and end. Not thread-safe: lives on the event loop.

    ``identity`` and ``asker`` are None where nobody wanted to know who asks. ``refusal`` is the sentence of
    the guard that stopped it; ``over`` is called at its end, ``watch`` once the recorder has it: from then on
    another thread looks at what passed. ``last_at``: when the last of it did, in seconds since the epoch.

    ``maker``: whose the thoughts of the answer are (``translation.makers``). ``translating``: LiteLLM
    translates for a provider of another format. ``answering``: that provider's answer has begun.
    ``usage_told``: it has counted tokens; None where nobody has looked. ``refused``: the model would not
    answer. ``instead``: what we answer ourselves where LiteLLM is kept from asking. ``problem``, ``cut``: how
    the answer broke off.
    """

    endpoint: str
    query: str
    headers: RawHeaders
    body: bytes
    put: Callable[[Frame], None]
    worker: str
    watch: Callable[[InFlight], None] | None = None
    lane: Lane = "translated"
    lane_reason: str | None = None
    id: str = field(default_factory=new_id)
    arrived_at: float = field(default_factory=time.time)
    started: float = field(default_factory=time.perf_counter)
    requested_model: str | None = None
    own_credential: bool = False
    routed_model: str | None = None
    provider: str | None = None
    rule: str | None = None
    target: str | None = None
    outgoing: bytes | None = None
    adapted: tuple[str, ...] = ()
    agent: Mapping[str, Any] = field(default_factory=dict)
    identity: Identity | None = None
    asker: Agent | None = None
    key_alias: str | None = None
    refusal: str | None = None
    over: Callable[[InFlight], None] | None = None
    upstream: UpstreamAnswer | None = None
    maker: str | None = None
    translating: bool = False
    answering: bool = False
    usage_told: bool | None = None
    refused: bool = False
    instead: bytes | None = None
    problem: Problem | None = None
    cut: str | None = None
    cost_usd: float | None = None
    ttfb_ms: float | None = None
    ttft_ms: float | None = None
    last_at: float | None = None
    chunks: list[bytes] = field(default_factory=list)
    price: Callable[[str | None, str | None], Mapping[str, Any] | None] = lambda _model, _provider: None
    arrived: bool = False
    ended: bool = False
    _arrival: asyncio.TimerHandle | None = None

    @property
    def sent(self) -> bytes:
        """The body as it goes on from here: ``outgoing`` where it had to be changed, else as it came."""
        return self.body if self.outgoing is None else self.outgoing

    def elapsed_ms(self) -> float:
        """Milliseconds since the arrival."""
        return (time.perf_counter() - self.started) * 1000

    def arrive_soon(self) -> None:
        """Hand the request to the recorder after :data:`UNSEEN` seconds, at the latest at its end."""
        self._arrival = asyncio.get_running_loop().call_later(UNSEEN, self.arrive)

    def arrive(self) -> None:
        """Hand the request to the recorder; the exchange becomes visible as ``running``. Once is enough."""
        if self._arrival is not None:
            self._arrival.cancel()
        if self.arrived:
            return
        self.arrived = True
        self.put(
            Arrival(
                id=self.id,
                worker=self.worker,
                arrived_at=self.arrived_at,
                endpoint=self.endpoint,
                query=self.query,
                headers=text_headers(self.headers),
                lane=self.lane,
                lane_reason=self.lane_reason,
                body=self.body,
            )
        )
        if self.watch is not None and not self.ended:
            self.watch(self)

    def passed(self, chunk: bytes) -> None:
        """Note a piece of the answer that goes to the client."""
        if not chunk:
            return
        self.last_at = time.time()
        if self.ttfb_ms is None:
            self.ttfb_ms = self.elapsed_ms()
        if self.ttft_ms is None and any(mark in chunk for mark in FIRST_TOKEN):
            self.ttft_ms = self.elapsed_ms()
        self.chunks.append(chunk)

    def end(
        self,
        status: Status,
        http_status: int | None = None,
        headers: RawHeaders | None = None,
        error: str | None = None,
    ) -> None:
        """Hand the answer to the recorder. Only the first call counts."""
        if self.ended:
            return
        self.ended = True
        self.arrive()
        if self.over is not None:
            self.over(self)
        routed = self.routed_model or self.requested_model
        estimated = self.usage_told is False and (http_status or 0) < 400
        self.put(
            Ending(
                id=self.id,
                status=status,
                http_status=http_status,
                error=error,
                headers=text_headers(headers or []),
                body=b"".join(self.chunks),
                ttfb_ms=self.ttfb_ms,
                ttft_ms=self.ttft_ms,
                duration_ms=self.elapsed_ms(),
                routed_model=routed,
                provider=self.provider,
                rule=self.rule,
                request_id=self._request_id(),
                prices=self.price(routed, self.provider),
                requested_prices=self.price(self.requested_model, None),
                cost_usd=self.cost_usd,
                adapted=(*self.adapted, ESTIMATED) if estimated and status == "ok" else self.adapted,
                agent=self.agent,
                key_alias=self.key_alias,
                usage_told=not estimated,
            )
        )

    def forget(self) -> None:
        """Let go of the bytes once all is said: LiteLLM may hold on to the exchange for long."""
        self.body, self.outgoing, self.chunks = b"", None, []

    def _request_id(self) -> str | None:
        if self.upstream is None:
            return None
        names = {name.lower(): value for name, value in self.upstream.headers}
        return names.get("request-id") or names.get("x-request-id")
