"""What other APIs say, as Anthropic's messages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.messages.foreign import answer, conversation, message

CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": 5}'}}
ITEMS: list[Any] = [
    {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "hm"}]},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
    {"type": "function_call", "id": "f", "call_id": "c1", "name": "look", "arguments": '{"at": 5}'},
]
SAID = [
    {"type": "thinking", "thinking": "hm"},
    {"type": "text", "text": "I look."},
    {"type": "tool_use", "id": "c1", "name": "look", "input": {"at": 5}},
]


def said(told: Any) -> Any:
    found = answer(told)
    return found and found["content"]


def test_a_chat_completion() -> None:
    told = {"role": "assistant", "content": "I look.", "reasoning_content": "hm", "tool_calls": [CALL]}
    assert answer({"choices": [{"message": told}]}) == {"role": "assistant", "content": SAID}
    assert said({"choices": [{"message": {"content": None, "refusal": "No."}}]}) == [
        {"type": "text", "text": "No."}
    ]
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "I look."},
    ]
    assert said({"choices": [{"message": {"content": parts}}]}) == SAID[:2]
    two = [{"message": {"content": words}} for words in ("one", "two")]
    assert said({"choices": two}) == [{"type": "text", "text": words} for words in ("one", "two")]


def test_a_plain_completion() -> None:
    assert said({"choices": [{"text": "and so on"}]}) == [{"type": "text", "text": "and so on"}]


def test_a_response() -> None:
    assert answer({"object": "response", "output": ITEMS}) == {"role": "assistant", "content": SAID}
    search = {"type": "web_search_call", "id": "ws", "action": {"query": "cats"}}
    assert said({"object": "response", "output": [search]}) == [
        {"type": "server_tool_use", "id": "ws", "name": "web_search", "input": {"query": "cats"}}
    ]
    refused = {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
    assert said({"object": "response", "output": [refused]}) == [{"type": "text", "text": "No."}]


def test_gemini() -> None:
    parts = [
        {"text": "hm", "thought": True},
        {"text": "I look."},
        {"functionCall": {"id": "c1", "name": "look", "args": {"at": 5}}},
    ]
    assert said({"candidates": [{"content": {"role": "model", "parts": parts}}]}) == SAID


def test_an_answer_of_anthropic_is_itself() -> None:
    told = {"role": "assistant", "content": [], "usage": {}}
    assert answer(told) is told


@pytest.mark.parametrize(
    "told",
    [
        None,
        {},
        {"error": {"message": "no"}},
        {"choices": [{"message": {"content": ""}}]},
        {"object": "list", "data": [{"embedding": [0.1]}]},
        {"role": "assistant", "content": None, "choices": [{"text": "its places are taken"}]},
    ],
)
def test_no_answer(told: Any) -> None:
    assert answer(told) is None


@pytest.mark.parametrize(
    "arguments", ["", "{", "[1]", '{"at": NaN}', '{"at": ' + "[" * 200 + "]" * 200 + "}", "[" * 100_000]
)
def test_arguments_that_are_no_object_stay_text(arguments: str) -> None:
    call = {"id": "c", "function": {"name": "look", "arguments": arguments}}
    assert said({"choices": [{"message": {"tool_calls": [call]}}]})[0]["input"] == arguments


def test_requests() -> None:
    asked = {"role": "user", "content": "where?"}
    result = {"type": "tool_result", "tool_use_id": "c1", "content": "here"}
    chat = [
        asked,
        {"role": "assistant", "content": "I look.", "reasoning_content": "hm", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "here"},
    ]
    whole = [asked, {"role": "assistant", "content": SAID}, {"role": "user", "content": [result]}]
    assert conversation({"messages": chat}, "chat") == whole

    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "where?"}]},
        *ITEMS,
        {"type": "function_call_output", "call_id": "c1", "output": "here"},
    ]
    told = [{"role": "user", "content": [{"type": "text", "text": "where?"}]}, *whole[1:]]
    assert conversation({"input": items}, "responses") == told
    assert conversation({"input": "where?"}, "responses") == [asked]
    assert conversation({"prompt": "where?"}, "completions") == [asked]
    assert conversation({"prompt": [[1, 2], "where?"]}, "completions") == [asked]
    contents = [{"parts": [{"text": "where?"}]}, {"role": "model", "parts": [{"text": "I look."}]}]
    assert [one["role"] for one in conversation({"contents": contents}, "gemini")] == ["user", "assistant"]
    assert conversation({"messages": [asked]}, "messages") == [asked]
    assert conversation({"input": "no conversation"}, "other") == []


def test_people_s_messages_stay_apart() -> None:
    items = [{"role": "user", "content": words} for words in ("one", "two")]
    assert len(conversation({"input": items}, "responses")) == 2


FIELDS = [
    "role",
    "content",
    "choices",
    "message",
    "text",
    "output",
    "object",
    "candidates",
    "parts",
    "type",
    "tool_calls",
    "function",
    "arguments",
    "input",
    "prompt",
    "contents",
    "refusal",
    "messages",
    "functionCall",
    "functionResponse",
    "response",
    "summary",
    "function_call",
]
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner | st.sampled_from(["response", "message", "reasoning", "web_search_call", "assistant"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(ODD, st.sampled_from(["chat", "responses", "completions", "gemini", "messages"]))
def test_odd_json_never_raises(told: Any, dialect: str) -> None:
    found = answer(told)
    assert found is None or isinstance(found["content"], list)
    assert isinstance(conversation(told, dialect), list)
    message(told)
