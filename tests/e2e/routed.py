"""What tests of routing share: the configuration, scripts for agents, what was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from claude_lens.exchange import Exchange
from claude_lens.store.reading.queries import open_reader
from claude_lens.store.reading.restore import restored
from claude_lens.store.schema import sessions
from tests.harness import ROOT, Claude, Proxy
from tests.upstream import Call, Provider, Reply, Script, error

REVIEW = "Review the code in a.py, please.\nBe quick about it."
SEARCH = "Look for the word abacus."
INNER = "Count the beads of the abacus."
BODY = "You are a careful reviewer of code.\n\nBe brief."
OPENAI_KEY = "sk-openai-RECOGNISABLE-0004"
ROUTES = """
subagent_routing:
  agents:
    code-reviewer: openai:gpt-4o
    poet: gpt-5-codex
  rules:
    - type: Explore
      to: plano:gemini/gemini-2.0-flash-exp
    - agent: general-purpose
      to: gpt-4.1
    - type: Plan
      to: claude-sonnet-5-5
    - agent: main
      model: claude-3-haiku-20240307
      to: openai:gpt-4o-mini
    - model: claude-3-5-sonnet-20241022
      to: openai:gpt-5-mini
"""


def write_config(folder: Path, routes: str) -> Path:
    """The shipped configuration with routes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "callbacks").symlink_to(ROOT / "callbacks")
    config = folder / "litellm_config.yaml"
    shipped = (ROOT / "litellm_config.yaml").read_text()
    fallbacks = 'router_settings:\n  fallbacks: [{"openai:gpt-4o-mini": ["gpt-4.1"]}]\n'
    config.write_text(shipped.replace("router_settings:\n", fallbacks) + routes)
    return config


def told(call: Call) -> str:
    """The prompt that an agent was given, whatever the format of the request."""
    return "\n".join(call.prompts)


def play(upstream: Provider, main: Script, others: dict[str, Script]) -> None:
    """Anthropic answers the main agent only; everybody else is looked up by prompt."""

    def script(call: Call) -> Reply:
        if call.request.path == "/v1/messages":
            return main(call) if call.agent_id is None else error(500, "a subagent came to Anthropic")
        for words, answer in others.items():
            if words in told(call):
                return answer(call)
        return error(400, f"no script for {told(call)[:200]}")

    upstream.play(script)


def run(client: Claude, *, hints: bool) -> dict[str, Any]:
    """One run of the client with an agent of the user's own."""
    agents = client.cwd / ".claude" / "agents" / "mine"
    agents.mkdir(parents=True)
    front = "name: code-reviewer\ndescription: Reviews code: carefully"
    (agents / "reviewer.md").write_text(f"---\n{front}\n---\n\n{BODY}\n")
    done = client.run("go", CLAUDE_CODE_GATEWAY_HINT_HEADERS="1" if hints else "0")
    assert done.code == 0, done.stderr + done.stdout
    return done.json


def recorded(proxy: Proxy) -> list[Exchange]:
    """Everything of the newest session."""
    proxy.settled()
    with open_reader(f"sqlite:///{proxy.home / 'lens.db'}") as reader:
        newest = reader.sessions(1)[0]["id"]
        with reader.connect() as connection:
            return restored(connection, sessions.c.session_id == newest)
