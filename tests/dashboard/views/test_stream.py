"""The raw stream of an answer: a screenful at a time, every byte as a file, or why there is none."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from claude_lens.dashboard.views.stream import MOST_TEXT, SHOWN, Event, events
from claude_lens.exchange import GONE, Exchange
from claude_lens.store.sink import StoreSink
from tests.dashboard.conftest import text_of
from tests.dashboard.test_conversation import said, user
from tests.store.conftest import Make


def keep(sink: StoreSink, make: Make, words: str = "x", body: bytes | None = None) -> Exchange:
    """An exchange whose stream is that of an answer, or ``body``."""
    one = make({"messages": [user("go")]}, said(words))
    assert one.response is not None
    one = replace(one, response=replace(one.response, body=one.response.body if body is None else body))
    sink.ended(one)
    sink.flush()
    return one


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", []),
        (b"\n\n\n\n", []),
        (b"a: 1\n\nb: 2\n\n", [(0, 0, 4, "a: 1"), (1, 6, 4, "b: 2")]),
        (b"a: 1\r\n\r\nb: 2", [(0, 0, 4, "a: 1"), (1, 8, 4, "b: 2")]),
        (b"a: 1\r\rb: 2\n\n\n\nc", [(0, 0, 4, "a: 1"), (1, 6, 4, "b: 2"), (2, 14, 1, "c")]),
        (b"\xff\xc3\xa9", [(0, 0, 3, "\ufffd\u00e9")]),
    ],
)
def test_events_have_their_places(body: bytes, expected: list[tuple[int, int, int, str]]) -> None:
    assert list(events(body)) == [Event(*one, 0) for one in expected]


def test_a_long_event_is_cut_by_characters() -> None:
    (one,) = events("é".encode() * 10_000)
    assert (one.size, len(one.text), one.left) == (20_000, MOST_TEXT, 10_000 - MOST_TEXT)


def test_nothing_is_loaded_before_it_is_opened(client: TestClient, make: Make, sink: StoreSink) -> None:
    one = keep(sink, make)
    page = client.get(f"/exchanges/{one.id}").text
    assert "content_block_delta" not in page
    assert f'hx-get="/exchanges/{one.id}/stream" hx-trigger="toggle from:closest details once"' in page


def test_events_with_their_numbers_and_bytes(client: TestClient, make: Make, sink: StoreSink) -> None:
    one = keep(sink, make, "<script>alert(1)</script>")
    assert one.response is not None
    answer = client.get(f"/exchanges/{one.id}/stream")
    words = text_of(answer)
    count = one.response.body.count(b"\n\n")
    assert f"{count} events, {len(one.response.body):,} bytes" in words
    assert "event: message_start data: {" in words
    assert "<script" not in answer.text
    assert "Show" not in words
    assert [int(n) for n in re.findall(r'<tr><td class="num">(\d+)<', answer.text)] == [*range(1, count + 1)]


def test_long_ones_come_a_screenful_at_a_time(client: TestClient, make: Make, sink: StoreSink) -> None:
    one = keep(sink, make, "word " * 800)
    assert one.response is not None
    seen: list[int] = []
    path: str | None = f"/exchanges/{one.id}/stream"
    while path:
        answer = client.get(path).text
        rows = [int(n.replace(",", "")) for n in re.findall(r'<tr><td class="num">([\d,]+)<', answer)]
        assert 0 < len(rows) <= SHOWN
        assert ("events, " in answer) is (not seen)
        seen += rows
        more = re.search(r'hx-get="(/exchanges/\w+/stream\?from=\d+)"', answer)
        path = more[1] if more else None
    assert seen == [*range(1, one.response.body.count(b"\n\n") + 1)]
    assert len(seen) > 3 * SHOWN


def test_every_byte_as_a_file(client: TestClient, make: Make, sink: StoreSink) -> None:
    body = b"event: x\r\ndata: \xff\x00<script>\r\n\r\n"
    one = keep(sink, make, body=body)
    answer = client.get(f"/exchanges/{one.id}/stream.sse")
    assert answer.content == body
    assert answer.headers["content-disposition"] == f'attachment; filename="claude-lens-{one.id}.sse"'
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_why_there_is_none(client: TestClient, make: Make, sink: StoreSink) -> None:
    redacted, empty = keep(sink, make, body=GONE), keep(sink, make, body=b"{}")
    words = text_of(client.get(f"/exchanges/{redacted.id}/stream"))
    assert "No raw stream is kept: it held something that looks like a secret." in words
    assert (
        "No raw stream is kept: CLAUDE_LENS_STREAMS was off"
        in client.get(f"/exchanges/{empty.id}/stream").text
    )
    refused = client.get(f"/exchanges/{redacted.id}/stream.sse")
    assert refused.status_code == 404
    assert "looks like a secret" in refused.text


@pytest.mark.parametrize("start", ["-1", "x", "999999999999", "99999", "\u0663"])
def test_odd_numbers_do_no_harm(client: TestClient, make: Make, sink: StoreSink, start: str) -> None:
    one = keep(sink, make)
    assert client.get(f"/exchanges/{one.id}/stream", params={"from": start}).status_code == 200


@pytest.mark.parametrize("path", ["stream", "stream.sse"])
def test_no_such_exchange(client: TestClient, make: Make, sink: StoreSink, path: str) -> None:
    keep(sink, make)
    assert client.get(f"/exchanges/nobody/{path}").status_code == 404
    assert client.get(f"/exchanges/11111111-aaaa/{path}").status_code == 404
