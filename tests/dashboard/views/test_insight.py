"""What fills a context, and why a cache missed."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from claude_lens.exchange import Usage
from claude_lens.store.sink import StoreSink
from tests.dashboard.conftest import text_of
from tests.dashboard.test_conversation import back, said, user
from tests.store.conftest import Make


def test_a_context_adds_up_to_the_providers_count(client: TestClient, make: Make, sink: StoreSink) -> None:
    tools = [
        {"name": "Bash", "description": "x" * 4000},
        {"name": "mcp__git__log", "description": "y" * 2000},
    ]
    body = {"system": "s" * 9000, "tools": tools, "messages": [user("go <b>" + "u" * 500)]}
    one = make(body, said("x"), usage=Usage(input_tokens=1000, cache_read_input_tokens=4000, output_tokens=3))
    sink.ended(one)
    sink.flush()
    text = client.get(f"/exchanges/{one.id}/context").text
    assert "5,000 tokens, as the provider counted" in text
    counts = [
        int(found.replace(",", "")) for found in re.findall(r"<title>[^<]*: ([\d,]+) tokens</title>", text)
    ]
    assert sum(counts) == 5000
    assert len(counts) == text.count('class="tile c')
    for name in ("Bash", "git", "system"):
        assert name in text


def test_without_a_body_there_is_no_context(client: TestClient, make: Make, sink: StoreSink) -> None:
    one = make(None, said("x"), raw=b"no json")
    sink.ended(one)
    sink.flush()
    assert client.get(f"/exchanges/{one.id}/context").status_code == 404
    assert "What fills the context" not in client.get(f"/exchanges/{one.id}").text


def test_a_changed_system_is_named_as_the_cause(client: TestClient, make: Make, sink: StoreSink) -> None:
    def body(day: str, *more: object) -> dict[str, object]:
        system = [
            {
                "type": "text",
                "text": f"Today is {day}. " + "s " * 6000,
                "cache_control": {"type": "ephemeral"},
            }
        ]
        return {"model": "claude-opus-5-5", "system": system, "messages": [user("go"), *more]}

    first = said("one")
    written = Usage(input_tokens=10, cache_creation_input_tokens=6000, cache_creation_5m_input_tokens=6000)
    one = make(body("Monday"), first, usage=written)
    other = make(body("Tuesday", back(first), user("on")), said("two"), usage=written)
    for each in (one, other):
        sink.ended(each)
    sink.flush()
    words = text_of(client.get(f"/exchanges/{other.id}/why"))
    assert "Nothing was read" in words
    assert "system" in words
    assert "Tuesday" in words
    assert "There was nothing to read" in text_of(client.get(f"/exchanges/{one.id}/why"))


@pytest.mark.parametrize("what", ["context", "why"])
def test_no_such_exchange(client: TestClient, what: str) -> None:
    assert client.get(f"/exchanges/nobody/{what}").status_code == 404
