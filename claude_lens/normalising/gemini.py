"""Google's Gemini API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claude_lens.normalising.dialect import event_bytes
from claude_lens.normalising.framing import DONE
from claude_lens.normalising.problem import problem_in


class Gemini:
    """Responses with one part each. The end is told by a ``finishReason``, or by a refusal of the prompt."""

    def __init__(self) -> None:
        self.said = False
        self.ended = False
        self.refused = False
        self.usage_told = False

    def take(self, event: Any) -> list[dict[str, Any]]:
        """Responses with one part each. Raises :class:`Problem` for an error."""
        if event == DONE or not isinstance(event, Mapping):
            return []
        if (problem := problem_in(event)) is not None:
            raise problem
        self.said = True
        usage = event.get("usageMetadata")
        self.usage_told = self.usage_told or (isinstance(usage, Mapping) and any(usage.values()))
        feedback = event.get("promptFeedback")
        if isinstance(feedback, Mapping) and feedback.get("blockReason"):
            self.ended = True
        listed = event.get("candidates")
        first = listed[0] if isinstance(listed, list) and listed else None
        if not isinstance(first, Mapping):
            return [dict(event)]
        self.ended = self.ended or bool(first.get("finishReason"))
        content = first.get("content")
        parts = content.get("parts") if isinstance(content, Mapping) else None
        if not isinstance(content, Mapping) or not isinstance(parts, list) or len(parts) < 2:
            return [dict(event)]
        return [
            _with_part(event, first, content, part, last=number == len(parts) - 1)
            for number, part in enumerate(parts)
        ]

    def close(self) -> list[dict[str, Any]]:
        """Nothing was held back."""
        return []

    def written(self, event: dict[str, Any]) -> bytes:
        """A response as an event."""
        return event_bytes(event)

    def last(self) -> bytes:
        """Nothing marks the end."""
        return b""


def _with_part(
    event: Mapping[str, Any], first: Mapping[str, Any], content: Mapping[str, Any], part: Any, *, last: bool
) -> dict[str, Any]:
    """The response with this part alone; what it says of the end and of its cost goes with the last one."""
    candidate = {**first, "content": {**content, "parts": [part]}}
    made = {**event, "candidates": [candidate]}
    if not last:
        candidate.pop("finishReason", None)
        candidate.pop("groundingMetadata", None)
        made.pop("usageMetadata", None)
    return made
