from __future__ import annotations

from claude_lens.store.insight.blocks import images, marks, without_images

IMAGE = {"type": "image", "source": {"data": "x"}}
TEXT = {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}
MESSAGES = [
    {"role": "user", "content": [TEXT, IMAGE]},
    {"role": "user", "content": [{"type": "tool_result", "content": [IMAGE, TEXT]}]},
]


def test_images_are_found_at_any_depth() -> None:
    assert [line.partition(":")[0] for line in images(MESSAGES)] == ["0", "1"]
    assert images([{"content": []}, *MESSAGES]) != images(MESSAGES)
    assert images(["text", {"content": "text"}]) == []


def test_without_images_the_rest_stays() -> None:
    assert without_images(MESSAGES) == [
        {"role": "user", "content": [TEXT]},
        {"role": "user", "content": [{"type": "tool_result", "content": [TEXT]}]},
    ]


def test_marks_of_blocks_but_not_of_arguments() -> None:
    use = {"type": "tool_use", "input": {"cache_control": 1}}
    body = {
        "tools": [{"name": "a", "cache_control": {"ttl": "1h"}}],
        "messages": [*MESSAGES, {"content": [use]}],
    }
    assert list(marks(body)) == [{"ttl": "1h"}, {"type": "ephemeral"}, {"type": "ephemeral"}]
