"""What the client says of itself in the first block of its system prompt, which Anthropic takes out again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from claude_lens.messages.blocks import Json, text

BILLING: Final = "x-anthropic-billing-header:"
_SUBAGENT: Final = re.compile(r";\s*cc_is_subagent=true\s*(?:;|\Z)")
_ENTRYPOINT: Final = re.compile(r"\bcc_entrypoint=([\w.-]{1,64})")
_VERSION: Final = re.compile(r"\bcc_version=(\d{1,5})\.(\d{1,5})\.(\d{1,5})")
SUBAGENT_MARK: Final = b"cc_is_subagent=true"
"""Bytes without which no body says that a subagent asks."""

Version = tuple[int, int, int]


def billing(body: Json | None) -> str | None:
    """The client's own first system block; None where the system prompt starts otherwise."""
    system = body.get("system") if isinstance(body, Mapping) else None
    first = system[0] if isinstance(system, list) and system else system
    words = first if isinstance(first, str) else first.get("text") if isinstance(first, Mapping) else None
    return words if isinstance(words, str) and words.startswith(BILLING) else None


def is_billing(block: object) -> bool:
    """Whether a system block (or text) is that one."""
    words = block if isinstance(block, str) else text(block)
    return words is not None and words.startswith(BILLING)


def says_subagent(words: str | None) -> bool:
    """Whether the client's own block says that a subagent asks."""
    return words is not None and _SUBAGENT.search(words) is not None


def entrypoint(body: Json | None) -> str | None:
    """How the client was started: ``cli`` in a terminal, ``sdk-cli`` with ``-p`` …; None where not told."""
    found = _ENTRYPOINT.search(billing(body) or "")
    return found[1] if found else None


def version(words: str | None) -> Version | None:
    """The client's version in its own block."""
    found = _VERSION.search(words or "")
    return (int(found[1]), int(found[2]), int(found[3])) if found else None
