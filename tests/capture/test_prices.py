"""Prices before LiteLLM is loaded are those it has afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from claude_lens.capture.prices import Published, limits

# A process of its own: LiteLLM notes in its price map what other tests configure.
BOTH = """
import json, litellm
from claude_lens.capture import host
from claude_lens.capture.prices import Published
published = Published()
names = [name for name in litellm.model_cost if "claude" in name or name.startswith("gpt-")]
different = [
    (name, provider)
    for name in names
    for provider in ("anthropic", "openai", None)
    if published(name, provider) != host.prices(name, provider)
]
if published.models("anthropic") != host.known_models("anthropic"):
    different.append("the list of models")
print(json.dumps([len(names), different]))
"""


def test_the_published_prices_are_litellms() -> None:
    environ = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    run = subprocess.run([sys.executable, "-c", BOTH], env=environ, capture_output=True, check=True)
    compared, different = json.loads(run.stdout.splitlines()[-1])
    assert compared > 100
    assert different == []


def test_memory_given_back_is_read_again() -> None:
    published = Published()
    before = published("claude-opus-5-5", "anthropic")
    published.forget()
    assert before is not None
    assert published("claude-opus-5-5", "anthropic") == before


def test_limits_of_models() -> None:
    entries: dict[str, dict[str, Any]] = {
        "claude-a": {"max_input_tokens": 200, "max_output_tokens": 64, "max_tokens": 1},
        "openai/gpt": {"max_input_tokens": "many"},
    }
    assert limits(entries.get, "anthropic/claude-a", "anthropic") == {
        "max_input_tokens": 200,
        "max_tokens": 64,
    }
    assert limits(entries.get, "gpt", "openai") == limits(entries.get, "nobody", None) == {}
    assert Published().limits("claude-sonnet-4-5")["max_input_tokens"] == 200_000
