"""What one request says about the agent behind it, read once from headers and body."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from claude_lens.exchange import Headers, Identity
from claude_lens.wire.headers import get

SPAWNING = frozenset(("Agent", "Task"))
SUBAGENT_CLASSES = frozenset(("subagent", "workflow"))
_REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who may be asking.

    ``subagent`` is True where headers or the client's own mark say so, False where they exclude it, None
    where an older client says nothing. ``prompts`` are the texts of the first user message without
    reminders, ``system`` the texts of the system prompt, ``own_calls`` the ids of the spawning calls in the
    conversation itself, each in the order of the body.
    """

    identity: Identity
    subagent: bool | None = None
    prompts: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    own_calls: frozenset[str] = frozenset()


def asker(identity: Identity, headers: Headers, body: Mapping[str, Any] | None) -> Asker:
    """The asker of a request. Never raises; a body of another shape says nothing."""
    messages = body.get("messages") if body else None
    listed = messages if isinstance(messages, list) else []
    return Asker(
        identity=identity,
        subagent=_is_subagent(identity, headers),
        prompts=tuple(_prompts(listed)),
        system=tuple(texts(body.get("system")) if body else ()),
        own_calls=frozenset(call["id"] for call in spawning_calls(listed)),
    )


def texts(content: object) -> list[str]:
    """The texts of a content field, which is a string or a list of blocks."""
    if isinstance(content, str):
        return [content]
    blocks = content if isinstance(content, list) else []
    found = [block.get("text") for block in blocks if isinstance(block, Mapping)]
    return [text for text in found if isinstance(text, str)]


def spawning_calls(messages: Iterable[object]) -> list[Mapping[str, Any]]:
    """The ``tool_use`` blocks of assistant messages that start a subagent, those without an id left out."""
    found = []
    for message in messages:
        if not isinstance(message, Mapping) or message.get("role") != "assistant":
            continue
        content = message.get("content")
        for block in content if isinstance(content, list) else ():
            if isinstance(block, Mapping) and block.get("name") in SPAWNING and _is_call(block):
                found.append(block)
    return found


def _is_call(block: Mapping[str, Any]) -> bool:
    name = block["id"] if isinstance(block.get("id"), str) else None
    return block.get("type") == "tool_use" and bool(name) and isinstance(block.get("input"), Mapping)


def _is_subagent(identity: Identity, headers: Headers) -> bool | None:
    agent = identity.agent
    if agent.id or agent.parent_id or agent.type or identity.request_class in SUBAGENT_CLASSES:
        return True
    if identity.request_class:
        return False
    if agent.evidence == "billing":
        return True
    # A client that names its session in a header names its subagents there too.
    if get(headers, "x-claude-code-session-id") or agent.evidence == "unknown":
        return False
    return None


def _prompts(messages: list[object]) -> Iterable[str]:
    first = next((m for m in messages if isinstance(m, Mapping) and m.get("role") == "user"), None)
    for text in texts(first.get("content")) if first else ():
        bare = _REMINDER.sub("", text).strip() if "<system-reminder>" in text else text.strip()
        if bare:
            yield bare
