from __future__ import annotations

import pytest

from claude_lens.findings.look import LEAST_MS, is_worth_telling, spent, waste
from claude_lens.findings.losses import Sum
from claude_lens.store.reading.filters import Filter
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.findings.planted import READ, WRITE, Talk, found, said, used
from tests.store.conftest import T0, Make


def paused(sink: StoreSink, make: Make, session: str, cached: int, project: str = "/home/me/app") -> Talk:
    talk = Talk(sink, make, session, project=project)
    talk.turn("first", [said("a")], used(0, cached))
    talk.at += 840
    talk.turn("second", [said("b")], used(0, cached))
    sink.flush()
    return talk


@pytest.mark.parametrize(
    ("usd", "ms", "told"),
    [(0.0101, 0.0, True), (0.0099, 0.0, False), (0.011, 0.0, True), (0.0, LEAST_MS, True), (0.0, 9.0, False)],
)
def test_below_a_cent_none_is_told(usd: float, ms: float, told: bool) -> None:
    total = Sum("", None)
    total.usd, total.ms = usd, ms
    assert is_worth_telling(total, 1.0, 100_000.0) is told
    # And none that is less than a hundredth of all.
    assert not is_worth_telling(total, 2.0, LEAST_MS * 200)


def test_findings_of_several_sessions_are_one(sink: StoreSink, reader: Reader, make: Make) -> None:
    one, two = paused(sink, make, "s", 80_000), paused(sink, make, "t", 40_000, "/home/me/other")
    whole = found(reader)
    (finding,) = whole["findings"]
    assert finding["usd"] == whole["total_usd"] == pytest.approx(120_000 * (WRITE - READ))
    assert (finding["count"], finding["sessions"], whole["sessions"]) == (2, 2, 2)
    assert finding["evidence"] == [one.sent[1].id, two.sent[1].id]
    alone = found(reader, project="/home/me/other")
    (part,) = alone["findings"]
    assert (part["id"], part["evidence"]) == (finding["id"], [two.sent[1].id])
    assert alone["cost_usd"] == pytest.approx(80_000 * WRITE)


def test_only_the_range_counts(sink: StoreSink, reader: Reader, make: Make) -> None:
    paused(sink, make, "s", 80_000)
    assert len(found(reader, since=T0 + 100)["findings"]) == 1
    assert found(reader, until=T0 + 100)["findings"] == []
    nothing = found(reader, since=T0 + 9_999)
    assert (nothing["sessions"], nothing["cost_usd"], nothing["total_usd"]) == (0, 0.0, 0)


def test_a_page_need_not_wait_for_everything(sink: StoreSink, reader: Reader, make: Make) -> None:
    for name in "stu":
        paused(sink, make, name, 80_000)
    with reader.connect() as connection:
        some = waste(connection, Filter(), most=1)
        assert (some["pending"], some["sessions"], some["findings"][0]["count"]) == (2, 3, 1)
        assert spent(connection, Filter(session="s"))[0] == pytest.approx(160_000 * WRITE)
