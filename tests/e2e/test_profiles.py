"""Every profile: written by ``lensctl init``, started, and used by the real client with a tool call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from claude_lens.profiles import PROFILES
from tests.harness import Claude, Proxy
from tests.harness.lens import Lens
from tests.upstream import Call, Provider, Reply, say, text, tool_use, turns

ANTHROPIC_FORMAT = {"anthropic", "mixed"}
# The variable that names the scripted upstream, what is appended to its address, and the model asked for.
ADDRESSES = {
    "anthropic": ("ANTHROPIC_FORWARD_URL", "", "claude-sonnet-4-5"),
    "openai": ("OPENAI_BASE_URL", "/v1", "claude-sonnet-4-5"),
    "groq": ("GROQ_BASE_URL", "/v1", "openai/groq-gpt-oss-20b"),
    "plano": ("PLANO_BASE_URL", "", "claude-opus-5-5"),
    "gemini": ("GEMINI_BASE_URL", "/v1beta", "claude-sonnet-5-5"),
    "deepseek": ("DEEPSEEK_BASE_URL", "", "claude-sonnet-5-5"),
    "qwen": ("DASHSCOPE_BASE_URL", "/v1", "claude-haiku-4-5"),
    "openrouter": ("OPENROUTER_BASE_URL", "/v1", "claude-sonnet-5-5"),
    "ollama": ("OLLAMA_API_BASE", "", "claude-sonnet-5-5"),
    "bedrock": ("AWS_BEDROCK_RUNTIME_ENDPOINT", "", "claude-sonnet-4-5"),
    "vertex": ("VERTEXAI_API_BASE", "/vertex", "claude-opus-5-5"),
    "mixed": ("ANTHROPIC_FORWARD_URL", "", "claude-sonnet-4-5"),
}
MODELS = {
    "openai": "gpt-5-codex",
    "groq": "openai/gpt-oss-20b",
    "plano": "gemini/gemini-2.5-pro",
    "gemini": "gemini-2.5-pro",
    "deepseek": "deepseek-chat",
    "qwen": "qwen3-coder-flash",
    "openrouter": "qwen/qwen3-coder",
    "ollama": "qwen3-coder",
    "bedrock": "us.anthropic.claude-sonnet-5-5",
    "vertex": "/vertex:streamRawPredict",
}


def service_account(folder: Path, url: str) -> Path:
    """Google's credentials for a robot whose tokens come from ``url``."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    told = {"type": "service_account", "project_id": "p", "private_key": pem.decode(), "client_id": "1"}
    told |= {"client_email": "robot@example.com", "private_key_id": "k", "token_uri": f"{url}/google/token"}
    file = folder / "robot.json"
    file.write_text(json.dumps(told))
    return file


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_a_tool_call_through_each(name: str, upstream: Provider, tmp_path: Path) -> None:
    user = Lens(tmp_path / "user")
    config = tmp_path / "home" / "litellm_config.yaml"
    written = user.lensctl("init", "--profile", name, "--output", str(config))
    assert written.returncode == 0, written.stderr
    variable, path, model = ADDRESSES[name]
    keys = {known.name: "sk-test" for known in PROFILES[name].variables if known.required}

    def script(call: Call) -> Reply:
        bash = say(text("let me see"), tool_use("Bash", {"command": "echo seven beads"}))
        return turns(bash, say(text("the abacus has seven")))(call)

    # OpenRouter counts tokens of a stream only when it is asked to.
    upstream.play(script, also=frozenset(("usage",) if name == "openrouter" else ()))
    if name == "bedrock":
        keys |= {
            "AWS_REGION_NAME": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIATEST",
            "AWS_SECRET_ACCESS_KEY": "aws-test",
        }
    if name == "vertex":
        keys["GOOGLE_APPLICATION_CREDENTIALS"] = str(service_account(tmp_path, upstream.url))
    settings = {**keys, "ANTHROPIC_FORWARD_URL": "http://127.0.0.1:9", variable: upstream.url + path}
    with Proxy(config.parent, upstream.url, config, **settings) as proxy:
        done = Claude(tmp_path, upstream.url, proxy).run("count", ANTHROPIC_MODEL=model)
        assert done.code == 0, [
            upstream.refused,
            done.stdout[-600:],
            [call.target for call in upstream.requests],
        ]
        assert done.json["result"] == "the abacus has seven"
        assert upstream.refused == []
        anthropic = [call for call in upstream.calls if call.request.path == "/v1/messages"]
        assert bool(anthropic) is (name in ANTHROPIC_FORMAT)
        billing = [call for call in upstream.calls if "billing-header" in json.dumps(call.body)]
        assert bool(billing) is (name in ANTHROPIC_FORMAT)
        assert any("seven beads" in json.dumps(call.body) for call in upstream.calls)
        if name in MODELS:
            asked = {call.body.get("model") or call.request.path for call in upstream.calls}
            assert [told for told in asked if MODELS[name] in told]
        proxy.settled()
        found = proxy.show()["exchanges"]
        assert {exchange["model"]["requested"] for exchange in found} >= {model}
        assert {exchange["status"] for exchange in found} == {"ok"}
        proxy.assert_sound()
