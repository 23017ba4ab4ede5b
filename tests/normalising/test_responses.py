from typing import Any

import pytest

from claude_lens.normalising.problem import Problem
from claude_lens.normalising.responses import Responses


def call(number: int) -> dict[str, Any]:
    given = {"name": "Bash", "arguments": f'{{"n": {number}}}'}
    return {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", **given}


def added(number: int) -> dict[str, Any]:
    item = {**call(number), "arguments": ""}
    return {"type": "response.output_item.added", "output_index": number, "item": item}


def event(kind: str, number: int, **more: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "output_index": number, **more}


def completed(*items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.completed", "response": {"output": list(items), "usage": {"input_tokens": 1}}}


def read(*events: Any) -> tuple[list[str], dict[int, str], Responses]:
    """Types of the events, what the deltas of each item say, and the dialect."""
    responses = Responses()
    out = [made for each in events for made in responses.take(each)]
    said: dict[int, str] = {}
    for made in out:
        if made["type"].endswith(".delta"):
            said[made["output_index"]] = said.get(made["output_index"], "") + made["delta"]
    return [made["type"] for made in out], said, responses


@pytest.mark.parametrize(
    "events",
    [
        (added(0), event("function_call_arguments.done", 0, arguments=call(0)["arguments"])),
        (added(0), event("output_item.done", 0, item=call(0))),
        (),
    ],
    ids=["in done", "in the item", "in the response"],
)
def test_arguments_that_no_delta_says(events: tuple[Any, ...]) -> None:
    kinds, said, responses = read(*events, completed(call(0)))
    assert said == {0: '{"n": 0}'}
    assert kinds.count("response.output_item.added") == kinds.count("response.output_item.done") == 1
    assert (responses.ended, responses.usage_told) == (True, True)


def test_items_one_after_the_other() -> None:
    parts = [
        event("function_call_arguments.delta", n, delta=text) for n in (0, 1) for text in ('{"n"', f": {n}}}")
    ]
    shuffled = [added(0), added(1), parts[0], parts[2], parts[1], parts[3]]
    done = [event("output_item.done", n, item=call(n)) for n in (1, 0)]
    responses = Responses()
    out = [made for each in (*shuffled, *done) for made in responses.take(each)]
    assert [made["output_index"] for made in out] == [0, 0, 0, 0, 1, 1, 1, 1]


def test_a_refusal_is_text_that_refuses() -> None:
    message = {"type": "message", "id": "m", "content": [{"type": "refusal", "refusal": "I cannot"}]}
    streamed = [
        event("output_item.added", 0, item={**message, "content": []}),
        event("content_part.added", 0, part={"type": "refusal", "refusal": ""}),
        event("refusal.delta", 0, delta="I cannot"),
        event("refusal.done", 0, refusal="I cannot"),
        event("output_item.done", 0, item=message),
    ]
    for events in (streamed, []):
        kinds, said, responses = read(*events, completed(message))
        assert said == {0: "I cannot"}
        assert responses.refused
        assert not any("refusal" in kind for kind in kinds)


def test_a_response_in_one_piece() -> None:
    body = {"object": "response", "status": "completed", "output": [call(0), call(1)], "usage": None}
    kinds, said, responses = read(body)
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    assert said == {0: '{"n": 0}', 1: '{"n": 1}'}
    assert (responses.ended, responses.usage_told) == (True, False)


@pytest.mark.parametrize(
    "failed",
    [
        {"type": "error", "code": "context_length_exceeded", "message": "too long"},
        {"type": "error", "error": {"code": "context_length_exceeded", "message": "too long"}},
        {
            "type": "response.failed",
            "response": {"error": {"code": "context_length_exceeded", "message": "too long"}},
        },
        {
            "output": [],
            "status": "failed",
            "error": {"code": "context_length_exceeded", "message": "too long"},
        },
    ],
)
def test_an_error_keeps_its_words(failed: dict[str, Any]) -> None:
    with pytest.raises(Problem) as raised:
        read({"type": "response.created", "response": {}}, failed)
    assert (raised.value.status, raised.value.message) == (400, "too long")


def test_nothing_is_said_by_the_preamble() -> None:
    _, _, responses = read({"type": "response.created", "response": {}}, 7)
    assert (responses.said, responses.ended) == (False, False)
    assert responses.close() == []
