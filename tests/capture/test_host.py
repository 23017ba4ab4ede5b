"""The window on LiteLLM, with LiteLLM behind it."""

from __future__ import annotations

import litellm
import pytest
from litellm.integrations.custom_logger import CustomLogger

from claude_lens.capture import host
from claude_lens.capture.hooks import Marker
from claude_lens.exchange import Usage
from claude_lens.wire.pricing import cost
from tests.capture.conftest import CLAUDE, Configure, deployment


class Stranger(CustomLogger):  # type: ignore[misc]
    """A callback of the operator's own."""


def test_deployments_resolve_wildcards(configure: Configure) -> None:
    configure([CLAUDE, deployment("mini", "openai/gpt-4o-mini", api_key="x")])
    assert host.deployments("claude-opus-5-5")[0]["litellm_params"]["model"] == "anthropic/claude-opus-5-5"
    assert host.deployments("nothing") == []
    assert sorted(host.model_names()) == ["claude-*", "mini"]


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


def test_what_a_target_takes_beyond_text() -> None:
    assert host.reads_documents("gemini-2.5-pro", "gemini")
    assert not host.reads_documents("no-such-model", "gemini")
    assert host.keys_cache("gpt-4o", "openai")
    assert not host.keys_cache("gemini-2.5-pro", "gemini")
    assert not host.keys_cache("x", "no-such-provider")


# Anthropic's price list, dollars a million: input, output, cache read, 5-minute write, 1-hour write.
PUBLISHED = {
    "claude-opus-5-5": (4.00, 20.00, 0.20, 5.00, 8.00),
    "claude-opus-4-5": (5.00, 25.00, 0.50, 6.25, 10.00),
    "claude-sonnet-4-5-20250929": (3.00, 15.00, 0.30, 3.75, 6.00),
    "claude-sonnet-5": (2.00, 10.00, 0.20, 2.50, 4.00),
    "claude-haiku-4-5": (1.00, 5.00, 0.10, 1.25, 2.00),
}


@pytest.mark.parametrize("model", PUBLISHED)
def test_the_price_maps_cost_is_the_published_one(model: str) -> None:
    fresh, out, read, write_5m, write_1h = PUBLISHED[model]
    usage = Usage(
        input_tokens=1_234,
        output_tokens=567,
        cache_read_input_tokens=89_000,
        cache_creation_input_tokens=7_000,
        cache_creation_5m_input_tokens=3_000,
        cache_creation_1h_input_tokens=4_000,
    )
    by_hand = 1_234 * fresh + 567 * out + 89_000 * read + 3_000 * write_5m + 4_000 * write_1h
    prices = host.prices(model, "anthropic")
    assert prices is not None
    assert cost(usage, prices) == pytest.approx(by_hand / 1_000_000, rel=1e-12)
