from typing import Any

import pytest

from claude_lens.translation.history import may_hold_foreign_thinking, without_foreign_thinking

OWN = {"type": "thinking", "thinking": "x", "signature": "EqQBCk"}
CALL = {"type": "tool_use", "id": "t", "name": "Bash", "input": {}}


def body(*content: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = {"role": "assistant", "content": list(content)}
    return {"messages": [{"role": "user", "content": "a"}, answer, {"role": "user", "content": "b"}], **more}


@pytest.mark.parametrize(
    "foreign",
    [
        {"type": "thinking", "thinking": "x", "signature": ""},
        {"type": "thinking", "thinking": "x"},
        {"type": "thinking", "thinking": "x", "signature": "litellm_encrypted_reasoning:abc"},
        {"type": "redacted_thinking", "data": "litellm_encrypted_reasoning:abc"},
    ],
)
def test_foreign_thinking_goes(foreign: dict[str, Any]) -> None:
    words = {"type": "text", "text": "y"}
    cleaned = without_foreign_thinking(body(OWN, foreign, words))
    assert cleaned is not None
    assert cleaned["messages"][1]["content"] == [OWN, words]
    alone = without_foreign_thinking(body(foreign))
    assert alone is not None
    assert alone["messages"][1]["content"] == [{"type": "text", "text": "(no text)"}]


def test_own_thinking_stays() -> None:
    assert without_foreign_thinking(body(OWN, {"type": "redacted_thinking", "data": "eA=="})) is None
    assert without_foreign_thinking({}) is None
    assert without_foreign_thinking({"messages": ["x", {"role": "assistant", "content": "y"}]}) is None


def test_an_open_turn_goes_on_without_thinking() -> None:
    foreign = {"type": "thinking", "thinking": "x", "signature": ""}
    budget = {"type": "enabled", "budget_tokens": 2000}
    cleaned = without_foreign_thinking(body(foreign, CALL, thinking=budget))
    assert cleaned is not None
    assert "thinking" not in cleaned
    closed = without_foreign_thinking(body(foreign, {"type": "text", "text": "y"}, thinking=budget))
    assert closed is not None
    assert closed["thinking"] == budget


def test_a_cheap_look() -> None:
    assert may_hold_foreign_thinking(b'{"signature":""}')
    assert not may_hold_foreign_thinking(b'{"signature":"EqQ"}')
