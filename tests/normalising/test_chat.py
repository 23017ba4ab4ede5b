from typing import Any

import pytest

from claude_lens.normalising.chat import Chat
from claude_lens.normalising.framing import DONE
from claude_lens.normalising.problem import Problem


def chunk(delta: Any = None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "id": "c",
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        **more,
    }


def read(*events: Any) -> tuple[list[dict[str, Any]], str | None, Chat]:
    """The deltas, why it ended, and the dialect."""
    chat = Chat()
    out = [made for event in events for made in chat.take(event)] + chat.close()
    choices = [choice for made in out for choice in made["choices"]]
    reason = next((choice["finish_reason"] for choice in choices if choice["finish_reason"]), None)
    return [choice["delta"] for choice in choices if choice["delta"]], reason, chat


def test_the_end_waits_for_what_may_still_come() -> None:
    deltas, reason, chat = read(
        chunk({"content": "a"}, "stop"), chunk({"content": "b"}, "stop", usage={"prompt_tokens": 1}), DONE
    )
    assert (deltas, reason) == ([{"content": "a"}, {"content": "b"}], "stop")
    assert (chat.ended, chat.usage_told, chat.refused) == (True, True, False)


def test_calls_make_a_stop_a_tool_call() -> None:
    call = {"id": "a", "function": {"name": "Bash", "arguments": {"x": 1}}}
    deltas, reason, _ = read(chunk({"tool_calls": [call]}), chunk({}, "stop"))
    assert reason == "tool_calls"
    assert [delta["tool_calls"][0]["function"] for delta in deltas] == [
        {"name": "Bash", "arguments": ""},
        {"arguments": '{"x":1}'},
    ]


def test_the_function_call_of_old() -> None:
    deltas, reason, _ = read(
        chunk({"function_call": {"name": "Bash", "arguments": ""}}),
        chunk({"function_call": {"arguments": "{}"}}),
        chunk({}, "function_call"),
    )
    assert (len(deltas), reason) == (2, "tool_calls")


def test_a_refusal_is_text_that_refuses() -> None:
    deltas, _, chat = read(chunk({"refusal": "I cannot"}), chunk({}, "stop"))
    assert deltas == [{"content": "I cannot"}]
    assert chat.refused


def test_what_else_a_chunk_says_stays() -> None:
    deltas, _, _ = read(
        chunk({"role": "assistant", "content": [{"type": "text", "text": "x"}], "reasoning": "hm"}),
        chunk({"annotations": [1]}, "length", x_groq={"usage": {"prompt_tokens": 3}}),
    )
    assert {"annotations": [1]} in deltas
    assert {"reasoning": "hm"} in deltas
    assert {"content": [{"type": "text", "text": "x"}]} in deltas


def test_a_whole_completion() -> None:
    message = {"role": "assistant", "content": "Hello", "tool_calls": None}
    whole = {"id": "c", "choices": [{"index": 0, "message": message}], "usage": {"total_tokens": 1}}
    deltas, reason, chat = read(whole)
    assert (deltas, reason, chat.ended) == ([{"role": "assistant"}, {"content": "Hello"}], "stop", True)


def test_an_error_is_raised_and_no_end_is_made_up() -> None:
    with pytest.raises(Problem, match="busy"):
        read(chunk({"content": "a"}), {"error": {"message": "busy"}})
    deltas, reason, chat = read(chunk({"content": "a"}), 7, {"choices": 3}, {"choices": [{"index": 1}]})
    assert (deltas, reason, chat.ended) == ([{"content": "a"}], None, False)
