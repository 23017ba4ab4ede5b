"""What one request says about the agent behind it, read once from headers and body."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from claude_lens.exchange import Identity
from claude_lens.messages import system
from claude_lens.messages.blocks import Json, messages, system_texts
from claude_lens.messages.calls import tools
from claude_lens.messages.helpers import SUBAGENT_CLASSES
from claude_lens.messages.spawns import SPAWNING, given_prompts, spawning_ids

NAMES_AGENTS: Final = (2, 1, 140)
"""The first version known to name its subagents in headers; 2.1.136 names only the session."""
_USER_AGENT: Final = re.compile(r"claude-(?:cli|code)/(\d{1,5})\.(\d{1,5})\.(\d{1,5})", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Who may be asking.

    ``subagent`` is True where headers or the client's own mark say so, False where they exclude it, None
    where an older client says nothing. ``system`` are the texts of the system prompt in the order of the
    body, ``conversation`` its messages.
    """

    identity: Identity
    subagent: bool | None = None
    system: tuple[str, ...] = ()
    conversation: Sequence[Json] = ()

    @cached_property
    def prompts(self) -> tuple[str, ...]:
        """The texts of the user messages that the conversation began with, in the order of the body."""
        return tuple(given_prompts(self.conversation))

    @cached_property
    def own_calls(self) -> frozenset[str]:
        """Ids of the spawning calls in the conversation itself."""
        return spawning_ids(self.conversation)


def asker(identity: Identity, body: Mapping[str, Any] | None) -> Asker:
    """The asker of a request. Never raises; a body of another shape says nothing."""
    return Asker(
        identity=identity,
        subagent=is_subagent(identity, body),
        system=tuple(system_texts(body)),
        conversation=messages(body),
    )


def is_subagent(identity: Identity, body: Mapping[str, Any] | None) -> bool | None:
    """Whether a subagent asks; None where the client is too old to tell, and its spawns must be looked at."""
    agent = identity.agent
    told = None if identity.class_inferred else identity.request_class
    if agent.id or agent.parent_id or agent.type or told in SUBAGENT_CLASSES:
        return True
    if told:
        return False
    if agent.evidence == "billing":
        return True
    if agent.evidence == "unknown":
        return False
    version = client_version(identity, body)
    if version is not None and version >= NAMES_AGENTS:
        return False
    # Subagents of those clients cannot start others, and are not offered the tool that does.
    return False if any(tool.get("name") in SPAWNING for tool in tools(body)) else None


def client_version(identity: Identity, body: Mapping[str, Any] | None = None) -> system.Version | None:
    """The version of Claude Code that asks, as its ``user-agent`` or its own system block tells."""
    found = _USER_AGENT.match(identity.client or "")
    if found:
        return int(found[1]), int(found[2]), int(found[3])
    return system.version(system.billing(body))
