"""A session's page: what it begins with, what it loads later, where links lead."""

from __future__ import annotations

import re
import time
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient

from claude_lens.dashboard.gate import TOKEN_HEADER
from claude_lens.exchange import Agent, Exchange
from claude_lens.settings import Settings
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.dashboard.conftest import text_of
from tests.dashboard.test_conversation import S, back, gave, said, use, user
from tests.store.conftest import Make


def long(make: Make, count: int, size: int = 400) -> list[Exchange]:
    """A conversation of so many turns."""
    messages: list[Any] = [user("begin")]
    found = []
    for number in range(count):
        answer = said(
            f"answer {number}. " + "word " * (size // 5), use("Bash", f"t{number}", command=f"echo {number}")
        )
        found.append(make({"messages": list(messages)}, answer, prompt_id=None))
        messages += [back(answer), user(gave(f"t{number}", f"result {number}\n" * 20))]
    return found


@pytest.fixture
def make_plain(make: Make) -> Make:
    """Without the names of fields that an exchange does not have."""
    return lambda *args, prompt_id=None, **more: make(*args, **more)


def keep(sink: StoreSink, *exchanges: Exchange) -> None:
    """Write them."""
    for number, one in enumerate(exchanges):
        sink.ended(one)
        if number % 15 == 14:
            sink.flush()
    sink.flush()


def answers(text: str) -> list[int]:
    """Which answers are there."""
    return [int(number) for number in re.findall(r"<p>answer (\d+)\.", text)]


def follow(client: TestClient, text: str) -> str | None:
    """The address of what is loaded next."""
    found = re.search(r'<div class="more" hx-get="([^"]+)"', text)
    return found[1].replace("&amp;", "&") if found else None


def test_it_loads_the_rest_as_one_scrolls(client: TestClient, make_plain: Make, sink: StoreSink) -> None:
    keep(sink, *long(make_plain, 60))
    answer = client.get(f"/sessions/{S}")
    seen = answers(answer.text)
    assert 0 < len(seen) < 30
    pages = 0
    while path := follow(client, answer.text):
        answer = client.get(path)
        assert "earlier turns" not in answer.text
        seen += answers(answer.text)
        pages += 1
    assert seen == list(range(60))
    assert pages > 3


@pytest.mark.timed
def test_five_hundred_turns_begin_quickly(client: TestClient, make_plain: Make, sink: StoreSink) -> None:
    keep(sink, *long(make_plain, 500, size=3000))
    client.get(f"/sessions/{S}")
    times = []
    for _ in range(5):
        started = time.monotonic()
        answer = client.get(f"/sessions/{S}")
        times.append(time.monotonic() - started)
    assert len(answer.content) < 300_000
    assert min(times) < 0.3, times


def test_it_may_begin_in_the_middle(client: TestClient, make_plain: Make, sink: StoreSink) -> None:
    exchanges = long(make_plain, 60)
    keep(sink, *exchanges)
    answer = client.get(f"/sessions/{S}?at={exchanges[40].id}")
    assert answers(answer.text)[0] == 40
    found = re.search(r'hx-get="([^"]+)"[^>]*>Show 12 earlier turns', answer.text)
    assert found
    earlier = client.get(found[1].replace("&amp;", "&"))
    assert answers(earlier.text) == list(range(28, 40))
    assert "Show 12 earlier turns" in earlier.text
    assert follow(client, earlier.text) is None
    assert answers(client.get(f"/sessions/{S}?at=end").text)[-1] == 59
    assert answers(client.get(f"/sessions/{S}?at=nowhere").text)[0] == 0
    # "Latest" leads to what follows the last turn.
    assert 'href="?at=end#end"' in answer.text
    assert client.get(f"/sessions/{S}?at=end").text.count('<i id="end"></i></div>') == 1


def test_a_shortened_id_finds_its_session(client: TestClient, make_plain: Make, sink: StoreSink) -> None:
    keep(sink, *long(make_plain, 2))
    answer = client.get(f"/sessions/{S[:8]}?at=end")
    assert answer.status_code == 307
    assert answer.headers["location"].endswith(f"/sessions/{S}?at=end")
    assert f'href="/sessions/{S}"' in client.get(f"/search?q={S[:8]}").text
    assert client.get("/sessions/nobody").status_code == 404


def test_the_last_turn_waits_for_more(client: TestClient, make_plain: Make, sink: StoreSink) -> None:
    exchanges = long(make_plain, 3)
    keep(sink, *exchanges[:2])
    page = client.get(f"/sessions/{S}").text
    tail = re.search(r'<div class="tail" hx-get="([^"]+)" hx-trigger="sse:changed"', page)
    assert tail
    keep(sink, exchanges[2])
    grown = client.get(tail[1].replace("&amp;", "&"))
    assert answers(grown.text) == [1, 2]
    assert "result 1" in grown.text


def test_an_agents_turns_are_asked_for(client: TestClient, make: Make, sink: StoreSink) -> None:
    child = Agent(id="a/1", type="Explore", spawn_tool_use_id="t1", evidence="spawn")
    first = said(use("Agent", "t1", description="Look", prompt="look"))
    inside = make({"messages": [user("look")]}, said("inside"), agent=child, request_class="subagent")
    keep(sink, make({"messages": [user("go")]}, first), inside)
    page = client.get(f"/sessions/{S}").text
    assert "inside" not in page
    found = re.search(r'hx-get="([^"]+agent=a[^"]+)"', page)
    assert found
    assert "inside" in client.get(found[1].replace("&amp;", "&")).text
    opened = client.get(f"/sessions/{S}?at={inside.id}").text
    assert "inside" in opened
    assert re.search(r'<details class="child" id="agent-a/1" open>', opened)
    assert "inside" in client.get(f"/sessions/{S}?at=agent:a/1").text


def test_the_timeline_is_asked_for(client: TestClient, make_plain: Make, sink: StoreSink) -> None:
    exchanges = long(make_plain, 3)
    keep(sink, *exchanges)
    text = client.get(f"/sessions/{S}/timeline").text
    assert text.count('class="bar ok"') == 3
    assert f"at={exchanges[0].id}" in text


def test_facts_and_outline(client: TestClient, make_plain: Make, sink: StoreSink) -> None:
    keep(sink, *long(make_plain, 2))
    words = text_of(client.get(f"/sessions/{S}"))
    for part in ("begin", "Turns 2", "Exchanges 2", "Agents 1", "$0.5000", "97 %", "Prompts"):
        assert part in words


@pytest.mark.parametrize("path", ["", "/turns", "/timeline"])
def test_no_such_session(client: TestClient, path: str) -> None:
    answer = client.get(f"/sessions/nobody{path}")
    assert answer.status_code == 404
    assert "nobody" in answer.text


@pytest.mark.parametrize("query", ["agent=nobody&start=0", "agent=nobody"])
def test_no_such_agent(client: TestClient, make_plain: Make, sink: StoreSink, query: str) -> None:
    keep(sink, *long(make_plain, 1))
    assert client.get(f"/sessions/{S}/turns?{query}").status_code == 404


@pytest.mark.parametrize("query", ["start=-1", "start=x", "start=99999999999999", "start=5&end=2", "end=1"])
def test_odd_numbers_do_no_harm(client: TestClient, make_plain: Make, sink: StoreSink, query: str) -> None:
    keep(sink, *long(make_plain, 1))
    assert client.get(f"/sessions/{S}/turns?agent=&{query}").status_code == 200


def test_deleting_needs_the_token_and_deletes(
    client: TestClient, settings: Settings, make_plain: Make, sink: StoreSink
) -> None:
    keep(sink, *long(make_plain, 3))
    keep(sink, make_plain({"messages": [user("another")]}, said("stays"), session="other"))
    assert client.delete(f"/sessions/{S}").status_code == 403
    assert client.get(f"/sessions/{S}").status_code == 200
    token = re.search(r'"x-lens-token": "(\w+)"', unescape(client.get("/sessions").text))
    assert token
    done = client.delete(f"/sessions/{S}", headers={TOKEN_HEADER: token[1]})
    assert (done.status_code, done.headers["hx-redirect"]) == (200, "/sessions")
    assert client.get(f"/sessions/{S}").status_code == 404
    assert client.get("/sessions/other").status_code == 200
    assert client.delete(f"/sessions/{S}", headers={TOKEN_HEADER: token[1]}).status_code == 404


def token_of(client: TestClient) -> dict[str, str]:
    """The header that changes need."""
    found = re.search(r'"x-lens-token": "(\w+)"', unescape(client.get("/sessions").text))
    assert found
    return {TOKEN_HEADER: found[1]}


def test_tags_need_the_token_come_and_go(
    client: TestClient, make_plain: Make, sink: StoreSink, reader: Reader
) -> None:
    keep(sink, *long(make_plain, 1))
    path = f"/sessions/{S}/tags"
    foreign = {**token_of(client), "origin": "http://127.0.0.1:9999"}
    for refused in (
        client.post(path, data={"tag": "x"}),
        client.post(path, data={"tag": "x"}, headers={TOKEN_HEADER: "wrong"}),
        client.post(path, data={"tag": "x"}, headers=foreign),
        client.delete(f"{path}?tag=x"),
        client.delete(f"{path}?tag=x", headers=foreign),
    ):
        assert refused.status_code == 403
    assert reader.session(S)["tags"] == []

    added = client.post(path, data={"tag": " <b>Bug</b> & co "}, headers=token_of(client))
    assert added.status_code == 200
    assert "<b>Bug" not in added.text
    assert reader.session(S)["tags"] == ["<b>Bug</b> & co"]
    assert "&lt;b&gt;Bug&lt;/b&gt; &amp; co" in client.get(f"/sessions/{S}").text
    gone = re.search(r'hx-delete="([^"]+)"', added.text)
    assert gone
    assert client.delete(unescape(gone[1]), headers=token_of(client)).status_code == 200
    assert reader.session(S)["tags"] == []


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("", "at least one character"),
        ("x" * 65, "at most 64 characters"),
        ("\u202ex", "printable characters only"),
    ],
)
def test_what_is_no_tag_is_said(
    client: TestClient, make_plain: Make, sink: StoreSink, reader: Reader, tag: str, said: str
) -> None:
    keep(sink, *long(make_plain, 1))
    path, token = f"/sessions/{S}/tags", token_of(client)
    client.post(path, data={"tag": "kept"}, headers=token)
    answer = client.post(path, data={"tag": tag}, headers=token)
    assert said in answer.text
    assert "kept" in answer.text
    assert "\u202e" not in answer.text
    assert client.post(path, content=b"\xff&&=;", headers=token).status_code == 200
    assert client.post("/sessions/nobody/tags", data={"tag": "x"}, headers=token).status_code == 404
    assert reader.session(S)["tags"] == ["kept"]


