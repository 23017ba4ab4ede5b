"""What a tool call is about, in a line: the command, the file, the pattern, the errand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from claude_lens.messages.calls import Call
from claude_lens.messages.spawns import is_spawn

LONGEST: Final = 120
"""Characters of the line."""
ASKING: Final = frozenset({"AskUserQuestion", "ExitPlanMode"})
"""Tools whose result is a human's answer."""

_ABOUT: Final = (
    "command",
    "file_path",
    "notebook_path",
    "path",
    "pattern",
    "url",
    "query",
    "skill",
    "description",
    "prompt",
)


def about(call: Call) -> str | None:
    """The line of a call; None where its input tells nothing."""
    given: Any = call.input if isinstance(call.input, Mapping) else {}
    names = ("description", "prompt") if is_spawn(call) else _ABOUT
    words = next((given[name] for name in names if isinstance(given.get(name), str) and given[name]), None)
    if words is None and call.name == "AskUserQuestion":
        words = _question(given)
    return None if words is None else line(words)


def _question(given: Mapping[str, Any]) -> str | None:
    asked = given.get("questions")
    first = asked[0] if isinstance(asked, list) and asked else None
    words = first.get("question") if isinstance(first, Mapping) else None
    return words if isinstance(words, str) else None


def line(words: str) -> str:
    """The first line with words, of at most :data:`LONGEST` characters."""
    first = next((one.strip() for one in words.splitlines() if one.strip()), "")
    return first if len(first) <= LONGEST else first[: LONGEST - 1] + "…"


def foremost(calls: Sequence[Call]) -> Call | None:
    """Of calls that run together the one to name: whoever waits for a human first, agents last."""
    ranked = sorted(calls, key=lambda call: (call.name not in ASKING, is_spawn(call)))
    return ranked[0] if ranked else None
