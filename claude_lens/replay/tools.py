"""Tool calls that do nothing: the client's own hooks give each call a harmless input and the recorded result.

What hooks can do differs by tool. The result of a command and of a file that is read can be given as it was,
and every error; of the others the client checks the input, or the form of the result, before a hook is asked.
Those are refused with the recorded words, and their results are not compared, as the model never sees them:
every answer comes from the record. Source: runs of the clients 2.1.197 and 2.1.332.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from claude_lens.messages.blocks import content_blocks, kind, text, text_of
from claude_lens.messages.calls import Call, Result
from claude_lens.messages.spawns import CONTINUING, SPAWNING
from claude_lens.messages.system import Version

HOOKS_SINCE: Final[Version] = (2, 1, 197)
"""The first client that is known to let hooks over HTTP replace what a tool gives."""
_INNER: Final = frozenset(
    (
        *SPAWNING,
        CONTINUING,
        "AgentOutputTool",
        "EnterPlanMode",
        "ExitPlanMode",
        "ListMcpResourcesTool",
        "ReportFindings",
        "Skill",
        "SlashCommand",
        "StructuredOutput",
        "TaskCreate",
        "TaskGet",
        "TaskList",
        "TaskOutput",
        "TaskStop",
        "TaskUpdate",
        "TodoWrite",
        "ToolSearch",
        # It asks the provider, which here is the record.
        "WebSearch",
    )
)
"""Tools that change nothing outside the client: they do their work."""
_CHECKED_FIRST: Final = frozenset(("Edit", "MultiEdit", "NotebookEdit", "Write"))
_NUMBERED: Final = re.compile(r" *(\d+)(?:[\t→](.*))?", re.DOTALL)
_REMINDER: Final = re.compile(r"\n*<system-reminder>.*?</system-reminder>\s*\Z", re.DOTALL)


class Tools:
    """Answers hooks. ``folder``: where harmless inputs may lie; ``version``: the client's, if known."""

    def __init__(self, folder: Path, version: Version | None = HOOKS_SINCE) -> None:
        self._calls: Mapping[str, Call] = {}
        self._results: Mapping[str, Result] = {}
        self._folder, self._version = folder, version
        self.refused = 0

    def use(self, calls: Mapping[str, Call], results: Mapping[str, Result]) -> None:
        """The record's calls and their results by id."""
        self._calls, self._results = calls, results

    def is_exact(self, call: Call, result: Result) -> bool:
        """Whether hooks give a call's result as it was, or its tool does."""
        if call.name in _INNER:
            return True
        known = self._version is not None and self._version >= HOOKS_SINCE
        if not known or call.name in _CHECKED_FIRST:
            return False
        return result.is_error or self._output(call, result) is not None

    def told(self) -> str | None:
        """What cannot be served, in a line; None where everything can."""
        counted = Counter(
            call.name
            for ident, call in self._calls.items()
            if ident in self._results and not self.is_exact(call, self._results[ident])
        )
        if not counted:
            return None
        names = ", ".join(f"{name} ({number})" for name, number in sorted(counted.items()))
        return f"results that hooks cannot give as they were are not compared: {names}"

    def hook(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """What the client is told about a call, before it and after it; empty lets it go on."""
        ident, name = str(event.get("tool_use_id") or ""), str(event.get("tool_name") or "")
        when = event.get("hook_event_name")
        if name in _INNER:
            return {}
        call, result = self._calls.get(ident), self._results.get(ident)
        if when == "PreToolUse":
            if call is None or result is None:
                self.refused += 1
                return _refusal("The record holds no result of this call.")
            harmless = self._harmless(call, result, event.get("tool_input"))
            return _refusal(_words(result)) if harmless is None else _changed(harmless)
        if when == "PostToolUse" and call is not None and result is not None:
            output = self._output(call, result)
            return {} if output is None else _told("PostToolUse", updatedToolOutput=output)
        return {}

    def _harmless(self, call: Call, result: Result, given: object) -> dict[str, Any] | None:
        """An input that does nothing; None where the call has to be refused."""
        if not self.is_exact(call, result) or result.is_error or not isinstance(given, Mapping):
            return None
        if call.name == "Bash":
            return {**given, "command": "true", "run_in_background": False}
        if call.name == "Read":
            empty = self._folder / "read.txt"
            empty.write_text("nothing\n")
            return {"file_path": str(empty)}
        return None

    def _output(self, call: Call, result: Result) -> dict[str, Any] | None:
        """The tool's output that the client turns into the recorded result; None where there is none."""
        if call.name == "Bash":
            return _bash(result)
        if call.name == "Read":
            return _read(call, result)
        return None


def _bash(result: Result) -> dict[str, Any]:
    output: dict[str, Any] = {"stdout": _words(result), "stderr": "", "interrupted": False, "isImage": False}
    blocks = content_blocks(result.content)
    if any(kind(block) != "text" for block in blocks):
        plain = [{name: one for name, one in block.items() if name != "cache_control"} for block in blocks]
        return {**output, "stdout": "", "structuredContent": plain}
    return output


def _read(call: Call, result: Result) -> dict[str, Any] | None:
    path = call.input.get("file_path") if isinstance(call.input, Mapping) else None
    if not isinstance(path, str):
        return None
    blocks = [block for block in content_blocks(result.content) if not _is_reminder(text(block))]
    if len(blocks) == 1 and kind(blocks[0]) == "image":
        source = blocks[0].get("source")
        if not isinstance(source, Mapping) or source.get("type") != "base64":
            return None
        data = str(source.get("data"))
        file = {"base64": data, "type": source.get("media_type"), "originalSize": len(data) * 3 // 4}
        return {"type": "image", "file": file}
    if any(kind(block) != "text" for block in blocks):
        return None
    lines = [_NUMBERED.fullmatch(line) for line in _words(result).split("\n")]
    found = [line for line in lines if line is not None]
    if not found or len(found) != len(lines):
        return None
    start = int(found[0][1])
    if [int(line[1]) for line in found] != list(range(start, start + len(found))):
        return None
    content = "\n".join(line[2] or "" for line in found)
    size = {"numLines": len(found), "startLine": start, "totalLines": start - 1 + len(found)}
    return {"type": "text", "file": {"filePath": path, "content": content, **size}}


def _words(result: Result) -> str:
    """A result's text, without the reminder that the client puts behind it."""
    words = result.content if isinstance(result.content, str) else None
    if words is None:
        kept = [block for block in content_blocks(result.content) if not _is_reminder(text(block))]
        words = text_of(kept)
    return _REMINDER.sub("", words)


def _is_reminder(words: str | None) -> bool:
    return words is not None and _REMINDER.sub("", words) == "" and "<system-reminder>" in words


def _refusal(words: str) -> dict[str, Any]:
    return _told(
        "PreToolUse", permissionDecision="deny", permissionDecisionReason=words or "The result was empty."
    )


def _changed(given: Mapping[str, Any]) -> dict[str, Any]:
    return _told("PreToolUse", permissionDecision="allow", updatedInput=dict(given))


def _told(when: str, **more: Any) -> dict[str, Any]:
    return {"hookSpecificOutput": {"hookEventName": when, **more}}
