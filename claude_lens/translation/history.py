"""A conversation that another provider took part in, on its way back to Anthropic.

Thinking is signed by who thought it; Anthropic refuses a signature that is not its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from claude_lens.messages.blocks import kind, text_block
from claude_lens.messages.calls import calls

FOREIGN_SIGNATURES = ("litellm_",)
MARKS = (b'"signature":""', b'"signature": ""', b"litellm_encrypted_reasoning")
NOTE = "thinking of another provider removed"


def may_hold_foreign_thinking(body: bytes) -> bool:
    """A cheap look, before anything is parsed."""
    return any(mark in body for mark in MARKS)


def nobody(_signature: str) -> bool:
    """No signature is known to be another provider's."""
    return False


def without_foreign_thinking(
    body: Mapping[str, Any], is_known: Callable[[str], bool] = nobody
) -> dict[str, Any] | None:
    """The body without thinking that nobody signed, or LiteLLM did; None where there is none.

    ``is_known`` says of a signature whether it is known to be another provider's.
    A turn that is still at its tool calls must begin with thinking where a budget for it is set; one that has
    lost it is answered without.
    """
    given = body.get("messages")
    messages = given if isinstance(given, list) else []
    cleaned = [_cleaned(message, is_known) for message in messages]
    if all(new is old for new, old in zip(cleaned, messages, strict=True)):
        return None
    made = {**body, "messages": cleaned}
    thinking = body.get("thinking")
    budgeted = isinstance(thinking, Mapping) and thinking.get("type") == "enabled"
    if budgeted and _open_turn_lost_thinking(messages, cleaned):
        del made["thinking"]
    return made


def _cleaned(message: Any, is_known: Callable[[str], bool]) -> Any:
    content = message.get("content") if isinstance(message, Mapping) else None
    if not isinstance(content, list) or message.get("role") != "assistant":
        return message
    kept = [block for block in content if not _is_foreign(block, is_known)]
    if len(kept) == len(content):
        return message
    return {**message, "content": kept or [text_block("(no text)")]}


def _is_foreign(block: Any, is_known: Callable[[str], bool]) -> bool:
    if kind(block) != "thinking":
        return False
    signature = str(block.get("signature" if block["type"] == "thinking" else "data") or "")
    return not signature or signature.startswith(FOREIGN_SIGNATURES) or is_known(signature)


def _open_turn_lost_thinking(before: list[Any], after: list[Any]) -> bool:
    """Whether the last answer, whose tool results the request brings, is one that was cleaned."""
    answers = [i for i, m in enumerate(before) if isinstance(m, Mapping) and m.get("role") == "assistant"]
    last = answers[-1] if answers else None
    if last is None or before[last] is after[last]:
        return False
    return any(one.carrier == "client" for one in calls(before[last]))
