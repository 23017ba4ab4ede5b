"""The live page and its events."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from claude_lens.dashboard.views.live import Filter
from claude_lens.exchange import Agent
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
