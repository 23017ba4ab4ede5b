from pathlib import Path

import pytest

from claude_lens.agents.routes import Routes, load
from claude_lens.agents.rules import Question
from claude_lens.errors import ConfigError, SettingError, SettingMissing

KEYS = {"OPENAI_API_KEY": "sk-o", "GROQ_API_KEY": "gsk"}
MODELS = "model_list:\n  - model_name: claude-*\n    litellm_params: {model: anthropic/claude-*}\n"


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "litellm_config.yaml"
    file.write_text(text)
    return file


def routes(tmp_path: Path, text: str, **environ: str) -> Routes:
    return load(write(tmp_path, MODELS + text), {**KEYS, **environ})


def hit(found: Routes, **asked: object) -> str | None:
    rule = found.find(Question(**asked))  # type: ignore[arg-type]
    return rule.to if rule else None


def test_map_then_rules(tmp_path: Path) -> None:
    found = routes(
        tmp_path,
        """subagent_routing:
  agents:
    code-reviewer: gpt-5-mini
    "data-*": groq:openai/gpt-oss-20b
  rules:
    - type: Explore
      to: claude-haiku-4-5
    - {class: auxiliary, model: "claude-haiku-*", to: gpt-4o}
    - agent: main
      min_tokens: 150_000
      to: openai:gpt-5
""",
    )
    assert found
    assert hit(found, agent="code-reviewer") == "gpt-5-mini"
    assert hit(found, agent="data-science") == "groq:openai/gpt-oss-20b"
    assert hit(found, agent="Explore", type="Explore") == "claude-haiku-4-5"
    assert hit(found, request_class="auxiliary", model="claude-haiku-4-5") == "gpt-4o"
    assert hit(found, agent="main", tokens=149_999) is None
    assert hit(found, agent="main", tokens=150_000) == "openai:gpt-5"
    assert [rule.label for rule in found.rules][-1] == "rule 3: agent=main, min_tokens=150000"
    assert found.rules[0].source.endswith("litellm_config.yaml:6")
    assert found.targets["claude-haiku-4-5"].params is None
    assert found.targets["gpt-4o"].params == {"model": "openai/gpt-4o"}


@pytest.mark.parametrize("text", ["", "subagent_routing:\n", "subagent_routing:\n  agents:\n  rules:\n"])
def test_off_unless_configured(tmp_path: Path, text: str) -> None:
    assert not routes(tmp_path, text)
    assert not load(None, {})


def test_environment_overrides(tmp_path: Path) -> None:
    found = routes(
        tmp_path,
        "subagent_routing:\n  agents: {planner: gpt-4o, poet: gpt-4o}\n  rules: [{agent: planner, to: o3}]\n",
        SUBAGENT_MAPPINGS="code-reviewer:gpt-4o, data-analyst:o3,planner:plano:gemini/gemini-2.0-flash-exp",
    )
    assert hit(found, agent="code-reviewer") == "gpt-4o"
    assert hit(found, agent="data-analyst") == "o3"
    assert hit(found, agent="planner") == "plano:gemini/gemini-2.0-flash-exp"
    assert hit(found, agent="poet") == "gpt-4o"
    assert found.rules[0].source == "SUBAGENT_MAPPINGS"
    assert len(found.rules) == 5


def test_environment_alone() -> None:
    found = load(None, {**KEYS, "SUBAGENT_MAPPINGS": "a:o3"})
    assert hit(found, agent="a") == "o3"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("code-reviewer", "'code-reviewer' is not name:model"),
        ("a:,b:o3", "'a:' is not name:model"),
        (":o3", "':o3' is not name:model"),
        ("a:o3,a:gpt-4o", "'a' is mapped twice"),
        ("a:gtp-4o", "unknown model 'gtp-4o'"),
    ],
)
def test_malformed_mappings(value: str, problem: str) -> None:
    with pytest.raises(SettingError) as caught:
        load(None, {**KEYS, "SUBAGENT_MAPPINGS": value})
    assert problem in str(caught.value)
    assert str(caught.value).startswith("SUBAGENT_MAPPINGS=")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("subagent_routing: [a]\n", 1, "must be a mapping"),
        ("subagent_routing:\n  agent:\n    a: b\n", 2, "unknown key 'agent'"),
        ("subagent_routing:\n  agents: [a]\n", 2, "agents must be a mapping"),
        ("subagent_routing:\n  agents:\n    a: [b]\n", 3, "agent 'a' needs a model"),
        ("subagent_routing:\n  agents:\n    a:\n", 3, "agent 'a' needs a model"),
        ("subagent_routing:\n  agents:\n    a: o3\n    a: gpt-4o\n", 4, "'a' is given twice"),
        ("subagent_routing:\n  agents:\n    ? [a]\n    : o3\n", 3, "expected a plain name"),
        ("subagent_routing:\n  agents:\n    a: o3\n    b: gtp-4o\n", 4, "unknown model 'gtp-4o'"),
        ("subagent_routing:\n  agents:\n    a: gemini:x\n", 3, "needs GEMINI_API_KEY"),
        ("subagent_routing:\n  rules: {}\n", 2, "rules must be a list"),
        ("subagent_routing:\n  rules:\n    - x\n", 3, "a rule is a mapping"),
        ("subagent_routing:\n  rules:\n    - agent: a\n", 3, "has no `to`"),
        ("subagent_routing:\n  rules:\n    - agnet: a\n      to: o3\n", 3, "unknown key 'agnet'"),
        ("subagent_routing:\n  rules:\n    - to: o3\n      agent: [a]\n", 4, "agent needs a single value"),
        ("subagent_routing:\n  rules:\n    - to: o3\n      min_tokens: many\n", 4, "whole number above 0"),
        ("subagent_routing:\n  rules:\n    - to: o3\n    - to: gpt-4o\n      agent: a\n", 4, "never hit"),
        (
            "subagent_routing:\n  rules:\n    - to: o3\n      agent: main\n      type: Explore\n",
            3,
            "never hit: the main agent has no type",
        ),
        (
            "subagent_routing:\n  agents:\n    a: o3\n  rules:\n    - to: gpt-4o\n      agent: a\n",
            5,
            "agents: a",
        ),
    ],
)
def test_mistakes_name_file_and_line(tmp_path: Path, text: str, line: int, problem: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(file, KEYS)
    assert caught.value.line == line
    assert problem in caught.value.problem
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{file}:{line}: ")


def test_unreadable(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.yaml", {})
    with pytest.raises(ConfigError, match="not valid YAML"):
        load(write(tmp_path, "a: [b\n"), {})


def test_a_model_of_the_list_needs_its_key_too(tmp_path: Path) -> None:
    listed = MODELS + "  - {model_name: fast, litellm_params: {model: mistral/x}}\n"
    file = write(tmp_path, listed + "subagent_routing:\n  agents: {a: fast}\n")
    assert load(file, {"MISTRAL_API_KEY": "k"})
    with pytest.raises(ConfigError, match=r":6: 'fast' needs MISTRAL_API_KEY"):
        load(file, {})


def test_a_missing_key_is_named_and_no_error_of_syntax() -> None:
    with pytest.raises(SettingMissing) as raised:
        load(None, {"SUBAGENT_MAPPINGS": "a:gemini:x"})
    assert str(raised.value) == (
        "'gemini:x' in SUBAGENT_MAPPINGS needs GEMINI_API_KEY, which is not set (environment or .env)"
    )
    assert raised.value.name == "GEMINI_API_KEY"
