"""The list of sessions."""

from __future__ import annotations

import re
import time
from datetime import datetime

import pytest
from starlette.testclient import TestClient

from claude_lens.exchange import Cost
from claude_lens.settings import Settings
from claude_lens.store.sink import StoreSink
from claude_lens.store.writing import tagging
from tests.dashboard.conftest import text_of
from tests.dashboard.test_conversation import said, use, user
from tests.store.conftest import Make


def keep(sink: StoreSink, make: Make, count: int) -> None:
    """So many sessions, an hour apart, each dearer than the one before."""
    now = time.time()
    for number in range(count):
        body = {"messages": [user(f"prompt {number:03d}")]}
        cost = Cost(usd=float(number))
        at = now - 3600 * (count - number)
        sink.ended(
            make(body, said("x"), session=f"s-{number:03d}", at=at, cost=cost, project=f"/p/{number % 2}")
        )
    sink.flush()


def titles(text: str) -> list[str]:
    """Titles in their order."""
    return re.findall(r"<bdi>(prompt \d+)</bdi>", text)


def test_an_empty_store_says_what_to_do(client: TestClient) -> None:
    assert "No session yet" in client.get("/sessions").text


@pytest.mark.parametrize("order", ["newest", "started", "cost", "tokens", "exchanges", "duration"])
def test_more_comes_as_one_scrolls_in_every_order(
    client: TestClient, make: Make, sink: StoreSink, order: str
) -> None:
    keep(sink, make, 120)
    seen: list[str] = []
    path: str | None = f"/sessions?order={order}"
    while path:
        answer = client.get(path)
        seen += titles(answer.text)
        found = re.search(r'hx-get="(/sessions\?[^"]*after=[^"]*)"', answer.text)
        path = found[1].replace("&amp;", "&") if found else None
    # Each is newer and dearer than the one before, and alike otherwise.
    assert seen == [f"prompt {number:03d}" for number in reversed(range(120))]


def test_what_was_said_is_found_and_shown(client: TestClient, make: Make, sink: StoreSink) -> None:
    keep(sink, make, 3)
    one = make({"messages": [user("a prompt of its own")]}, said("the <b>walrus</b> sleeps"), session="w")
    sink.ended(one)
    sink.flush()
    answer = client.get("/sessions?words=walrus")
    assert "a prompt of its own" in answer.text
    assert titles(answer.text) == []
    assert "the &lt;b&gt;<mark>walrus</mark>&lt;/b&gt; sleeps" in answer.text
    assert f'href="/sessions/w?at={one.id}#x-{one.id[:16]}"' in answer.text
    assert 'class="said-here"' not in client.get("/sessions").text


def test_a_cursor_that_is_none_is_told(client: TestClient) -> None:
    assert client.get("/sessions?after=nonsense").status_code == 400


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("words=prompt+004", ["prompt 004"]),
        ("words=s-00", [f"prompt 00{n}" for n in (5, 4, 3, 2, 1, 0)]),
        ("project=/p/1", ["prompt 005", "prompt 003", "prompt 001"]),
        ("order=cost&project=/p/0", ["prompt 004", "prompt 002", "prompt 000"]),
        ("words=100%25", []),
        ("words=_rompt", []),
        ("day=2001-01-01", []),
        ("day=nonsense&words=003", ["prompt 003"]),
    ],
)
def test_choosing(client: TestClient, make: Make, sink: StoreSink, query: str, found: list[str]) -> None:
    keep(sink, make, 6)
    answer = client.get(f"/sessions?{query}")
    assert answer.status_code == 200
    assert titles(answer.text) == found
    if not found:
        assert "No session matches" in answer.text


def test_days_lead_to_their_sessions(client: TestClient, make: Make, sink: StoreSink) -> None:
    keep(sink, make, 2)
    answer = client.get("/sessions")
    links = re.findall(r'href="/sessions\?day=([\d-]+)" aria-label="[\d-]+: (\d+) sessions"', answer.text)
    assert sum(int(count) for _, count in links) == 2
    day = links[-1][0]
    assert len(titles(client.get(f"/sessions?day={day}").text)) == int(links[-1][1])
    assert day <= datetime.now().astimezone().strftime("%Y-%m-%d")


def test_what_a_row_says(client: TestClient, make: Make, sink: StoreSink) -> None:
    calls = [use("Bash", f"t{number}", command="ls") for number in range(11)]
    sink.ended(make({"messages": [user("go")]}, said("x", *calls)))
    sink.flush()
    words = text_of(client.get("/sessions"))
    for part in ("go", "1 1 11", "app", "main", "103 in 5 out", "97 %", "$0.2500"):
        assert part in words


def test_sessions_are_chosen_by_tag(
    client: TestClient, settings: Settings, make: Make, sink: StoreSink
) -> None:
    assert 'name="tag"' not in client.get("/sessions").text
    keep(sink, make, 4)
    assert 'name="tag"' not in client.get("/sessions").text
    tagging.change(settings.database_url, "s-001", add=["<b>Bug</b>", "later"])
    tagging.change(settings.database_url, "s-002", add=["<B>BUG</B>"])

    text = client.get("/sessions").text
    assert titles(text) == ["prompt 003", "prompt 002", "prompt 001", "prompt 000"]
    links = re.findall(r'<a class="chip" href="([^"]+)"[^>]*><bdi>([^<]+)</bdi>', text)
    assert [shown for _, shown in links] == [
        "&lt;B&gt;BUG&lt;/B&gt;",
        "&lt;b&gt;Bug&lt;/b&gt;",
        "later",
    ]
    for path, _ in links[:2]:
        chosen = client.get(path).text
        assert titles(chosen) == ["prompt 002", "prompt 001"]
        assert re.findall(r"<option value=\"([^\"]+)\" selected", chosen) == ["&lt;B&gt;BUG&lt;/B&gt;"]
    none = client.get("/sessions?tag=nope").text
    assert "No session matches" in none
    assert '<option value="nope" selected>' in none
