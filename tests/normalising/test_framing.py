from typing import Any

import pytest

from claude_lens.normalising.framing import DONE, Frames

EVENTS = b'\xef\xbb\xbf: hello\n\nevent: x\ndata: {"a": 1}\r\n\r\ndata: {"b":\ndata: 2}\n\ndata: [DONE]\n\n'
SINGLE = b'data: {"a": 1}\ndata: {"b": 2}\n\n'
LINES = b'{"a": 1}\n\n{"b": 2}\n{"c": 3}'
LAID_OUT = b'{\n  "a": {\n    "b": [1]\n  }\n}\n'
ARRAY = b'[{"a": 1}\n,\n{"b": 2}]'


def read(body: bytes, size: int) -> list[Any]:
    frames = Frames()
    found: list[Any] = []
    for start in range(0, len(body), size):
        found += frames.feed(body[start : start + size])
    return [*found, *frames.close()]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("body", "events"),
    [
        (EVENTS, [{"a": 1}, {"b": 2}, DONE]),
        (SINGLE, [{"a": 1}, {"b": 2}]),
        (LINES, [{"a": 1}, {"b": 2}, {"c": 3}]),
        (LAID_OUT, [{"a": {"b": [1]}}]),
        (ARRAY, [{"a": 1}, {"b": 2}]),
        (b'data: {"a": 1}', [{"a": 1}]),
        (b'data: {"a": 1}\n\ndata: {"torn', [{"a": 1}]),
        (b"", []),
        (b"<html>no</html>", []),
    ],
)
def test_events_whatever_the_pieces(body: bytes, events: list[Any], size: int) -> None:
    assert read(body, size) == events
