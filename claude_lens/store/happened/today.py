"""A day: who is at work and who waits, what ended since one last looked, what it cost, what was lost.

The day begins at midnight of this machine's time zone. Costs come from the totals, by the quarter of an
hour; everything else looks at a bounded number of sessions.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Final, TypedDict

from sqlalchemy import Connection, func, select

from claude_lens.happened.states import ACTIVE, SessionState, iso
from claude_lens.store.happened.digests import Digest, digests_of
from claude_lens.store.happened.listing import Told, told
from claude_lens.store.happened.live import active, states_of
from claude_lens.store.numbers.plan import Standing, standing
from claude_lens.store.reading import forms
from claude_lens.store.reading.queries import Reader
from claude_lens.store.schema import sessions, totals

MOST: Final = 100
"""Sessions that are looked at of those that ended."""
LOOKED_AT: Final = 300
"""Sessions whose losses are added up."""
DEAREST: Final = 5
USUAL_DAYS: Final = 28
"""Days before today that tell what is usual."""
RETRIES: Final = "retries"


class Loss(TypedDict):
    """What was lost to a cause: US dollars, milliseconds."""

    cause: str
    usd: float
    ms: float


class Doing(TypedDict):
    """A session and what it does."""

    session: forms.Session
    state: SessionState


class Going(TypedDict):
    """Who is at work, and who waits for somebody."""

    running: list[Doing]
    waiting: list[Doing]


class Now(TypedDict):
    """Who is at work, and who waits for somebody: the newest first."""

    running: list[Told]
    waiting: list[Told]


class Today(Now):
    """A day. ``since``: from when on ``finished`` and ``failed`` sessions are listed; ``day``: its beginning.

    ``usual_usd`` is the median cost of the days before on which something was spent; None without one.
    """

    finished: list[Told]
    failed: list[Told]
    cost_usd: float
    usual_usd: float | None
    windows: list[Standing]
    losses: list[Loss]
    dearest: list[Told]
    since: str
    day: str


def today(reader: Reader, since: float | None = None, now: float | None = None) -> Today:
    """The day that ``now`` is in; ``since`` is the beginning of the day where nobody says."""
    now = time.time() if now is None else now
    day = midnight(now)
    since = day if since is None else since
    with reader.connect() as connection:
        states = _states(connection, since, now)
        names = _names(connection, list(states))
        dear = dearest(connection, day)
        cost, usual = spent(connection, day), usual_cost(connection, day)
        windows, lost = standing(connection, now), losses(connection, day)
    groups = grouped(states)
    every = told(reader, reader.sessions_of(list({*(names[key] for key in states), *dear})), now)
    known = {one["id"]: one for one in every}
    by_group = {
        group: [known[names[key]] for key in keys if names[key] in known] for group, keys in groups.items()
    }
    return {
        "running": by_group["running"],
        "waiting": by_group["waiting"],
        "finished": by_group["finished"],
        "failed": by_group["failed"],
        "cost_usd": cost,
        "usual_usd": usual,
        "windows": windows,
        "losses": lost,
        "dearest": [known[name] for name in dear if name in known],
        "since": iso(since),
        "day": iso(day),
    }


def going_on(reader: Reader, now: float | None = None) -> Going:
    """Who is at work and who waits: what changes from moment to moment, at little cost."""
    now = time.time() if now is None else now
    with reader.connect() as connection:
        states = states_of(connection, active(connection, now), now)
        names = _names(connection, list(states))
    groups = grouped(states)
    wanted = [key for group in ("running", "waiting") for key in groups[group]]
    known = {one["id"]: one for one in reader.sessions_of([names[key] for key in wanted])}

    def of(group: str) -> list[Doing]:
        keys = [key for key in groups[group] if names[key] in known]
        return [{"session": known[names[key]], "state": states[key]} for key in keys]

    return {"running": of("running"), "waiting": of("waiting")}


def midnight(now: float) -> float:
    """When the day of this moment began, in this machine's time zone."""
    at = datetime.fromtimestamp(now).astimezone()
    return datetime(at.year, at.month, at.day).astimezone().timestamp()


