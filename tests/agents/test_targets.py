import pytest

from claude_lens.agents.targets import base_url, missing_key, resolve

LISTED = ["claude-*", "fast", "*"]
KEYS = {"OPENAI_API_KEY": "sk-o", "GROQ_API_KEY": "gsk"}


@pytest.mark.parametrize("name", ["fast", "claude-haiku-4-5"])
def test_from_model_list(name: str) -> None:
    found = resolve(name, LISTED[:2], {})
    assert (found.name, found.params, found.shown) == (name, None, f"{name} (model_list)")


@pytest.mark.parametrize(
    ("name", "environ", "params"),
    [
        ("openai:gpt-4o", KEYS, {"model": "openai/gpt-4o"}),
        ("gpt-4o", KEYS, {"model": "openai/gpt-4o"}),
        ("o3", {**KEYS, "OPENAI_BASE_URL": "http://x/v1"}, {"model": "openai/o3", "api_base": "http://x/v1"}),
        ("groq:openai/gpt-oss-20b", KEYS, {"model": "groq/openai/gpt-oss-20b"}),
        ("groq/openai/gpt-oss-20b", KEYS, {"model": "groq/openai/gpt-oss-20b"}),
        (
            "plano:gemini/gemini-2.0-flash-exp",
            {"OPENAI_API_KEY": "sk-o"},
            {
                "model": "openai/gemini/gemini-2.0-flash-exp",
                "api_base": "http://localhost:8080/v1",
                "api_key": "none",
            },
        ),
        (
            "plano:x",
            {"PLANO_BASE_URL": "http://p:1/v1/", "PLANO_API_KEY": "k"},
            {"model": "openai/x", "api_base": "http://p:1/v1", "api_key": "k"},
        ),
        ("qwen:qwen-max", {"DASHSCOPE_API_KEY": "k"}, {"model": "dashscope/qwen-max"}),
        ("google:gemini-2.5-pro", {"GOOGLE_API_KEY": "k"}, {"model": "gemini/gemini-2.5-pro"}),
        ("ollama:qwen3", {}, {"model": "ollama_chat/qwen3"}),
        ("nebius:some/model", {}, {"model": "nebius/some/model"}),
        (
            "anthropic:claude-haiku-4-5",
            {"ANTHROPIC_FORWARD_URL": "http://a"},
            {"model": "anthropic/claude-haiku-4-5", "api_base": "http://a"},
        ),
    ],
)
def test_deployments(name: str, environ: dict[str, str], params: dict[str, str]) -> None:
    found = resolve(name, [], environ)
    assert found.name == name
    assert found.params == params


def test_provider_goes_before_a_wildcard() -> None:
    assert resolve("openai:gpt-4o", LISTED, KEYS).params is not None
    assert resolve("gpt-4o", LISTED, KEYS).params is None


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("openai:gpt-4o", "needs OPENAI_API_KEY"),
        ("gpt-4o", "needs OPENAI_API_KEY"),
        ("gemini:x", "needs GEMINI_API_KEY"),
        ("openai:", "names no model"),
        ("nobody:x", "unknown provider 'nobody'"),
        ("gtp-4o", "unknown model 'gtp-4o'"),
        ("nobody/x", "unknown model"),
    ],
)
def test_mistakes(name: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        resolve(name, [], {})


def test_shown() -> None:
    assert resolve("plano:gemini/x", [], {}).shown == "plano/gemini/x"
    assert resolve("o3", [], KEYS).shown == "openai/o3"
    assert "none" not in repr(resolve("plano:x", [], {}))


def test_variables() -> None:
    assert missing_key("vertex", {}) is None
    assert missing_key("unheard-of", {}) is None
    assert missing_key("google", {"GOOGLE_API_KEY": "k"}) is None
    assert base_url("groq", {"GROQ_API_BASE": "http://g"}) == "http://g"
    assert base_url("unheard-of", {}) is None
