"""Who sent a request: what Claude Code says in headers and body, with the fallbacks for older clients.

Source: Anthropic's gateway protocol reference, and runs of the client. Nothing here raises: a value
that makes no sense counts as absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from claude_lens.exchange import Agent, Evidence, Headers, Identity
from claude_lens.messages import system
from claude_lens.wire.parse import parse_object

_OLD_USER_ID = re.compile(r"user_(?P<user>.*?)_account_(?P<account>.*?)_session_(?P<session>.+)", re.DOTALL)
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?"
)
_CLIENT = re.compile(r"claude-(?:cli|code)/", re.IGNORECASE)
_PREFIX = "x-claude-code-"


def identify(headers: Headers, body: Mapping[str, Any] | None) -> Identity:
    """What ``headers`` and the parsed ``body`` tell of a request's origin.

    ``user_id`` is the account's uuid, else the device's id, else ``metadata.user_id`` as it is.
    ``agent.evidence`` is ``headers`` where agent, parent, type or class headers decided, ``billing`` where
    only the client's own subagent mark in the first system block did (the agent's id is then unknown,
    so None), ``default`` for the main agent by absence of both, ``unknown`` for other clients.
    """
    fields = {name.lower(): value.strip() for name, value in reversed(headers)}
    user_id, body_session = _user(body)
    billing = system.billing(body)
    session = fields.get("x-claude-code-session-id") or body_session
    hints = {name.removeprefix(_PREFIX): v for name, v in fields.items() if name.startswith(_PREFIX) and v}
    is_claude_code = bool(
        hints or body_session or billing is not None or _CLIENT.match(fields.get("user-agent", ""))
    )
    traceparent = fields.get("traceparent", "")
    return Identity(
        session_id=session or None,
        prompt_id=hints.get("prompt-id"),
        request_class=hints.get("request-class"),
        compaction=hints.get("compaction"),
        context_compacted=hints.get("context-compacted"),
        tool_durations_ms=tool_durations(hints.get("prev-tool-durations", "")),
        user_id=user_id,
        client=fields.get("user-agent") or None,
        project=_decoded(fields.get("x-claude-lens-project")),
        branch=_decoded(fields.get("x-claude-lens-branch")),
        traceparent=traceparent if _TRACEPARENT.fullmatch(traceparent) else None,
        agent=_agent(hints, billing, is_claude_code),
    )


def tool_durations(value: str) -> tuple[tuple[str, int], ...]:
    """``Bash=742;Read=9`` as ``(("Bash", 742), ("Read", 9))``, in milliseconds; the rest is left out."""
    pairs = []
    for part in value.split(";"):
        name, sign, number = part.rpartition("=")
        number = number.strip()
        if sign and name.strip() and number.isascii() and number.isdigit() and len(number) < 16:
            pairs.append((name.strip(), int(number)))
    return tuple(pairs)


def _agent(hints: Mapping[str, str], billing: str | None, is_claude_code: bool) -> Agent:
    agent_id, parent_id, kind = (hints.get(name) for name in ("agent-id", "parent-agent-id", "agent-type"))
    evidence: Evidence = "unknown"
    if agent_id or parent_id or kind or hints.get("request-class"):
        evidence = "headers"
    elif system.says_subagent(billing):
        evidence = "billing"
    elif is_claude_code:
        evidence = "default"
    return Agent(id=agent_id, parent_id=parent_id, type=kind, evidence=evidence)


def _user(body: Mapping[str, Any] | None) -> tuple[str | None, str | None]:
    """User id and session id of ``metadata.user_id``."""
    metadata = body.get("metadata") if body else None
    raw = metadata.get("user_id") if isinstance(metadata, Mapping) else None
    if not isinstance(raw, str) or not raw:
        return None, None
    if raw.startswith("{") and (told := parse_object(raw)) is not None:
        account, device, session = (_text(told.get(n)) for n in ("account_uuid", "device_id", "session_id"))
        return account or device, session
    if old := _OLD_USER_ID.fullmatch(raw):
        return old["account"] or old["user"] or None, old["session"]
    return raw, None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _decoded(value: str | None) -> str | None:
    return unquote(value, errors="replace") if value else None
