"""What a scripted model says: content blocks, token counts and failures, independent of the wire format."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["text", "thinking", "redacted_thinking", "tool_use"]


@dataclass(frozen=True, slots=True)
class Block:
    """One content block. ``pieces``: into how many deltas a stream cuts it."""

    kind: Kind
    text: str = ""
    signature: str = ""
    name: str = ""
    id: str | None = None
    input: Mapping[str, Any] = field(default_factory=dict)
    pieces: int = 3


@dataclass(frozen=True, slots=True)
class Tokens:
    """The usage a provider reports; writes to the cache are split by their lifetime."""

    input: int = 12
    output: int = 34
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0

    def anthropic(self) -> dict[str, Any]:
        """The ``usage`` object of the Messages API."""
        return {
            "input_tokens": self.input,
            "cache_creation_input_tokens": self.cache_write_5m + self.cache_write_1h,
            "cache_read_input_tokens": self.cache_read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.cache_write_5m,
                "ephemeral_1h_input_tokens": self.cache_write_1h,
            },
            "output_tokens": self.output,
            "service_tier": "standard",
        }

    def openai(self) -> dict[str, Any]:
        """The ``usage`` object of chat completions."""
        prompt = self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h
        return {
            "prompt_tokens": prompt,
            "completion_tokens": self.output,
            "total_tokens": prompt + self.output,
            "prompt_tokens_details": {"cached_tokens": self.cache_read},
        }


FEW = Tokens()


def text(content: str, pieces: int = 3) -> Block:
    """Plain words."""
    return Block("text", text=content, pieces=pieces)


def thinking(content: str, signature: str = "c2lnbmF0dXJl" * 4, pieces: int = 2) -> Block:
    """A thought with the signature that must come back unchanged."""
    return Block("thinking", text=content, signature=signature, pieces=pieces)


def redacted_thinking(data: str = "cmVkYWN0ZWQ=") -> Block:
    """A thought the provider encrypts."""
    return Block("redacted_thinking", text=data, pieces=1)


def tool_use(name: str, arguments: Mapping[str, Any], id: str | None = None, pieces: int = 4) -> Block:
    """A tool call; without an id it gets one derived from its content."""
    return Block("tool_use", name=name, input=dict(arguments), id=id, pieces=pieces)


def spawn(prompt: str, agent: str = "general-purpose", background: bool | None = None, **more: Any) -> Block:
    """A call of the tool that starts a subagent; ``background`` None leaves the choice to the client."""
    arguments = {"description": prompt[:24], "prompt": prompt, "subagent_type": agent, **more}
    if background is not None:
        arguments["run_in_background"] = background
    return tool_use("Agent", arguments)


def block_id(block: Block, salt: int | str) -> str:
    """The block's id, or a stable one from its content and ``salt`` (the request's number)."""
    if block.id:
        return block.id
    seed = json.dumps([salt, block.name, block.input], sort_keys=True)
    return "toolu_01" + hashlib.sha256(seed.encode()).hexdigest()[:22]


def cut(content: str, pieces: int) -> list[str]:
    """The string in at most ``pieces`` parts of about equal length; none for the empty string."""
    size = max(1, -(-len(content) // pieces))
    return [content[i : i + size] for i in range(0, len(content), size)]
