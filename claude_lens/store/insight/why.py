"""Why a prompt cache missed: each request against the one before it by the same agent.

A provider reads its cache from the beginning of a request, tools, then system, then messages, up to the
first byte that differs. What cannot be known from the two requests is said to be unknown.
Source: Anthropic's documentation of prompt caching (what invalidates what, lifetimes, least sizes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypedDict

from sqlalchemy import Connection, RowMapping, select

from claude_lens.exact import load
from claude_lens.messages.helpers import AUXILIARY, COUNT_TOKENS
from claude_lens.store.bodies import Loader
from claude_lens.store.content import unpack
from claude_lens.store.insight.causes import Cause, Compared, cause
from claude_lens.store.insight.compare import Change, Keys, Part, changes, common
from claude_lens.store.insight.sent import Sent
from claude_lens.store.reading import forms
from claude_lens.store.schema import contents, exchanges, payloads, sessions

Verdict = Literal["hit", "partial", "miss", "none", "unknown"]
MISSED: Final = ("partial", "miss")

_LEAST_TOKENS: Final = (
    ("haiku-4", 4096),
    ("haiku", 2048),
    ("opus-4-5", 4096),
    ("opus-4-6", 4096),
    ("", 1024),
)
_SLACK: Final = 0.9
"""A hit reads at least this share of what could be read."""

_SLACK_ESTIMATED: Final = 0.75
"""The same where that is known by its share of the bytes only."""

_RECENT: Final = 4
"""So many requests of an agent are looked at for the one that another goes on from."""


class Reason(TypedDict):
    """Why one request's prefix came, or did not come, from the cache.

    ``verdict``: ``hit`` all that could be read was; ``partial`` some; ``miss`` nothing; ``none`` there was
    nothing to read; ``unknown``. ``part`` and ``index`` name the first element that differs from the request
    before. ``same`` counts the leading elements that are alike. ``gap_s`` is the time since that request,
    ``lifetime_s`` how long its cache lives. ``estimated``: what could be read is known by its share of the
    bytes, not by the provider's counts alone. Tokens: ``expected`` to be read, ``read``, and ``missed``,
    which cost ``cost_usd`` more than reading them.
    """

    exchange_id: str
    previous_id: str | None
    agent: forms.AgentName
    started_at: str
    verdict: Verdict
    cause: Cause | None
    text: str
    part: Part | None
    index: int | None
    same: dict[str, int]
    changed: dict[str, list[Any]]
    diff: list[Change]
    gap_s: float | None
    lifetime_s: float | None
    estimated: bool
    expected_tokens: int | None
    read_tokens: int | None
    written_tokens: int | None
    missed_tokens: int | None
    cost_usd: float | None


def of_session(connection: Connection, session: str) -> list[Reason]:
    """Every request of the session with this id, in order of time."""
    return [reason for _, reason in walk(connection, session)]


def walk(connection: Connection, session: str) -> Iterator[tuple[Sent, Reason]]:
    """The same one by one, each with its request: hold on to none, a body is large."""
    key = connection.execute(select(sessions.c.id).where(sessions.c.session_id == session)).scalar()
    query = _rows().where(exchanges.c.session == key).order_by(exchanges.c.started_at, exchanges.c.id)
    rows = connection.execute(query).mappings().all()
    return _reasons(connection, rows)


def of_exchange(connection: Connection, exchange: str) -> Reason:
    """One request, by its whole id."""
    row = connection.execute(_rows().where(exchanges.c.exchange_id == exchange)).mappings().one_or_none()
    if row is None:
        # A token count, or one that never reached a provider: nothing was read or written.
        row = (
            connection.execute(select(exchanges).where(exchanges.c.exchange_id == exchange)).mappings().one()
        )
        return _plain(
            Sent(row, Loader(connection), {}),
            "unknown",
            "unknown",
            "this exchange asked for no answer of a model",
        )
    same_agent = exchanges.c.agent_id.is_not_distinct_from(row["agent_id"])
    before = (
        _rows()
        .where(exchanges.c.session == row["session"], same_agent, exchanges.c.started_at <= row["started_at"])
        .order_by(exchanges.c.started_at.desc(), exchanges.c.id.desc())
        .limit(50)
    )
    rows = [each for each in connection.execute(before).mappings() if each["id"] <= row["id"]]
    return list(_reasons(connection, rows[::-1]))[-1][1]


def _rows() -> Any:
    """Exchanges that a model answered. ``request_digest`` tells a retry from another request."""
    return (
        select(exchanges, payloads.c.digest.label("request_digest"))
        .outerjoin(payloads, payloads.c.exchange == exchanges.c.id)
        .where(exchanges.c.endpoint.not_like(f"%{COUNT_TOKENS}"), exchanges.c.input_tokens.is_not(None))
    )


def _reasons(connection: Connection, rows: Sequence[RowMapping]) -> Iterator[tuple[Sent, Reason]]:
    loader, known = Loader(connection), Keys()
    loader.prepare([row["id"] for row in rows])
    facts = _prices(connection, {row["facts"] for row in rows if row["facts"] is not None})
    lines: dict[str | None, list[Sent]] = {}
    heads: dict[Any, int] = {}
    for row in rows:
        sent = Sent(row, loader, facts.get(row["facts"], {}), known)
        line = lines.setdefault(row["agent_id"], [])
        before = _predecessor(line, sent)
        reason = explain(before, sent, heads.get(before.head) if before is not None else None)
        if reason["previous_id"] is None and line and _is_retry(line[-1], sent):
            reason["previous_id"] = line[-1].row["exchange_id"]
        if sent.usage is not None and sent.helper is None:
            heads[sent.head] = min(sent.usage.prompt_tokens, heads.get(sent.head, sent.usage.prompt_tokens))
        if sent.helper is None:
            # Of a request and its retries the first is what others are compared with.
            line[:] = [*(one for one in line if not _is_retry(one, sent)), sent][-_RECENT:]
        yield sent, reason


def _is_retry(one: Sent, other: Sent) -> bool:
    digest = one.row["request_digest"]
    return digest is not None and digest == other.row["request_digest"]


def _predecessor(line: Sequence[Sent], sent: Sent) -> Sent | None:
    """The request that this one goes on from: the newest of those that share most of its messages.

    One that the provider had not begun to answer had nothing cached yet; a retry is no predecessor.
    """
    there = [one for one in line if one.readable_from <= sent.began and not _is_retry(one, sent)]
    there = there or [one for one in line if not _is_retry(one, sent)]
    if sent.side is None:
        return there[-1] if there else None
    best, most = None, -1
    for one in there:
        shared = common(one.side.digests["messages"], sent.side.digests["messages"]) if one.side else 0
        if shared >= most:
            best, most = one, shared
    return best


def _prices(connection: Connection, keys: set[int]) -> dict[int, Mapping[str, Any]]:
    found: dict[int, Mapping[str, Any]] = {}
    order = sorted(keys)
    for start in range(0, len(order), 900):
        part = contents.c.id.in_(order[start : start + 900])
        query = select(contents.c.id, contents.c.codec, contents.c.data).where(part)
        for key, codec, data in connection.execute(query):
            found[key] = load(unpack(codec, data)).get("prices", {})
    return found


def explain(before: Sent | None, sent: Sent, most_of_head: int | None = None) -> Reason:
    """Compare a request with the one before it; ``most_of_head``: see :class:`Compared`."""
    if sent.side is None:
        return _plain(sent, "unknown", "unknown", "the request's body was not kept", before)
    usage = sent.usage
    if usage is None:
        return _plain(sent, "unknown", "unknown", "the answer told no usage", before)
    read = usage.cache_read_input_tokens
    if sent.helper == AUXILIARY:
        text = "a request of the client's own, beside the conversation"
        return _plain(sent, "hit" if read else "none", "beside", text)
    if not sent.has_marks and not sent.cached and not (before is not None and not before.has_marks):
        return _plain(sent, "none", "not asked", "no cache_control: nothing is to be cached", before)
    if usage.prompt_tokens < _least(sent.model) and not read:
        text = (
            f"{usage.prompt_tokens} tokens are fewer than the {_least(sent.model)} that are cached at least"
        )
        return _plain(sent, "none", "too short", text, before)
    if before is None:
        text = "the agent's first request" + (": it read what others had written" if read else "")
        return _plain(sent, "hit" if read else "none", "first", text)
    if before.side is None or before.usage is None:
        return _plain(sent, "unknown", "unknown", "the request before was not kept whole", before)
    return _compared(before, sent, most_of_head)


def _compared(before: Sent, sent: Sent, most_of_head: int | None) -> Reason:
    pair = Compared(before, sent, most_of_head)
    reason = _plain(sent, "unknown", None, "", before)
    reason["same"], reason["part"], reason["index"] = pair.same, pair.part, pair.index
    reason["changed"], reason["lifetime_s"] = pair.changed, pair.lifetime()
    reason["estimated"] = pair.is_estimated()
    expected = pair.expected()
    reason["expected_tokens"], reason["missed_tokens"] = expected, max(0, expected - pair.read)
    if not before.cached:
        return _said(reason, "none", "first", "the request before had written nothing to read")
    if pair.is_another() and not pair.has_expired():
        return _said(reason, "hit" if pair.read else "none", "first", "it goes on from no request before")
    if pair.read >= expected * (_SLACK_ESTIMATED if pair.is_estimated() else _SLACK):
        if pair.is_anew():
            return _said(reason, "hit", "compaction", "compacted: what is left of it was read")
        return _said(reason, "hit", None, "all that was cached was read")
    why, text = cause(pair)
    if sent.helper == "compaction" and why in ("tools", "tools order", "system", "history", "thinking"):
        why, text = "compaction", f"a summary is asked for in another way: {text}"
    if pair.part is not None and why in ("tools", "tools order", "system", "history", "images"):
        reason["diff"] = changes(pair.part, pair.old, pair.new)[:3]
    reason["cost_usd"] = sent.extra(reason["missed_tokens"] or 0)
    return _said(reason, "partial" if pair.read else "miss", why, text)


def _said(reason: Reason, verdict: Verdict, cause: Cause | None, text: str) -> Reason:
    reason["verdict"], reason["cause"], reason["text"] = verdict, cause, text
    return reason


def _least(model: str | None) -> int:
    name = (model or "").lower()
    return next(least for part, least in _LEAST_TOKENS if part in name)


def _plain(
    sent: Sent, verdict: Verdict, cause: Cause | None, text: str, before: Sent | None = None
) -> Reason:
    row, usage = sent.row, sent.usage
    return {
        "exchange_id": row["exchange_id"],
        "previous_id": before.row["exchange_id"] if before else None,
        "agent": {
            "id": row["agent_id"],
            "parent_id": row["agent_parent_id"],
            "type": row["agent_type"],
            "name": row["agent_name"],
        },
        "started_at": forms.iso(row["started_at"]),
        "verdict": verdict,
        "cause": cause,
        "text": text,
        "part": None,
        "index": None,
        "same": {},
        "changed": {},
        "diff": [],
        "gap_s": round(row["started_at"] - before.row["started_at"], 3) if before else None,
        "lifetime_s": before.lifetime() if before and before.side else None,
        "estimated": False,
        "expected_tokens": None,
        "read_tokens": usage.cache_read_input_tokens if usage else None,
        "written_tokens": usage.cache_creation_input_tokens if usage else None,
        "missed_tokens": None,
        "cost_usd": None,
    }
