"""``lensctl doctor --live``: real requests through the running proxy, to every Claude name that it serves.

They cost what such requests cost: a few hundred tokens a name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from claude_lens.messages.blocks import answer_text
from claude_lens.messages.calls import calls

TIMEOUT = 120.0
MOST_TOKENS = 512
USUAL = ("claude-sonnet-4-5", "claude-haiku-4-5")
ASK = "Call the tool named lookup with the word abacus. Do not answer in words."
SCHEMA = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}
TOOL = {"name": "lookup", "description": "Looks a word up.", "input_schema": SCHEMA}
FUNCTION = {
    "type": "function",
    "function": {"name": "lookup", "description": "Looks a word up.", "parameters": SCHEMA},
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was tried, and what failed, in one line; None where it passed."""

    name: str
    problem: str | None = None

    def __str__(self) -> str:
        return f"[PASS] {self.name}" if self.problem is None else f"[FAIL] {self.name}: {self.problem}"


def run(url: str, key: str, config: Path | None) -> Iterator[Finding]:
    """Try everything, one finding after the other. Never raises for what the proxy or a provider does."""
    with httpx.Client(
        base_url=url, headers={"x-api-key": key, "anthropic-version": "2023-06-01"}, timeout=TIMEOUT
    ) as client:
        yield Finding("health", _answer(client, "GET", "/health")[1])
        listed, problem = _answer(client, "GET", "/v1/models?limit=1000")
        names = [entry["id"] for entry in (listed or {}).get("data", [])]
        yield Finding(f"models ({len(names)})", problem or (None if names else "the list is empty"))
        targets = served(config)
        claude = [name for name in targets if "claude" in name and "*" not in name] or list(USUAL)
        yield Finding(f"completion by {claude[0]}", _completion(client, claude[0]))
        for name in claude:
            for path, call in (("/v1/messages", _messages), ("/v1/chat/completions", _chat)):
                yield Finding(f"{name} -> {targets.get(name, 'by wildcard')}  {path}", call(client, name))


def served(config: Path | None) -> dict[str, str]:
    """``model_name`` and LiteLLM's model of every entry of ``model_list``."""
    root = yaml.safe_load(config.read_text(encoding="utf-8")) if config else {}
    entries = root.get("model_list") if isinstance(root, dict) else None
    return {str(entry["model_name"]): str(entry["litellm_params"]["model"]) for entry in entries or []}


def _completion(client: httpx.Client, model: str) -> str | None:
    asked = [{"role": "user", "content": "Say hello."}]
    found, problem = _post(client, "/v1/messages", model, messages=asked)
    if problem:
        return problem
    said = bool(answer_text(found))
    return None if said else f"no text in the answer: {found}"[:300]


def _messages(client: httpx.Client, model: str) -> str | None:
    asked = [{"role": "user", "content": ASK}]
    found, problem = _post(client, "/v1/messages", model, messages=asked, tools=[TOOL])
    return problem or _judge([(call.name, bool(call.input)) for call in calls(found)])


def _chat(client: httpx.Client, model: str) -> str | None:
    asked = [{"role": "user", "content": ASK}]
    found, problem = _post(client, "/v1/chat/completions", model, messages=asked, tools=[FUNCTION])
    choices = _list(found.get("choices"))
    message = choices[0].get("message") if choices else None
    calls = _list(message.get("tool_calls")) if isinstance(message, Mapping) else []
    functions = [call.get("function") or {} for call in calls]
    return problem or _judge([(one.get("name"), bool(one.get("arguments"))) for one in functions])


def _judge(calls: list[tuple[Any, bool]]) -> str | None:
    if not calls:
        return "answered without calling the tool"
    return None if ("lookup", True) in calls else f"called {calls[0][0]} wrongly"


def _post(client: httpx.Client, path: str, model: str, **body: Any) -> tuple[dict[str, Any], str | None]:
    found, problem = _answer(client, "POST", path, {"model": model, "max_tokens": MOST_TOKENS, **body})
    return found or {}, problem


def _answer(
    client: httpx.Client, method: str, path: str, body: Any = None
) -> tuple[dict[str, Any] | None, str | None]:
    try:
        answer = client.request(method, path, json=body)
        found = answer.json()
    except httpx.HTTPError as error:
        return None, f"{type(error).__name__}: {error}"
    except ValueError:
        return None, f"{answer.status_code}, and no JSON"
    if not isinstance(found, dict):
        return None, f"{answer.status_code}, and no JSON object"
    if answer.status_code < 400:
        return found, None
    told = found.get("error")
    message = told.get("message") if isinstance(told, Mapping) else told
    return None, " ".join(f"{answer.status_code} {message}".split())[:400]


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
