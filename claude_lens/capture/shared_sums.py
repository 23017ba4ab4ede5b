"""Sums of several proxies: what each recorder priced, and what each keeps room for, through Redis.

Priced exchanges go into one stream, from which every proxy takes what it does not know; each is counted once,
whoever tells it, and a proxy that starts anew reads the stream from its beginning. What is in flight lies
under the name of its proxy and is replaced as a whole.
"""

from __future__ import annotations

import hashlib
import os
import socket
import time
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

import orjson

from claude_lens.capture.resp import Redis
from claude_lens.guard.events import Spent, from_json, who_from, who_json
from claude_lens.guard.ledger import Ledger
from claude_lens.guard.tally import Ticket
from claude_lens.settings import Settings

STREAM: Final = "claude-lens:guard:spent"
HELD: Final = "claude-lens:guard:held"
AT_ONCE: Final = 1000
KEPT: Final = 36 * 86400
WAITING: Final = 200_000
STALE: Final = 2.0
FIRST: Final = "0-0"


def from_environment(settings: Settings, environ: Mapping[str, str]) -> Shared | None:
    """Sharing where ``REDIS_HOST`` names a server."""
    host = environ.get("REDIS_HOST", "").strip()
    if not host:
        return None
    port = environ.get("REDIS_PORT", "").strip()
    redis = Redis(host, int(port) if port.isdecimal() else 6379, environ.get("REDIS_PASSWORD") or None)
    return Shared(redis, origin(settings))


def origin(settings: Settings) -> str:
    """What tells databases apart: two proxies on one need not tell each other what is in it."""
    place = settings.database_url
    named = f"{socket.gethostname()}:{place}" if place.startswith("sqlite") else place
    return hashlib.sha256(named.encode()).hexdigest()[:16]


class Shared:
    """This proxy's part in it. ``synced`` is true while Redis answers."""

    def __init__(self, redis: Redis, origin: str) -> None:
        self._redis = redis
        self._origin = origin
        self._me = f"{socket.gethostname()}:{os.getpid()}:{time.time_ns()}"
        self._outbox: deque[Spent] = deque(maxlen=WAITING)
        self._last: str | bytes = FIRST
        self._turn = 0
        self._told = False
        self._others: dict[bytes, tuple[int, float, list[Ticket]]] = {}
        self.synced = False

    def tell(self, spent: Spent) -> None:
        """Let others know with the next turn."""
        if spent.id:
            self._outbox.append(spent)

    async def turn(self, ledger: Ledger, now: float) -> None:
        """Hear what others told, tell what is new here. Raises :class:`RedisError`."""
        self.synced = False
        while await self._hear(ledger, now):
            pass
        await self._say(ledger)
        self.synced = True

    async def _hear(self, ledger: Ledger, now: float) -> bool:
        """Take in a piece of the stream; whether there is more."""
        last = self._last if isinstance(self._last, str) else self._last.decode()
        entries, held = await self._redis.ask(
            ("XRANGE", STREAM, f"({last}" if last != FIRST else "-", "+", "COUNT", AT_ONCE),
            ("HGETALL", HELD),
        )
        for key, fields in entries or ():
            self._last = key
            told = orjson.loads(fields[1])
            spent = from_json(told)
            # A database that both use has told it already, but for what is newer.
            if not ledger.knows(spent.id):
                ledger.take(spent, now)
        self._hear_held(held or [], ledger, now)
        return len(entries or ()) == AT_ONCE

    def _hear_held(self, fields: list[bytes], ledger: Ledger, now: float) -> None:
        heard: dict[bytes, tuple[int, float, list[Ticket]]] = {}
        at = time.monotonic()
        for name, value in zip(fields[::2], fields[1::2], strict=True):
            if name == self._me.encode():
                continue
            told = orjson.loads(value)
            known = self._others.get(name)
            if known is None or known[0] != told["turn"]:
                heard[name] = (told["turn"], at, [_ticket(one) for one in told["tickets"]])
            else:
                heard[name] = known
        self._others = heard
        alive = [one for _, since, tickets in heard.values() if at - since < STALE for one in tickets]
        ledger.hear_others(alive, now)

    async def _say(self, ledger: Ledger) -> None:
        tickets = [_ticket_json(one) for one in ledger.in_flight()]
        saying = [self._outbox[index] for index in range(min(len(self._outbox), AT_ONCE))]
        commands: list[tuple[str | bytes | int, ...]] = []
        oldest = int((time.time() - KEPT) * 1000)
        for spent in saying:
            commands.append(("XADD", STREAM, "MINID", "~", oldest, "*", "e", orjson.dumps(spent.to_json())))
        if tickets or self._told:
            self._turn += 1
            told = orjson.dumps({"turn": self._turn, "tickets": tickets})
            commands.append(("HSET", HELD, self._me, told) if tickets else ("HDEL", HELD, self._me))
        if commands:
            await self._redis.ask(*commands)
        self._told = bool(tickets)
        for _ in saying:
            self._outbox.popleft()

    async def close(self) -> None:
        """Tell that nothing is in flight here any more."""
        if self._told:
            await self._redis.ask(("HDEL", HELD, self._me))
        self._redis.close()


def _ticket_json(ticket: Ticket) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "at": ticket.at,
        "likely": ticket.likely,
        "most": ticket.most,
        "who": who_json(ticket.who),
    }


def _ticket(told: Mapping[str, Any]) -> Ticket:
    return Ticket(told["id"], who_from(told["who"]), told["at"], told["likely"], told["most"])
