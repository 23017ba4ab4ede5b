"""What a session is called in lists: the client's own title for it, else the first prompt's first words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from claude_lens.exchange import Exchange

LONGEST: Final = 80
NONE: Final = 0
PROMPT: Final = 1
CLIENT: Final = 2

# What the client writes into user messages by itself.
_INSERTED: Final = re.compile(r"<(system-reminder|local-command-\w+|command-\w+)>.*?(</\1>|\Z)", re.DOTALL)


def title_of(exchange: Exchange, rank: int) -> tuple[str, int] | None:
    """A title better than one of ``rank`` that this exchange gives its session, with its own rank."""
    who = exchange.identity
    if who.request_class == "auxiliary":
        found = client_title(exchange.response.json) if exchange.response and rank < CLIENT else None
        return (found, CLIENT) if found else None
    if (
        rank >= PROMPT
        or who.agent.id is not None
        or who.request_class not in (None, "main")
        or _is_probe(exchange)
    ):
        return None
    found = first_prompt(exchange.request.json)
    return (found, PROMPT) if found else None


def _is_probe(exchange: Exchange) -> bool:
    # The client counts tokens, and asks for a single token to learn its quota; no human wrote those.
    body = exchange.request.json or {}
    return exchange.endpoint.endswith("/count_tokens") or body.get("max_tokens") == 1


def first_prompt(body: Mapping[str, Any] | None) -> str | None:
    """The first words that a human wrote, at most 80 characters; None where there are none."""
    for text in _user_texts(body or {}):
        words = " ".join(_INSERTED.sub(" ", text[:20_000]).split())
        if words:
            return words if len(words) <= LONGEST else words[: LONGEST - 1].rstrip() + "…"
    return None


def _user_texts(body: Mapping[str, Any]) -> Iterator[str]:
    messages = body.get("messages")
    for message in messages if isinstance(messages, list) else ():
        if not isinstance(message, dict) or message.get("role") != "user":
            continue
        blocks = message.get("content")
        if isinstance(blocks, str):
            yield blocks
        for block in blocks if isinstance(blocks, list) else ():
            if isinstance(block, dict) and block.get("type") == "text" and isinstance(block.get("text"), str):
                yield block["text"]


def client_title(answer: Mapping[str, Any] | None) -> str | None:
    """The title in an answer that is a JSON object with a title and nothing of weight beside it."""
    blocks = (answer or {}).get("content")
    texts = [
        block.get("text")
        for block in (blocks if isinstance(blocks, list) else ())
        if isinstance(block, dict) and block.get("type") == "text"
    ]
    if len(texts) != 1 or not isinstance(texts[0], str) or len(texts[0]) > 1000:
        return None
    try:
        found = orjson.loads(texts[0])
    except orjson.JSONDecodeError:
        return None
    title = found.get("title") if isinstance(found, dict) else None
    if not isinstance(title, str) or set(found) - {"title", "isNewTopic", "branch"}:
        return None
    return " ".join(title.split())[:LONGEST] or None
