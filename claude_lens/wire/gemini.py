"""Google's Gemini API: its event stream, folded into the response that it stands for.

Source: Google's reference of ``streamGenerateContent``: each chunk is a ``GenerateContentResponse`` whose
candidates hold what is new in them.
"""

from __future__ import annotations

from typing import Any

from claude_lens.wire.events import blocks_of, fields_of
from claude_lens.wire.parse import parse_object


def fold(body: bytes) -> tuple[dict[str, Any] | None, bool]:
    """``(response, whole)``: None where no chunk arrived; not whole where no candidate was finished.

    Parts of the first candidate are put one after the other, text that follows text of its kind is joined.
    Never raises.
    """
    folded: dict[str, Any] = {}
    parts: list[Any] = []
    candidate: dict[str, Any] = {}
    for block in blocks_of(body)[0]:
        data = fields_of(block)[1]
        chunk = parse_object(data) if data else None
        if chunk is None:
            continue
        candidates = chunk.pop("candidates", None)
        folded.update(chunk)
        first = candidates[0] if isinstance(candidates, list) and candidates else None
        if isinstance(first, dict):
            content = first.pop("content", None)
            candidate.update(first)
            for part in (content.get("parts") or ()) if isinstance(content, dict) else ():
                _take(parts, part)
    if not folded and not candidate and not parts:
        return None, False
    if candidate or parts:
        folded["candidates"] = [{**candidate, "content": {"role": "model", "parts": parts}}]
    return folded, bool(candidate.get("finishReason")) or "promptFeedback" in folded


def _take(parts: list[Any], part: Any) -> None:
    last = parts[-1] if parts else None
    plain = {"text", "thought"}
    if (
        isinstance(part, dict)
        and isinstance(last, dict)
        and isinstance(part.get("text"), str)
        and isinstance(last.get("text"), str)
        and set(part) <= plain
        and set(last) <= plain
        and part.get("thought") == last.get("thought")
    ):
        last["text"] += part["text"]
    else:
        parts.append(part)
