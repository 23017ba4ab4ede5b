"""Why a prompt cache missed: each request against the one before it by the same agent.

A provider reads its cache from the beginning of a request, tools, then system, then messages, up to the
first byte that differs. What cannot be known from the two requests is said to be unknown.
Source: Anthropic's documentation of prompt caching (what invalidates what, lifetimes, least sizes).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypedDict

from sqlalchemy import Connection, RowMapping, select

from claude_lens.exact import load
from claude_lens.exchange import Usage
from claude_lens.store.bodies import Loader
from claude_lens.store.content import unpack
from claude_lens.store.insight.blocks import images, marks, without_images
from claude_lens.store.insight.compare import ORDER, Change, Part, Side, changes, common, load_side
from claude_lens.store.reading import forms
from claude_lens.store.schema import TOKENS, contents, exchanges, sessions
from claude_lens.wire import pricing

Verdict = Literal["hit", "partial", "miss", "none", "unknown"]
Cause = Literal[
    "first",
    "not asked",
    "too short",
    "model",
    "tools",
    "tools order",
    "system",
    "history",
    "compaction",
    "images",
    "thinking",
    "tool choice",
    "betas",
    "expired",
    "unknown",
]

FIVE_MINUTES: Final = 300.0
ONE_HOUR: Final = 3600.0
_LEAST_TOKENS: Final = (
    ("haiku-4", 4096),
    ("haiku", 2048),
    ("opus-4-5", 4096),
    ("opus-4-6", 4096),
    ("", 1024),
)
_SLACK: Final = 0.9
"""A hit reads at least this share of what the request before had read and written."""

_KEPT_APART: Final = frozenset({"auxiliary"})


class Reason(TypedDict):
    """Why one request's prefix came, or did not come, from the cache.

    ``verdict``: ``hit`` all that could be read was; ``partial`` some; ``miss`` nothing; ``none`` there was
    nothing to read; ``unknown``. ``part`` and ``index`` name the first element that differs from the request
    before. ``same`` counts the leading elements that are alike. ``gap_s`` is the time since that request,
    ``lifetime_s`` how long its cache lives. Tokens: ``expected`` to be read, ``read``, and ``missed``, which
    cost ``cost_usd`` more than reading them.
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
    expected_tokens: int | None
    read_tokens: int | None
    written_tokens: int | None
    missed_tokens: int | None
    cost_usd: float | None


class _Sent:
    """A request with what its comparison needs."""

    def __init__(self, row: RowMapping, loader: Loader, prices: Mapping[str, Any]) -> None:
        self.row, self.prices = row, prices
        known = row["input_tokens"] is not None
        self.usage = Usage(**{name: row[name] or 0 for name in TOKENS}) if known else None
        # One at a time: the loader keeps what requests share.
        bodies = loader.load([row["id"]]).get(row["id"])
        self.side: Side | None = load_side(loader, row["id"], row["exchange_id"], bodies)
        headers = bodies.request_headers if bodies is not None else []
        found = ",".join(value for name, value in headers if name.lower() == "anthropic-beta")
        self.betas = sorted({word.strip() for word in found.split(",") if word.strip()})

    @property
    def model(self) -> str | None:
        """The one that answered."""
        name: str | None = self.row["model_routed"] or self.row["model_requested"]
        return name

    @property
    def body(self) -> Mapping[str, Any]:
        """The request; empty where it was not kept."""
        return self.side.body if self.side else {}

    def marks(self) -> list[Any]:
        """The values of all ``cache_control`` in the request."""
        return list(marks(self.body))

    @property
    def lifetime(self) -> float:
        """Seconds for which what it wrote stays in the cache."""
        long = any(isinstance(mark, Mapping) and mark.get("ttl") == "1h" for mark in self.marks())
        return ONE_HOUR if long else FIVE_MINUTES


def of_session(connection: Connection, session: str) -> list[Reason]:
    """Every request of the session with this id, in order of time."""
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
            _Sent(row, Loader(connection), {}),
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
    line = [each for each in reversed(rows) if _line(each) == _line(row)][-2:]
    return _reasons(connection, line)[-1]


