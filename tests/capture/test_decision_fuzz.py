"""Any configuration, any model, any key: what goes straight is what LiteLLM would have sent there itself."""

from __future__ import annotations

import asyncio
from typing import Any

import litellm
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_lens.capture import host
from claude_lens.capture.decision import Decider
from tests.capture.conftest import Configure, deployment

MODELS = ("claude-x", "claude-y", "claude-haiku-4-5", "gpt-4o", "sonnet", "*", "claude-*", "we!rd näme")
TARGETS = (
    "anthropic/claude-x",
    "anthropic/claude-y",
    "anthropic/claude-*",
    "anthropic/*",
    "openai/gpt-4o",
    "claude-haiku-4-5",
)
EXTRAS: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"api_base": "http://gate/v1"},
    {"timeout": 5},
    {"rpm": 3},
    {"temperature": 0.5},
    {"extra_headers": {"x": "y"}},
)

deployments = st.builds(
    lambda name, target, extra: deployment(name, target, api_key="sk-x", **extra),
    st.sampled_from(MODELS),
    st.sampled_from(TARGETS),
    st.sampled_from(EXTRAS),
)
routers = st.fixed_dictionaries(
    {},
    optional={
        "fallbacks": st.just([{"claude-x": ["claude-y"]}]),
        "model_group_alias": st.just({"sonnet": "claude-x", "claude-y": "claude-x"}),
    },
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    listed=st.lists(deployments, min_size=1, max_size=3),
    more=routers,
    asked=st.sampled_from(MODELS) | st.text(max_size=20),
    verdict=st.sampled_from(["master", "open", "foreign"]),
    general=st.sampled_from([{}, {}, {"max_parallel_requests": 2}]),
)
def test_straight_is_where_litellm_would_go(
    configure: Configure,
    listed: list[dict[str, Any]],
    more: dict[str, Any],
    asked: str,
    verdict: Any,
    general: dict[str, Any],
) -> None:
    litellm.callbacks.clear()
    configure(listed, general, **more)
    decision = Decider(transparent=True, forward_url=None).decide(asked or None, verdict)
    assert (decision.upstream is None) == (decision.reason is not None)
    if decision.upstream is None:
        return
    assert verdict != "foreign"
    assert general == {}
    assert asked not in more.get("model_group_alias", {})
    assert not ("fallbacks" in more and asked == "claude-x")
    chosen = host.router().get_available_deployment(model=asked)["litellm_params"]
    name, provider, _, _ = litellm.get_llm_provider(chosen["model"])
    assert (name, provider) == (asked, "anthropic")
    assert set(chosen) & {"rpm", "temperature", "extra_headers"} == set()


def test_a_providers_budget_is_litellms_to_keep(configure: Configure) -> None:
    async def ask() -> str | None:
        budget = {"anthropic": {"budget_limit": 0.01, "time_period": "1d"}}
        configure([deployment("claude-*", "anthropic/claude-*")], provider_budget_config=budget)
        reason = Decider(transparent=True, forward_url=None).decide("claude-x", "master").reason
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        return reason

    assert "RouterBudgetLimiting" in (asyncio.run(ask()) or "")
