"""Where a span stands in its tree, and what every span says about its origin."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

from claude_lens.exchange import Agent, Exchange
from claude_lens.tracing import names
from claude_lens.tracing.bounds import Collector

MAIN = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A place in a tree. ``agent`` names whose span it is, ``graph`` the node in the agent graph."""

    trace_id: int
    span_id: int
    parent_id: int | None
    agent: str = MAIN
    graph: str = MAIN
    graph_parent: str | None = None


def agent_title(agent: Agent, *, subagent: bool) -> str:
    """What an agent is called: its own name, else its type; ``main`` for the one that the human talks to."""
    if not subagent:
        return MAIN
    return agent.name or agent.type or "subagent"


def common(exchange: Exchange, node: Node, out: Collector) -> None:
    """What all kinds of spans carry: session, user, agent, graph node, tags."""
    who = exchange.identity
    out.add(names.SESSION_ID, who.session_id)
    out.add(names.GEN_AI_CONVERSATION, who.session_id)
    out.add(names.USER_ID, who.user_id)
    out.add(names.AGENT_NAME, node.agent)
    out.add(names.GEN_AI_AGENT_NAME, node.agent)
    out.add(names.GEN_AI_AGENT_ID, who.agent.id)
    out.add(names.NODE_ID, node.graph)
    out.add(names.NODE_PARENT, node.graph_parent)
    out.add(names.TAGS, tags(exchange, node.agent))


def tags(exchange: Exchange, agent: str) -> tuple[str, ...]:
    """``project:NAME``, ``branch:NAME``, ``agent:NAME``, as far as known."""
    who = exchange.identity
    found = {
        "project": PurePath(who.project).name if who.project else None,
        "branch": who.branch,
        "agent": agent,
    }
    return tuple(f"{name}:{value}" for name, value in found.items() if value)


def metadata(exchange: Exchange, out: Collector) -> dict[str, Any]:
    """What no convention has a name for; times in milliseconds, money in US dollars.

    What an agent is to do is the model's words and another model's input: it stays where either is hidden.
    """
    who, model = exchange.identity, exchange.model
    found = {
        "exchange_id": exchange.id,
        "request_id": exchange.request_id,
        "prompt_id": who.prompt_id,
        "request_class": who.request_class,
        "compaction": who.compaction,
        "status": exchange.status,
        "lane": exchange.lane,
        "lane_reason": exchange.lane_reason,
        "requested_model": model.requested,
        "routed_model": model.routed,
        "rule": model.rule,
        "adapted": list(exchange.adapted),
        "requested_model_cost_usd": exchange.cost.requested_usd,
        "cost_parts": [
            {"kind": part.kind, "model": part.model, "cost_usd": part.usd, **asdict(part.usage)}
            for part in exchange.cost.parts
        ],
        "ttfb_ms": exchange.ttfb_ms,
        "ttft_ms": exchange.ttft_ms,
        "project": who.project,
        "branch": who.branch,
        "client": who.client,
        "agent_type": who.agent.type,
        "agent_description": out.words("output", out.words("input", who.agent.description or "")),
        "agent_evidence": who.agent.evidence,
    }
    return {name: value for name, value in found.items() if value not in (None, [], "")}
