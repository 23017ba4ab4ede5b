from __future__ import annotations

import pytest

from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.findings.planted import READ, WRITE, Talk, only, said, used
from tests.store.conftest import Make

CACHED = 60_000


def test_a_server_that_came_late(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = Talk(sink, make)
    talk.turn("first", [said("a")], used(0, CACHED))
    talk.tools.append({"name": "mcp__linear__list", "description": "lists", "input_schema": {}})
    talk.turn("second", [said("b")], used(0, CACHED + 100))
    sink.flush()
    one = only(reader, "cache-tools")
    assert one["usd"] == pytest.approx(CACHED * (WRITE - READ))
    assert (one["subject"], one["measured"]) == ("linear", True)
    assert "The tools of linear changed once" in one["sentence"]


def test_another_order(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = Talk(sink, make)
    talk.turn("first", [said("a")], used(0, CACHED))
    talk.tools.reverse()
    talk.turn("second", [said("b")], used(0, CACHED + 100))
    sink.flush()
    one = only(reader, "cache-tools")
    assert (one["subject"], one["evidence"]) == ("order", [talk.sent[1].id])


def test_a_removed_tool(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = Talk(sink, make)
    talk.turn("first", [said("a")], used(0, CACHED))
    talk.tools.pop()
    talk.turn("second", [said("b")], used(0, CACHED + 100))
    sink.flush()
    assert only(reader, "cache-tools")["subject"] == "Grep"
