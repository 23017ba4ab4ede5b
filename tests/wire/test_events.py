"""The reader against the specification's own examples, and against itself under any split."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.wire.events import Event, Reader, blocks_of, fields_of, is_stream

EXAMPLES: list[tuple[bytes, list[Event]]] = [
    (b"data: YHOO\ndata: +2\ndata: 10\n\n", [Event("message", "YHOO\n+2\n10")]),
    (
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
        [
            Event("message", "first event", "1"),
            Event("message", "second event"),
            Event("message", " third event"),
        ],
    ),
    (b"data\n\ndata\ndata\n\ndata:", [Event("message", ""), Event("message", "\n")]),
    (b"data:test\n\ndata: test\n\n", [Event("message", "test"), Event("message", "test")]),
    (b"\xef\xbb\xbfevent: ping\ndata: {}\n\n", [Event("ping", "{}")]),
    (b"event: lost\n\ndata: x\n\n", [Event("message", "x")]),
    (b"id: a\0b\ndata: x\n\n", [Event("message", "x")]),
    (b"id: 7\n\ndata: x\n\ndata: y\n\n", [Event("message", "x", "7"), Event("message", "y", "7")]),
    (b"retry: 10\nwhatever: 1\ndata: x\n\n", [Event("message", "x")]),
    (b"event: a\r\ndata: 1\r\n\r\nevent: b\rdata: 2\r\r", [Event("a", "1"), Event("b", "2")]),
    (b"\n\n\nevent: a\ndata: 1\n\n\n\n\ndata: 2\n\n", [Event("a", "1"), Event("message", "2")]),
    ("data: gr\u00fcn\n\n".encode(), [Event("message", "gr\u00fcn")]),
    (b"data: \xff\n\n", [Event("message", "\ufffd")]),
    (b"event: a\ndata: cut", []),
    (b"event: a\ndata: cut\n", []),
]  # fmt: skip


@pytest.mark.parametrize(("stream", "expected"), EXAMPLES)
def test_examples(stream: bytes, expected: list[Event]) -> None:
    assert Reader().feed(stream) == expected


@pytest.mark.parametrize(("stream", "expected"), EXAMPLES)
def test_examples_byte_by_byte(stream: bytes, expected: list[Event]) -> None:
    reader = Reader()
    assert [event for byte in stream for event in reader.feed(bytes([byte]))] == expected


lines = st.one_of(
    st.binary(max_size=6),
    st.sampled_from([b"data: x", b"data:", b"event: e", b"id: 1", b": comment", b"", b"data: {\"a\": 1}"]),
)  # fmt: skip
streams = st.builds(
    lambda bom, parts: bom + b"".join(parts),
    st.sampled_from([b"", b"\xef\xbb\xbf", b"\xef"]),
    st.lists(
        st.builds(lambda line, end: line + end, lines, st.sampled_from([b"\n", b"\r", b"\r\n", b"\n\n"]))
    ),
)


@given(streams, st.data())
def test_any_split_of_any_stream_is_one_read(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    whole, split = Reader(), Reader()
    expected = whole.feed(stream)
    got = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += split.feed(stream[start:end])
    assert got == expected
    assert split.pending == whole.pending


@given(streams)
def test_cutting_at_once_finds_the_same_events(stream: bytes) -> None:
    reader = Reader()
    events = reader.feed(stream)
    blocks, dropped = blocks_of(stream)
    found = [(name, data) for name, data, _ in map(fields_of, blocks) if data is not None]
    assert [(event.event, event.data) for event in events] == [
        (name.decode("utf-8", "replace") or "message", data.decode("utf-8", "replace"))
        for name, data in found
    ]
    assert dropped == reader.pending


def test_an_event_comes_as_soon_as_its_last_line_ended() -> None:
    reader = Reader()
    assert reader.feed(b"data: x\r\n\r") == [Event("message", "x")]
    assert reader.feed(b"\ndata: y\r\n\r\n") == [Event("message", "y")]


def test_pending_counts_what_would_be_dropped() -> None:
    reader = Reader()
    reader.feed(b"data: x\n\ndata: yz")
    assert reader.pending == len(b"data: yz")


def test_a_large_event_in_small_chunks_takes_linear_time() -> None:
    reader = Reader()
    piece = b"x" * 100
    reader.feed(b"data: ")
    for _ in range(40_000):
        assert reader.feed(piece) == []
    (event,) = reader.feed(b"\n\n")
    assert len(event.data) == 4_000_000


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
