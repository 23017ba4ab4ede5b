"""The demo's client: the real Claude Code where there is one, else its requests, sent by httpx."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from claude_lens.demo import script
from claude_lens.errors import HostError
from claude_lens.launcher import Place, Problem, find_claude

CHECKOUT = Path(__file__).resolve().parents[2]
LAUNCHER = Path(__file__).resolve().parents[1] / "launcher.py"
MODEL = "claude-sonnet-4-5-20250929"
TIMEOUT = 120.0
TOOLS = [
    {"name": name, "description": text, "input_schema": {"type": "object"}}
    for name, text in (("Agent", "Start a subagent"), ("Bash", "Run a command"))
]


def find(environ: Mapping[str, str]) -> str | None:
    """A claude on PATH, or the one that set-up put into the checkout; None where there is neither."""
    try:
        return find_claude(Place(environ))
    except Problem:
        local = CHECKOUT / "node_modules" / ".bin" / "claude"
        return str(local) if os.access(local, os.X_OK) else None


def run_claude(program: str, python: str, environ: Mapping[str, str], folder: Path) -> str:
    """Run the session through the launcher; returns what claude answered. Raises :class:`HostError`."""
    env = {**environ, "CLAUDE_LENS_CLAUDE": program, "ANTHROPIC_MODEL": MODEL}
    command = [python, str(LAUNCHER), "-p", script.PROMPT, "--output-format", "json"]
    command.append("--dangerously-skip-permissions")
    try:
        done = subprocess.run(
            command,
            env=env,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise HostError(f"claude did not finish within {TIMEOUT:g} s") from None
    try:
        answer = json.loads(done.stdout)["result"]
    except (ValueError, KeyError, TypeError):
        said = (done.stderr or done.stdout).strip()[-500:]
        raise HostError(f"claude ended with code {done.returncode}: {said}") from None
    if done.returncode:
        raise HostError(f"claude ended with code {done.returncode}: {answer}")
    return str(answer)


def run_requests(url: str, key: str, folder: Path) -> str:
    """Send what Claude Code would send for the same session; returns the last answer's text."""
    session, prompt = str(uuid.uuid4()), str(uuid.uuid4())
    with httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False) as http:

        def turns(text: str, results: list[str], agent: str | None = None) -> str:
            headers = _headers(key, session, prompt, folder, agent)
            messages: list[dict[str, Any]] = [{"role": "user", "content": text}]
            for result in results:
                content = _send(http, headers, messages)
                called = [block["id"] for block in content if block["type"] == "tool_use"]
                if agent is None and len(messages) == 1:
                    result = turns(script.TASK, ["3\n"], f"a{uuid.uuid4().hex[:16]}")
                messages.append({"role": "assistant", "content": content})
                answers = [{"type": "tool_result", "tool_use_id": one, "content": result} for one in called]
                messages.append({"role": "user", "content": answers})
            return str(_send(http, headers, messages)[-1]["text"])

        return turns(script.PROMPT, ["", "README.md\nnotes/\n"])


def _headers(key: str, session: str, prompt: str, folder: Path, agent: str | None) -> dict[str, str]:
    headers = {
        "authorization": f"Bearer {key}",
        "anthropic-version": "2023-06-01",
        "x-claude-code-session-id": session,
        "x-claude-code-prompt-id": prompt,
        "x-claude-code-request-class": "subagent" if agent else "main",
        "x-claude-lens-project": str(folder),
    }
    if agent:
        headers |= {"x-claude-code-agent-id": agent, "x-claude-code-agent-type": "general-purpose"}
    return headers


def _send(
    http: httpx.Client, headers: Mapping[str, str], messages: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    system = [{"type": "text", "text": "You are Claude Code, in a demonstration. " * 40}]
    body = {"model": MODEL, "max_tokens": 1024, "system": system, "tools": TOOLS, "messages": messages}
    answer = http.post("/v1/messages?beta=true", json={**body, "stream": True}, headers=dict(headers))
    if answer.status_code != 200:
        raise HostError(f"the proxy answered {answer.status_code}: {answer.text[:300]}")
    content: list[dict[str, Any]] = []
    for line in answer.text.splitlines():
        event = json.loads(line[6:]) if line.startswith("data: ") else {}
        if event.get("type") == "content_block_start":
            content.append({**event["content_block"], "_parts": []})
        elif event.get("type") == "content_block_delta":
            delta = event["delta"]
            content[-1]["_parts"].append(delta.get("text") or delta.get("partial_json") or "")
    for block in content:
        joined = "".join(block.pop("_parts"))
        block.update({"text": joined} if block["type"] == "text" else {"input": json.loads(joined)})
    return content
