"""Whose a thought is: it may go back to whoever thought it, and to nobody else.

Providers that speak Anthropic's format sign thoughts themselves. Those of all others are signed by us when
they pass, with the name of provider and model, so that they are known again whenever they come back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from claude_lens.messages.blocks import THINKING_TYPES
from claude_lens.messages.blocks import signature as signature_of

CLAUDE = "claude"
STAMP = "claude-lens:"
LITELLMS = ("litellm_",)
THOUGHTS = THINKING_TYPES
# Anthropic's signatures are long, in base64, and begin with the same field.
CLAUDES_SIGNATURE = re.compile(r"E[A-Za-z0-9+/]{60,}=*\Z")
# Claude's thoughts are taken by everyone who serves Claude (Anthropic's documentation of extended thinking).
SERVE_CLAUDE = frozenset(("anthropic", "bedrock", "bedrock_converse", "vertex_ai", "azure_ai"))

# Chat APIs that refuse a request with a thought in it.
REFUSE_THOUGHTS = frozenset(("groq", "cerebras", "mistral"))

# What made a thought with this signature (or, unsigned, of these words), as far as has been seen; else None.
Known = Callable[[str], str | None]


def nobody(_signature: str) -> str | None:
    """Nothing has been seen."""
    return None


def maker_of(model: str, provider: str, *, native: bool) -> str:
    """Whose the thoughts of a model are. ``native``: the provider speaks Anthropic's format.

    >>> maker_of("us.anthropic.claude-sonnet-5-5", "bedrock", native=True)
    'claude'
    >>> maker_of("deepseek-chat", "deepseek", native=True)
    'deepseek'
    >>> maker_of("gpt-oss-20b", "groq", native=False)
    'groq/gpt-oss-20b'
    """
    if provider == "anthropic" or (provider in SERVE_CLAUDE and "claude" in model):
        return CLAUDE
    return provider if native else f"{provider}/{model}"


def takes_back(maker: str) -> bool:
    """Whether a maker wants its own thoughts to come back to it."""
    return maker.partition("/")[0] not in REFUSE_THOUGHTS


def stamp(maker: str) -> str:
    """The signature that we give a thought which its maker has not signed."""
    return STAMP + maker


def unstamped(block: Mapping[str, Any]) -> dict[str, Any]:
    """A thought as its maker said it, without our signature."""
    ours = str(block.get("signature") or "").startswith(STAMP)
    return {**block, "signature": ""} if ours else dict(block)


def mark_of(block: Mapping[str, Any]) -> str:
    """By what a thought is known again: its signature, or else its words."""
    return signature_of(block) or str(block.get("thinking") or "")


def is_own(block: Mapping[str, Any], maker: str, known: Known = nobody) -> bool:
    """Whether ``maker`` made this thought, or may have: what nobody has seen is judged by its looks."""
    signature = signature_of(block)
    if not takes_back(maker):
        return False
    if signature.startswith(STAMP):
        return signature == stamp(maker)
    told = known(mark_of(block))
    if told is not None:
        return told == maker
    if signature.startswith(LITELLMS) or "/" in maker:
        return False
    if maker == CLAUDE:
        return bool(signature)
    return block.get("type") == "thinking" and not CLAUDES_SIGNATURE.match(signature)
