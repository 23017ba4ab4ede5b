"""The lines of a transcript as what they are: a tree, of which each answer has seen one branch and more.

Each line names its parent. The results of calls made at once hang off their own call's line, so only one of
them is above the next answer; the others stand beside it. What was said before an answer is therefore the
branch above it, and with each message of the branch everything that came back for its calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from claude_lens import exact
from claude_lens.messages.blocks import ANSWERED, CALLED

QUEUED: Final = "queued_command"
"""The type of an attachment that is a prompt typed while Claude worked."""


@dataclass(slots=True)
class Line:
    """One line: its place in the file, what it hangs off, and what it says.

    ``content`` is what it says to the model, a string or blocks; None where it says nothing. ``answer``: what
    the lines of one answer have in common, None for any other line; ``results`` are the calls that it has
    results of. ``side``: it belongs to a subagent.
    """

    place: int
    uuid: str
    parent: str | None
    raw: Mapping[str, Any]
    message: Mapping[str, Any] | None
    side: bool = field(init=False)
    content: Any = field(init=False)
    answer: str | None = field(init=False)
    results: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        kind, attached = self.raw.get("type"), self.raw.get("attachment")
        self.side = bool(self.raw.get("isSidechain"))
        self.content = self.answer = None
        self.results = ()
        if self.message is not None and kind in ("user", "assistant"):
            self.content = self.message.get("content")
            if kind == "user":
                self.results = tuple(_marks(self.content, ANSWERED, "tool_use_id"))
            else:
                named = text(self.message.get("id")) or text(self.raw.get("requestId"))
                self.answer = named or self.uuid
        elif isinstance(attached, Mapping) and attached.get("type") == QUEUED:
            self.content = attached.get("prompt")


@dataclass(slots=True)
class Answer:
    """One message of the model: its lines, one block each. ``said_last`` is the line of its last block."""

    key: str
    first: Line
    lines: list[Line] = field(default_factory=list)
    blocks: list[Any] = field(default_factory=list)
    said_last: Line | None = None
    _seen: set[bytes] = field(default_factory=set)

    def add(self, line: Line) -> None:
        """One more line; a block that is there already (the line was replayed) is not added again."""
        self.lines.append(line)
        for block in _blocks(line.content):
            mark = exact.dump(block)
            if mark not in self._seen:
                self._seen.add(mark)
                self.blocks.append(block)
                self.said_last = line


class Tree:
    """All lines of a transcript, and its answers in the order of their first lines."""

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}
        self.answers: dict[str, Answer] = {}
        self._children: dict[str, list[Line]] = {}
        self._results: dict[str, Line] = {}

    def add(self, raw: Mapping[str, Any]) -> None:
        """One more line. Those without a uuid, and those that are there already, are passed over."""
        uuid, message = raw.get("uuid"), raw.get("message")
        if not isinstance(uuid, str) or uuid in self.lines:
            return
        parent = text(raw.get("parentUuid"))
        line = Line(len(self.lines), uuid, parent, raw, message if isinstance(message, Mapping) else None)
        self.lines[uuid] = line
        if parent is not None:
            self._children.setdefault(parent, []).append(line)
        if (key := line.answer) is not None:
            self.answers.setdefault(key, Answer(key, line)).add(line)
        for call in line.results:
            self._results.setdefault(call, line)

    def branch(self, line: Line) -> list[Line]:
        """What is above ``line``, from the root on; a subagent's lines end where its parent's begin."""
        found: list[Line] = []
        seen, parent = {line.uuid}, self.lines.get(line.parent or "")
        while parent is not None and parent.uuid not in seen and parent.side == line.side:
            seen.add(parent.uuid)
            found.append(parent)
            parent = self.lines.get(parent.parent or "")
        return found[::-1]

    def history(self, answer: Answer) -> list[dict[str, Any]]:
        """The messages before an answer: those of its branch, each answer with all results of its calls."""
        branch = self.branch(answer.first)
        above = {line.uuid for line in branch}
        done: set[str] = set()
        found: list[dict[str, Any]] = []
        for line in branch:
            results, key = line.results, line.answer
            if line.uuid in done or (results and done.issuperset(results)):
                continue
            if key is None:
                beside = [line]
            elif key in done or key == answer.key:
                continue
            else:
                said = self.answers[key]
                found.append({"role": "assistant", "content": said.blocks or said.first.content})
                beside = [one for one in self._beside(said, above) if one.place < answer.first.place]
                done.add(key)
            beside = [one for one in beside if one.uuid not in done]
            for one in beside:
                done |= {one.uuid, *one.results}
            found += _said(beside)
        return found

    def _beside(self, said: Answer, above: set[str]) -> list[Line]:
        """What came back for the calls of a message, and was typed meanwhile, in the file's order."""
        found = {one.uuid: one for call in _calls(said.blocks) if (one := self._results.get(call))}
        left = [*said.lines, *found.values()]
        seen = {one.uuid for one in left}
        while left:
            for child in self._children.get(left.pop().uuid, ()):
                if child.uuid in seen or child.message is not None:
                    continue
                seen.add(child.uuid)
                left.append(child)
                # A prompt with an answer of its own belongs to that branch, whether it is ours or not.
                if child.content is not None and (child.uuid not in self._children or child.uuid in above):
                    found[child.uuid] = child
        return sorted(found.values(), key=lambda one: one.place)


def text(value: Any) -> str | None:
    """A string that is not empty, else None."""
    return value if isinstance(value, str) and value else None


def _said(lines: list[Line]) -> list[dict[str, Any]]:
    """Lines as messages of the user; results are one message, as the client sends them."""
    results: dict[str, Any] = {"role": "user", "content": []}
    found = []
    for line in lines:
        if line.results:
            results["content"] += _blocks(line.content)
        elif line.content is not None:
            found.append({"role": (line.message or {}).get("role", "user"), "content": line.content})
    return [results, *found] if results["content"] else found


def _blocks(content: Any) -> list[Any]:
    return content if isinstance(content, list) else []


def _marks(content: Any, kind: str, name: str) -> Iterator[str]:
    for block in _blocks(content):
        if isinstance(block, Mapping) and block.get("type") == kind and isinstance(block.get(name), str):
            yield block[name]


def _calls(blocks: list[Any]) -> list[str]:
    return list(_marks(blocks, CALLED, "id"))
