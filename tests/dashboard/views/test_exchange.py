"""An exchange's page, and what can be taken from it."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from starlette.testclient import TestClient

from claude_lens.dashboard.views.exchange import cost_lines, saved
from claude_lens.exchange import Cost, Exchange, Model, Request, Response, Usage
from claude_lens.settings import Settings
from claude_lens.store.sink import StoreSink
from tests.dashboard.conftest import text_of
from tests.dashboard.test_conversation import back, gave, said, use, user
from tests.store.conftest import Make

PRICES = {
    "input_cost_per_token": 3e-6,
    "output_cost_per_token": 15e-6,
    "cache_read_input_token_cost": 0.3e-6,
    "cache_creation_input_token_cost": 3.75e-6,
    "cache_creation_input_token_cost_above_1hr": 6e-6,
}
USAGE = Usage(
    input_tokens=1000,
    output_tokens=200,
    cache_read_input_tokens=10_000,
    cache_creation_input_tokens=3000,
    cache_creation_5m_input_tokens=2000,
    cache_creation_1h_input_tokens=1000,
)


def two(make: Make, sink: StoreSink) -> tuple[Exchange, Exchange]:
    """A first turn and the one that follows."""
    first = said("let me look", use("Bash", "t1", command="ls"))
    one = make({"messages": [user("go")], "system": "Be kind.", "model": "m"}, first)
    body = {
        "messages": [user("go"), back(first), user(gave("t1", "a.txt"))],
        "system": "Be kinder.",
        "model": "m",
        "temperature": 1,
        "tools": [{"name": "Bash", "description": "Run it.\nMore."}],
    }
    other = make(body, said("done"), usage=USAGE, cost=Cost(usd=0.0225, prices=PRICES))
    for each in (one, other):
        sink.ended(each)
    sink.flush()
    return one, other


def test_what_it_says(client: TestClient, make: Make, sink: StoreSink) -> None:
    one, other = two(make, sink)
    answer = client.get(f"/exchanges/{other.id}")
    words = text_of(answer)
    for part in ("120 ms", "900 ms", "done", "Result of Bash", "a.txt", "Be kinder.", "tool_use"):
        assert part in words
    assert "Run it." not in words
    assert f'hx-get="/exchanges/{other.id}/tools"' in answer.text
    assert f'href="/exchanges/{one.id}"' in answer.text
    assert "[redacted:ab12]" in words
    assert client.get(f"/exchanges/{other.id[:30]}").status_code in (200, 404)


def test_the_cost_is_worked_out_line_by_line(make: Make) -> None:
    one = make({}, said("x"), usage=USAGE, cost=Cost(usd=0.0225, prices=PRICES))
    lines: dict[str, Any] = {line.what: (line.tokens, line.usd) for line in cost_lines(one)}
    assert lines["Fresh input"] == (1000, pytest.approx(0.003))
    assert lines["Cache read"] == (10_000, pytest.approx(0.003))
    assert lines["Cache write, 5 min"] == (2000, pytest.approx(0.0075))
    assert lines["Cache write, 1 h"] == (1000, pytest.approx(0.006))
    assert lines["Output"] == (200, pytest.approx(0.003))
    assert sum(usd or 0 for _, usd in lines.values()) == pytest.approx(0.0225)


def test_what_the_cache_saved(client: TestClient, make: Make, sink: StoreSink) -> None:
    one = make({"messages": [user("x")]}, said("x"), usage=USAGE, cost=Cost(usd=0.0225, prices=PRICES))
    # 14,000 tokens at the price of fresh ones, less what they did cost.
    assert saved(one) == pytest.approx(14_000 * 3e-6 + 200 * 15e-6 - 0.0225)
    writes = Usage(input_tokens=1000, cache_creation_input_tokens=3000, cache_creation_5m_input_tokens=3000)
    dear = make({"messages": [user("y")]}, said("x"), usage=writes, cost=Cost(usd=0.01425, prices=PRICES))
    assert saved(dear) == pytest.approx(-3000 * 0.75e-6)
    none = make({"messages": [user("z")]}, said("x"), usage=Usage(input_tokens=9), cost=Cost(prices=PRICES))
    unknown = make({"messages": [user("z")]}, said("x"), usage=USAGE, cost=Cost())
    assert saved(none) is None
    assert saved(unknown) is None
    for each in (one, dear, none, unknown):
        sink.ended(each)
    sink.flush()
    assert "The cache saved $0.0225." in text_of(client.get(f"/exchanges/{one.id}"))
    assert "cost $0.0022 more than it saved" in text_of(client.get(f"/exchanges/{dear.id}"))
    for each in (none, unknown):
        assert "saved" not in text_of(client.get(f"/exchanges/{each.id}"))


def test_unknown_prices_stay_unknown(client: TestClient, make: Make, sink: StoreSink) -> None:
    one = make({"messages": [user("x")]}, said("x"), usage=USAGE, cost=Cost())
    assert {line.usd for line in cost_lines(one)} == {None}
    sink.ended(one)
    sink.flush()
    assert "$0.000000" not in client.get(f"/exchanges/{one.id}").text


def test_bodies_are_what_was_sent(client: TestClient, make: Make, sink: StoreSink) -> None:
    _, other = two(make, sink)
    assert client.get(f"/exchanges/{other.id}/request.json").json() == other.request.json
    assert other.response is not None
    assert client.get(f"/exchanges/{other.id}/response.json").json() == other.response.json
    assert client.get(f"/exchanges/{other.id}/nothing.json").status_code in (200, 404)


def test_bodies_that_are_no_json_are_text(client: TestClient, make: Make, sink: StoreSink) -> None:
    one = make(None, said("x"), raw=b"\xffnot json <b>")
    sink.ended(one)
    sink.flush()
    answer = client.get(f"/exchanges/{one.id}/request.json")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "not json" in answer.text
    assert client.get(f"/exchanges/{one.id}").status_code == 200


def test_lone_surrogates_survive(client: TestClient, make: Make, sink: StoreSink) -> None:
    body = {"messages": [user("\ud83d alone")]}
    one = make(body, said("x"), raw=json.dumps(body).encode())
    sink.ended(one)
    sink.flush()
    assert client.get(f"/exchanges/{one.id}/request.json").json() == body
    assert "\ufffd alone" in client.get(f"/exchanges/{one.id}").text


def test_curl_is_what_was_sent_with_the_users_own_key(
    client: TestClient, make: Make, sink: StoreSink, settings: Settings
) -> None:
    _, other = two(make, sink)
    command = client.get(f"/exchanges/{other.id}/curl").text
    words = shlex.split(command)
    assert words[:2] == ["curl", "http://127.0.0.1:9/v1/messages?beta=true"]
    assert json.loads(words[words.index("--data-raw") + 1]) == other.request.json
    assert "redacted" not in command
    assert "content-type: application/json" in words
    # Of the home folder that the dashboard looks into.
    key = shlex.quote(str(settings.home / "key"))
    assert f'authorization: \'"$(cat {key})"' in command


def test_a_route_says_why(client: TestClient, make: Make, sink: StoreSink) -> None:
    model = Model(requested="claude-opus-5-5", routed="gpt-5-mini", provider="openai", rule="agents.Explore")
    one = make(
        {"messages": [user("x")]},
        said("x"),
        model=model,
        lane="translated",
        lane_reason="a rule hits",
        adapted=("no cache",),
    )
    sink.ended(one)
    sink.flush()
    words = text_of(client.get(f"/exchanges/{one.id}"))
    for part in (
        "agents.Explore",
        "a rule hits",
        "no cache",
        "openai",
        "The same tokens on claude-opus-5-5: $0.5000",
    ):
        assert part in words


def test_one_that_runs_and_one_without_an_answer(client: TestClient, make: Make, sink: StoreSink) -> None:
    running = make({"messages": [user("x")]})
    sink.arrived(running)
    empty = make({"messages": [user("y")]}, {}, status="cancelled", response=Response(), usage=None)
    sink.ended(empty)
    bare = make({"messages": []}, said("x"), request=Request(), usage=None, duration_ms=None)
    sink.ended(bare)
    sink.flush()
    for one in (running, empty, bare):
        assert client.get(f"/exchanges/{one.id}").status_code == 200
    assert client.get(f"/exchanges/{running.id}/response.json").status_code == 404


@pytest.mark.parametrize("path", ["", "/request.json", "/curl"])
def test_no_such_exchange(client: TestClient, path: str) -> None:
    assert client.get(f"/exchanges/nobody{path}").status_code == 404


def test_answers_of_other_apis_are_shown(client: TestClient, make: Make, sink: StoreSink) -> None:
    message = {"role": "assistant", "content": "a heron", "reasoning_content": "grey, long legs"}
    chat = make(
        {"messages": [user("which bird?")]},
        {"choices": [{"message": message}]},
        endpoint="/v1/chat/completions",
    )
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "an egret"}]}
    response = make(
        {"input": "which white bird?"},
        {"object": "response", "output": [item]},
        endpoint="/v1/responses",
        session="other",
    )
    for one in (chat, response):
        sink.ended(one)
    sink.flush()
    page, other = (text_of(client.get(f"/exchanges/{one.id}")) for one in (chat, response))
    assert all(words in page for words in ("which bird?", "a heron", "grey, long legs"))
    assert all(words in other for words in ("which white bird?", "an egret"))
    assert client.get(f"/exchanges/{response.id}/response.json").json() == {
        "object": "response",
        "output": [item],
    }
