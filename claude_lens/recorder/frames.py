"""What the proxy tells the recorder, and how it is laid out in a byte stream.

A frame is ``length of head`` and ``length of body`` (two unsigned 32-bit integers, network order), the
head (a JSON object with ``kind``), and the body (raw bytes, never copied into JSON).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import orjson

from claude_lens.exchange import Headers, Lane, Status
from claude_lens.wire.parse import parse_json

LENGTHS = struct.Struct("!II")


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


def encode(frame: Frame) -> tuple[bytes, bytes]:
    """The frame's prefix with its head, and its body, to be written one after the other."""
    fields = {name: getattr(frame, name) for name in frame.__slots__ if name != "body"}
    fields["kind"] = "arrival" if isinstance(frame, Arrival) else "ending"
    try:
        head = orjson.dumps(fields)
    except TypeError:
        # Half a surrogate pair, as names and errors that came out of JSON may hold.
        head = json.dumps(fields, default=str).encode()
    return LENGTHS.pack(len(head), len(frame.body)) + head, frame.body


def read_frame(stream: BinaryIO) -> Frame | None:
    """The next frame, or None at the end of the stream (a torn last frame counts as the end)."""
    lengths = stream.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head_size, body_size = LENGTHS.unpack(lengths)
    head, body = stream.read(head_size), stream.read(body_size)
    if len(head) < head_size or len(body) < body_size:
        return None
    fields: dict[str, Any] = parse_json(head)
    kind = fields.pop("kind")
    fields["headers"] = tuple((name, value) for name, value in fields["headers"])
    if kind == "arrival":
        return Arrival(body=body, **fields)
    fields["adapted"] = tuple(fields["adapted"])
    return Ending(body=body, **fields)
