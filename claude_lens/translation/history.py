"""A conversation that another provider took part in, on its way back to Anthropic.

Thinking is signed by who thought it; Anthropic refuses a signature that is not its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FOREIGN_SIGNATURES = ("litellm_",)
MARKS = (b'"signature":""', b'"signature": ""', b"litellm_encrypted_reasoning")
NOTE = "thinking of another provider removed"


def may_hold_foreign_thinking(body: bytes) -> bool:
    """A cheap look, before anything is parsed."""
    return any(mark in body for mark in MARKS)


def without_foreign_thinking(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The body without thinking that nobody signed, or LiteLLM did; None where there is none.

    A turn that is still at its tool calls must begin with thinking where a budget for it is set; one that has
    lost it is answered without.
    """
    given = body.get("messages")
    messages = given if isinstance(given, list) else []
    cleaned = [_cleaned(message) for message in messages]
    if all(new is old for new, old in zip(cleaned, messages, strict=True)):
        return None
    made = {**body, "messages": cleaned}
    thinking = body.get("thinking")
    budgeted = isinstance(thinking, Mapping) and thinking.get("type") == "enabled"
    if budgeted and _open_turn_lost_thinking(messages, cleaned):
        del made["thinking"]
    return made


def _cleaned(message: Any) -> Any:
    content = message.get("content") if isinstance(message, Mapping) else None
    if not isinstance(content, list) or message.get("role") != "assistant":
        return message
    kept = [block for block in content if not _is_foreign(block)]
    if len(kept) == len(content):
        return message
    return {**message, "content": kept or [{"type": "text", "text": "(no text)"}]}


def _is_foreign(block: Any) -> bool:
    if not isinstance(block, Mapping):
        return False
    if block.get("type") == "redacted_thinking":
        return str(block.get("data") or "").startswith(FOREIGN_SIGNATURES)
    signature = block.get("signature")
    return block.get("type") == "thinking" and (
        not signature or str(signature).startswith(FOREIGN_SIGNATURES)
    )


def _open_turn_lost_thinking(before: list[Any], after: list[Any]) -> bool:
    """Whether the last answer, whose tool results the request brings, is one that was cleaned."""
    answers = [i for i, m in enumerate(before) if isinstance(m, Mapping) and m.get("role") == "assistant"]
    last = answers[-1] if answers else None
    if last is None or before[last] is after[last]:
        return False
    return any(isinstance(b, Mapping) and b.get("type") == "tool_use" for b in before[last]["content"])
