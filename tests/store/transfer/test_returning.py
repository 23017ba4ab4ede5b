from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from claude_lens.store.maintenance.retention import prune
from claude_lens.store.reading.queries import Reader
from claude_lens.store.schema import BUCKET, timings, tool_totals, totals
from claude_lens.store.sink import StoreSink
from claude_lens.store.transfer.importing import read_lines, store
from tests.store.conftest import Make, body_of, message_of
from tests.store.transfer.earlier_exports import lines_of_version_1
from tests.store.transfer.test_exporting import SESSION


def numbers(reader: Reader) -> dict[str, Any]:
    """Sums over everything, and how many totals are below zero."""
    names = (totals.c.requests, totals.c.output_tokens, totals.c.cost_usd)
    with reader.connect() as connection:
        sums = connection.execute(select(*(func.sum(name) for name in names))).one()
        tools = connection.execute(select(func.sum(tool_totals.c.calls))).scalar()
        timed = connection.execute(select(func.sum(timings.c.count))).scalar()
        below = connection.execute(select(func.count()).where(totals.c.requests < 0)).scalar()
    return {"sums": [round(float(one or 0), 9) for one in sums], "rest": (tools, timed), "below": below}


@pytest.mark.parametrize("part", [True, False])
def test_what_was_pruned_and_comes_back_counts_once(
    part: bool, url: str, sink: StoreSink, reader: Reader, make: Make
) -> None:
    start = 1_700_000_000 // BUCKET * BUCKET
    for turn in range(4):
        one = make(body_of(f"p{turn}"), message_of(turn))
        sink.ended(replace(one, id=f"{turn}" * 32, started_at=start + turn * 60.0))
    sink.flush()
    before = numbers(reader)
    lines = list(lines_of_version_1(reader, SESSION))
    for _ in range(2):
        prune(url, older_than=start + (150 if part else 9000))
        assert numbers(reader) == before
        # In two pieces, and each of them twice.
        for piece in (lines[:2], lines[:2], [lines[0], *lines[2:]], lines):
            store(url, read_lines(piece, "x"))
            assert numbers(reader) == before, len(piece)
        assert len(reader.exchanges(SESSION)) == 4
    with reader.connect() as connection:
        left = connection.execute(select(func.sum(totals.c.requests)).where(totals.c.session == 0)).scalar()
    assert not left
