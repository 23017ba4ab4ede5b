"""A sink's own place in the spool: what it has not committed comes again, and holds up nobody else."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_lens.errors import NotNow, Refused
from claude_lens.exchange import Exchange
from claude_lens.recorder import lane as lane_module
from claude_lens.recorder import process as process_module
from claude_lens.recorder.frames import Arrival, Ending
from claude_lens.settings import Settings, load
from tests.recorder.conftest import arrival, ending
from tests.recorder.playing import Playing


class Slow:
    """A sink that commits only while it is let."""

    name = "slow"

    def __init__(self) -> None:
        self.handed: list[tuple[str, int]] = []
        self.committed: list[tuple[str, int]] = []
        self.problem: Exception | None = None

    def arrived(self, exchange: Exchange) -> None:
        self.handed.append(("arrived", int(exchange.id, 16)))

    def ended(self, exchange: Exchange) -> None:
        self.handed.append((exchange.status, int(exchange.id, 16)))

    def flush(self) -> None:
        if self.problem:
            raise self.problem
        self.committed += self.handed
        self.handed.clear()

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_module, "RETRY_EVERY", 0.05)
    monkeypatch.setattr(process_module, "GRACE", 0.5)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"HOME": str(tmp_path), "CLAUDE_LENS_HOME": str(tmp_path)})


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def pairs(*numbers: int, body: bytes = b"{}") -> list[Arrival | Ending]:
    return [frame for number in numbers for frame in (arrival(number, body), ending(number))]


def seen(*numbers: int) -> list[tuple[str, int]]:
    return [told for number in numbers for told in (("arrived", number), ("ok", number))]


def test_a_sink_that_is_away_gets_everything_once_and_holds_up_no_other(settings: Settings) -> None:
    away, here = Slow(), Slow()
    away.problem = OSError("on holiday")
    playing = Playing(settings, {"away": lambda _: away, "here": lambda _: here})
    playing.handle(*pairs(1))
    until(lambda: playing.reports()[-1:] and playing.reports()[-1]["waiting_for"])
    playing.handle(*pairs(*range(2, 50)))
    until(lambda: here.committed == seen(*range(1, 50)))
    assert playing.reports()[-1]["waiting_for"] == {"away": "on holiday"}
    assert len(away.handed) <= 2
    assert playing.reports()[-1]["committed"] == 0
    away.problem = None
    playing.flush()
    assert away.committed == seen(*range(1, 50))
    assert playing.reports()[-1]["waiting_for"] == {}
    playing.close()


def test_not_now_is_no_fault(settings: Settings) -> None:
    sink = Slow()
    sink.problem = NotNow("the database is being upgraded")
    playing = Playing(settings, {"store": lambda _: sink})
    playing.handle(*pairs(1))
    until(lambda: playing.reports()[-1:] and playing.reports()[-1]["waiting_for"])
    assert playing.reports()[-1]["waiting_for"] == {"store": "the database is being upgraded"}
    sink.problem = None
    playing.flush()
    assert playing.reports()[-1]["faults"] == {}
    assert sink.committed == seen(1)
    playing.close()


def test_what_a_sink_refuses_is_lost_and_the_rest_is_not(settings: Settings) -> None:
    class Picky(Slow):
        def flush(self) -> None:
            bad = [told for told in self.handed if told == ("ok", 2)]
            super().flush()
            if bad:
                raise Refused("not that one", frozenset({f"{2:032x}"}))

    sink = Picky()
    playing = Playing(settings, {"store": lambda _: sink})
    playing.handle(*pairs(1, 2, 3))
    playing.flush()
    told = playing.reports()[-1]
    assert (told["recorded"], told["lost"], told["running"]) == (2, 1, 0)
    assert told["faults"]["store"]["last"] == "Refused: not that one"
    playing.close()


def test_a_batch_is_bounded_whatever_waits(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_module, "BATCH_BYTES", 10_000)
    sink = Slow()
    sink.problem = OSError("away")
    playing = Playing(settings, {"store": lambda _: sink})
    playing.handle(*pairs(*range(1, 30), body=b"x" * 3000))
    until(lambda: playing.reports()[-1:] and playing.reports()[-1]["waiting_for"])
    assert len(sink.handed) <= 8
    sink.problem = None
    playing.flush()
    assert sink.committed == seen(*range(1, 30))
    playing.close()


def test_a_sink_that_stays_away_does_not_hold_up_the_end(settings: Settings) -> None:
    sink = Slow()
    sink.problem = OSError("gone")
    playing = Playing(settings, {"store": lambda _: sink})
    playing.handle(*pairs(1, 2))
    began = time.monotonic()
    playing.close()
    assert time.monotonic() - began < 15
    assert sink.committed == []
    assert playing.reports()[-1]["committed"] == 0


def test_where_only_one_sink_waits_and_the_spool_is_full_its_oldest_make_way(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "crowded", lambda *_: True)
    lazy, store = Slow(), Slow()
    lazy.problem = OSError("gone")
    playing = Playing(settings, {"lazy": lambda _: lazy, "store": lambda _: store})
    playing.handle(*pairs(1, 2, 3))
    until(lambda: store.committed == seen(1, 2, 3))
    playing.handle(*pairs(4, 5))
    until(lambda: playing.reports()[-1]["committed"] == 10)
    lazy.problem = None
    until(lambda: lazy.committed)
    playing.handle(*pairs(6))
    playing.flush()
    assert store.committed == seen(1, 2, 3, 4, 5, 6)
    assert lazy.committed[-2:] == seen(6)
    assert playing.reports()[-1]["lost"] == 0
    playing.close()
