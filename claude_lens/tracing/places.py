"""Which tree an exchange belongs to, and which ids its spans have: worked out from the exchange alone.

Every id follows from the client's own ids, so that processes which share nothing build one tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from claude_lens.exchange import Exchange
from claude_lens.messages.blocks import Json
from claude_lens.messages.helpers import BESIDE, SUBAGENT_CLASSES, helper, is_count
from claude_lens.messages.spawns import given_prompts
from claude_lens.messages.written import beginnings
from claude_lens.tracing.joined import parent_of
from claude_lens.tracing.runs import Key
from claude_lens.tracing.spans import identifier

Standing = Literal["untraced", "child", "alone", "main", "subagent"]


def standing(exchange: Exchange) -> Standing:
    """How an exchange stands in traces.

    ``untraced``: no inference. ``child``: the client exports spans of its own, ours is one child.
    ``alone``: a trace of its own (a title, a compaction, another client).
    ``main``, ``subagent``: part of a prompt's tree.
    """
    who = exchange.identity
    if is_count(exchange.endpoint):
        return "untraced"
    if parent_of(exchange) is not None:
        return "child"
    if not who.session_id or who.request_class in BESIDE or exchange.endpoint.endswith("/chat/completions"):
        return "alone"
    if who.agent.id or who.request_class in SUBAGENT_CLASSES or who.agent.evidence == "billing":
        return "subagent"
    if who.agent.evidence == "unknown" and who.request_class is None:
        return "alone"
    if who.request_class is None and helper(exchange.endpoint, exchange.request.json):
        return "alone"
    return "main"


@dataclass(frozen=True, slots=True)
class Ids:
    """Makes the ids. ``salt`` keeps apart what would otherwise collide in one backend."""

    salt: str = ""

    def trace(self, session: str, prompt: str) -> int:
        """The trace of a prompt."""
        return identifier(128, self.salt, "prompt", session, prompt)

    def lone_trace(self, exchange_id: str) -> int:
        """The trace of an exchange that stands alone."""
        return identifier(128, self.salt, "exchange", exchange_id)

    def run(self, key: Key) -> int:
        """The AGENT span of a run; the main agent's is the root of its prompt."""
        session, prompt, agent, number = key
        if not agent:
            return identifier(64, self.salt, "turn", session, prompt)
        return identifier(64, self.salt, "agent", session, prompt, agent, str(number))

    def tool(self, session: str, tool_use_id: str) -> int:
        """The TOOL span of a call."""
        return identifier(64, self.salt, "tool", session, tool_use_id)

    def llm(self, exchange_id: str) -> int:
        """The LLM span of an exchange."""
        return identifier(64, self.salt, "exchange", exchange_id)


def agent_key(exchange: Exchange, conversation: Sequence[Json]) -> str:
    """A subagent's id; where the client names none, one made from the prompt that it was given."""
    if exchange.identity.agent.id:
        return exchange.identity.agent.id
    given = given_prompts(conversation)
    return f"unnamed-{identifier(64, *given[:1]):016x}"


def prompt_key(exchange: Exchange, conversation: Sequence[Json]) -> str:
    """The prompt's id; without one, its number in the conversation and what it says."""
    if exchange.identity.prompt_id:
        return exchange.identity.prompt_id
    told = beginnings(conversation)
    return f"{len(told)}-{identifier(64, *told[-1:]):016x}"
