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

SIGNATURE = re.compile(rb'"signature":\s?"([^"]+)"')
KEPT = 20_000

# Digests of the signatures under which other providers' thoughts went out of this process.
FOREIGN: OrderedDict[str, None] = OrderedDict()


def prepare(flight: InFlight) -> None:
    """Set what goes on instead, where a rule or the conversation's past demands it.

    A count for a routed request names the routed model, since LiteLLM asks no callback about counts. On the
    way to Anthropic, thinking of another provider is taken out.
    """
    if flight.target is not None:
        if flight.endpoint == COUNT_TOKENS:
            body = _parsed(flight.body)
            flight.outgoing = _dumped({**body, "model": flight.target}) if body else None
        return
    if flight.endpoint not in ANTHROPIC_ENDPOINTS:
        return
    if history.may_hold_foreign_thinking(flight.body) or (FOREIGN and SIGNATURE.search(flight.body)):
        cleaned = history.without_foreign_thinking(_parsed(flight.body) or {}, is_known)
        flight.outgoing = _dumped(cleaned) if cleaned is not None else None
        if flight.outgoing is not None:
            flight.adapted = (*flight.adapted, history.NOTE)


def remember(flight: InFlight) -> None:
    """Keep in mind which signatures an answer of another provider carried."""
    if flight.provider in (None, "anthropic") or flight.endpoint != MESSAGES:
        return
    for signature in SIGNATURE.findall(b"".join(flight.chunks)):
        FOREIGN[_digest(signature)] = None
    while len(FOREIGN) > KEPT:
        FOREIGN.popitem(last=False)


def is_known(signature: str) -> bool:
    """Whether another provider signed with it, as far as this process has seen."""
    return _digest(signature.encode("utf-8", "surrogatepass")) in FOREIGN


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


def _digest(signature: bytes) -> str:
    return hashlib.blake2b(signature, digest_size=12).hexdigest()
