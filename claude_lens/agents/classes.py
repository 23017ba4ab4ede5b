"""The class of a request where no header names it: inferred from who asks and what the body is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from claude_lens.agents.asker import is_subagent
from claude_lens.exchange import Identity
from claude_lens.messages.helpers import COUNT, MAIN, SUBAGENT, helper, is_count


def with_class(identity: Identity, endpoint: str, body: Mapping[str, Any] | None) -> Identity:
    """The identity with a class; ``class_inferred`` is set where the client named none.

    Its agent must be known as far as it can be. Requests of other clients than Claude Code have no class,
    but for counts of tokens.
    """
    if identity.request_class and not identity.class_inferred:
        return identity
    found = inferred(identity, endpoint, body)
    return replace(identity, request_class=found, class_inferred=found is not None)


def inferred(identity: Identity, endpoint: str, body: Mapping[str, Any] | None) -> str | None:
    """The class that a request must have: one of the client's own words, or ``count``."""
    if is_count(endpoint):
        return COUNT
    agent = identity.agent
    if agent.evidence == "unknown":
        return None
    known = bool(agent.spawn_tool_use_id or agent.evidence == "spawn" or is_subagent(identity, body))
    return helper(endpoint, body, subagent=known) or (SUBAGENT if known else MAIN)
