"""What the proxy tells the recorder: a head (a JSON object with ``kind``), and a body of raw bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from claude_lens.exchange import Headers, Lane, Status
from claude_lens.wire.parse import parse_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A request as it arrived: redacted headers in order, exact body. ``arrived_at`` in seconds (UTC)."""

    id: str
    worker: str
    arrived_at: float
    endpoint: str
    query: str = ""
    headers: Headers = ()
    lane: Lane = "translated"
    lane_reason: str | None = None
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How the exchange of ``id`` ended. ``body`` is the answer as it passed, content-encoding included.

    Milliseconds count from the arrival. ``prices`` and ``requested_prices`` are entries of LiteLLM's price
    map (US dollars a token) for the routed and the requested model, None where it knows none.
    ``cost_usd`` is LiteLLM's own figure, used only where there are no prices. ``agent`` holds fields of
    ``exchange.Agent`` found at request time. ``usage_told`` is False where the provider has counted no
    tokens, so that what the answer says of them is LiteLLM's estimate.
    """

    id: str
    status: Status
    http_status: int | None = None
    error: str | None = None
    headers: Headers = ()
    body: bytes = b""
    ttfb_ms: float | None = None
    ttft_ms: float | None = None
    duration_ms: float | None = None
    routed_model: str | None = None
    provider: str | None = None
    rule: str | None = None
    request_id: str | None = None
    prices: Mapping[str, Any] | None = None
    requested_prices: Mapping[str, Any] | None = None
    cost_usd: float | None = None
    adapted: tuple[str, ...] = ()
    agent: Mapping[str, Any] = field(default_factory=dict)
    key_alias: str | None = None
    usage_told: bool = True


Frame = Arrival | Ending


def head_of(frame: Frame) -> bytes:
    """All of the frame but its body."""
    fields = {name: getattr(frame, name) for name in frame.__slots__ if name != "body"}
    fields["kind"] = "arrival" if isinstance(frame, Arrival) else "ending"
    try:
        return orjson.dumps(fields)
    except TypeError:
        # Half a surrogate pair, as names and errors that came out of JSON may hold.
        return json.dumps(fields, default=str).encode()


def frame_of(head: bytes, body: bytes) -> Frame:
    """The frame again. Raises ``ValueError``, ``TypeError`` or ``KeyError`` for a head that is none."""
    fields: dict[str, Any] = parse_json(head)
    kind = fields.pop("kind")
    fields["headers"] = tuple((name, value) for name, value in fields["headers"])
    if kind == "arrival":
        return Arrival(body=body, **fields)
    fields["adapted"] = tuple(fields["adapted"])
    return Ending(body=body, **fields)
