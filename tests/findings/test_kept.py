from __future__ import annotations

from claude_lens.findings import kept
from claude_lens.findings.look import stale, sums_of
from claude_lens.redact import Redactor
from claude_lens.store.maintenance.scrub import scrub
from claude_lens.store.reading.filters import Filter
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.findings.planted import Talk, said, used
from tests.store.conftest import T0, Make, ask, change

WHOLE = Filter()


def paused(sink: StoreSink, make: Make, session: str = "s") -> Talk:
    talk = Talk(sink, make, session)
    talk.turn("first", [said("a")], used(0, 80_000))
    talk.at += 840
    talk.turn("second", [said("b")], used(0, 80_100))
    sink.flush()
    return talk


def rows(reader: Reader) -> list[kept.Row]:
    with reader.connect() as connection:
        return stale(connection, WHOLE)


def test_what_is_kept_holds_until_the_session_goes_on(
    sink: StoreSink, reader: Reader, make: Make, url: str
) -> None:
    talk = paused(sink, make)
    told: list[float] = []
    kept.keep(url, rows(reader), told.append)
    assert (rows(reader), told) == ([], [1.0])
    with reader.connect() as connection:
        before = sums_of(connection, WHOLE)[0]
    talk.at += 840
    talk.turn("third", [said("c")], used(0, 80_200))
    sink.flush()
    assert [row.id for row in rows(reader)] == ["s"]
    kept.keep(url, rows(reader))
    with reader.connect() as connection:
        after = sums_of(connection, WHOLE)[0]
    assert [total.count for _, total in before.values()] == [1]
    assert [total.count for _, total in after.values()] == [2]
    assert before.keys() == after.keys()


def test_a_range_takes_from_what_is_kept_only_whole_sessions(
    sink: StoreSink, reader: Reader, make: Make, url: str
) -> None:
    paused(sink, make)
    kept.keep(url, rows(reader))
    with reader.connect() as connection:
        early = Filter(until=T0 + 100)
        assert [kept.is_whole(row, early) for row in kept.overlapping(connection, early)] == [False]
        assert sums_of(connection, early)[0] == {}
        assert len(sums_of(connection, Filter(since=T0 + 100))[0]) == 1
        assert kept.overlapping(connection, Filter(since=T0 + 9_000)) == []
        assert kept.overlapping(connection, Filter(project="/elsewhere")) == []


def test_other_rules_and_damage(sink: StoreSink, reader: Reader, make: Make, url: str) -> None:
    paused(sink, make)
    kept.keep(url, rows(reader))
    change(url, "UPDATE session_findings SET rules = 0")
    assert len(rows(reader)) == 1
    kept.keep(url, rows(reader))
    change(url, "UPDATE session_findings SET data = :data", data=b"\x00nonsense")
    assert len(rows(reader)) == 1
    with reader.connect() as connection:
        assert len(sums_of(connection, WHOLE)[0]) == 1


def test_scrubbing_forgets_it(sink: StoreSink, reader: Reader, make: Make, url: str) -> None:
    paused(sink, make)
    kept.keep(url, rows(reader))
    scrub(url, Redactor())
    assert ask(url, "SELECT count(*) FROM session_findings") == [(0,)]
