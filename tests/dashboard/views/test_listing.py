"""Lists of exchanges, and search."""

from __future__ import annotations

import json
import re
import time
from html import unescape

import pytest
from starlette.testclient import TestClient

from claude_lens.store.sink import StoreSink
from tests.dashboard.conftest import text_of
from tests.dashboard.hostile import PAYLOADS
from tests.dashboard.test_conversation import S, said, use, user
from tests.store.conftest import Make


def keep(sink: StoreSink, make: Make, count: int = 3) -> list[str]:
    """Exchanges, a second apart; their ids."""
    found = []
    now = time.time()
    for number in range(count):
        body = {"messages": [user(f"prompt {number} about <b>walrus</b>")]}
        one = make(
            body,
            said("x", use("Bash", f"t{number}", command="ls")),
            at=now - count + number,
            duration_ms=float(number),
        )
        sink.ended(one)
        found.append(one.id)
    sink.flush()
    return found


def rows(text: str) -> list[str]:
    """Ids in their order."""
    return re.findall(r'<a class="open" href="/exchanges/(\w+)"', text)


def test_pages_follow_each_other(client: TestClient, make: Make, sink: StoreSink) -> None:
    ids = keep(sink, make, 120)
    seen: list[str] = []
    path: str | None = "/exchanges?model=claude-opus-5-5"
    while path:
        answer = client.get(path)
        seen += rows(answer.text)
        found = re.search(r'hx-get="(/exchanges\?[^"]*after=[^"]*)"', answer.text)
        path = unescape(found[1]) if found else None
    assert seen == list(reversed(ids))


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("tool=Bash", 3),
        ("tool=Read", 0),
        (f"session={S}", 3),
        ("status=ok&since=1h", 3),
        ("until=2001-01-01", 0),
        ("agent=main&sort=duration", 3),
        ("sort=nonsense", 3),
    ],
)
def test_choices(client: TestClient, make: Make, sink: StoreSink, query: str, count: int) -> None:
    keep(sink, make)
    assert len(rows(client.get(f"/exchanges?{query}").text)) == count


def test_choices_can_be_taken_back(client: TestClient, make: Make, sink: StoreSink) -> None:
    keep(sink, make)
    text = client.get("/exchanges?tool=Bash&status=ok").text
    assert 'href="/exchanges?status=ok" aria-label="Without tool Bash"' in text


@pytest.mark.parametrize("query", ["since=nonsense", "after=nonsense"])
def test_nonsense_is_told(client: TestClient, query: str) -> None:
    assert client.get(f"/exchanges?{query}").status_code == 400


def test_search_marks_what_it_found(client: TestClient, make: Make, sink: StoreSink) -> None:
    ids = keep(sink, make)
    answer = client.get("/search?q=walrus")
    assert answer.text.count("<mark>walrus</mark>") == 3
    assert "&lt;b&gt;<mark>" in answer.text
    assert f"?at={ids[-1]}#x-{ids[-1][:16]}" in answer.text
    assert "Nothing found" in client.get("/search?q=penguin").text
    assert "Search everything that was said" in client.get("/search").text


def test_search_goes_on(client: TestClient, make: Make, sink: StoreSink) -> None:
    keep(sink, make, 60)
    answer = client.get("/search?q=walrus")
    seen = answer.text.count('<li class="found"')
    while found := re.search(r'hx-get="(/search\?[^"]+)"', answer.text):
        answer = client.get(unescape(found[1]))
        seen += answer.text.count('<li class="found"')
    assert seen == 60


@pytest.mark.parametrize("query", ['"open', "in:nowhere x", "a OR", "before:nonsense x"])
def test_a_malformed_query_is_told(client: TestClient, make: Make, sink: StoreSink, query: str) -> None:
    keep(sink, make)
    answer = client.get("/search", params={"q": query})
    assert answer.status_code == 200
    assert 'class="problem"' in answer.text


def test_search_in_a_session(client: TestClient, make: Make, sink: StoreSink) -> None:
    keep(sink, make)
    sink.ended(make({"messages": [user("another walrus")]}, said("x"), session="elsewhere"))
    sink.flush()
    assert client.get(f"/sessions/{S}/find?find=walrus").text.count('<li class="found') == 3
    assert "Not found here" in text_of(client.get(f"/sessions/{S}/find?find=penguin"))
    assert "<li" not in client.get(f"/sessions/{S}/find?find=").text
    assert 'class="problem"' in client.get(f"/sessions/{S}/find", params={"find": '"x'}).text


@pytest.mark.parametrize("payload", PAYLOADS[::5])
def test_hostile_words_stay_words(client: TestClient, make: Make, sink: StoreSink, payload: str) -> None:
    body = {"messages": [user(f"walrus {payload}")]}
    sink.ended(make(body, said(payload), raw=json.dumps(body).encode()))
    sink.flush()
    clean = payload.encode("utf-8", "replace").decode()[:2000]
    for answer in (client.get("/search", params={"q": clean}), client.get("/search?q=walrus")):
        assert answer.status_code == 200
        for bad in ("<script>", "<img", "<svg on", "<iframe", "<style", "<base"):
            assert bad not in answer.text.partition("<main")[2].lower()