def test_agents_are_told_apart_everywhere_on_the_page(
    client: TestClient, make_plain: Make, sink: StoreSink
) -> None:
    def at_work(ident: str, parent: str | None, at: float) -> Exchange:
        agent = Agent(id=ident, parent_id=parent, name="scanner")
        body = {"messages": [user(f"scan as {ident}")]}
        return make_plain(body, said("done"), agent=agent, request_class="subagent", at=at)

    main = make_plain({"messages": [user("begin")]}, said("sent"), at=10.0)
    keep(sink, main, at_work("one", None, 11.0), at_work("two", "one", 12.0), at_work("three", None, 13.0))
    text = client.get(f"/sessions/{S}").text
    listed = re.search(r'<ul class="agents">(.*?)</ul>', text, re.DOTALL)
    assert listed
    rows = re.findall(r'depth-(\d)"><i class="dot a(\d)".*?<bdi>(.*?)</bdi>', listed[1])
    assert [(depth, name) for depth, _, name in rows] == [
        ("0", "main"),
        ("1", "scanner 1"),
        ("2", "scanner 2"),
        ("1", "scanner 3"),
    ]
    assert len({colour for _, colour, _ in rows}) == 4
    assert re.findall(r'<details class="child".*?<bdi>(.*?)</bdi>', text, re.DOTALL) == [
        "scanner 1",
        "scanner 3",
    ]
    timeline = client.get(f"/sessions/{S}/timeline").text
    lanes = re.findall(r'lane-name d(\d)"><i class="dot a(\d)"></i><bdi>(.*?)</bdi>', timeline)
    assert lanes == rows
    assert 'class="mark prompt"' in timeline
    assert "<bdi>scanner 3</bdi>" in client.get(f"/sessions/{S}/steps").text
