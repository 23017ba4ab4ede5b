"""The hook between LiteLLM's choice of a deployment and its translation."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import litellm
import pytest

from claude_lens.capture import host
from claude_lens.capture.adapting import Adapting
from claude_lens.capture.inflight import InFlight
from claude_lens.capture.translated import IN_FLIGHT

BODY = {
    "model": "claude-x",
    "max_tokens": 128000,
    "system": [{"type": "text", "text": "x-anthropic-billing-header: a"}, {"type": "text", "text": "You"}],
    "messages": [{"role": "user", "content": "hi"}],
    "unknown": 1,
}


def hook(endpoint: str = "/v1/messages", call_type: Any = "anthropic_messages", **kwargs: Any) -> Any:
    headers = [(b"anthropic-beta", b"b1"), (b"x-app", b"cli"), (b"x-mine", b"theirs")]
    flight = InFlight(
        endpoint=endpoint,
        query="",
        headers=headers,
        body=json.dumps(BODY).encode(),
        put=lambda _: None,
        worker="",
    )
    IN_FLIGHT[flight.id] = flight
    try:
        given = {"litellm_call_id": flight.id, **{k: v for k, v in BODY.items() if k != "model"}, **kwargs}
        return asyncio.run(Adapting().async_pre_call_deployment_hook(given, call_type)), flight
    finally:
        del IN_FLIGHT[flight.id]


def test_another_providers_request_is_adapted() -> None:
    changed, flight = hook(model="openai/gpt-4o", kept=2)
    assert changed["max_tokens"] == 16384
    assert changed["system"] == [{"type": "text", "text": "You"}]
    assert "unknown" not in changed
    assert (changed["kept"], changed["model"], changed["drop_params"]) == (2, "openai/gpt-4o", True)
    assert "billing block removed" in flight.adapted


@pytest.mark.parametrize("model", ["anthropic/claude-sonnet-4-5", "nobody-knows-this"])
def test_anthropic_is_let_be(model: str) -> None:
    changed, flight = hook(model=model)
    assert changed is None
    assert flight.adapted == ()


@pytest.mark.parametrize("model", ["bedrock/us.anthropic.claude-sonnet-5-5", "deepseek/deepseek-chat"])
def test_others_who_speak_its_format_lose_the_billing_block_only(model: str) -> None:
    changed, flight = hook(model=model)
    assert changed["system"] == [{"type": "text", "text": "You"}]
    assert (changed["max_tokens"], changed["unknown"]) == (128000, 1)
    assert flight.adapted == ("billing block removed",)
    again, _ = hook(model=model, system="You")
    assert again["system"] == "You"


def test_headers_of_the_client_stay_here() -> None:
    mine = {"Anthropic-Beta": "b1", "x-app": "cli", "x-mine": "the deployment's own"}
    for call_type in ("anthropic_messages", litellm.types.utils.CallTypes.acompletion):
        changed, _ = hook(model="openai/gpt-4o", call_type=call_type, headers=mine, extra_headers=dict(mine))
        assert changed["headers"] == changed["extra_headers"] == {"x-mine": "the deployment's own"}


def test_openais_clients_speak_for_themselves() -> None:
    changed, flight = hook(endpoint="/v1/chat/completions", call_type="acompletion", model="openai/gpt-4o")
    assert changed["unknown"] == 1
    assert flight.adapted == ()


def test_strangers_are_not_touched() -> None:
    assert asyncio.run(Adapting().async_pre_call_deployment_hook({"model": "openai/gpt-4o"}, None)) is None


def test_what_models_can_do() -> None:
    assert host.max_output("gpt-4o", "openai") == 16384
    assert host.max_output("unheard-of", "openai") is None
    assert host.reasons("gpt-5-mini", "openai")
    assert not host.reasons("gpt-4o", "openai")
    assert host.speaks_anthropic("claude-sonnet-5-5", "vertex_ai")
    assert not host.speaks_anthropic("gemini-2.5-pro", "gemini")
    assert not host.speaks_anthropic("x", "no-such-provider")
    assert host.target_of({"model": "gpt-4o", "custom_llm_provider": "openai"}) == ("gpt-4o", "openai")
