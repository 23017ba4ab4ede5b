"""Which way, and why: with LiteLLM's own router behind the question."""

from __future__ import annotations

from typing import Any

import litellm
import pytest

from claude_lens.capture.decision import Decider
from claude_lens.capture.upstream import Upstream
from tests.capture.conftest import CLAUDE, Configure, deployment


def decider(transparent: bool = True, forward_url: str | None = None) -> Decider:
    return Decider(transparent=transparent, forward_url=forward_url)


def test_a_claude_model_by_wildcard_goes_straight(configure: Configure) -> None:
    configure([CLAUDE])
    decision = decider().decide("claude-opus-5-5", "master")
    assert decision.upstream == Upstream("https://api.anthropic.com", "sk-ant-operator")
    assert decision.reason is None


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("http://gate:8080", "http://gate:8080"),
        ("http://gate:8080/", "http://gate:8080"),
        ("http://gate/claude/v1", "http://gate/claude"),
        ("http://gate/v1/messages", "http://gate"),
        (None, "http://forward"),
    ],
)
def test_the_upstream(configure: Configure, base: str | None, expected: str) -> None:
    configure([deployment("claude-*", "anthropic/claude-*", **({"api_base": base} if base else {}))])
    upstream = decider(forward_url="http://forward/").decide("claude-x", "master").upstream
    assert upstream == Upstream(expected, None)


PLAIN = [CLAUDE]
REASONS: list[tuple[str, list[dict[str, Any]], dict[str, Any], dict[str, Any]]] = [
    ("no deployment in model_list for claude-x", [deployment("gpt", "openai/gpt-4o", api_key="k")], {}, {}),
    ("2 deployments", [deployment("claude-x", "anthropic/claude-x", api_key=k) for k in "ab"], {}, {}),
    ("goes to openai/gpt-4o", [deployment("claude-x", "openai/gpt-4o", api_key="k")], {}, {}),
    ("is mapped to claude-y", [deployment("claude-x", "anthropic/claude-y", api_key="k")], {}, {}),
    ("sets rpm", [deployment("claude-x", "anthropic/claude-x", api_key="k", rpm=5)], {}, {}),
    ("is an alias", PLAIN, {}, {"model_group_alias": {"claude-x": "claude-y"}}),
    ("fallbacks configured", PLAIN, {}, {"fallbacks": [{"claude-x": ["claude-y"]}]}),
    ("fallbacks configured", PLAIN, {}, {"default_fallbacks": ["claude-y"]}),
    ("context_window_fallbacks", PLAIN, {}, {"context_window_fallbacks": [{"claude-x": ["claude-y"]}]}),
    ("general_settings.max_parallel_requests", PLAIN, {"max_parallel_requests": 3}, {}),
    ("general_settings.custom_auth", PLAIN, {"custom_auth": "mine.check"}, {}),
]


@pytest.mark.parametrize(("reason", "models", "settings", "router"), REASONS)
def test_where_litellm_has_a_say(
    configure: Configure,
    reason: str,
    models: list[dict[str, Any]],
    settings: dict[str, Any],
    router: dict[str, Any],
) -> None:
    configure(models, settings, **router)
    decision = decider().decide("claude-x", "master")
    assert decision.upstream is None
    assert decision.reason is not None
    assert reason in decision.reason


def test_fallbacks_of_another_model_do_not_matter(configure: Configure) -> None:
    configure([CLAUDE], fallbacks=[{"claude-y": ["claude-z"]}])
    assert decider().decide("claude-x", "master").upstream is not None


def test_litellms_cache_guardrails_budget_and_loggers(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure([CLAUDE])
    for name, value, reason in [
        ("guardrail_name_config_map", {"pii": object()}, "guardrail"),
        ("max_budget", 5.0, "budget"),
        ("cache", object(), "cache"),
        ("success_callback", ["langfuse"], "langfuse"),
    ]:
        with monkeypatch.context() as patch:
            patch.setattr(litellm, name, value)
            patch.setattr(litellm, "callbacks", [])
            assert reason in (decider().decide("claude-x", "master").reason or "")
    assert decider().decide("claude-x", "master").upstream is not None


def test_switched_off_unknown_model_and_foreign_key(configure: Configure) -> None:
    configure([CLAUDE])
    assert "CLAUDE_LENS_TRANSPARENT" in (decider(False).decide("claude-x", "master").reason or "")
    assert decider().decide(None, "master").reason == "the body names no model"
    assert decider().decide("claude-x", "foreign").reason == "not the master key"
    assert decider().decide("claude-x", "open").upstream is not None


def test_decisions_follow_a_new_router(configure: Configure) -> None:
    configure([CLAUDE])
    one = decider()
    assert one.decide("claude-x", "master").upstream is not None
    configure([deployment("claude-x", "openai/gpt-4o", api_key="k")])
    assert one.decide("claude-x", "master").upstream is None


def test_anthropic_whatever_else(configure: Configure) -> None:
    configure([CLAUDE], fallbacks=[{"claude-x": ["claude-y"]}])
    assert decider(False).anthropic("claude-x") is not None
    assert decider().anthropic(None) is None
    configure([deployment("claude-x", "openai/gpt-4o", api_key="k")])
    assert decider().anthropic("claude-x") is None
