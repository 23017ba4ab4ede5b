"""The class of requests that name none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from claude_lens.agents.classes import with_class
from claude_lens.exchange import Agent, Headers, Identity
from claude_lens.wire.identity import identify
from tests.agents.bodies import OLD_HEADERS, headers, old, today

MESSAGES = "/v1/messages"
COUNT = "/v1/messages/count_tokens"
TOOLS = [{"name": "Bash"}]


def classed(
    body: dict[str, Any], sent: Headers, endpoint: str = MESSAGES, agent: Agent | None = None
) -> Identity:
    """The identity of a request with its class."""
    found = identify(sent, body)
    return with_class(replace(found, agent=agent) if agent else found, endpoint, body)


@pytest.mark.parametrize(
    ("body", "sent", "endpoint", "expected"),
    [
        ({**old(), "tools": TOOLS}, OLD_HEADERS, MESSAGES, "main"),
        (old(), OLD_HEADERS, MESSAGES, "auxiliary"),
        (old(), OLD_HEADERS, COUNT, "count"),
        ({**today(), "tools": TOOLS}, headers(), MESSAGES, "main"),
        ({**today(subagent=True), "tools": TOOLS}, headers(), MESSAGES, "subagent"),
        (today(), headers("a1"), MESSAGES, "subagent"),
        ({"messages": []}, (("user-agent", "curl"),), MESSAGES, None),
        ({"messages": []}, (("user-agent", "curl"),), COUNT, "count"),
    ],
)
def test_inferred(body: dict[str, Any], sent: Headers, endpoint: str, expected: str | None) -> None:
    found = classed(body, sent, endpoint)
    assert (found.request_class, found.class_inferred) == (expected, expected is not None)
    assert with_class(found, endpoint, body) == found


def test_what_the_client_says_stays() -> None:
    found = classed(old(), headers(request_class="main"))
    assert (found.request_class, found.class_inferred) == ("main", False)


def test_an_older_agent_is_a_subagent_by_its_spawn() -> None:
    agent = Agent(id="t1", name="poet", type="custom", spawn_tool_use_id="t1", evidence="spawn")
    assert classed(old(), OLD_HEADERS, agent=agent).request_class == "subagent"
    main = classed({**old(), "tools": TOOLS}, OLD_HEADERS)
    assert with_class(replace(main, agent=agent), MESSAGES, old()).request_class == "subagent"
