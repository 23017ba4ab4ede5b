"""What was spent before, from the store."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from claude_lens.exchange import Agent, Cost, Exchange, Identity, Model, Request
from claude_lens.guard.events import Spent
from claude_lens.settings import load
from claude_lens.store.numbers.spending import history
from claude_lens.store.reading.queries import open_reader
from claude_lens.store.sink import StoreSink

DAY = 86400.0
NOW = time.time()
TITLE = {"messages": [{"role": "user", "content": "Please write a 5-10 word title"}]}


def exchange(ident: str, at: float, usd: float | None = 0.5, **fields: object) -> Exchange:
    identity = Identity(
        session_id="s", user_id="u", key_alias="ann", project="/p", agent=Agent(evidence="default")
    )
    made = Exchange(
        id=ident,
        status="ok",
        identity=identity,
        model=Model(requested="m"),
        started_at=at,
        cost=Cost(usd=usd),
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def stored(tmp_path: Path, *exchanges: Exchange) -> list[Spent]:
    settings = load({"CLAUDE_LENS_HOME": str(tmp_path)})
    sink = StoreSink(settings.database_url)
    sink.writer.open()
    for one in exchanges:
        sink.ended(one)
    sink.close()
    with open_reader(settings) as reader, reader.connect() as connection:
        return list(history(connection, NOW))


def test_recent_ones_one_by_one_older_ones_as_sums(tmp_path: Path) -> None:
    old = NOW - 5 * DAY
    told = stored(
        tmp_path,
        exchange("e1", NOW - 60),
        exchange("e2", old, 0.25),
        exchange("e3", old + 1, 0.5),
        exchange("e4", old + 2, None),
        exchange("e5", NOW - 50, 0.1, request=Request(json=TITLE)),
        exchange("e6", NOW - 40, 0.1, endpoint="/v1/messages/count_tokens"),
        exchange("e7", NOW - 30, 0.0, status="refused", model=Model(requested="m", rule="depth")),
    )
    assert [(one.id, one.usd, one.requests, one.unpriced) for one in told if not one.id] == [("", 0.75, 3, 1)]
    assert sum(one.at // 900 for one in told if not one.id) == old // 900
    singles = {one.id: one for one in told if one.id}
    assert sorted(singles) == ["e1", "e5", "e6", "e7"]
    assert [singles[name].free for name in sorted(singles)] == [False, True, True, False]
    assert singles["e7"].refused == "depth"
    who = singles["e1"].who
    assert (who.session, who.agent, who.user, who.account, who.project, who.model) == (
        "s",
        "main",
        "ann",
        "u",
        "/p",
        "m",
    )


def test_sessions_that_sleep_for_long_are_left_out(tmp_path: Path) -> None:
    assert stored(tmp_path, exchange("e1", NOW - 40 * DAY)) == []


def test_a_long_session_is_whole(tmp_path: Path) -> None:
    told = stored(tmp_path, exchange("e1", NOW - 60 * DAY, 1.0), exchange("e2", NOW - 1, 2.0))
    assert sum(one.usd for one in told) == pytest.approx(3.0)
