"""The parts of messages, whatever JSON they are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.messages import blocks, calls, helpers, spawns, system, written

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "role",
                    "content",
                    "text",
                    "id",
                    "name",
                    "input",
                    "tool_use_id",
                    "messages",
                    "system",
                ]
            ),
            inner
            | st.sampled_from([*blocks.CALL_TYPES, blocks.ANSWERED, "text", "user", "assistant", "Agent"]),
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(ANYTHING, ANYTHING)
def test_nothing_raises_on_odd_json(value: Any, other: Any) -> None:
    body = {"messages": value, "system": other, "tools": other, "output_config": other, "max_tokens": other}
    for given_body in (body, value):
        conversation = blocks.messages(given_body)
        assert isinstance(blocks.system_texts(given_body), list)
        assert isinstance(blocks.answer_text(given_body), str)
        assert len(blocks.new_messages(conversation)) <= len(conversation)
        assert isinstance(calls.loaded_tools(given_body if isinstance(given_body, dict) else None), list)
        assert len(calls.brought(conversation)) <= len(calls.results(conversation))
        assert isinstance(written.beginnings(conversation), list)
        spawns.spawns(conversation)
        list(spawns.agents_told(conversation, spawns.spawning_ids(conversation)))
        spawns.given_prompts(conversation)
        helpers.helper("/v1/messages", given_body)
        helpers.title_in(given_body, body)
        assert system.version(system.billing(given_body)) is None


@pytest.mark.parametrize(
    ("block", "kind"),
    [
        ({"type": "text", "text": "a"}, "text"),
        ({"type": "redacted_thinking", "data": "x"}, "thinking"),
        ({"type": "tool_use"}, "call"),
        ({"type": "server_tool_use"}, "call"),
        ({"type": "mcp_tool_use"}, "call"),
        ({"type": "tool_result"}, "result"),
        ({"type": "web_search_tool_result"}, "result"),
        ({"type": "mcp_tool_result"}, "result"),
        ({"type": "image"}, "image"),
        ({"type": "compaction"}, "other"),
        ({"type": ["text"]}, "other"),
        ("words", "other"),
    ],
)
def test_a_block_is_of_one_kind(block: Any, kind: str) -> None:
    assert blocks.kind(block) == kind


def test_a_string_is_one_text_block() -> None:
    assert blocks.blocks({"role": "user", "content": "go"}) == [{"type": "text", "text": "go"}]
    assert blocks.texts("go") == ["go"]
    assert blocks.text_of([{"type": "text", "text": "a"}, {"type": "image"}]) == "a\n[image]"


def test_what_a_request_adds_comes_after_the_last_answer() -> None:
    user, answer = {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}
    assert blocks.new_messages([user, answer, user]) == [user]
    assert blocks.new_messages([user, user]) == [user, user]
    assert blocks.last_answer([user, answer, user]) == answer
    assert blocks.last_answer([user]) is None