def _rows() -> Any:
    return select(exchanges).where(
        exchanges.c.endpoint.not_like("%/count_tokens"), exchanges.c.input_tokens.is_not(None)
    )


def _line(row: RowMapping) -> tuple[Any, ...]:
    kind = row["request_class"]
    return row["agent_id"], kind if kind in _KEPT_APART else None


def _reasons(connection: Connection, rows: Sequence[RowMapping]) -> list[Reason]:
    loader = Loader(connection)
    facts = _prices(connection, {row["facts"] for row in rows if row["facts"] is not None})
    previous: dict[tuple[Any, ...], _Sent] = {}
    found = []
    for row in rows:
        sent = _Sent(row, loader, facts.get(row["facts"], {}))
        found.append(explain(previous.get(_line(row)), sent))
        previous[_line(row)] = sent
    return found


def _prices(connection: Connection, keys: set[int]) -> dict[int, Mapping[str, Any]]:
    query = select(contents.c.id, contents.c.codec, contents.c.data).where(contents.c.id.in_(keys))
    return {
        key: load(unpack(codec, data)).get("prices", {}) for key, codec, data in connection.execute(query)
    }


def explain(before: _Sent | None, sent: _Sent) -> Reason:
    """Compare a request with the one before it."""
    if sent.side is None:
        return _plain(sent, "unknown", "unknown", "the request's body was not kept", before)
    usage = sent.usage
    if usage is None:
        return _plain(sent, "unknown", "unknown", "the answer told no usage", before)
    if not sent.marks():
        return _plain(sent, "none", "not asked", "no cache_control: nothing is to be cached", before)
    if usage.prompt_tokens < _least(sent.model) and not usage.cache_read_input_tokens:
        text = (
            f"{usage.prompt_tokens} tokens are fewer than the {_least(sent.model)} that are cached at least"
        )
        return _plain(sent, "none", "too short", text, before)
    if before is None:
        read = usage.cache_read_input_tokens
        text = "the agent's first request" + (": it read what others had written" if read else "")
        return _plain(sent, "hit" if read else "none", "first", text)
    if before.side is None or before.usage is None:
        return _plain(sent, "unknown", "unknown", "the request before was not kept whole", before)
    return _compared(before, sent)


def _compared(before: _Sent, sent: _Sent) -> Reason:
    assert before.side is not None
    assert sent.side is not None
    assert before.usage is not None
    assert sent.usage is not None
    expected = before.usage.cache_read_input_tokens + before.usage.cache_creation_input_tokens
    read = sent.usage.cache_read_input_tokens
    same: dict[str, int] = {
        name: common(before.side.digests[name], sent.side.digests[name]) for name in ORDER
    }
    part, index = _first_difference(before.side, sent.side, same)
    reason = _plain(sent, "unknown", None, "", before)
    reason["same"], reason["part"], reason["index"] = same, part, index
    reason["changed"] = _changed(before, sent)
    reason["expected_tokens"], reason["missed_tokens"] = expected, max(0, expected - read)
    if not expected:
        return _said(reason, "none", "first", "the request before had written nothing to read")
    if read >= expected * _SLACK:
        return _said(reason, "hit", None, "all that was cached was read")
    verdict: Verdict = "partial" if read else "miss"
    cause, text = _cause(before, sent, part, index, reason)
    if part is not None and cause in ("tools", "tools order", "system", "history", "images"):
        reason["diff"] = changes(part, before.side, sent.side)[:3]
    reason["cost_usd"] = _extra(sent, reason["missed_tokens"] or 0)
    return _said(reason, verdict, cause, text)


def _said(reason: Reason, verdict: Verdict, cause: Cause | None, text: str) -> Reason:
    reason["verdict"], reason["cause"], reason["text"] = verdict, cause, text
    return reason


