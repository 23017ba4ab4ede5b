"""What every span says about its origin."""

from __future__ import annotations

from dataclasses import replace

from claude_lens.exchange import Agent, Identity
from claude_lens.tracing.bounds import Collector
from claude_lens.tracing.identity import Node, agent_title, common, metadata, tags
from tests.tracing.talk import Talk


def test_titles() -> None:
    assert agent_title(Agent(name="reviewer", type="custom"), subagent=True) == "reviewer"
    assert agent_title(Agent(type="Explore"), subagent=True) == "Explore"
    assert agent_title(Agent(), subagent=True) == "subagent"
    assert agent_title(Agent(name="x"), subagent=False) == "main"


def test_what_is_unknown_is_left_out() -> None:
    bare = replace(Talk().say("x").ask("y"), identity=Identity(), request_id=None)
    out = Collector()
    common(bare, Node(trace_id=1, span_id=2, parent_id=None), out)
    assert set(out.done()) == {"agent.name", "gen_ai.agent.name", "graph.node.id", "tag.tags"}
    assert tags(bare, "main") == ("agent:main",)
    assert "request_id" not in metadata(bare, Collector())
    assert "project" not in metadata(bare, Collector())
