from __future__ import annotations

from dataclasses import replace

import pytest

from claude_lens.store.numbers.tool_stats import tools
from claude_lens.store.reading.filters import Filter
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of

DAY = 86400.0


@pytest.fixture
def filled(sink: StoreSink, reader: Reader, make: Make) -> Reader:
    for turn in range(1, 5):
        body = body_of(*["x"] * turn)
        if turn > 1:
            result = {"type": "tool_result", "tool_use_id": f"toolu_{turn - 2}", "content": "y" * 400}
            body["messages"][-1]["content"] = [{**result, "is_error": turn == 4}]
        one = make(body, message_of(turn - 1), at=turn * DAY, project=f"/p{turn % 2}")
        durations = (("Bash", 100 * (turn - 1)),) if turn > 1 else ()
        sink.ended(replace(one, identity=replace(one.identity, tool_durations_ms=durations)))
    sink.flush()
    return reader


@pytest.mark.parametrize("session", [None, "11111111-aaaa"])
def test_numbers(filled: Reader, session: str | None) -> None:
    with filled.connect() as connection:
        (bash,) = tools(connection, Filter(session=session))
    assert (bash["tool"], bash["calls"], bash["results"], bash["errors"]) == ("Bash", 4, 3, 1)
    assert bash["duration_ms_p50"] == pytest.approx(200, rel=0.022)
    assert bash["duration_ms_p95"] == pytest.approx(300, rel=0.022)
    assert bash["duration_ms_sum"] == 600
    assert bash["result_tokens"] == round(3 * 402 / 4)


def test_chosen(filled: Reader) -> None:
    with filled.connect() as connection:
        assert tools(connection, Filter(since=3 * DAY))[0]["calls"] == 2
        assert tools(connection, Filter(project="/p1"))[0]["calls"] == 2
        assert tools(connection, Filter(since=30 * DAY)) == []
