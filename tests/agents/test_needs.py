from pathlib import Path

from claude_lens.agents.needs import missing

CONFIG = """
model_list:
  - {model_name: a, litellm_params: {model: openai/gpt-5}}
  - {model_name: b, litellm_params: {model: openai/gpt-5-mini}}
  - {model_name: c, litellm_params: {model: groq/x, api_key: os.environ/MY_KEY}}
  - {model_name: d, litellm_params: {model: openai/x, api_key: sk-literal}}
  - {model_name: e, litellm_params: {model: openai/x, api_key: os.environ/PLANO_ROUTER_KEY}}
  - {model_name: f, litellm_params: {model: anthropic/x}}
  - {model_name: g, litellm_params: {model: unheard/x}}
"""


def test_missing(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(CONFIG)
    assert missing(file, {}) == {"OPENAI_API_KEY": ["a", "b"], "MY_KEY": ["c"]}
    assert missing(file, {"OPENAI_API_KEY": "x", "MY_KEY": "y"}) == {}
    file.write_text("model_list:\n")
    assert missing(file, {}) == {}
