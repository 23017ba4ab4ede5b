"""An Anthropic event stream, folded into the message that it stands for.

Source: Anthropic's streaming reference; the official SDKs accumulate the same way. What they do not
know is kept here: unknown blocks and fields as they came, unknown deltas under ``_deltas``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from claude_lens.wire.events import blocks_of, fields_of
from claude_lens.wire.parse import parse_json

RAW_INPUT = "_raw"
UNKNOWN_DELTAS = "_deltas"

_TEXT_OF = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "input_json_delta": ("partial_json", "input"),
}
_BLOCK_OF: dict[str, dict[str, Any]] = {
    "text_delta": {"type": "text", "text": ""},
    "thinking_delta": {"type": "thinking", "thinking": "", "signature": ""},
    "signature_delta": {"type": "thinking", "thinking": "", "signature": ""},
    "input_json_delta": {"type": "tool_use", "input": {}},
    "citations_delta": {"type": "text", "text": ""},
    "compaction_delta": {"type": "compaction", "content": None},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What a stream came to.

    ``message`` is the Anthropic message as a request without ``stream`` would have answered, as far as it
    got; None where nothing of it arrived. A tool's input that is not JSON (a cut stream) is
    ``{"_raw": "the text"}``. ``complete`` tells that ``message_stop`` came. ``error`` is the object of an
    error event (``{"type": "error", "error": {...}}``). ``dropped`` counts the bytes of an unfinished last
    event, ``malformed`` the events whose data was not a JSON object.
    """

    message: dict[str, Any] | None = None
    complete: bool = False
    error: dict[str, Any] | None = None
    pings: int = 0
    dropped: int = 0
    malformed: int = 0


@dataclass(slots=True)
class _Block:
    json: dict[str, Any]
    pieces: dict[str, list[str]] = field(default_factory=dict)


def fold(body: bytes) -> Folded:
    """Read a whole or cut stream. Never raises: what makes no sense is left out and counted."""
    blocks, dropped = blocks_of(body)
    folding = _Folding()
    for block in blocks:
        event, data = fields_of(block)
        if data is not None:
            folding.take(event, data)
    return Folded(
        message=folding.result(),
        complete=folding.complete,
        error=folding.error,
        pings=folding.pings,
        dropped=dropped,
        malformed=folding.malformed,
    )


class _Folding:
    def __init__(self) -> None:
        self.message: dict[str, Any] | None = None
        self.complete = False
        self.error: dict[str, Any] | None = None
        self.pings = 0
        self.malformed = 0
        self._content: list[_Block] = []
        self._open: dict[Any, _Block] = {}

    def take(self, name: bytes, data: bytes) -> None:
        try:
            event = parse_json(data)
            kind = event.get("type") or name.decode("utf-8", "replace")
            if kind == "content_block_delta":
                self._delta(event.get("index"), event["delta"])
            elif kind == "content_block_start":
                self._start(event.get("index"), dict(event["content_block"]))
            elif kind == "message_start":
                self._message_start(dict(event["message"]))
            elif kind == "message_delta":
                self._message_delta(event)
            elif kind == "message_stop":
                self.complete = True
            elif kind == "ping":
                self.pings += 1
            elif kind == "error" or (not kind and "error" in event):
                self.error = event
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self.malformed += data.strip() != b"[DONE]"

    def _message_start(self, message: dict[str, Any]) -> None:
        self.message = {**(self.message or {}), **message}
        content = message.get("content")
        for index, block in enumerate(content if isinstance(content, list) else ()):
            self._start(index, dict(block))

    def _start(self, index: object, block: dict[str, Any]) -> None:
        self._open[index] = started = _Block(block)
        self._content.append(started)
        served_by = block.get("to") if block.get("type") == "fallback" else None
        if self.message is not None and isinstance(served_by, dict) and "model" in served_by:
            self.message["model"] = served_by["model"]

    def _delta(self, index: object, delta: dict[str, Any]) -> None:
        kind = delta["type"]
        block = self._open.get(index)
        if block is None:
            self._start(index, dict(_BLOCK_OF.get(kind, {"type": "unknown"})))
            block = self._open[index]
        if known := _TEXT_OF.get(kind):
            text = delta[known[0]]
            if not isinstance(text, str):
                raise TypeError(text)
            block.pieces.setdefault(known[1], []).append(text)
        elif kind == "signature_delta":
            block.json["signature"] = delta["signature"]
        elif kind == "citations_delta":
            block.json["citations"] = [*(block.json.get("citations") or ()), delta["citation"]]
        elif kind == "compaction_delta":
            block.json.update({name: value for name, value in delta.items() if name != "type"})
        else:
            block.json.setdefault(UNKNOWN_DELTAS, []).append(delta)

    def _message_delta(self, event: dict[str, Any]) -> None:
        message = self.message = self.message if self.message is not None else {}
        for name, value in event["delta"].items():
            if value is not None or name not in message:
                message[name] = value
        for name, value in event.items():
            if name == "usage" and isinstance(value, dict):
                usage = message.get("usage")
                message["usage"] = _merged(usage if isinstance(usage, dict) else {}, value)
            elif name not in ("type", "delta") and value is not None:
                message[name] = value

    def result(self) -> dict[str, Any] | None:
        if self.message is None and not self._content:
            return None
        message = self.message or {"type": "message", "role": "assistant"}
        return {**message, "content": [_closed(block) for block in self._content]}


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Counts are cumulative totals, so later ones replace; a null ("not applicable") replaces nothing."""
    merged = dict(old)
    for name, value in new.items():
        before = merged.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            merged[name] = _merged(before, value)
        elif value is not None or name not in merged:
            merged[name] = value
    return merged


def _joined(pieces: list[str]) -> str:
    text = "".join(pieces)
    try:
        text.encode()
    except UnicodeEncodeError:
        # A pair of surrogates that was cut between two deltas is one character again.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return text


def _closed(block: _Block) -> dict[str, Any]:
    json = block.json
    for name, pieces in block.pieces.items():
        text = _joined(pieces)
        if name != "input":
            before = json.get(name)
            json[name] = before + text if isinstance(before, str) else text
        elif text:
            try:
                json["input"] = parse_json(text)
            except ValueError:
                json["input"] = {RAW_INPUT: text}
    return json