def _states(connection: Connection, since: float, now: float) -> dict[int, SessionState]:
    ended = (
        select(sessions.c.id)
        .where(sessions.c.last_at >= since)
        .order_by(sessions.c.last_at.desc(), sessions.c.id.desc())
        .limit(MOST)
    )
    keys = list(dict.fromkeys([*active(connection, now), *(key for (key,) in connection.execute(ended))]))
    # Those that are active are looked at further back than those that ended are listed.
    recent = {key for (key,) in connection.execute(ended)}
    found = states_of(connection, keys, now)
    return {key: one for key, one in found.items() if key in recent or _group(one) in ("running", "waiting")}


def _group(state: SessionState) -> str:
    if state["kind"] in ACTIVE:
        return "running"
    if state["kind"] == "waiting_user":
        return "waiting"
    return "failed" if state["kind"] in ("error", "refused") else "finished"


def grouped(states: Mapping[int, SessionState]) -> dict[str, list[int]]:
    """Keys of sessions by ``running``, ``waiting``, ``finished``, ``failed``, in their order."""
    found: dict[str, list[int]] = {"running": [], "waiting": [], "finished": [], "failed": []}
    for key, state in states.items():
        found[_group(state)].append(key)
    return found


def _names(connection: Connection, keys: Sequence[int]) -> dict[int, str]:
    query = select(sessions.c.id, sessions.c.session_id).where(sessions.c.id.in_(keys))
    return {row.id: row.session_id for row in connection.execute(query)}


def spent(connection: Connection, day: float) -> float:
    """What was spent since, in US dollars, at known prices."""
    query = select(func.coalesce(func.sum(totals.c.cost_usd), 0.0)).where(totals.c.bucket >= int(day))
    return float(connection.execute(query).scalar_one())


def usual_cost(connection: Connection, day: float) -> float | None:
    """The median of what was spent on each of the days before, those without anything left out."""
    costs = [usd for usd in _by_day(connection, day) if usd > 0]
    return median(costs) if costs else None


def _by_day(connection: Connection, day: float) -> list[float]:
    first = midnight((datetime.fromtimestamp(day) - timedelta(days=USUAL_DAYS)).timestamp())
    query = (
        select(totals.c.bucket, func.sum(totals.c.cost_usd))
        .where(totals.c.bucket >= int(first), totals.c.bucket < int(day))
        .group_by(totals.c.bucket)
    )
    days: dict[float, float] = {}
    for bucket, usd in connection.execute(query):
        begin = midnight(float(bucket))
        days[begin] = days.get(begin, 0.0) + float(usd)
    return list(days.values())


def dearest(connection: Connection, day: float) -> list[str]:
    """Ids of the sessions that cost most since, the dearest first."""
    usd = func.sum(totals.c.cost_usd)
    query = (
        select(sessions.c.session_id)
        .join(totals, totals.c.session == sessions.c.id)
        .where(totals.c.bucket >= int(day))
        .group_by(sessions.c.session_id)
        .having(usd > 0)
        .order_by(usd.desc(), sessions.c.session_id)
        .limit(DEAREST)
    )
    return [name for (name,) in connection.execute(query)]


def losses(connection: Connection, day: float) -> list[Loss]:
    """What was lost since, by its cause, the dearest first: misses of the cache, and failed requests."""
    query = (
        select(sessions.c.id)
        .where(sessions.c.last_at >= day)
        .order_by(sessions.c.last_at.desc())
        .limit(LOOKED_AT)
    )
    keys = [key for (key,) in connection.execute(query)]
    return added_up(list(digests_of(connection, keys).values()), day)


def added_up(found: Sequence[Digest], since: float) -> list[Loss]:
    """The losses that these digests tell, of what began since."""
    sums: dict[str, Loss] = {}
    for one in found:
        for miss in one["missed"]:
            if miss["at"] >= since:
                sums.setdefault(miss["cause"], _loss(miss["cause"]))["usd"] += miss["usd"] or 0.0
        for failed in one["retried"]:
            if failed["at"] >= since:
                sums.setdefault(RETRIES, _loss(RETRIES))["ms"] += failed["ms"]
    return sorted(sums.values(), key=lambda loss: (-loss["usd"], -loss["ms"], loss["cause"]))


def _loss(cause: str) -> Loss:
    return {"cause": cause, "usd": 0.0, "ms": 0.0}
