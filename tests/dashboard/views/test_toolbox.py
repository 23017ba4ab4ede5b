"""The tools of a request in full."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from claude_lens.dashboard.views.toolbox import kind_of, tool_of
from claude_lens.exchange import Request
from claude_lens.store.sink import StoreSink
from tests.dashboard.conftest import text_of
from tests.dashboard.test_conversation import said, user
from tests.store.conftest import Make

SEARCH = {
    "name": "Search",
    "description": "Find it.\nIn every <b>file</b>.",
    "input_schema": {
        "type": "object",
        "properties": {
            "pattern": {"type": "string", "description": "What to look for"},
            "mode": {"enum": ["fast", "deep"]},
            "paths": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["pattern"],
    },
}


def test_a_tool_tells_all_that_it_says(client: TestClient, make: Make, sink: StoreSink) -> None:
    one = make({"messages": [user("x")], "tools": [SEARCH, {"type": "web_search_20250305"}]}, said("x"))
    sink.ended(one)
    sink.flush()
    answer = client.get(f"/exchanges/{one.id}/tools")
    words = text_of(answer)
    for part in ("Find it.", "&lt;b&gt;file&lt;/b&gt;", "pattern required string What to look for"):
        assert part in words
    assert "one of &#34;fast&#34;, &#34;deep&#34;" in words
    assert "array of string" in words
    assert "web_search_20250305" in words
    assert "It takes nothing." in words


def test_requests_without_tools_and_without_bodies(client: TestClient, make: Make, sink: StoreSink) -> None:
    none, odd = make({"messages": []}, said("x")), make({"messages": [], "tools": "x"}, said("x"))
    bare = make({}, said("x"), request=Request())
    for one in (none, odd, bare):
        sink.ended(one)
    sink.flush()
    assert text_of(client.get(f"/exchanges/{none.id}/tools")).strip() == "None."
    assert text_of(client.get(f"/exchanges/{odd.id}/tools")).strip() == "None."
    assert client.get(f"/exchanges/{bare.id}/tools").status_code == 404
    assert client.get("/exchanges/nobody/tools").status_code == 404


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "string"),
        ({"type": ["string", "null"]}, "string or null"),
        (
            {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
            "array of array of number",
        ),
        ({"type": "array"}, "array"),
        ({"anyOf": [{"type": "string"}, {"enum": [1]}, {}]}, "string or one of 1"),
        ({"enum": list(range(20))}, "one of " + ", ".join(map(str, range(12))) + ", …"),
        ({}, ""),
        (True, ""),
    ],
)
def test_types_in_words(schema: Any, words: str) -> None:
    assert kind_of(schema) == words


@pytest.mark.parametrize(
    "odd", [None, 3, [], {"input_schema": {"properties": [1], "required": 2}}, {"name": 5}]
)
def test_whatever_stands_for_a_tool(odd: Any) -> None:
    assert tool_of(odd).parameters == []
