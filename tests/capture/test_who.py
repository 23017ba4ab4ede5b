"""Who asks, from headers and body; and what is free."""

from __future__ import annotations

import json
from typing import Any

import pytest

from claude_lens.capture.inflight import InFlight
from claude_lens.capture.who import free, who_of
from claude_lens.exchange import Agent, Identity
from claude_lens.guard.rules import Who

USER = json.dumps({"device_id": "d", "account_uuid": "acc-1", "session_id": "s-body"})
BODY = {"model": "m", "messages": [], "metadata": {"user_id": USER}}
TITLE = {"messages": [{"role": "user", "content": "Please write a 5-10 word title for this"}]}


def flight(
    body: Any = BODY, headers: dict[str, str] | None = None, endpoint: str = "/v1/messages"
) -> InFlight:
    return InFlight(
        endpoint=endpoint,
        query="",
        headers=[(name.encode(), value.encode()) for name, value in (headers or {}).items()],
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        put=lambda _: None,
        worker="w",
        requested_model="m",
    )


def test_headers_are_enough() -> None:
    asked = flight(b"no JSON", {"x-claude-code-session-id": "s1", "x-claude-lens-project": "/a%20b"})
    assert who_of(asked, needs_account=False) == Who(session="s1", project="/a b", model="m")
    assert asked.identity is None


def test_an_older_client_tells_in_its_body() -> None:
    assert who_of(flight(), needs_account=False).session == "s-body"


@pytest.mark.parametrize("session", [{}, {"x-claude-code-session-id": "s1"}])
def test_the_account(session: dict[str, str]) -> None:
    assert who_of(flight(headers=session), needs_account=True).account == "acc-1"
    far = {**BODY, "tools": [{"name": "x" * 10_000}]}
    assert who_of(flight(far, session), needs_account=True).account == "acc-1"
    assert who_of(flight({"messages": []}, session), needs_account=True).account is None


def test_agents_where_somebody_has_found_out() -> None:
    asked = flight()
    asked.identity = Identity(session_id="s1", request_class="subagent")
    asked.asker = Agent(name="x", spawn_tool_use_id="toolu_1", parent_id="p")
    who = who_of(asked, needs_account=False)
    assert (who.agent, who.agent_id, who.parent_id) == ("x", "toolu_1", "p")


@pytest.mark.parametrize(
    ("body", "headers", "endpoint", "expected"),
    [
        (BODY, {}, "/v1/messages", False),
        (BODY, {}, "/v1/messages/count_tokens", True),
        (TITLE, {}, "/v1/messages", True),
        (TITLE, {"x-claude-code-request-class": "auxiliary"}, "/v1/messages", True),
        (TITLE, {"x-claude-code-request-class": "main"}, "/v1/messages", False),
        (b"no JSON: word title", {}, "/v1/messages", False),
    ],
)
def test_free(body: Any, headers: dict[str, str], endpoint: str, expected: bool) -> None:
    assert free(flight(body, headers, endpoint)) == expected
