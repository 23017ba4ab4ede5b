"""Where an exchange stands, from what it says itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from claude_lens.exchange import Agent, Exchange
from claude_lens.messages import blocks
from claude_lens.tracing.joined import parent_of
from claude_lens.tracing.places import Ids, agent_key, prompt_key, standing
from tests.tracing.talk import Talk

TRACE, SPAN = "ab" * 16, "cd" * 8


def who(exchange: Exchange, **more: Any) -> Exchange:
    return replace(exchange, identity=replace(exchange.identity, **more))


MAIN = Talk().say("go").ask("x")


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        (MAIN, "main"),
        (Talk("a1").say("go").ask("x"), "subagent"),
        (who(MAIN, agent=Agent(evidence="billing"), request_class=None), "subagent"),
        (who(MAIN, request_class="workflow"), "subagent"),
        (who(MAIN, request_class="auxiliary"), "alone"),
        (who(MAIN, request_class="compaction"), "alone"),
        (who(MAIN, session_id=None), "alone"),
        (who(MAIN, agent=Agent(evidence="unknown"), request_class=None), "alone"),
        (replace(MAIN, endpoint="/v1/chat/completions"), "alone"),
        (replace(MAIN, endpoint="/v1/messages/count_tokens"), "untraced"),
        (who(MAIN, traceparent=f"00-{TRACE}-{SPAN}-01"), "child"),
        (who(MAIN, traceparent=f"00-{TRACE}-{SPAN}-00"), "main"),
        (
            replace(
                who(MAIN, request_class=None),
                request=replace(
                    MAIN.request,
                    json={
                        "messages": [{"role": "user", "content": "a title"}],
                        "model": "haiku",
                        "metadata": {"user_id": "of a client"},
                    },
                ),
            ),
            "alone",
        ),
    ],
)
def test_standing(exchange: Exchange, expected: str) -> None:
    assert standing(exchange) == expected


def test_the_clients_own_span() -> None:
    assert parent_of(MAIN) is None
    assert parent_of(who(MAIN, traceparent=f"00-{TRACE}-{SPAN}-03")) == (int(TRACE, 16), int(SPAN, 16))


def test_keys_without_ids_hold_over_a_turn_and_differ_between_turns() -> None:
    talk = Talk(hints=False).say("go")
    first = talk.ask("a")
    messages = blocks.messages(first.request.json)
    one = prompt_key(first, messages)
    again = prompt_key(
        talk.say({"type": "tool_result", "tool_use_id": "t", "content": "r"}).ask("b"), talk.messages[:3]
    )
    other = prompt_key(talk.say("go").ask("c"), talk.messages[:5])
    assert one == again != other
    unnamed = who(first, agent=Agent(evidence="billing"))
    assert agent_key(unnamed, messages) == agent_key(unnamed, talk.messages)
    assert agent_key(Talk("a1").say("x").ask("y"), []) == "a1"


def test_ids_are_what_they_were_in_every_version() -> None:
    ids = Ids()
    assert f"{ids.trace('s', 'p'):032x}" == "3025b68c522449033581ec23552e62ae"
    assert f"{ids.run(('s', 'p', '', 0)):016x}" == "6455b0dc28da07eb"
    assert f"{ids.run(('s', 'p', 'a', 1)):016x}" == "32f5f7f2b715150a"
    assert f"{ids.tool('s', 't'):016x}" == "ec4c933ab8c0c4f9"
    assert f"{ids.llm('e'):016x}" == "7387bc781097c90a"
    assert ids.lone_trace("e") != ids.llm("e")
