"""Two ledgers and a real Redis: one sum."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_lens.capture import shared_sums
from claude_lens.capture.resp import Redis
from claude_lens.capture.shared_sums import Shared
from claude_lens.guard import file
from claude_lens.guard.events import Spent
from claude_lens.guard.file import Ruleset
from claude_lens.guard.ledger import Ledger
from claude_lens.guard.rules import Rule, Who
from claude_lens.settings import load
from tests.harness.redis import Redis as Server

RULE = Rule(**file.build("limit", "1/day", {"agent": "x"}))
WHO = Who(session="s", agent="x", agent_id="a")


class Side:
    """One proxy."""

    def __init__(self, port: int, origin: str) -> None:
        self.ledger = Ledger()
        self.ledger.use(Ruleset(rules=(RULE,)), time.time())
        self.shared = Shared(Redis("127.0.0.1", port), origin)

    def spend(self, ident: str, usd: float) -> None:
        spent = Spent(id=ident, at=time.time(), usd=usd, who=WHO)
        self.ledger.take(spent, time.time())
        self.shared.tell(spent)

    async def turn(self) -> None:
        await self.shared.turn(self.ledger, time.time())

    async def close(self) -> None:
        await self.shared.close()
        await asyncio.sleep(0)

    @property
    def usd(self) -> float:
        return self.ledger.fullest(RULE, time.time()).usd


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with Server(tmp_path) as server:
        yield server.port


def test_each_exchange_counts_once_on_every_side(port: int) -> None:
    async def play() -> None:
        one, two = Side(port, "a"), Side(port, "b")
        one.spend("e1", 0.25)
        two.spend("e2", 0.5)
        for side in (one, two, one, two, one):
            await side.turn()
        assert (one.usd, two.usd) == (0.75, 0.75)
        assert one.shared.synced
        # A third that starts anew, with an old story that it tells again.
        three = Side(port, "c")
        three.spend("e1", 0.25)
        await three.turn()
        await two.turn()
        assert (three.usd, two.usd) == (0.75, 0.75)
        for side in (one, two, three):
            await side.close()

    asyncio.run(play())


def test_what_is_in_flight_elsewhere_holds_back(port: int) -> None:
    async def play() -> None:
        one, two = Side(port, "a"), Side(port, "b")
        one.spend("e1", 0.9)
        assert one.ledger.ask("f1", WHO, 0.2, 0.3, time.time()).what == "pass"
        await one.turn()
        await two.turn()
        assert two.ledger.ask("f2", WHO, 0.01, 0.01, time.time()).what == "wait"
        one.spend("f1", 0.02)
        await one.turn()
        await two.turn()
        assert two.ledger.ask("f2", WHO, 0.01, 0.01, time.time()).what == "pass"
        await one.close()
        await two.close()

    asyncio.run(play())


def test_a_proxy_that_is_gone_holds_nobody_back(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        one, two = Side(port, "a"), Side(port, "b")
        one.spend("e1", 0.9)
        one.ledger.ask("f1", WHO, 0.2, 0.3, time.time())
        await one.turn()
        await two.turn()
        monkeypatch.setattr(shared_sums, "STALE", -1.0)
        await two.turn()
        assert two.ledger.ask("f2", WHO, 0.01, 0.01, time.time()).what == "pass"
        await one.close()
        await two.close()

    asyncio.run(play())


def test_where_redis_is_named(tmp_path: Path) -> None:
    settings = load({"CLAUDE_LENS_HOME": str(tmp_path)})
    assert shared_sums.from_environment(settings, {}) is None
    assert shared_sums.from_environment(settings, {"REDIS_HOST": "r", "REDIS_PORT": "x"}) is not None
    other = load({"CLAUDE_LENS_HOME": str(tmp_path / "b")})
    assert shared_sums.origin(settings) != shared_sums.origin(other)
