"""A web search that is asked of a model whose provider cannot search: said, not invented."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from claude_lens.exact import dump

KIND = "web_search"
WORDS = "Web search is unavailable: the model that answers here cannot search the web."
NOTE = "web search refused: the provider has none"
ASKED = "query:"


def is_search_tool(tool: object) -> bool:
    """Whether a tool is Anthropic's own web search, of whatever version."""
    return isinstance(tool, Mapping) and str(tool.get("type") or "").startswith(KIND)


def is_search(request: Mapping[str, Any]) -> bool:
    """Whether a request is about nothing but a web search, as Claude Code's WebSearch tool makes it."""
    tools = request.get("tools")
    return isinstance(tools, list) and bool(tools) and all(is_search_tool(tool) for tool in tools)


def unavailable(request: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Anthropic's answer where the search itself has failed.

    Source: Anthropic's documentation of the web search tool, "Errors".
    """
    query = _query(request.get("messages"))
    identity = hashlib.sha256(dump([model, query])).hexdigest()[:24]
    error = {"type": "web_search_tool_result_error", "error_code": "unavailable"}
    content: list[dict[str, Any]] = [
        {"type": "server_tool_use", "id": f"srvtoolu_{identity}", "name": KIND, "input": {"query": query}},
        {"type": "web_search_tool_result", "tool_use_id": f"srvtoolu_{identity}", "content": error},
        {"type": "text", "text": WORDS},
    ]
    return {
        "id": f"msg_{identity}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }


def stream_of(message: Mapping[str, Any]) -> bytes:
    """The event stream that such a message stands for."""
    return b"".join(
        b"event: " + event["type"].encode() + b"\ndata: " + dump(event) + b"\n\n"
        for event in _events(message)
    )


def _events(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
    for index, block in enumerate(message["content"]):
        start, delta = block, None
        if block["type"] == "server_tool_use":
            start, told = {**block, "input": {}}, dump(block["input"]).decode("utf-8", "surrogatepass")
            delta = {"type": "input_json_delta", "partial_json": told}
        elif block["type"] == "text":
            start, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
        yield {"type": "content_block_start", "index": index, "content_block": start}
        if delta is not None:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ended = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": ended, "usage": message["usage"]}
    yield {"type": "message_stop"}


def _query(messages: object) -> str:
    last = messages[-1] if isinstance(messages, list) and messages else None
    content = last.get("content") if isinstance(last, Mapping) else None
    blocks = [{"text": content}] if isinstance(content, str) else content if isinstance(content, list) else []
    texts = [block.get("text") for block in blocks if isinstance(block, Mapping)]
    text = "\n".join(text for text in texts if isinstance(text, str))
    _, asked, query = text.partition(ASKED)
    return (query if asked else text).strip()[:1000]
