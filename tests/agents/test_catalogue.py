import litellm
import pytest

from claude_lens.agents import catalogue


def test_providers_are_litellms() -> None:
    assert catalogue.providers() == {str(provider.value) for provider in litellm.LlmProviders}


@pytest.mark.parametrize("model", ["gpt-4o", "o3", "gpt-5-mini", "claude-sonnet-4-5", "gemini-2.5-pro"])
def test_known_models_belong_where_litellm_says(model: str) -> None:
    assert catalogue.known_models()[model] == litellm.get_llm_provider(model)[1]


def test_only_chat_models() -> None:
    assert "text-embedding-3-small" not in catalogue.known_models()
    assert "whisper-1" not in catalogue.known_models()
