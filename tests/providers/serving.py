"""The configuration of a proxy that serves a model of every format."""

from __future__ import annotations

from pathlib import Path

from tests.harness import ROOT

# Name asked for, LiteLLM's name of the target, the address below the scripted provider's.
MODELS = {
    "chat": ("openai/some-model", "/v1"),
    "vllm": ("hosted_vllm/some-model", "/v1"),
    "groq": ("groq/openai/gpt-oss-20b", "/v1"),
    "groq-llama": ("groq/llama-3.3-70b-versatile", "/v1"),
    "llama": ("openai/llama-3-local", "/v1"),
    "openrouter": ("openrouter/qwen/qwen3-coder", "/v1"),
    "dashscope": ("dashscope/qwen3-coder-plus", "/v1"),
    "gpt": ("openai/gpt-4o", "/v1"),
    "gpt-blind": ("openai/gpt-3.5-turbo", "/v1"),
    "responses": ("openai/gpt-5-codex", "/v1"),
    "gemini": ("gemini/gemini-2.5-pro", "/v1beta"),
    "ollama": ("ollama_chat/qwen3-coder", ""),
    "deepseek": ("deepseek/deepseek-chat", ""),
}
KEYS = {"OPENAI_API_KEY": "sk-openai", "GEMINI_API_KEY": "g", "GROQ_API_KEY": "q", "DEEPSEEK_API_KEY": "d"}
ENTRY = """\
  - model_name: {name}
    litellm_params:
      model: {model}
      api_base: {base}
      api_key: sk-test
"""


def write_config(folder: Path, url: str) -> Path:
    """The shipped configuration, and every name of ``MODELS``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "callbacks").symlink_to(ROOT / "callbacks")
    entries = [
        ENTRY.format(name=name, model=model, base=url + path) for name, (model, path) in MODELS.items()
    ]
    shipped = (ROOT / "litellm_config.yaml").read_text()
    config = folder / "litellm_config.yaml"
    config.write_text(shipped.replace("model_list:\n", "model_list:\n" + "".join(entries)))
    return config


def addresses(url: str) -> dict[str, str]:
    """Environment by which LiteLLM finds some of the providers."""
    return {"OLLAMA_API_BASE": url}
