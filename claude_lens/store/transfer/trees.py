"""The lines of a transcript as what they are: a tree, of which each answer has seen one branch and more.

Each line names its parent. The results of calls made at once hang off their own call's line, so only one of
them is above the next answer; the others stand beside it. What was said before an answer is therefore the
branch above it, and with each message of the branch everything that came back for its calls.

A tree knows where its lines are in the file, and of what they say only what holds the tree together: a file
of 100 MB has a tree of a few. What is said before each answer works out :mod:`histories`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from sys import intern
from typing import Any, Final

from claude_lens.messages.blocks import ANSWERED, CALLED
from claude_lens.messages.spawns import Spawn, spawns

QUEUED: Final = "queued_command"
"""The type of an attachment that is a prompt typed while Claude worked."""
_NEAR: Final = 200
"""Older clients name no prompts at all: nobody looks further up for one."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line is in its file, in bytes."""

    offset: int = 0
    size: int = 0


@dataclass(slots=True)
class Line:
    """One line: its number among those of the tree, its place in the file, and what it hangs off.

    ``said``: it has a message of the protocol; ``told``: it says something to the model. ``answer``: what the
    lines of one answer have in common, None for any other line; ``results`` are the calls that it has results
    of. ``side``: it belongs to a subagent; ``prompt`` is the id of the user's prompt that it serves.
    """

    number: int
    uuid: str
    parent: str | None
    place: Place
    side: bool
    said: bool
    told: bool
    answer: str | None = None
    results: tuple[str, ...] = ()
    prompt: str | None = None


@dataclass(slots=True)
class Answer:
    """One message of the model: its lines, one block each; the calls and spawns among its blocks.

    ``session``, ``message_id``, ``request_id``, ``at`` (as the client wrote it): what the first line tells.
    """

    key: str
    first: Line
    session: str | None
    message_id: str | None
    request_id: str | None
    at: str | None
    asked: str | None
    lines: list[Line] = field(default_factory=list)
    calls: dict[str, None] = field(default_factory=dict)
    spawns: dict[str, Spawn] = field(default_factory=dict)


class Tree:
    """All lines of a transcript, and its answers in the order of their first lines."""

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}
        self.answers: dict[str, Answer] = {}
        self._children: dict[str, list[Line]] = {}
        self._results: dict[str, Line] = {}

    def add(self, raw: Mapping[str, Any], place: Place = Place()) -> None:
        """One more line. Those without a uuid, and those that are there already, are passed over."""
        uuid = raw.get("uuid")
        if not isinstance(uuid, str) or uuid in self.lines:
            return
        parent = text(raw.get("parentUuid"))
        content = content_of(raw)
        side, said = bool(raw.get("isSidechain")), isinstance(raw.get("message"), Mapping)
        line = Line(len(self.lines), uuid, parent, place, side, said, content is not None)
        if prompt := text(raw.get("promptId")):
            line.prompt = intern(prompt)
        self.lines[uuid] = line
        if parent is not None:
            self._children.setdefault(parent, []).append(line)
        if said and raw.get("type") == "assistant":
            self._answer(line, raw, content)
        elif said and raw.get("type") == "user":
            line.results = tuple(marks(content, ANSWERED, "tool_use_id"))
            for call in line.results:
                self._results.setdefault(call, line)

    def _answer(self, line: Line, raw: Mapping[str, Any], content: Any) -> None:
        message_id, request_id = text(raw["message"].get("id")), text(raw.get("requestId"))
        line.answer = key = message_id or request_id or line.uuid
        if key not in self.answers:
            # History that a fork has copied says which session made it.
            session = text(raw.get("requestSessionId")) or text(raw.get("sessionId"))
            told = (session, message_id, request_id, text(raw.get("timestamp")), text(raw.get("requestRef")))
            self.answers[key] = Answer(key, line, *told)
        one = self.answers[key]
        one.lines.append(line)
        if not one.request_id:
            one.request_id = request_id
        one.calls |= dict.fromkeys(marks(content, CALLED, "id"))
        for spawn in spawns([{"role": "assistant", "content": content}]):
            one.spawns.setdefault(spawn.call_id, spawn)

    def above(self, line: Line) -> Iterator[Line]:
        """What is above ``line``, up to the root; a subagent's lines end where its parent's begin."""
        seen, parent = {line.uuid}, self.lines.get(line.parent or "")
        while parent is not None and parent.uuid not in seen and parent.side == line.side:
            seen.add(parent.uuid)
            yield parent
            parent = self.lines.get(parent.parent or "")

    def prompt(self, line: Line) -> str | None:
        """The id of the user's prompt that a line serves: its own, or that of a line not far above."""
        near = (one.prompt for one in islice(self.above(line), _NEAR))
        return line.prompt or next(filter(None, near), None)

    def beside(self, said: Answer, branch: set[str]) -> list[Line]:
        """What came back for the calls of a message, and was typed meanwhile, in the file's order.

        ``branch``: the lines above the answer that has seen it.
        """
        found = {one.uuid: one for call in said.calls if (one := self._results.get(call))}
        left = [*said.lines, *found.values()]
        seen = {one.uuid for one in left}
        while left:
            for child in self._children.get(left.pop().uuid, ()):
                if child.uuid in seen or child.said:
                    continue
                seen.add(child.uuid)
                left.append(child)
                # A prompt with an answer of its own belongs to that branch, whether it is ours or not.
                if child.told and (child.uuid not in self._children or child.uuid in branch):
                    found[child.uuid] = child
        return sorted(found.values(), key=lambda one: one.number)


def content_of(raw: Mapping[str, Any]) -> Any:
    """What a line says to the model, a string or blocks; None where it says nothing."""
    message, attached = raw.get("message"), raw.get("attachment")
    if isinstance(message, Mapping) and raw.get("type") in ("user", "assistant"):
        return message.get("content")
    if isinstance(attached, Mapping) and attached.get("type") == QUEUED:
        return attached.get("prompt")
    return None


def text(value: Any) -> str | None:
    """A string that is not empty, else None."""
    return value if isinstance(value, str) and value else None


def listed(content: Any) -> list[Any]:
    """The blocks of a content; none where it is no list."""
    return content if isinstance(content, list) else []


def marks(content: Any, kind: str, name: str) -> Iterator[str]:
    """The ids called ``name`` of the blocks of a kind."""
    for block in listed(content):
        if isinstance(block, Mapping) and block.get("type") == kind and isinstance(block.get(name), str):
            yield block[name]
