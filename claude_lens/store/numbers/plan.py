"""Where a subscription's hours went: rises of its windows, given to the exchanges that ended in between.

Every answer of a claude.ai login tells how much of each window is used, for the whole account and rounded. A
rise between two readings belongs to the exchanges that ended in between, by what their tokens cost; where
none of ours did, it was elsewhere: a phone, another machine. What a rounded reading does not show yet waits
for the next rise, so that the parts add up to the reading itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypedDict

from sqlalchemy import Connection, func, select

from claude_lens.agents.rules import called
from claude_lens.exchange import Agent
from claude_lens.store.reading.forms import iso
from claude_lens.store.rows import NO_SESSION
from claude_lens.store.schema import exchanges, plan_readings, sessions

LENGTHS: Final = {"5h": 5 * 3600.0, "7d": 7 * 86400.0}
"""Seconds that a window lasts."""
SAME_RESET: Final = 120.0
"""Seconds by which the told end of one window may differ."""
JITTER: Final = 0.0201
"""Answers that cross each other tell a little less than one before; more is a new window."""


class Key(NamedTuple):
    """Whom a part belongs to."""

    session_id: str | None
    agent: str | None
    project: str | None
    model: str | None


class Part(TypedDict):
    """A part of a window: ``share`` of 1."""

    session_id: str | None
    agent: str | None
    project: str | None
    model: str | None
    share: float


class PlanWindow(TypedDict):
    """A window of an account; times in ISO 8601, shares of 1; the parts and ``elsewhere`` make ``used``."""

    account: str
    name: str
    used: float
    resets_at: str | None
    full_at: str | None
    read_at: str
    by: list[Part]
    elsewhere: float


@dataclass(frozen=True, slots=True)
class Read:
    """One reading."""

    at: float
    used: float
    resets_at: float | None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """One exchange: when it ended, whose it was, what it cost."""

    at: float
    key: Key
    usd: float


@dataclass(slots=True)
class Attributed:
    """A window as it stands: what was last read, and who used it."""

    last: Read
    parts: dict[Key, float] = field(default_factory=dict)
    elsewhere: float = 0.0


def attribute(readings: Sequence[Read], uses: Sequence[Use], length: float) -> Attributed | None:
    """The newest window among ``readings``, of ``length`` seconds; all in order of time. None without any."""
    window: Attributed | None = None
    waiting: list[Use] = []
    index = 0
    for read in readings:
        begun = 0.0 if read.resets_at is None else read.resets_at - length - SAME_RESET
        if window is not None and _is_new(window.last, read):
            # What ended before the old window did is the old one's.
            begun = max(begun, min(window.last.resets_at or window.last.at, read.at))
            window, waiting = None, [one for one in waiting if one.at >= begun]
        while index < len(uses) and uses[index].at <= read.at:
            if uses[index].at >= begun and uses[index].usd > 0:
                waiting.append(uses[index])
            index += 1
        before = 0.0
        if window is None:
            window = Attributed(read)
        else:
            before = window.last.used
        rise = read.used - before
        if rise > 0:
            _give(window, rise, waiting)
            waiting = []
            window.last = read
        elif window.last is not read:
            window.last = Read(read.at, before, read.resets_at, read.status)
    return window


def _is_new(last: Read, read: Read) -> bool:
    if last.resets_at is not None and read.resets_at is not None:
        if read.resets_at > last.resets_at + SAME_RESET:
            return True
    elif last.resets_at is not None and read.at >= last.resets_at:
        return True
    return read.used < last.used - JITTER


def _give(window: Attributed, rise: float, waiting: Iterable[Use]) -> None:
    listed = list(waiting)
    total = sum(one.usd for one in listed)
    if not listed or total <= 0:
        window.elsewhere += rise
        return
    for one in listed:
        window.parts[one.key] = window.parts.get(one.key, 0.0) + rise * one.usd / total


def latest(connection: Connection, now: float | None = None) -> list[dict[str, Any]]:
    """The newest reading of each window that is not over: ``account``, ``name``, ``used``, ``status`` …"""
    now = time.time() if now is None else now
    newest = (
        select(plan_readings.c.account, plan_readings.c.window, func.max(plan_readings.c.at).label("at"))
        .group_by(plan_readings.c.account, plan_readings.c.window)
        .subquery()
    )
    query = select(plan_readings).join(
        newest,
        (plan_readings.c.account == newest.c.account)
        & (plan_readings.c.window == newest.c.window)
        & (plan_readings.c.at == newest.c.at),
    )
    found = {}
    for row in connection.execute(query).mappings():
        length = LENGTHS.get(row["window"], max(LENGTHS.values()))
        over = row["resets_at"] if row["resets_at"] is not None else row["at"] + length
        if over > now:
            found[(row["account"], row["window"])] = {**row, "name": row["window"]}
    return sorted(found.values(), key=lambda one: (-one["at"], one["account"], one["name"]))


class Standing(TypedDict):
    """How a window of an account stands; times in ISO 8601, ``used`` of 1."""

    account: str
    name: str
    used: float
    resets_at: str | None
    full_at: str | None
    read_at: str


def standing(connection: Connection, now: float | None = None) -> list[Standing]:
    """The windows of every account that are not over, without who used them, which takes longer."""
    now = time.time() if now is None else now
    shown: list[Standing] = []
    for one in latest(connection, now):
        if one["name"] not in LENGTHS:
            continue
        full = _full_at(one["used"], one["resets_at"], LENGTHS[one["name"]], one["at"], now)
        shown.append(
            {
                "account": one["account"],
                "name": one["name"],
                "used": one["used"],
                "resets_at": None if one["resets_at"] is None else iso(one["resets_at"]),
                "full_at": None if full is None else iso(full),
                "read_at": iso(one["at"]),
            }
        )
    return sorted(shown, key=lambda window: (window["account"], window["name"]))


def plan(connection: Connection, now: float | None = None) -> list[PlanWindow]:
    """The windows of every account that are not over, with who used them."""
    now = time.time() if now is None else now
    shown: list[PlanWindow] = []
    for newest in latest(connection, now):
        if newest["name"] not in LENGTHS:
            continue
        length = LENGTHS[newest["name"]]
        since = newest["at"] - length - SAME_RESET
        uses = _uses(connection, newest["account"], since)
        window = attribute(_readings(connection, newest, since), uses, length)
        if window is not None:
            shown.append(_shown(newest, window, now))
    return sorted(shown, key=lambda one: (one["account"], one["name"]))


def _readings(connection: Connection, newest: dict[str, Any], since: float) -> list[Read]:
    columns = plan_readings.c
    query = (
        select(columns.at, columns.used, columns.resets_at, columns.status)
        .where(columns.account == newest["account"], columns.window == newest["window"], columns.at >= since)
        .order_by(columns.at, columns.used)
    )
    return [Read(*row) for row in connection.execute(query)]


def _uses(connection: Connection, account: str, since: float) -> list[Use]:
    """Exchanges of sessions that told readings of this account, in the order in which they ended."""
    mine = (
        select(exchanges.c.session)
        .join(plan_readings, plan_readings.c.exchange == exchanges.c.id)
        .where(plan_readings.c.account == account, plan_readings.c.at >= since)
        .distinct()
    )
    names = ("agent_id", "agent_parent_id", "agent_type", "agent_name", "request_class")
    query = (
        select(
            sessions.c.session_id,
            *(exchanges.c[name] for name in names),
            exchanges.c.project,
            func.coalesce(exchanges.c.model_routed, exchanges.c.model_requested).label("model"),
            exchanges.c.cost_usd,
            (exchanges.c.started_at + func.coalesce(exchanges.c.duration_ms, 0.0) / 1000).label("ended"),
        )
        .join_from(exchanges, sessions)
        .where(
            exchanges.c.session.in_(mine), exchanges.c.started_at >= since - 3600, exchanges.c.cost_usd > 0
        )
    )
    found = []
    for row in connection.execute(query):
        agent = Agent(
            id=row.agent_id,
            parent_id=row.agent_parent_id,
            type=row.agent_type,
            name=row.agent_name,
            evidence="default",
        )
        session = None if row.session_id.startswith(NO_SESSION) else row.session_id
        key = Key(session, called(agent, row.request_class) or None, row.project, row.model)
        found.append(Use(float(row.ended), key, float(row.cost_usd)))
    return sorted(found, key=lambda one: one.at)


def _shown(newest: dict[str, Any], window: Attributed, now: float) -> PlanWindow:
    last, resets = window.last, newest["resets_at"]
    parts = sorted(window.parts.items(), key=lambda one: (-one[1], str(one[0])))
    full = _full_at(last.used, resets, LENGTHS[newest["name"]], last.at, now)
    return {
        "account": newest["account"],
        "name": newest["name"],
        "used": last.used,
        "resets_at": None if resets is None else iso(resets),
        "full_at": None if full is None else iso(full),
        "read_at": iso(last.at),
        "by": [{**key._asdict(), "share": share} for key, share in parts],  # type: ignore[typeddict-item]
        "elsewhere": window.elsewhere,
    }


def _full_at(used: float, resets: float | None, length: float, at: float, now: float) -> float | None:
    """When the window is full if it goes on as since its begin; None where it ends before."""
    if resets is None or used <= 0:
        return None
    begun = resets - length
    if used >= 1 or at <= begun:
        return at if used >= 1 else None
    full = begun + (at - begun) / used
    return full if full < resets else None


def grouped(windows: Sequence[PlanWindow], by: str) -> dict[str, dict[str, float]]:
    """Shares by ``session``, ``agent`` or ``project``: ``{value: {"5h": share}}``, with ``elsewhere``."""
    found: dict[str, dict[str, float]] = {}
    for window in windows:
        for part in window["by"]:
            shares = found.setdefault(_value(part, by) or "", {})
            shares[window["name"]] = shares.get(window["name"], 0.0) + part["share"]
        if window["elsewhere"]:
            shares = found.setdefault("elsewhere", {})
            shares[window["name"]] = shares.get(window["name"], 0.0) + window["elsewhere"]
    return found


def _value(part: Part, by: str) -> str | None:
    return part["session_id"] if by == "session" else part["agent"] if by == "agent" else part["project"]