def _cause(
    before: _Sent, sent: _Sent, part: Part | None, index: int | None, reason: Reason
) -> tuple[Cause, str]:
    """The first of the possible causes in the order in which the cache would meet them."""
    changed, gap = reason["changed"], reason["gap_s"] or 0.0
    if "model" in changed:
        return "model", f"another model: {changed['model'][0]}, now {changed['model'][1]}"
    if part == "tools":
        return _tools(before, sent)
    if part == "system":
        return "system", f"system block {index} changed"
    if gap > before.lifetime and not reason["read_tokens"]:
        minutes = before.lifetime / 60
        return "expired", f"{gap / 60:.1f} minutes passed; what was cached lived for {minutes:.0f}"
    if "thinking" in changed:
        return "thinking", "thinking was set otherwise, which drops the messages from the cache"
    if "tool_choice" in changed:
        return "tool choice", "tool_choice was set otherwise, which drops the messages from the cache"
    if part == "messages":
        return _messages(before, sent, index)
    if "betas" in changed:
        return "betas", "anthropic-beta changed, and nothing else did"
    return "unknown", "the prefix is the same and was young enough; the provider did not have it"


def _tools(before: _Sent, sent: _Sent) -> tuple[Cause, str]:
    assert before.side is not None
    assert sent.side is not None
    old, new = before.side.digests["tools"], sent.side.digests["tools"]
    if sorted(old) == sorted(new):
        return "tools order", "the same tools in another order"
    found = changes("tools", before.side, sent.side)
    names = ", ".join(f"{one['name']} {one['kind']}" for one in found[:3])
    return "tools", f"the tools changed: {names}"


def _messages(before: _Sent, sent: _Sent, index: int | None) -> tuple[Cause, str]:
    assert before.side is not None
    assert sent.side is not None
    if sent.row["compaction"] or sent.row["context_compacted"]:
        return "compaction", "the conversation was compacted and begins anew"
    old, new = before.side.lists["messages"], sent.side.lists["messages"]
    if images(old) != images(new) and without_images(old) == without_images(new)[: len(old)]:
        return "images", f"images were added, removed or moved, first in message {index}"
    if not index and len(new) < len(old):
        return "compaction", "the conversation begins anew and is shorter"
    return "history", f"message {index} is not what it was"


def _first_difference(before: Side, sent: Side, same: Mapping[str, int]) -> tuple[Part | None, int | None]:
    for name in ORDER:
        old, new = len(before.digests[name]), len(sent.digests[name])
        if same[name] < old or (name != "messages" and same[name] < new):
            return name, same[name]
    return None, None


def _changed(before: _Sent, sent: _Sent) -> dict[str, list[Any]]:
    pairs = {
        "model": (before.model, sent.model),
        "thinking": (before.body.get("thinking"), sent.body.get("thinking")),
        "tool_choice": (before.body.get("tool_choice"), sent.body.get("tool_choice")),
        "speed": (before.body.get("speed"), sent.body.get("speed")),
        "betas": (before.betas, sent.betas),
    }
    return {name: [old, new] for name, (old, new) in pairs.items() if old != new}


def _least(model: str | None) -> int:
    name = (model or "").lower()
    return next(least for part, least in _LEAST_TOKENS if part in name)


def _extra(sent: _Sent, missed: int) -> float | None:
    """What the missed tokens cost beyond reading them from the cache."""
    written = bool(sent.usage and sent.usage.cache_creation_1h_input_tokens)
    rates = pricing.rates(sent.prices, sent.usage.prompt_tokens if sent.usage else 0)
    if rates is None:
        return None
    paid = rates[pricing.CACHE_WRITE_1H if written else pricing.CACHE_WRITE_5M]
    return missed * (paid - rates[pricing.CACHE_READ])


def _plain(
    sent: _Sent, verdict: Verdict, cause: Cause | None, text: str, before: _Sent | None = None
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
        "lifetime_s": before.lifetime if before and before.side else None,
        "expected_tokens": None,
        "read_tokens": usage.cache_read_input_tokens if usage else None,
        "written_tokens": usage.cache_creation_input_tokens if usage else None,
        "missed_tokens": None,
        "cost_usd": None,
    }
