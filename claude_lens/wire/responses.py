"""OpenAI's Responses API: its event stream, folded into the response that it stands for.

Source: OpenAI's API reference, "Streaming events": the last event of a stream carries the whole response;
where the stream was cut, the items that were finished are what is known.
"""

from __future__ import annotations

from typing import Any

from claude_lens.wire.events import blocks_of, fields_of
from claude_lens.wire.parse import parse_object

_LAST = frozenset(("response.completed", "response.incomplete", "response.failed", "response.cancelled"))


def fold(body: bytes) -> tuple[dict[str, Any] | None, bool]:
    """``(response, whole)``: None where no event of one arrived; not whole where the stream was cut.

    A cut stream's ``output`` holds the finished items and, of the one under way, the text that came. An
    ``error`` event is kept as ``error``. Never raises.
    """
    response: dict[str, Any] | None = None
    output: dict[int, dict[str, Any]] = {}
    error: object = None
    for block in blocks_of(body)[0]:
        data = fields_of(block)[1]
        event = parse_object(data) if data else None
        if event is None:
            continue
        kind = event.get("type")
        if isinstance(told := event.get("response"), dict):
            response = told
            if kind in _LAST:
                return _failed(response, error), True
        elif kind == "error" or (kind is None and "error" in event):
            error = event.get("error") or {name: event.get(name) for name in ("code", "message")}
        else:
            _item(output, event)
    if response is None and not output:
        return ({"object": "response", "output": [], "error": error}, False) if error else (None, False)
    folded = {**(response or {"object": "response"}), "output": [output[index] for index in sorted(output)]}
    return _failed(folded, error), False


def _failed(response: dict[str, Any], error: object) -> dict[str, Any]:
    return {**response, "error": error} if error and not response.get("error") else response


def _item(output: dict[int, dict[str, Any]], event: dict[str, Any]) -> None:
    """Take an event about one item of the output."""
    index, kind = event.get("output_index"), event.get("type")
    if not isinstance(index, int):
        return
    if isinstance(item := event.get("item"), dict):
        output[index] = item
    elif isinstance(delta := event.get("delta"), str) and isinstance(kind, str):
        item = output.setdefault(index, {"type": "message", "role": "assistant", "content": []})
        if kind == "response.function_call_arguments.delta":
            before = item.get("arguments")
            item["arguments"] = (before if isinstance(before, str) else "") + delta
        elif kind in ("response.output_text.delta", "response.refusal.delta"):
            _grow(item, "content", "refusal" if "refusal" in kind else "output_text", delta)
        elif kind == "response.reasoning_summary_text.delta":
            _grow(item, "summary", "summary_text", delta)


def _grow(item: dict[str, Any], where: str, kind: str, delta: str) -> None:
    parts = item.get(where)
    if not isinstance(parts, list):
        parts = item[where] = []
    name = "refusal" if kind == "refusal" else "text"
    if not (parts and isinstance(parts[-1], dict) and parts[-1].get("type") == kind):
        parts.append({"type": kind, name: ""})
    parts[-1][name] = str(parts[-1].get(name) or "") + delta
