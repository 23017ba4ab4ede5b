"""A recorded answer as bytes to send: its stream as it was, or made anew from its message; its pauses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from claude_lens import exact
from claude_lens.messages.blocks import CALL_TYPES
from claude_lens.replay.record import Recorded
from claude_lens.store.reading.answered import Answered
from claude_lens.wire.events import blocks_of, fields_of

_HOP: Final = frozenset(
    ("connection", "content-encoding", "content-length", "date", "keep-alive", "server", "transfer-encoding")
)
_DELTAS: Final = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
_LEAST_PAUSE: Final = 0.001
JSON: Final = "application/json"
STREAM: Final = "text/event-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What goes back. ``cut``: the connection breaks after the last piece, as it once did.

    ``last``: the piece by which a client knows that the answer is whole; it is sent apart.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    pieces: tuple[bytes, ...]
    last: bytes
    cut: bool
    first_after: float
    between: float


def given(
    found: Answered,
    recorded: Recorded,
    *,
    paced: bool,
    streamed: bool = True,
    folders: tuple[str, str] | None = None,
) -> Given:
    """The answer to send. ``streamed``: the request asks for a stream. ``paced``: as slowly as it came.

    ``folders``: the recorded project, and what stands for it now.
    """
    headers = tuple(pair for pair in found.headers if pair[0].lower() not in _HOP)
    status = found.status or 502
    cut = False
    if found.stream is not None:
        body = found.stream if folders is None else moved(found.stream, *folders)
        pieces = list(_events(body))
        cut = not _ends(body)
    elif isinstance(found.json, Mapping) and streamed and status == 200 and "content" in found.json:
        value = found.json if folders is None else _moved_json(found.json, *folders)
        pieces = [_encoded(name, data) for name, data in events(value)]
        headers = (*(pair for pair in headers if pair[0].lower() != "content-type"), ("content-type", STREAM))
    else:
        value = found.json
        pieces = [value if isinstance(value, bytes) else exact.dump(value)]
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers = (*headers, ("content-type", JSON))
    if not paced:
        headers = tuple(pair for pair in headers if pair[0].lower() not in ("retry-after", "retry-after-ms"))
    first = (recorded.ttft_ms or 0.0) / 1000 if paced else 0.0
    rest = max(recorded.duration_ms / 1000 - first, 0.0) if paced else 0.0
    between = rest / len(pieces)
    return Given(
        status=status,
        headers=headers,
        pieces=tuple(pieces[:-1]) if len(pieces) > 1 and not cut else tuple(pieces),
        last=pieces[-1] if len(pieces) > 1 and not cut else b"",
        cut=cut,
        first_after=first,
        between=between if between >= _LEAST_PAUSE else 0.0,
    )


def events(message: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A message as the events of a stream, each block in one piece."""
    usage = message.get("usage") or {"input_tokens": 0, "output_tokens": 0}
    start = {**message, "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
    yield "message_start", {"message": start}
    for index, block in enumerate(message.get("content") or []):
        kind = block.get("type")
        empty = dict(block)
        deltas: list[dict[str, Any]] = []
        if kind == "text":
            empty["text"] = ""
            deltas.append({"type": "text_delta", "text": block.get("text", "")})
        elif kind == "thinking":
            empty |= {"thinking": "", "signature": ""}
            deltas.append({"type": "thinking_delta", "thinking": block.get("thinking", "")})
            deltas.append({"type": "signature_delta", "signature": block.get("signature", "")})
        elif kind in CALL_TYPES:
            empty["input"] = {}
            deltas.append({"type": "input_json_delta", "partial_json": json.dumps(block.get("input") or {})})
        yield "content_block_start", {"index": index, "content_block": empty}
        for delta in deltas:
            yield "content_block_delta", {"index": index, "delta": delta}
        yield "content_block_stop", {"index": index}
    end = {"stop_reason": message.get("stop_reason"), "stop_sequence": message.get("stop_sequence")}
    yield "message_delta", {"delta": end, "usage": usage}
    yield "message_stop", {}


def said(words: str, model: str | None) -> Iterator[bytes]:
    """A stream in which these words are the whole answer."""
    message = {
        "id": "msg_replay",
        "type": "message",
        "role": "assistant",
        "model": model or "claude",
        "content": [{"type": "text", "text": words}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
    }
    return (_encoded(name, data) for name, data in events(message))


def moved(stream: bytes, old: str, new: str) -> bytes:
    """A stream in which one folder stands for another, also where its name is cut between two events.

    Where a block names it, the block's text comes with its first event; every other byte is as it was.
    """
    if old == new or not _mentions(stream, old):
        return stream
    blocks, _ = blocks_of(stream)
    texts: dict[tuple[Any, str], list[str]] = {}
    parsed = [_delta(block) for block in blocks]
    for found in parsed:
        if found is not None:
            index, kind, words, _ = found
            texts.setdefault((index, kind), []).append(words)
    changed = {key: _renamed("".join(said), key[1], old, new) for key, said in texts.items()}
    changed = {key: words for key, words in changed.items() if words != "".join(texts[key])}
    done: set[tuple[Any, str]] = set()
    kept: list[bytes] = []
    for block, found in zip(blocks, parsed, strict=True):
        key = (found[0], found[1]) if found is not None else None
        if key is None or found is None or key not in changed:
            kept.append(block)
        elif key not in done:
            done.add(key)
            event = found[3]
            event["delta"][_DELTAS[key[1]]] = changed[key]
            kept.append(_encoded(str(event["type"]), event).rstrip(b"\n"))
    return b"".join(block + b"\n\n" for block in kept)


def _renamed(text: str, kind: str, old: str, new: str) -> str:
    if kind == "input_json_delta":
        old, new = json.dumps(old)[1:-1], json.dumps(new)[1:-1]
    return text.replace(old, new)


def _mentions(stream: bytes, old: str) -> bool:
    """Whether a stream may name a folder at all: by the words of its deltas, joined."""
    joined = "".join(found[2] for block in blocks_of(stream)[0] if (found := _delta(block)) is not None)
    return old in joined or json.dumps(old)[1:-1] in joined


def _delta(block: bytes) -> tuple[Any, str, str, dict[str, Any]] | None:
    """Index, kind, words and event of a delta; None for any other event."""
    _, data = fields_of(block)
    if data is None or b"_delta" not in data:
        return None
    try:
        event = exact.load(data)
        kind = event["delta"]["type"]
        return event.get("index"), kind, str(event["delta"][_DELTAS[kind]]), event
    except (ValueError, KeyError, TypeError):
        return None


def _moved_json(value: Mapping[str, Any], old: str, new: str) -> Mapping[str, Any]:
    def walk(item: Any) -> Any:
        if isinstance(item, str):
            return item.replace(old, new)
        if isinstance(item, Mapping):
            return {name: walk(each) for name, each in item.items()}
        return [walk(each) for each in item] if isinstance(item, list) else item

    found: Mapping[str, Any] = walk(value)
    return found


def _events(body: bytes) -> Iterator[bytes]:
    """A stream cut after its events, every byte kept."""
    start = 0
    while start < len(body):
        end = body.find(b"\n\n", start)
        end = len(body) if end < 0 else end + 2
        yield body[start:end]
        start = end


def _ends(body: bytes) -> bool:
    tail = body[-4096:]
    return (
        b"message_stop" in tail or b"event: error" in tail or b'"type":"error"' in tail or b"[DONE]" in tail
    )


def _encoded(name: str, data: Mapping[str, Any]) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + exact.dump({"type": name, **data}) + b"\n\n"
