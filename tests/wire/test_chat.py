"""Chat streams, by hand and against what the official ``openai`` SDK makes of the same chunks."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk

from claude_lens.wire.chat import fold_chat

BASE = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5-mini"}


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {**BASE, "choices": choices, **more}


def stream(*chunks: dict[str, Any]) -> bytes:
    return b"".join(b"data: %s\n\n" % json.dumps(one).encode() for one in chunks) + b"data: [DONE]\n\n"


def test_text_usage_and_end() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    body = stream(
        chunk({"role": "assistant", "content": ""}, usage=None),
        chunk({"content": "Hel"}),
        chunk({"content": "lo"}),
        chunk({}, "stop"),
        chunk(usage=usage),
    )
    assert fold_chat(body) == {
        **BASE,
        "object": "chat.completion",
        "usage": usage,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello"},
                "finish_reason": "stop",
            }
        ],
    }


def test_parallel_tool_calls_refusal_and_reasoning() -> None:
    first = {"index": 0, "id": "call_a", "type": "function", "function": {"name": "Read", "arguments": ""}}
    second = {"index": 1, "id": "call_b", "type": "function", "function": {"name": "Bash", "arguments": ""}}
    body = stream(
        chunk({"role": "assistant", "reasoning_content": "think"}),
        chunk({"reasoning_content": "ing"}),
        chunk({"tool_calls": [first]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"a"'}}]}),
        chunk({"tool_calls": [second, {"index": 0, "function": {"arguments": ": 1}"}}]}),
        chunk({"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]}),
        chunk({"refusal": "I "}),
        chunk({"refusal": "won't"}),
        chunk({}, "tool_calls"),
    )
    folded = fold_chat(body)
    assert folded is not None
    message = folded["choices"][0]["message"]
    assert message["reasoning_content"] == "thinking"
    assert message["refusal"] == "I won't"
    assert [(call["id"], call["function"]) for call in message["tool_calls"]] == [
        ("call_a", {"name": "Read", "arguments": '{"a": 1}'}),
        ("call_b", {"name": "Bash", "arguments": "{}"}),
    ]


def test_a_cut_stream_keeps_what_came_without_a_finish_reason() -> None:
    body = stream(chunk({"content": "Hel"}), chunk({"content": "lo"}))[: -len(b"data: [DONE]\n\n") - 10]
    folded = fold_chat(body)
    assert folded is not None
    assert folded["choices"][0]["message"]["content"] == "Hel"
    assert folded["choices"][0]["finish_reason"] is None


def test_logprobs_and_old_function_calls_grow() -> None:
    def choice(word: str) -> dict[str, Any]:
        delta = {"function_call": {"name": "f", "arguments": word}}
        return {"index": 0, "delta": delta, "logprobs": {"content": [{"token": word}], "refusal": None}}

    folded = fold_chat(stream(*({**BASE, "choices": [choice(word)]} for word in ("a", "b"))))
    assert folded is not None
    (first,) = folded["choices"]
    assert first["logprobs"] == {"content": [{"token": "a"}, {"token": "b"}], "refusal": None}
    assert first["message"]["function_call"] == {"name": "f", "arguments": "ab"}


def test_choices_stand_in_the_order_of_their_index() -> None:
    chunks = [{**BASE, "choices": [{"index": index, "delta": {"content": str(index)}}]} for index in (1, 0)]
    folded = fold_chat(stream(*chunks))
    assert folded is not None
    assert [choice["message"]["content"] for choice in folded["choices"]] == ["0", "1"]


def test_an_error_inside_and_nothing_at_all() -> None:
    assert fold_chat(b"") is None
    assert fold_chat(b": ping\n\ndata: [DONE]\n\n") is None
    assert fold_chat(stream({"error": {"message": "no"}})) == {"error": {"message": "no"}}
    folded = fold_chat(stream(chunk({"content": "x"}), {"error": {"message": "no"}}))
    assert folded is not None
    assert (folded["error"], len(folded["choices"])) == ({"message": "no"}, 1)


texts = st.text(min_size=1, max_size=8)
calls = st.lists(st.tuples(texts, st.lists(texts, max_size=4)), max_size=3)


@given(
    st.lists(texts), st.lists(texts), calls, st.sampled_from(["stop", "length", "tool_calls"]), st.booleans()
)
def test_equals_the_official_sdk(
    content: list[str], refusal: list[str], tools: list[tuple[str, list[str]]], finish: str, with_usage: bool
) -> None:
    chunks = [chunk({"role": "assistant"})]
    chunks += [chunk({"content": piece}) for piece in content]
    chunks += [chunk({"refusal": piece}) for piece in refusal]
    for index, (name, pieces) in enumerate(tools):
        function = {"name": name, "arguments": ""}
        call = {"index": index, "id": f"call_{index}", "type": "function", "function": function}
        chunks.append(chunk({"tool_calls": [call]}))
        chunks += [chunk({"tool_calls": [{"index": index, "function": {"arguments": p}}]}) for p in pieces]
    chunks.append(chunk({}, finish))
    if with_usage:
        chunks.append(chunk(usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}))
    state = ChatCompletionStreamState()
    for one in chunks:
        state.handle_chunk(ChatCompletionChunk.model_validate(one))
    expected = state.current_completion_snapshot.model_dump(exclude_none=True)
    assert without_none(fold_chat(stream(*chunks))) == without_none(expected)


def without_none(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: without_none(inner) for name, inner in value.items() if inner is not None}
        return {name: inner for name, inner in kept.items() if name not in ("parsed", "parsed_arguments")}
    return [without_none(inner) for inner in value] if isinstance(value, list) else value


scalars = st.none() | st.integers() | st.text()
deltas = st.dictionaries(
    st.sampled_from(["content", "tool_calls", "function_call"]),
    scalars | st.lists(scalars) | st.dictionaries(st.text(), scalars),
)
odd_choices = st.dictionaries(
    st.sampled_from(["index", "delta", "logprobs", "finish_reason"]), scalars | deltas
)
odd_chunks = st.dictionaries(
    st.sampled_from(["choices", "usage", "error", "id"]), scalars | st.lists(scalars | odd_choices)
)


@given(st.lists(odd_chunks))
def test_never_raises(chunks: list[dict[str, Any]]) -> None:
    fold_chat(stream(*chunks))
