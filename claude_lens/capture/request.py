"""A request at the door: which endpoints are recorded, which model is asked, and its exchange opened."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from claude_lens.capture.asgi import Scope
from claude_lens.capture.auth import Credential
from claude_lens.capture.inflight import InFlight
from claude_lens.recorder.feed import Feed
from claude_lens.recorder.frames import Frame
from claude_lens.wire.dialect import model_in
from claude_lens.wire.parse import parse_object

MESSAGES = "/v1/messages"
COUNT_TOKENS = "/v1/messages/count_tokens"
ANTHROPIC_ENDPOINTS = frozenset((MESSAGES, COUNT_TOKENS))
RECORDED = {
    MESSAGES: MESSAGES,
    COUNT_TOKENS: COUNT_TOKENS,
    "/v1/chat/completions": "/v1/chat/completions",
    "/chat/completions": "/v1/chat/completions",
}
WRONG_KEY = {
    "missing": "no key: send the proxy's key as Authorization: Bearer …, x-api-key or x-litellm-api-key",
    "foreign": "wrong key for this proxy: use LITELLM_MASTER_KEY, or the key that `lensctl env` sets",
}
MODEL_FIRST = re.compile(rb'\s*\{\s*"model"\s*:\s*"([^"\\\x00-\x1f]{1,256})"\s*[,}]')
KINDS = 64
# Where a request had to wait at the door: (seconds since the epoch, time.perf_counter()) of its arrival.
ARRIVED = "claude_lens.arrived"

Prices = Callable[[str | None, str | None], Mapping[str, Any] | None]


def model_of(body: bytes) -> str | None:
    """The requested model; None where the body is not a JSON object that names one.

    Claude Code puts it first, so that nothing else needs to be parsed.
    """
    first = MODEL_FIRST.match(body)
    if first:
        return first[1].decode("utf-8", "replace")
    parsed = parse_object(body)
    model = parsed.get("model") if parsed else None
    return model if isinstance(model, str) and model else None


def opened(
    scope: Scope, body: bytes, credential: Credential, *, feed: Feed | None, price: Prices
) -> InFlight:
    """The exchange of a request; its clock runs from here, or from ``ARRIVED``."""
    arrived_at, started = scope.get(ARRIVED) or (time.time(), time.perf_counter())
    return InFlight(
        arrived_at=arrived_at,
        started=started,
        endpoint=RECORDED.get(scope["path"]) or scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=scope["headers"],
        body=body,
        put=feed.put if feed else _nowhere,
        watch=feed.watch if feed else None,
        worker=feed.worker if feed else "",
        requested_model=model_of(body) or model_in(scope["path"]),
        own_credential=credential.own,
        price=price,
    )


def count(lanes: dict[str, int], flight: InFlight) -> None:
    """Add the exchange to the counters by lane and reason; new reasons beyond ``KINDS`` are not counted."""
    key = flight.lane if not flight.lane_reason else f"{flight.lane}: {flight.lane_reason}"
    if key in lanes or len(lanes) < KINDS:
        lanes[key] = lanes.get(key, 0) + 1


def _nowhere(_frame: Frame) -> None:
    """No sink is enabled."""
