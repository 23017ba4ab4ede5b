"""Growth from the sizes of days alone; over real databases it is tested with ``growth``."""

from __future__ import annotations

from dataclasses import dataclass

from claude_lens.store.numbers.growing import spans


@dataclass(frozen=True)
class Day:
    day: int
    bytes: int
    exchanges: int


def test_spans_begin_with_the_newest_size_that_is_old_enough() -> None:
    days = [Day(93, 3500, 100), Day(90, 2600, 97), Day(83, 1900, 90)]
    assert [tuple(one.values()) for one in spans(days)] == [(3, 300.0, 1.0), (10, 160.0, 1.0)]
    assert spans(days[:1]) == spans([]) == []
