"""The live page and its events."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.testclient import TestClient

from claude_lens.dashboard.access import Access
from claude_lens.dashboard.feed import Feed
from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.views.live import Filter, events
from claude_lens.exchange import Agent
from claude_lens.settings import Settings
from claude_lens.store.reading import changes
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.dashboard.conftest import text_of
from tests.dashboard.test_conversation import said, user
from tests.store.conftest import Make

BODY = {"messages": [user("a prompt")]}


def test_an_empty_store_says_what_to_do(client: TestClient) -> None:
    answer = client.get("/live")
    assert "Nothing has happened yet" in answer.text
    assert "claude-lens" in text_of(answer)
    assert "http://127.0.0.1:9" in answer.text


def test_rows_say_what_is_known(client: TestClient, make: Make, sink: StoreSink) -> None:
    sink.ended(make(BODY, said("x")))
    sink.ended(make(BODY, said("x"), agent=Agent(id="a1", parent_id="a0", type="Plan"), lane="translated"))
    sink.ended(make(BODY, {"type": "error"}, status="error", http_status=529, usage=None))
    sink.flush()
    answer = client.get("/live")
    rows = re.findall(r"<tr id=.*?</tr>", answer.text, re.DOTALL)
    assert len(rows) == 3
    assert "error 529" in text_of(answer)
    assert "depth-2" in rows[1]
    assert "translated" in rows[1]
    assert "97 % from cache" not in rows[0]
    assert "$0.2500" in rows[2]
    assert "150 ms" in rows[2]


def test_unknown_prices_are_no_zero(client: TestClient, make: Make, sink: StoreSink) -> None:
    from claude_lens.exchange import Cost

    sink.ended(make(BODY, said("x"), cost=Cost()))
    sink.flush()
    answer = client.get("/live").text
    assert '<td role="cell" class="c-cost num">?</td>' in answer


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3),
        ("status=error", 1),
        ("lane=translated", 1),
        ("session=s-two", 1),
        ("text=PLAN", 1),
        ("text=opus", 3),
        ("text=a+prompt", 3),
        ("text=nowhere", 0),
        ("session=nowhere", 0),
    ],
)
def test_filters(client: TestClient, make: Make, sink: StoreSink, query: str, count: int) -> None:
    sink.ended(make(BODY, said("x")))
    sink.ended(make(BODY, said("x"), agent=Agent(id="a1", type="Plan"), lane="translated"))
    sink.ended(make(BODY, said("x"), session="s-two", status="error"))
    sink.flush()
    assert client.get(f"/live?{query}").text.count("<tr id=") == count


def test_what_a_watcher_wants(make: Make, sink: StoreSink, reader: Reader) -> None:
    sink.ended(make(BODY, said("x")))
    sink.flush()
    with reader.connect() as connection:
        (row,) = changes.newest(connection, 9)
    assert Filter().wants(row)
    assert not Filter().active
    assert Filter.of({"text": " Prompt "}).wants(row)
    assert not Filter.of({"status": "running"}).wants(row)
    assert Filter.of({"status": "running"}).active


async def heard(lens: Lens, query: str = "", **headers: str) -> AsyncIterator[str]:
    """What a browser hears that connects to the events: one after the other, without comments."""
    scope = {
        "type": "http",
        "app": SimpleNamespace(state=SimpleNamespace(lens=lens)),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "query_string": query.encode(),
    }
    answer = await events(Request(scope))
    assert isinstance(answer, StreamingResponse)
    async for chunk in answer.body_iterator:
        assert isinstance(chunk, bytes)
        text = chunk.decode()
        if text.startswith("event: "):
            yield text


def test_who_connects_again_tells_where_it_was(
    make: Make, sink: StoreSink, reader: Reader, settings: Settings
) -> None:
    async def work() -> None:
        lens = Lens(settings, reader, Feed(reader, interval=0.02), Access(settings.home))
        try:
            first = heard(lens)
            snapshot = await anext(first)
            assert snapshot.startswith("event: snapshot")
            mark = snapshot.splitlines()[1].removeprefix("id: ")
            sink.ended(make(BODY, said("x")))
            sink.flush()
            told = await anext(first)
            assert told.startswith("event: rows")
            for again in (heard(lens, f"after={mark}"), heard(lens, last_event_id=mark)):
                assert await anext(again) == told
            assert (await anext(heard(lens, "after=elsewhere.7"))).startswith("event: snapshot")
        finally:
            await lens.feed.close()

    sink.ended(make(BODY, said("before")))
    sink.flush()
    asyncio.run(work())
