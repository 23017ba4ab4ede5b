"""How a request differs from the recorded one: which parts, and in which lines."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from claude_lens.replay.comparing import Comparing

_LINES: Final = 8
_WIDTH: Final = 160
_MORE: Final = re.compile(r"… (\d+) more lines")
_MEMORY: Final = ("CLAUDE.md", "CLAUDE.local.md", "AGENTS.md")


@dataclass(frozen=True, slots=True)
class Part:
    """A part that differs: its name, and the lines that are gone (``-``) and new (``+``)."""

    name: str
    difference: str


def parts(comparing: Comparing, recorded: Mapping[str, Any], new: Mapping[str, Any]) -> list[Part]:
    """The parts in which two requests differ, those that come first in a request first."""
    before, after = comparing.head(recorded), comparing.head(new)
    found = []
    for name in {**before, **after}:
        if before.get(name) != after.get(name):
            told = _tools if name == "tools" else _lines
            found.append(Part(name, told(before.get(name), after.get(name))))
    return found + _messages(comparing.shown(recorded), comparing.shown(new))


def size(found: Sequence[Part]) -> int:
    """How many lines differ, those that are not shown among them."""
    count = 0
    for part in found:
        lines = part.difference.splitlines() or [""]
        more = _MORE.fullmatch(lines[-1])
        count += len(lines) - 1 + int(more[1]) if more else len(lines)
    return count


def _messages(before: Sequence[Any], after: Sequence[Any]) -> list[Part]:
    found = []
    for index in range(max(len(before), len(after))):
        one = before[index] if index < len(before) else None
        two = after[index] if index < len(after) else None
        if one != two:
            difference = _lines(one, two)
            found.append(Part(_name(index, one, two), difference))
    return found


def _name(index: int, one: Any, two: Any) -> str:
    before, after = _content(one), _content(two)
    changed = [block for block in (*before, *after) if block not in before or block not in after]
    words = "\n".join(str(block.get("text", "")) for block in changed)
    memory = next((name for name in _MEMORY if f"/{name} (" in words or f"/{name}:" in words), None)
    if memory is not None:
        return f"messages[{index}] ({memory})"
    return (
        f"messages[{index}] (result of a tool)"
        if any("result" in b for b in changed)
        else f"messages[{index}]"
    )


def _content(message: Any) -> list[Mapping[str, Any]]:
    content = message.get("content") if isinstance(message, Mapping) else None
    return [one for one in content if isinstance(one, Mapping)] if isinstance(content, list) else []


def _tools(before: Any, after: Any) -> str:
    one = {tool.get("name"): tool for tool in before or [] if isinstance(tool, Mapping)}
    two = {tool.get("name"): tool for tool in after or [] if isinstance(tool, Mapping)}
    told = [f"- {name}" for name in one if name not in two] + [f"+ {name}" for name in two if name not in one]
    for name in one:
        if name in two and one[name] != two[name]:
            told += [f"~ {name}", *_lines(one[name], two[name]).splitlines()]
    return _shortened(told)


def _lines(before: Any, after: Any) -> str:
    changed = difflib.unified_diff(_text(before), _text(after), lineterm="", n=0)
    told = [line for line in changed if not line.startswith(("---", "+++", "@@"))]
    return _shortened([f"{line[:1]} {line[1:].strip()}" for line in told])


def _shortened(lines: Sequence[str]) -> str:
    shown = [line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…" for line in lines[:_LINES]]
    more = len(lines) - len(shown)
    return "\n".join([*shown, *([f"… {more} more lines"] if more > 0 else [])])


def _text(value: Any) -> list[str]:
    """A value as lines: its texts cut at their line ends, each after its place."""
    if value is None:
        return []
    if isinstance(value, str):
        return value.splitlines() or [""]
    if isinstance(value, Mapping):
        return [
            line if len(_text(item)) > 1 else f"{name}: {line}"
            for name, item in value.items()
            for line in _text(item)
        ]
    if isinstance(value, list):
        return [line for item in value for line in _text(item)]
    return [json.dumps(value)]
