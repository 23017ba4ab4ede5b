"""LiteLLM's hooks, called as LiteLLM calls them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import litellm
import pytest
from litellm.integrations.custom_logger import CustomLogger
from litellm.llms.base_llm.chat.transformation import BaseLLMException

from claude_lens.capture.anthropic_client import HonestAnthropicClient
from claude_lens.capture.hooks import CaptureHooks
from claude_lens.capture.inflight import InFlight, UpstreamAnswer
from claude_lens.capture.translated import IN_FLIGHT
from tests.capture.calling import call
from tests.capture.conftest import CLAUDE, Configure


@pytest.fixture
def flight(configure: Configure) -> Iterator[InFlight]:
    """An exchange that LiteLLM is working on."""
    configure([CLAUDE])
    current = call().flight
    IN_FLIGHT[current.id] = current
    yield current
    del IN_FLIGHT[current.id]


def deployment_hook(**kwargs: Any) -> dict[str, Any] | None:
    """What the hook makes of these arguments."""
    return asyncio.run(CaptureHooks().async_pre_call_deployment_hook(kwargs, None))


def test_an_anthropic_deployment_gets_the_honest_client(flight: InFlight) -> None:
    changed = deployment_hook(litellm_call_id=flight.id, model="anthropic/claude-sonnet-4-5", other=1)
    assert changed is not None
    assert isinstance(changed["client"], HonestAnthropicClient)
    assert changed["other"] == 1
    assert (flight.routed_model, flight.provider) == ("claude-sonnet-4-5", "anthropic")


def test_another_provider_is_only_noted(flight: InFlight) -> None:
    assert deployment_hook(litellm_call_id=flight.id, model="gpt-4o", custom_llm_provider="openai") is None
    assert (flight.routed_model, flight.provider) == ("gpt-4o", "openai")


def test_an_operators_client_is_left_alone(flight: InFlight) -> None:
    assert deployment_hook(litellm_call_id=flight.id, model="anthropic/claude-x", client=object()) is None


def test_a_call_that_is_not_ours_is_left_alone(flight: InFlight) -> None:
    assert deployment_hook(litellm_call_id="someone else's", model="anthropic/claude-x") is None


@pytest.mark.parametrize("kind", ["nothing", "a callback", "dropped parameters"])
def test_the_body_is_exact_where_nobody_else_may_change_it(
    flight: InFlight, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    class Masker(CustomLogger):  # type: ignore[misc]
        """Someone's guardrail."""

    monkeypatch.setattr(litellm, "callbacks", [Masker()] if kind == "a callback" else [])
    more = {"additional_drop_params": ["tools"]} if kind == "dropped parameters" else {}
    changed = deployment_hook(litellm_call_id=flight.id, model="anthropic/claude-x", **more)
    assert changed is not None
    assert changed["client"]._exact is (kind == "nothing")


def failure_event(flight: InFlight, error: object) -> None:
    """LiteLLM tells of a failure."""
    kwargs = {"litellm_call_id": flight.id, "exception": error}
    asyncio.run(CaptureHooks().async_log_failure_event(kwargs, None, None, None))


def test_a_failure_event_keeps_the_upstreams_error(flight: InFlight) -> None:
    failure_event(flight, BaseLLMException(status_code=429, message="slow down"))
    assert flight.upstream == UpstreamAnswer(429, [], b"slow down")


def test_a_failure_event_without_an_exception_says_nothing(flight: InFlight) -> None:
    failure_event(flight, None)
    assert flight.upstream is None


@pytest.mark.parametrize(("known", "kept"), [(None, 503), (200, 503), (529, 529)])
def test_the_failure_hook_fills_in_what_no_event_told(flight: InFlight, known: int | None, kept: int) -> None:
    flight.upstream = UpstreamAnswer(known, [], b"") if known else None
    error = BaseLLMException(status_code=503, message="x")
    asyncio.run(CaptureHooks().async_post_call_failure_hook({"litellm_call_id": flight.id}, error, None))
    assert flight.upstream is not None
    assert flight.upstream.status == kept
