from typing import Any

import pytest

from claude_lens.normalising.ollama import Ollama
from claude_lens.normalising.problem import Problem


def line(message: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m", "message": {"role": "assistant", **message}, "done": False, **more}


def test_one_thing_a_line() -> None:
    ollama = Ollama()
    calls: list[dict[str, Any]] = [{"function": {"name": name, "arguments": {}}} for name in ("Bash", "Read")]
    told = line({"content": "<think>hm</think>x", "tool_calls": calls}, done=True, eval_count=3)
    made = ollama.take(told)
    said = [{name: value for name, value in each["message"].items() if name != "role"} for each in made]
    assert said == [
        {"content": "", "thinking": "hm"},
        {"content": "x"},
        {"content": "", "tool_calls": calls[:1]},
        {"content": "", "tool_calls": calls[1:]},
        {"content": ""},
    ]
    assert [each["done"] for each in made] == [False, False, False, False, True]
    assert [each.get("eval_count") for each in made] == [None, None, None, None, 3]
    assert (ollama.ended, ollama.usage_told) == (True, True)


def test_lines_of_another_form_pass_and_errors_are_raised() -> None:
    ollama = Ollama()
    generated = {"response": "x", "done": False}
    assert ollama.take(generated) == [generated]
    assert ollama.take(7) == ollama.close() == []
    assert not ollama.ended
    with pytest.raises(Problem, match="stopped"):
        ollama.take({"error": "model runner has stopped"})
