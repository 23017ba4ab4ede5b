"""What a request's body and its answer say, read for tracing. Pure; nothing raises on odd JSON.

Messages are Anthropic's: ``role`` and ``content``, a string or a list of blocks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]

SPAWNING = frozenset({"Agent", "Task"})
_COMPACTED = "This session is being continued from a previous conversation"
_LAUNCHED = "Async agent launched"
_INTERRUPTED = "[Request interrupted"
_INSERTED = re.compile(
    r"<(system-reminder|local-command-\w+|command-message|command-contents)>.*?(?:</\1>|\Z)", re.DOTALL
)
_NOTIFICATION = re.compile(r"<task-notification>(.*?)(?:</task-notification>|\Z)", re.DOTALL)
_NOTIFIED = re.compile(r"<task-id>([^<]+)</task-id>\s*<tool-use-id>([^<]+)</tool-use-id>")
_AGENT_ID = re.compile(r"^agentId: (\w+)", re.MULTILINE)
_LONGEST_LOOK = 200_000


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool call of the model."""

    id: str
    name: str
    input: Any


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came back for the call ``id``: its blocks as text."""

    id: str
    text: str
    is_error: bool


def messages(body: Json | None) -> list[Json]:
    """The messages of a request, without what is none."""
    found = body.get("messages") if body else None
    return [message for message in found if isinstance(message, Mapping)] if isinstance(found, list) else []


def blocks(message: Json) -> list[Json]:
    """A message's blocks; a string counts as one text block."""
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content if isinstance(block, Mapping)] if isinstance(content, list) else []


def new_messages(conversation: Sequence[Json]) -> Sequence[Json]:
    """The messages after the last answer: what this request adds to the one before."""
    for index in range(len(conversation) - 1, -1, -1):
        if conversation[index].get("role") == "assistant":
            return conversation[index + 1 :]
    return conversation


def last_answer(conversation: Sequence[Json]) -> Json | None:
    """The newest message of the model in a request."""
    return next((m for m in reversed(conversation) if m.get("role") == "assistant"), None)


def tool_uses(message: Json | None) -> list[ToolUse]:
    """The tool calls in an answer, in order."""
    return [
        ToolUse(str(block.get("id")), str(block.get("name")), block.get("input"))
        for block in (blocks(message) if message else ())
        if block.get("type") == "tool_use" and block.get("id")
    ]


def tool_results(new: Sequence[Json]) -> list[ToolResult]:
    """The tool results among new messages, in order."""
    return [
        ToolResult(str(block.get("tool_use_id")), text_of(block.get("content")), bool(block.get("is_error")))
        for message in new
        for block in blocks(message)
        if block.get("type") == "tool_result"
    ]


def text_of(content: Any) -> str:
    """The words of a content: strings and text blocks joined by newlines, other blocks by their type."""
    if isinstance(content, str):
        return content
    parts = []
    for block in content if isinstance(content, list) else ():
        if isinstance(block, Mapping):
            text = block.get("text")
            parts.append(text if isinstance(text, str) else f"[{block.get('type')}]")
    return "\n".join(parts)


def without_reminders(text: str) -> str:
    """A text without what the client inserted into it by itself."""
    return _INSERTED.sub("", text).strip() if "<" in text else text


def answer_text(message: Json | None) -> str:
    """The words of an answer, without thoughts and tool calls."""
    texts = (b.get("text") for b in (blocks(message) if message else ()) if b.get("type") == "text")
    return "\n".join(text for text in texts if isinstance(text, str))


def prompt_in(message: Json) -> str | None:
    """The words with which a user message starts a turn; None where it only carries results or reminders.

    A slash command reads as it was typed; the notification that a background task ended reads as its summary.
    """
    if message.get("role") != "user":
        return None
    commands: list[str] = []
    words: list[str] = []
    notes: list[str] = []
    local = False
    for block in blocks(message):
        if block.get("type") == "tool_result":
            return None
        text = block.get("text")
        if block.get("type") != "text" or not isinstance(text, str) or text.startswith(_INTERRUPTED):
            continue
        if "<" not in text:
            words.append(text.strip())
            continue
        head, tail = text[:_LONGEST_LOOK], text[_LONGEST_LOOK:]
        notes += [_summary(note) for note in _NOTIFICATION.findall(head)]
        local = local or "<local-command-" in head
        typed, rest = _command(_INSERTED.sub("", head))
        commands.append(typed)
        words.append((rest + tail).strip())
    # What the client did by itself (/compact, /model) is only told to the model; it is nobody's prompt.
    found = [part for part in (*([] if local else commands), *words) if part]
    return "\n".join(found or notes) or None


def _summary(note: str) -> str:
    before, summary, _ = _between(note, "summary")
    return (note if summary is None else summary).strip() or before.strip()


def _command(text: str) -> tuple[str, str]:
    """The slash command in a text as it was typed, empty if there is none, and the text without it."""
    before, name, after = _between(text, "command-name")
    if name is None:
        return "", text
    middle, arguments, rest = _between(after, "command-args")
    typed = f"{name.strip()} {(arguments or '').strip()}".strip()
    return typed, before + (after if arguments is None else middle + rest)


def _between(text: str, tag: str) -> tuple[str, str | None, str]:
    """What stands before, in and after the first element of this tag; None in the middle if there is none."""
    # No regular expression: where the end is missing, one looks for it anew from every beginning.
    before, found, rest = text.partition(f"<{tag}>")
    inner, closed, after = rest.partition(f"</{tag}>")
    return (before, inner, after) if found and closed else (text, None, "")


def prompts(conversation: Sequence[Json]) -> list[str]:
    """Every prompt in a conversation, the current one last."""
    return [words for words in map(prompt_in, conversation) if words is not None]


def is_compacted(conversation: Sequence[Json]) -> bool:
    """Whether the conversation starts with the summary of an earlier one."""
    if not conversation:
        return False
    first = next((b.get("text") for b in blocks(conversation[0]) if isinstance(b.get("text"), str)), "")
    return str(first).startswith(_COMPACTED)


def finished_runs(conversation: Sequence[Json]) -> int:
    """How many answers in the conversation called no tool: as often its agent had already finished."""
    return sum(m.get("role") == "assistant" and not tool_uses(m) for m in conversation)


def agents_told(new: Sequence[Json], spawning: Collection[str]) -> Iterator[tuple[str, str, str | None]]:
    """``(agent id, id of the tool use that started it, its report)``, as results and notifications tell.

    The report is None where the agent only began to work. ``spawning`` are the ids of tool uses that start
    agents: nobody else's result is believed.
    """
    for message in new:
        for block in blocks(message):
            if block.get("type") == "tool_result" and block.get("tool_use_id") in spawning:
                told = text_of(block.get("content"))
                # A report is indented, so a line that starts with the word is the client's own.
                if named := _AGENT_ID.findall(told):
                    began = told.startswith(_LAUNCHED)
                    yield named[-1], str(block["tool_use_id"]), None if began else told
            elif isinstance(text := block.get("text"), str) and "<task-notification>" in text:
                for agent, use in _NOTIFIED.findall(text[:_LONGEST_LOOK]):
                    yield agent, use, None
