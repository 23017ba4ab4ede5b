"""Beside spans of the client's own: where ours hang below them, and which figures they have already."""

from __future__ import annotations

from typing import Final

from claude_lens.exchange import Exchange
from claude_lens.messages.system import billing, version

COUNTS_SINCE: Final = (2, 1, 331)
_SAMPLED: Final = 0x01


def parent_of(exchange: Exchange) -> tuple[int, int] | None:
    """Trace and span id of the client's own span; None where it sends none or does not record it."""
    sent = exchange.identity.traceparent
    if not sent:
        return None
    _, trace, span, flags = sent.split("-")[:4]
    return (int(trace, 16), int(span, 16)) if int(flags[:2], 16) & _SAMPLED else None


def counted_by_client(exchange: Exchange) -> bool:
    """Whether the client's own span of this request has its tokens, so that ours would count them again.

    Source: the clients 2.1.330 (no ``gen_ai.usage.*`` on its spans) and 2.1.331 (has them).
    """
    if parent_of(exchange) is None:
        return False
    told = version(billing(exchange.request.json))
    return told is not None and told >= COUNTS_SINCE
