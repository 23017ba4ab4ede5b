"""The scripted provider: a real HTTP server that speaks Anthropic Messages and OpenAI chat completions."""

from tests.upstream.blocks import Block, Tokens, redacted_thinking, spawn, text, thinking, tool_use
from tests.upstream.provider import Provider
from tests.upstream.script import (
    Call,
    Reply,
    Script,
    always,
    by_agent,
    cut_after,
    error,
    error_after,
    held,
    in_order,
    raw,
    resized,
    say,
    slow,
    turns,
    zipped,
)
from tests.upstream.server import Answer, Outcome, Received

__all__ = [
    "Answer",
    "Block",
    "Call",
    "Outcome",
    "Provider",
    "Received",
    "Reply",
    "Script",
    "Tokens",
    "always",
    "by_agent",
    "cut_after",
    "error",
    "error_after",
    "held",
    "in_order",
    "raw",
    "redacted_thinking",
    "resized",
    "say",
    "slow",
    "spawn",
    "text",
    "thinking",
    "tool_use",
    "turns",
    "zipped",
]
