"""Requests as clients of several ages send them, cut down to what tells who asks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from claude_lens.agents.asker import Asker, asker
from claude_lens.exchange import Exchange, Headers, Request, Response
from claude_lens.wire.identity import identify

SESSION = "5c0ffee0-0000-4000-8000-000000000001"
REMINDER = "<system-reminder>\nToday's date is 2026-01-02.\n</system-reminder>"
IDENTITY_LINE = "You are Claude Code, Anthropic's official CLI for Claude."
Json = dict[str, Any]


def message(role: str, *blocks: Json | str) -> Json:
    """A message of these blocks; a string is a text block."""
    return {
        "role": role,
        "content": [{"type": "text", "text": block} if isinstance(block, str) else block for block in blocks],
    }


def call(id: str, prompt: str, name: str | None = "code-reviewer", tool: str = "Agent") -> Json:
    """A spawning call."""
    given = {"description": f"about {id}", "prompt": prompt, "subagent_type": name}
    return {
        "type": "tool_use",
        "id": id,
        "name": tool,
        "input": {key: value for key, value in given.items() if value is not None},
    }


def result(id: str, *texts: str) -> Json:
    """The result of a call."""
    return {
        "type": "tool_result",
        "tool_use_id": id,
        "content": [{"type": "text", "text": text} for text in texts],
    }


def today(
    *messages: Json,
    prompt: str = "do it",
    system: str = "A long prompt.",
    subagent: bool = False,
    session: str = SESSION,
) -> Json:
    """A body as today's client sends it: three system blocks, the first for billing."""
    mark = " cc_is_subagent=true;" if subagent else ""
    billing = f"x-anthropic-billing-header: cc_version=2.1.329.e37; cc_entrypoint=cli;{mark}"
    return {
        "model": "claude-sonnet-4-5",
        "system": [{"type": "text", "text": text} for text in (billing, IDENTITY_LINE, system)],
        "messages": [message("user", REMINDER, prompt), *messages],
        "metadata": {"user_id": json.dumps({"device_id": "d", "account_uuid": "", "session_id": session})},
    }


def old(
    *messages: Json, prompt: str = "do it", system: str = "A long prompt.", as_text: bool = False
) -> Json:
    """A body as old clients sent it: two system blocks, the session inside of ``user_id``."""
    first = (
        {"role": "user", "content": f"{REMINDER}\n{prompt}"} if as_text else message("user", REMINDER, prompt)
    )
    return {
        "model": "claude-sonnet-4-20250514",
        "system": [{"type": "text", "text": text} for text in (IDENTITY_LINE, system)],
        "messages": [first, *messages],
        "metadata": {"user_id": f"user_{'a' * 64}_account__session_{SESSION}"},
    }


def headers(
    agent: str | None = None,
    parent: str | None = None,
    kind: str | None = None,
    request_class: str | None = None,
    session: str | None = SESSION,
    project: str | None = None,
) -> Headers:
    """Headers of today's client; ``kind`` and ``request_class`` are the hints."""
    named = {
        "user-agent": "claude-cli/2.1.329 (external, cli)",
        "x-claude-code-session-id": session,
        "x-claude-code-agent-id": agent,
        "x-claude-code-parent-agent-id": parent,
        "x-claude-code-agent-type": kind,
        "x-claude-code-request-class": request_class,
        "x-claude-lens-project": project,
    }
    return tuple((name, value) for name, value in named.items() if value)


OLD_HEADERS: Headers = (("user-agent", "claude-cli/1.0.44 (external, cli)"),)


def asking(body: Mapping[str, Any], sent: Headers) -> Asker:
    """The asker of a request."""
    return asker(identify(sent, body), body)


def exchange(id: str, body: Json, sent: Headers, answer: Json | None = None, **more: Any) -> Exchange:
    """An exchange of these parts."""
    return Exchange(
        id=id,
        identity=identify(sent, body),
        request=Request(headers=sent, body=json.dumps(body).encode(), json=body),
        response=Response(json=answer) if answer else None,
        **more,
    )
