"""Ollama's own API: lines of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claude_lens.exact import dump
from claude_lens.normalising.framing import DONE
from claude_lens.normalising.problem import problem_in
from claude_lens.normalising.tags import ThinkTags

COUNTS = ("prompt_eval_count", "eval_count")
ENDING = (*COUNTS, "done_reason", "total_duration", "load_duration", "prompt_eval_duration", "eval_duration")


class Ollama:
    """Lines that say one thing each. The end is told by ``done: true``."""

    def __init__(self) -> None:
        self.said = False
        self.ended = False
        self.refused = False
        self.usage_told = False
        self._tags = ThinkTags()

    def take(self, event: Any) -> list[dict[str, Any]]:
        """Lines that say one thing each. Raises :class:`Problem` for an error."""
        if event == DONE or not isinstance(event, Mapping):
            return []
        if (problem := problem_in(event)) is not None:
            raise problem
        self.said = True
        self.usage_told = self.usage_told or any(event.get(name) for name in COUNTS)
        over = event.get("done") is True
        self.ended = self.ended or over
        message = event.get("message")
        if not isinstance(message, Mapping):
            return [dict(event)]
        said = self._said(message, over=over)
        bare = {name: value for name, value in event.items() if name not in ENDING}
        empty = {"role": message.get("role", "assistant"), "content": ""}
        lines = [{**bare, "message": {**empty, **fields}, "done": False} for fields in said]
        return [*lines, {**event, "message": empty}] if over else lines

    def close(self) -> list[dict[str, Any]]:
        """Nothing was held back."""
        return []

    def written(self, event: dict[str, Any]) -> bytes:
        """A line."""
        return dump(event) + b"\n"

    def last(self) -> bytes:
        """Nothing marks the end."""
        return b""

    def _said(self, message: Mapping[str, Any], *, over: bool) -> list[dict[str, Any]]:
        content, calls = message.get("content"), message.get("tool_calls")
        calls = calls if isinstance(calls, list) else []
        parts = self._tags.feed(content) if isinstance(content, str) else []
        if over or calls:
            parts += self._tags.close()
        said: list[dict[str, Any]] = []
        if message.get("thinking"):
            said.append({"thinking": message["thinking"]})
        said += [{"content" if kind == "text" else "thinking": text} for kind, text in parts]
        return [*said, *({"tool_calls": [call]} for call in calls)]
