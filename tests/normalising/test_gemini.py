from typing import Any

import pytest

from claude_lens.normalising.gemini import Gemini
from claude_lens.normalising.problem import Problem


def response(*parts: Any, **more: Any) -> dict[str, Any]:
    return {
        "candidates": [{"content": {"role": "model", "parts": list(parts)}, **more}],
        "usageMetadata": {"x": 1},
    }


def test_one_part_each() -> None:
    gemini = Gemini()
    call = {"functionCall": {"name": "Bash", "args": {}}}
    first, second = gemini.take(response({"text": "a"}, call, finishReason="STOP"))
    assert first["candidates"][0]["content"]["parts"] == [{"text": "a"}]
    assert "finishReason" not in first["candidates"][0]
    assert "usageMetadata" not in first
    assert second["candidates"][0]["finishReason"] == "STOP"
    assert second["usageMetadata"] == {"x": 1}
    assert (gemini.ended, gemini.usage_told) == (True, True)


def test_a_refused_prompt_is_an_end_and_others_pass() -> None:
    gemini = Gemini()
    assert gemini.take(response({"text": "a"})) == [response({"text": "a"})]
    assert not gemini.ended
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}}
    assert gemini.take(blocked) == [blocked]
    assert gemini.ended
    assert gemini.take("junk") == gemini.close() == []


def test_an_error_is_raised() -> None:
    with pytest.raises(Problem) as raised:
        Gemini().take({"error": {"code": 503, "status": "UNAVAILABLE", "message": "busy"}})
    assert raised.value.status == 503
