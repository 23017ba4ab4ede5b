"""The window on LiteLLM, with LiteLLM behind it."""

from __future__ import annotations

import litellm
import pytest
from litellm.integrations.custom_logger import CustomLogger

from claude_lens.capture import host
from claude_lens.capture.hooks import Marker
from tests.capture.conftest import CLAUDE, Configure, deployment


class Stranger(CustomLogger):  # type: ignore[misc]
    """A callback of the operator's own."""


def test_deployments_resolve_wildcards(configure: Configure) -> None:
    configure([CLAUDE, deployment("mini", "openai/gpt-4o-mini", api_key="x")])
    assert host.deployments("claude-opus-5-5")[0]["litellm_params"]["model"] == "anthropic/claude-opus-5-5"
    assert host.deployments("nothing") == []
    assert host.model_names() == ["mini"]
    assert host.wildcards() == ["claude-*"]


def test_keys(configure: Configure) -> None:
    configure([CLAUDE])
    assert host.master_key() == "sk-lens-master"
    assert not host.has_virtual_keys()
    configure([CLAUDE], {"custom_auth": "mine.check"})
    assert host.has_virtual_keys()


def test_only_strangers_are_foreign(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    configure([CLAUDE])
    monkeypatch.setattr(litellm, "callbacks", [Marker(), *litellm.callbacks])
    assert list(host.foreign_callbacks()) == []
    monkeypatch.setattr(litellm, "success_callback", ["langfuse"])
    monkeypatch.setattr(litellm, "failure_callback", [Stranger()])
    assert sorted(host.foreign_callbacks()) == ["Stranger", "langfuse"]


def test_prices_by_every_name(configure: Configure) -> None:
    configure([CLAUDE])
    direct = host.prices("claude-opus-5-5", "anthropic")
    assert direct is not None
    assert direct["input_cost_per_token"] == 4e-06
    assert host.prices("anthropic/claude-opus-5-5", None) == direct
    assert host.prices("gpt-4o", "openai") is not None
    assert host.prices("no-such-model", "openai") is None
    assert host.prices(None, None) is None


def test_known_models_are_the_price_maps() -> None:
    assert "claude-opus-5-5" in host.known_models("anthropic")


def test_provider_is_litellms_guess() -> None:
    assert host.provider_of("anthropic/claude-x") == ("claude-x", "anthropic")
    assert host.provider_of("gpt-4o") == ("gpt-4o", "openai")
