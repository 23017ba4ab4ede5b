import pytest

from claude_lens.agents.catalogue import providers
from claude_lens.profiles.catalogue import PROFILES

WANTED = "anthropic openai groq plano gemini deepseek qwen openrouter ollama bedrock vertex mixed".split()  # noqa: SIM905


def test_all_are_there() -> None:
    assert list(PROFILES) == sorted(PROFILES, key=WANTED.index) == WANTED


@pytest.mark.parametrize("name", [name for name in WANTED if name not in ("anthropic", "mixed")])
def test_every_claude_name_is_answered_by_its_provider(name: str) -> None:
    profile = PROFILES[name]
    names = [model_name for model in profile.models for model_name in model.names]
    assert len(names) == len(set(names))
    assert {"claude-*", "claude-*haiku*", "claude-sonnet-4-5", "claude-haiku-4-5", "opus"} <= set(names)
    for model in profile.models:
        assert model.target.partition("/")[0] in providers()
        assert not model.target.startswith("anthropic/")


def test_names_that_people_know() -> None:
    openai = {name: model.target for model in PROFILES["openai"].models for name in model.names}
    assert (
        openai["claude-sonnet-4-5"] == openai["claude-smart"] == openai["claude-code"] == "openai/gpt-5-codex"
    )
    assert openai["claude-haiku-4-5"] == openai["claude-fast"] == "openai/gpt-5-mini"
    groq = {name: model.target for model in PROFILES["groq"].models for name in model.names}
    assert groq["openai/groq-gpt-oss-20b"] == "groq/openai/gpt-oss-20b"
    assert groq["groq-llama-3-70b"] == "groq/llama-3.3-70b-versatile"
