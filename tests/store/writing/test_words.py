from __future__ import annotations

from typing import Any

import pytest

from claude_lens.store.writing.words import columns

MESSAGE: dict[str, Any] = {
    "role": "assistant",
    "content": [
        {"type": "text", "text": "first"},
        {"type": "thinking", "thinking": "why", "signature": "no"},
        {
            "type": "tool_use",
            "id": "toolu_1",
            "name": "Bash",
            "input": {"command": "ls", "deep": [{"a": "b"}, 3]},
        },
        {"type": "text", "text": "second"},
        {"type": "novelty", "text": "nothing"},
    ],
}
RESULTS: dict[str, Any] = {
    "role": "user",
    "content": [
        {"type": "tool_result", "tool_use_id": "x", "content": "plain"},
        {"type": "tool_result", "content": [{"type": "text", "text": "listed"}, {"type": "image"}]},
        {"type": "text", "text": "and \ud800 go\0on"},
    ],
}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (MESSAGE, ("", "first\nsecond", "why", "Bash\nls\nb", "")),
        (RESULTS, ("and ? go\ufffdon", "", "", "", "plain\nlisted")),
        ({"role": "user", "content": "words"}, ("words", "", "", "", "")),
        ({"role": "system", "content": "environment"}, ("environment", "", "", "", "")),
        ({"role": "user", "content": []}, None),
        ({"name": "Tool", "description": "x"}, None),
        ({"type": "text", "text": "system block"}, None),
        ("text", None),
        (7, None),
    ],
)
def test_the_columns_never_change(message: Any, expected: tuple[str, ...] | None) -> None:
    assert columns(message) == expected
