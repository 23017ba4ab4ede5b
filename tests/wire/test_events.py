"""The reader against the specification's own examples, and against a reader by lines."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.wire.events import blocks_of, fields_of, is_stream

Event = tuple[bytes, bytes]

EXAMPLES: list[tuple[bytes, list[Event]]] = [
    (b"data: YHOO\ndata: +2\ndata: 10\n\n", [(b"", b"YHOO\n+2\n10")]),
    (
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
        [(b"", b"first event"), (b"", b"second event"), (b"", b" third event")],
    ),
    (b"data\n\ndata\ndata\n\ndata:", [(b"", b""), (b"", b"\n")]),
    (b"data:test\n\ndata: test\n\n", [(b"", b"test"), (b"", b"test")]),
    (b"\xef\xbb\xbfevent: ping\ndata: {}\n\n", [(b"ping", b"{}")]),
    (b"data: {}\nevent: ping\n\n", [(b"ping", b"{}")]),
    (b"event: lost\n\ndata: x\n\n", [(b"", b"x")]),
    (b"retry: 10\nwhatever: 1\nid: 7\ndata: x\n\n", [(b"", b"x")]),
    (b"event: a\r\ndata: 1\r\n\r\nevent: b\rdata: 2\r\r", [(b"a", b"1"), (b"b", b"2")]),
    (b"\n\n\nevent: a\ndata: 1\n\n\n\n\ndata: 2\n\n", [(b"a", b"1"), (b"", b"2")]),
    (b"data: \xff\n\n", [(b"", b"\xff")]),
    (b"event: a\ndata: cut", []),
    (b"event: a\ndata: cut\n", []),
]


def events(stream: bytes) -> list[Event]:
    return [(name, data) for name, data in map(fields_of, blocks_of(stream)[0]) if data is not None]


@pytest.mark.parametrize(("stream", "expected"), EXAMPLES)
def test_examples(stream: bytes, expected: list[Event]) -> None:
    assert events(stream) == expected


lines = st.one_of(
    st.binary(max_size=6),
    st.sampled_from([b"data: x", b"data:", b"event: e", b"id: 1", b": comment", b"", b'data: {"a": 1}']),
)
streams = st.builds(
    lambda bom, parts: bom + b"".join(parts),
    st.sampled_from([b"", b"\xef\xbb\xbf", b"\xef"]),
    st.lists(
        st.builds(lambda line, end: line + end, lines, st.sampled_from([b"\n", b"\r", b"\r\n", b"\n\n"]))
    ),
)


def by_lines(stream: bytes) -> list[Event]:
    """As the specification words it: line by line, an event at each empty one."""
    found: list[Event] = []
    name, data = b"", list[bytes]()
    *ended, _rest = re.split(rb"\r\n|\r|\n", stream.removeprefix(b"\xef\xbb\xbf"))
    for line in ended:
        field, _, value = line.partition(b":")
        if not line:
            if data:
                found.append((name, b"\n".join(data)))
            name, data = b"", list[bytes]()
        elif field in (b"data", b"event"):
            value = value.removeprefix(b" ")
            name, data = (value, data) if field == b"event" else (name, [*data, value])
    return found


@given(streams)
def test_cutting_at_once_finds_what_a_reader_by_lines_finds(stream: bytes) -> None:
    assert events(stream) == by_lines(stream)


@pytest.mark.parametrize(
    ("stream", "dropped"),
    [(b"data: x\n\ndata: yz", 8), (b"data: x\n\ndata: yz\n", 8), (b"data: x\n\n", 0), (b"\n", 0)],
)
def test_what_an_unfinished_event_would_drop(stream: bytes, dropped: int) -> None:
    assert blocks_of(stream)[1] == dropped


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (b"event: ping\ndata: {}\n\n", "text/event-stream; charset=utf-8", True),
        (b"\xef\xbb\xbf\n\ndata: {}\n\n", "application/json", True),
        (b": hello\n\n", None, True),
        (b"id: 7\ndata: {}\n\n", "Text/Event-Stream", True),
        (b"", "text/event-stream", True),
        (b' \n{"type":"message"}', "text/event-stream", False),
        (b"[1]", "text/event-stream", False),
        (b"<html>", "text/html", False),
        (b"", None, False),
    ],
)
def test_what_is_a_stream(body: bytes, kind: str | None, expected: bool) -> None:
    assert is_stream(body, kind) is expected
