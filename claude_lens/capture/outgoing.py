"""The few requests whose body must not go on as it came."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from typing import Any

from claude_lens import exact
from claude_lens.capture.inflight import InFlight
from claude_lens.capture.request import ANTHROPIC_ENDPOINTS, COUNT_TOKENS, MESSAGES
from claude_lens.translation import history
from claude_lens.translation.makers import CLAUDE, STAMP, THOUGHTS, mark_of
from claude_lens.wire import sse
from claude_lens.wire.events import is_stream
from claude_lens.wire.parse import parse_object

SIGNATURE = re.compile(rb'"signature":\s?"([^"]+)"')
KEPT = 20_000

# By a digest of what marks them: who made the thoughts that went out of this process, but for Claude's.
MAKERS: OrderedDict[str, str] = OrderedDict()


def prepare(flight: InFlight) -> None:
    """A count for a routed request names the routed model, since LiteLLM asks no callback about counts."""
    if flight.target is not None and flight.endpoint == COUNT_TOKENS:
        body = _parsed(flight.body)
        flight.outgoing = _dumped({**body, "model": flight.target}) if body else None


def for_claude(flight: InFlight) -> None:
    """On the way to Claude, thinking of another provider is taken out."""
    if flight.endpoint not in ANTHROPIC_ENDPOINTS:
        return
    if history.may_hold_foreign_thinking(flight.sent) or (MAKERS and SIGNATURE.search(flight.sent)):
        cleaned = history.without_foreign_thinking(_parsed(flight.sent) or {}, made_by, CLAUDE)
        outgoing = _dumped(cleaned) if cleaned is not None else None
        if outgoing is not None:
            flight.outgoing = outgoing
            flight.adapted = tuple(dict.fromkeys((*flight.adapted, history.NOTE)))


def remember(flight: InFlight) -> None:
    """Keep in mind whose the thoughts of an answer are, where its provider has signed them itself."""
    if flight.maker in (None, CLAUDE) or flight.endpoint != MESSAGES:
        return
    body = b"".join(flight.chunks)
    if b'"thinking' not in body and b"redacted_thinking" not in body:
        return
    message = sse.fold(body).message if is_stream(body, None) else parse_object(body)
    content = message.get("content") if message else None
    for block in content if isinstance(content, list) else []:
        if isinstance(block, dict) and block.get("type") in THOUGHTS:
            mark = mark_of(block)
            if mark and not mark.startswith(STAMP):
                MAKERS[_digest(mark)] = str(flight.maker)
    while len(MAKERS) > KEPT:
        MAKERS.popitem(last=False)


def made_by(mark: str) -> str | None:
    """Who made the thought with this signature or these words, as far as this process has seen."""
    return MAKERS.get(_digest(mark)) if MAKERS else None


def _parsed(body: bytes) -> dict[str, Any] | None:
    try:
        value = exact.load(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _dumped(value: dict[str, Any]) -> bytes | None:
    try:
        return exact.dump(value)
    except RecursionError:
        return None


def _digest(mark: str) -> str:
    return hashlib.blake2b(mark.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
