"""A conversation that several providers took part in, on its way to one of them.

Thinking is signed by who thought it; Anthropic refuses a signature that is not its own, and others refuse to
go on without theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claude_lens.messages.blocks import kind, text_block
from claude_lens.messages.calls import calls
from claude_lens.translation.makers import CLAUDE, STAMP, Known, is_own, nobody

MARKS = (b'"signature":""', b'"signature": ""', b"litellm_encrypted_reasoning", STAMP.encode())
NOTE = "thinking of another provider removed"


def may_hold_foreign_thinking(body: bytes) -> bool:
    """A cheap look, before anything is parsed, whether there is thinking that is surely not Claude's."""
    # From the end: forward, CPython looks through a body of this size another way, eight times as long.
    return any(body.rfind(mark) >= 0 for mark in MARKS)


def without_foreign_thinking(
    body: Mapping[str, Any], known: Known = nobody, maker: str = CLAUDE
) -> dict[str, Any] | None:
    """The body without thinking of others than ``maker``; None where there is none.

    A turn that is still at its tool calls must begin with thinking where a budget for it is set; one that has
    lost it is answered without.
    """
    given = body.get("messages")
    messages = given if isinstance(given, list) else []
    cleaned = [_cleaned(message, maker, known) for message in messages]
    if all(new is old for new, old in zip(cleaned, messages, strict=True)):
        return None
    made = {**body, "messages": cleaned}
    thinking = body.get("thinking")
    budgeted = isinstance(thinking, Mapping) and thinking.get("type") == "enabled"
    if budgeted and _open_turn_lost_thinking(messages, cleaned):
        del made["thinking"]
    return made


def _cleaned(message: Any, maker: str, known: Known) -> Any:
    content = message.get("content") if isinstance(message, Mapping) else None
    if not isinstance(content, list) or message.get("role") != "assistant":
        return message
    kept = [block for block in content if not _is_thought(block) or is_own(block, maker, known)]
    if len(kept) == len(content):
        return message
    return {**message, "content": kept or [text_block("(no text)")]}


def _is_thought(block: Any) -> bool:
    return kind(block) == "thinking"


def _open_turn_lost_thinking(before: list[Any], after: list[Any]) -> bool:
    """Whether the last answer, whose tool results the request brings, is one that was cleaned."""
    answers = [i for i, m in enumerate(before) if isinstance(m, Mapping) and m.get("role") == "assistant"]
    last = answers[-1] if answers else None
    if last is None or before[last] is after[last]:
        return False
    return any(one.carrier == "client" for one in calls(before[last]))
