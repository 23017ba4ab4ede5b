"""An OpenAI chat completion stream, folded into the completion that it stands for.

Source: OpenAI's API reference for ``chat.completion.chunk``; ``reasoning_content`` is what other
providers of that format send thinking in.
"""

from __future__ import annotations

import contextlib
from typing import Any

from claude_lens.wire.events import blocks_of, fields_of
from claude_lens.wire.parse import parse_object

_WHOLE = frozenset({"role", "type", "id", "index", "name"})


def fold_chat(body: bytes) -> dict[str, Any] | None:
    """The ``chat.completion`` of a whole or cut stream; None where no chunk of one arrived. Never raises.

    Text deltas are joined (``content``, ``refusal``, ``reasoning_content``, tool arguments), tool calls and
    choices are put together by their ``index``, ``usage`` is the last one told. An error that came inside
    the stream is kept as ``error``. ``finish_reason`` stays None in a choice that was cut.
    """
    folded: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for block in blocks_of(body)[0]:
        data = fields_of(block)[1]
        chunk = parse_object(data) if data else None
        if chunk is None:
            continue
        # A value nested beyond what Python can follow; what fits of its chunk is kept.
        with contextlib.suppress(RecursionError):
            _take(folded, choices, chunk)
    if not folded and not choices:
        return None
    if choices or "error" not in folded:
        plain = any("text" in choice for choice in choices.values())
        folded["object"] = "text_completion" if plain else "chat.completion"
        folded["choices"] = [choices[index] for index in sorted(choices)]
    return folded


def _take(folded: dict[str, Any], choices: dict[int, dict[str, Any]], chunk: dict[str, Any]) -> None:
    for name, value in chunk.items():
        if name == "choices":
            for choice in value if isinstance(value, list) else ():
                if isinstance(choice, dict):
                    _choice(choices, choice)
        elif value is not None or name not in folded:
            folded[name] = value


def _choice(choices: dict[int, dict[str, Any]], chunk: dict[str, Any]) -> None:
    index = chunk.get("index")
    index = index if isinstance(index, int) else 0
    choice = choices.setdefault(
        index, {"index": index, "message": {"role": "assistant", "content": None}, "finish_reason": None}
    )
    delta = chunk.get("delta")
    if isinstance(delta, dict):
        _grow(choice.setdefault("message", {}), delta)
    if isinstance(text := chunk.get("text"), str):
        # A plain completion (``/v1/completions``) has no messages.
        choice.pop("message", None)
        choice["text"] = str(choice.get("text") or "") + text
    for name, value in chunk.items():
        if name in ("index", "delta", "text") or (value is None and name in choice):
            continue
        if name == "logprobs" and isinstance(value, dict):
            kept = choice.get("logprobs")
            choice["logprobs"] = kept if isinstance(kept, dict) else {}
            _grow(choice["logprobs"], value)
        else:
            choice[name] = value


def _grow(whole: dict[str, Any], delta: dict[str, Any]) -> None:
    """Add a delta: text is appended, objects grow, lists of indexed items grow item by item."""
    for name, value in delta.items():
        before = whole.get(name)
        if value is None:
            whole.setdefault(name, None)
        elif isinstance(value, list) and name == "tool_calls":
            whole[name] = _grown_calls(before if isinstance(before, list) else [], value)
        elif isinstance(value, list) and isinstance(before, list):
            whole[name] = before + value
        elif isinstance(value, dict):
            whole[name] = before if isinstance(before, dict) else {}
            _grow(whole[name], value)
        elif isinstance(value, str) and isinstance(before, str) and name not in _WHOLE:
            whole[name] = before + value
        elif value != "" or before is None:
            whole[name] = value


def _grown_calls(calls: list[Any], deltas: list[Any]) -> list[Any]:
    for position, delta in enumerate(deltas):
        if not isinstance(delta, dict):
            continue
        index = delta.get("index", position)
        call = next((call for call in calls if call.get("index") == index), None)
        if call is None:
            call = {"index": index}
            calls.append(call)
        _grow(call, delta)
    return calls
