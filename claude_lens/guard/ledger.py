"""What was spent, by whom, and whether one more request fits: all in memory, one thread only.

Sums are fed with :class:`~claude_lens.guard.events.Spent`, the recorder's priced exchanges, each once. They
are kept by quarter of an hour and by who asked, so that a rule that is set later knows what was spent before.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from claude_lens.guard.events import Reading, Spent
from claude_lens.guard.file import Grant, Ruleset
from claude_lens.guard.rules import EACH, Rule, Who
from claude_lens.guard.sessions import Sessions, depth
from claude_lens.guard.tally import ROUGHLY, Tally, Ticket
from claude_lens.guard.windows import span

BUCKET: Final = 900.0
REMEMBERED: Final = 100_000
SHAPES: Final = 4096
STOPPED: Final = 100
OLDEST: Final = 40 * 86400.0
PRUNE: Final = 100_000
LOST_AFTER: Final = 60.0
"""Seconds after an answer's end, when its reservation is given up: the recorder has lost it."""
NOBODY: Final = Who()


@dataclass(slots=True)
class _Sum:
    usd: float = 0.0
    requests: int = 0
    unpriced: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """``pass``, ``wait`` (those in flight may use up what is left) or ``stop``, for which rule and sum."""

    what: Literal["pass", "wait", "stop"]
    rule: Rule | None = None
    spent: float = 0.0
    limit: float = 0.0
    until: float | None = None
    ticket: Ticket | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A sum reached the part of its limit at which people want to know, or the limit: ``warn``, ``stop``."""

    event: Literal["warn", "stop"]
    rule: Rule
    session: str | None
    spent: float
    limit: float
    at: float


class Ledger:
    """The sums of one proxy, with those that other proxies tell."""

    def __init__(self) -> None:
        self.set = Ruleset()
        self.notices: deque[Notice] = deque(maxlen=1000)
        self._sums: dict[tuple[float, Who], _Sum] = {}
        self._seen: OrderedDict[str, None] = OrderedDict()
        self.sessions = Sessions()
        self._readings: dict[tuple[str, str], Reading] = {}
        self._tickets: dict[str, Ticket] = {}
        self._others: tuple[Ticket, ...] = ()
        self._tallies: dict[tuple[str, str | None], Tally] = {}
        self._stopped: dict[str, OrderedDict[str, dict[str, Any]]] = {}
        self._shapes: dict[Who, tuple[Rule, ...]] = {}
        self._anyone: tuple[Rule, ...] = ()
        self._by_session: dict[str, list[Rule]] = {}
        self._prune_at = PRUNE

    # Rules

    def use(self, found: Ruleset, now: float) -> None:
        """Ask these rules from now on; sums are made anew from what was spent."""
        self.set = found
        self._shapes.clear()
        self._anyone = tuple(rule for rule in found.rules if rule.only_session is None)
        self._by_session = {}
        for rule in found.rules:
            if rule.only_session is not None:
                self._by_session.setdefault(rule.only_session, []).append(rule)
        self._tallies = {}
        for ticket in self._tickets.values():
            ticket.tallies = []
        for (at, who), total in self._sums.items():
            self._count(who, at, total, now, quiet=True)
        for ticket in self._tickets.values():
            for tally in self._sums_of(ticket.who, ticket.at, now):
                tally.hold(ticket)
        self.hear_others(self._others, now)
        for tally in self._tallies.values():
            self._note(tally, now, quiet=True)

    def rules_for(self, who: Who) -> tuple[Rule, ...]:
        """The rules that have a say in what ``who`` asks, in their order."""
        shape = replace(who, session=None, agent_id=None, parent_id=None)
        found = self._shapes.get(shape)
        if found is None:
            if len(self._shapes) >= SHAPES:
                self._shapes.clear()
            found = self._shapes[shape] = tuple(rule for rule in self._anyone if rule.applies(shape))
        if self._by_session and who.session in self._by_session:
            return (*found, *(rule for rule in self._by_session[who.session] if rule.applies(who)))
        return found

    def _tally(self, rule: Rule, who: Who, at: float, now: float) -> Tally | None:
        """The sum of a rule that a request of the moment ``at`` belongs to; None where its window is over."""
        session = who.session if rule.by_session else None
        key = (rule.id, session)
        tally = self._tallies.get(key)
        if tally is None or (tally.end is not None and now >= tally.end):
            begin, end = span(rule.window, now) if rule.window else (0.0, None)
            tally = self._tallies[key] = Tally(rule, session, begin, end)
            tally.extra = self._extra(tally)
        return tally if at >= tally.begin else None

    def _extra(self, tally: Tally) -> float:
        extra = 0.0
        for grant in self.set.grants:
            if self._holds(grant, tally.rule, tally.session, tally.begin, tally.end):
                extra += math.inf if grant.amount is None else grant.amount
        return extra

    @staticmethod
    def _holds(grant: Grant, rule: Rule, session: str | None, begin: float, end: float | None) -> bool:
        if grant.rule != rule.id or grant.session not in (None, session):
            return False
        return grant.at >= begin and (end is None or grant.at < end)

    def _sums_of(self, who: Who, at: float, now: float) -> list[Tally]:
        found = []
        for rule in self.rules_for(who):
            if rule.kind in ("usd", "requests") and (tally := self._tally(rule, who, at, now)) is not None:
                found.append(tally)
        return found

    # What was spent

    def take(self, spent: Spent, now: float, *, quiet: bool = False) -> None:
        """Count what the recorder priced; a second time changes nothing. ``quiet``: it is an old story."""
        if spent.id:
            self.release(spent.id)
            if spent.id in self._seen:
                return
            self._seen[spent.id] = None
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        for reading in spent.readings:
            self._read(reading)
        if spent.refused is not None:
            self.stopped(spent.refused, spent.who, spent.at, spent.id)
            return
        self.sessions.know(spent)
        if spent.free:
            return
        key = (spent.at // BUCKET * BUCKET, replace(spent.who, agent_id=None, parent_id=None))
        total = self._sums.setdefault(key, _Sum())
        added = _Sum(spent.usd, spent.requests, spent.unpriced)
        total.usd, total.requests = total.usd + added.usd, total.requests + added.requests
        total.unpriced += added.unpriced
        self._count(spent.who, spent.at, added, now, quiet=quiet)

    def knows(self, exchange_id: str) -> bool:
        """Whether the exchange is counted."""
        return exchange_id in self._seen

    def _count(self, who: Who, at: float, added: _Sum, now: float, *, quiet: bool = False) -> None:
        for tally in self._sums_of(who, at, now):
            tally.usd += added.usd
            tally.requests += added.requests
            tally.unpriced += added.unpriced
            self._note(tally, now, quiet=quiet)

    def _note(self, tally: Tally, now: float, *, quiet: bool = False) -> None:
        limit = tally.limit
        level = 2 if tally.full() else 1 if tally.spent >= self.set.warn_at * limit - ROUGHLY else 0
        if level <= tally.told:
            return
        tally.told = level
        if not quiet:
            event: Literal["warn", "stop"] = "stop" if level == 2 and tally.rule.mode == "stop" else "warn"
            self.notices.append(Notice(event, tally.rule, tally.session, tally.spent, limit, now))

    def _read(self, reading: Reading) -> None:
        key = (reading.account, reading.name)
        known = self._readings.get(key)
        if known is None or reading.at >= known.at:
            self._readings[key] = reading

    def stopped(self, rule_id: str, who: Who, at: float, exchange_id: str) -> None:
        """Keep in mind who was stopped."""
        listed = self._stopped.setdefault(rule_id, OrderedDict())
        told = {"at": at, "session_id": who.session, "agent": who.agent, "exchange_id": exchange_id}
        listed.setdefault(exchange_id, told)
        while len(listed) > STOPPED:
            listed.popitem(last=False)

    # One more request

    def ask(self, exchange_id: str, who: Who, likely: float, most: float, now: float) -> Verdict:
        """Whether a request may pass; where it does, room is kept for it until :meth:`take` or a loss."""
        rules = self.rules_for(who)
        if not rules:
            return Verdict("pass")
        waiting: Verdict | None = None
        tallies = []
        for rule in rules:
            if rule.kind in ("usd", "requests"):
                tally = self._tally(rule, who, now, now)
                assert tally is not None
                tallies.append(tally)
                if rule.mode == "warn":
                    continue
                if tally.full() or (rule.kind == "requests" and tally.crowded(self.set.warn_at)):
                    return Verdict("stop", rule, tally.spent, tally.limit, tally.end)
                if waiting is None and tally.crowded(self.set.warn_at):
                    waiting = Verdict("wait", rule, tally.spent, tally.limit, tally.end)
            elif rule.mode == "stop" and (refusal := self._exceeds(rule, who, now)) is not None:
                return refusal
        if waiting is not None:
            return waiting
        self.sessions.know_agent(who)
        ticket = Ticket(exchange_id, who, now, likely, most)
        for tally in tallies:
            tally.hold(ticket)
        self._tickets[exchange_id] = ticket
        return Verdict("pass", ticket=ticket)

    def _exceeds(self, rule: Rule, who: Who, now: float) -> Verdict | None:
        """The refusal of a rule that is about no sum."""
        begin = 0.0
        if rule.kind == "plan":
            reading = self._reading(rule, who, now)
            if reading is None or reading.used < rule.limit:
                return None
            spent, until = reading.used, reading.resets_at
            # An answer tells when its window ends, and the window's name how long it lasts.
            begin = (until or now) - (5 * 3600 if rule.plan == "5h" else 7 * 86400)
        else:
            agents = self.sessions.agents_of(who.session)
            if who.agent_id is None or who.agent_id in agents:
                return None
            until = None
            spent = float(len(agents)) if rule.kind == "agents" else depth(agents, who)
            if spent < rule.limit or (rule.kind == "depth" and spent <= rule.limit):
                return None
        session = who.session if rule.by_session else None
        allowed = [one for one in self.set.grants if self._holds(one, rule, session, begin, until)]
        limit = rule.limit + sum(math.inf if one.amount is None else one.amount for one in allowed)
        over = spent > limit if rule.kind == "depth" else spent >= limit
        return Verdict("stop", rule, spent, limit, until) if over else None

    def _reading(self, rule: Rule, who: Who, now: float) -> Reading | None:
        found = [
            one
            for (account, name), one in self._readings.items()
            if name == rule.plan
            and (who.account is None or account == who.account)
            and rule.scope.get("account", EACH) in (EACH, account)
            and (one.resets_at is None or one.resets_at > now)
        ]
        return max(found, key=lambda one: one.at, default=None)

    def ended(self, exchange_id: str, now: float) -> None:
        """The answer is over; the recorder will tell what it was."""
        ticket = self._tickets.get(exchange_id)
        if ticket is not None:
            ticket.ended = now

    def release(self, exchange_id: str) -> None:
        """Let go of the room that is kept for a request."""
        ticket = self._tickets.pop(exchange_id, None)
        if ticket is not None:
            for tally in ticket.tallies:
                tally.release(ticket)

    def tick(self, now: float) -> None:
        """Give up what the recorder will not tell any more."""
        lost = [
            one.id for one in self._tickets.values() if one.ended is not None and now - one.ended > LOST_AFTER
        ]
        for exchange_id in lost:
            self.release(exchange_id)
        if len(self._sums) > self._prune_at:
            self._sums = {key: total for key, total in self._sums.items() if now - key[0] < OLDEST}
            self._prune_at = max(PRUNE, 2 * len(self._sums))

    # Other proxies

    def in_flight(self) -> list[Ticket]:
        """What this proxy keeps room for."""
        return list(self._tickets.values())

    def hear_others(self, tickets: Iterable[Ticket], now: float) -> None:
        """What other proxies keep room for, all of it."""
        for tally in self._tallies.values():
            tally.others_likely = tally.others_most = 0.0
            tally.others = 0
        self._others = tuple(tickets)
        for ticket in self._others:
            self.sessions.know_agent(ticket.who)
            if self.knows(ticket.id):
                continue
            for tally in self._sums_of(ticket.who, ticket.at, now):
                tally.others_likely += ticket.likely
                tally.others_most += ticket.most
                tally.others += 1

    # For people

    def fullest(self, rule: Rule, now: float, session: str | None = None) -> Tally:
        """The sum of a rule, or of its session that has spent most; ``session`` chooses one."""
        found = [
            tally
            for (rule_id, _), tally in self._tallies.items()
            if rule_id == rule.id
            and (tally.end is None or tally.end > now)
            and (session is None or not rule.by_session or tally.session == session)
        ]
        empty = (
            self._tally(rule, Who(session=session), now, now) if not found and not rule.by_session else None
        )
        begin, end = span(rule.window, now) if rule.window else (0.0, None)
        return max(found, key=lambda one: one.spent, default=empty or Tally(rule, session, begin, end))

    def tallies(self, now: float) -> list[Tally]:
        """Every sum whose window is not over."""
        return [one for one in self._tallies.values() if one.end is None or one.end > now]

    def readings(self, now: float) -> list[Reading]:
        """The newest reading of each window that is not over."""
        return [one for one in self._readings.values() if one.resets_at is None or one.resets_at > now]

    def plan_reading(self, rule: Rule, now: float) -> Reading | None:
        """What the plan's window of a rule stands at."""
        return self._reading(rule, NOBODY, now)

    def stops(self, rule: Rule, begin: float) -> list[dict[str, Any]]:
        """Who was stopped by a rule since ``begin``, oldest first."""
        listed = self._stopped.get(rule.id, OrderedDict())
        return sorted(
            (one for one in listed.values() if one["at"] >= begin), key=lambda one: float(one["at"])
        )
