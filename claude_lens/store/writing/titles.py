"""What a session is called in lists: the client's own title for it, else the first prompt's first words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from claude_lens.exchange import Exchange
from claude_lens.messages.blocks import messages
from claude_lens.messages.foreign import conversation
from claude_lens.messages.helpers import AUXILIARY, MAIN, asks_for_title, is_count, title_in
from claude_lens.messages.written import human_words
from claude_lens.store.rows import session_label
from claude_lens.wire.dialect import dialect_of

LONGEST: Final = 80
NONE: Final = 0
PROMPT: Final = 1
CLIENT: Final = 2
_LOOKED_AT: Final = 20_000


def title_of(exchange: Exchange, rank: int) -> tuple[str, int] | None:
    """A title better than one of ``rank`` that this exchange gives its session, with its own rank."""
    who, body = exchange.identity, exchange.request.json
    if (label := session_label(exchange)) is not None:
        return (label[:LONGEST], CLIENT) if rank < CLIENT else None
    if who.request_class == AUXILIARY:
        found = title_in(exchange.response.json, body) if exchange.response and rank < CLIENT else None
        return (found[:LONGEST], CLIENT) if found else None
    if rank >= PROMPT or who.agent.id is not None or who.request_class not in (None, MAIN):
        return None
    # Whoever asks for a single token wants to know whether an answer comes, and no human wrote that.
    if is_count(exchange.endpoint) or (body or {}).get("max_tokens") == 1:
        return None
    found = first_prompt({"messages": conversation(body, dialect_of(exchange.endpoint))})
    return (found, PROMPT) if found else None


def repeats_only(exchange: Exchange) -> bool:
    """Whether a request's messages only repeat what is said elsewhere, so that a title comes back for it."""
    return exchange.identity.request_class == AUXILIARY and asks_for_title(exchange.request.json)


def first_prompt(body: Mapping[str, Any] | None) -> str | None:
    """The first words that a human wrote, at most 80 characters; None where there are none."""
    return next(filter(None, map(first_words, messages(body))), None)


def first_words(message: object) -> str | None:
    """The first of the words that a human wrote in a message, on one line; None where there are none."""
    words = " ".join((human_words(message) or "")[:_LOOKED_AT].split())
    if not words:
        return None
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rstrip() + "…"
