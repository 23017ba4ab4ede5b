from __future__ import annotations

from typing import Any

import pytest

from claude_lens.store.insight.context import context
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.findings.planted import READ, WRITE, Talk, found, only, said, tool, used
from tests.store.conftest import Make


def served(sink: StoreSink, make: Make, session: str = "s", called: bool = False) -> Talk:
    """Three turns with an MCP server of forty tools."""
    talk = Talk(sink, make, session)
    talk.tools += [
        {"name": f"mcp__useless__t{number}", "description": "does something " * 40, "input_schema": {}}
        for number in range(40)
    ]
    answer: list[dict[str, Any]] = [tool("mcp__useless__t3", x=1)] if called else [said("a")]
    talk.turn("first", answer, used(0, 40_000))
    talk.turn(["done"] if called else "second", [said("b")], used(40_000, 100))
    talk.turn("third", [said("c")], used(40_100, 100))
    sink.flush()
    return talk


def test_every_request_paid_for_the_schemas(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = served(sink, make)
    body = talk.sent[0].request.json
    assert body is not None
    each = context(body, 40_000)["servers"]["useless"]
    assert 4_000 < each < 36_000
    one = only(reader, "unused-tools")
    assert one["usd"] == pytest.approx(each * WRITE + 2 * each * READ)
    assert (one["tokens"], one["count"], one["measured"]) == (3 * each, 3, False)
    assert one["sentence"].startswith("40 tools of the MCP server useless went with 3 requests and none")
    assert one["remedy"] == "claude mcp remove useless"
    assert set(one["evidence"]) == {sent.id for sent in talk.sent}


def test_a_server_that_another_session_of_the_project_calls_is_of_use(
    sink: StoreSink, reader: Reader, make: Make
) -> None:
    served(sink, make)
    served(sink, make, "other", called=True)
    assert found(reader)["findings"] == []
    assert [one["kind"] for one in found(reader, session="s")["findings"]] == ["unused-tools"]


def test_deferred_tools_are_not_in_the_context(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = Talk(sink, make)
    talk.tools += [
        {"name": f"mcp__useless__t{number}", "description": "y" * 999, "defer_loading": True}
        for number in range(40)
    ]
    talk.turn("first", [said("a")], used(0, 40_000))
    talk.turn("second", [said("b")], used(40_000, 100))
    sink.flush()
    assert found(reader)["findings"] == []
